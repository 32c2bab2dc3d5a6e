//! What the suites of this crate begin with: the app on a fresh database of either engine, in a world whose clock and
//! dice are the test's, and people in it.
//!
//! Each case is an `async fn case(bench: Bench)`; `cases!` makes of it one test on each engine. A missing PostgreSQL
//! fails the suite, it does not skip.

#![allow(dead_code, unreachable_pub, unused_imports, reason = "each suite takes a part of it")]

pub mod catalog;
mod engine;
mod people;
mod world;

use std::{fmt::Debug, sync::Arc};

use sandbar_app::{
    App, Etag, Limits, Sealer,
    projects::{self, CreateProject},
    sandboxes::{self, CreateSandbox},
    vault::KeyRing,
    view::WorkflowView,
    workflows::{self, GetWorkflow, PutWorkflow, Shown},
};
use sandbar_model::{
    ProjectId, ResourceId, Result, TriggerId, Workflow,
    project::{Profile, Settings},
    workflow::{Trigger, TriggerKind, Webhook},
};
use sandbar_store::Db;

pub(crate) use engine::{cases, on_postgres, on_sqlite};
pub use people::Person;
pub use world::{FakeWorld, START};

/// The app at work.
#[derive(Clone)]
pub struct Bench {
    /// As the server holds it.
    pub app: Arc<App>,
    /// Its clock and dice.
    pub world: Arc<FakeWorld>,
}

impl Bench {
    /// On a database that was migrated.
    pub fn new(db: Db) -> Self {
        Self::with_limits(db, Limits::default())
    }

    /// As an operator set it up.
    pub fn with_limits(db: Db, limits: Limits) -> Self {
        let world = Arc::new(FakeWorld::default());
        let sealer = Sealer::new(b"a key for the tests").unwrap();
        Self { app: Arc::new(App::new(db, Arc::clone(&world) as _, sealer, master_keys(), limits)), world }
    }

    /// The same database and world under other limits, like another server of one service.
    pub fn limited(&self, limits: Limits) -> Self {
        let sealer = Sealer::new(b"a key for the tests").unwrap();
        let app = App::new(self.app.db.clone(), Arc::clone(&self.world) as _, sealer, master_keys(), limits);
        Self { app: Arc::new(app), world: Arc::clone(&self.world) }
    }

    /// A workflow as somebody sees it.
    pub async fn see(&self, by: &Person, request: &GetWorkflow) -> Result<Arc<WorkflowView>> {
        let shown = Shown::new(Arc::new, |_| 1);
        workflows::get(&self.app, &by.call, request, &shown).await
    }

    /// How many rows a table has.
    pub async fn count(&self, table: &str) -> i64 {
        let mut tx = self.app.db.connection().await.unwrap();
        let text: &str = format!("SELECT COUNT(*) FROM {table}").leak();
        let (count,): (i64,) = tx.sql(text).one().await.unwrap();
        count
    }

    /// A root of somebody's.
    pub async fn root(&self, owner: &Person, name: &str) -> ProjectId {
        let request = CreateProject {
            profile: profile(name),
            id: None,
            request_id: String::new(),
            validate_only: false,
        };
        projects::create(&self.app, &owner.call, &request).await.unwrap().project.id
    }

    /// A sandbox of somebody's.
    pub async fn sandbox(&self, creator: &Person, parent: ProjectId, name: &str) -> ProjectId {
        self.try_sandbox(creator, &new_sandbox(parent, name)).await.unwrap()
    }

    /// A sandbox, or why not.
    pub async fn try_sandbox(&self, creator: &Person, request: &CreateSandbox) -> Result<ProjectId> {
        Ok(sandboxes::create(&self.app, &creator.call, request).await?.project.id)
    }

    /// A workflow of one webhook trigger.
    pub async fn workflow(&self, writer: &Person, project: ProjectId, name: &str) -> (ResourceId, TriggerId) {
        let (id, trigger) = (self.app.new_id().into(), self.app.new_id().into());
        self.put(writer, project, id, trigger, name).await;
        (id, trigger)
    }

    /// The same under another name, or in another project.
    pub async fn put(
        &self,
        writer: &Person,
        project: ProjectId,
        id: ResourceId,
        trigger: TriggerId,
        name: &str,
    ) {
        let request = PutWorkflow {
            project,
            id,
            workflow: workflow(name, trigger),
            etag: Etag::Any,
            request_id: String::new(),
            validate_only: false,
        };
        workflows::put(&self.app, &writer.call, &request).await.unwrap();
    }
}

/// The master keys of every test.
pub fn master_keys() -> Arc<KeyRing> {
    Arc::new(KeyRing::parse(&format!("k1:{}", "5a".repeat(32))).unwrap())
}

/// A profile with nothing but a name.
pub fn profile(name: &str) -> Profile {
    Profile {
        name: name.to_owned(),
        description: String::new(),
        color: String::new(),
        environment: String::new(),
        settings: Settings::default(),
    }
}

/// A request for a sandbox with nothing but a name.
pub fn new_sandbox(parent: ProjectId, name: &str) -> CreateSandbox {
    CreateSandbox {
        parent,
        id: None,
        name: name.to_owned(),
        description: String::new(),
        color: String::new(),
        environment: String::new(),
        ttl: None,
        dataclips: Vec::new(),
        request_id: String::new(),
        validate_only: false,
    }
}

/// The same request under an id.
pub fn with_id(request: CreateSandbox, id: &str) -> CreateSandbox {
    CreateSandbox { request_id: id.to_owned(), ..request }
}

fn workflow(name: &str, trigger: TriggerId) -> Workflow<String> {
    Workflow {
        name: name.to_owned(),
        concurrency: None,
        enable_job_logs: true,
        positions: std::collections::BTreeMap::new(),
        jobs: Vec::new(),
        triggers: vec![Trigger { id: trigger, kind: TriggerKind::Webhook(Webhook::default()) }],
        edges: Vec::new(),
    }
}

/// The fields that a refusal complains about.
pub fn fields<T: Debug>(refused: Result<T>) -> Vec<String> {
    match refused {
        Err(sandbar_model::Error::InvalidFields { violations }) => {
            violations.into_iter().map(|violation| violation.field).collect()
        }
        other => panic!("wanted violations, got {other:?}"),
    }
}

/// Asserts that something was refused for this reason.
macro_rules! refused {
    ($result:expr, $pattern:pat $(if $guard:expr)?) => {
        match $result {
            Err($pattern) $(if $guard)? => {}
            other => panic!("wanted Err({}), got {other:?}", stringify!($pattern $(if $guard)?)),
        }
    };
}
pub(crate) use refused;
