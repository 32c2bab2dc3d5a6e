//! What a tree may use.

use sandbar_app::projects::{self, GetSubscription, Subscription, UpdateSubscription};
use sandbar_model::{
    Error, ProjectId, Result,
    access::{PrincipalKind, Scope},
    usage::Allowances,
};

use crate::harness::{Bench, Person, cases, new_sandbox, refused};

cases! { any_project_of_a_tree_stands_for_it only_administrators_set_it less_than_there_is_keeps_what_there_is }

async fn get(bench: &Bench, person: &Person, project: ProjectId) -> Result<Subscription> {
    projects::subscription(&bench.app, &person.call, &GetSubscription { project }).await
}

async fn set(bench: &Bench, person: &Person, project: ProjectId, max: Option<i64>) -> Result<Subscription> {
    let request = UpdateSubscription {
        project,
        max_active_sandboxes: max,
        allowances: Allowances::default(),
        etag: String::new(),
        request_id: String::new(),
    };
    projects::update_subscription(&bench.app, &person.call, &request).await
}

async fn any_project_of_a_tree_stands_for_it(bench: Bench) {
    let owner = bench.user("owner").await;
    let operator = bench.person("operator", PrincipalKind::ServiceAccount, true).await;
    let root = bench.root(&owner, "root").await;
    let sandbox = bench.sandbox(&owner, root, "a").await;
    let unlimited = Subscription {
        root,
        max_active_sandboxes: None,
        active_sandboxes: 1,
        allowances: Allowances::default(),
    };
    assert_eq!(get(&bench, &owner, sandbox).await.unwrap(), unlimited);
    let limited = Subscription { max_active_sandboxes: Some(5), ..unlimited };
    assert_eq!(set(&bench, &operator, sandbox, Some(5)).await.unwrap(), limited);
    assert_eq!(get(&bench, &owner, root).await.unwrap(), limited);
    assert_eq!(set(&bench, &operator, root, None).await.unwrap(), unlimited);
}

async fn only_administrators_set_it(bench: Bench) {
    let owner = bench.user("owner").await;
    let operator = bench.person("operator", PrincipalKind::User, true).await;
    let root = bench.root(&owner, "root").await;
    refused!(set(&bench, &owner, root, Some(5)).await, Error::AdministratorRequired);
    // Gives no rights in projects.
    refused!(get(&bench, &operator, root).await, Error::ProjectNotFound { .. });
    let scope = Scope { project: Some(root), max_role: None };
    let limited = bench.token(operator.id, scope, None).await;
    refused!(set(&bench, &limited, root, Some(5)).await, Error::TokenLimited);
    refused!(set(&bench, &operator, root, Some(-1)).await, Error::InvalidFields { .. });
    let missing = ProjectId(bench.app.new_id());
    refused!(set(&bench, &operator, missing, Some(1)).await, Error::ProjectNotFound { .. });
}

async fn less_than_there_is_keeps_what_there_is(bench: Bench) {
    let owner = bench.user("owner").await;
    let operator = bench.person("operator", PrincipalKind::User, true).await;
    let root = bench.root(&owner, "root").await;
    bench.sandbox(&owner, root, "a").await;
    bench.sandbox(&owner, root, "b").await;
    let subscription = set(&bench, &operator, root, Some(1)).await.unwrap();
    assert_eq!(subscription.active_sandboxes, 2);
    refused!(
        bench.try_sandbox(&owner, &new_sandbox(root, "c")).await,
        Error::SandboxAllowanceReached { used: 2, limit: 1 }
    );
}
