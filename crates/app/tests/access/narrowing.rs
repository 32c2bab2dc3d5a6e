//! No token is wider than the one it was made with.

use sandbar_app::access::CreateToken;
use sandbar_model::{Error, ProjectId, Role, access::Scope, time::DAY};

use super::{new_token, scope};
use crate::harness::{Bench, START, cases, fields};

cases! {
    the_table_of_projects
    the_table_of_roles
    the_table_of_lives
    a_service_accounts_token_is_no_more_than_its_maker
}

/// A root with two sandboxes and one below the first: `[root, left, right, lowest]`; and another root.
async fn projects(bench: &Bench, owner: &crate::harness::Person) -> [ProjectId; 5] {
    let root = bench.root(owner, "root").await;
    let left = bench.sandbox(owner, root, "left").await;
    let right = bench.sandbox(owner, root, "right").await;
    let lowest = bench.sandbox(owner, left, "lowest").await;
    [root, left, right, lowest, bench.root(owner, "other").await]
}

async fn the_table_of_projects(bench: Bench) {
    let owner = bench.user("owner").await;
    let places = projects(&bench, &owner).await;
    let [root, left, right, lowest, other] = places;
    let all = [Some(root), Some(left), Some(right), Some(lowest), Some(other)];
    // Made with a token for the first, what may be asked for.
    for (made_with, allowed) in [
        (None, all.to_vec()),
        (Some(root), vec![Some(root), Some(left), Some(right), Some(lowest)]),
        (Some(left), vec![Some(left), Some(lowest)]),
        (Some(lowest), vec![Some(lowest)]),
        (Some(other), vec![Some(other)]),
    ] {
        let maker = bench.token(owner.id, scope(made_with, None), None).await;
        for wanted in all {
            let request = CreateToken { project: wanted, ..new_token("t") };
            let made = bench.make_token(&maker, &request).await;
            match made {
                Ok(made) => {
                    assert!(allowed.contains(&wanted), "{made_with:?} made one for {wanted:?}");
                    assert_eq!(made.token.scope.project, wanted);
                }
                Err(Error::ProjectNotFound { .. }) => {
                    assert!(!allowed.contains(&wanted), "{made_with:?} made none for {wanted:?}");
                }
                Err(error) => panic!("{error:?}"),
            }
        }
        // What is not asked for is inherited.
        let made = bench.make_token(&maker, &new_token("t")).await.unwrap();
        assert_eq!(made.token.scope, scope(made_with, None));
    }
}

async fn the_table_of_roles(bench: Bench) {
    let viewer = bench.user("viewer").await;
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    bench.join(root, &viewer, Role::Viewer).await;
    let roles = [None, Some(Role::Viewer), Some(Role::Editor), Some(Role::Admin), Some(Role::Owner)];
    for limit in roles {
        let maker = bench.token(viewer.id, scope(None, limit), None).await;
        for wanted in roles {
            let request = CreateToken { max_role: wanted, project: Some(root), ..new_token("t") };
            let made = bench.make_token(&maker, &request).await;
            if limit.is_some() && wanted > limit {
                assert_eq!(fields(made), ["max_role"], "{limit:?} {wanted:?}");
            } else {
                // More than the principal is does no harm: it gives nothing.
                let made = made.unwrap();
                assert_eq!(made.token.scope, scope(root, wanted.or(limit)));
                let bearer = Bench::bearer(&made, &viewer);
                let request = crate::harness::new_sandbox(root, "s");
                let refused = bench.try_sandbox(&bearer, &request).await;
                assert!(matches!(refused, Err(Error::PermissionDenied { .. })), "{refused:?}");
            }
        }
    }
}

async fn the_table_of_lives(bench: Bench) {
    let owner = bench.user("owner").await;
    for (limit, ttl, expected) in [
        (None, None, Some(90)),
        (None, Some(366), Some(366)),
        (Some(10), None, Some(10)),
        (Some(100), None, Some(90)),
        (Some(10), Some(10), Some(10)),
        (Some(10), Some(11), None),
    ] {
        let end = limit.map(|days: i64| START.plus(days * DAY));
        let maker = bench.token(owner.id, Scope::default(), end).await;
        let request = CreateToken { ttl: ttl.map(|days: i64| days * DAY), ..new_token("t") };
        let made = bench.make_token(&maker, &request).await;
        match expected {
            Some(days) => assert_eq!(made.unwrap().token.expire_time, Some(START.plus(days * DAY))),
            None => assert_eq!(fields(made), ["ttl"]),
        }
    }
    for ttl in [0, -1, 366 * DAY + 1] {
        let request = CreateToken { ttl: Some(ttl), name: "x".repeat(101), ..new_token("") };
        assert_eq!(fields(bench.make_token(&owner, &request).await), ["name", "ttl"]);
    }
}

async fn a_service_accounts_token_is_no_more_than_its_maker(bench: Bench) {
    let (owner, admin, account) =
        (bench.user("owner").await, bench.user("admin").await, bench.account("ci").await);
    let root = bench.root(&account, "root").await;
    bench.join(root, &admin, Role::Admin).await;
    let request = CreateToken { principal: Some(account.id), project: Some(root), ..new_token("ci") };
    let made = bench.make_token(&admin, &request).await.unwrap();
    assert_eq!((made.token.principal, made.token.scope), (account.id, scope(root, Role::Admin)));
    // The account owns the project; with this token it is no more than the admin who made it.
    let bearer = Bench::bearer(&made, &account);
    let delete = sandbar_app::projects::DeleteProject {
        project: root,
        etag: String::new(),
        request_id: String::new(),
    };
    let refused = sandbar_app::projects::delete(&bench.app, &bearer.call, &delete).await;
    assert!(matches!(refused, Err(Error::PermissionDenied { .. })), "{refused:?}");
    let more = CreateToken { max_role: Some(Role::Owner), ..request.clone() };
    assert_eq!(fields(bench.make_token(&admin, &more).await), ["max_role"]);
    let stranger = bench.make_token(&owner, &request).await;
    assert!(matches!(stranger, Err(Error::ProjectNotFound { .. })), "{stranger:?}");
}
