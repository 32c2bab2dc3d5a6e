//! Every state of the real histories, imported one after the other into one project, comes out again as it went in.

use sandbar_client::{
    Client,
    v1::{GetWorkflowRequest, ImportProjectResponse, get_workflow_request},
};
use sandbar_tests::{Server, on_both_engines};
use serde_json::Value;

use crate::{
    flow::{assert_sound, export, import, project, workflows},
    history::{State, assert_exported, counts, resources, settled, states},
};

on_both_engines! {
    async fn health_sync_comes_out_as_it_went_in(server: Server) {
        replay(&server, "health-sync", 73).await;
    }

    async fn social_sciences_comes_out_as_it_went_in(server: Server) {
        replay(&server, "social-sciences", 13).await;
    }

    async fn large_bodies_come_out_as_they_went_in(server: Server) {
        replay(&server, "large-bodies", 5).await;
    }
}

async fn replay(server: &Server, history: &str, length: usize) {
    let client = server.user("owner").await;
    let states = states(history);
    assert_eq!(states.len(), length, "{history} is not complete");
    let (mut id, mut head, mut document) = (String::new(), 0, None);
    for state in &states {
        let expected = settled(document.as_ref(), &state.document);
        let answer = import(&client, &id, &state.text).await;
        assert_counted(&answer, counts(document.as_ref(), &state.document), &mut head, state);
        id = answer.project.unwrap().id;
        assert_holds(&client, &id, &expected, &state.file).await;
        assert_again_changes_nothing(&client, &id, state).await;
        document = Some(expected);
    }
    assert_bodies(&client, &id, &document.unwrap()).await;
    assert_sound(server);
}

/// The answer counts what changed, and each change took one revision.
fn assert_counted(answer: &ImportProjectResponse, expected: [i64; 4], head: &mut i64, state: &State) {
    let counted = [answer.created, answer.updated, answer.deleted, answer.unchanged];
    assert_eq!(counted, expected, "{}: created, updated, deleted, unchanged", state.file);
    assert_eq!(answer.document_bytes, i64::try_from(state.text.len()).unwrap(), "{}", state.file);
    *head += answer.created + answer.updated + answer.deleted;
    assert_eq!(answer.project.as_ref().unwrap().head_revision, *head, "{}", state.file);
}

/// The export and the project's own counts.
async fn assert_holds(client: &Client, id: &str, expected: &Value, file: &str) {
    assert_exported(&export(client, id).await, expected, file);
    let kinds: Vec<_> = resources(expected).into_keys().map(|(section, _)| section).collect();
    let count = |section: &str| i64::try_from(kinds.iter().filter(|kind| **kind == section).count()).unwrap();
    let project = project(client, id).await;
    let counted = (project.workflow_count, project.collection_count);
    assert_eq!(counted, (count("workflows"), count("collections")), "{file}");
    assert_eq!(i64::try_from(workflows(client, id).await.len()).unwrap(), count("workflows"), "{file}");
}

async fn assert_again_changes_nothing(client: &Client, id: &str, state: &State) {
    let before = project(client, id).await;
    let again = import(client, id, &state.text).await;
    assert_eq!([again.created, again.updated, again.deleted], [0; 3], "{} again", state.file);
    assert_eq!(again.project.unwrap(), before, "{} again", state.file);
    assert_eq!(project(client, id).await, before, "{} again", state.file);
}

/// Reads each workflow by itself: its bodies are those of the document, byte for byte.
async fn assert_bodies(client: &Client, id: &str, document: &Value) {
    for (_, value) in document["workflows"].as_object().unwrap() {
        let workflow =
            Some(get_workflow_request::Workflow::WorkflowName(value["name"].as_str().unwrap().into()));
        let request = GetWorkflowRequest { project_id: id.into(), workflow, revision: 0 };
        let read = client.workflows().get_workflow(request).await.unwrap().workflow.unwrap();
        assert_eq!(read.id, value["id"].as_str().unwrap());
        let jobs = value["jobs"].as_object().unwrap();
        assert_eq!(read.jobs.len(), jobs.len(), "{}", read.name);
        for job in jobs.values() {
            let same = read.jobs.iter().find(|read| read.id == job["id"].as_str().unwrap()).unwrap();
            assert!(
                same.body == job["body"].as_str().unwrap(),
                "the body of {:?} of {:?}",
                same.name,
                read.name
            );
        }
    }
}
