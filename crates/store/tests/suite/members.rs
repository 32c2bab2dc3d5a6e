//! Who belongs to a project.

use sandbar_model::{Error, PrincipalId, Role, access::Member};
use sandbar_store::{Db, Tx, member};

use crate::{
    engine::cases,
    fixture::{add_root, add_sandbox, add_user, family, id},
};

cases! { role_is_put_changed_and_removed there_is_one_owner pages_follow_names copy_makes_the_creator_owner_once roles_in_many_projects }

async fn put(tx: &mut Tx, project: u128, principal: u128, role: Role) {
    member::put(tx, id(project), &Member { principal: id(principal), role }).await.unwrap();
}

async fn role_is_put_changed_and_removed(db: Db) {
    family(&db).await;
    let mut tx = db.write().await.unwrap();
    add_user(&mut tx, 2).await;
    assert_eq!(member::role(&mut tx, id(10), id(2)).await.unwrap(), None);
    for role in [Role::Viewer, Role::Admin, Role::Editor] {
        put(&mut tx, 10, 2, role).await;
        assert_eq!(member::role(&mut tx, id(10), id(2)).await.unwrap(), Some(role));
    }
    assert_eq!(member::role(&mut tx, id(20), id(2)).await.unwrap(), None);
    assert!(member::remove(&mut tx, id(10), id(2)).await.unwrap());
    assert!(!member::remove(&mut tx, id(10), id(2)).await.unwrap());
    assert_eq!(member::role(&mut tx, id(10), id(1)).await.unwrap(), Some(Role::Owner));
}

async fn there_is_one_owner(db: Db) {
    family(&db).await;
    let mut tx = db.write().await.unwrap();
    add_user(&mut tx, 2).await;
    put(&mut tx, 10, 1, Role::Owner).await;
    let second = Member { principal: id(2), role: Role::Owner };
    let refused = member::put(&mut tx, id(10), &second).await.unwrap_err();
    assert!(
        matches!(&refused, Error::MemberProtected { principal, .. } if *principal == second.principal),
        "{refused:?}"
    );
}

async fn pages_follow_names(db: Db) {
    family(&db).await;
    let mut tx = db.write().await.unwrap();
    for number in 2..=5 {
        add_user(&mut tx, number).await;
        put(&mut tx, 10, number, Role::Viewer).await;
    }
    let first = member::page(&mut tx, id(10), None, 3).await.unwrap();
    let names: Vec<_> = first.iter().map(|member| member.name.as_str()).collect();
    assert_eq!(names, ["user-1", "user-2", "user-3"]);
    assert_eq!(first[0].member, Member { principal: id(1), role: Role::Owner });
    assert_eq!(first[1].email, "user-2@example.org");
    let last = (first[2].name.as_str(), first[2].member.principal);
    let second = member::page(&mut tx, id(10), Some(last), 3).await.unwrap();
    let names: Vec<_> = second.iter().map(|member| member.name.as_str()).collect();
    assert_eq!(names, ["user-4", "user-5"]);
}

async fn copy_makes_the_creator_owner_once(db: Db) {
    let mut tx = db.write().await.unwrap();
    for number in 1..=5 {
        add_user(&mut tx, number).await;
    }
    let root = add_root(&mut tx, 10, id(1)).await;
    for (number, role) in [(2, Role::Admin), (3, Role::Editor), (4, Role::Viewer)] {
        put(&mut tx, 10, number, role).await;
    }
    let cases: [(u128, [Option<Role>; 5]); 3] = [
        (1, [Some(Role::Owner), Some(Role::Admin), Some(Role::Editor), Some(Role::Viewer), None]),
        (3, [Some(Role::Admin), Some(Role::Admin), Some(Role::Owner), Some(Role::Viewer), None]),
        // Not a member of the parent at all.
        (
            5,
            [Some(Role::Admin), Some(Role::Admin), Some(Role::Editor), Some(Role::Viewer), Some(Role::Owner)],
        ),
    ];
    for (creator, wanted) in cases {
        let mut parent = root.clone();
        parent.creator = id(creator);
        let sandbox = add_sandbox(&mut tx, 20 + creator, &parent).await;
        let mut roles = Vec::new();
        for number in 1..=5 {
            roles.push(member::role(&mut tx, sandbox.id, id(number)).await.unwrap());
        }
        assert_eq!(roles, wanted, "made by user-{creator}");
        let owners = member::page(&mut tx, sandbox.id, None, 10).await.unwrap();
        assert_eq!(owners.iter().filter(|member| member.member.role == Role::Owner).count(), 1);
    }
}

async fn roles_in_many_projects(db: Db) {
    family(&db).await;
    let mut tx = db.write().await.unwrap();
    add_user(&mut tx, 2).await;
    put(&mut tx, 20, 2, Role::Admin).await;
    put(&mut tx, 30, 2, Role::Viewer).await;
    let who: PrincipalId = id(2);
    let roles = member::roles(&mut tx, who, &[id(10), id(20), id(30)]).await.unwrap();
    assert_eq!(roles, [(id(20), Role::Admin), (id(30), Role::Viewer)].into());
    assert!(member::roles(&mut tx, who, &[]).await.unwrap().is_empty());
}
