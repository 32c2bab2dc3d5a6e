//! Who changes something that is there can say what it was when they read it, or the contract says here why there is no need.

use std::collections::BTreeMap;

use sandbar_tests::scenario::{self, MethodInfo};

/// Calls that change something and take no etag: which, and why.
const WITHOUT: &[(&str, &str)] = &[
    ("AccessService/CreatePrincipal", MAKES),
    ("AccessService/CreateToken", MAKES),
    ("CollectionsService/CreateCollection", MAKES),
    ("CredentialsService/CreateCredential", MAKES),
    ("ProjectsService/CreateProject", MAKES),
    ("RunsService/CreateDataclip", MAKES),
    ("RunsService/StartRun", MAKES),
    ("SandboxesService/CreateSandbox", MAKES),
    ("WebhookAuthMethodsService/CreateWebhookAuthMethod", MAKES),
    ("MergeService/ApplyMerge", PLANNED),
    ("MergeService/RevertMerge", PLANNED),
    ("ProjectsService/RestoreProject", BACK),
    ("SandboxesService/RestoreSandbox", BACK),
    ("RunsService/CancelRun", RUN),
    ("RunsService/ClaimRuns", RUN),
    ("RunsService/FinishRun", RUN),
    ("RunsService/HeartbeatRun", RUN),
    ("RunsService/ResolveCredential", "reads; what it changes is the audit trail"),
    ("ProjectsService/RecordUsage", "adds to a count, and is refused where that would be too much"),
    (
        "ProjectsService/ImportProject",
        "takes the head_revision instead, which is of all resources of the project",
    ),
    ("CollectionsService/PutItems", ITEMS),
    ("CollectionsService/DeleteItems", ITEMS),
];
const MAKES: &str = "makes something new, which is nothing before";
const PLANNED: &str = "is bound to its preview by the plan token, which says more than an etag";
const BACK: &str = "brings back what nobody can change while it is scheduled, and is refused when it is not";
const RUN: &str =
    "moves a run on in one direction only; doing it again changes nothing, and who lost the run is refused";
const ITEMS: &str =
    "keeps what steps write without reading it first; the last one wins, as items have no history";

#[test]
fn every_call_that_changes_what_is_there_takes_an_etag() {
    let reasons: BTreeMap<_, _> = WITHOUT.iter().copied().collect();
    assert_eq!(reasons.len(), WITHOUT.len(), "a call is excused twice");
    let changing: Vec<_> = scenario::methods().into_iter().filter(|method| !method.reading).collect();
    let takes_etag = |method: &&MethodInfo| method.fields.iter().any(|field| field == "etag");
    let (with, without): (Vec<_>, Vec<_>) = changing.iter().partition(takes_etag);
    let new: Vec<_> =
        without.iter().map(|one| &*one.name).filter(|name| !reasons.contains_key(name)).collect();
    assert!(new.is_empty(), "{new:?} take no etag: give each one, or say in WITHOUT why it needs none");
    let needless: Vec<_> =
        reasons.keys().filter(|name| !without.iter().any(|one| one.name == **name)).collect();
    assert!(needless.is_empty(), "{needless:?} take an etag, change nothing or are no calls");
    assert!(with.len() > 20, "{} calls take an etag", with.len());
}
