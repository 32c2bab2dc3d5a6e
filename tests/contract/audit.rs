//! Every call that changes something can be repeated safely: also when its answer was lost, and also at once with itself, it
//! has one effect and one answer, and leaves exactly one event that says who did what, with which token and from where. Its
//! check and its refusals leave none, and a request id is never taken for another request's. Nothing that is secret is in any
//! event.

mod afterwards;
mod another_body;
mod collections;
mod credentials;
mod runs;
mod sandboxes;
mod webhooks;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use futures::future::join_all;
use sandbar_client::v1::{
    AuditEvent, AuditTrail, CreateProjectRequest, ExportAuditEventsRequest, PrincipalKind, Project,
    WhoAmIRequest,
};
use sandbar_tests::{
    Options, Server, User, canary, on_both_engines,
    scenario::{self, Call, MethodInfo},
};
use serde_json::{Value, json};
use tokio::time::timeout;
use tonic::transport::{Channel, Endpoint};

const WORKFLOW: &str = "11111111-1111-4111-8111-111111111111";
const JOB: &str = "aaaaaaaa-0001-4aaa-8aaa-aaaaaaaaaaaa";
const TRIGGER: &str = "bbbbbbbb-0001-4bbb-8bbb-bbbbbbbbbbbb";
const EDGE: &str = "cccccccc-0001-4ccc-8ccc-cccccccccccc";
const CONFIG: &str = "dddddddd-0001-4ddd-8ddd-dddddddddddd";
const KEYCHAIN: &str = "88888888-8888-4888-8888-888888888888";
/// Of a credential, and of what webhooks ask for.
const VALUE: &str = canary::SECRET;
/// Calls whose first answer has a secret.
const TOLD_ONCE: [&str; 2] = ["AccessService/CreateToken", "AccessService/RotateToken"];
const IMPORT: &str = "ProjectsService/ImportProject";
const DOCUMENT: &[u8] = br#"{"name": "orders", "workflows": {}}"#;

on_both_engines! {
    async fn every_call_that_changes_something_leaves_one_event(
        mut server: Server = Options::default().env("SANDBAR_LOG", "trace")
    ) {
        let mut story = Story::begin(&server).await;
        let project = story.tell_of_projects_and_people().await;
        story.tell_of_resources(&project).await;
        story.tell_of_collections(&project).await;
        story.tell_of_credentials(&project).await;
        story.tell_of_runs(&project).await;
        story.tell_of_webhooks(&project).await;
        story.tell_of_sandboxes(&project).await;
        story.tell_of_the_end(&project).await;
        story.all_was_told();
        story.every_chain_is_whole().await;
        let secrets = story.nothing_secret_was_told().await;
        server.stop().await;
        afterwards::nothing_secret_was_kept(&server, &secrets).await;
    }
}

/// One call and what its event must say.
struct Deed<'a> {
    method: &'a str,
    request: Value,
    action: &'a str,
    /// The kind of its subject; empty: none.
    subject: &'a str,
}

fn deed<'a>(method: &'a str, request: Value, action: &'a str, subject: &'a str) -> Deed<'a> {
    Deed { method, request, action, subject }
}

/// Calls, one after the other, each looked up in the trail.
struct Story<'a> {
    server: &'a Server,
    channel: Channel,
    admin: Person,
    ann: Person,
    olga: User,
    /// Another project of Ann's.
    other: String,
    methods: Vec<MethodInfo>,
    /// The roots of the trees that there are.
    roots: BTreeSet<String>,
    told: BTreeSet<String>,
    secrets: Vec<String>,
    count: usize,
    /// Each caller's last deed: its number, and what it was.
    last: BTreeMap<String, (usize, String)>,
}

#[derive(Clone)]
struct Person {
    id: String,
    token: String,
    token_id: String,
}

impl<'a> Story<'a> {
    async fn begin(server: &'a Server) -> Self {
        let channel = Endpoint::from_shared(server.endpoint()).unwrap().connect_lazy();
        let ann = server.principal("ann", PrincipalKind::User).await;
        let olga = server.principal("olga", PrincipalKind::User).await;
        let admin_token = server.admin_token().to_owned();
        let project = Project { name: "other".to_owned(), ..Default::default() };
        let request = CreateProjectRequest { project: Some(project), ..Default::default() };
        let other = ann.client.projects().create_project(request).await.unwrap().project.unwrap().id;
        Self {
            channel,
            secrets: vec![admin_token.clone(), ann.token.clone(), olga.token.clone()],
            admin: person(server, &admin_token).await,
            ann: person(server, &ann.token).await,
            olga,
            methods: scenario::methods(),
            roots: BTreeSet::from([other.clone()]),
            other,
            told: BTreeSet::new(),
            count: 0,
            last: BTreeMap::new(),
            server,
        }
    }

    async fn tell_of_projects_and_people(&mut self) -> String {
        let (admin, ann, olga) = (self.admin.clone(), self.ann.clone(), self.olga.id.clone());
        let user = json!({"principal": {"kind": "PRINCIPAL_KIND_USER", "name": "new"}});
        self.does(&admin, deed("AccessService/CreatePrincipal", user, "principal.create", "principal")).await;
        let create = json!({"project": {"name": "orders"}});
        let made = self.does(&ann, deed("ProjectsService/CreateProject", create, "project.create", "")).await;
        let project = text(&made["project"]["id"]);
        let of = json!({"project_id": project});
        let limit = with(&of, &json!({"max_active_sandboxes": 50}));
        self.does(&admin, deed("ProjectsService/UpdateSubscription", limit, "subscription.update", "")).await;
        let rename = with(&of, &json!({"project": {"name": "orders-2"}, "update_mask": "name"}));
        self.does(&ann, deed("ProjectsService/UpdateProject", rename, "project.update", "")).await;
        let member = with(&of, &json!({"principal_id": olga, "role": "ROLE_VIEWER"}));
        self.does(&ann, deed("AccessService/SetMember", member, "member.set", "principal")).await;
        let member = with(&of, &json!({"principal_id": olga}));
        self.does(&ann, deed("AccessService/RemoveMember", member, "member.remove", "principal")).await;
        let token = with(&of, &json!({"name": "one more"}));
        let made = self.does(&ann, deed("AccessService/CreateToken", token, "token.create", "token")).await;
        self.secrets.push(text(&made["secret"]));
        let token = json!({"token_id": made["token"]["id"]});
        let made =
            self.does(&ann, deed("AccessService/RotateToken", token.clone(), "token.rotate", "token")).await;
        self.secrets.push(text(&made["secret"]));
        self.does(&ann, deed("AccessService/RevokeToken", token, "token.revoke", "token")).await;
        project
    }

    async fn tell_of_resources(&mut self, project: &str) {
        let ann = self.ann.clone();
        let of = json!({"project_id": project, "workflow_id": WORKFLOW});
        self.puts(project, "one();").await;
        self.puts(project, "two();").await;
        let trigger = with(&of, &json!({"trigger_id": TRIGGER, "enabled": true}));
        self.does(
            &ann,
            deed("WorkflowsService/SetTriggerEnabled", trigger, "trigger.set_enabled", "trigger"),
        )
        .await;
        let back = with(&of, &json!({"revision": 1}));
        let restore = deed("WorkflowsService/RestoreWorkflowRevision", back, "workflow.restore", "workflow");
        self.does(&ann, restore).await;
        let of = json!({"project_id": project});
        let config = json!({"id": CONFIG, "kind": "journey", "name": "Signup", "value": "{\"steps\": []}"});
        let config = with(&of, &json!({"config": config}));
        self.does(&ann, deed("ConfigsService/PutConfig", config, "config.put", "config")).await;
        let config = with(&of, &json!({"config_id": CONFIG}));
        self.does(&ann, deed("ConfigsService/DeleteConfig", config, "config.delete", "config")).await;
        let keychain =
            with(&of, &json!({"keychain": {"id": KEYCHAIN, "name": "Clinics", "json_path": "$.site"}}));
        self.does(&ann, deed("KeychainsService/PutKeychain", keychain, "keychain.put", "keychain")).await;
        let keychain = with(&of, &json!({"keychain_id": KEYCHAIN}));
        self.does(&ann, deed("KeychainsService/DeleteKeychain", keychain, "keychain.delete", "keychain"))
            .await;
    }

    async fn puts(&mut self, project: &str, body: &str) {
        let workflow = json!({
            "id": WORKFLOW, "name": "Sync", "jobs": [{"id": JOB, "name": "Fetch", "body": body}],
            "triggers": [{"id": TRIGGER, "webhook": {}}],
            "edges": [{
                "id": EDGE, "source_trigger_id": TRIGGER, "target_job_id": JOB,
                "condition": "EDGE_CONDITION_ALWAYS",
            }],
        });
        let put = json!({"project_id": project, "workflow": workflow});
        let ann = self.ann.clone();
        self.does(&ann, deed("WorkflowsService/PutWorkflow", put, "workflow.put", "workflow")).await;
    }

    /// Checks it, is refused, does it and does it again; of all that there must be one event.
    async fn does(&mut self, who: &Person, deed: Deed<'_>) -> Value {
        self.count += 1;
        let method = self.methods.iter().find(|one| one.name == deed.method).unwrap().clone();
        let place = |field: &str| {
            let found = method.fields.iter().find(|path| path.rsplit('.').next() == Some(field));
            found.cloned()
        };
        let id = place("request_id").unwrap_or_else(|| panic!("{} takes no request_id", deed.method));
        let log_id = format!("audit-test-{}", self.count);
        let before = self.events().await;

        if let Some(path) = place("validate_only") {
            let check = set(&deed.request, &path, true.into());
            self.call(who, (&deed, &check), &log_id).await.unwrap_or_else(|why| panic!("{why}"));
        }
        let request = set(&deed.request, &id, format!("request-{}", self.count).into());
        let too_long = set(&deed.request, &id, "x".repeat(65).into());
        self.call(who, (&deed, &too_long), &log_id).await.expect_err("an id of 65 characters");
        let nobody = Person { token: self.secrets[0].replace(char::is_numeric, "0"), ..who.clone() };
        self.call(&nobody, (&deed, &request), &log_id).await.expect_err("a token of nobody's");
        self.is_refused_with_an_earlier_id(who, (&deed, &id), &log_id).await;
        assert_eq!(before, self.events().await, "a check or a refusal of {} left an event", deed.method);

        let answer = self.repeats(who, (&deed, &request), &log_id).await;
        if let Some(root) = answer["project"]["root_id"].as_str() {
            self.roots.insert(root.to_owned());
        }
        let after = self.events().await;
        self.is_refused_with_another_body(who, (&deed, &request), &log_id).await;
        assert_eq!(after, self.events().await, "{}: another body left an event", deed.method);
        let new: Vec<_> = after.iter().filter(|event| !before.contains(event)).collect();
        let [event] = new[..] else { panic!("{} left {} events: {new:#?}", deed.method, new.len()) };
        assert_eq!(after.len(), before.len() + 1, "{}: events went away", deed.method);
        check(event, who, &deed, &log_id);
        self.told.insert(deed.method.to_owned());
        answer
    }

    /// Does it: first for somebody who is gone before the answer, or just after it; then four times at once; then once
    /// more. All are answered alike, but that only one is told what is secret.
    async fn repeats(&self, who: &Person, (deed, request): (&Deed<'_>, &Value), log_id: &str) -> Value {
        let patience = Duration::from_millis(2) * u32::try_from(self.count % 12).unwrap();
        // An answer with a secret can't be had again, only another secret.
        let lost = if TOLD_ONCE.contains(&deed.method) {
            None
        } else {
            timeout(patience, self.call(who, (deed, request), log_id)).await.ok()
        };
        let at_once = join_all((0..4).map(|_| self.call(who, (deed, request), log_id))).await;
        let once_more = self.call(who, (deed, request), log_id).await;
        let answers = lost.into_iter().chain(at_once).chain([once_more]);
        let answers: Vec<_> = answers.map(|answer| answer.unwrap_or_else(|why| panic!("{why}"))).collect();
        for answer in &answers {
            assert_eq!(without_secrets(answer), without_secrets(&answers[0]), "{}", deed.method);
        }
        let told = |answer: &&Value| answer["secret"].as_str().is_none_or(|secret| !secret.is_empty());
        answers.iter().find(told).unwrap_or(&answers[0]).clone()
    }

    async fn call(
        &self,
        who: &Person,
        (deed, request): (&Deed<'_>, &Value),
        log_id: &str,
    ) -> Result<Value, String> {
        let document = (deed.method == IMPORT).then_some(DOCUMENT);
        self.call_with(who, (deed, request, document), log_id).await
    }

    async fn call_with(
        &self,
        who: &Person,
        (deed, request, document): (&Deed<'_>, &Value, Option<&[u8]>),
        log_id: &str,
    ) -> Result<Value, String> {
        let (token, log_id) = (Some(who.token.as_str()), Some(log_id));
        let call = Call { method: deed.method, token, request, document, log_id };
        let answer = scenario::call(&self.channel, &call).await.unwrap();
        answer.map_err(|status| format!("{} {request}: {status}", deed.method))
    }

    /// Every event that there is.
    async fn events(&self) -> Vec<AuditEvent> {
        let mut events = Vec::new();
        for project_id in self.roots.iter().cloned().chain([String::new()]) {
            let trail = Some(AuditTrail { tree: !project_id.is_empty(), project_id });
            let request = ExportAuditEventsRequest { trail, ..Default::default() };
            events.extend(self.server.admin().audit().export_audit_events(request).all().await.unwrap());
        }
        events
    }
}

fn check(event: &AuditEvent, who: &Person, deed: &Deed<'_>, log_id: &str) {
    let actor = event.actor.clone().unwrap_or_default();
    let said = (actor.principal_id, &event.token_id, event.address.as_str(), event.request_id.as_str());
    assert_eq!(said, (who.id.clone(), &who.token_id, "127.0.0.1", log_id), "{}", deed.method);
    let said = (event.action.as_str(), event.subject_kind.as_str(), event.subject_id.is_empty());
    assert_eq!(said, (deed.action, deed.subject, deed.subject.is_empty()), "{}", deed.method);
    let detail: Value = serde_json::from_str(&event.detail).unwrap();
    assert!(detail.is_object(), "{} says no more than {detail}", deed.method);
}

async fn person(server: &Server, token: &str) -> Person {
    let who = server.client(token).access().who_am_i(WhoAmIRequest {}).await.unwrap();
    Person { id: who.principal.unwrap().id, token: token.to_owned(), token_id: who.token.unwrap().id }
}

fn text(value: &Value) -> String {
    value.as_str().expect("the answer has it").to_owned()
}

/// Both objects' fields.
fn with(one: &Value, more: &Value) -> Value {
    let mut both = one.clone();
    both.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    both
}

/// An answer as it may be told twice.
fn without_secrets(answer: &Value) -> Value {
    let mut rest = answer.clone();
    rest.as_object_mut().unwrap().remove("secret");
    for work in rest["work"].as_array_mut().into_iter().flatten() {
        work.as_object_mut().unwrap().remove("run_token");
    }
    rest
}

/// The object with another value at a path.
fn set(object: &Value, path: &str, value: Value) -> Value {
    let mut changed = object.clone();
    let place = path.split('.').fold(&mut changed, |inner, part| &mut inner[part]);
    *place = value;
    changed
}
