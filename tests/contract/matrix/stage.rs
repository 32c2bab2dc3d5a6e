//! Who comes along, and the projects in their states.

use std::time::Duration;

use sandbar_client::v1::PrincipalKind;
use sandbar_tests::{
    Options, Server,
    scenario::{self, Call},
};
use serde_json::{Value, json};
use tonic::transport::{Channel, Endpoint};
use uuid::Uuid;

/// The states in the order of the table's columns.
pub(super) const STATES: [&str; 7] = [
    "a root",
    "a sandbox",
    "a scheduled root",
    "a scheduled sandbox",
    "a foreign root",
    "a purged root",
    "nothing",
];
/// What comes of any call without a token, with garbage, with one that expired, with one that was revoked.
pub(super) const WITHOUT: &str = "xiii";
pub(super) const DOCUMENT: &[u8] = br#"{"name": "orders", "workflows": {}}"#;

pub(super) const WORKFLOW: &str = "11111111-1111-4111-8111-111111111111";
pub(super) const OTHER: &str = "22222222-2222-4222-8222-222222222222";
const JOB: &str = "aaaaaaaa-0001-4aaa-8aaa-aaaaaaaaaaaa";
pub(super) const TRIGGER: &str = "bbbbbbbb-0001-4bbb-8bbb-bbbbbbbbbbbb";
const EDGE: &str = "cccccccc-0001-4ccc-8ccc-cccccccccccc";
pub(super) const CONFIG: &str = "dddddddd-0001-4ddd-8ddd-dddddddddddd";
pub(super) const COLLECTION: &str = "eeeeeeee-0001-4eee-8eee-eeeeeeeeeeee";
pub(super) const KEYCHAIN: &str = "88888888-8888-4888-8888-888888888888";
/// The shortest life that a token can have.
const SHORTEST: Duration = Duration::from_mins(1);

/// Of all the callers here, from one address, many have wrong tokens.
pub(super) fn options() -> Options {
    Options::default().arg("--max-bad-tokens=0")
}

/// A project in a state, with what is in it.
pub(super) struct Place {
    pub(super) name: &'static str,
    pub(super) project: String,
    /// A merge into it.
    pub(super) merge: String,
    /// A token that is limited to it.
    pub(super) token: String,
    /// Where a merge out of it would go; empty: to its parent.
    pub(super) target: String,
    /// The token of its owner.
    pub(super) owner: String,
}

/// Everything.
pub(super) struct Stage {
    pub(super) channel: Channel,
    pub(super) places: Vec<Place>,
    /// In the order of the table's letters: what they are, and their tokens.
    pub(super) callers: Vec<(&'static str, Option<String>)>,
    /// A member whom nobody is.
    pub(super) extra: String,
    /// A credential of the owner's.
    pub(super) credential: String,
}

impl Stage {
    pub(super) async fn build(server: &mut Server) -> Self {
        let mut people = Vec::new();
        for name in ["viewer", "editor", "admin", "owner", "stranger", "extra"] {
            people.push(server.principal(name, PrincipalKind::User).await);
        }
        let support = server.principal("support", PrincipalKind::Support).await;
        let channel = Endpoint::from_shared(server.endpoint()).unwrap().connect_lazy();
        let (owner, stranger) = (people[3].token.clone(), people[4].token.clone());
        let made = tokio::time::Instant::now();
        let mut stage = Self {
            channel,
            places: Vec::new(),
            callers: Vec::new(),
            extra: people[5].id.clone(),
            credential: String::new(),
        };
        let create = json!({"credential": {"name": "erp", "schema": "raw"}});
        let erp = stage.does(&owner, "CredentialsService/CreateCredential", create).await;
        stage.credential = text(&erp["credential"]["id"]);
        let expired = stage.token_of(&owner, json!({"name": "short", "ttl": "60s"})).await;
        let revoked = stage.token_of(&owner, json!({"name": "ended"})).await;
        stage.does(&owner, "AccessService/RevokeToken", json!({"token_id": revoked.1})).await;
        let roles = [(0, "ROLE_VIEWER"), (1, "ROLE_EDITOR"), (2, "ROLE_ADMIN"), (5, "ROLE_VIEWER")];
        let members: Vec<_> = roles.iter().map(|(at, role)| (people[*at].id.clone(), *role)).collect();
        stage.build_places(server, &owner, &stranger, &members).await;
        let other = if owner.ends_with('a') { 'b' } else { 'a' };
        let garbage = format!("{}{other}", &owner[..owner.len() - 1]);
        stage.callers = vec![
            ("nobody", None),
            ("garbage", Some(garbage)),
            ("expired", Some(expired.0)),
            ("revoked", Some(revoked.0)),
        ];
        for person in &people[..5] {
            stage.callers.push(("somebody", Some(person.token.clone())));
        }
        stage.callers.push(("support", Some(support.token)));
        stage.callers.push(("administrator", Some(server.admin_token().to_owned())));
        tokio::time::sleep_until(made + SHORTEST + Duration::from_secs(2)).await;
        stage
    }

    async fn build_places(
        &mut self,
        server: &mut Server,
        owner: &str,
        stranger: &str,
        members: &[(String, &str)],
    ) {
        let purged = self.root(STATES[5], owner, members).await;
        self.does(owner, "ProjectsService/DeleteProject", json!({"project_id": purged.project})).await;
        server.purge_once().await;
        // From here on nothing is due for days.
        server.restart_with(options()).await;
        let mut root = self.root(STATES[0], owner, members).await;
        let sandbox = self.sandbox(STATES[1], owner, &root.project).await;
        root.target.clone_from(&sandbox.project);
        let mut scheduled = self.root(STATES[2], owner, members).await;
        scheduled.target.clone_from(&sandbox.project);
        self.does(owner, "ProjectsService/DeleteProject", json!({"project_id": scheduled.project})).await;
        let gone = self.sandbox(STATES[3], owner, &root.project).await;
        self.does(owner, "SandboxesService/DeleteSandbox", json!({"sandbox_id": gone.project})).await;
        let mut foreign = self.root(STATES[4], stranger, &members[3..]).await;
        foreign.target = self.sandbox("", stranger, &foreign.project).await.project;
        let nothing = || {
            #[expect(clippy::disallowed_methods, reason = "tests make ids")]
            Uuid::now_v7().to_string()
        };
        let nothing = Place {
            name: STATES[6],
            project: nothing(),
            merge: nothing(),
            token: nothing(),
            target: String::new(),
            owner: String::new(),
        };
        self.places = vec![root, sandbox, scheduled, gone, foreign, purged, nothing];
    }

    /// A root that allows support access, with a merge into it.
    async fn root(&self, name: &'static str, owner: &str, members: &[(String, &str)]) -> Place {
        let settings = json!({"allow_support_access": true});
        let create = json!({"project": {"name": "orders", "settings": settings}});
        let made = self.does(owner, "ProjectsService/CreateProject", create).await;
        let project = text(&made["project"]["id"]);
        for (principal_id, role) in members {
            let member = json!({"project_id": project, "principal_id": principal_id, "role": role});
            self.does(owner, "AccessService/SetMember", member).await;
        }
        self.does(owner, "WorkflowsService/PutWorkflow", workflow(&project, WORKFLOW, "Sync", "one();"))
            .await;
        self.does(owner, "ConfigsService/PutConfig", config(&project)).await;
        let collection = json!({"id": COLLECTION, "name": "patients"});
        let create = json!({"project_id": project, "collection": collection});
        self.does(owner, "CollectionsService/CreateCollection", create).await;
        self.does(owner, "CollectionsService/PutItems", item(&project)).await;
        self.does(owner, "KeychainsService/PutKeychain", keychain(&project)).await;
        let create = json!({"parent_id": project, "name": "first"});
        let made = self.does(owner, "SandboxesService/CreateSandbox", create).await;
        let sandbox = text(&made["sandbox"]["id"]);
        self.does(owner, "WorkflowsService/PutWorkflow", workflow(&sandbox, OTHER, "Other", "two();")).await;
        let merge = self.merged(owner, &sandbox, "").await;
        let token = self.token_of(owner, json!({"name": "its", "project_id": project})).await.1;
        Place { name, project, merge, token, target: String::new(), owner: owner.to_owned() }
    }

    /// A sandbox with a merge into it.
    async fn sandbox(&self, name: &'static str, owner: &str, parent: &str) -> Place {
        #[expect(clippy::disallowed_methods, reason = "tests make names")]
        let body = Uuid::now_v7().to_string();
        let create = json!({"parent_id": parent, "name": &body[24..]});
        let made = self.does(owner, "SandboxesService/CreateSandbox", create).await;
        let project = text(&made["sandbox"]["id"]);
        self.does(owner, "CollectionsService/PutItems", item(&project)).await;
        self.does(owner, "WorkflowsService/PutWorkflow", workflow(parent, OTHER, "Other", &body)).await;
        let merge = self.merged(owner, parent, &project).await;
        let token = self.token_of(owner, json!({"name": "its", "project_id": project})).await.1;
        Place { name, project, merge, token, target: String::new(), owner: owner.to_owned() }
    }

    async fn merged(&self, owner: &str, source: &str, target: &str) -> String {
        let choices = json!({"defaults": true, "retire_source": false});
        let apply =
            json!({"source_id": source, "target_id": target, "choices": choices, "allow_unreviewed": true});
        text(&self.does(owner, "MergeService/ApplyMerge", apply).await["merge"]["id"])
    }

    pub(super) async fn token_of(&self, who: &str, request: Value) -> (String, String) {
        let made = self.does(who, "AccessService/CreateToken", request).await;
        (text(&made["secret"]), text(&made["token"]["id"]))
    }

    pub(super) async fn does(&self, who: &str, method: &str, request: Value) -> Value {
        let call = Call { method, token: Some(who), request: &request, document: None, log_id: None };
        let answer = scenario::call(&self.channel, &call).await.unwrap();
        answer.unwrap_or_else(|status| panic!("{method} {request}: {status}"))
    }

    /// Undoes what a call that was let in has done.
    pub(super) async fn put_back(&self, method: &str, place: Option<&Place>) {
        let Some(place) = place else { return };
        let (method, request) = match method {
            "ProjectsService/RestoreProject" => {
                ("ProjectsService/DeleteProject", json!({"project_id": place.project}))
            }
            "SandboxesService/RestoreSandbox" => {
                ("SandboxesService/DeleteSandbox", json!({"sandbox_id": place.project}))
            }
            "AccessService/RemoveMember" => {
                let member = json!({
                    "project_id": place.project, "principal_id": self.extra, "role": "ROLE_VIEWER",
                });
                ("AccessService/SetMember", member)
            }
            _ => return,
        };
        self.does(&place.owner, method, request).await;
    }
}

pub(super) fn workflow(project: &str, id: &str, name: &str, body: &str) -> Value {
    let mut workflow = json!({"id": id, "name": name, "jobs": [{"id": JOB, "name": "Fetch", "body": body}]});
    if id == WORKFLOW {
        let condition = "EDGE_CONDITION_ALWAYS";
        let edge = json!({
            "id": EDGE, "source_trigger_id": TRIGGER, "target_job_id": JOB, "condition": condition,
        });
        workflow = with(workflow, &json!({"triggers": [{"id": TRIGGER, "webhook": {}}], "edges": [edge]}));
    }
    json!({"project_id": project, "workflow": workflow})
}

pub(super) fn config(project: &str) -> Value {
    json!({"project_id": project, "config": {"id": CONFIG, "kind": "journey", "name": "Signup", "value": "{}"}})
}

fn item(project: &str) -> Value {
    json!({"project_id": project, "collection_id": COLLECTION, "items": [{"key": "k", "value": "1"}]})
}

pub(super) fn keychain(project: &str) -> Value {
    json!({"project_id": project, "keychain": {"id": KEYCHAIN, "name": "Clinics", "json_path": "$.site"}})
}

pub(super) fn with(mut one: Value, more: &Value) -> Value {
    one.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    one
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().expect("the answer has it").to_owned()
}
