//! Why a request can't be done. One enum for the whole service; the server maps it to the wire, with no default arm.

mod say;

use std::error::Error as StdError;

use say::{labels as say_labels, some as say_some, violations as say_violations};

use crate::{
    CredentialId, DataclipId, JobId, Kind, MergeId, PrincipalId, ProjectId, ResourceId, Revision, Role,
    RunId, Time, TokenId, TriggerId, Violation, WebhookAuthMethodId, policy::Action, run::RunState,
};

/// The result of anything that can be refused.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a request can't be done, and (in its message) what to do about it. `error.proto` documents each reason.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the fields are the changing values of the message above them")]
pub enum Error {
    /// The call carries no token.
    #[error("this call needs a token; send the header `authorization: Bearer sbr_…`")]
    TokenMissing,
    /// Unknown, malformed, expired and revoked tokens are deliberately not told apart.
    #[error("the token is not valid (unknown, expired or revoked); make a new one and use that")]
    TokenInvalid,
    /// The caller sees the project, but its role is too low.
    #[error("{} needs the role {} in project {project}; ask one of its admins", action.phrase(), needs.word())]
    PermissionDenied { action: Action, needs: Role, project: ProjectId },
    /// Only a service administrator may.
    #[error("only a service administrator may do this")]
    AdministratorRequired,
    /// The token is limited to one project or to a role, and this is for tokens without limits.
    #[error("this token is limited to a project or a role and can't do this; use one without limits")]
    TokenLimited,

    /// The caller is somebody in the project, which wants more of them than this token shows.
    #[error(
        "project {project} requires a second factor, and this token was made without one; sign in with one, or ask for a token that counts as that"
    )]
    MfaRequired { project: ProjectId },

    /// Missing and foreign projects are deliberately not told apart.
    #[error("there is no project {project} that you can see; check the id, or ask to be made a member")]
    ProjectNotFound { project: String },
    /// The project holds no such resource, or no longer.
    #[error("the project has no {} {id:?}; list them to see what it has", kind.word())]
    ResourceNotFound { kind: Kind, id: String },
    /// No such trigger in the workflow.
    #[error("the workflow has no trigger {id}; get the workflow to see what it has")]
    TriggerNotFound { id: TriggerId },
    /// Never was, or was pruned.
    #[error("there is no revision {revision} of {} {id}; list its revisions to see what is kept", kind.word())]
    RevisionNotFound { kind: Kind, id: ResourceId, revision: Revision },
    /// No such merge in a project that the caller sees.
    #[error("there is no merge {id} that you can see")]
    MergeNotFound { id: MergeId },
    /// No such user, service account or member.
    #[error("there is no user or service account {id} here")]
    PrincipalNotFound { id: PrincipalId },
    /// Missing and foreign credentials are deliberately not told apart.
    #[error("there is no credential {id} that you may see; list yours to see what you have")]
    CredentialNotFound { id: CredentialId },
    /// The collection has no item of this key.
    #[error("the collection {collection} has no item {key:?}; list its items to see what it has")]
    ItemNotFound { collection: ResourceId, key: String },
    /// The root has no such webhook auth method.
    #[error("the project's root has no webhook auth method {id}; list them to see what it has")]
    WebhookAuthMethodNotFound { id: WebhookAuthMethodId },
    /// Whatever of a webhook call is not as it should be, and no more, so that nobody learns it by guessing.
    #[error("no webhook answers to this path and these credentials")]
    WebhookNotFound,
    /// The one thing that who calls a webhook is told: that they have to show something.
    #[error("the webhook asks for credentials: {}", schemes.join(", "))]
    WebhookCredentialsRequired { schemes: Vec<String> },
    /// Only who calls over HTTP names a collection without its project.
    #[error(
        "several projects that you are a member of have a collection {name:?} ({}); say which with project_id",
        projects.join(", ")
    )]
    CollectionAmbiguous { name: String, projects: Vec<String> },
    /// No such token among those that the caller may manage.
    #[error("there is no token {id} that you may manage")]
    TokenNotFound { id: TokenId },

    /// One or more fields break a rule; all of them are listed.
    #[error("{}", say_violations(violations))]
    InvalidFields { violations: Vec<Violation> },
    /// An imported document can't be read.
    #[error(
        "the document is not a project state: {problem} (line {line}, column {column}); nothing was changed"
    )]
    InvalidDocument { problem: String, line: usize, column: usize },
    /// Not made by this service for this list.
    #[error("the page token does not belong to this list; start again from the first page")]
    InvalidPageToken,
    /// A kind of trigger that is known but not offered.
    #[error("trigger {trigger:?} is a kafka trigger, which is not supported; use a webhook or cron trigger")]
    KafkaUnsupported { trigger: String },

    /// A sibling, or a resource of the same kind, has this name.
    #[error("the name {name:?} is taken {place}; choose another")]
    NameTaken { name: String, place: &'static str },
    /// The id given is in use.
    #[error("the id {id} is in use {place}; leave it out to get a new one")]
    IdTaken { id: String, place: &'static str },
    /// Somebody wrote in between.
    #[error(
        "someone else changed it meanwhile: you sent etag {expected:?}, it is now at {actual:?}; read it again, apply your change to that and send it with the new etag"
    )]
    EtagMismatch { expected: String, actual: String },
    /// Somebody changed a workflow that a client of `OpenFn` sends.
    #[error(
        "someone else changed the workflow {workflow:?} meanwhile: you sent lock_version {expected}, it is now at {actual}; pull again, apply your change to that and deploy it"
    )]
    WorkflowMoved { workflow: String, expected: i64, actual: String },
    /// The same id with another body.
    #[error(
        "request id {request_id:?} was used for a different request before; use a new one for a new request"
    )]
    RequestIdReused { request_id: String },

    /// Scheduled projects refuse everything but get, list and restore.
    #[error("project {project} is scheduled for deletion; restore it first")]
    ProjectScheduled { project: ProjectId, purge_time: Time },
    /// Nothing to restore.
    #[error("project {project} is not scheduled for deletion, so there is nothing to restore")]
    ProjectNotScheduled { project: ProjectId },
    /// Restoring starts at the top.
    #[error(
        "an ancestor of the sandbox, {ancestor}, is scheduled for deletion; restore that one, and this comes back with it"
    )]
    AncestorScheduled { ancestor: ProjectId },
    /// The cap, or no sandboxes at all (limit 0).
    #[error(
        "Maximum sandbox nesting depth reached ({limit} levels deep); merge this sandbox into its parent first, or make the new one higher up"
    )]
    NestingDepthReached { limit: u32 },
    /// Exact even under concurrent creates.
    #[error(
        "all {limit} active sandboxes that the subscription allows are in use ({used}); delete one, or ask for a larger allowance"
    )]
    SandboxAllowanceReached { used: i64, limit: i64 },
    /// No more runs in this period.
    #[error(
        "{used} runs were started of the {limit} that the subscription allows in a month; wait for the next one, or ask for a larger allowance"
    )]
    RunAllowanceReached { used: i64, limit: i64, reset_time: Time },
    /// Not so many tokens in this period.
    #[error(
        "{needed} AI tokens are more than is left of the {limit} that the subscription allows in a month ({used} are used); wait for the next one, or ask for a larger allowance"
    )]
    AiTokenAllowanceReached { used: i64, needed: i64, limit: i64, reset_time: Time },
    /// Else an editor could clone production, own the clone and relabel it.
    #[error(
        "the environment {environment:?} belongs to the ancestor {ancestor}; only its admins may give it to a sandbox"
    )]
    EnvironmentGuarded { environment: String, ancestor: ProjectId },
    /// A sandbox was labelled so before the project above it.
    #[error(
        "{count} sandboxes below have the environment {environment:?} already, and would read what it picks; change theirs first ({})",
        sandboxes.join(", ")
    )]
    EnvironmentUsedBelow { environment: String, count: usize, sandboxes: Vec<String> },
    /// A root was given where a sandbox is needed.
    #[error("project {project} is a root, not a sandbox; use the Projects service for it")]
    NotASandbox { project: ProjectId },
    /// A sandbox was given where a root is needed.
    #[error("project {project} is a sandbox; use the Sandboxes service for it")]
    NotARoot { project: ProjectId },
    /// The link must exist first.
    #[error(
        "step {job:?} uses the credential link {link}, which the project does not have; link the credential first, or choose another"
    )]
    CredentialNotLinked { job: String, link: ResourceId },
    /// The keychain must exist first.
    #[error(
        "step {job:?} uses the keychain {keychain}, which the project does not have; make it first, or choose another"
    )]
    KeychainNotFound { job: String, keychain: ResourceId },
    /// The method must exist first.
    #[error(
        "the trigger {trigger} names the webhook auth method {method}, which the root of the project's tree does not have; make it there first, or leave it out"
    )]
    WebhookAuthMethodMissing { trigger: TriggerId, method: WebhookAuthMethodId },
    /// Without it the triggers would let nobody in, or everybody.
    #[error("the webhook auth method {id} guards {count} triggers ({}); take it from them first, then delete it", say_some(triggers, *count))]
    WebhookAuthMethodInUse { id: WebhookAuthMethodId, count: u64, triggers: Vec<String> },
    /// Sandboxes share what the root has.
    #[error(
        "webhook auth methods are managed in the parent project, the root {root} of the sandbox's tree; change them there"
    )]
    ManagedInParent { root: ProjectId },
    /// As with credentials.
    #[error(
        "what is kept of the webhook auth method {id} does not fit together, so it lets nobody in; tell the operator (the database was restored in part or changed by hand), or make it anew"
    )]
    WebhookAuthMethodDamaged { id: WebhookAuthMethodId },
    /// Nothing to remove.
    #[error(
        "credential {id} has no values for the environment {environment:?}; it has some for {}",
        say_labels(labels)
    )]
    ValuesNotFound { id: CredentialId, environment: String, labels: Vec<String> },
    /// An administrator sees it, but values and links are its owner's.
    #[error(
        "credential {id} belongs to somebody else: only its owner may change it, set its values or link it; a service administrator can transfer or delete it"
    )]
    CredentialNotOwned { id: CredentialId },
    /// Removing it would stop the runs of projects.
    #[error("credential {id} is linked in {count} projects ({}); unlink it there first, or delete it with force: steps that use it can't run then", say_some(projects, *count))]
    CredentialInUse { id: CredentialId, count: u64, projects: Vec<String> },
    /// Too many environments.
    #[error(
        "credential {id} has values for {limit} environments, the most that one can have; remove those that no project needs"
    )]
    TooManyEnvironments { id: CredentialId, limit: usize },
    /// Steps still use the link.
    #[error(
        "step {job:?} uses the credential link {link}; change the step first, then unlink the credential"
    )]
    LinkInUse { job: String, link: ResourceId },
    /// A keychain falls back on the link.
    #[error(
        "the keychain {keychain:?} has the credential link {link} as its default; change the keychain first, then unlink the credential"
    )]
    LinkInKeychain { keychain: String, link: ResourceId },
    /// Steps still use the keychain.
    #[error("the keychain {keychain:?} is used by {count} steps ({}); change these first, then delete it", say_some(steps, *count))]
    KeychainInUse { keychain: String, count: u64, steps: Vec<String> },
    /// What a keychain falls back on must be linked first.
    #[error(
        "the keychain {keychain:?} has the credential link {link} as its default, which the project does not have; link the credential first, or choose another"
    )]
    KeychainDefaultNotLinked { keychain: String, link: ResourceId },
    /// What is kept of it does not fit together: rows were changed, swapped or restored one by one.
    #[error(
        "what is kept of credential {id} does not fit together, so none of its values can be trusted; tell the operator (the database was restored in part or changed by hand), or delete it and make it anew"
    )]
    CredentialDamaged { id: CredentialId },
    /// The operator has not given this server a key that the database needs.
    #[error(
        "this server does not have the master key {key:?}, with which the values are encrypted; its operator must give it"
    )]
    MasterKeyMissing { key: String },
    /// What a config refers to must be there first.
    #[error(
        "config {config:?} refers to the {} {id}, which the project does not have; make it first, or leave the reference out",
        kind.word()
    )]
    ReferenceNotFound { config: String, kind: Kind, id: ResourceId },
    /// The floor under admins of ancestors, and the last owner.
    #[error("{problem}")]
    MemberProtected { problem: &'static str, principal: PrincipalId },

    /// The project has no such run, or no longer.
    #[error("the project has no run {id}; list its runs to see what it has")]
    RunNotFound { id: RunId },
    /// The project has no such dataclip, or no longer.
    #[error("the project has no dataclip {id}; list its dataclips to see what it has")]
    DataclipNotFound { id: DataclipId },
    /// Its runs are not wanted.
    #[error("the trigger {trigger} is off in this project; turn it on, or start the run without it")]
    TriggerDisabled { trigger: TriggerId },
    /// Steps could not sign in.
    #[error(
        "steps can't sign in with {credential:?} in the environment {environment:?} (it has values for {}): {problem}; {count} credentials are missing in all, PreflightCredentials lists them",
        say_labels(labels)
    )]
    CredentialsMissing {
        credential: String,
        environment: String,
        labels: Vec<String>,
        problem: String,
        count: usize,
    },
    /// Only workers take runs.
    #[error(
        "only a worker may do this: a service account that is at least editor in the root of the project's tree"
    )]
    WorkerRequired,
    /// Another kind of token.
    #[error("this call is made with the token of a run (`sbrun_…`), which ClaimRuns gives to a worker")]
    RunTokenRequired,
    /// The run is or will be another worker's.
    #[error("this worker has lost the run {run}: its lease ran out; drop it, another worker gets it")]
    RunLeaseLost { run: RunId },
    /// No second end.
    #[error("the run {run} has ended as {}; it can't end again differently", state.word())]
    RunFinished { run: RunId, state: RunState },
    /// A run reads what its own steps use, and nothing else.
    #[error("the run's workflow has no step {job} that uses a credential")]
    CredentialNotUsed { job: JobId },
    /// A run begins with something that its keychain knows no credential for.
    #[error(
        "the keychain {keychain:?} picks no credential for what the run begins with, and has no default; step {job} has to do without"
    )]
    NoCredentialPicked { job: JobId, keychain: String },
    /// There is nothing to begin with.
    #[error("the body of dataclip {id} was erased; start the run with another")]
    DataclipErased { id: DataclipId },
    /// A run needs it.
    #[error("the run {run} begins with dataclip {id} and is not over; cancel it first")]
    DataclipInUse { id: DataclipId, run: RunId },

    /// Nothing would be merged.
    #[error("No workflows selected; choose what to merge")]
    NothingSelected,
    /// What the plan looked at has moved.
    #[error("the plan is out of date: {}; preview again and decide on what is there now", moved.join(", "))]
    PlanStale { moved: Vec<String> },
    /// A merge needs a preview.
    #[error("a merge needs the plan token of a preview; preview first, or say allow_unreviewed")]
    PlanRequired,
    /// Source and target are one.
    #[error("a project can't be merged into itself")]
    MergeIntoItself,
    /// A choice for something that the plan does not list, or that it can't be made for.
    #[error("the choice for {resource:?} can't be made: {problem}")]
    ChoiceUnknown { resource: String, problem: String },
    /// What is combined has conflicts that the caller has not settled.
    #[error("combining {resource:?} leaves conflicts open: {}; settle each in the choices, and preview again", conflicts.join("; "))]
    MergeConflicts { resource: String, conflicts: Vec<String> },
    /// The result would break a rule of the target; nothing is written.
    #[error("merging {resource:?} would break a rule of the target: {rule}")]
    InvalidResult { resource: String, rule: String },
    /// Only a sandbox that merges into an ancestor can be retired.
    #[error("the source can't be retired by this merge: only a sandbox merged into one of its ancestors can")]
    CannotRetire,

    /// What has ended can't be rotated.
    #[error("token {id} was revoked or has expired; make a new one")]
    TokenEnded { id: TokenId },
    /// Not made by this service for this watch, or from before a backup was put back.
    #[error(
        "the cursor does not belong to this watch; list what there is and watch from now, or from the project's revision"
    )]
    InvalidCursor,
    /// A watch can't go on without losing something.
    #[error(
        "revision {revision} of project {project}, which should come next, is not kept any more; list what there is and watch from there"
    )]
    ChangesPruned { project: ProjectId, revision: Revision },
    /// The server's limit of watches.
    #[error(
        "{limit} are watching already, as many as this server takes; watch another one, or try again later"
    )]
    TooManyWatches { limit: usize },
    /// Watches end before the server does.
    #[error("the server is about to end; watch again, with the cursor that came last")]
    ServerStopping,

    /// The items of a collection would take more room than one may.
    #[error(
        "the items of the collection {collection} take {used} bytes, and with these it would be {needed}; a collection may have {limit}; delete some first, or ask the operator for more"
    )]
    CollectionFull { collection: ResourceId, used: i64, needed: i64, limit: i64 },
    /// A document or body over its limit.
    #[error("{what} is larger than the limit of {limit_bytes} bytes")]
    TooLarge { what: String, limit_bytes: u64 },
    /// Another writer was faster, several times in a row.
    #[error("the project is being written by others just now; try again with the same request id")]
    Contention,
    /// The database can't be reached.
    #[error("the database can't be reached just now; try again with the same request id")]
    StorageUnavailable(#[source] Box<dyn StdError + Send + Sync>),
    /// A broken database or a bug. The source goes to the log, never to a caller.
    #[error("internal error; the request id finds it in the server's log")]
    Storage(#[source] Box<dyn StdError + Send + Sync>),
    /// Something that can't be, was.
    #[error("internal error; the request id finds it in the server's log")]
    Bug(&'static str),
}
