//! Many callers at once: allowances, request ids, writers of one project, the tree's shape.

use std::{collections::BTreeMap, time::Duration};

use futures::{FutureExt, future::BoxFuture};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use sandbar_client::{
    Client, Error, Reason,
    v1::{
        CreateSandboxRequest, DeleteSandboxRequest, GetSandboxTreeRequest, ListSandboxesRequest, Project,
        ProjectState, RestoreSandboxRequest, Workflow,
    },
};
use sandbar_tests::{Options, Server, on_both_engines};
use tokio::time::Instant;

use crate::flow::{
    accept, allow, assert_sound, at_once, fork, get, new_id, project, put, random, revisions, root,
    subscription, try_fork, workflow,
};

on_both_engines! {
    async fn sixty_four_creates_at_an_allowance_of_ten_make_exactly_ten(server: Server) {
        let client = server.user("owner").await;
        let root = root(&client, "crowded").await;
        allow(&server, &root, 10).await;
        let create = |number: usize| {
            let (client, root) = (client.clone(), root.clone());
            async move { try_fork(&client, &root, &format!("one-{number}")).await }.boxed()
        };
        let answers = at_once((0..64).map(create).collect()).await;
        let made: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().ok()).collect();
        assert_eq!(made.len(), 10);
        for refused in answers.iter().filter_map(|answer| answer.as_ref().err()) {
            assert_eq!(refused.reason(), Some(Reason::SandboxAllowanceReached), "{refused}");
            assert_eq!((refused.metadata("used"), refused.metadata("limit")), (Some("10"), Some("10")));
        }
        assert_eq!(subscription(&client, &root).await.active_sandboxes, 10);
        assert_eq!(sandboxes(&client, &root, true).await.len(), 10);
        assert_sound(&server);
    }

    async fn sixty_four_of_one_request_id_are_one_request(server: Server) {
        let client = server.user("owner").await;
        let root = root(&client, "repeated").await;
        let request_id = new_id();
        let create = |_| {
            let client = client.clone();
            let (parent_id, request_id) = (root.clone(), request_id.clone());
            let request =
                CreateSandboxRequest { parent_id, name: "the-one".into(), request_id, ..Default::default() };
            async move { client.sandboxes().create_sandbox(request).await.unwrap() }.boxed()
        };
        let answers = at_once((0..64).map(create).collect()).await;
        assert!(answers.iter().all(|answer| *answer == answers[0]), "one request has one answer");
        assert_eq!(subscription(&client, &root).await.active_sandboxes, 1);
        assert_eq!(sandboxes(&client, &root, true).await.len(), 1);
        assert_sound(&server);
    }

    async fn no_write_of_sixteen_writers_is_lost(server: Server) {
        let client = server.user("owner").await;
        let root = root(&client, "written").await;
        let shared = put(&client, &root, workflow("shared", ""), "*").await.unwrap();
        let write = |number: usize| write_own_and_shared(client.clone(), root.clone(), shared.id.clone(), number).boxed();
        let mut acknowledged: BTreeMap<String, Vec<(i64, String)>> = BTreeMap::new();
        acknowledged.insert(shared.id.clone(), vec![(shared.revision, shared.etag.clone())]);
        for workflow in at_once((0..WRITERS).map(write).collect()).await.into_iter().flatten() {
            acknowledged.entry(workflow.id).or_default().push((workflow.revision, workflow.etag));
        }
        assert_eq!(acknowledged.len(), WRITERS + 1);
        let mut taken = 0;
        for (id, mut written) in acknowledged {
            written.sort_unstable();
            taken += written.len();
            let mut kept: Vec<_> =
                revisions(&client, &root, &id).await.into_iter().map(|one| (one.revision, one.etag)).collect();
            kept.reverse();
            assert_eq!(kept, written, "the history is what was acknowledged");
            let now = get(&client, &root, &id).await;
            assert_eq!(Some(&(now.revision, now.etag)), written.last(), "the last one is what is read");
        }
        let project = project(&client, &root).await;
        assert_eq!(project.head_revision, i64::try_from(taken).unwrap(), "no revision is given twice or to nobody");
        assert_eq!(project.workflow_count, i64::try_from(WRITERS + 1).unwrap());
        let body = get(&client, &root, &shared.id).await.jobs.remove(0).body;
        let mut lines: Vec<_> = body.lines().collect();
        lines.sort_unstable();
        let mut expected: Vec<_> =
            (0..WRITERS).flat_map(|writer| (0..ROUNDS).map(move |round| format!("{writer} {round}"))).collect();
        expected.sort_unstable();
        assert_eq!(lines, expected, "each edit was made on top of the one before");
        assert_sound(&server);
    }

    async fn the_allowance_is_what_there_is_whoever_comes_and_goes(server: Server = Options::default().grace("0s")) {
        shape(&server, "come and go, no way back").await;
    }

    async fn the_allowance_is_what_there_is_whoever_is_restored(server: Server) {
        shape(&server, "come and go").await;
    }
}

const WRITERS: usize = 16;
const ROUNDS: usize = 4;
const MOST: i64 = 8;

/// Saves a workflow of its own and adds a line to the one that all share, several times; gives what was acknowledged.
async fn write_own_and_shared(
    client: Client,
    project: String,
    shared: String,
    writer: usize,
) -> Vec<Workflow> {
    let mut own = put(&client, &project, workflow(&format!("own {writer}"), ""), "*").await.unwrap();
    let mut written = vec![own.clone()];
    for round in 0..ROUNDS {
        own.jobs[0].body = format!("{writer} {round}");
        let etag = own.etag.clone();
        own = put(&client, &project, own, &etag).await.unwrap();
        written.push(own.clone());
        let give_up = Instant::now() + Duration::from_mins(1);
        loop {
            let mut read = get(&client, &project, &shared).await;
            read.jobs[0].body.extend([&*format!("{writer} {round}"), "\n"]);
            let etag = read.etag.clone();
            let saved = put(&client, &project, read, &etag).await;
            if accept(&saved, &[Reason::EtagMismatch], "a shared write").is_none() {
                written.push(saved.unwrap());
                break;
            }
            assert!(Instant::now() < give_up, "writer {writer} never got through");
        }
    }
    written
}

/// Creates, nested creates, deletes and restores at random; whatever the order, the count is that of what there is.
async fn shape(server: &Server, test: &str) {
    let client = server.user("owner").await;
    let root = root(&client, "busy").await;
    allow(server, &root, MOST).await;
    let mut random = random(test);
    let visitor = |_| come_and_go(client.clone(), root.clone(), random.random()).boxed();
    let mut tasks: Vec<BoxFuture<'static, usize>> = (0..12).map(visitor).collect();
    let (observer, place) = (client.clone(), root.clone());
    let watch = async move {
        for _ in 0..40 {
            let active = subscription(&observer, &place).await.active_sandboxes;
            assert!((0..=MOST).contains(&active), "{active} are active");
        }
        0
    };
    tasks.push(watch.boxed());
    let done: usize = at_once(tasks).await.into_iter().sum();
    assert!(done > 20, "only {done} calls had an effect");
    let active = i64::try_from(sandboxes(&client, &root, false).await.len()).unwrap();
    assert_eq!(subscription(&client, &root).await.active_sandboxes, active);
    assert!(active <= MOST, "{active} are active");
    // And the count is still one that creates go by.
    for number in active..MOST {
        fork(&client, &root, &format!("last-{number}")).await;
    }
    let refused = try_fork(&client, &root, "one-too-many").await.unwrap_err();
    assert_eq!(refused.reason(), Some(Reason::SandboxAllowanceReached), "{refused}");
    assert_sound(server);
}

/// Gives how many calls had an effect.
async fn come_and_go(client: Client, root: String, seed: u64) -> usize {
    let mut random = StdRng::seed_from_u64(seed);
    let mut done = 0;
    // Most are refused: where nothing comes back, about a sixth has an effect.
    for _ in 0..25 {
        let all = sandboxes(&client, &root, true).await;
        let one = (!all.is_empty()).then(|| &all[random.random_range(0..all.len())]);
        let worked = match (random.random_range(0..4), one) {
            (0, Some(one)) => delete(&client, one, false).await,
            (1, Some(one)) => delete(&client, one, true).await,
            (2, Some(one)) => restore(&client, one).await,
            (_, one) => {
                let parent = one.filter(|_| random.random_bool(0.5)).map_or(&root, |one| &one.id);
                create(&client, parent, random.random_range(0..20)).await
            }
        };
        done += usize::from(worked);
    }
    done
}

async fn create(client: &Client, parent: &str, number: u32) -> bool {
    let reasons = [
        Reason::SandboxAllowanceReached,
        Reason::NameTaken,
        Reason::ProjectScheduled,
        Reason::NestingDepthReached,
    ];
    accept(&try_fork(client, parent, &format!("sandbox-{number}")).await, &reasons, "create").is_none()
}

async fn delete(client: &Client, one: &Project, keep_children: bool) -> bool {
    let request =
        DeleteSandboxRequest { sandbox_id: one.id.clone(), keep_children, ..DeleteSandboxRequest::default() };
    let reasons = [Reason::ProjectScheduled, Reason::NameTaken];
    accept(&client.sandboxes().delete_sandbox(request).await, &reasons, "delete").is_none()
}

async fn restore(client: &Client, one: &Project) -> bool {
    let request = RestoreSandboxRequest { sandbox_id: one.id.clone(), ..RestoreSandboxRequest::default() };
    let reasons = [
        Reason::ProjectNotScheduled,
        Reason::AncestorScheduled,
        Reason::SandboxAllowanceReached,
        Reason::NameTaken,
        // The grace period is over.
        Reason::ProjectNotFound,
    ];
    let answer: Result<_, Error> = client.sandboxes().restore_sandbox(request).await;
    accept(&answer, &reasons, "restore").is_none()
}

/// Every sandbox of the tree; scheduled ones on request.
pub(crate) async fn sandboxes(client: &Client, root: &str, show_scheduled: bool) -> Vec<Project> {
    let request = GetSandboxTreeRequest { project_id: root.into(), show_scheduled };
    let mut projects = client.sandboxes().get_sandbox_tree(request).await.unwrap().projects;
    projects.retain(|project| !project.parent_id.is_empty());
    if !show_scheduled {
        assert!(projects.iter().all(|project| project.state() == ProjectState::Active));
    }
    projects
}

/// The sandboxes directly below a project.
pub(crate) async fn children(client: &Client, parent: &str) -> Vec<Project> {
    let request = ListSandboxesRequest { parent_id: parent.into(), ..ListSandboxesRequest::default() };
    client.list(request).all().await.unwrap()
}
