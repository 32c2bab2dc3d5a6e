//! Writers of one credential at once, and deleting one while it is linked.

use std::collections::BTreeSet;

use futures::future::join_all;
use sandbar_app::credentials::{self, GetCredential};
use sandbar_model::Error;

use crate::{
    SECRET,
    harness::{Bench, cases, refused},
};

cases! { writers_at_once_lose_nothing a_credential_is_deleted_or_linked_and_never_both }

async fn writers_at_once_lose_nothing(bench: Bench) {
    let ann = bench.user("ann").await;
    let id = bench.credential(&ann, "one").await;
    let labels: Vec<_> = (0..16).map(|number| format!("e{number}")).collect();
    let writes = labels.iter().map(|label| bench.set(&ann, id, label, SECRET));
    for written in join_all(writes).await {
        written.unwrap();
    }
    let (view, _) = credentials::get(&bench.app, &ann.call, &GetCredential { id }).await.unwrap();
    let there: BTreeSet<_> = view.sets.into_iter().map(|set| set.environment).collect();
    assert_eq!(there, labels.into_iter().collect());
    assert_eq!(view.credential.version, 17);
    assert_eq!(bench.damaged().await, []);
}

async fn a_credential_is_deleted_or_linked_and_never_both(bench: Bench) {
    let ann = bench.user("ann").await;
    let project = bench.root(&ann, "orders").await;
    for round in 0..8 {
        let id = bench.credential(&ann, &format!("c{round}")).await;
        let (linked, deleted) =
            futures::future::join(bench.link(&ann, project, id), bench.delete(&ann, id)).await;
        match (linked, deleted) {
            (Ok(_), Err(Error::CredentialInUse { count: 1, .. }))
            | (Err(Error::CredentialNotFound { .. }), Ok(())) => {}
            other => panic!("{other:?}"),
        }
    }
    let other = bench.user("bob").await;
    refused!(
        bench.link(&other, project, bench.credential(&other, "x").await).await,
        Error::ProjectNotFound { .. }
    );
}
