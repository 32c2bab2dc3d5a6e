//! What runs and their allowances promise, on both engines, beyond what scenarios show from outside.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "all of this is tests, also what clippy does not take for one"
)]

#[path = "../harness/mod.rs"]
mod harness;

mod allowance;

use sandbar_app::{
    Credentials,
    projects::{self, UpdateSubscription},
    runs::{self, ClaimRuns, FinishRun, Input, StartRun},
    usage::{self, GetUsage, UsageView},
};
use sandbar_model::{
    ProjectId, ResourceId, Result, Role, Run, Time,
    access::PrincipalKind,
    run::{Ending, RunState, Usage},
    usage::Allowances,
};

use harness::{Bench, Person};

impl Bench {
    /// A tree with an owner, a worker and a workflow.
    async fn field(&self) -> Field {
        let owner = self.user("owner").await;
        let operator = self.person("operator", PrincipalKind::User, true).await;
        let worker = self.person("worker", PrincipalKind::ServiceAccount, false).await;
        let root = self.root(&owner, "root").await;
        self.join(root, &worker, Role::Editor).await;
        let (workflow, _) = self.workflow(&owner, root, "Sync").await;
        Field { owner, operator, worker, root, workflow }
    }

    async fn start(&self, by: &Person, project: ProjectId, workflow: ResourceId) -> Result<Run> {
        let request = StartRun {
            project,
            workflow,
            trigger: None,
            job: None,
            input: Input::Nothing,
            claim: false,
            request_id: String::new(),
        };
        Ok(runs::start(&self.app, &by.call, &request).await?.run)
    }

    /// Ends the run whose turn it is, which used so many tokens.
    async fn run_one(&self, worker: &Person, ai_tokens: i64) -> Result<Run> {
        let claim = ClaimRuns { project: None, limit: 1, request_id: String::new() };
        let work = runs::claim(&self.app, &worker.call, &claim).await?.pop().unwrap();
        let mut call = worker.call.clone();
        call.credentials = Credentials::bearer(work.secret.expose());
        call.caller = std::sync::Arc::default();
        let ending = Ending { usage: Usage { ai_tokens, ..Usage::default() }, ..Ending::default() };
        let finish = FinishRun { outcome: RunState::Success, ending, output: None, steps: Vec::new() };
        runs::finish(&self.app, &call, &finish).await
    }

    async fn allow(&self, field: &Field, allowances: Allowances) {
        let request = UpdateSubscription {
            project: field.root,
            max_active_sandboxes: None,
            allowances,
            etag: String::new(),
            request_id: String::new(),
        };
        projects::update_subscription(&self.app, &field.operator.call, &request).await.unwrap();
    }

    async fn usage(&self, by: &Person, project: ProjectId, time: Option<Time>) -> UsageView {
        usage::get(&self.app, &by.call, &GetUsage { project, time }).await.unwrap()
    }
}

/// See [`Bench::field`].
#[derive(Clone)]
struct Field {
    owner: Person,
    operator: Person,
    worker: Person,
    root: ProjectId,
    workflow: ResourceId,
}
