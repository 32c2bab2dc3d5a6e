//! Reading one workflow, token and role checked, against what a bare handler costs.

use std::time::Duration;

use bytes::Bytes;
use prost::Message;
use sandbar_client::{
    Client,
    prost_types::FieldMask,
    v1::{Project, UpdateProjectRequest},
};
use serde_json::json;
use uuid::Uuid;

use crate::{
    Engine, Result, Setting,
    document::Template,
    figures::{Report, Sample, Wanted, median},
    floor_server::{self, FloorRow, Question},
    project::{self, contents, spread},
    raw::{Run, Target},
    service::{Database, Process, Service, free_address},
};

const GET_WORKFLOW: &str = "/sandbar.v1.WorkflowsService/GetWorkflow";
/// What is called, by turns.
const NAMES: [&str; 5] = [
    "GetWorkflow",
    "GetWorkflow, 20 writes/s beside it",
    "bare: one select",
    "bare: one select of as many bytes",
    "bare: echo",
];
/// The one of them that somebody writes beside: what is remembered of earlier calls holds only until then.
const BESIDE_WRITES: usize = 1;
const BETWEEN_WRITES: Duration = Duration::from_millis(50);

/// See the subcommand.
pub(crate) async fn run(setting: &Setting) -> Result<()> {
    let template = Template::read(&setting.template)?;
    let database = Database::open(setting, "data", false).await?;
    let service = database.serve().await?;
    let root = project::root(&service.client, &template, "load-100", 100).await?;
    let ids = spread(&contents(&service.client, &root).await?.ids, 100);
    let ours = [ours(&service, &root, &ids).await?, ours(&service, &root, &ids).await?];
    let (floor, address) = start(setting, &database, &ours[0], &ids).await?;
    let targets = targets(ours, &floor, &address, &root, &ids).await?;

    let mut report = Report::new(
        setting.engine,
        &["call", "calls/s", "p50 µs", "p99 µs", "CPU of the server, µs/call", "bytes answered"],
    );
    let mut runs: [Vec<Run>; NAMES.len()] = Default::default();
    for round in 0..=setting.runs {
        // Each is first, second, … in turn.
        for turn in 0..targets.len() {
            let which = (turn + round) % targets.len();
            let (Some(target), Some(runs)) = (targets.get(which), runs.get_mut(which)) else { continue };
            let run = target.run(Duration::from_secs(if round == 0 { 1 } else { setting.seconds }));
            let run = if which == BESIDE_WRITES {
                tokio::select! {
                    run = run => run?,
                    failed = write(&service.client, &root) => return failed,
                }
            } else {
                run.await?
            };
            if round > 0 {
                runs.push(run);
            }
        }
    }
    let mut rates = Vec::new();
    for ((name, runs), target) in NAMES.iter().zip(runs).zip(&targets) {
        rates.push(row(&mut report, name, runs, target.once(0).await?.len()));
    }
    if let [ours, beside, select, whole, _] = &rates[..] {
        let wanted = Wanted::AtLeast(0.7);
        report.ratio("floor.ratio", "GetWorkflow / one select", paired(ours, select), wanted);
        report.ratio("floor.whole", "GetWorkflow / one select of as many bytes", paired(ours, whole), wanted);
        let beside = paired(beside, select);
        report.ratio("floor.beside", "GetWorkflow with writes beside it / one select", beside, wanted);
    }
    report.print("One workflow against the floors: 16 calls in flight on 4 connections")
}

/// Gives the project one description after the other, until it is stopped.
async fn write(client: &Client, root: &str) -> Result<()> {
    for turn in 0_u64.. {
        tokio::time::sleep(BETWEEN_WRITES).await;
        let project = Project { description: format!("written {} times", turn % 1000), ..Project::default() };
        let request = UpdateProjectRequest {
            project_id: root.to_owned(),
            project: Some(project),
            update_mask: Some(FieldMask { paths: vec!["description".to_owned()] }),
            ..UpdateProjectRequest::default()
        };
        client.projects().update_project(request).await?;
    }
    Ok(())
}

async fn ours(service: &Service, root: &str, ids: &[String]) -> Result<Target> {
    let messages = ids.iter().map(|id| project::request(root, id).encode_to_vec().into()).collect();
    Target::connect(&service.url, service.id(), GET_WORKFLOW, Some(&service.token), messages).await
}

/// Starts the floors over rows that hold what our server answers.
async fn start(
    setting: &Setting,
    database: &Database,
    ours: &Target,
    ids: &[String],
) -> Result<(Process, String)> {
    let mut rows = Vec::new();
    for (number, id) in ids.iter().enumerate() {
        rows.push(FloorRow {
            id: Uuid::try_parse(id)?,
            hash: vec![7; 32],
            whole: ours.once(number).await?.to_vec(),
        });
    }
    let url = match setting.engine {
        Engine::Sqlite => format!("sqlite://{}", database.folder.join("floor.db").display()),
        Engine::Postgres => database.url.clone(),
    };
    floor_server::fill(&url, &rows).await?;
    let address = free_address()?;
    let log = database.folder.join("floor.log");
    let floor = Process::again(&["floor-server", "--listen", &address, "--database", &url], &log)?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    Ok((floor, format!("http://{address}")))
}

async fn targets(
    [ours, beside]: [Target; 2],
    floor: &Process,
    url: &str,
    root: &str,
    ids: &[String],
) -> Result<[Target; 5]> {
    let question = |id: &String| Question { project_id: root.to_owned(), workflow_id: id.clone() };
    let messages: Vec<Bytes> = ids.iter().map(|id| question(id).encode_to_vec().into()).collect();
    let bare = async |path| Target::connect(url, floor.id(), path, None, messages.clone()).await;
    Ok([
        ours,
        beside,
        bare("/load.Floor/Select").await?,
        bare("/load.Floor/SelectWhole").await?,
        bare("/load.Floor/Echo").await?,
    ])
}

/// The median of the ratios within each round: what ran in the same seconds had the same neighbours.
fn paired(ours: &[f64], floor: &[f64]) -> f64 {
    median(&ours.iter().zip(floor).map(|(ours, floor)| ours / floor).collect::<Vec<_>>())
}

/// Adds what came of all runs of one target; gives their rates.
fn row(report: &mut Report, name: &str, runs: Vec<Run>, bytes: usize) -> Vec<f64> {
    let rates: Vec<_> = runs.iter().map(|run| run.rate).collect();
    let cpu = median(&runs.iter().map(|run| run.cpu).collect::<Vec<_>>());
    let rate = median(&rates);
    let mut sample = Sample::default();
    for run in runs {
        sample.extend(run.sample);
    }
    let (p50, p99) = (sample.quantile(0.5), sample.quantile(0.99));
    let cells = [
        name.to_owned(),
        format!("{rate:.0}"),
        format!("{p50:.0}"),
        format!("{p99:.0}"),
        format!("{cpu:.0}"),
        bytes.to_string(),
    ];
    let values = json!({
        "call": name, "rate": rate, "rates": rates, "p50_us": p50, "p99_us": p99, "cpu_us": cpu, "bytes": bytes,
    });
    report.row(&cells, "floor", values);
    rates
}
