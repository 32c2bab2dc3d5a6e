use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error as StdError,
};

use sandbar_model::{
    CredentialId, DataclipId, JobId, Kind, MergeId, PrincipalId, ProjectId, ResourceId, Revision, Role,
    RunId, Time, TokenId, TriggerId, Violation, WebhookAuthMethodId, policy::Action, run::RunState,
};
use tonic::Code;
use uuid::Uuid;

use super::{explain::snake_case, *};

/// One error of each variant, every value of it made from `n`.
fn every_error(n: u8) -> Vec<Error> {
    [errors_of_most(n), errors_of_runs(n), errors_of_webhooks(n), errors_of_clients(n)]
        .into_iter()
        .flatten()
        .collect()
}

/// Those that are of no runs.
fn errors_of_most(n: u8) -> Vec<Error> {
    use Error as E;
    let uuid = Uuid::from_bytes([n; 16]);
    let text = |what: &str| format!("{what}-{n}");
    let (project, resource) = (ProjectId(uuid), ResourceId(uuid));
    let word = if n == 1 { "one word" } else { "another word" };
    let kind = if n == 1 { Kind::Workflow } else { Kind::Collection };
    let needs = if n == 1 { Role::Viewer } else { Role::Editor };
    let source = || Box::<dyn StdError + Send + Sync>::from("password=hunter2");
    vec![
        E::TokenMissing,
        E::TokenInvalid,
        E::PermissionDenied { action: Action::CreateSandbox, needs, project },
        E::AdministratorRequired,
        E::TokenLimited,
        E::ProjectNotFound { project: text("project") },
        E::ResourceNotFound { kind, id: text("resource") },
        E::TriggerNotFound { id: TriggerId(uuid) },
        E::RevisionNotFound { kind, id: resource, revision: Revision(40 + i64::from(n)) },
        E::MergeNotFound { id: MergeId(uuid) },
        E::PrincipalNotFound { id: PrincipalId(uuid) },
        E::TokenNotFound { id: TokenId(uuid) },
        E::ItemNotFound { collection: resource, key: text("key") },
        E::invalid(text("field"), text("problem")),
        E::InvalidDocument {
            problem: text("problem"),
            line: 70 + usize::from(n),
            column: 90 + usize::from(n),
        },
        E::InvalidPageToken,
        E::KafkaUnsupported { trigger: text("trigger") },
        E::NameTaken { name: text("name"), place: word },
        E::IdTaken { id: text("id"), place: word },
        E::EtagMismatch { expected: text("expected"), actual: text("actual") },
        E::RequestIdReused { request_id: text("request") },
        E::ProjectScheduled { project, purge_time: Time(i64::from(n)) },
        E::ProjectNotScheduled { project },
        E::AncestorScheduled { ancestor: project },
        E::NestingDepthReached { limit: 30 + u32::from(n) },
        E::SandboxAllowanceReached { used: 50 + i64::from(n), limit: 60 + i64::from(n) },
        E::EnvironmentGuarded { environment: text("environment"), ancestor: project },
        E::EnvironmentUsedBelow {
            environment: text("environment"),
            count: 150 + usize::from(n),
            sandboxes: vec![text("sandbox")],
        },
        E::NotASandbox { project },
        E::NotARoot { project },
        E::CredentialNotLinked { job: text("job"), link: resource },
        E::KeychainNotFound { job: text("job"), keychain: resource },
        E::ReferenceNotFound { config: text("config"), kind, id: resource },
        E::CredentialNotFound { id: CredentialId(uuid) },
        E::CredentialNotOwned { id: CredentialId(uuid) },
        E::CredentialInUse {
            id: CredentialId(uuid),
            count: 7 + u64::from(n),
            projects: vec![text("first"), text("second")],
        },
        E::ValuesNotFound {
            id: CredentialId(uuid),
            environment: text("environment"),
            labels: vec![text("first"), text("second")],
        },
        E::TooManyEnvironments { id: CredentialId(uuid), limit: 90 + usize::from(n) },
        E::LinkInUse { job: text("job"), link: resource },
        E::LinkInKeychain { keychain: text("keychain"), link: resource },
        E::KeychainInUse {
            keychain: text("keychain"),
            count: 7 + u64::from(n),
            steps: vec![text("first"), text("second")],
        },
        E::KeychainDefaultNotLinked { keychain: text("keychain"), link: resource },
        E::CredentialDamaged { id: CredentialId(uuid) },
        E::MasterKeyMissing { key: text("key") },
        E::MemberProtected { problem: word, principal: PrincipalId(uuid) },
        E::TokenEnded { id: TokenId(uuid) },
        E::MfaRequired { project },
        E::InvalidCursor,
        E::ChangesPruned { project, revision: Revision(40 + i64::from(n)) },
        E::TooManyWatches { limit: 90 + usize::from(n) },
        E::ServerStopping,
        E::NothingSelected,
        E::PlanStale { moved: vec![text("first"), text("second")] },
        E::PlanRequired,
        E::MergeIntoItself,
        E::ChoiceUnknown { resource: text("resource"), problem: text("problem") },
        E::InvalidResult { resource: text("resource"), rule: text("rule") },
        E::MergeConflicts { resource: text("resource"), conflicts: vec![text("one"), text("two")] },
        E::CannotRetire,
        E::CollectionFull {
            collection: resource,
            used: 100 + i64::from(n),
            needed: 200 + i64::from(n),
            limit: 150 + i64::from(n),
        },
        E::TooLarge { what: text("body"), limit_bytes: 1000 + u64::from(n) },
        E::Contention,
        E::StorageUnavailable(source()),
        E::Storage(source()),
        E::Bug("hunter2"),
    ]
}

/// Likewise, of webhook auth methods.
fn errors_of_webhooks(n: u8) -> Vec<Error> {
    use Error as E;
    let uuid = Uuid::from_bytes([n; 16]);
    let (id, text) = (WebhookAuthMethodId(uuid), |what: &str| format!("{what}-{n}"));
    vec![
        E::WebhookAuthMethodNotFound { id },
        E::WebhookAuthMethodDamaged { id },
        E::WebhookAuthMethodMissing { trigger: TriggerId(Uuid::from_bytes([n + 100; 16])), method: id },
        E::WebhookAuthMethodInUse { id, count: 2, triggers: vec![text("one"), text("other")] },
        E::ManagedInParent { root: ProjectId(uuid) },
        E::WebhookNotFound,
        E::WebhookCredentialsRequired { schemes: vec![text("basic"), text("api_key")] },
    ]
}

/// Likewise, of what only clients of `OpenFn` do.
fn errors_of_clients(n: u8) -> Vec<Error> {
    let text = |what: &str| format!("{what}-{n}");
    vec![
        Error::CollectionAmbiguous { name: text("name"), projects: vec![text("projects")] },
        Error::WorkflowMoved { workflow: text("workflow"), expected: n.into(), actual: text("actual") },
    ]
}

/// Likewise, of runs and what they use.
fn errors_of_runs(n: u8) -> Vec<Error> {
    use Error as E;
    let uuid = Uuid::from_bytes([n; 16]);
    let text = |what: &str| format!("{what}-{n}");
    vec![
        E::RunNotFound { id: RunId(uuid) },
        E::DataclipNotFound { id: DataclipId(uuid) },
        E::TriggerDisabled { trigger: TriggerId(uuid) },
        E::CredentialsMissing {
            credential: text("credential"),
            environment: text("environment"),
            labels: vec![text("first"), text("second")],
            problem: text("problem"),
            count: 90 + usize::from(n),
        },
        E::WorkerRequired,
        E::RunTokenRequired,
        E::RunLeaseLost { run: RunId(uuid) },
        E::RunFinished { run: RunId(uuid), state: if n == 1 { RunState::Success } else { RunState::Failed } },
        E::CredentialNotUsed { job: JobId(uuid) },
        E::NoCredentialPicked { job: JobId(uuid), keychain: text("keychain") },
        E::DataclipErased { id: DataclipId(uuid) },
        E::DataclipInUse { id: DataclipId(uuid), run: RunId(Uuid::from_bytes([n + 100; 16])) },
        E::RunAllowanceReached {
            used: 70 + i64::from(n),
            limit: 80 + i64::from(n),
            reset_time: Time(i64::from(n)),
        },
        E::AiTokenAllowanceReached {
            used: 90 + i64::from(n),
            needed: 120 + i64::from(n),
            limit: 140 + i64::from(n),
            reset_time: Time(i64::from(n)),
        },
    ]
}

/// What `error.proto` says: for each value, its name without prefix and the comment above it.
fn contract() -> BTreeMap<String, String> {
    let text = include_str!("../../../../proto/sandbar/v1/error.proto");
    let mut values = BTreeMap::new();
    let mut comment = String::new();
    for line in text.lines().map(str::trim) {
        if let Some(said) = line.strip_prefix("//") {
            comment.push_str(said);
        } else if let Some((name, _)) = line.strip_prefix("REASON_").and_then(|rest| rest.split_once(" = ")) {
            values.insert(name.to_owned(), std::mem::take(&mut comment));
        } else {
            comment.clear();
        }
    }
    values
}

fn code_name(code: Code) -> &'static str {
    match code {
        Code::Unauthenticated => "UNAUTHENTICATED",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::NotFound => "NOT_FOUND",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::Aborted => "ABORTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Internal => "INTERNAL",
        other => panic!("no reason has the code {other:?}"),
    }
}

#[test]
fn every_reason_has_the_code_that_the_contract_states() {
    let contract = contract();
    let known = (0..1000).filter(|number| Reason::try_from(*number).is_ok()).count();
    assert_eq!(contract.len(), known, "the contract was not read whole");
    for (name, comment) in contract.iter().filter(|(name, _)| *name != "UNSPECIFIED") {
        let reason = Reason::from_str_name(&format!("REASON_{name}")).unwrap();
        let stated = comment.trim().split('.').next().unwrap();
        assert_eq!(code_name(code(reason)), stated, "{name}");
    }
}

#[test]
fn every_error_has_a_reason_of_the_contract_and_the_metadata_that_it_names() {
    let contract = contract();
    let said = |error: Error| (format!("{error:?}"), from_error(error));
    let beyond =
        [overloaded(3), deadline_exceeded(Duration::from_secs(1)), too_many_bad_tokens(Duration::ZERO)]
            .map(|status| (String::new(), status));
    for (said, status) in every_error(1).into_iter().map(said).chain(beyond) {
        let info = status.get_details_error_info().unwrap();
        assert_eq!(info.domain, "sandbar.dev");
        let comment = contract.get(&info.reason).unwrap_or_else(|| panic!("{said}: {}", info.reason));
        let stated = comment.trim().split('.').next().unwrap();
        assert_eq!(code_name(status.code()), stated, "{said}");
        let names = comment.split_once("Metadata:").map_or("", |(_, names)| names);
        let promised: BTreeSet<_> = names.split('.').next().unwrap().split('`').skip(1).step_by(2).collect();
        let given: BTreeSet<_> = info.metadata.keys().map(String::as_str).collect();
        assert_eq!(given, promised, "{said} {}", info.reason);
    }
}

#[test]
fn every_reason_of_the_contract_is_given_by_something() {
    let mut given: Vec<_> = every_error(1).into_iter().map(from_error).collect();
    given.extend([overloaded(1), deadline_exceeded(Duration::from_secs(1))]);
    given.push(too_many_bad_tokens(Duration::from_secs(7)));
    let mut given: Vec<_> = given.iter().filter_map(reason).collect();
    given.push("UNSPECIFIED".to_owned());
    given.sort();
    given.dedup();
    assert_eq!(given, contract().into_keys().collect::<Vec<_>>());
}

/// Two errors of one variant whose values differ: with their metadata taken out, their messages must be the same.
#[test]
fn every_changing_value_of_a_message_is_in_the_metadata() {
    for (one, other) in every_error(1).into_iter().zip(every_error(2)) {
        if matches!(one, Error::InvalidFields { .. }) {
            continue; // Its values are in BadRequest.
        }
        assert_eq!(without_metadata(one), without_metadata(other));
    }
}

fn without_metadata(error: Error) -> String {
    let status = from_error(error);
    let mut message = status.message().to_owned();
    let mut values: Vec<_> = status.get_details_error_info().unwrap().metadata.into_values().collect();
    values.sort_by_key(|value| std::cmp::Reverse(value.len()));
    for value in values {
        message = message.replace(&value, "_");
    }
    message
}

#[test]
fn every_value_of_the_metadata_is_in_the_message() {
    // Said to programs only: the name of an action (the message has its phrase), and what belongs to the situation
    // rather than to the sentence.
    let silent = ["action", "purge_time", "reset_time", "principal_id"];
    for error in every_error(1) {
        let status = from_error(error);
        for (key, value) in status.get_details_error_info().unwrap().metadata {
            let said = status.message().contains(&value) || silent.contains(&key.as_str());
            assert!(said, "{key}={value} is not in {:?}", status.message());
        }
    }
}

#[test]
fn preconditions_violations_and_retries_have_details_of_their_own() {
    let unseen = from_error(Error::PlanRequired);
    assert_eq!(unseen.get_details_precondition_failure().unwrap().violations[0].r#type, "PLAN_REQUIRED");

    let invalid = from_error(Error::invalid("name", "must not be empty"));
    let bad = invalid.get_details_bad_request().unwrap();
    assert_eq!(bad.field_violations[0].field, "name");
    assert_eq!(bad.field_violations[0].description, "must not be empty");

    assert!(from_error(Error::Contention).get_details_retry_info().is_some());
    assert!(overloaded(7).get_details_retry_info().is_some());
    let wait = too_many_bad_tokens(Duration::from_secs(7)).get_details_retry_info().unwrap();
    assert_eq!(wait.retry_delay, Some(Duration::from_secs(7)));
    assert!(deadline_exceeded(Duration::from_secs(3)).message().contains("3s"));
    assert!(from_error(Error::TokenInvalid).get_details_retry_info().is_none());
}

#[test]
fn what_is_inside_the_database_stays_inside() {
    for error in every_error(1) {
        let status = from_error(error);
        assert!(!format!("{status:?}").contains("hunter2"));
        assert!(!String::from_utf8_lossy(status.details()).contains("hunter2"));
    }
}

#[test]
fn an_answer_stays_small_whatever_the_caller_sent() {
    let long = "ä".repeat(100_000);
    let many =
        (0..10_000).map(|n| Violation { field: format!("jobs[{n}].id"), problem: long.clone() }).collect();
    for error in [
        Error::InvalidFields { violations: many },
        Error::EtagMismatch { expected: long.clone(), actual: long.clone() },
        Error::PlanStale { moved: vec![long.clone(); 100] },
    ] {
        let headers = from_error(error).into_http::<()>().into_parts().0.headers;
        let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 32).sum();
        assert!(bytes < 8192, "{bytes} bytes of headers");
    }
}

#[test]
fn an_action_is_named_as_it_is_kept() {
    assert_eq!(snake_case(Action::DeleteRoot), "delete_root");
}
