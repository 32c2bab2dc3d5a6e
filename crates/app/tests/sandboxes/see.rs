//! Get, list and tree agree about what somebody sees.

use sandbar_app::{
    projects,
    sandboxes::{self, GetSandbox, GetSandboxTree, ListSandboxes},
};
use sandbar_model::{
    Error, ProjectId, Role,
    access::{PrincipalKind, Scope},
};

use crate::harness::{Bench, Person, cases, refused};

cases! {
    a_list_is_by_name_and_in_pages
    only_what_the_caller_may_see_is_shown
    a_limited_token_sees_its_part_of_the_tree
    unmerged_work_is_counted
    support_sees_what_is_opened_to_it
}

async fn tree(bench: &Bench, person: &Person, project: ProjectId) -> Vec<ProjectId> {
    let request = GetSandboxTree { project, show_scheduled: false };
    let rows = sandboxes::tree(&bench.app, &person.call, &request).await.unwrap();
    rows.into_iter().map(|view| view.project.id).collect()
}

async fn list(bench: &Bench, person: &Person, parent: ProjectId) -> Vec<ProjectId> {
    let request = ListSandboxes { parent, page_size: 0, page_token: String::new(), show_scheduled: false };
    let page = sandboxes::list(&bench.app, &person.call, &request).await.unwrap();
    page.rows.into_iter().map(|view| view.project.id).collect()
}

async fn a_list_is_by_name_and_in_pages(bench: Bench) {
    let (owner, other) = (bench.user("owner").await, bench.user("other").await);
    let root = bench.root(&owner, "root").await;
    bench.join(root, &other, Role::Viewer).await;
    for name in ["d", "b", "e", "a", "c"] {
        bench.sandbox(&owner, root, name).await;
    }
    let mut request =
        ListSandboxes { parent: root, page_size: 2, page_token: String::new(), show_scheduled: false };
    let mut pages = Vec::new();
    loop {
        let page = sandboxes::list(&bench.app, &owner.call, &request).await.unwrap();
        pages.push(page.rows.into_iter().map(|v| v.project.profile.name).collect::<Vec<_>>().concat());
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(pages, ["ab", "cd", "e"]);
    // A token belongs to its caller and its list.
    refused!(sandboxes::list(&bench.app, &other.call, &request).await, Error::InvalidPageToken);
    request.show_scheduled = true;
    refused!(sandboxes::list(&bench.app, &owner.call, &request).await, Error::InvalidPageToken);
}

async fn only_what_the_caller_may_see_is_shown(bench: Bench) {
    let (owner, viewer) = (bench.user("owner").await, bench.user("viewer").await);
    let root = bench.root(&owner, "root").await;
    let hidden = bench.sandbox(&owner, root, "hidden").await;
    bench.join(root, &viewer, Role::Viewer).await;
    let open = bench.sandbox(&owner, root, "open").await;
    let below = bench.sandbox(&owner, hidden, "below").await;
    bench.join(below, &viewer, Role::Viewer).await;
    assert_eq!(tree(&bench, &owner, root).await, [root, hidden, open, below]);
    assert_eq!(tree(&bench, &viewer, below).await, [root, open, below]);
    assert_eq!(
        (list(&bench, &owner, root).await, list(&bench, &viewer, root).await),
        (vec![hidden, open], vec![open])
    );
    let get = async |sandbox| sandboxes::get(&bench.app, &viewer.call, &GetSandbox { sandbox }).await;
    assert_eq!(get(open).await.unwrap().sandbox.role, Some(Role::Viewer));
    refused!(get(hidden).await, Error::ProjectNotFound { .. });
    refused!(get(root).await, Error::NotASandbox { .. });
    let request =
        ListSandboxes { parent: hidden, page_size: 0, page_token: String::new(), show_scheduled: false };
    refused!(sandboxes::list(&bench.app, &viewer.call, &request).await, Error::ProjectNotFound { .. });
}

async fn a_limited_token_sees_its_part_of_the_tree(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let (top, beside) =
        (bench.sandbox(&owner, root, "top").await, bench.sandbox(&owner, root, "beside").await);
    let below = bench.sandbox(&owner, top, "below").await;
    let scope = Scope { project: Some(top), max_role: Some(Role::Viewer) };
    let limited = bench.token(owner.id, scope, None).await;
    assert_eq!(tree(&bench, &limited, below).await, [top, below]);
    let request = GetSandbox { sandbox: below };
    let view = sandboxes::get(&bench.app, &limited.call, &request).await.unwrap();
    assert_eq!(view.sandbox.role, Some(Role::Viewer));
    for project in [root, beside] {
        let request = GetSandboxTree { project, show_scheduled: false };
        refused!(sandboxes::tree(&bench.app, &limited.call, &request).await, Error::ProjectNotFound { .. });
    }
}

async fn unmerged_work_is_counted(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let (workflow, trigger) = bench.workflow(&owner, root, "shared").await;
    let sandbox = bench.sandbox(&owner, root, "a").await;
    let count = async || {
        let view = sandboxes::get(&bench.app, &owner.call, &GetSandbox { sandbox }).await.unwrap();
        (view.unmerged_count, view.sandbox.project.workflow_count)
    };
    assert_eq!(count().await, (0, 1));
    bench.workflow(&owner, sandbox, "new").await;
    bench.put(&owner, sandbox, workflow, trigger, "renamed").await;
    assert_eq!(count().await, (2, 2));
    bench.put(&owner, sandbox, workflow, trigger, "shared").await;
    assert_eq!(count().await, (1, 2));
}

async fn support_sees_what_is_opened_to_it(bench: Bench) {
    let owner = bench.user("owner").await;
    let support = bench.person("support", PrincipalKind::Support, false).await;
    let root = bench.root(&owner, "root").await;
    let closed = bench.sandbox(&owner, root, "closed").await;
    let settings = projects::SettingsPatch { allow_support_access: Some(true), ..Default::default() };
    let patch = projects::ProfilePatch { settings, ..Default::default() };
    let open =
        projects::UpdateProject { project: root, patch, etag: String::new(), request_id: String::new() };
    projects::update(&bench.app, &owner.call, &open).await.unwrap();
    let opened = bench.sandbox(&owner, root, "opened").await;
    assert_eq!(tree(&bench, &support, root).await, [root, opened]);
    assert_eq!(list(&bench, &support, root).await, [opened]);
    refused!(
        sandboxes::get(&bench.app, &support.call, &GetSandbox { sandbox: closed }).await,
        Error::ProjectNotFound { .. }
    );
    let view = sandboxes::get(&bench.app, &support.call, &GetSandbox { sandbox: opened }).await.unwrap();
    assert_eq!(view.sandbox.role, None);
    let request = crate::harness::new_sandbox(opened, "a");
    refused!(bench.try_sandbox(&support, &request).await, Error::PermissionDenied { .. });
}
