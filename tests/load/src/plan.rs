//! A merge of everything: time, messages and the server's memory when a plan has as many resources as a project.

use std::time::{Duration, Instant};

use prost::Message;
use sandbar_client::v1::{
    ApplyMergeRequest, CreateProjectRequest, ImportHeader, MergeChoices, PreviewMergeRequest, Project,
    merge_service_client::MergeServiceClient,
};
use serde_json::{Value, json};

use crate::{Result, Setting, document::Template, figures::Report, machine, project, service::Database};

/// Sizes of the plans.
const SIZES: [u64; 3] = [1_000, 10_000, 100_000];
/// A call that takes longer than a server allows by default.
const PATIENCE: Duration = Duration::from_mins(10);

/// See the subcommand.
pub(crate) async fn run(setting: &Setting) -> Result<()> {
    let template = Template::read(&setting.template)?;
    let database = Database::open(setting, "plan", true).await?.with(&["--max-deadline", "10m"]);
    let columns = [
        "what",
        "resources",
        "seconds",
        "first message",
        "messages",
        "largest KiB",
        "peak MiB",
        "MiB before",
    ];
    let mut report = Report::new(setting.engine, &columns);
    for size in SIZES.into_iter().filter(|size| *size <= setting.largest) {
        let sandbox = make(&database, &template, size).await?;
        let values = preview(&database, &sandbox, size).await?;
        row(&mut report, "preview", size, values);
        let values = apply(&database, &sandbox, size).await?;
        row(&mut report, "apply", size, values);
    }
    report.print("A merge of everything")
}

/// A sandbox of an empty project, with this many workflows.
async fn make(database: &Database, template: &Template, size: u64) -> Result<String> {
    let service = database.serve().await?;
    let client = &service.client;
    let root = Project { name: format!("plan-{size}"), ..Project::default() };
    let request = CreateProjectRequest { project: Some(root), ..CreateProjectRequest::default() };
    let root = client.projects().create_project(request).await?.project.unwrap_or_default();
    let sandbox = project::fork(client, &root.id, "everything").await?;
    let header = ImportHeader { project_id: sandbox.clone(), ..ImportHeader::default() };
    client.projects().import_project(header, template.document("everything", size), |_| {}).await?;
    Ok(sandbox)
}

fn choices() -> MergeChoices {
    MergeChoices { defaults: true, retire_source: Some(false), ..MergeChoices::default() }
}

async fn preview(database: &Database, sandbox: &str, size: u64) -> Result<Value> {
    // A new server each time: the peak of a process is that of its whole life.
    let service = database.serve().await?;
    let before = machine::peak_mib(service.id())?;
    let mut merges = MergeServiceClient::new(service.client.service());
    let mut request = tonic::Request::new(PreviewMergeRequest {
        source_id: sandbox.to_owned(),
        choices: Some(choices()),
        ..PreviewMergeRequest::default()
    });
    request.set_timeout(PATIENCE);
    let begun = Instant::now();
    let mut stream = merges.preview_merge(request).await?.into_inner();
    let (mut messages, mut largest, mut first) = (0_u64, 0, 0.0);
    while let Some(message) = stream.message().await? {
        if messages == 0 {
            first = begun.elapsed().as_secs_f64();
        }
        messages += 1;
        largest = largest.max(message.encoded_len());
    }
    if messages <= size {
        return Err(format!("a plan of {size} resources came in {messages} messages").into());
    }
    let seconds = begun.elapsed().as_secs_f64();
    Ok(json!({
        "seconds": seconds, "first_seconds": first, "messages": messages, "largest_kib": largest / 1024,
        "peak_mib": machine::peak_mib(service.id())?, "before_mib": before,
    }))
}

async fn apply(database: &Database, sandbox: &str, size: u64) -> Result<Value> {
    let service = database.serve().await?;
    let before = machine::peak_mib(service.id())?;
    let request = ApplyMergeRequest {
        source_id: sandbox.to_owned(),
        choices: Some(choices()),
        allow_unreviewed: true,
        ..ApplyMergeRequest::default()
    };
    let begun = Instant::now();
    let merge = service.client.merges().apply_merge(request).await?.merge.unwrap_or_default();
    let seconds = begun.elapsed().as_secs_f64();
    // The credentials' links come along.
    if u64::try_from(merge.resource_count).is_ok_and(|count| count < size) {
        return Err("a merge of everything left something out".into());
    }
    Ok(json!({
        "seconds": seconds, "messages": 1, "largest_kib": merge.encoded_len() / 1024,
        "peak_mib": machine::peak_mib(service.id())?, "before_mib": before,
    }))
}

fn row(report: &mut Report, what: &str, size: u64, mut values: Value) {
    let number = |key: &str, digits: usize| {
        values.get(key).and_then(Value::as_f64).map_or_else(String::new, |value| format!("{value:.digits$}"))
    };
    let cells = [
        what.to_owned(),
        size.to_string(),
        number("seconds", 2),
        number("first_seconds", 2),
        number("messages", 0),
        number("largest_kib", 0),
        number("peak_mib", 0),
        number("before_mib", 0),
    ];
    if let Some(fields) = values.as_object_mut() {
        fields.insert("what".into(), what.into());
        fields.insert("resources".into(), size.into());
    }
    report.row(&cells, "plan", values);
}
