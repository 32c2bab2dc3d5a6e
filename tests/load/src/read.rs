//! Reading, listing and previewing: neither the size of the project nor the forks above it may show.

use std::time::Instant;

use futures::future::{BoxFuture, FutureExt};
use sandbar_client::{
    Client,
    v1::{ListWorkflowsRequest, MergeChoices, PreviewMergeRequest},
};
use serde_json::json;

use crate::{
    Result, Setting,
    document::Template,
    figures::{Report, Sample, Wanted, micros},
    project::{self, CHANGES, contents, spread},
    service::{Database, Service},
};

/// The small project.
const SMALL: u64 = 100;
/// How many workflows are read again and again.
const WARM: usize = 100;
/// How many small projects are read from for the first time.
const COLD: u64 = 10;
/// How deep sandboxes nest.
const DEPTH: usize = 5;

/// One thing that is timed; what it is given counts the calls.
type Call<'a> = Box<dyn Fn(usize) -> BoxFuture<'a, Result<()>> + 'a>;

/// See the subcommand.
pub(crate) async fn run(setting: &Setting) -> Result<()> {
    let template = Template::read(&setting.template)?;
    let database = Database::open(setting, "data", false).await?;
    let service = database.serve().await?;
    let world = World::make(&service, &template, setting.largest).await?;
    // What was read while it was made is not in memory any more.
    drop(service);
    let service = database.serve().await?;

    let mut report = Report::new(
        setting.engine,
        &["call", "small", "large", "large, 5 forks", "large / small", "5 forks / 0"],
    );
    cold(&mut report, &service.client, &world).await?;
    let small = &world.small;
    let shared = spread(&world.large.ids, WARM + CHANGES);
    let shared: Vec<_> = shared.into_iter().filter(|id| !world.changed.contains(id)).take(WARM).collect();
    let client = &service.client;
    let gets = [
        get(client, &small.id, &small.ids),
        get(client, &world.large.id, &shared),
        get(client, &world.deepest, &shared),
    ];
    timed(&mut report, "GetWorkflow", gets, WARM, setting.rounds).await?;
    let lists = [
        list(client, &small.id, &[String::new()]),
        list(client, &world.large.id, &spread(&world.large.pages, 20)),
        list(client, &world.deepest, &spread(&world.deepest_pages, 20)),
    ];
    timed(&mut report, "ListWorkflows, page of 50", lists, 20, setting.rounds).await?;
    let previews = [
        preview(client, &world.small_edits),
        preview(client, &world.large_edits),
        preview(client, &world.deepest),
    ];
    timed(&mut report, "PreviewMerge, 10 changes", previews, 5, setting.rounds).await?;
    report.print(&format!("Reading from {SMALL} and from {} workflows", setting.largest))
}

/// A root and what it holds.
struct Root {
    id: String,
    ids: Vec<String>,
    pages: Vec<String>,
}

/// The projects that are read.
struct World {
    small: Root,
    /// Further small ones, with ids of workflows, all different.
    others: Vec<(String, Vec<String>)>,
    large: Root,
    small_edits: String,
    large_edits: String,
    /// The fifth of the forks, each of which has changes of its own.
    deepest: String,
    deepest_pages: Vec<String>,
    changed: Vec<String>,
}

impl World {
    async fn make(service: &Service, template: &Template, largest: u64) -> Result<Self> {
        let client = &service.client;
        let root = async |name: String, size: u64| -> Result<Root> {
            let id = project::root(client, template, &name, size).await?;
            let all = contents(client, &id).await?;
            Ok(Root { id, ids: all.ids, pages: all.pages })
        };
        let small = root(format!("load-{SMALL}"), SMALL).await?;
        let mut others = Vec::new();
        for number in 0..COLD {
            let other = root(format!("load-{SMALL}-{number}"), SMALL).await?;
            others.push((other.id, other.ids));
        }
        let large = root(format!("load-{largest}"), largest).await?;
        let small_edits =
            project::sandbox(client, &small.id, &format!("edits-{SMALL}"), &spread(&small.ids, CHANGES))
                .await?;
        // Each level changes ten others, so that a list finds something hidden at each.
        let changed = spread(large.ids.get(1..).unwrap_or_default(), CHANGES * DEPTH);
        let mut chain = vec![large.id.clone()];
        for (level, changes) in changed.chunks(CHANGES).enumerate() {
            let parent = chain.last().ok_or("a chain begins with its root")?;
            let name = format!("edits-{largest}-{level}");
            chain.push(project::sandbox(client, parent, &name, changes).await?);
        }
        let large_edits = chain.get(1).cloned().ok_or("the large project has too few workflows")?;
        let deepest = chain.last().cloned().unwrap_or_default();
        let deepest_pages = contents(client, &deepest).await?.pages;
        Ok(Self { small, others, large, small_edits, large_edits, deepest, deepest_pages, changed })
    }
}

fn get<'a>(client: &'a Client, project: &'a str, ids: &[String]) -> Call<'a> {
    let ids = ids.to_vec();
    Box::new(move |n| {
        // Not in the order of the keys: 37 has no factor in common with 100.
        let id = ids.get(n * 37 % ids.len()).cloned().unwrap_or_default();
        async move { project::workflow_of(client, project, &id).await.map(|_| ()) }.boxed()
    })
}

fn list<'a>(client: &'a Client, project: &'a str, pages: &[String]) -> Call<'a> {
    let pages = pages.to_vec();
    Box::new(move |n| {
        let page_token = pages.get(n % pages.len()).cloned().unwrap_or_default();
        let request = ListWorkflowsRequest { project_id: project.to_owned(), page_size: 50, page_token };
        async move {
            let page = client.workflows().list_workflows(request).await?;
            if page.workflows.is_empty() { Err("a page is empty".into()) } else { Ok(()) }
        }
        .boxed()
    })
}

fn preview<'a>(client: &'a Client, source: &'a str) -> Call<'a> {
    Box::new(move |_| {
        let choices = Some(MergeChoices { defaults: true, ..Default::default() });
        let request = PreviewMergeRequest { source_id: source.to_owned(), choices, ..Default::default() };
        async move {
            let plan = client.merges().preview_merge(request).await?;
            if plan.resources.len() == CHANGES {
                Ok(())
            } else {
                Err("a preview has not the ten changes".into())
            }
        }
        .boxed()
    })
}

/// Times the three by turns, after `warm` calls of each that do not count.
async fn timed(
    report: &mut Report,
    what: &str,
    three: [Call<'_>; 3],
    warm: usize,
    rounds: usize,
) -> Result<()> {
    let mut samples = [const { None }; 3].map(|none: Option<Sample>| none.unwrap_or_default());
    for n in 0..warm + rounds {
        for turn in 0..three.len() {
            let which = (turn + n) % three.len();
            let (Some(call), Some(sample)) = (three.get(which), samples.get_mut(which)) else { continue };
            let begun = Instant::now();
            call(n).await?;
            if n >= warm {
                sample.push(begun.elapsed());
            }
        }
    }
    let [small, large, deep] = samples.map(|sample| sample.median());
    let (by_size, by_depth) = (large / small, deep / large);
    let cells = [
        what.to_owned(),
        micros(small),
        micros(large),
        micros(deep),
        format!("{by_size:.2}"),
        format!("{by_depth:.2}"),
    ];
    let values = json!({ "call": what, "small_us": small, "large_us": large, "large_5_forks_us": deep, "calls": rounds });
    report.row(&cells, "read", values);
    report.ratio("read.size", &format!("{what}: large / small"), by_size, Wanted::AtMost(2.0));
    report.ratio(
        "read.depth",
        &format!("{what}: through 5 forks / through 0"),
        by_depth,
        Wanted::AtMost(3.0),
    );
    Ok(())
}

/// Times the first read of each workflow after a start of the server: nothing of it is in the server's memory.
async fn cold(report: &mut Report, client: &Client, world: &World) -> Result<()> {
    let small: Vec<_> =
        world.others.iter().flat_map(|(root, ids)| ids.iter().map(move |id| (root.as_str(), id))).collect();
    let large = spread(&world.large.ids, small.len());
    let (mut one, mut other) = (Sample::default(), Sample::default());
    for ((root, id), large) in small.into_iter().zip(&large) {
        let begun = Instant::now();
        project::workflow_of(client, root, id).await?;
        let between = Instant::now();
        project::workflow_of(client, &world.large.id, large).await?;
        one.push(between - begun);
        other.push(between.elapsed());
    }
    let what = "GetWorkflow, each for the first time";
    let (small, large) = (one.median(), other.median());
    let ratio = large / small;
    let cells =
        [what.to_owned(), micros(small), micros(large), String::new(), format!("{ratio:.2}"), String::new()];
    let values = json!({ "call": what, "small_us": small, "large_us": large, "calls": one.len() });
    report.row(&cells, "read", values);
    report.ratio("read.size", &format!("{what}: large / small"), ratio, Wanted::AtMost(2.0));
    Ok(())
}
