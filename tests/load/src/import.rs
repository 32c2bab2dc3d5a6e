//! Import and export: megabytes a second, and the server's peak of memory, which must not grow with the project.

use std::time::Instant;

use sandbar_client::v1::ImportHeader;
use serde_json::json;

use crate::{
    Result, Setting,
    document::Template,
    figures::{Report, median},
    machine,
    service::Database,
};

/// Sizes of the projects. The largest is done once, the others so often.
const SIZES: [u64; 3] = [1_000, 10_000, 100_000];
const TIMES: usize = 3;

/// See the subcommand.
pub(crate) async fn run(setting: &Setting) -> Result<()> {
    let template = Template::read(&setting.template)?;
    let database = Database::open(setting, "import", true).await?;
    let mut report = Report::new(
        setting.engine,
        &["what", "workflows", "MB", "seconds", "MB/s", "peak MiB", "MiB before"],
    );
    for size in SIZES.into_iter().filter(|size| *size <= setting.largest.max(1_000)) {
        let times = if size > 10_000 { 1 } else { TIMES.min(setting.runs) };
        let (mut imports, mut exports) = (Vec::new(), Vec::new());
        for time in 0..times {
            let (project, run) = import(&database, &template, size, time).await?;
            imports.push(run);
            exports.push(export(&database, &project).await?);
        }
        row(&mut report, "import", size, &imports);
        row(&mut report, "export", size, &exports);
    }
    report.print("Import and export")
}

struct Run {
    bytes: f64,
    seconds: f64,
    peak: f64,
    before: f64,
}

async fn import(database: &Database, template: &Template, size: u64, time: usize) -> Result<(String, Run)> {
    // A new server each time: the peak of a process is that of its whole life.
    let service = database.serve().await?;
    let before = machine::peak_mib(service.id())?;
    let begun = Instant::now();
    let document = template.document(&format!("import-{size}-{time}"), size);
    let done = service.client.projects().import_project(ImportHeader::default(), document, |_| {}).await?;
    let seconds = begun.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss)]
    let bytes = done.document_bytes as f64;
    let run = Run { bytes, seconds, peak: machine::peak_mib(service.id())?, before };
    Ok((done.project.unwrap_or_default().id, run))
}

async fn export(database: &Database, project: &str) -> Result<Run> {
    let service = database.serve().await?;
    let before = machine::peak_mib(service.id())?;
    let begun = Instant::now();
    let bytes = service.client.projects().export_project(project, tokio::io::sink(), |_| {}).await?;
    let seconds = begun.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss)]
    let bytes = bytes as f64;
    Ok(Run { bytes, seconds, peak: machine::peak_mib(service.id())?, before })
}

fn row(report: &mut Report, what: &str, size: u64, runs: &[Run]) {
    let of = |part: fn(&Run) -> f64| median(&runs.iter().map(part).collect::<Vec<_>>());
    let (megabytes, seconds) = (of(|run| run.bytes) / 1e6, of(|run| run.seconds));
    let (rate, peak, before) =
        (of(|run| run.bytes / run.seconds) / 1e6, of(|run| run.peak), of(|run| run.before));
    let cells = [
        what.to_owned(),
        size.to_string(),
        format!("{megabytes:.1}"),
        format!("{seconds:.2}"),
        format!("{rate:.1}"),
        format!("{peak:.0}"),
        format!("{before:.0}"),
    ];
    let values = json!({
        "what": what, "workflows": size, "megabytes": megabytes, "seconds": seconds, "megabytes_per_second": rate,
        "peak_mib": peak, "before_mib": before, "runs": runs.len(),
    });
    report.row(&cells, "transfer", values);
}
