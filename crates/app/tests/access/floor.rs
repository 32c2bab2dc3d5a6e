//! Who answers for a project can't be shut out of what is made of it.

use sandbar_model::{Error, ProjectId, Role};

use super::members::{list, remove, set};
use crate::harness::{Bench, Person, cases, refused};

cases! {
    admins_of_every_ancestor_are_protected
    those_who_answer_for_nothing_above_are_not
    who_loses_the_role_above_loses_the_protection
}

/// A root, a sandbox and one below that, all owned by their maker, an editor of the root.
async fn tree(bench: &Bench, owner: &Person, maker: &Person) -> [ProjectId; 3] {
    let root = bench.root(owner, "root").await;
    bench.join(root, maker, Role::Editor).await;
    let middle = bench.sandbox(maker, root, "middle").await;
    [root, middle, bench.sandbox(maker, middle, "lowest").await]
}

async fn admins_of_every_ancestor_are_protected(bench: Bench) {
    let (owner, maker, admin) =
        (bench.user("owner").await, bench.user("maker").await, bench.user("admin").await);
    let [root, middle, lowest] = tree(&bench, &owner, &maker).await;
    for sandbox in [middle, lowest] {
        // The root's owner was copied as an admin.
        for role in [Role::Viewer, Role::Editor] {
            refused!(set(&bench, &maker, sandbox, owner.id, role).await, Error::MemberProtected { principal, .. } if principal == owner.id);
        }
        refused!(remove(&bench, &maker, sandbox, owner.id).await, Error::MemberProtected { .. });
        // Not even by themselves.
        refused!(remove(&bench, &owner, sandbox, owner.id).await, Error::MemberProtected { .. });
        assert_eq!(set(&bench, &maker, sandbox, owner.id, Role::Admin).await.unwrap(), Role::Admin);
    }
    // Who becomes an admin above later is no less protected, but may start low and rise.
    set(&bench, &maker, lowest, admin.id, Role::Editor).await.unwrap();
    bench.join(middle, &admin, Role::Admin).await;
    refused!(set(&bench, &maker, lowest, admin.id, Role::Viewer).await, Error::MemberProtected { .. });
    refused!(remove(&bench, &maker, lowest, admin.id).await, Error::MemberProtected { .. });
    set(&bench, &maker, lowest, admin.id, Role::Admin).await.unwrap();
    refused!(set(&bench, &maker, lowest, admin.id, Role::Editor).await, Error::MemberProtected { .. });
    // In the project itself they are an admin like any other.
    set(&bench, &maker, middle, admin.id, Role::Editor).await.unwrap();
    assert_eq!(list(&bench, &owner, root).await.unwrap().len(), 2);
}

async fn those_who_answer_for_nothing_above_are_not(bench: Bench) {
    let (owner, maker, other) =
        (bench.user("owner").await, bench.user("maker").await, bench.user("other").await);
    let [root, middle, lowest] = tree(&bench, &owner, &maker).await;
    bench.join(root, &other, Role::Editor).await;
    for sandbox in [middle, lowest] {
        set(&bench, &maker, sandbox, other.id, Role::Admin).await.unwrap();
        set(&bench, &maker, sandbox, other.id, Role::Viewer).await.unwrap();
        remove(&bench, &maker, sandbox, other.id).await.unwrap();
    }
    // What one is below counts for nothing above.
    bench.join(lowest, &other, Role::Admin).await;
    remove(&bench, &owner, root, other.id).await.unwrap();
}

async fn who_loses_the_role_above_loses_the_protection(bench: Bench) {
    let (owner, maker, admin) =
        (bench.user("owner").await, bench.user("maker").await, bench.user("admin").await);
    let [root, middle, _] = tree(&bench, &owner, &maker).await;
    bench.join(root, &admin, Role::Admin).await;
    set(&bench, &maker, middle, admin.id, Role::Admin).await.unwrap();
    refused!(remove(&bench, &maker, middle, admin.id).await, Error::MemberProtected { .. });
    set(&bench, &owner, root, admin.id, Role::Editor).await.unwrap();
    remove(&bench, &maker, middle, admin.id).await.unwrap();
}
