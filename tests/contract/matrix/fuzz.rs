//! What callers hand back (page tokens, etags, plan tokens, cursors, ids of requests) and their own tokens, made up: whatever they
//! hold, the call is done or refused, and nothing breaks.

use std::fmt::Write;

use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use sandbar_tests::scenario::{self, Call};
use serde_json::{Value, json};
use tonic::{Code, Status};

use super::stage::{DOCUMENT, Stage, with};

/// The fields, wherever a request has them.
const FIELDS: [&str; 5] = ["page_token", "etag", "plan_token", "request_id", "cursor"];
/// How many texts each field is tried with.
const TEXTS: usize = 12;
/// How many tokens are tried.
const TOKENS: usize = 300;
/// What a text can look like. None is empty, or a number like a real etag: that would do something.
const TEXT: &str = "\\PC{2,70}x|.{1,40}y|[0-9A-Za-z_=-]{1,400}z|[0-9]{18,40}|(%00|%n|\\.\\./|'|\"|\\\\|\u{202e}|\u{feff}){1,9}";
const TOKEN: &str = "[!-~]{1,300}|sbr_[0-9A-Za-z]{50}|sbrun_[0-9A-Za-z]{50}|[0-9A-Za-z_-]{0,90}\\.[0-9A-Za-z_-]{0,90}\\.[0-9A-Za-z_-]{0,90}";

pub(super) async fn try_all(stage: &Stage, wrong: &mut String) {
    let mut runner = TestRunner::deterministic();
    let real = real_page_token(stage).await;
    let place = &stage.places[0];
    for method in scenario::methods() {
        for field in FIELDS.into_iter().filter(|field| method.fields.iter().any(|known| known == field)) {
            for number in 0..TEXTS {
                // Some are nearly right.
                let text = if number % 4 == 0 { nearly(&real, number) } else { text(TEXT, &mut runner) };
                let place = is_about_a_project(&method.name).then_some(place);
                let request = with(stage.request(&method.name, place), &json!({field: text}));
                let answer = call(stage, &method.name, Some(&place_owner(stage)), &request).await;
                judge(&answer, &format!("{} with {field} {text:?}", method.name), wrong);
                if answer.is_ok() {
                    stage.put_back(&method.name, place).await;
                }
            }
        }
    }
    for _ in 0..TOKENS {
        let token = text(TOKEN, &mut runner);
        let answer = call(stage, "AccessService/WhoAmI", Some(&token), &json!({})).await;
        if answer.as_ref().err().map(Status::code) != Some(Code::Unauthenticated) {
            let _ = writeln!(wrong, "the token {token:?}: {answer:?}");
        }
    }
}

fn is_about_a_project(method: &str) -> bool {
    super::TABLE.iter().any(|(name, _)| *name == method)
}

fn place_owner(stage: &Stage) -> String {
    stage.places[0].owner.clone()
}

async fn call(stage: &Stage, method: &str, token: Option<&str>, request: &Value) -> Result<Value, Status> {
    let document = (method == "ProjectsService/ImportProject").then_some(DOCUMENT);
    let call = Call { method, token, request, document, log_id: None };
    scenario::call(&stage.channel, &call).await.unwrap()
}

fn judge(answer: &Result<Value, Status>, what: &str, wrong: &mut String) {
    if let Err(status) = answer
        && matches!(status.code(), Code::Internal | Code::Unknown | Code::DataLoss | Code::Unavailable)
    {
        let _ = writeln!(wrong, "{what}: {status}");
    }
}

fn text(pattern: &str, runner: &mut TestRunner) -> String {
    proptest::string::string_regex(pattern).unwrap().new_tree(runner).unwrap().current()
}

/// A page token that the service made, of another list than most.
async fn real_page_token(stage: &Stage) -> String {
    let owner = place_owner(stage);
    let page = call(stage, "ProjectsService/ListProjects", Some(&owner), &json!({"page_size": 1})).await;
    page.unwrap()["next_page_token"].as_str().unwrap().to_owned()
}

/// The same with one letter changed, cut off or added.
fn nearly(real: &str, number: usize) -> String {
    let mut letters: Vec<char> = real.chars().collect();
    let at = number * 7 % letters.len();
    match number / 4 % 3 {
        0 => letters[at] = if letters[at] == 'A' { 'B' } else { 'A' },
        1 => letters.truncate(at + 1),
        _ => letters.insert(at, 'A'),
    }
    letters.into_iter().collect()
}
