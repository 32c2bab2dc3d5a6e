//! Creating sandboxes: what it costs must not depend on what the project holds.

use std::time::Instant;

use serde_json::json;

use crate::{
    Engine, Result, Setting,
    document::Template,
    figures::{Report, Sample, Wanted, micros},
    naive, project,
    service::Database,
};

/// See the subcommand.
pub(crate) async fn run(setting: &Setting) -> Result<()> {
    let template = Template::read(&setting.template)?;
    let database = Database::open(setting, "data", false).await?;
    let service = database.serve().await?;
    let mut sizes: Vec<u64> =
        [10, 1_000, 10_000].into_iter().filter(|size| *size < setting.largest).collect();
    sizes.push(setting.largest);
    let mut roots = Vec::new();
    for size in &sizes {
        let id = project::root(&service.client, &template, &format!("load-{size}"), *size).await?;
        roots.push((*size, id, Sample::default()));
    }

    let mut report = Report::new(setting.engine, &["clone", "workflows", "median", "p90", "calls"]);
    let warm = 10;
    for round in 0..setting.rounds + warm {
        // In another order each time, so that no size always comes after the same one.
        let count = roots.len();
        roots.rotate_left(round % count);
        for (_, root, sample) in &mut roots {
            let begun = Instant::now();
            project::fork(&service.client, root, &project::new_name()).await?;
            if round >= warm {
                sample.push(begun.elapsed());
            }
        }
    }
    roots.sort_by_key(|(size, ..)| *size);
    for (size, _, sample) in &roots {
        row(&mut report, "sandbox", *size, sample);
    }
    if let (Some((small, _, first)), Some((large, _, last))) = (roots.first(), roots.last()) {
        let what = format!("creating a sandbox of {large} workflows / of {small}");
        report.ratio("fork.ratio", &what, last.median() / first.median(), Wanted::AtMost(1.3));
    }
    if setting.engine == Engine::Postgres {
        for (size, root, _) in roots.iter().filter(|(size, ..)| (1_000..=10_000).contains(size)) {
            row(&mut report, "rows copied", *size, &naive::clone(&database.url, root).await?);
        }
    }
    report.print("Creating a sandbox")
}

fn row(report: &mut Report, what: &str, size: u64, sample: &Sample) {
    let (median, p90) = (sample.median(), sample.quantile(0.9));
    let cells = [what.to_owned(), size.to_string(), micros(median), micros(p90), sample.len().to_string()];
    let values = json!({ "clone": what, "workflows": size, "median_us": median, "p90_us": p90, "calls": sample.len() });
    report.row(&cells, "fork", values);
}
