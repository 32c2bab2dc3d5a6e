//! Small worlds for cases to begin with.

use sandbar_model::{
    PrincipalId, Project, ProjectId, Revision, Role, Time,
    access::{Member, Principal, PrincipalKind},
    project::{Fork, Profile, Schedule, Settings},
};
use sandbar_store::{Db, Tx, member, principal, project, tree};
use uuid::Uuid;

/// Now, for cases.
pub(crate) const NOW: Time = Time(1_800_000_000_000_000);

/// The id of a number; greater numbers have greater ids.
pub(crate) fn id<I: From<Uuid>>(number: u128) -> I {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 | number).into()
}

/// A user called `user-<number>`.
pub(crate) fn user(number: u128) -> Principal {
    Principal {
        id: id(number),
        kind: PrincipalKind::User,
        name: format!("user-{number}"),
        email: format!("user-{number}@example.org"),
        administrator: false,
        create_time: NOW,
    }
}

/// A root called `root-<number>`, as it is made.
pub(crate) fn root(number: u128, creator: PrincipalId) -> Project {
    Project {
        id: id(number),
        root: id(number),
        fork: None,
        depth: 0,
        head: Revision(0),
        version: 1,
        profile: Profile {
            name: format!("root-{number}"),
            description: String::new(),
            color: String::new(),
            environment: "main".to_owned(),
            settings: Settings::default(),
        },
        workflow_count: 0,
        collection_count: 0,
        scheduled: None,
        expire_time: None,
        create_time: NOW,
        update_time: NOW,
        creator,
        trigger_version: 0,
    }
}

/// A sandbox called `sandbox-<number>`, as it is made.
pub(crate) fn sandbox(number: u128, parent: &Project) -> Project {
    let mut project = root(number, parent.creator);
    project.root = parent.root;
    project.fork = Some(Fork { parent: parent.id, at: parent.head });
    project.depth = parent.depth + 1;
    project.profile.name = format!("sandbox-{number}");
    project
}

/// Keeps a user.
pub(crate) async fn add_user(tx: &mut Tx, number: u128) -> Principal {
    let user = user(number);
    principal::insert(tx, &user).await.unwrap();
    user
}

/// Keeps a root, with its tree, owned by its creator.
pub(crate) async fn add_root(tx: &mut Tx, number: u128, creator: PrincipalId) -> Project {
    let root = root(number, creator);
    tree::insert(tx, root.id, None).await.unwrap();
    project::insert(tx, &root).await.unwrap();
    member::put(tx, root.id, &Member { principal: creator, role: Role::Owner }).await.unwrap();
    root
}

/// Keeps a sandbox, with its parent's members.
pub(crate) async fn add_sandbox(tx: &mut Tx, number: u128, parent: &Project) -> Project {
    let sandbox = sandbox(number, parent);
    project::insert(tx, &sandbox).await.unwrap();
    member::copy_from_parent(tx, parent.id, sandbox.id, sandbox.creator).await.unwrap();
    sandbox
}

/// A user 1, their root 10, its sandboxes 20 and 21, and 30 below 20; all committed.
pub(crate) async fn family(db: &Db) -> [Project; 4] {
    let mut tx = db.write().await.unwrap();
    let user = add_user(&mut tx, 1).await;
    let root = add_root(&mut tx, 10, user.id).await;
    let one = add_sandbox(&mut tx, 20, &root).await;
    let other = add_sandbox(&mut tx, 21, &root).await;
    let below = add_sandbox(&mut tx, 30, &one).await;
    tx.commit().await.unwrap();
    [root, one, other, below]
}

/// A schedule that is due `hours` after [`NOW`].
pub(crate) fn due_in(hours: i64) -> Schedule {
    Schedule { delete_time: NOW, purge_time: NOW.plus(hours * sandbar_model::time::HOUR) }
}

/// The ids of projects, in their order.
pub(crate) fn ids<'a>(projects: impl IntoIterator<Item = &'a Project>) -> Vec<ProjectId> {
    projects.into_iter().map(|project| project.id).collect()
}
