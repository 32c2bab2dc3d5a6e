//! Making, changing, deleting and restoring roots.

use sandbar_app::{
    projects::{
        self, CreateProject, DeleteProject, GetProject, ProfilePatch, RestoreProject, SettingsPatch,
        UpdateProject,
    },
    view::ProjectView,
};
use sandbar_model::{
    Error, Project, ProjectId, Result, Revision, Role,
    access::{PrincipalKind, Scope},
    project::{Profile, RetentionPolicy, Settings},
    time::DAY,
};

use crate::harness::{Bench, Person, START, cases, fields, profile, refused};

cases! {
    a_root_is_as_asked_for
    who_may_make_one
    what_is_wrong_with_one
    checking_only_changes_nothing
    an_update_changes_what_it_names
    updates_are_refused
    a_tree_goes_and_comes_back
    deletes_and_restores_are_refused
    repeats_get_the_same_answer
}

fn new(name: &str) -> CreateProject {
    CreateProject { profile: profile(name), id: None, request_id: String::new(), validate_only: false }
}

async fn create(bench: &Bench, person: &Person, request: &CreateProject) -> Result<ProjectView> {
    projects::create(&bench.app, &person.call, request).await
}

async fn get(bench: &Bench, person: &Person, project: ProjectId) -> Result<ProjectView> {
    projects::get(&bench.app, &person.call, &GetProject { project }).await
}

fn delete_of(project: ProjectId) -> DeleteProject {
    DeleteProject { project, etag: String::new(), request_id: String::new() }
}

async fn delete(bench: &Bench, person: &Person, project: ProjectId) -> Result<Vec<ProjectView>> {
    projects::delete(&bench.app, &person.call, &delete_of(project)).await
}

async fn restore(bench: &Bench, person: &Person, project: ProjectId) -> Result<projects::Restored> {
    let request = RestoreProject { project, request_id: String::new() };
    projects::restore(&bench.app, &person.call, &request).await
}

fn update_of(project: ProjectId, patch: ProfilePatch) -> UpdateProject {
    UpdateProject { project, patch, etag: String::new(), request_id: String::new() }
}

async fn update(bench: &Bench, person: &Person, request: &UpdateProject) -> Result<ProjectView> {
    projects::update(&bench.app, &person.call, request).await
}

async fn a_root_is_as_asked_for(bench: Bench) {
    let owner = bench.user("owner").await;
    let id = ProjectId(uuid::Uuid::from_u128(7));
    let settings = Settings {
        concurrency: Some(4),
        retention_policy: RetentionPolicy::RetainWithErrors,
        history_retention_days: Some(90),
        dataclip_retention_days: Some(7),
        ..Settings::default()
    };
    let profile = Profile {
        description: "Clinics.".to_owned(),
        color: "#fff".to_owned(),
        settings: settings.clone(),
        ..profile("health")
    };
    let view = create(&bench, &owner, &CreateProject { id: Some(id), profile, ..new("") }).await.unwrap();
    let expected = Project {
        id,
        root: id,
        fork: None,
        depth: 0,
        head: Revision(0),
        version: 1,
        profile: Profile {
            name: "health".to_owned(),
            description: "Clinics.".to_owned(),
            color: "#fff".to_owned(),
            environment: "main".to_owned(),
            settings,
        },
        workflow_count: 0,
        collection_count: 0,
        scheduled: None,
        expire_time: None,
        create_time: START,
        update_time: START,
        creator: owner.id,
        trigger_version: 0,
    };
    assert_eq!(view, ProjectView { project: expected, role: Some(Role::Owner) });
    assert_eq!(get(&bench, &owner, id).await.unwrap(), view);
    // Roots may share names.
    create(&bench, &owner, &new("health")).await.unwrap();
}

async fn who_may_make_one(bench: Bench) {
    let owner = bench.user("owner").await;
    let service = bench.person("ci", PrincipalKind::ServiceAccount, false).await;
    let support = bench.person("support", PrincipalKind::Support, false).await;
    create(&bench, &service, &new("a")).await.unwrap();
    refused!(create(&bench, &support, &new("a")).await, Error::AdministratorRequired);
    let root = bench.root(&owner, "root").await;
    let token = async |project, max_role| bench.token(owner.id, Scope { project, max_role }, None).await;
    refused!(create(&bench, &token(Some(root), None).await, &new("a")).await, Error::TokenLimited);
    refused!(create(&bench, &token(None, Some(Role::Admin)).await, &new("a")).await, Error::TokenLimited);
    create(&bench, &token(None, Some(Role::Owner)).await, &new("a")).await.unwrap();
}

async fn what_is_wrong_with_one(bench: Bench) {
    let (owner, other) = (bench.user("owner").await, bench.user("other").await);
    let profile = Profile {
        description: "x".repeat(241),
        color: "red".to_owned(),
        environment: "Main".to_owned(),
        settings: Settings { concurrency: Some(0), ..Settings::default() },
        ..profile("Health Sync")
    };
    let wrong = fields(create(&bench, &owner, &CreateProject { profile, ..new("") }).await);
    let expected = [
        "project.name",
        "project.description",
        "project.color",
        "project.environment",
        "project.settings.concurrency",
    ];
    assert_eq!(wrong, expected);
    let (root, foreign) = (bench.root(&owner, "root").await, bench.root(&other, "root").await);
    let sandbox = bench.sandbox(&owner, root, "a").await;
    for id in [root, foreign, sandbox] {
        let taken = create(&bench, &owner, &CreateProject { id: Some(id), ..new("a") }).await;
        refused!(taken, Error::IdTaken { id: taken, .. } if taken == id.to_string());
    }
    assert_eq!(bench.count("trees").await, 2);
}

async fn checking_only_changes_nothing(bench: Bench) {
    let owner = bench.user("owner").await;
    let request = CreateProject { validate_only: true, ..new("a") };
    let view = create(&bench, &owner, &request).await.unwrap();
    refused!(get(&bench, &owner, view.project.id).await, Error::ProjectNotFound { .. });
    assert_eq!((bench.count("trees").await, bench.count("members").await), (0, 0));
}

async fn an_update_changes_what_it_names(bench: Bench) {
    let owner = bench.strong(&bench.user("owner").await).await;
    let root = bench.root(&owner, "root").await;
    let settings = SettingsPatch { requires_mfa: Some(true), ..SettingsPatch::default() };
    let patch = ProfilePatch { description: Some("new".to_owned()), settings, ..ProfilePatch::default() };
    let request = UpdateProject { etag: "1".to_owned(), ..update_of(root, patch) };
    let view = update(&bench, &owner, &request).await.unwrap();
    let expected = Profile {
        description: "new".to_owned(),
        environment: "main".to_owned(),
        settings: Settings { requires_mfa: true, ..Settings::default() },
        ..profile("root")
    };
    assert_eq!((view.project.version, &view.project.profile), (2, &expected));
    assert_eq!(get(&bench, &owner, root).await.unwrap(), view);
    refused!(update(&bench, &owner, &request).await, Error::EtagMismatch { actual, .. } if actual == "2");
    // Writing workflows is no write to the project's record.
    bench.workflow(&owner, root, "sync").await;
    assert_eq!(get(&bench, &owner, root).await.unwrap().project.version, 2);
}

async fn updates_are_refused(bench: Bench) {
    let (owner, editor) = (bench.user("owner").await, bench.user("editor").await);
    let root = bench.root(&owner, "root").await;
    let rename = update_of(root, ProfilePatch { name: Some("b".to_owned()), ..ProfilePatch::default() });
    refused!(update(&bench, &editor, &rename).await, Error::ProjectNotFound { .. });
    bench.join(root, &editor, Role::Editor).await;
    refused!(update(&bench, &editor, &rename).await, Error::PermissionDenied { needs: Role::Admin, .. });
    let nothing = update_of(root, ProfilePatch::default());
    assert_eq!(fields(update(&bench, &owner, &nothing).await), ["update_mask"]);
    let settings = SettingsPatch { dataclip_retention_days: Some(Some(7)), ..SettingsPatch::default() };
    let patch = ProfilePatch { environment: Some(String::new()), settings, ..ProfilePatch::default() };
    let wrong = fields(update(&bench, &owner, &update_of(root, patch)).await);
    assert_eq!(wrong, ["project.environment", "project.settings.dataclip_retention_days"]);
    delete(&bench, &owner, root).await.unwrap();
    refused!(update(&bench, &owner, &rename).await, Error::ProjectScheduled { .. });
}

async fn a_tree_goes_and_comes_back(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let sandbox = bench.sandbox(&owner, root, "a").await;
    let below = bench.sandbox(&owner, sandbox, "b").await;
    let gone = delete(&bench, &owner, root).await.unwrap();
    assert_eq!(gone.iter().map(|view| view.project.id).collect::<Vec<_>>(), [root, sandbox, below]);
    assert!(gone.iter().all(|v| v.project.scheduled.is_some_and(|s| s.purge_time == START.plus(7 * DAY))));
    let one =
        sandbar_app::sandboxes::RestoreSandbox { sandbox, name: String::new(), request_id: String::new() };
    refused!(
        sandbar_app::sandboxes::restore(&bench.app, &owner.call, &one).await,
        Error::AncestorScheduled { ancestor } if ancestor == root
    );
    let back = restore(&bench, &owner, root).await.unwrap();
    assert_eq!(back.restored.iter().map(|view| view.project.id).collect::<Vec<_>>(), [root, sandbox, below]);
    for view in back.restored {
        assert_eq!(view.project.scheduled, None);
        assert_eq!(get(&bench, &owner, view.project.id).await.unwrap(), view);
    }
}

async fn deletes_and_restores_are_refused(bench: Bench) {
    let (owner, admin) = (bench.user("owner").await, bench.user("admin").await);
    let root = bench.root(&owner, "root").await;
    let sandbox = bench.sandbox(&owner, root, "a").await;
    refused!(delete(&bench, &admin, root).await, Error::ProjectNotFound { .. });
    bench.join(root, &admin, Role::Admin).await;
    refused!(delete(&bench, &admin, root).await, Error::PermissionDenied { needs: Role::Owner, .. });
    refused!(delete(&bench, &owner, sandbox).await, Error::NotARoot { project } if project == sandbox);
    refused!(restore(&bench, &owner, sandbox).await, Error::NotARoot { .. });
    refused!(restore(&bench, &owner, root).await, Error::ProjectNotScheduled { .. });
    let stale = DeleteProject { etag: "7".to_owned(), ..delete_of(root) };
    refused!(projects::delete(&bench.app, &owner.call, &stale).await, Error::EtagMismatch { .. });
    delete(&bench, &owner, root).await.unwrap();
    refused!(delete(&bench, &owner, root).await, Error::ProjectScheduled { .. });
    refused!(restore(&bench, &admin, root).await, Error::PermissionDenied { needs: Role::Owner, .. });
    bench.world.pass(7 * DAY);
    refused!(restore(&bench, &owner, root).await, Error::ProjectNotFound { .. });
}

async fn repeats_get_the_same_answer(bench: Bench) {
    let owner = bench.user("owner").await;
    let request = CreateProject { request_id: "one".to_owned(), ..new("a") };
    let call = owner.says(&request);
    let first = projects::create(&bench.app, &call, &request).await.unwrap();
    bench.world.pass(DAY);
    assert_eq!(projects::create(&bench.app, &call, &request).await.unwrap(), first);
    let other = CreateProject { request_id: "one".to_owned(), ..new("b") };
    refused!(
        projects::create(&bench.app, &owner.says(&other), &other).await,
        Error::RequestIdReused { request_id } if request_id == "one"
    );
    let root = first.project.id;
    let remove = DeleteProject { request_id: "two".to_owned(), ..delete_of(root) };
    let call = owner.says(&remove);
    let gone = projects::delete(&bench.app, &call, &remove).await.unwrap();
    assert_eq!(projects::delete(&bench.app, &call, &remove).await.unwrap(), gone);
    let back = RestoreProject { project: root, request_id: "three".to_owned() };
    let call = owner.says(&back);
    let came = projects::restore(&bench.app, &call, &back).await.unwrap();
    assert_eq!(projects::restore(&bench.app, &call, &back).await.unwrap(), came);
    assert_eq!((bench.count("projects").await, bench.count("audit_events").await), (1, 3));
}
