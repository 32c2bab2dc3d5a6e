//! Changing a sandbox.

use sandbar_app::{
    projects::{self, GetProject, ProfilePatch, SettingsPatch, UpdateProject},
    sandboxes::{self, DeleteSandbox, UpdateSandbox},
    view::ProjectView,
};
use sandbar_model::{
    Error, Project, ProjectId, Result, Role,
    project::{Profile, Settings},
    time::{DAY, SECOND},
};

use crate::harness::{Bench, Person, START, cases, fields, refused};

cases! { only_what_is_named_changes every_refusal an_admin_of_the_root_may expiry_can_be_set_and_taken_away }

fn update_of(sandbox: ProjectId, patch: ProfilePatch) -> UpdateSandbox {
    UpdateSandbox { sandbox, patch, expire_time: None, etag: String::new(), request_id: String::new() }
}

fn named(name: &str) -> ProfilePatch {
    ProfilePatch { name: Some(name.to_owned()), ..ProfilePatch::default() }
}

async fn update(bench: &Bench, person: &Person, request: &UpdateSandbox) -> Result<ProjectView> {
    sandboxes::update(&bench.app, &person.call, request).await
}

async fn only_what_is_named_changes(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let sandbox = bench.sandbox(&owner, root, "a").await;
    let get = GetProject { project: sandbox };
    let before = projects::get(&bench.app, &owner.call, &get).await.unwrap();
    bench.world.pass(SECOND);
    let settings = SettingsPatch { concurrency: Some(Some(2)), ..SettingsPatch::default() };
    let patch = ProfilePatch { settings, ..named("b") };
    let request = UpdateSandbox { etag: projects::etag(&before.project), ..update_of(sandbox, patch) };
    let after = update(&bench, &owner, &request).await.unwrap();
    let settings = Settings { concurrency: Some(2), ..Settings::default() };
    let profile = Profile { name: "b".to_owned(), settings, ..before.project.profile.clone() };
    let expected = Project { profile, version: 2, update_time: START.plus(SECOND), ..before.project.clone() };
    assert_eq!((after.project.clone(), after.role), (expected, Some(Role::Owner)));
    assert_eq!(projects::get(&bench.app, &owner.call, &get).await.unwrap(), after);
    refused!(update(&bench, &owner, &request).await, Error::EtagMismatch { expected, actual } if expected == "1" && actual == "2");
}

async fn every_refusal(bench: Bench) {
    let (owner, other) = (bench.user("owner").await, bench.user("other").await);
    let root = bench.root(&owner, "root").await;
    let sandbox = bench.sandbox(&owner, root, "a").await;
    bench.sandbox(&owner, root, "taken").await;
    let rename = update_of(sandbox, named("taken"));
    refused!(update(&bench, &other, &rename).await, Error::ProjectNotFound { .. });
    bench.join(sandbox, &other, Role::Editor).await;
    refused!(update(&bench, &other, &rename).await, Error::PermissionDenied { needs: Role::Admin, .. });
    refused!(update(&bench, &owner, &update_of(root, named("b"))).await, Error::NotASandbox { .. });
    let as_project =
        UpdateProject { project: sandbox, patch: named("b"), etag: String::new(), request_id: String::new() };
    refused!(projects::update(&bench.app, &owner.call, &as_project).await, Error::NotARoot { .. });
    assert_eq!(
        fields(update(&bench, &owner, &update_of(sandbox, ProfilePatch::default())).await),
        ["update_mask"]
    );
    let settings = SettingsPatch { history_retention_days: Some(Some(8)), ..SettingsPatch::default() };
    let wrong = UpdateSandbox {
        expire_time: Some(Some(START)),
        ..update_of(sandbox, ProfilePatch { color: Some("red".to_owned()), settings, ..named("A") })
    };
    let expected =
        ["sandbox.name", "sandbox.color", "sandbox.settings.history_retention_days", "sandbox.expire_time"];
    assert_eq!(fields(update(&bench, &owner, &wrong).await), expected);
    refused!(update(&bench, &owner, &rename).await, Error::NameTaken { name, .. } if name == "taken");
    let delete =
        DeleteSandbox { sandbox, keep_children: false, etag: String::new(), request_id: String::new() };
    sandboxes::delete(&bench.app, &owner.call, &delete).await.unwrap();
    refused!(update(&bench, &owner, &rename).await, Error::ProjectScheduled { .. });
}

async fn an_admin_of_the_root_may(bench: Bench) {
    let (owner, maker) = (bench.user("owner").await, bench.user("maker").await);
    let root = bench.root(&owner, "root").await;
    bench.join(root, &maker, Role::Editor).await;
    let sandbox = bench.sandbox(&maker, root, "a").await;
    bench.leave(sandbox, &owner).await;
    let view = update(&bench, &owner, &update_of(sandbox, named("b"))).await.unwrap();
    assert_eq!((view.project.profile.name.as_str(), view.role), ("b", None));
}

async fn expiry_can_be_set_and_taken_away(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let sandbox = bench.sandbox(&owner, root, "a").await;
    let expire = async |expire_time| {
        let request = UpdateSandbox { expire_time, ..update_of(sandbox, named("b")) };
        update(&bench, &owner, &request).await.unwrap().project.expire_time
    };
    assert_eq!(expire(Some(Some(START.plus(DAY)))).await, Some(START.plus(DAY)));
    assert_eq!(expire(None).await, Some(START.plus(DAY)));
    assert_eq!(expire(Some(None)).await, None);
}
