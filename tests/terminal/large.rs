//! A merge of very much is answered and reported, within the limit of messages.

use sandbar_client::v1::{
    ApplyMergeRequest, CreateProjectRequest, CreateSandboxRequest, GetMergeChangesRequest, GetMergeRequest,
    ImportHeader, MergeChoices, PreviewMergeRequest, PrincipalKind, Project, ResourceKind,
};
use sandbar_tests::on_both_engines;
use serde_json::{Map, Value, json};

use crate::stage::STATE;

/// More than come with a record itself, and than one page of the report.
const WORKFLOWS: usize = 2_500;
/// Steps whose bodies' differences are together more than a message may have.
const STEPS: usize = 300;
const BODY_BYTES: usize = 70_000;

fn id(group: u8, number: usize) -> String {
    format!("{group:08}-0000-4000-8000-{number:012}")
}

fn workflow(number: usize, jobs: impl IntoIterator<Item = (String, Value)>) -> Value {
    let jobs: Map<_, _> = jobs.into_iter().collect();
    json!({
        "id": id(1, number), "name": format!("workflow {number}"), "jobs": jobs, "triggers": {}, "edges": {},
    })
}

fn job(group: u8, number: usize, body: &str) -> (String, Value) {
    let name = format!("step {number}");
    let job = json!({ "id": id(group, number), "name": name, "adaptor": "@openfn/language-http@latest", "body": body });
    (name.replace(' ', "-"), job)
}

/// Many small workflows and a very large one, whose text is of a real step.
fn document() -> Vec<u8> {
    let state: Value = serde_json::from_slice(&std::fs::read(STATE).unwrap()).unwrap();
    let jobs = state["workflows"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|one| one["jobs"].as_object().unwrap().values());
    let real = jobs.filter_map(|job| job["body"].as_str()).max_by_key(|body| body.len()).unwrap();
    let long = real.repeat(BODY_BYTES / real.len() + 1);
    let mut workflows: Map<String, Value> = (1..=WORKFLOWS)
        .map(|number| (format!("w{number}"), workflow(number, [job(2, number, "fn(state => state);\n")])))
        .collect();
    let steps = (1..=STEPS).map(|number| job(3, number, &format!("// step {number}\n{long}")));
    workflows.insert("large".into(), workflow(0, steps));
    json!({ "name": "much", "project_credentials": {}, "workflows": workflows }).to_string().into_bytes()
}

on_both_engines! {
    async fn a_merge_of_very_much_is_answered_and_reported(server: Server) {
        let user = server.principal("Ada", PrincipalKind::User).await.client;
        let project = Some(Project { name: "much".into(), ..Default::default() });
        let request = CreateProjectRequest { project, ..Default::default() };
        let parent_id = user.projects().create_project(request).await.unwrap().project.unwrap().id;
        let request = CreateSandboxRequest { parent_id, name: "fix".into(), ..Default::default() };
        let source_id = user.sandboxes().create_sandbox(request).await.unwrap().sandbox.unwrap().id;
        let header = ImportHeader { project_id: source_id.clone(), ..Default::default() };
        user.projects().import_project(header, document().as_slice(), |_| {}).await.unwrap();

        let choices = Some(MergeChoices { defaults: true, retire_source: Some(false), ..Default::default() });
        let request = PreviewMergeRequest { source_id: source_id.clone(), choices: choices.clone(), ..Default::default() };
        let plan = user.merges().preview_merge(request).await.unwrap();
        assert_eq!(plan.resources.len(), WORKFLOWS + 1);
        let request = ApplyMergeRequest { source_id, choices, plan_token: plan.head.plan_token, ..Default::default() };
        let merge = user.merges().apply_merge(request).await.unwrap().merge.unwrap();
        assert_eq!((merge.resource_count, merge.resources.len()), (i64::try_from(WORKFLOWS).unwrap() + 1, 1_000));
        let merge_id = merge.id.clone();
        let again = user.merges().get_merge(GetMergeRequest { merge_id: merge_id.clone() }).await.unwrap();
        assert_eq!(again.merge, Some(merge));

        let mut changes = user.merges().merge_changes(GetMergeChangesRequest { merge_id, ..Default::default() });
        let (mut count, mut last, mut large) = (0, String::new(), None);
        while let Some(change) = changes.next().await {
            let change = change.unwrap();
            let key = change.key.clone().unwrap();
            assert!(key.kind() == ResourceKind::Workflow && key.id > last, "each once, in order");
            assert!(!change.fields.is_empty(), "{change:?}");
            (count, last) = (count + 1, key.id);
            if change.after_name == "workflow 0" {
                large = Some(change);
            }
        }
        assert_eq!(count, WORKFLOWS + 1);
        let large = large.unwrap();
        // A name, whether there are job logs, and the steps: all are listed, and each diff says that it goes on.
        assert_eq!((large.fields.len(), large.omitted_field_count), (STEPS + 2, 0));
        let diffs: Vec<_> = large.fields.iter().map(|field| field.body_diff.as_str()).filter(|diff| !diff.is_empty()).collect();
        assert_eq!(diffs.len(), STEPS);
        assert!(diffs.iter().all(|diff| diff.contains("cut off after")));
    }
}
