//! Cloning: what is refused and in which order, and what a clone starts with.

use sandbar_app::{
    App, Call, Limits,
    projects::{self, ProfilePatch, SettingsPatch, UpdateProject, UpdateSubscription},
    sandboxes::{self, CreateSandbox, DeleteSandbox},
    view::ProjectView,
};
use sandbar_model::{
    Error, ProjectId, Result, Revision, Role,
    access::{PrincipalKind, Scope},
    project::PALETTE,
    time::{DAY, HOUR},
    usage::Allowances,
};
use sandbar_store::member;
use uuid::Uuid;

use crate::harness::{Bench, Person, START, cases, fields, new_sandbox, refused};

cases! {
    every_refusal_in_its_order
    a_clone_starts_as_the_parent_is
    what_is_asked_for_is_what_comes
    nothing_is_written_per_resource
    members_are_copied_once
    a_foreign_parent_answers_like_a_missing_one
    checking_only_changes_nothing
    ids_and_names_are_taken_once
    depth_is_what_the_operator_allows
    tokens_lower_their_bearers
}

async fn create(app: &App, call: &Call, request: &CreateSandbox) -> Result<ProjectView> {
    sandboxes::create(app, call, request).await
}

async fn allow(bench: &Bench, project: ProjectId, max_active_sandboxes: Option<i64>) {
    let operator = bench.person(&format!("operator-{}", bench.app.new_id()), PrincipalKind::User, true).await;
    let allowances = Allowances::default();
    let request = UpdateSubscription {
        project,
        max_active_sandboxes,
        allowances,
        etag: String::new(),
        request_id: String::new(),
    };
    projects::update_subscription(&bench.app, &operator.call, &request).await.unwrap();
}

/// Everything is wrong at once; then one thing after the other is put right.
async fn every_refusal_in_its_order(bench: Bench) {
    let (owner, other) = (bench.user("owner").await, bench.user("other").await);
    let root = bench.root(&owner, "root").await;
    bench.sandbox(&owner, root, "taken").await;
    let parent = bench.sandbox(&owner, root, "parent").await;
    let small = bench.limited(Limits { max_depth: 1, ..Limits::default() });
    allow(&bench, root, Some(1)).await;
    let delete = DeleteSandbox {
        sandbox: parent,
        keep_children: false,
        etag: String::new(),
        request_id: String::new(),
    };
    sandboxes::delete(&bench.app, &owner.call, &delete).await.unwrap();

    let mut request = CreateSandbox {
        color: "red".to_owned(),
        environment: "Main".to_owned(),
        description: "x".repeat(241),
        ttl: Some(HOUR - 1),
        ..new_sandbox(parent, "Taken!")
    };
    refused!(create(&small.app, &other.call, &request).await, Error::ProjectNotFound { .. });
    bench.join(parent, &other, Role::Viewer).await;
    refused!(
        create(&small.app, &other.call, &request).await,
        Error::PermissionDenied { needs: Role::Editor, project, .. } if project == parent
    );
    bench.join(parent, &other, Role::Editor).await;
    refused!(create(&small.app, &other.call, &request).await, Error::ProjectScheduled { project, .. } if project == parent);
    let restore =
        sandboxes::RestoreSandbox { sandbox: parent, name: String::new(), request_id: String::new() };
    allow(&bench, root, Some(2)).await;
    sandboxes::restore(&bench.app, &owner.call, &restore).await.unwrap();
    refused!(
        create(&small.app, &other.call, &request).await,
        Error::SandboxAllowanceReached { used: 2, limit: 2 }
    );
    allow(&bench, root, Some(3)).await;
    refused!(create(&small.app, &other.call, &request).await, Error::NestingDepthReached { limit: 1 });
    let wrong = fields(create(&bench.app, &other.call, &request).await);
    assert_eq!(wrong, ["name", "description", "color", "environment", "ttl"]);

    request = CreateSandbox { environment: "main".to_owned(), ..new_sandbox(root, "taken") };
    bench.join(root, &other, Role::Editor).await;
    refused!(create(&bench.app, &other.call, &request).await, Error::EnvironmentGuarded { ancestor, .. } if ancestor == root);
    request.environment = String::new();
    refused!(create(&bench.app, &other.call, &request).await, Error::NameTaken { name, .. } if name == "taken");
    create(&bench.app, &other.call, &new_sandbox(root, "free")).await.unwrap();
    assert_eq!(bench.count("projects").await, 4);
}

async fn a_clone_starts_as_the_parent_is(bench: Bench) {
    let owner = bench.strong(&bench.user("owner").await).await;
    let root = bench.root(&owner, "root").await;
    let settings = SettingsPatch {
        concurrency: Some(Some(3)),
        requires_mfa: Some(true),
        history_retention_days: Some(Some(30)),
        ..SettingsPatch::default()
    };
    let patch = ProfilePatch { settings, ..ProfilePatch::default() };
    let update = UpdateProject { project: root, patch, etag: String::new(), request_id: String::new() };
    let parent = projects::update(&bench.app, &owner.call, &update).await.unwrap().project;
    bench.workflow(&owner, root, "one").await;
    bench.workflow(&owner, root, "two").await;
    bench.world.pass(DAY);

    let view = create(&bench.app, &owner.call, &new_sandbox(root, "a-1")).await.unwrap();
    let sandbox = &view.project;
    assert_eq!(view.role, Some(Role::Owner));
    let fork = sandbox.fork.unwrap();
    assert_eq!((fork.parent, fork.at), (root, Revision(2)));
    assert_eq!((sandbox.root, sandbox.depth, sandbox.head), (root, 1, Revision(0)));
    assert_eq!((sandbox.workflow_count, sandbox.collection_count), (2, 0));
    assert_eq!(sandbox.profile.settings, parent.profile.settings);
    assert_eq!((sandbox.profile.environment.as_str(), sandbox.profile.description.as_str()), ("dev", ""));
    assert!(PALETTE.contains(&sandbox.profile.color.as_str()), "{}", sandbox.profile.color);
    assert_eq!((sandbox.create_time, sandbox.expire_time), (START.plus(DAY), None));
    assert_eq!(sandbox.scheduled, None);
    let get = projects::GetProject { project: sandbox.id };
    assert_eq!(projects::get(&bench.app, &owner.call, &get).await.unwrap(), view);
}

async fn what_is_asked_for_is_what_comes(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let id = ProjectId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0007));
    let request = CreateSandbox {
        id: Some(id),
        description: "To try\nthings.".to_owned(),
        color: "#abc".to_owned(),
        environment: "staging_2".to_owned(),
        ttl: Some(HOUR),
        ..new_sandbox(root, "a")
    };
    let sandbox = create(&bench.app, &owner.call, &request).await.unwrap().project;
    assert_eq!((sandbox.id, sandbox.profile.description.as_str()), (id, "To try\nthings."));
    assert_eq!((sandbox.profile.color.as_str(), sandbox.profile.environment.as_str()), ("#abc", "staging_2"));
    assert_eq!(sandbox.expire_time, Some(START.plus(HOUR)));
}

/// The cost of a clone doesn't depend on what is cloned.
async fn nothing_is_written_per_resource(bench: Bench) {
    const TABLES: [&str; 8] = [
        "contents",
        "content_parts",
        "heads",
        "versions",
        "claims",
        "changes",
        "merge_bases",
        "trigger_states",
    ];
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    for number in 0..20 {
        bench.workflow(&owner, root, &format!("workflow {number}")).await;
    }
    let mut before = Vec::new();
    for table in TABLES {
        before.push(bench.count(table).await);
    }
    assert!(before[2] == 20 && before[4] >= 20, "{before:?}");
    let projects = bench.count("projects").await;
    bench.sandbox(&owner, root, "a").await;
    let mut after = Vec::new();
    for table in TABLES {
        after.push(bench.count(table).await);
    }
    assert_eq!(after, before);
    assert_eq!(bench.count("projects").await, projects + 1);
}

async fn members_are_copied_once(bench: Bench) {
    let (owner, admin) = (bench.user("owner").await, bench.user("admin").await);
    let (editor, viewer) = (bench.user("editor").await, bench.user("viewer").await);
    let root = bench.root(&owner, "root").await;
    bench.join(root, &admin, Role::Admin).await;
    bench.join(root, &editor, Role::Editor).await;
    bench.join(root, &viewer, Role::Viewer).await;
    let sandbox = bench.sandbox(&editor, root, "a").await;
    let mut tx = bench.app.db.read().await.unwrap();
    let members = member::page(&mut tx, sandbox, None, 10).await.unwrap();
    let roles: Vec<_> = members.iter().map(|m| (m.name.as_str(), m.member.role)).collect();
    let expected =
        [("admin", Role::Admin), ("editor", Role::Owner), ("owner", Role::Admin), ("viewer", Role::Viewer)];
    assert_eq!(roles, expected);
}

async fn a_foreign_parent_answers_like_a_missing_one(bench: Bench) {
    let (owner, stranger) = (bench.user("owner").await, bench.user("stranger").await);
    let root = bench.root(&owner, "root").await;
    let missing = ProjectId(bench.app.new_id());
    let mut said = Vec::new();
    for parent in [root, missing] {
        let error = create(&bench.app, &stranger.call, &new_sandbox(parent, "a")).await.unwrap_err();
        assert!(matches!(error, Error::ProjectNotFound { .. }), "{error:?}");
        said.push(error.to_string().replace(&parent.to_string(), "ID"));
    }
    assert_eq!(said[0], said[1]);
}

async fn checking_only_changes_nothing(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let (projects, events) = (bench.count("projects").await, bench.count("audit_events").await);
    let check =
        CreateSandbox { validate_only: true, request_id: "check".to_owned(), ..new_sandbox(root, "a") };
    let view = create(&bench.app, &owner.says(&check), &check).await.unwrap();
    assert_eq!(view.project.profile.name, "a");
    assert_eq!((bench.count("projects").await, bench.count("audit_events").await), (projects, events));
    assert_eq!(bench.count("idempotency").await, 0);
    bench.sandbox(&owner, root, "a").await;
    refused!(create(&bench.app, &owner.says(&check), &check).await, Error::NameTaken { .. });
}

async fn ids_and_names_are_taken_once(bench: Bench) {
    let (owner, other) = (bench.user("owner").await, bench.user("other").await);
    let root = bench.root(&owner, "root").await;
    let (foreign, sandbox) = (bench.root(&other, "root").await, bench.sandbox(&owner, root, "a").await);
    for id in [foreign, root, sandbox] {
        let request = CreateSandbox { id: Some(id), ..new_sandbox(root, "b") };
        refused!(create(&bench.app, &owner.call, &request).await, Error::IdTaken { .. });
    }
    refused!(create(&bench.app, &owner.call, &new_sandbox(root, "a")).await, Error::NameTaken { .. });
    bench.sandbox(&owner, sandbox, "a").await;
    bench.sandbox(&other, foreign, "a").await;
}

async fn depth_is_what_the_operator_allows(bench: Bench) {
    let owner = bench.user("owner").await;
    let mut deepest = bench.root(&owner, "root").await;
    let none = bench.limited(Limits { max_depth: 0, ..Limits::default() });
    refused!(
        create(&none.app, &owner.call, &new_sandbox(deepest, "a")).await,
        Error::NestingDepthReached { limit: 0 }
    );
    for depth in 1..=5 {
        let view = create(&bench.app, &owner.call, &new_sandbox(deepest, "a")).await.unwrap();
        assert_eq!(view.project.depth, depth);
        deepest = view.project.id;
    }
    let error = create(&bench.app, &owner.call, &new_sandbox(deepest, "a")).await.unwrap_err();
    assert!(
        error.to_string().starts_with("Maximum sandbox nesting depth reached (5 levels deep)"),
        "{error}"
    );
}

async fn tokens_lower_their_bearers(bench: Bench) {
    let owner = bench.user("owner").await;
    let (root, elsewhere) = (bench.root(&owner, "root").await, bench.root(&owner, "elsewhere").await);
    let person = async |project, max_role| bench.token(owner.id, Scope { project, max_role }, None).await;
    let viewer: Person = person(None, Some(Role::Viewer)).await;
    refused!(create(&bench.app, &viewer.call, &new_sandbox(root, "a")).await, Error::PermissionDenied { .. });
    let outside = person(Some(elsewhere), None).await;
    refused!(create(&bench.app, &outside.call, &new_sandbox(root, "a")).await, Error::ProjectNotFound { .. });
    let editor = person(Some(root), Some(Role::Editor)).await;
    let view = create(&bench.app, &editor.call, &new_sandbox(root, "a")).await.unwrap();
    assert_eq!(view.role, Some(Role::Editor));
    let get = projects::GetProject { project: view.project.id };
    assert_eq!(projects::get(&bench.app, &owner.call, &get).await.unwrap().role, Some(Role::Owner));
    let ended = bench.token(owner.id, Scope::default(), Some(START)).await;
    refused!(create(&bench.app, &ended.call, &new_sandbox(root, "b")).await, Error::TokenInvalid);
}
