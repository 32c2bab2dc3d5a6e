//! The environment guard against somebody who wants production's secrets.

use sandbar_app::{
    projects::{GetProject, ProfilePatch, get},
    sandboxes::{self, CreateSandbox, UpdateSandbox},
};
use sandbar_model::{Error, ProjectId, Result, Role, access::Scope};

use crate::harness::{Bench, Person, cases, new_sandbox, refused};

cases! {
    an_editor_who_owns_the_clone_can_not_relabel_it
    an_admin_of_the_ancestor_may
    a_token_below_admin_may_not
    a_label_that_is_there_already_stays
    a_label_that_only_a_sibling_has_is_free
}

async fn relabel(bench: &Bench, person: &Person, sandbox: ProjectId, environment: &str) -> Result<String> {
    let patch = ProfilePatch { environment: Some(environment.to_owned()), ..ProfilePatch::default() };
    let request =
        UpdateSandbox { sandbox, patch, expire_time: None, etag: String::new(), request_id: String::new() };
    let view = sandboxes::update(&bench.app, &person.call, &request).await?;
    Ok(view.project.profile.environment)
}

fn labelled(parent: ProjectId, name: &str, environment: &str) -> CreateSandbox {
    CreateSandbox { environment: environment.to_owned(), ..new_sandbox(parent, name) }
}

/// Every way from editor of production to `main`: at once, by relabelling, through a clone of the clone, and through a
/// sandbox whose label an admin set.
async fn an_editor_who_owns_the_clone_can_not_relabel_it(bench: Bench) {
    let (owner, editor) = (bench.user("owner").await, bench.user("editor").await);
    let root = bench.root(&owner, "root").await;
    bench.join(root, &editor, Role::Editor).await;
    let guarded = |result: Result<String>, by: ProjectId| match result {
        Err(Error::EnvironmentGuarded { environment, ancestor }) => {
            assert_eq!((environment.as_str(), ancestor), ("main", by));
        }
        other => panic!("{other:?}"),
    };
    let made = bench.try_sandbox(&editor, &labelled(root, "a", "main")).await;
    guarded(made.map(|id| id.to_string()), root);
    let clone = bench.sandbox(&editor, root, "clone").await;
    guarded(relabel(&bench, &editor, clone, "main").await, root);
    let second = bench.sandbox(&editor, clone, "second").await;
    guarded(relabel(&bench, &editor, second, "main").await, root);
    let made = bench.try_sandbox(&editor, &labelled(clone, "b", "main")).await;
    guarded(made.map(|id| id.to_string()), root);

    assert_eq!(relabel(&bench, &owner, clone, "main").await.unwrap(), "main");
    guarded(relabel(&bench, &editor, second, "main").await, root);
    let other = bench.sandbox(&owner, root, "other").await;
    bench.join(other, &editor, Role::Admin).await;
    guarded(relabel(&bench, &editor, other, "main").await, root);
    let get = get(&bench.app, &editor.call, &GetProject { project: second }).await.unwrap();
    assert_eq!(get.project.profile.environment, "dev");
}

/// Else nobody could make a second sandbox that is `dev`, and who does not see the sibling would learn of it.
async fn a_label_that_only_a_sibling_has_is_free(bench: Bench) {
    let (owner, editor) = (bench.user("owner").await, bench.user("editor").await);
    let root = bench.root(&owner, "root").await;
    let sibling = bench.sandbox(&owner, root, "sibling").await;
    relabel(&bench, &owner, sibling, "staging").await.unwrap();
    bench.sandbox(&owner, root, "another").await;
    bench.join(root, &editor, Role::Editor).await;
    // It is `dev`, as the owner's other one is.
    let mine = bench.sandbox(&editor, root, "mine").await;
    assert_eq!(relabel(&bench, &editor, mine, "staging").await.unwrap(), "staging");
    // But below the sibling that label is guarded.
    bench.join(sibling, &editor, Role::Editor).await;
    let below = bench.try_sandbox(&editor, &labelled(sibling, "below", "staging")).await;
    refused!(below, Error::EnvironmentGuarded { ancestor, .. } if ancestor == sibling);
}

async fn an_admin_of_the_ancestor_may(bench: Bench) {
    let (owner, admin) = (bench.user("owner").await, bench.user("admin").await);
    let root = bench.root(&owner, "root").await;
    bench.join(root, &admin, Role::Admin).await;
    let sandbox = bench.try_sandbox(&admin, &labelled(root, "a", "main")).await.unwrap();
    assert_eq!(relabel(&bench, &admin, sandbox, "staging").await.unwrap(), "staging");
    assert_eq!(relabel(&bench, &admin, sandbox, "main").await.unwrap(), "main");
    bench.join(root, &admin, Role::Editor).await;
    refused!(bench.try_sandbox(&admin, &labelled(root, "b", "main")).await, Error::EnvironmentGuarded { .. });
}

async fn a_token_below_admin_may_not(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let sandbox = bench.sandbox(&owner, root, "a").await;
    let low = bench.token(owner.id, Scope { project: None, max_role: Some(Role::Editor) }, None).await;
    refused!(bench.try_sandbox(&low, &labelled(root, "b", "main")).await, Error::EnvironmentGuarded { .. });
    let only = bench.token(owner.id, Scope { project: Some(sandbox), max_role: None }, None).await;
    refused!(relabel(&bench, &only, sandbox, "main").await, Error::EnvironmentGuarded { .. });
    assert_eq!(relabel(&bench, &owner, sandbox, "main").await.unwrap(), "main");
}

async fn a_label_that_is_there_already_stays(bench: Bench) {
    let (owner, admin) = (bench.user("owner").await, bench.user("admin").await);
    let root = bench.root(&owner, "root").await;
    let sandbox = bench.try_sandbox(&owner, &labelled(root, "a", "main")).await.unwrap();
    bench.join(sandbox, &admin, Role::Admin).await;
    assert_eq!(relabel(&bench, &admin, sandbox, "main").await.unwrap(), "main");
    assert_eq!(relabel(&bench, &admin, sandbox, "dev").await.unwrap(), "dev");
    refused!(relabel(&bench, &admin, sandbox, "main").await, Error::EnvironmentGuarded { .. });
}
