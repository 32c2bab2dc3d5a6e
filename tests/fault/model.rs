//! What a project and its sandbox must be like after a step that may have been interrupted: wholly done, or as before.

use rand::{RngExt, rngs::StdRng};
use sandbar_client::{
    Client, Error, Plan,
    v1::{
        ApplyMergeRequest, ImportProjectResponse, ListMergesRequest, Merge, MergeChoices, Project,
        ProjectState, ResourceKind, RestoreSandboxRequest,
    },
};
use serde_json::Value;

use crate::{
    flow::{Holdings, export, fork, get, import, import_as, new_id, project, workflows},
    history::{State, content, counts, resources, settled},
    merging::{
        apply, applying, assert_recorded, defaults, everything, is_blocked, preview, selected, stays_apart,
    },
};

/// A root with a sandbox.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) root: String,
    pub(crate) sandbox: String,
}

/// All that can be seen of one project.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Side {
    project: Project,
    /// Empty while it is scheduled for deletion: it can't be read then.
    holdings: Holdings,
    export: Value,
}

/// All that can be seen of a place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Seen {
    root: Side,
    sandbox: Side,
    merges: Vec<Merge>,
}

/// One call, with a request id, so that it can be repeated.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// A document into the root, or into the sandbox.
    Import { into_root: bool, file: String, text: Vec<u8>, document: Value, request_id: String },
    /// Everything from the sandbox into the root.
    Merge { request: ApplyMergeRequest, plan: Box<Plan> },
}

/// What was answered.
#[derive(Debug, PartialEq)]
pub(crate) enum Answer {
    Imported(Box<ImportProjectResponse>),
    Merged(Box<Merge>),
}

impl Place {
    pub(crate) async fn new(client: &Client, first: &State) -> Self {
        let root = import(client, "", &first.text).await.project.unwrap().id;
        let sandbox = fork(client, &root, "sandbox").await;
        Self { root, sandbox }
    }

    /// Chooses what to do next: a merge, if there is something to merge, or an import.
    pub(crate) async fn choose(&self, client: &Client, pool: &[State], random: &mut StdRng) -> Step {
        let choices = everything(&preview(client, &self.sandbox, &self.root, &defaults()).await);
        let choices = MergeChoices { retire_source: Some(random.random_bool(0.3)), ..choices };
        let plan = preview(client, &self.sandbox, &self.root, &choices).await;
        if random.random_bool(0.6) && !selected(&plan).is_empty() && !is_blocked(&plan) {
            let request = ApplyMergeRequest {
                request_id: new_id(),
                ..applying(&self.sandbox, &self.root, &choices, &plan)
            };
            return Step::Merge { request, plan: Box::new(plan) };
        }
        let state = &pool[random.random_range(0..pool.len())];
        Step::Import {
            into_root: random.random_bool(0.3),
            file: state.file.clone(),
            text: state.text.clone(),
            document: state.document.clone(),
            request_id: new_id(),
        }
    }

    pub(crate) async fn run(&self, client: &Client, step: &Step) -> Result<Answer, Error> {
        match step {
            Step::Import { into_root, text, request_id, .. } => {
                let project = if *into_root { &self.root } else { &self.sandbox };
                import_as(client, project, request_id, text)
                    .await
                    .map(|answer| Answer::Imported(Box::new(answer)))
            }
            Step::Merge { request, .. } => {
                apply(client, request.clone()).await.map(|m| Answer::Merged(Box::new(m)))
            }
        }
    }

    /// Looks at everything; what is there must be whole.
    pub(crate) async fn look(&self, client: &Client) -> Seen {
        let request = ListMergesRequest { project_id: self.root.clone(), ..ListMergesRequest::default() };
        let merges = client.list(request).all().await.unwrap();
        Seen { root: look(client, &self.root).await, sandbox: look(client, &self.sandbox).await, merges }
    }

    /// Takes the sandbox back if a merge has retired it.
    pub(crate) async fn take_back(&self, client: &Client) {
        if project(client, &self.sandbox).await.state() == ProjectState::Scheduled {
            let request = RestoreSandboxRequest {
                sandbox_id: self.sandbox.clone(),
                ..RestoreSandboxRequest::default()
            };
            client.sandboxes().restore_sandbox(request).await.unwrap();
        }
    }
}

impl Step {
    /// In short, for messages.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Import { into_root: true, file, .. } => format!("import of {file} into the root"),
            Self::Import { file, .. } => format!("import of {file} into the sandbox"),
            Self::Merge { plan, .. } => format!("merge of {} resources", plan.head.selected_count),
        }
    }

    /// Whether it changes anything at all.
    pub(crate) fn is_idle(&self, before: &Seen) -> bool {
        match self {
            Self::Import { into_root, document, .. } => {
                let side = before.side(*into_root);
                let [created, updated, deleted, _] = counts(Some(&side.export), document);
                created + updated + deleted == 0
            }
            Self::Merge { .. } => false,
        }
    }

    /// Checks that this was done once, and nothing else.
    pub(crate) fn assert_done(&self, before: &Seen, now: &Seen, what: &str) {
        match self {
            Self::Import { into_root, document, .. } => {
                assert_imported(*into_root, document, (before, now), what);
            }
            Self::Merge { request, plan } => assert_merged(request, plan, (before, now), what),
        }
    }

    /// Checks an answer, the first or a repeated one.
    pub(crate) fn assert_answer(&self, before: &Seen, now: &Seen, answer: &Answer, what: &str) {
        match (self, answer) {
            (Self::Import { into_root, document, text, .. }, Answer::Imported(answer)) => {
                let counted = [answer.created, answer.updated, answer.deleted, answer.unchanged];
                assert_eq!(counted, counts(Some(&before.side(*into_root).export), document), "{what}");
                assert_eq!(answer.document_bytes, i64::try_from(text.len()).unwrap(), "{what}");
                let (told, there) = (answer.project.as_ref().unwrap(), &now.side(*into_root).project);
                assert_eq!(told.head_revision, there.head_revision, "{what}");
            }
            (Self::Merge { plan, .. }, Answer::Merged(answer)) => {
                let alike = !before.sandbox.holdings.links_otherwise(&before.root.holdings);
                assert_recorded(answer, plan, alike, what);
                assert_eq!(answer.target_revision, now.root.project.head_revision, "{what}");
                assert_eq!(answer.id, now.merges[0].id, "{what}");
            }
            _ => panic!("{what}: {answer:?}"),
        }
    }
}

impl Seen {
    fn side(&self, root: bool) -> &Side {
        if root { &self.root } else { &self.sandbox }
    }
}

fn assert_imported(into_root: bool, document: &Value, (before, now): (&Seen, &Seen), what: &str) {
    let (was, is) = (before.side(into_root), now.side(into_root));
    let mut expected = content(&settled(Some(&was.export), document));
    if !into_root {
        turn_off(&mut expected);
    }
    assert_eq!(content(&is.export), expected, "{what}");
    let [created, updated, deleted, _] = counts(Some(&was.export), document);
    assert_eq!(is.project.head_revision, was.project.head_revision + created + updated + deleted, "{what}");
    assert_eq!(now.side(!into_root), before.side(!into_root), "{what}: the other one");
    assert_eq!(now.merges, before.merges, "{what}");
}

/// A document does not turn the triggers of a sandbox on, and nobody else did.
fn turn_off(content: &mut Value) {
    let workflows = content["workflows"].as_object_mut().into_iter().flatten();
    for trigger in
        workflows.flat_map(|(_, workflow)| workflow["triggers"].as_object_mut().into_iter().flatten())
    {
        trigger.1["enabled"] = false.into();
    }
}

fn assert_merged(request: &ApplyMergeRequest, plan: &Plan, (before, now): (&Seen, &Seen), what: &str) {
    let head = before.root.project.head_revision + plan.head.selected_count;
    assert_eq!(now.root.project.head_revision, head, "{what}");
    let alike = !before.sandbox.holdings.links_otherwise(&before.root.holdings);
    for one in selected(plan) {
        let key = one.key.as_ref().unwrap();
        let id = if one.target_id.is_empty() { &key.id } else { &one.target_id };
        if key.kind == i32::from(ResourceKind::Workflow) && alike && !stays_apart(plan, one) {
            let there = now.root.holdings.workflows.get(id).cloned().unwrap_or_default();
            assert_eq!(there, one.source_etag, "{what}: {}", one.name);
        }
    }
    assert_eq!(now.merges.len(), before.merges.len() + 1, "{what}");
    assert_eq!(now.merges[0].target_revision, head, "{what}");
    assert_eq!(now.merges[0].resource_count, plan.head.selected_count, "{what}");
    assert_eq!(now.merges[1..], before.merges, "{what}");
    let retires = request.choices.as_ref().unwrap().retire_source == Some(true);
    assert_eq!(now.merges[0].retired_source, retires, "{what}");
    if retires {
        assert_eq!(now.sandbox.project.state(), ProjectState::Scheduled, "{what}");
    } else {
        assert_eq!(now.sandbox, before.sandbox, "{what}: the source");
    }
}

/// Checks that what a project says of itself is so, and that everything in it can be read.
async fn look(client: &Client, id: &str) -> Side {
    let project = project(client, id).await;
    if project.state() == ProjectState::Scheduled {
        return Side { project, holdings: Holdings::default(), export: Value::Null };
    }
    let export = export(client, id).await;
    let mut holdings = Holdings::of(&export);
    let there = resources(&export);
    for one in workflows(client, id).await {
        let read = get(client, id, &one.id).await;
        assert_eq!((&read.etag, read.revision), (&one.etag, one.revision), "{}", one.name);
        assert!(read.revision <= project.head_revision || project.depth > 0, "{}", one.name);
        let document = &there[&("workflows", one.id.clone())];
        for job in &read.jobs {
            let body = document["jobs"][&job.id]["body"].as_str().unwrap_or_default();
            assert!(job.body == body, "the body of {:?} of {:?}", job.name, one.name);
        }
        holdings.workflows.insert(one.id, one.etag);
    }
    let count = |section: &str| i64::try_from(there.keys().filter(|key| key.0 == section).count()).unwrap();
    assert_eq!(holdings.workflows.len(), usize::try_from(count("workflows")).unwrap());
    assert_eq!(
        (project.workflow_count, project.collection_count),
        (count("workflows"), count("collections"))
    );
    Side { project, holdings, export }
}
