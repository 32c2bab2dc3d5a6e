//! What clients of `OpenFn` were shown of workflows.

use sandbar_model::{ProjectId, Revision, project::Fork};
use sandbar_store::{
    Db, Tx, flatten, project,
    view::{View, Views},
    workflow_version::{self, WorkflowVersion},
};

use crate::{
    engine::cases,
    fixture::{self, NOW, id},
};

cases! {
    a_project_shows_what_its_ancestors_showed_up_to_the_fork_and_then_its_own
    two_that_show_at_once_both_stay
    who_moves_up_keeps_what_came_before
}

fn version(project: ProjectId, number: i64, digest: &str, revision: i64) -> WorkflowVersion {
    let revision = Revision(revision);
    WorkflowVersion { project, workflow: id(7), number, digest: digest.to_owned(), revision }
}

async fn digests(tx: &mut Tx, view: &View) -> Vec<String> {
    let mut shown = workflow_version::shown(tx, view, &[id(7), id(8)]).await.unwrap();
    shown.remove(&id(7)).unwrap_or_default().into_iter().map(|version| version.digest).collect()
}

async fn a_project_shows_what_its_ancestors_showed_up_to_the_fork_and_then_its_own(db: Db) {
    let [mut root, ..] = fixture::family(&db).await;
    let mut tx = db.write().await.unwrap();
    let shown = [version(root.id, 1, "a", 1), version(root.id, 2, "b", 2), version(root.id, 3, "c", 3)];
    workflow_version::put(&mut tx, &shown).await.unwrap();
    root.head = Revision(2);
    let sandbox = fixture::add_sandbox(&mut tx, 50, &root).await;
    workflow_version::put(&mut tx, &[version(sandbox.id, 4, "d", 0)]).await.unwrap();
    let views = Views::default();
    let (above, below) =
        (views.of(&mut tx, &root).await.unwrap(), views.of(&mut tx, &sandbox).await.unwrap());
    assert_eq!(digests(&mut tx, &above).await, ["a", "b", "c"]);
    assert_eq!(digests(&mut tx, &below).await, ["a", "b", "d"]);
    let all = workflow_version::shown(&mut tx, &below, &[id(7)]).await.unwrap().remove(&id(7)).unwrap();
    assert_eq!(all[..2], shown[..2]);
    assert!(workflow_version::shown(&mut tx, &below, &[]).await.unwrap().is_empty());
}

async fn two_that_show_at_once_both_stay(db: Db) {
    let [root, ..] = fixture::family(&db).await;
    let mut tx = db.write().await.unwrap();
    let (one, other) = (version(root.id, 1, "b", 1), version(root.id, 1, "a", 1));
    workflow_version::put(&mut tx, std::slice::from_ref(&one)).await.unwrap();
    workflow_version::put(&mut tx, &[other, one]).await.unwrap();
    let view = Views::default().of(&mut tx, &root).await.unwrap();
    assert_eq!(digests(&mut tx, &view).await, ["a", "b"]);
}

async fn who_moves_up_keeps_what_came_before(db: Db) {
    let [root, ..] = fixture::family(&db).await;
    let mut tx = db.write().await.unwrap();
    let mut middle = fixture::add_sandbox(&mut tx, 50, &root).await;
    middle.head = Revision(1);
    let child = fixture::add_sandbox(&mut tx, 51, &middle).await;
    let shown = [
        version(root.id, 1, "a", 0),
        version(middle.id, 2, "b", 1),
        version(middle.id, 3, "too late", 2),
        version(child.id, 3, "c", 1),
    ];
    workflow_version::put(&mut tx, &shown).await.unwrap();
    let view = Views::default().of(&mut tx, &middle).await.unwrap();
    let above = View { root: view.root, levels: view.inherited().to_vec() };
    flatten::flatten(&mut tx, &middle, &child, &above).await.unwrap();
    let fork = Fork { parent: root.id, ..middle.fork.unwrap() };
    project::move_up(&mut tx, &child, fork, 1, NOW).await.unwrap();
    let child = project::get(&mut tx, child.id).await.unwrap().unwrap();
    let view = Views::default().of(&mut tx, &child).await.unwrap();
    assert_eq!(digests(&mut tx, &view).await, ["a", "b", "c"]);
}
