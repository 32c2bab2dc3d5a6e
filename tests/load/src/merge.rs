//! Merging in process, beside `@openfn/project` and `git merge-tree` on the same projects.

mod git;
mod here;
mod node;
mod projects;

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use crate::{
    Result,
    figures::{Report, Wanted, median},
    merge::projects::Projects,
};

pub(crate) use here::{MergeHereArgs, run as here};

/// How many workflows the projects have, and how many of them the source changed: one in a hundred, at least one.
const SIZES: [(usize, usize); 4] = [(10, 1), (100, 1), (1_000, 10), (5_000, 50)];
/// The same number of changes in few workflows and in many.
const FLAT: [(usize, usize); 2] = [(100, 10), (5_000, 10)];

/// What is measured, and where.
#[derive(Clone, Debug, Args)]
pub(crate) struct MergeArgs {
    /// Where projects, the npm package and the repository are kept.
    #[arg(long, value_name = "DIR", default_value = "target/load")]
    work: PathBuf,
    /// The `OpenFn` project whose steps the workflows are made from.
    #[arg(long, value_name = "FILE", default_value = "tests/data/histories/social-sciences/001.json")]
    template: PathBuf,
    /// How often the three take turns at each size.
    #[arg(long, value_name = "COUNT", default_value_t = 3)]
    runs: usize,
    /// How long each merges in its turn, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 3)]
    seconds: u64,
    /// How many workflows the largest project has. Less for a quick look.
    #[arg(long, value_name = "COUNT", default_value_t = 5_000)]
    largest: usize,
}

/// See the subcommand.
pub(crate) fn run(args: &MergeArgs) -> Result<()> {
    let folder = args.work.join("merge");
    std::fs::create_dir_all(&folder)?;
    node::install(&folder)?;
    let mut report = Report::without_engine(&[
        "workflows",
        "changed",
        "here",
        "all handed over",
        "@openfn/project",
        "onlyUpdated",
        "git merge-tree",
        "git rev-parse",
        "openfn / here",
        "git / here",
        "MiB here",
        "MiB openfn",
        "MiB git",
    ]);
    for (size, changed) in SIZES.into_iter().filter(|(size, _)| *size <= args.largest) {
        let projects = Projects::write(&folder, &args.template, size, changed)?;
        let turns = (0..args.runs).map(|_| turn(args, &projects)).collect::<Result<Vec<_>>>()?;
        row(&mut report, (size, changed), &turns);
    }
    flat(args, &folder, &mut report)?;
    report.print("Merging in process, median milliseconds of one merge")
}

/// Few and many workflows with the same changes, by turns.
fn flat(args: &MergeArgs, folder: &Path, report: &mut Report) -> Result<()> {
    let sizes = FLAT.map(|(size, changed)| (size.min(args.largest), changed));
    let [few, many] = sizes.map(|(size, changed)| Projects::write(folder, &args.template, size, changed));
    let (few, many) = (few?, many?);
    let mut ratios = Vec::new();
    for _ in 0..args.runs {
        let [few, many] = [&few, &many].map(|projects| here::time(projects, args.seconds));
        ratios.push(number(&many?, "ms") / number(&few?, "ms"));
    }
    let [(few, changed), (many, _)] = sizes;
    let what = format!("{changed} changes in {many} workflows, against in {few}");
    report.ratio("merge_flat", &what, median(&ratios), Wanted::AtMost(1.5));
    Ok(())
}

/// What each of the three said.
struct Turn {
    here: Value,
    openfn: Value,
    git: Value,
}

/// Each of the three once, and a look at whether they did the same.
fn turn(args: &MergeArgs, projects: &Projects) -> Result<Turn> {
    let here = here::time(projects, args.seconds)?;
    let openfn = node::time(projects, args.seconds)?;
    let git = git::time(projects, args.seconds)?;
    projects.compare()?;
    Ok(Turn { here, openfn, git })
}

fn row(report: &mut Report, (size, changed): (usize, usize), turns: &[Turn]) {
    let of = |part: &dyn Fn(&Turn) -> f64| median(&turns.iter().map(part).collect::<Vec<_>>());
    let here = of(&|turn| number(&turn.here, "ms"));
    let whole = of(&|turn| number(&turn.here, "all_ms"));
    let openfn = of(&|turn| number(&turn.openfn, "ms"));
    let updated = of(&|turn| number(&turn.openfn, "only_updated_ms"));
    let git = of(&|turn| number(&turn.git, "ms"));
    let by_openfn = of(&|turn| number(&turn.openfn, "ms") / number(&turn.here, "ms"));
    let by_updated = of(&|turn| number(&turn.openfn, "only_updated_ms") / number(&turn.here, "ms"));
    let by_whole = of(&|turn| number(&turn.openfn, "ms") / number(&turn.here, "all_ms"));
    let by_git = of(&|turn| number(&turn.git, "ms") / number(&turn.here, "ms"));
    let peaks = [
        of(&|turn| number(&turn.here, "peak_mib")),
        of(&|turn| number(&turn.openfn, "peak_mib")),
        of(&|turn| number(&turn.git, "peak_mib")),
    ];
    let mut cells = vec![size.to_string(), changed.to_string()];
    let start = of(&|turn| number(&turn.git, "start_ms"));
    cells.extend([here, whole, openfn, updated, git, start].map(|ms| format!("{ms:.3}")));
    cells.extend([by_openfn, by_git].map(|ratio| format!("{ratio:.0}")));
    cells.extend(peaks.map(|mib| format!("{mib:.0}")));
    let values = json!({
        "workflows": size, "changed": changed, "here_ms": here, "here_all_ms": whole, "openfn_ms": openfn,
        "openfn_only_updated_ms": updated, "git_ms": git,
        "git_start_ms": start, "openfn_by_here": by_openfn,
        "only_updated_by_here": by_updated, "openfn_by_here_all": by_whole, "git_by_here": by_git,
        "here_peak_mib": peaks[0], "openfn_peak_mib": peaks[1], "git_peak_mib": peaks[2],
        "here_loaded_mib": of(&|turn| number(&turn.here, "loaded_mib")),
        "openfn_loaded_mib": of(&|turn| number(&turn.openfn, "loaded_mib")), "turns": turns.len(),
    });
    report.row(&cells, "merge", values);
    if size == 1_000 {
        let what = "@openfn/project at 1,000 workflows, against here";
        report.ratio("merge_openfn", what, by_openfn, Wanted::AtLeast(50.0));
    }
}

fn number(value: &Value, key: &str) -> f64 {
    value.get(key).and_then(Value::as_f64).unwrap_or(f64::NAN)
}
