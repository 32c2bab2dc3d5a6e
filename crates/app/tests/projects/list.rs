//! Listing projects of all trees.

use sandbar_app::projects::{self, DeleteProject, ListProjects, ProfilePatch, SettingsPatch, UpdateProject};
use sandbar_model::{
    Error, Role,
    access::{PrincipalKind, Scope},
};

use crate::harness::{Bench, Person, cases, refused};

cases! {
    members_see_their_projects_by_name
    pages_hold_everything_once
    a_limited_token_sees_its_projects
    support_sees_open_projects
    page_sizes_have_bounds
}

fn all() -> ListProjects {
    ListProjects { page_size: 0, page_token: String::new(), roots_only: false, show_scheduled: false }
}

async fn names(bench: &Bench, person: &Person, request: &ListProjects) -> Vec<String> {
    let page = projects::list(&bench.app, &person.call, request).await.unwrap();
    page.rows.into_iter().map(|view| view.project.profile.name).collect()
}

async fn members_see_their_projects_by_name(bench: Bench) {
    let (owner, other) = (bench.user("owner").await, bench.user("other").await);
    let (b, a) = (bench.root(&owner, "b").await, bench.root(&owner, "a").await);
    bench.sandbox(&owner, b, "c").await;
    bench.root(&other, "foreign").await;
    bench.join(a, &other, Role::Viewer).await;
    assert_eq!(names(&bench, &owner, &all()).await, ["a", "b", "c"]);
    assert_eq!(names(&bench, &other, &all()).await, ["a", "foreign"]);
    assert_eq!(names(&bench, &owner, &ListProjects { roots_only: true, ..all() }).await, ["a", "b"]);
    let delete = DeleteProject { project: b, etag: String::new(), request_id: String::new() };
    projects::delete(&bench.app, &owner.call, &delete).await.unwrap();
    assert_eq!(names(&bench, &owner, &all()).await, ["a"]);
    assert_eq!(names(&bench, &owner, &ListProjects { show_scheduled: true, ..all() }).await, ["a", "b", "c"]);
}

async fn pages_hold_everything_once(bench: Bench) {
    let owner = bench.user("owner").await;
    // Roots may share names, so the name alone is no cursor.
    for name in ["same", "same", "other", "same", "last", "same"] {
        bench.root(&owner, name).await;
    }
    let everything = projects::list(&bench.app, &owner.call, &all()).await.unwrap();
    assert!(everything.next_page_token.is_empty());
    for page_size in 1..=6 {
        let mut request = ListProjects { page_size, ..all() };
        let mut rows = Vec::new();
        loop {
            let page = projects::list(&bench.app, &owner.call, &request).await.unwrap();
            assert!(!page.rows.is_empty() && page.rows.len() <= usize::try_from(page_size).unwrap());
            rows.extend(page.rows);
            if page.next_page_token.is_empty() {
                break;
            }
            request.page_token = page.next_page_token;
        }
        assert_eq!(rows, everything.rows, "{page_size}");
    }
}

async fn a_limited_token_sees_its_projects(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    bench.root(&owner, "elsewhere").await;
    let top = bench.sandbox(&owner, root, "top").await;
    bench.sandbox(&owner, root, "beside").await;
    bench.sandbox(&owner, top, "a").await;
    let scope = Scope { project: Some(top), max_role: Some(Role::Editor) };
    let limited = bench.token(owner.id, scope, None).await;
    assert_eq!(names(&bench, &limited, &all()).await, ["a", "top"]);
    assert!(names(&bench, &limited, &ListProjects { roots_only: true, ..all() }).await.is_empty());
    let first = ListProjects { page_size: 1, ..all() };
    let page = projects::list(&bench.app, &limited.call, &first).await.unwrap();
    assert_eq!(page.rows[0].role, Some(Role::Editor));
    let second = ListProjects { page_token: page.next_page_token, ..first };
    assert_eq!(names(&bench, &limited, &second).await, ["top"]);
    let nowhere = Scope { project: Some(bench.app.new_id().into()), max_role: None };
    let nowhere = bench.token(owner.id, nowhere, None).await;
    assert!(names(&bench, &nowhere, &all()).await.is_empty());
}

async fn support_sees_open_projects(bench: Bench) {
    let owner = bench.user("owner").await;
    let support = bench.person("support", PrincipalKind::Support, false).await;
    bench.root(&owner, "closed").await;
    let open = bench.root(&owner, "open").await;
    let settings = SettingsPatch { allow_support_access: Some(true), ..SettingsPatch::default() };
    let patch = ProfilePatch { settings, ..ProfilePatch::default() };
    let request = UpdateProject { project: open, patch, etag: String::new(), request_id: String::new() };
    projects::update(&bench.app, &owner.call, &request).await.unwrap();
    let page = projects::list(&bench.app, &support.call, &all()).await.unwrap();
    let seen: Vec<_> = page.rows.iter().map(|v| (v.project.profile.name.as_str(), v.role)).collect();
    assert_eq!(seen, [("open", None)]);
}

async fn page_sizes_have_bounds(bench: Bench) {
    let owner = bench.user("owner").await;
    bench.root(&owner, "a").await;
    bench.root(&owner, "b").await;
    let request = ListProjects { page_size: -1, ..all() };
    refused!(projects::list(&bench.app, &owner.call, &request).await, Error::InvalidFields { .. });
    assert_eq!(names(&bench, &owner, &ListProjects { page_size: i32::MAX, ..all() }).await, ["a", "b"]);
    let forged = ListProjects { page_token: "AAAA".to_owned(), ..all() };
    refused!(projects::list(&bench.app, &owner.call, &forged).await, Error::InvalidPageToken);
}
