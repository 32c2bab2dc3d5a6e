//! Webhook auth methods, the triggers that they guard, and paths.

use sandbar_model::{
    Document, Error, Kind, Project, ProjectId, TriggerId, WebhookAuthMethod, Workflow,
    webhook::WebhookAuthKind,
    workflow::{StoredWorkflow, Trigger, TriggerKind, Webhook, path_id},
};
use sandbar_store::{
    Db, Tx,
    credential::WrappedKey,
    member, project, purge, trigger,
    view::Views,
    webhook_auth::{self, Key, SealedSecret},
    write::{Write, Writer},
};

use crate::{
    engine::cases,
    fixture::{self, NOW, add_root, add_sandbox, family, id},
};

cases! {
    a_method_comes_back_as_it_went_and_is_renamed
    names_and_ids_are_unique_in_a_root
    lists_are_by_name_of_one_root
    methods_are_counted_and_walked_by_master_key
    a_guard_is_found_through_every_fork_that_still_sees_it
    a_path_is_found_while_its_trigger_is_on
    methods_go_with_their_root
}

fn plain(root: u128, number: u128, name: &str) -> WebhookAuthMethod {
    WebhookAuthMethod {
        id: id(number),
        root: id(root),
        name: name.to_owned(),
        kind: WebhookAuthKind::ApiKey,
        version: 1,
        create_time: NOW,
        update_time: NOW,
    }
}

fn of(method: &WebhookAuthMethod) -> Key {
    Key { root: method.root, id: method.id }
}

fn secret(method: &WebhookAuthMethod, master: &str) -> SealedSecret {
    let key = WrappedKey { master: master.to_owned(), bytes: vec![1, 2, 3] };
    SealedSecret { of: of(method), kind: method.kind, key, sealed: vec![0, 255] }
}

async fn add(tx: &mut Tx, method: &WebhookAuthMethod) {
    webhook_auth::insert(tx, method, &secret(method, "k1")).await.unwrap();
}

async fn a_method_comes_back_as_it_went_and_is_renamed(db: Db) {
    family(&db).await;
    let mut tx = db.write().await.unwrap();
    let before = WebhookAuthMethod { kind: WebhookAuthKind::Basic, ..plain(10, 100, "Partner") };
    add(&mut tx, &before).await;
    let at = of(&before);
    assert_eq!(webhook_auth::get(&mut tx, at).await.unwrap().as_ref(), Some(&before));
    assert_eq!(webhook_auth::lock(&mut tx, at).await.unwrap().as_ref(), Some(&before));
    assert_eq!(webhook_auth::secret(&mut tx, at).await.unwrap(), Some(secret(&before, "k1")));
    let elsewhere = Key { root: id(20), ..at };
    assert_eq!(webhook_auth::get(&mut tx, elsewhere).await.unwrap(), None);
    assert_eq!(webhook_auth::secret(&mut tx, elsewhere).await.unwrap(), None);
    let after = WebhookAuthMethod { name: "b".to_owned(), version: 2, update_time: NOW.plus(5), ..before };
    webhook_auth::set(&mut tx, &after).await.unwrap();
    assert_eq!(webhook_auth::get(&mut tx, at).await.unwrap(), Some(after));
    webhook_auth::delete(&mut tx, at).await.unwrap();
    assert_eq!(webhook_auth::lock(&mut tx, at).await.unwrap(), None);
}

async fn names_and_ids_are_unique_in_a_root(db: Db) {
    let mut tx = db.write().await.unwrap();
    let user = fixture::add_user(&mut tx, 1).await.id;
    for root in [10, 11] {
        add_root(&mut tx, root, user).await;
        add(&mut tx, &plain(root, 100, "a")).await;
        add(&mut tx, &plain(root, 101, "b")).await;
    }
    tx.commit().await.unwrap();
    for (method, name_is_taken) in [(plain(10, 102, "a"), true), (plain(10, 100, "c"), false)] {
        let mut tx = db.write().await.unwrap();
        let error = webhook_auth::insert(&mut tx, &method, &secret(&method, "k1")).await.unwrap_err();
        assert_eq!(matches!(error, Error::NameTaken { .. }), name_is_taken, "{error:?}");
        assert_eq!(matches!(error, Error::IdTaken { .. }), !name_is_taken, "{error:?}");
    }
    let mut tx = db.write().await.unwrap();
    let error = webhook_auth::set(&mut tx, &plain(10, 101, "a")).await.unwrap_err();
    assert!(matches!(error, Error::NameTaken { .. }), "{error:?}");
}

async fn lists_are_by_name_of_one_root(db: Db) {
    let mut tx = db.write().await.unwrap();
    let user = fixture::add_user(&mut tx, 1).await.id;
    for root in [10, 11] {
        add_root(&mut tx, root, user).await;
    }
    for (root, number, name) in [(10, 102, "b"), (10, 101, "c"), (10, 103, "a"), (11, 104, "aa")] {
        add(&mut tx, &plain(root, number, name)).await;
    }
    let mut names = Vec::new();
    for after in ["", "b", "c"] {
        let page = webhook_auth::page(&mut tx, id(10), after, 2).await.unwrap();
        names.push(page.into_iter().map(|one| one.name).collect::<Vec<_>>());
    }
    assert_eq!(names, [vec!["a", "b"], vec!["c"], vec![]]);
}

async fn methods_are_counted_and_walked_by_master_key(db: Db) {
    family(&db).await;
    let mut tx = db.write().await.unwrap();
    for (number, master) in [(100, "k1"), (101, "k2"), (102, "k1")] {
        let method = plain(10, number, &number.to_string());
        webhook_auth::insert(&mut tx, &method, &secret(&method, master)).await.unwrap();
    }
    let counted = webhook_auth::by_master_key(&mut tx).await.unwrap();
    assert_eq!(counted, [("k1".to_owned(), 2), ("k2".to_owned(), 1)]);
    let key = |number| Key { root: id(10), id: id(number) };
    let first = Key { root: id(0), id: id(0) };
    assert_eq!(webhook_auth::keys_after(&mut tx, first, None, 2).await.unwrap(), [key(100), key(101)]);
    assert_eq!(webhook_auth::keys_after(&mut tx, first, Some("k2"), 9).await.unwrap(), [key(100), key(102)]);
    assert_eq!(webhook_auth::keys_after(&mut tx, key(100), Some("k2"), 9).await.unwrap(), [key(102)]);
    let wrapped = WrappedKey { master: "k2".to_owned(), bytes: vec![7] };
    webhook_auth::set_key(&mut tx, key(100), &wrapped).await.unwrap();
    assert_eq!(webhook_auth::secret(&mut tx, key(100)).await.unwrap().unwrap().key, wrapped);
}

/// A workflow whose trigger 200 is guarded by these methods.
async fn guard(tx: &mut Tx, project: &mut Project, methods: &[u128]) {
    let auth_methods = methods.iter().map(|number| id(*number)).collect();
    let kind = TriggerKind::Webhook(Webhook { auth_methods, ..Webhook::default() });
    let workflow = StoredWorkflow { triggers: vec![Trigger { id: id(200), kind }], ..empty() };
    let view = Views::default().of(tx, &*project).await.unwrap();
    let writer = project.creator;
    let write = Write { kind: Kind::Workflow, id: id(7), document: Some(Document::Workflow(workflow)) };
    let outcome = Writer { project, view: &view, now: NOW, writer }.write(tx, vec![write]).await.unwrap();
    assert_eq!((outcome.written.len(), outcome.clashes.len()), (1, 0));
    project::set_head_and_counts(tx, project.id, project.head, 0, 0, NOW).await.unwrap();
}

fn empty() -> StoredWorkflow {
    Workflow {
        name: "Sync".to_owned(),
        concurrency: None,
        enable_job_logs: true,
        positions: std::collections::BTreeMap::new(),
        jobs: Vec::new(),
        triggers: Vec::new(),
        edges: Vec::new(),
    }
}

async fn guarded(tx: &mut Tx, root: u128, method: u128) -> Vec<ProjectId> {
    let found = webhook_auth::guarded(tx, Key { root: id(root), id: id(method) }).await.unwrap();
    assert!(found.iter().all(|one| one.workflow == id(7) && one.trigger == id(200)), "{found:?}");
    found.into_iter().map(|one| one.project).collect()
}

async fn a_guard_is_found_through_every_fork_that_still_sees_it(db: Db) {
    let [mut root, ..] = family(&db).await;
    let mut tx = db.write().await.unwrap();
    assert_eq!(guarded(&mut tx, 10, 100).await, []);
    guard(&mut tx, &mut root, &[100, 101]).await;
    assert_eq!(guarded(&mut tx, 10, 100).await, [root.id], "its sandboxes were made before");
    assert_eq!(guarded(&mut tx, 11, 100).await, [], "another root's of the same id");
    let mut sees = add_sandbox(&mut tx, 50, &root).await;
    let below = add_sandbox(&mut tx, 51, &sees).await;
    guard(&mut tx, &mut root, &[101]).await;
    add_sandbox(&mut tx, 52, &root).await;
    assert_eq!(guarded(&mut tx, 10, 100).await, [sees.id, below.id], "what was forked before still sees it");
    guard(&mut tx, &mut sees, &[]).await;
    assert_eq!(guarded(&mut tx, 10, 100).await, [below.id]);
    assert_eq!(guarded(&mut tx, 10, 101).await, [root.id, below.id, id(52)]);
}

async fn a_path_is_found_while_its_trigger_is_on(db: Db) {
    let [root, one, other, _] = family(&db).await;
    let mut tx = db.write().await.unwrap();
    let worker = fixture::add_user(&mut tx, 2).await.id;
    let trigger: TriggerId = id(200);
    for project in [root.id, one.id] {
        trigger::set(&mut tx, project, trigger, true).await.unwrap();
    }
    let path = |project: &Project| path_id(project.id, project.fork.is_none(), trigger);
    assert_eq!(trigger::of_path(&mut tx, path(&root), worker).await.unwrap(), [], "it does not work here");
    let role = |role| sandbar_model::access::Member { principal: worker, role };
    member::put(&mut tx, root.id, &role(sandbar_model::Role::Viewer)).await.unwrap();
    assert_eq!(trigger::of_path(&mut tx, path(&root), worker).await.unwrap(), []);
    member::put(&mut tx, root.id, &role(sandbar_model::Role::Editor)).await.unwrap();
    for project in [&root, &one] {
        let found = trigger::of_path(&mut tx, path(project), worker).await.unwrap();
        assert_eq!(found, [(project.id, trigger)]);
    }
    assert_eq!(trigger::of_path(&mut tx, path(&other), worker).await.unwrap(), [], "it was never on there");
    trigger::set(&mut tx, one.id, trigger, false).await.unwrap();
    assert_eq!(trigger::of_path(&mut tx, path(&one), worker).await.unwrap(), []);
    trigger::suspend(&mut tx, &[root.id]).await.unwrap();
    assert_eq!(trigger::of_path(&mut tx, path(&root), worker).await.unwrap(), []);
    // Another root has a trigger of the same id.
    let elsewhere = add_root(&mut tx, 11, worker).await;
    for project in [root.id, elsewhere.id] {
        trigger::set(&mut tx, project, trigger, true).await.unwrap();
    }
    let found = trigger::of_path(&mut tx, path(&root), worker).await.unwrap();
    assert_eq!(found, [(root.id, trigger), (elsewhere.id, trigger)]);
}

async fn methods_go_with_their_root(db: Db) {
    let [root, one, ..] = family(&db).await;
    let mut tx = db.write().await.unwrap();
    for number in 100..105 {
        add(&mut tx, &plain(10, number, &number.to_string())).await;
    }
    while purge::delete_batch(&mut tx, one.id, 3).await.unwrap() > 0 {}
    assert_eq!(webhook_auth::page(&mut tx, root.id, "", 9).await.unwrap().len(), 5, "a sandbox has none");
    let mut batches = 0;
    while purge::delete_batch(&mut tx, root.id, 3).await.unwrap() > 0 {
        batches += 1;
    }
    assert!(batches > 1 && purge::is_empty(&mut tx, root.id).await.unwrap());
    assert_eq!(webhook_auth::page(&mut tx, root.id, "", 9).await.unwrap(), []);
}
