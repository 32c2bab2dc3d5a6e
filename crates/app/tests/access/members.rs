//! Who may change the members of a project, and how.

use sandbar_app::{
    Etag,
    access::{self, ListMembers, RemoveMember, SetMember},
};
use sandbar_model::{Error, PrincipalId, ProjectId, Result, Role, policy::Action};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::scope;
use crate::harness::{Bench, Person, cases, fields, refused};

cases! {
    members_are_set_and_listed
    changing_members_needs_admin
    the_owner_is_protected
    one_may_leave
    a_lowered_token_can_not_leave
    repeats_have_one_effect
    of_two_admins_who_remove_each_other_one_stays
}

pub(crate) async fn set(
    bench: &Bench,
    by: &Person,
    project: ProjectId,
    who: PrincipalId,
    role: Role,
) -> Result<Role> {
    let request = SetMember { project, principal: who, role, etag: Etag::Any, request_id: String::new() };
    Ok(access::set_member(&bench.app, &by.says(&request), &request).await?.member.role)
}

pub(crate) async fn remove(bench: &Bench, by: &Person, project: ProjectId, who: PrincipalId) -> Result<()> {
    let request = RemoveMember { project, principal: who, etag: String::new(), request_id: String::new() };
    access::remove_member(&bench.app, &by.says(&request), &request).await
}

pub(crate) async fn list(bench: &Bench, by: &Person, project: ProjectId) -> Result<Vec<(String, Role)>> {
    let (mut rows, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListMembers { project, page_size: 2, page_token };
        let page = access::list_members(&bench.app, &by.call, &request).await?;
        rows.extend(page.rows.into_iter().map(|row| (row.name, row.member.role)));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(rows);
        }
    }
}

async fn members_are_set_and_listed(bench: Bench) {
    let (owner, a, b) = (bench.user("owner").await, bench.user("a").await, bench.user("b").await);
    let root = bench.root(&owner, "root").await;
    assert_eq!(set(&bench, &owner, root, b.id, Role::Viewer).await.unwrap(), Role::Viewer);
    set(&bench, &owner, root, a.id, Role::Viewer).await.unwrap();
    // An admin changes and removes other admins.
    set(&bench, &owner, root, a.id, Role::Admin).await.unwrap();
    set(&bench, &a, root, b.id, Role::Admin).await.unwrap();
    set(&bench, &b, root, a.id, Role::Editor).await.unwrap();
    let expected = [("a", Role::Editor), ("b", Role::Admin), ("owner", Role::Owner)];
    let expected: Vec<_> = expected.iter().map(|(name, role)| ((*name).to_owned(), *role)).collect();
    assert_eq!(list(&bench, &a, root).await.unwrap(), expected);
    remove(&bench, &b, root, a.id).await.unwrap();
    refused!(list(&bench, &a, root).await, Error::ProjectNotFound { .. });
    refused!(remove(&bench, &b, root, a.id).await, Error::PrincipalNotFound { id } if id == a.id);
}

async fn changing_members_needs_admin(bench: Bench) {
    let (owner, other) = (bench.user("owner").await, bench.user("other").await);
    let root = bench.root(&owner, "root").await;
    refused!(set(&bench, &other, root, other.id, Role::Viewer).await, Error::ProjectNotFound { .. });
    refused!(remove(&bench, &other, root, owner.id).await, Error::ProjectNotFound { .. });
    for role in [Role::Viewer, Role::Editor] {
        bench.join(root, &other, role).await;
        let needs = |error: &Error| {
            matches!(error, Error::PermissionDenied { action: Action::ManageMembers, needs: Role::Admin, .. })
        };
        assert!(needs(&set(&bench, &other, root, other.id, Role::Admin).await.unwrap_err()));
        assert!(needs(&remove(&bench, &other, root, owner.id).await.unwrap_err()));
    }
    let lowered = bench.token(owner.id, scope(None, Role::Editor), None).await;
    refused!(set(&bench, &lowered, root, other.id, Role::Admin).await, Error::PermissionDenied { .. });
    let nobody = PrincipalId(Uuid::from_u128(1));
    refused!(set(&bench, &owner, root, nobody, Role::Viewer).await, Error::PrincipalNotFound { id } if id == nobody);
    assert_eq!(fields(set(&bench, &owner, root, other.id, Role::Owner).await), ["role"]);
    let delete = sandbar_app::projects::DeleteProject {
        project: root,
        etag: String::new(),
        request_id: String::new(),
    };
    sandbar_app::projects::delete(&bench.app, &owner.call, &delete).await.unwrap();
    refused!(set(&bench, &owner, root, other.id, Role::Admin).await, Error::ProjectScheduled { .. });
    refused!(remove(&bench, &other, root, other.id).await, Error::ProjectScheduled { .. });
}

async fn the_owner_is_protected(bench: Bench) {
    let (owner, admin) = (bench.user("owner").await, bench.user("admin").await);
    let root = bench.root(&owner, "root").await;
    bench.join(root, &admin, Role::Admin).await;
    for by in [&owner, &admin] {
        for role in [Role::Viewer, Role::Editor, Role::Admin] {
            refused!(set(&bench, by, root, owner.id, role).await, Error::MemberProtected { principal, .. } if principal == owner.id);
        }
        refused!(remove(&bench, by, root, owner.id).await, Error::MemberProtected { .. });
    }
    assert_eq!(list(&bench, &owner, root).await.unwrap().len(), 2);
}

async fn one_may_leave(bench: Bench) {
    let (owner, viewer) = (bench.user("owner").await, bench.user("viewer").await);
    let root = bench.root(&owner, "root").await;
    bench.join(root, &viewer, Role::Viewer).await;
    remove(&bench, &viewer, root, viewer.id).await.unwrap();
    refused!(list(&bench, &viewer, root).await, Error::ProjectNotFound { .. });
    // Who answers for the root manages a sandbox without being in it, but its members are not theirs to change.
    let sandbox = bench.sandbox(&owner, root, "sandbox").await;
    let admin = bench.user("admin").await;
    bench.join(root, &admin, Role::Admin).await;
    refused!(remove(&bench, &admin, sandbox, admin.id).await, Error::ProjectNotFound { .. });
}

async fn a_lowered_token_can_not_leave(bench: Bench) {
    let (owner, editor) = (bench.user("owner").await, bench.user("editor").await);
    let root = bench.root(&owner, "root").await;
    bench.join(root, &editor, Role::Editor).await;
    let reader = bench.token(editor.id, scope(None, Role::Viewer), None).await;
    refused!(remove(&bench, &reader, root, editor.id).await, Error::PermissionDenied { .. });
    let whole = bench.token(editor.id, scope(root, Role::Admin), None).await;
    remove(&bench, &whole, root, editor.id).await.unwrap();
}

async fn repeats_have_one_effect(bench: Bench) {
    let (owner, admin) = (bench.user("owner").await, bench.user("admin").await);
    let root = bench.root(&owner, "root").await;
    bench.join(root, &admin, Role::Admin).await;
    let down = SetMember {
        project: root,
        principal: admin.id,
        role: Role::Viewer,
        etag: Etag::Any,
        request_id: "down".to_owned(),
    };
    let first = access::set_member(&bench.app, &admin.says(&down), &down).await.unwrap();
    assert_eq!(access::set_member(&bench.app, &admin.says(&down), &down).await.unwrap(), first);
    let leave = RemoveMember {
        project: root,
        principal: admin.id,
        etag: String::new(),
        request_id: "leave".to_owned(),
    };
    for _ in 0..2 {
        access::remove_member(&bench.app, &admin.says(&leave), &leave).await.unwrap();
    }
    // Made a member again, the same request is still that one.
    bench.join(root, &admin, Role::Viewer).await;
    access::remove_member(&bench.app, &admin.says(&leave), &leave).await.unwrap();
    assert_eq!(list(&bench, &owner, root).await.unwrap().len(), 2);
}

async fn of_two_admins_who_remove_each_other_one_stays(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    for round in 0..10 {
        let (one, other) =
            (bench.user(&format!("one-{round}")).await, bench.user(&format!("other-{round}")).await);
        for admin in [&one, &other] {
            bench.join(root, admin, Role::Admin).await;
        }
        let mut tasks = JoinSet::new();
        for (by, of) in [(one.clone(), other.id), (other, one.id)] {
            let bench = bench.clone();
            tasks.spawn(async move { remove(&bench, &by, root, of).await });
        }
        let done = tasks.join_all().await;
        assert_eq!(done.iter().filter(|result| result.is_ok()).count(), 1, "{done:?}");
        assert!(done.iter().any(|result| matches!(result, Err(Error::ProjectNotFound { .. }))), "{done:?}");
        assert_eq!(list(&bench, &owner, root).await.unwrap().len(), 2 + round);
    }
}
