//! Purge workers beside each other, killed, and against people who change their minds.

use std::{collections::BTreeMap, time::Duration};

use futures::FutureExt;
use rand::RngExt;
use sandbar_client::{
    Client, Code, Reason,
    v1::{CreateSandboxRequest, DeleteSandboxRequest, RestoreSandboxRequest},
};
use sandbar_tests::{Options, PurgeWorker, expect_refusal, on_both_engines};
use tokio::time::{Instant, sleep};

use crate::{
    concurrency::{children, sandboxes},
    flow::{
        Holdings, accept, assert_sound, at_once, export, fork, get, holdings, import, project, put, random,
        revisions, subscription, try_project, workflow,
    },
    history::states,
};

const SANDBOXES: usize = 20;

on_both_engines! {
    async fn two_workers_at_once_remove_each_sandbox_once(server: Server = Options::default().grace("0s")) {
        let client = server.user("owner").await;
        let field = Field::new(&client).await;
        let before = (export(&client, &field.root).await, holdings(&client, &field.root).await);
        field.delete_all(&client).await;
        let mut workers = [server.purge_worker(&["--worker=one", "--batch=7"]), server.purge_worker(&["--worker=two", "--batch=7"])];
        for worker in &mut workers {
            worker.wait_until_nothing_is_due().await;
            worker.stop().await;
        }
        let purged = purged(&workers);
        for id in &field.sandboxes {
            assert_eq!(purged.get(id), Some(&1), "{id}");
        }
        assert_eq!(purged.len(), SANDBOXES);
        let after = (export(&client, &field.root).await, holdings(&client, &field.root).await);
        assert!(after == before, "the parent has changed");
        field.assert_gone(&client, &before.1).await;
        assert_sound(&server);
    }

    async fn a_killed_worker_is_replaced_when_its_lease_ends(server: Server = Options::default().grace("0s")) {
        let client = server.user("owner").await;
        let field = Field::new(&client).await;
        let before = holdings(&client, &field.root).await;
        field.delete_all(&client).await;
        // So slow that it is in the middle of something whenever it is killed.
        let mut killed = server.purge_worker(&["--worker=killed", "--batch=1", "--lease=2s"]);
        let give_up = Instant::now() + Duration::from_secs(30);
        while purged(std::slice::from_ref(&killed)).len() < 3 {
            assert!(Instant::now() < give_up, "nothing is purged: {}", killed.log());
            sleep(Duration::from_millis(5)).await;
        }
        killed.kill9().await;
        let left = sandboxes(&client, &field.root, true).await.len();
        assert!(left > 0, "it was killed too late");
        let mut next = server.purge_worker(&["--worker=next", "--lease=2s"]);
        next.wait_until_nothing_is_due().await;
        next.stop().await;
        let purged = purged(&[killed, next]);
        assert!(purged.values().all(|times| *times == 1), "{purged:?}");
        field.assert_gone(&client, &before).await;
        assert_sound(&server);
    }

    async fn who_restores_in_time_keeps_everything(server: Server = Options::default().grace("2s")) {
        let client = server.user("owner").await;
        let field = Field::new(&client).await;
        let mut before = BTreeMap::new();
        for id in &field.sandboxes {
            before.insert(id.clone(), holdings(&client, id).await);
        }
        let mut random = random("restores");
        let workers = [server.purge_worker(&["--worker=one"]), server.purge_worker(&["--worker=two"])];
        let change_of_mind = |id: &String| {
            let (client, id) = (client.clone(), id.clone());
            // Around the end of the grace period.
            let pause = Duration::from_millis(random.random_range(1_600..2_300));
            async move { (id.clone(), delete_and_restore(&client, &id, pause).await) }.boxed()
        };
        // Children go with their parents, so only those without are told apart.
        let leaves = &field.sandboxes[NESTED..];
        let restored = at_once(leaves.iter().map(change_of_mind).collect()).await;
        sleep(Duration::from_secs(3)).await;
        for (id, restored) in &restored {
            if *restored {
                assert_eq!(holdings(&client, id).await, before[id], "{id} was restored");
            } else {
                expect_refusal(try_project(&client, id).await, Reason::ProjectNotFound, Code::NotFound);
            }
        }
        let kept = restored.iter().filter(|(_, restored)| *restored).count();
        assert!(kept > 0 && kept < restored.len(), "{kept} of {} were restored in time", restored.len());
        let active = i64::try_from(NESTED + kept).unwrap();
        assert_eq!(subscription(&client, &field.root).await.active_sandboxes, active);
        drop(workers);
        assert_sound(&server);
    }
}

/// How many of the sandboxes are below another.
const NESTED: usize = 6;

/// A real project with twenty sandboxes that hold something of their own.
struct Field {
    root: String,
    /// The first [`NESTED`] are in three lines of two, the child behind its parent.
    sandboxes: Vec<String>,
    /// Of those directly below the root.
    names: Vec<String>,
}

impl Field {
    async fn new(client: &Client) -> Self {
        let states = states("social-sciences");
        let root = import(client, "", &states[0].text).await.project.unwrap().id;
        let mut field = Self { root, sandboxes: Vec::new(), names: Vec::new() };
        for number in 0..SANDBOXES {
            let below = number < NESTED && number % 2 == 1;
            let parent = if below { field.sandboxes.last().unwrap().clone() } else { field.root.clone() };
            let name = format!("sandbox-{number}");
            let id = fork(client, &parent, &name).await;
            put(client, &id, workflow(&format!("own {number}"), "body"), "*").await.unwrap();
            if number % 3 == 0 {
                import(client, &id, &states[states.len() - 1].text).await;
            }
            field.sandboxes.push(id);
            field.names.extend((!below).then_some(name));
        }
        field
    }

    async fn delete_all(&self, client: &Client) {
        for one in children(client, &self.root).await {
            let request = DeleteSandboxRequest { sandbox_id: one.id, ..DeleteSandboxRequest::default() };
            client.sandboxes().delete_sandbox(request).await.unwrap();
        }
        assert!(sandboxes(client, &self.root, false).await.is_empty());
    }

    /// Checks that nothing is left: neither what can be asked for, nor names, nor ids, nor what was under those ids.
    async fn assert_gone(&self, client: &Client, root: &Holdings) {
        for id in &self.sandboxes {
            expect_refusal(try_project(client, id).await, Reason::ProjectNotFound, Code::NotFound);
        }
        assert!(sandboxes(client, &self.root, true).await.is_empty());
        assert_eq!(subscription(client, &self.root).await.active_sandboxes, 0);
        for (id, name) in self.sandboxes.iter().zip(&self.names) {
            let request = CreateSandboxRequest {
                parent_id: self.root.clone(),
                name: name.clone(),
                sandbox_id: id.clone(),
                ..CreateSandboxRequest::default()
            };
            client.sandboxes().create_sandbox(request).await.unwrap();
            assert_eq!(holdings(client, id).await, *root, "{id} is a clone of its parent as any other");
            assert_eq!(project(client, id).await.head_revision, 0);
        }
        let (id, workflow) = (&self.sandboxes[0], root.workflows.keys().next().unwrap());
        let history = revisions(client, id, workflow).await;
        assert!(history.iter().all(|revision| revision.project_id == self.root), "{history:?}");
        get(client, id, workflow).await;
    }
}

/// How often each project was purged, by what the workers say.
fn purged(workers: &[PurgeWorker]) -> BTreeMap<String, usize> {
    let mut purged = BTreeMap::new();
    for log in workers.iter().map(PurgeWorker::log) {
        for line in log.lines().filter(|line| line.contains(" purged ") && line.contains("project=")) {
            let id = line.split("project=").nth(1).unwrap().split_whitespace().next().unwrap();
            *purged.entry(id.to_owned()).or_default() += 1;
        }
    }
    purged
}

/// Whether the restore came in time.
async fn delete_and_restore(client: &Client, id: &str, pause: Duration) -> bool {
    let request = DeleteSandboxRequest { sandbox_id: id.into(), ..DeleteSandboxRequest::default() };
    client.sandboxes().delete_sandbox(request).await.unwrap();
    sleep(pause).await;
    let request = RestoreSandboxRequest { sandbox_id: id.into(), ..RestoreSandboxRequest::default() };
    let restored = client.sandboxes().restore_sandbox(request).await;
    accept(&restored, &[Reason::ProjectNotFound], "restore").is_none()
}
