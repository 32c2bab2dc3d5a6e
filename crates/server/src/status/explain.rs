//! The reason of each error, and each changing value of its message.

use sandbar_model::{Error, Violation};

use crate::{convert::time, wire::Reason};

/// An error as the wire knows it.
pub(super) struct Explained {
    pub(super) reason: Reason,
    pub(super) metadata: Vec<(&'static str, String)>,
    pub(super) violations: Vec<Violation>,
}

/// The reason of each error, and each changing value of its message.
#[expect(clippy::too_many_lines, reason = "an arm for each error")]
pub(super) fn explain(error: Error) -> Explained {
    use Error as E;
    let mut violations = Vec::new();
    let (reason, metadata) = match error {
        E::TokenMissing => (Reason::TokenMissing, vec![]),
        E::TokenInvalid => (Reason::TokenInvalid, vec![]),
        E::PermissionDenied { action, needs, project } => (
            Reason::PermissionDenied,
            vec![
                ("action", snake_case(action)),
                ("needs", needs.word().to_owned()),
                ("project_id", project.to_string()),
            ],
        ),
        E::AdministratorRequired => (Reason::AdministratorRequired, vec![]),
        E::TokenLimited => (Reason::TokenLimited, vec![]),
        E::ProjectNotFound { project } => (Reason::ProjectNotFound, vec![("project_id", project)]),
        E::ResourceNotFound { kind, id } => {
            (Reason::ResourceNotFound, vec![("kind", kind.word().to_owned()), ("id", id)])
        }
        E::TriggerNotFound { id } => (Reason::TriggerNotFound, vec![("id", id.to_string())]),
        E::RevisionNotFound { kind, id, revision } => (
            Reason::RevisionNotFound,
            vec![
                ("kind", kind.word().to_owned()),
                ("id", id.to_string()),
                ("revision", revision.to_string()),
            ],
        ),
        E::MergeNotFound { id } => (Reason::MergeNotFound, vec![("id", id.to_string())]),
        E::PrincipalNotFound { id } => (Reason::PrincipalNotFound, vec![("id", id.to_string())]),
        E::ItemNotFound { collection, key } => {
            (Reason::ItemNotFound, vec![("collection_id", collection.to_string()), ("key", key)])
        }
        E::CollectionAmbiguous { name, projects } => {
            (Reason::CollectionAmbiguous, vec![("name", name), ("projects", projects.join(", "))])
        }
        E::TokenNotFound { id } => (Reason::TokenNotFound, vec![("id", id.to_string())]),
        E::InvalidFields { violations: found } => {
            violations = found;
            (Reason::InvalidFields, vec![])
        }
        E::InvalidDocument { problem, line, column } => (
            Reason::InvalidDocument,
            vec![("problem", problem), ("line", line.to_string()), ("column", column.to_string())],
        ),
        E::InvalidPageToken => (Reason::InvalidPageToken, vec![]),
        E::KafkaUnsupported { trigger } => (Reason::KafkaUnsupported, vec![("trigger_id", trigger)]),
        E::NameTaken { name, place } => {
            (Reason::NameTaken, vec![("name", name), ("place", place.to_owned())])
        }
        E::IdTaken { id, place } => (Reason::IdTaken, vec![("id", id), ("place", place.to_owned())]),
        E::WorkflowMoved { workflow, expected, actual } => {
            let field = sandbar_model::field::path(
                &sandbar_model::field::named("workflows", &workflow),
                "lock_version",
            );
            let problem = format!("is {expected} no longer, but {actual}: pull again, then deploy");
            violations = vec![Violation { field, problem }];
            (Reason::EtagMismatch, vec![("expected", expected.to_string()), ("actual", actual)])
        }
        E::EtagMismatch { expected, actual } => {
            (Reason::EtagMismatch, vec![("expected", expected), ("actual", actual)])
        }
        E::RequestIdReused { request_id } => (Reason::RequestIdReused, vec![("request_id", request_id)]),
        E::ProjectScheduled { project, purge_time } => (
            Reason::ProjectScheduled,
            vec![("project_id", project.to_string()), ("purge_time", time::rfc3339(purge_time))],
        ),
        E::ProjectNotScheduled { project } => {
            (Reason::ProjectNotScheduled, vec![("project_id", project.to_string())])
        }
        E::AncestorScheduled { ancestor } => {
            (Reason::AncestorScheduled, vec![("ancestor_id", ancestor.to_string())])
        }
        E::NestingDepthReached { limit } => (Reason::NestingDepthReached, vec![("limit", limit.to_string())]),
        E::SandboxAllowanceReached { used, limit } => {
            (Reason::SandboxAllowanceReached, vec![("used", used.to_string()), ("limit", limit.to_string())])
        }
        E::RunAllowanceReached { used, limit, reset_time } => (
            Reason::RunAllowanceReached,
            vec![
                ("used", used.to_string()),
                ("limit", limit.to_string()),
                ("reset_time", time::rfc3339(reset_time)),
            ],
        ),
        E::AiTokenAllowanceReached { used, needed, limit, reset_time } => (
            Reason::AiTokenAllowanceReached,
            vec![
                ("used", used.to_string()),
                ("needed", needed.to_string()),
                ("limit", limit.to_string()),
                ("reset_time", time::rfc3339(reset_time)),
            ],
        ),
        E::EnvironmentGuarded { environment, ancestor } => (
            Reason::EnvironmentGuarded,
            vec![("environment", environment), ("ancestor_id", ancestor.to_string())],
        ),
        E::EnvironmentUsedBelow { environment, count, sandboxes } => (
            Reason::EnvironmentUsedBelow,
            vec![
                ("environment", environment),
                ("count", count.to_string()),
                ("sandboxes", sandboxes.join(", ")),
            ],
        ),
        E::NotASandbox { project } => (Reason::NotASandbox, vec![("project_id", project.to_string())]),
        E::NotARoot { project } => (Reason::NotARoot, vec![("project_id", project.to_string())]),
        E::CredentialNotLinked { job, link } => {
            (Reason::CredentialNotLinked, vec![("job", job), ("credential_link_id", link.to_string())])
        }
        E::KeychainNotFound { job, keychain } => {
            (Reason::KeychainNotFound, vec![("job", job), ("keychain_id", keychain.to_string())])
        }
        E::CredentialNotFound { id } => (Reason::CredentialNotFound, vec![("id", id.to_string())]),
        E::CredentialNotOwned { id } => (Reason::CredentialNotOwned, vec![("id", id.to_string())]),
        E::CredentialInUse { id, count, projects } => (
            Reason::CredentialInUse,
            vec![("id", id.to_string()), ("count", count.to_string()), ("projects", projects.join(", "))],
        ),
        E::ValuesNotFound { id, environment, labels } => (
            Reason::ValuesNotFound,
            vec![("id", id.to_string()), ("environment", environment), ("environments", labels.join(", "))],
        ),
        E::TooManyEnvironments { id, limit } => {
            (Reason::TooManyEnvironments, vec![("id", id.to_string()), ("limit", limit.to_string())])
        }
        E::LinkInUse { job, link } => {
            (Reason::LinkInUse, vec![("job", job), ("credential_link_id", link.to_string())])
        }
        E::CredentialDamaged { id } => (Reason::CredentialDamaged, vec![("id", id.to_string())]),
        E::WebhookAuthMethodDamaged { id } => (Reason::CredentialDamaged, vec![("id", id.to_string())]),
        E::WebhookAuthMethodNotFound { id } => {
            (Reason::WebhookAuthMethodNotFound, vec![("id", id.to_string())])
        }
        E::WebhookAuthMethodMissing { trigger, method } => (
            Reason::WebhookAuthMethodMissing,
            vec![("trigger_id", trigger.to_string()), ("id", method.to_string())],
        ),
        E::WebhookAuthMethodInUse { id, count, triggers } => (
            Reason::WebhookAuthMethodInUse,
            vec![("id", id.to_string()), ("count", count.to_string()), ("triggers", triggers.join(", "))],
        ),
        E::ManagedInParent { root } => (Reason::ManagedInParent, vec![("root_id", root.to_string())]),
        E::WebhookNotFound => (Reason::WebhookNotFound, vec![]),
        E::WebhookCredentialsRequired { schemes } => {
            (Reason::WebhookCredentialsRequired, vec![("schemes", schemes.join(", "))])
        }
        E::MasterKeyMissing { key } => (Reason::MasterKeyMissing, vec![("key", key)]),
        E::ReferenceNotFound { config, kind, id } => (
            Reason::ReferenceNotFound,
            vec![("config", config), ("kind", kind.word().to_owned()), ("id", id.to_string())],
        ),
        E::MemberProtected { problem, principal } => (
            Reason::MemberProtected,
            vec![("problem", problem.to_owned()), ("principal_id", principal.to_string())],
        ),
        E::RunNotFound { id } => (Reason::RunNotFound, vec![("id", id.to_string())]),
        E::DataclipNotFound { id } => (Reason::DataclipNotFound, vec![("id", id.to_string())]),
        E::TriggerDisabled { trigger } => {
            (Reason::TriggerDisabled, vec![("trigger_id", trigger.to_string())])
        }
        E::CredentialsMissing { credential, environment, labels, problem, count } => (
            Reason::CredentialsMissing,
            vec![
                ("credential", credential),
                ("environment", environment),
                ("environments", labels.join(", ")),
                ("problem", problem),
                ("count", count.to_string()),
            ],
        ),
        E::WorkerRequired => (Reason::WorkerRequired, vec![]),
        E::RunTokenRequired => (Reason::RunTokenRequired, vec![]),
        E::RunLeaseLost { run } => (Reason::RunLeaseLost, vec![("run_id", run.to_string())]),
        E::RunFinished { run, state } => {
            (Reason::RunFinished, vec![("run_id", run.to_string()), ("state", state.word().to_owned())])
        }
        E::CredentialNotUsed { job } => (Reason::CredentialNotUsed, vec![("job_id", job.to_string())]),
        E::NoCredentialPicked { job, keychain } => {
            (Reason::NoCredentialPicked, vec![("job_id", job.to_string()), ("keychain", keychain)])
        }
        E::DataclipErased { id } => (Reason::DataclipErased, vec![("id", id.to_string())]),
        E::DataclipInUse { id, run } => {
            (Reason::DataclipInUse, vec![("id", id.to_string()), ("run_id", run.to_string())])
        }
        E::LinkInKeychain { keychain, link } => {
            (Reason::LinkInKeychain, vec![("keychain", keychain), ("credential_link_id", link.to_string())])
        }
        E::KeychainInUse { keychain, count, steps } => (
            Reason::KeychainInUse,
            vec![("keychain", keychain), ("count", count.to_string()), ("steps", steps.join(", "))],
        ),
        E::KeychainDefaultNotLinked { keychain, link } => (
            Reason::KeychainDefaultNotLinked,
            vec![("keychain", keychain), ("credential_link_id", link.to_string())],
        ),
        E::MfaRequired { project } => (Reason::MfaRequired, vec![("project_id", project.to_string())]),
        E::TokenEnded { id } => (Reason::TokenEnded, vec![("id", id.to_string())]),
        E::InvalidCursor => (Reason::InvalidCursor, vec![]),
        E::ChangesPruned { project, revision } => (
            Reason::ChangesPruned,
            vec![("project_id", project.to_string()), ("revision", revision.to_string())],
        ),
        E::TooManyWatches { limit } => (Reason::TooManyWatches, vec![("limit", limit.to_string())]),
        E::ServerStopping => (Reason::ServerStopping, vec![]),
        E::CollectionFull { collection, used, needed, limit } => (
            Reason::CollectionFull,
            vec![
                ("collection_id", collection.to_string()),
                ("used", used.to_string()),
                ("needed", needed.to_string()),
                ("limit", limit.to_string()),
            ],
        ),
        E::NothingSelected => (Reason::NothingSelected, vec![]),
        E::PlanStale { moved } => (Reason::PlanStale, vec![("moved", moved.join(", "))]),
        E::PlanRequired => (Reason::PlanRequired, vec![]),
        E::MergeIntoItself => (Reason::MergeIntoItself, vec![]),
        E::ChoiceUnknown { resource, problem } => {
            (Reason::ChoiceUnknown, vec![("id", resource), ("problem", problem)])
        }
        E::InvalidResult { resource, rule } => {
            (Reason::InvalidResult, vec![("resource", resource), ("rule", rule)])
        }
        E::MergeConflicts { resource, conflicts } => {
            (Reason::MergeConflicts, vec![("resource", resource), ("conflicts", conflicts.join("; "))])
        }
        E::CannotRetire => (Reason::CannotRetire, vec![]),
        E::TooLarge { what, limit_bytes } => {
            (Reason::TooLarge, vec![("what", what), ("limit_bytes", limit_bytes.to_string())])
        }
        E::Contention => (Reason::Contention, vec![]),
        E::StorageUnavailable(_) => (Reason::StorageUnavailable, vec![]),
        E::Storage(_) | E::Bug(_) => (Reason::Internal, vec![]),
    };
    Explained { reason, metadata, violations }
}

/// The name that serde gives to a value of an enum without fields.
pub(super) fn snake_case(action: sandbar_model::policy::Action) -> String {
    let debug = format!("{action:?}");
    let mut name = String::with_capacity(debug.len() + 4);
    for letter in debug.chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}
