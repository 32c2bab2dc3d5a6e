//! Who is let in where: every call of the contract, by everybody who may come along, on a project in every state. What
//! must come of each is in `matrix/table.rs`; a call that has no row there fails the test.

mod factor;
mod fuzz;
mod request;
mod stage;
mod table;

use std::{collections::BTreeSet, fmt::Write};

use sandbar_tests::{
    on_both_engines,
    scenario::{self, Call},
};
use serde_json::Value;
use tonic::Status;
use tonic_types::StatusExt;

use stage::{Place, Stage, WITHOUT};
use table::{PLAIN, TABLE};

on_both_engines! {
    async fn everybody_is_let_in_where_they_should_be_and_nowhere_else(
        mut server: Server = stage::options().grace("0s")
    ) {
        let stage = Stage::build(&mut server).await;
        let mut wrong = String::new();
        for (method, expected) in PLAIN {
            compare(&stage, (method, "no project", None), expected, &mut wrong).await;
        }
        for (method, rows) in TABLE {
            for (place, expected) in stage.places.iter().zip(rows) {
                compare(&stage, (method, place.name, Some(place)), expected, &mut wrong).await;
            }
        }
        fuzz::try_all(&stage, &mut wrong).await;
        factor::compare_all(&stage, &mut wrong).await;
        assert!(wrong.is_empty(), "these cells are not as the table says:\n{wrong}");
    }
}

#[test]
fn every_call_has_its_rows() {
    let rows: Vec<&str> = PLAIN.iter().map(|row| row.0).chain(TABLE.iter().map(|row| row.0)).collect();
    let known: BTreeSet<&str> = rows.iter().copied().collect();
    assert_eq!(known.len(), rows.len(), "a call has two rows");
    let methods = scenario::methods();
    let wanted: BTreeSet<&str> = methods.iter().map(|method| method.name.as_str()).collect();
    assert_eq!(known, wanted, "a row for each call of the contract, and no other");
}

/// Makes one call as everybody and notes what is not as it should be.
async fn compare(
    stage: &Stage,
    (method, on, place): (&str, &str, Option<&Place>),
    expected: &str,
    wrong: &mut String,
) {
    let expected = format!("{WITHOUT}{expected}");
    let mut given = String::new();
    for (_, token) in &stage.callers {
        match cell(stage, method, place, token.as_deref()).await {
            Ok(letter) => given.push(letter),
            Err(unknown) => {
                let _ = writeln!(wrong, "{unknown}");
                given.push('?');
            }
        }
    }
    if given != expected {
        let _ = writeln!(wrong, "{method} on {on}: {given:?} in place of {expected:?}");
    }
}

async fn cell(
    stage: &Stage,
    method: &str,
    place: Option<&Place>,
    token: Option<&str>,
) -> Result<char, String> {
    let request = stage.request(method, place);
    let document = (method == "ProjectsService/ImportProject").then_some(stage::DOCUMENT);
    let call = Call { method, token, request: &request, document, log_id: None };
    let answer = scenario::call(&stage.channel, &call).await.unwrap();
    if answer.is_ok() {
        stage.put_back(method, place).await;
    }
    letter(&answer).ok_or_else(|| format!("{method} {request}: {answer:?}"))
}

/// What came of a call, as the table says it.
fn letter(answer: &Result<Value, Status>) -> Option<char> {
    let Err(status) = answer else { return Some('Y') };
    let reason = status.get_error_details().error_info()?.reason.clone();
    Some(match reason.as_str() {
        "TOKEN_MISSING" => 'x',
        "TOKEN_INVALID" => 'i',
        "PROJECT_NOT_FOUND" | "MERGE_NOT_FOUND" | "TOKEN_NOT_FOUND" => '.',
        "CREDENTIAL_NOT_FOUND" => 'c',
        "CREDENTIAL_NOT_OWNED" => 'o',
        "RESOURCE_NOT_FOUND" => 'm',
        "RUN_NOT_FOUND" | "DATACLIP_NOT_FOUND" => 'q',
        "WORKER_REQUIRED" => 'w',
        "RUN_TOKEN_REQUIRED" => 't',
        "PERMISSION_DENIED" => 'n',
        "MFA_REQUIRED" => 'f',
        "PRINCIPAL_NOT_FOUND" => 'p',
        "ADMINISTRATOR_REQUIRED" => 'a',
        "PROJECT_SCHEDULED" | "ANCESTOR_SCHEDULED" => 's',
        "WEBHOOK_AUTH_METHOD_NOT_FOUND" => 'h',
        "NOT_A_ROOT" | "NOT_A_SANDBOX" | "MANAGED_IN_PARENT" => 'k',
        "PROJECT_NOT_SCHEDULED" => 'u',
        "ETAG_MISMATCH" | "PLAN_STALE" => 'e',
        "REVISION_NOT_FOUND" => 'r',
        _ => return None,
    })
}
