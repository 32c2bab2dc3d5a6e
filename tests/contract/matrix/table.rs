//! What comes of each call, cell by cell.
//!
//! A text has a letter for each caller: viewer, editor, admin and owner of the project and its tree; the owner of another
//! tree (of the foreign one); a support user (all these trees allow support); a service administrator. Callers without a
//! token that holds get the same everywhere: see `WITHOUT`.
//!
//! | letter | what comes |
//! |---|---|
//! | `Y` | done |
//! | `e` | let in: refused for the etag or plan of nothing that it carries |
//! | `r` | let in: a sandbox has no revision of that number of its own |
//! | `.` | as if there was no such project, merge or token |
//! | `c` | as if there was no such credential |
//! | `o` | the credential is somebody else's |
//! | `m` | let in: there is no such link |
//! | `q` | let in: there is no such run or dataclip |
//! | `h` | let in: there is no such webhook auth method |
//! | `w` | only for workers: service accounts that are editors of the root |
//! | `t` | only with the token of a run |
//! | `n` | the role is too low |
//! | `f` | a second factor is required: see `factor.rs` |
//! | `p` | let in: there is no such member |
//! | `a` | only for service administrators |
//! | `s` | the project is scheduled for deletion |
//! | `k` | a root where a sandbox is needed, or the other way round; what only its root can change |
//! | `u` | nothing to restore |

/// Calls that are not about one project. The credential is the owner's.
#[rustfmt::skip]
pub(super) const PLAIN: &[(&str, &str)] = &[
    ("AccessService/WhoAmI",                     "YYYYYYY"),
    ("AccessService/CreatePrincipal",            "aaaaaaY"),
    ("AccessService/ListPrincipals",             "aaaaaaY"),
    ("CredentialsService/CreateCredential",      "YYYYYYY"),
    ("CredentialsService/ListCredentials",       "YYYYYYY"),
    ("CredentialsService/GetCredential",         "cccYccY"),
    ("CredentialsService/UpdateCredential",      "cccecco"),
    ("CredentialsService/TransferCredential",    "cccecce"),
    ("CredentialsService/DeleteCredential",      "cccecce"),
    ("CredentialsService/SetCredentialValues",   "cccecco"),
    ("CredentialsService/RemoveCredentialValues", "cccecco"),
    ("ProjectsService/CreateProject",            "YYYYYaY"),
    ("ProjectsService/ListProjects",             "YYYYYYY"),
    ("RunsService/HeartbeatRun",                 "ttttttt"),
    ("RunsService/ResolveCredential",            "ttttttt"),
    ("RunsService/FinishRun",                    "ttttttt"),
];

/// Calls about a project (or a merge into it, or a token of it), in each of its states; `gone`: scheduled for deletion.
#[rustfmt::skip]
pub(super) const TABLE: &[(&str, [&str; 7])] = &[
    //                                             a root     a sandbox  root gone  sbx gone   foreign    purged     nothing
    ("AccessService/CreateToken",                ["YYYY.YY", "YYYY.YY", "ssss.ss", "ssss.ss", "....YYY", ".......", "......."]),
    ("AccessService/ListTokens",                 ["nnYY.n.", "nnYY.n.", "nnss.n.", "nnss.n.", "....Yn.", ".......", "......."]),
    ("AccessService/RotateToken",                ["...Y..Y", "...Y..Y", "...s..s", "...s..s", "....Y.Y", ".......", "......."]),
    ("AccessService/RevokeToken",                ["..YY..Y", "..YY..Y", "..YY..Y", "..YY..Y", "....Y.Y", ".......", "......."]),
    ("AccessService/ListMembers",                ["YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "....YY.", ".......", "......."]),
    ("AccessService/SetMember",                  ["nnYY.n.", "nnYY.n.", "nnss.n.", "nnss.n.", "....Yn.", ".......", "......."]),
    ("AccessService/RemoveMember",               ["nnYY.n.", "nnYY.n.", "nnss.n.", "nnss.n.", "....Yn.", ".......", "......."]),
    ("AccessService/TransferOwnership",          ["nnnp.n.", "nnnp.n.", "nnns.n.", "nnns.n.", "....pn.", ".......", "......."]),
    ("AuditService/ListAuditEvents",             ["nnYY.nY", "nnYY.nY", "nnYY.nY", "nnYY.nY", "....YnY", "......Y", "......."]),
    ("AuditService/ExportAuditEvents",           ["nnYY.nY", "nnYY.nY", "nnYY.nY", "nnYY.nY", "....YnY", "......Y", "......."]),
    ("AuditService/VerifyAuditChain",            ["nnYY.nY", "nnYY.nY", "nnYY.nY", "nnYY.nY", "....YnY", "......Y", "......."]),
    ("CollectionsService/ListCollections",       ["YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "....YY.", ".......", "......."]),
    ("CollectionsService/GetCollection",         ["YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "....YY.", ".......", "......."]),
    ("CollectionsService/CreateCollection",      ["nnYY.n.", "nnYY.n.", "nnss.n.", "nnss.n.", "....Yn.", ".......", "......."]),
    ("CollectionsService/UpdateCollection",      ["nnee.n.", "nnee.n.", "nnss.n.", "nnss.n.", "....en.", ".......", "......."]),
    ("CollectionsService/DeleteCollection",      ["nnee.n.", "nnee.n.", "nnss.n.", "nnss.n.", "....en.", ".......", "......."]),
    ("CollectionsService/GetItem",               ["YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "....YY.", ".......", "......."]),
    ("CollectionsService/ListItems",             ["YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "....YY.", ".......", "......."]),
    ("CollectionsService/PutItems",              ["nYYY.n.", "nYYY.n.", "nsss.n.", "nsss.n.", "....Yn.", ".......", "......."]),
    ("CollectionsService/DeleteItems",           ["nYYY.n.", "nYYY.n.", "nsss.n.", "nsss.n.", "....Yn.", ".......", "......."]),
    ("ConfigsService/ListConfigs",               ["YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "....YY.", ".......", "......."]),
    ("ConfigsService/GetConfig",                 ["YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "....YY.", ".......", "......."]),
    ("ConfigsService/PutConfig",                 ["nYYY.n.", "nYYY.n.", "nsss.n.", "nsss.n.", "....Yn.", ".......", "......."]),
    ("ConfigsService/DeleteConfig",              ["neee.n.", "neee.n.", "nsss.n.", "nsss.n.", "....en.", ".......", "......."]),
    ("CredentialsService/ListCredentialLinks",   ["YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "....YY.", ".......", "......."]),
    ("CredentialsService/LinkCredential",        ["nccY.n.", "nccY.n.", "nsss.n.", "nsss.n.", "....cn.", ".......", "......."]),
    ("CredentialsService/UnlinkCredential",      ["nmmm.n.", "nmmm.n.", "nsss.n.", "nsss.n.", "....mn.", ".......", "......."]),
    ("CredentialsService/PreflightCredentials",  ["YYYY.Y.", "YYYY.Y.", "ssss.s.", "ssss.s.", "....YY.", ".......", "......."]),
    ("KeychainsService/ListKeychains",           ["YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "....YY.", ".......", "......."]),
    ("KeychainsService/GetKeychain",             ["YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "....YY.", ".......", "......."]),
    ("KeychainsService/PutKeychain",             ["nnYY.n.", "nnYY.n.", "nnss.n.", "nnss.n.", "....Yn.", ".......", "......."]),
    ("KeychainsService/DeleteKeychain",          ["nnee.n.", "nnee.n.", "nnss.n.", "nnss.n.", "....en.", ".......", "......."]),
    ("KeychainsService/PreviewKeychain",         ["YYYY.Y.", "YYYY.Y.", "ssss.s.", "ssss.s.", "....YY.", ".......", "......."]),
    ("MergeService/PreviewMerge",                ["nYYY.n.", "nnYY.n.", "nnss.n.", "nnss.n.", "....Yn.", ".......", "......."]),
    ("MergeService/ApplyMerge",                  ["neee.n.", "nnee.n.", "nnss.n.", "nnss.n.", "....en.", ".......", "......."]),
    ("MergeService/PreviewRevert",               ["nYYY.n.", "nYYY.n.", "nsss.n.", "nsss.n.", "....Yn.", ".......", "......."]),
    ("MergeService/RevertMerge",                 ["neee.n.", "neee.n.", "nsss.n.", "nsss.n.", "....en.", ".......", "......."]),
    ("MergeService/GetMerge",                    ["YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "....YY.", ".......", "......."]),
    ("MergeService/GetMergeChanges",             ["YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "....YY.", ".......", "......."]),
    ("MergeService/ListMerges",                  ["YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "....YY.", ".......", "......."]),
    ("ProjectsService/GetProject",               ["YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "....YY.", ".......", "......."]),
    ("ProjectsService/UpdateProject",            ["nnYY.n.", "nnkk.n.", "nnss.n.", "nnkk.n.", "....Yn.", ".......", "......."]),
    ("ProjectsService/DeleteProject",            ["nnne.n.", "nnnk.n.", "nnns.n.", "nnnk.n.", "....en.", ".......", "......."]),
    ("ProjectsService/RestoreProject",           ["nnnu.n.", "nnnk.n.", "nnnY.n.", "nnnk.n.", "....un.", ".......", "......."]),
    ("ProjectsService/GetSubscription",          ["YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "....YY.", ".......", "......."]),
    ("ProjectsService/UpdateSubscription",       ["aaaaaaY", "aaaaaaY", "aaaaaaY", "aaaaaaY", "aaaaaaY", "aaaaaa.", "aaaaaa."]),
    ("ProjectsService/GetUsage",                 ["YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "....YY.", ".......", "......."]),
    ("ProjectsService/RecordUsage",              ["wwww.w.", "wwww.w.", "wwww.w.", "wwww.w.", "....ww.", ".......", "......."]),
    ("ProjectsService/ImportProject",            ["nYYY.n.", "nYYY.n.", "nsss.n.", "nsss.n.", "....Yn.", ".......", "......."]),
    ("ProjectsService/ExportProject",            ["YYYY.Y.", "YYYY.Y.", "ssss.s.", "ssss.s.", "....YY.", ".......", "......."]),
    ("RunsService/StartRun",                     ["nYYY.n.", "nYYY.n.", "nsss.n.", "nsss.n.", "....Yn.", ".......", "......."]),
    ("RunsService/GetRun",                       ["qqqq.q.", "qqqq.q.", "qqqq.q.", "qqqq.q.", "....qq.", ".......", "......."]),
    ("RunsService/ListRuns",                     ["YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "....YY.", ".......", "......."]),
    ("RunsService/CancelRun",                    ["nqqq.n.", "nqqq.n.", "nsss.n.", "nsss.n.", "....qn.", ".......", "......."]),
    ("RunsService/ClaimRuns",                    ["wwww.w.", "wwww.w.", "wwww.w.", "wwww.w.", "....ww.", ".......", "......."]),
    ("RunsService/CreateDataclip",               ["nYYY.n.", "nYYY.n.", "nsss.n.", "nsss.n.", "....Yn.", ".......", "......."]),
    ("RunsService/GetDataclip",                  ["qqqq.q.", "qqqq.q.", "qqqq.q.", "qqqq.q.", "....qq.", ".......", "......."]),
    ("RunsService/ListDataclips",                ["YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "....YY.", ".......", "......."]),
    ("RunsService/NameDataclip",                 ["nqqq.n.", "nqqq.n.", "nsss.n.", "nsss.n.", "....qn.", ".......", "......."]),
    ("RunsService/DeleteDataclip",               ["nqqq.n.", "nqqq.n.", "nsss.n.", "nsss.n.", "....qn.", ".......", "......."]),
    ("SandboxesService/CreateSandbox",           ["nYYY.n.", "nYYY.n.", "nsss.n.", "nsss.n.", "....Yn.", ".......", "......."]),
    ("SandboxesService/GetSandbox",              ["kkkk.k.", "YYYY.Y.", "kkkk.k.", "YYYY.Y.", "....kk.", ".......", "......."]),
    ("SandboxesService/ListSandboxes",           ["YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "....YY.", ".......", "......."]),
    ("SandboxesService/GetSandboxTree",          ["YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "....YY.", ".......", "......."]),
    ("SandboxesService/UpdateSandbox",           ["nnkk.n.", "nnYY.n.", "nnkk.n.", "nnss.n.", "....kn.", ".......", "......."]),
    ("SandboxesService/DeleteSandbox",           ["nnkk.n.", "nnee.n.", "nnkk.n.", "nnss.n.", "....kn.", ".......", "......."]),
    ("SandboxesService/RestoreSandbox",          ["nnkk.n.", "nnuu.n.", "nnkk.n.", "nnYY.n.", "....kn.", ".......", "......."]),
    ("WatchService/Watch",                       ["YYYY.Y.", "YYYY.Y.", "ssss.s.", "ssss.s.", "....YY.", ".......", "......."]),
    ("WebhookAuthMethodsService/CreateWebhookAuthMethod", ["nnYY.n.", "nnkk.n.", "nnss.n.", "nnss.n.", "....Yn.", ".......", "......."]),
    ("WebhookAuthMethodsService/GetWebhookAuthMethod",    ["hhhh.h.", "hhhh.h.", "hhhh.h.", "hhhh.h.", "....hh.", ".......", "......."]),
    ("WebhookAuthMethodsService/ListWebhookAuthMethods",  ["YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "....YY.", ".......", "......."]),
    ("WebhookAuthMethodsService/UpdateWebhookAuthMethod", ["nnhh.n.", "nnkk.n.", "nnss.n.", "nnss.n.", "....hn.", ".......", "......."]),
    ("WebhookAuthMethodsService/DeleteWebhookAuthMethod", ["nnhh.n.", "nnkk.n.", "nnss.n.", "nnss.n.", "....hn.", ".......", "......."]),
    ("WebhookAuthMethodsService/AuthenticateWebhook",     ["wwww.w.", "wwww.w.", "wwww.w.", "wwww.w.", "....ww.", ".......", "......."]),
    ("WorkflowsService/ListWorkflows",           ["YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "....YY.", ".......", "......."]),
    ("WorkflowsService/GetWorkflow",             ["YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "....YY.", ".......", "......."]),
    ("WorkflowsService/PutWorkflow",             ["nYYY.n.", "nYYY.n.", "nsss.n.", "nsss.n.", "....Yn.", ".......", "......."]),
    ("WorkflowsService/DeleteWorkflow",          ["neee.n.", "neee.n.", "nsss.n.", "nsss.n.", "....en.", ".......", "......."]),
    ("WorkflowsService/SetTriggerEnabled",       ["nYYY.n.", "nYYY.n.", "nsss.n.", "nsss.n.", "....Yn.", ".......", "......."]),
    ("WorkflowsService/ListWorkflowRevisions",   ["YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "YYYY.Y.", "....YY.", ".......", "......."]),
    ("WorkflowsService/RestoreWorkflowRevision", ["nYYY.n.", "nrrr.n.", "nsss.n.", "nsss.n.", "....Yn.", ".......", "......."]),
];
