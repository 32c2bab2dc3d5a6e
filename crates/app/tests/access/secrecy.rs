//! The secret of a token is shown once and kept nowhere.

use std::fmt::Write;

use sandbar_app::access::{self, CreateToken, RevokeToken};
use sandbar_model::{ContentHash, access::TokenSecret};

use super::new_token;
use crate::harness::{Bench, cases, catalog, refused};

cases! {
    a_secret_is_in_no_table
    a_repeat_gives_the_record_and_no_secret
}

/// A secret as it might be written down somewhere.
fn disguises(secret: &TokenSecret) -> Vec<Vec<u8>> {
    let text = secret.expose();
    let digits = &text[4..];
    [digits.to_owned(), digits[..22].to_owned(), digits[22..44].to_owned(), hex(text), hex(digits)]
        .map(String::into_bytes)
        .to_vec()
}

fn hex(text: &str) -> String {
    text.bytes().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

async fn assert_nowhere(bench: &Bench, secrets: &[&TokenSecret]) {
    let values = catalog::dump(&bench.app.db).await;
    assert!(
        values.iter().any(|(place, _)| place == "idempotency.answer"),
        "there is nothing to look through"
    );
    for disguise in secrets.iter().copied().flat_map(disguises) {
        for (place, value) in &values {
            let found = value.windows(disguise.len()).any(|window| window == disguise);
            assert!(!found, "a secret is in {place}");
        }
    }
}

async fn a_secret_is_in_no_table(bench: Bench) {
    let (owner, operator, account) =
        (bench.user("owner").await, bench.operator().await, bench.account("ci").await);
    let root = bench.root(&owner, "root").await;
    let named = |id: &str| CreateToken { request_id: id.to_owned(), ..new_token(id) };
    let first = bench.make_token(&owner, &named("own")).await.unwrap();
    let bearer = Bench::bearer(&first, &owner);
    let for_account = CreateToken { principal: Some(account.id), project: Some(root), ..named("account") };
    let second = bench.make_token(&bearer, &for_account).await.unwrap();
    let for_other = CreateToken { principal: Some(owner.id), ..named("other") };
    let third = bench.make_token(&operator, &for_other).await.unwrap();
    access::who_am_i(&bench.app, &bearer.call).await.unwrap();
    bench.app.note_token_uses().await.unwrap();
    let revoke = RevokeToken { token: first.token.id, etag: String::new(), request_id: "revoke".to_owned() };
    access::revoke_token(&bench.app, &bearer.call, &revoke).await.unwrap();
    let secrets: Vec<_> = [&first, &second, &third].map(|made| made.secret.as_ref().unwrap()).to_vec();
    assert_nowhere(&bench, &secrets).await;
    assert_eq!(format!("{first:?}").matches(secrets[0].expose()).count(), 0);
    // That the search finds something: the hash is where it should be.
    let hash = secrets[0].hash().0;
    let digits = ContentHash(hash).to_string();
    let values = catalog::dump(&bench.app.db).await;
    let places: Vec<_> = values
        .iter()
        .filter(|(_, value)| value == &hash || String::from_utf8_lossy(value).contains(&digits))
        .map(|(place, _)| place.as_str())
        .collect();
    assert_eq!(places, ["tokens.hash"]);
}

async fn a_repeat_gives_the_record_and_no_secret(bench: Bench) {
    let owner = bench.user("owner").await;
    let request = CreateToken { request_id: "once".to_owned(), ..new_token("t") };
    let made = bench.make_token(&owner, &request).await.unwrap();
    let again = bench.make_token(&owner, &request).await.unwrap();
    assert_eq!((again.token, again.secret.is_none()), (made.token, true));
    let other = CreateToken { name: "u".to_owned(), ..request };
    refused!(bench.make_token(&owner, &other).await, sandbar_model::Error::RequestIdReused { .. });
    assert_eq!(bench.count("tokens").await, 2);
}
