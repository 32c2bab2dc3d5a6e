//! Giving a project to another owner: there is exactly one at any time.

use sandbar_app::access::{self, TransferOwnership};
use sandbar_model::{Error, PrincipalId, ProjectId, Result, Role};
use tokio::task::JoinSet;

use super::members::{list, remove, set};
use crate::harness::{Bench, Person, cases, refused};

cases! {
    the_new_owner_is_the_owner_and_the_old_one_an_admin
    an_owner_of_a_sandbox_gives_it_away_below_an_admin_of_its_root
    of_many_transfers_at_once_one_happens
    there_is_one_owner_whoever_passes_it_on
}

async fn transfer(bench: &Bench, by: &Person, project: ProjectId, who: PrincipalId) -> Result<Role> {
    let request =
        TransferOwnership { project, principal: who, etag: String::new(), request_id: String::new() };
    Ok(access::transfer_ownership(&bench.app, &by.says(&request), &request).await?.member.role)
}

async fn the_new_owner_is_the_owner_and_the_old_one_an_admin(bench: Bench) {
    let (owner, heir) = (bench.user("owner").await, bench.user("heir").await);
    let root = bench.root(&owner, "root").await;
    refused!(transfer(&bench, &owner, root, heir.id).await, Error::PrincipalNotFound { .. });
    set(&bench, &owner, root, heir.id, Role::Viewer).await.unwrap();
    refused!(
        transfer(&bench, &heir, root, heir.id).await,
        Error::PermissionDenied { needs: Role::Owner, .. }
    );
    assert_eq!(transfer(&bench, &owner, root, heir.id).await.unwrap(), Role::Owner);
    let expected = [("heir".to_owned(), Role::Owner), ("owner".to_owned(), Role::Admin)];
    assert_eq!(list(&bench, &heir, root).await.unwrap(), expected);
    // Who was the owner can leave now, and who is can't.
    refused!(remove(&bench, &heir, root, heir.id).await, Error::MemberProtected { .. });
    remove(&bench, &owner, root, owner.id).await.unwrap();
}

async fn an_owner_of_a_sandbox_gives_it_away_below_an_admin_of_its_root(bench: Bench) {
    let (owner, heir) = (bench.user("owner").await, bench.user("heir").await);
    let root = bench.root(&owner, "root").await;
    set(&bench, &owner, root, heir.id, Role::Editor).await.unwrap();
    let sandbox = bench.sandbox(&heir, root, "fix").await;
    // The root's owner is an admin of it, and no more.
    refused!(transfer(&bench, &owner, sandbox, owner.id).await, Error::PermissionDenied { .. });
    transfer(&bench, &heir, sandbox, owner.id).await.unwrap();
    // And gives it back, staying an admin, as the floor wants it.
    transfer(&bench, &owner, sandbox, heir.id).await.unwrap();
    let expected = [("heir".to_owned(), Role::Owner), ("owner".to_owned(), Role::Admin)];
    assert_eq!(list(&bench, &heir, sandbox).await.unwrap(), expected);
}

async fn of_many_transfers_at_once_one_happens(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let mut tasks = JoinSet::new();
    for number in 0..12 {
        let heir = bench.user(&format!("heir-{number}")).await;
        set(&bench, &owner, root, heir.id, Role::Editor).await.unwrap();
        let (bench, owner) = (bench.clone(), owner.clone());
        tasks.spawn(async move { transfer(&bench, &owner, root, heir.id).await });
    }
    let mut done = 0;
    for result in tasks.join_all().await {
        match result {
            Ok(_) => done += 1,
            Err(Error::PermissionDenied { needs: Role::Owner, .. }) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!((done, owners(&bench, root).await), (1, 1));
}

/// In one look: pages of a list would be several.
async fn owners(bench: &Bench, project: ProjectId) -> i64 {
    let mut tx = bench.app.db.connection().await.unwrap();
    let count = tx.sql("SELECT COUNT(*) FROM members WHERE project_id = $1 AND role = 4").bind(project.0);
    let (owners,): (i64,) = count.one().await.unwrap();
    owners
}

/// Four who pass it on to each other as fast as they can, an admin who sets their roles meanwhile, and somebody who looks.
async fn there_is_one_owner_whoever_passes_it_on(bench: Bench) {
    let (owner, admin) = (bench.user("owner").await, bench.user("admin").await);
    let root = bench.root(&owner, "root").await;
    set(&bench, &owner, root, admin.id, Role::Admin).await.unwrap();
    let mut people = vec![owner];
    for number in 0..3 {
        people.push(bench.user(&format!("heir-{number}")).await);
        set(&bench, &people[0], root, people[number + 1].id, Role::Editor).await.unwrap();
    }
    let mut tasks = JoinSet::new();
    for number in 0..4 {
        let (bench, people) = (bench.clone(), people.clone());
        tasks.spawn(async move {
            let mut done = 0;
            for round in 0..30 {
                let to = people[(number + round) % 4].id;
                match transfer(&bench, &people[number], root, to).await {
                    Ok(_) => done += 1,
                    Err(Error::PermissionDenied { .. } | Error::MemberProtected { .. }) => {}
                    Err(error) => panic!("{error:?}"),
                }
            }
            done
        });
    }
    for _ in 0..30 {
        for person in &people {
            match set(&bench, &admin, root, person.id, Role::Editor).await {
                Ok(_) | Err(Error::MemberProtected { .. }) => {}
                Err(error) => panic!("{error:?}"),
            }
            assert_eq!(owners(&bench, root).await, 1);
        }
    }
    let done: usize = tasks.join_all().await.into_iter().sum();
    assert!(done > 0, "nobody passed it on");
    assert_eq!(owners(&bench, root).await, 1);
}
