//! Plans of many resources travel in many small messages.

use std::collections::BTreeSet;

use prost::Message;
use sandbar_client::{
    Client,
    v1::{
        PreviewMergeRequest, PreviewMergeResponse, merge_service_client::MergeServiceClient, merge_warning,
        preview_merge_response::Part,
    },
};
use sandbar_tests::{Options, on_both_engines};
use serde_json::{Map, Value, json};

use crate::{
    flow::{fork, import, new_id, root},
    merging::{defaults, preview},
};

const MANY: usize = 3_000;

on_both_engines! {
    async fn a_large_plan_is_streamed(mut server: Server) {
        let client = server.user("owner").await;
        let root = root(&client, "root").await;
        let sandbox = fork(&client, &root, "sandbox").await;
        import(&client, &sandbox, &document().to_string().into_bytes()).await;
        // Far less than a plan of so many would take in one message.
        server.restart_with(Options::default().arg("--max-message=256KiB")).await;
        let messages = messages(&client, &sandbox).await;
        let largest = messages.iter().map(Message::encoded_len).max().unwrap();
        assert!(largest < 256 * 1024, "{largest}");
        let mut listed = BTreeSet::new();
        let (mut heads, mut warned) = (0, BTreeSet::new());
        for (at, message) in messages.into_iter().enumerate() {
            let warnings = match message.part.unwrap() {
                Part::Head(head) => {
                    assert_eq!((at, head.new_count), (0, i64::try_from(MANY).unwrap()));
                    heads += 1;
                    head.warnings
                }
                Part::MoreWarnings(more) => {
                    assert!(listed.is_empty(), "warnings come before resources");
                    more.warnings
                }
                Part::Resource(one) => {
                    listed.insert(one.key.unwrap().id);
                    continue;
                }
            };
            for warning in warnings {
                assert_eq!(warning.kind(), merge_warning::Kind::TriggerOff);
                assert!(warned.insert(warning.resource.unwrap().id), "it is said twice");
            }
        }
        assert_eq!((heads, listed.len()), (1, MANY));
        assert_eq!(warned, listed, "each new trigger is warned of");
        // The SDK gives all of it as one plan.
        let plan = preview(&client, &sandbox, &root, &defaults()).await;
        assert_eq!((plan.resources.len(), plan.head.warnings.len()), (MANY, MANY));
    }
}

async fn messages(client: &Client, source: &str) -> Vec<PreviewMergeResponse> {
    let mut merges = MergeServiceClient::new(client.service());
    let request = PreviewMergeRequest {
        source_id: source.to_owned(),
        choices: Some(defaults()),
        ..PreviewMergeRequest::default()
    };
    let mut stream = merges.preview_merge(request).await.unwrap().into_inner();
    let mut messages = Vec::new();
    while let Some(message) = stream.message().await.unwrap() {
        messages.push(message);
    }
    messages
}

/// Many small workflows, each with a trigger.
fn document() -> Value {
    let workflow = |number: usize| {
        let (job, trigger) = (new_id(), new_id());
        let value = json!({
            "id": new_id(), "name": format!("Workflow {number}"),
            "jobs": {"step": {"id": job, "name": "step", "adaptor": "@openfn/language-common@3.0.0", "body": "fn();"}},
            "triggers": {"webhook": {"id": trigger, "type": "webhook", "enabled": false}},
            "edges": {"start": {"id": new_id(), "source_trigger_id": trigger, "target_job_id": job,
                "condition_type": "always", "enabled": true}},
        });
        (format!("workflow-{number}"), value)
    };
    json!({ "name": "many", "workflows": (0..MANY).map(workflow).collect::<Map<_, _>>() })
}
