//! Every real project goes to a client and comes back as it was.

use std::{
    fs,
    path::{Path, PathBuf},
};

use sandbar_client::v1::{DeleteSandboxRequest, ImportHeader, PutWorkflowRequest};
use sandbar_tests::on_both_engines;
use serde_json::Value;

use crate::stage::{Stage, here, sandbox, workflow};

/// Every saved state of each project, oldest first: what one does not speak of is as it was before.
fn histories() -> Vec<Vec<PathBuf>> {
    let entries = |folder: &Path| {
        let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        entries
    };
    let projects = entries(&here().join("../data/histories")).into_iter().filter(|path| path.is_dir());
    let histories: Vec<_> = projects.map(|project| entries(&project)).collect();
    assert_eq!(histories.iter().map(Vec::len).sum::<usize>(), 91);
    histories
}

fn list(state: &Value) -> Vec<&Value> {
    match state {
        Value::Object(entries) => entries.values().collect(),
        Value::Array(entries) => entries.iter().collect(),
        _ => Vec::new(),
    }
}

/// By name, with each body.
fn bodies(state: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let jobs = list(&state["workflows"]).into_iter().flat_map(|one| list(&one["jobs"]));
    let mut bodies: Vec<_> = jobs.map(|job| (text(&job["id"]), text(&job["body"]))).collect();
    bodies.sort();
    bodies
}

on_both_engines! {
    async fn every_saved_state_goes_out_and_comes_back_unchanged(server: Server) {
        let stage = Stage::build(&server).await;
        for history in histories() {
            let mut project = String::new();
            for file in history {
                let text = fs::read(&file).unwrap();
                let header = ImportHeader { project_id: project.clone(), ..Default::default() };
                let imported = stage.owner.client.projects().import_project(header, text.as_slice(), |_| {}).await;
                project = imported.unwrap().project.unwrap().id;
                let state = stage.state(&project).await;
                assert_eq!(bodies(&state), bodies(&serde_json::from_slice(&text).unwrap()), "{}", file.display());
                stage.post(&state).await.good();
                assert_eq!(stage.state(&project).await, state, "{}", file.display());
            }
        }
    }

    /// A list of states only grows, a state that comes back is in it again, and a sandbox's begins with its parent's.
    async fn what_was_shown_is_remembered(server: Server) {
        let stage = Stage::build(&server).await;
        let history = async |project: &str| {
            let mut state = stage.state(project).await;
            workflow(&mut state, "Calls")["version_history"].clone()
        };
        // Nobody has asked the parent yet.
        let below = history(&stage.sandbox).await;
        let mut above = stage.state(&stage.project).await;
        let first = workflow(&mut above, "Calls")["version_history"].clone();
        assert_eq!((first.as_array().unwrap().len(), below.as_array().unwrap().len()), (1, 2));
        assert_eq!(first[0], below[0]);
        let body = workflow(&mut above, "Calls")["jobs"][0]["body"].clone();
        for text in [Value::from("// one\n"), body] {
            let mut state = stage.state(&stage.project).await;
            workflow(&mut state, "Calls")["jobs"][0]["body"] = text;
            stage.post(&state).await.good();
        }
        let now = history(&stage.project).await;
        assert_eq!(now.as_array().unwrap().len(), 3);
        assert_eq!((&now[0], &now[2], now[0] == now[1]), (&first[0], &first[0], false));
        assert_eq!(history(&stage.project).await, now);
        // What came after the fork is not the sandbox's.
        assert_eq!(history(&stage.sandbox).await, below);
        // A sandbox of the sandbox has all of it, also when what lay between is gone.
        let deep = sandbox(&stage.owner, &stage.sandbox, "deep").await;
        assert_eq!(history(&deep).await, below);
        let keep = DeleteSandboxRequest { sandbox_id: stage.sandbox.clone(), keep_children: true, ..Default::default() };
        stage.owner.client.sandboxes().delete_sandbox(keep).await.unwrap();
        assert_eq!(history(&deep).await, below);
    }

    /// Edits over gRPC are seen like any other, and a workflow can be shown as it was.
    async fn a_workflow_is_shown_as_it_was(server: Server) {
        let stage = Stage::build(&server).await;
        let mut before = stage.state(&stage.project).await;
        let (id, lock) = { let one = workflow(&mut before, "Calls"); (one["id"].clone(), one["lock_version"].clone()) };
        let id = id.as_str().unwrap().to_owned();
        let mut calls = stage.workflow(&id).await;
        "// over gRPC\n".clone_into(&mut calls.jobs[0].body);
        let put = PutWorkflowRequest { project_id: stage.project.clone(), workflow: Some(calls), ..Default::default() };
        stage.owner.client.workflows().put_workflow(put).await.unwrap();
        let mut after = stage.state(&stage.project).await;
        assert_eq!(workflow(&mut after, "Calls")["jobs"][0]["body"], "// over gRPC\n");
        let place = |snapshot: &str| format!("/api/provision/{}?snapshots%5B%5D={snapshot}", stage.project);
        let mut then = stage.call("GET", &place(&format!("{id}@{lock}")), b"").await.good()["data"].take();
        assert_eq!(workflow(&mut then, "Calls")["jobs"], workflow(&mut before, "Calls")["jobs"]);
        assert_eq!(workflow(&mut then, "Calls")["lock_version"], lock);
        assert_eq!(workflow(&mut then, "Reports"), workflow(&mut after, "Reports"));
        let yaml = stage.call("GET", &format!("/api/provision/yaml?id={}&snapshots[]={id}@{lock}", stage.project), b"").await;
        assert!(!String::from_utf8(yaml.body).unwrap().contains("over gRPC"));
        stage.call("GET", &place(&format!("{id}@99")), b"").await.refused(404, "REVISION_NOT_FOUND");
        stage.call("GET", &place("nonsense"), b"").await.refused(422, "INVALID_FIELDS");
        stage.call("GET", &place("10000000-0000-4000-8000-0000000000ff@1"), b"").await.refused(404, "REVISION_NOT_FOUND");
    }
}
