//! What watchers are told, on both engines.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "all of this is tests, also what clippy does not take for one"
)]

#[path = "../harness/mod.rs"]
mod harness;

mod end;
mod order;
mod race;

use std::time::Duration;

use sandbar_app::{
    Etag,
    access::{self, RemoveMember, SetMember},
    merges::{self, ApplyMerge},
    sandboxes::{self, DeleteSandbox, RestoreSandbox},
    watch::{self, ChangeView, From, Message, Watch, Watching},
    workflows::{self, DeleteWorkflow},
};
use sandbar_model::{ProjectId, ResourceId, Result, Role};
use tokio::{task::JoinHandle, time::timeout};

use harness::{Bench, Person};

/// Longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(20);

fn new_watch(project: ProjectId) -> Watch {
    Watch { project, tree: false, from: From::Now, until_now: false }
}

fn tree_watch(project: ProjectId) -> Watch {
    Watch { tree: true, ..new_watch(project) }
}

/// The same as it goes on elsewhere, up to now.
fn going_on(watch: &Watch, cursor: &str) -> Watch {
    Watch { from: From::Cursor(cursor.to_owned()), until_now: true, ..watch.clone() }
}

impl Bench {
    /// Tells this server's watchers when to look, as long as it is not aborted.
    fn keep_watch(&self) -> JoinHandle<()> {
        tokio::spawn(watch::keep_watch(self.app.clone()))
    }

    async fn watch(&self, by: &Person, request: &Watch) -> Result<Watching> {
        watch::watch(&self.app, by.call.clone(), request).await
    }

    /// The cursor of a watch that begins now.
    async fn cursor(&self, by: &Person, request: &Watch) -> String {
        next(&mut self.watch(by, request).await.unwrap()).await.unwrap().unwrap().cursor
    }

    /// What came after a cursor, up to now.
    async fn since(&self, by: &Person, request: &Watch, cursor: &str) -> Vec<Message> {
        let mut watching = self.watch(by, &going_on(request, cursor)).await.unwrap();
        all(&mut watching).await.unwrap()
    }

    async fn remove(&self, by: &Person, project: ProjectId, id: ResourceId) {
        let request = DeleteWorkflow { project, id, etag: Etag::Any, request_id: String::new() };
        workflows::delete(&self.app, &by.call, &request).await.unwrap();
    }

    async fn set_member(&self, by: &Person, project: ProjectId, who: &Person, role: Role) {
        let request =
            SetMember { project, principal: who.id, role, etag: Etag::Any, request_id: String::new() };
        access::set_member(&self.app, &by.call, &request).await.unwrap();
    }

    async fn remove_member(&self, by: &Person, project: ProjectId, who: &Person) {
        let request =
            RemoveMember { project, principal: who.id, etag: String::new(), request_id: String::new() };
        access::remove_member(&self.app, &by.call, &request).await.unwrap();
    }

    async fn delete_sandbox(&self, by: &Person, sandbox: ProjectId, keep_children: bool) {
        let request =
            DeleteSandbox { sandbox, keep_children, etag: String::new(), request_id: String::new() };
        sandboxes::delete(&self.app, &by.call, &request).await.unwrap();
    }

    async fn restore_sandbox(&self, by: &Person, sandbox: ProjectId) {
        let request = RestoreSandbox { sandbox, name: String::new(), request_id: String::new() };
        sandboxes::restore(&self.app, &by.call, &request).await.unwrap();
    }

    /// Merges everything into the parent.
    async fn merge(&self, by: &Person, source: ProjectId, retire: bool) {
        let request = ApplyMerge {
            source,
            target: None,
            choices: sandbar_merge::Choices { defaults: true, ..sandbar_merge::Choices::default() },
            retire: Some(retire),
            review: merges::Review::Unreviewed,
            request_id: String::new(),
            validate_only: false,
        };
        merges::apply(&self.app, &by.call, &request).await.unwrap();
    }
}

/// The next message, that must come in time.
async fn next(watching: &mut Watching) -> Result<Option<Message>> {
    timeout(PATIENCE, watching.next()).await.expect("nothing comes")
}

/// The next change.
async fn change(watching: &mut Watching) -> ChangeView {
    loop {
        if let Some(change) = next(watching).await.unwrap().expect("it ended").change {
            return change;
        }
    }
}

/// Every message until it ends by itself, but for the first.
async fn all(watching: &mut Watching) -> Result<Vec<Message>> {
    let mut messages = Vec::new();
    while let Some(message) = next(watching).await? {
        messages.push(message);
    }
    assert!(messages.remove(0).change.is_none(), "the first is a sign of life");
    Ok(messages)
}

/// In short: of resources the name and the revision, of others what was done.
fn say(change: &ChangeView) -> String {
    let kind = change.kind;
    change.resource.as_ref().map_or_else(
        || format!("{kind:?}"),
        |resource| format!("{kind:?} {} {}", resource.revision, resource.name).trim_end().to_owned(),
    )
}

fn said(messages: &[Message]) -> Vec<String> {
    messages.iter().filter_map(|message| message.change.as_ref()).map(say).collect()
}
