//! What the purge worker promises, on both engines.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "all of this is tests, also what clippy does not take for one"
)]

#[path = "../harness/mod.rs"]
mod harness;

mod due;
mod expire;
mod history;
mod prune;
mod race;
mod sweep;

use sandbar_app::{
    Etag,
    projects::{self, DeleteProject},
    purge::{self, Round, Worker},
    sandboxes::{self, DeleteSandbox},
    workflows::{self, GetWorkflow, ListWorkflows, PutWorkflow, SetTrigger, Which},
};
use sandbar_model::{
    ProjectId, ResourceId, Result, Revision, Workflow,
    workflow::{Job, Trigger, TriggerKind, Webhook},
};
use uuid::Uuid;

use harness::{Bench, Person};

/// A worker whose batches are small enough to be many.
fn worker(name: &str) -> Worker {
    Worker { batch: 3, ..Worker::new(name) }
}

/// Rounds until there is nothing left to do; what they came to together.
async fn work(bench: &Bench, worker: &Worker) -> Round {
    let mut sum = Round::default();
    loop {
        let round = purge::round(&bench.app, worker).await.unwrap();
        assert_eq!(round.failed, 0, "{round:?}");
        sum.expired += round.expired;
        sum.purged += round.purged;
        sum.rows += round.rows;
        sum.trees += round.trees;
        sum.versions += round.versions;
        sum.claims += round.claims;
        sum.contents += round.contents;
        sum.items += round.items;
        sum.answers += round.answers;
        sum.runs += round.runs;
        sum.lost += round.lost;
        if round.removed() == 0 {
            return sum;
        }
    }
}

/// A workflow with one webhook and one step, which are the same however often it is written.
fn document(id: ResourceId, name: &str, body: &str) -> Workflow<String> {
    let part = |number: u128| Uuid::from_u128(id.0.as_u128() ^ number);
    Workflow {
        name: name.to_owned(),
        concurrency: None,
        enable_job_logs: true,
        positions: std::collections::BTreeMap::new(),
        jobs: vec![Job {
            id: part(1).into(),
            name: "step".to_owned(),
            adaptor: "@openfn/language-common@latest".to_owned(),
            body: body.to_owned(),
            uses: None,
        }],
        triggers: vec![Trigger { id: part(2).into(), kind: TriggerKind::Webhook(Webhook::default()) }],
        edges: Vec::new(),
    }
}

impl Bench {
    async fn write(
        &self,
        by: &Person,
        project: ProjectId,
        id: ResourceId,
        name: &str,
        body: &str,
    ) -> Revision {
        let request = PutWorkflow {
            project,
            id,
            workflow: document(id, name, body),
            etag: Etag::Any,
            request_id: String::new(),
            validate_only: false,
        };
        workflows::put(&self.app, &by.call, &request).await.unwrap().revision
    }

    /// The name and the body of a workflow as it is now, or was at a revision; read from the database.
    async fn read(
        &self,
        by: &Person,
        project: ProjectId,
        id: ResourceId,
        revision: Option<Revision>,
    ) -> Result<(String, String)> {
        self.app.forget();
        let request = GetWorkflow { project, which: Which::Id(id), revision };
        let view = self.see(by, &request).await?;
        Ok((view.workflow.name.clone(), view.workflow.jobs[0].body.to_string()))
    }

    /// The names of a project's workflows.
    async fn names(&self, by: &Person, project: ProjectId) -> Vec<String> {
        let request = ListWorkflows { project, page_size: 0, page_token: String::new() };
        let page = workflows::list(&self.app, &by.call, &request).await.unwrap();
        page.rows.into_iter().map(|row| row.name).collect()
    }

    async fn turn_on(&self, by: &Person, project: ProjectId, id: ResourceId) {
        let trigger = document(id, "", "").triggers[0].id;
        let request = SetTrigger {
            project,
            workflow: id,
            trigger,
            enabled: true,
            etag: String::new(),
            request_id: String::new(),
        };
        workflows::set_trigger(&self.app, &by.call, &request).await.unwrap();
    }

    async fn delete_root(&self, by: &Person, project: ProjectId) {
        let request = DeleteProject { project, etag: String::new(), request_id: String::new() };
        projects::delete(&self.app, &by.call, &request).await.unwrap();
    }

    async fn delete_sandbox(&self, by: &Person, sandbox: ProjectId) {
        let request =
            DeleteSandbox { sandbox, keep_children: false, etag: String::new(), request_id: String::new() };
        sandboxes::delete(&self.app, &by.call, &request).await.unwrap();
    }

    /// How often the audit trail tells this.
    async fn told(&self, action: &'static str, project: Option<ProjectId>) -> i64 {
        let mut tx = self.app.db.connection().await.unwrap();
        let (count,): (i64,) = match project {
            None => tx.sql("SELECT COUNT(*) FROM audit_events WHERE action = $1").bind(action).one().await,
            Some(project) => {
                tx.sql("SELECT COUNT(*) FROM audit_events WHERE action = $1 AND project_id = $2")
                    .bind(action)
                    .bind(project.0)
                    .one()
                    .await
            }
        }
        .unwrap();
        count
    }
}
