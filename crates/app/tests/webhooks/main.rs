//! What the operations on webhook auth methods promise, on both engines, beyond what scenarios show from outside.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "all of this is tests, also what clippy does not take for one"
)]

#[path = "../harness/mod.rs"]
mod harness;

use sandbar_app::{
    Etag,
    webhooks::{self, AuthenticateWebhook, CreateMethod, DeleteMethod},
    workflows::{self, PutWorkflow, SetTrigger},
};
use sandbar_model::{
    Error, ProjectId, ResourceId, Result, Role, TriggerId, WebhookAuthMethodId, Workflow,
    access::{Member, PrincipalKind},
    webhook::WebhookSecret,
    workflow::{Trigger, TriggerKind, Webhook},
};
use sandbar_store::member;

use harness::{Bench, Person, cases, refused};

cases! {
    a_row_that_was_changed_or_swapped_lets_nobody_in
    one_damaged_method_does_not_shut_out_the_callers_of_another
    a_method_that_is_gone_shuts_out_everybody
    who_names_a_method_and_who_deletes_it_never_both_succeed
}

fn key(text: &str) -> WebhookSecret {
    WebhookSecret::ApiKey(text.into())
}

async fn method(bench: &Bench, owner: &Person, project: ProjectId, text: &str) -> WebhookAuthMethodId {
    let request = CreateMethod {
        project,
        id: None,
        name: text.to_owned(),
        secret: key(text),
        request_id: String::new(),
        validate_only: false,
    };
    webhooks::create(&bench.app, &owner.call, &request).await.unwrap().id
}

async fn delete(bench: &Bench, owner: &Person, project: ProjectId, id: WebhookAuthMethodId) -> Result<()> {
    let request = DeleteMethod { project, id, etag: String::new(), request_id: String::new() };
    webhooks::delete(&bench.app, &owner.call, &request).await
}

/// Puts a workflow with a webhook that these methods guard.
async fn guard(
    bench: &Bench,
    owner: &Person,
    (project, id, trigger): (ProjectId, ResourceId, TriggerId),
    methods: &[WebhookAuthMethodId],
) -> Result<()> {
    let auth_methods = methods.iter().map(|id| id.0).collect();
    let kind = TriggerKind::Webhook(Webhook { auth_methods, ..Webhook::default() });
    let workflow = Workflow {
        name: "Sync".to_owned(),
        concurrency: None,
        enable_job_logs: true,
        positions: std::collections::BTreeMap::new(),
        jobs: Vec::new(),
        triggers: vec![Trigger { id: trigger, kind }],
        edges: Vec::new(),
    };
    let (etag, request_id) = (Etag::Any, String::new());
    let request = PutWorkflow { project, id, workflow, etag, request_id, validate_only: false };
    workflows::put(&bench.app, &owner.call, &request).await.map(|_| ())
}

/// A webhook that is on, guarded by two methods, and a gateway.
struct Stage {
    bench: Bench,
    gateway: Person,
    trigger: TriggerId,
    methods: [WebhookAuthMethodId; 2],
}

impl Stage {
    async fn build(bench: Bench) -> Self {
        let owner = bench.user(&bench.app.new_id().to_string()).await;
        let project = bench.root(&owner, "orders").await;
        let gateway = bench.person("gateway", PrincipalKind::ServiceAccount, false).await;
        let mut tx = bench.app.db.write().await.unwrap();
        let editor = Member { principal: gateway.id, role: Role::Editor };
        member::put(&mut tx, project, &editor).await.unwrap();
        tx.commit().await.unwrap();
        let one = method(&bench, &owner, project, "canary-one").await;
        let other = method(&bench, &owner, project, "canary-other").await;
        let (workflow, trigger) = (bench.app.new_id().into(), bench.app.new_id().into());
        guard(&bench, &owner, (project, workflow, trigger), &[one, other]).await.unwrap();
        let on = SetTrigger {
            project,
            workflow,
            trigger,
            enabled: true,
            etag: String::new(),
            request_id: String::new(),
        };
        workflows::set_trigger(&bench.app, &owner.call, &on).await.unwrap();
        Self { bench, gateway, trigger, methods: [one, other] }
    }

    async fn shows(&self, text: &str) -> Result<()> {
        let request =
            AuthenticateWebhook { project: None, path: self.trigger.to_string(), shown: vec![key(text)] };
        webhooks::authenticate(&self.bench.app, &self.gateway.call, &request).await.map(|_| ())
    }

    /// What somebody does who has the database; `$1` is the first method, `$2` the second.
    async fn tamper(&self, text: &'static str) {
        let mut tx = self.bench.app.db.write().await.unwrap();
        let [one, other] = self.methods;
        assert_eq!(tx.sql(text).bind(one.0).bind(other.0).execute().await.unwrap(), 1, "{text}");
        tx.commit().await.unwrap();
    }

    async fn damaged(&self) -> Vec<WebhookAuthMethodId> {
        let walk = webhooks::verify(&self.bench.app, None, 100).await.unwrap();
        assert_eq!(walk.done + walk.damaged.len() as u64, 2);
        walk.damaged.into_iter().map(|of| of.id).collect()
    }
}

async fn a_row_that_was_changed_or_swapped_lets_nobody_in(bench: Bench) {
    for change in [
        "UPDATE webhook_auth_methods SET sealed = (SELECT sealed FROM webhook_auth_methods WHERE id = $2) WHERE id = $1",
        "UPDATE webhook_auth_methods SET data_key = (SELECT data_key FROM webhook_auth_methods WHERE id = $2) WHERE id = $1",
        "UPDATE webhook_auth_methods SET sealed = o.sealed, data_key = o.data_key
            FROM webhook_auth_methods o WHERE o.id = $2 AND webhook_auth_methods.id = $1",
        "UPDATE webhook_auth_methods SET kind = 1 WHERE id = $1 AND id <> $2",
    ] {
        let stage = Stage::build(bench.clone()).await;
        stage.shows("canary-one").await.unwrap();
        stage.shows("canary-other").await.unwrap();
        stage.tamper(change).await;
        refused!(stage.shows("canary-one").await, Error::WebhookAuthMethodDamaged { id } if id == stage.methods[0]);
        let root = "DELETE FROM webhook_auth_methods WHERE id = $1 AND id <> $2";
        stage.tamper(root).await;
        let other = "DELETE FROM webhook_auth_methods WHERE id <> $1 AND id = $2";
        stage.tamper(other).await;
    }
}

async fn one_damaged_method_does_not_shut_out_the_callers_of_another(bench: Bench) {
    let stage = Stage::build(bench).await;
    assert_eq!(stage.damaged().await, []);
    stage.tamper("UPDATE webhook_auth_methods SET kind = 1 WHERE id = $1 AND id <> $2").await;
    stage.shows("canary-other").await.unwrap();
    refused!(stage.shows("canary-none").await, Error::WebhookAuthMethodDamaged { .. });
    assert_eq!(stage.damaged().await, [stage.methods[0]]);
}

async fn a_method_that_is_gone_shuts_out_everybody(bench: Bench) {
    let stage = Stage::build(bench).await;
    stage.tamper("DELETE FROM webhook_auth_methods WHERE id = $1 AND id <> $2").await;
    refused!(stage.shows("canary-one").await, Error::WebhookNotFound);
    stage.shows("canary-other").await.unwrap();
    stage.tamper("DELETE FROM webhook_auth_methods WHERE id <> $1 AND id = $2").await;
    refused!(stage.shows("canary-other").await, Error::WebhookNotFound);
    let nothing = AuthenticateWebhook { project: None, path: stage.trigger.to_string(), shown: Vec::new() };
    let asked = webhooks::authenticate(&stage.bench.app, &stage.gateway.call, &nothing).await;
    refused!(asked, Error::WebhookNotFound);
}

async fn who_names_a_method_and_who_deletes_it_never_both_succeed(bench: Bench) {
    let owner = bench.user("ann").await;
    let project = bench.root(&owner, "orders").await;
    for round in 0..12 {
        let id = method(&bench, &owner, project, &format!("canary-{round}")).await;
        let place = (project, bench.app.new_id().into(), bench.app.new_id().into());
        let methods = [id];
        let (named, deleted) =
            tokio::join!(guard(&bench, &owner, place, &methods), delete(&bench, &owner, project, id));
        match (named, deleted) {
            (Ok(()), Err(Error::WebhookAuthMethodInUse { count: 1, .. }))
            | (Err(Error::WebhookAuthMethodMissing { .. }), Ok(())) => {}
            other => panic!("round {round}: {other:?}"),
        }
        guard(&bench, &owner, place, &[]).await.unwrap();
        let gone =
            workflows::DeleteWorkflow { project, id: place.1, etag: Etag::Any, request_id: String::new() };
        workflows::delete(&bench.app, &owner.call, &gone).await.unwrap();
    }
}
