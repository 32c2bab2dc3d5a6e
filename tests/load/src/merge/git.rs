//! The same documents in a bare repository: a file for each workflow, and one for each body.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufWriter, Write},
    path::PathBuf,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::projects::{Projects, text};
use crate::{Result, figures::median};

/// Makes the repository: what both began with, the source's changes, and a file of the target's own, so that there is
/// something to merge.
pub(crate) fn import(projects: &Projects, target: &[Value], source: &[Value]) -> Result<()> {
    let repository = repository(projects);
    if repository.exists() {
        fs::remove_dir_all(&repository)?;
    }
    check(Command::new("git").args(["init", "--quiet", "--bare"]).arg(&repository).status()?.success())?;
    let mut child = git(projects, &["fast-import", "--quiet"]).stdin(Stdio::piped()).spawn()?;
    let mut out = BufWriter::new(child.stdin.take().ok_or("git takes no input")?);
    let all = |workflows: &[Value]| workflows.iter().flat_map(files).collect::<BTreeMap<_, _>>();
    let before = all(target);
    commit(&mut out, "base", None, &before)?;
    let mut changed = all(source);
    changed.retain(|path, bytes| before.get(path) != Some(bytes));
    commit(&mut out, "source", Some("base"), &changed)?;
    let own = BTreeMap::from([("notes.txt".to_owned(), b"the target's own\n".to_vec())]);
    commit(&mut out, "target", Some("base"), &own)?;
    out.flush()?;
    drop(out);
    check(child.wait()?.success())
}

/// Merges for so many seconds, each time in a process of its own; how long git takes to start and do nothing is measured
/// beside it.
pub(crate) fn time(projects: &Projects, seconds: u64) -> Result<Value> {
    const MERGE: [&str; 4] = ["merge-tree", "--write-tree", "target", "source"];
    let (mut merges, mut starts) = (Vec::new(), Vec::new());
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(seconds) || merges.len() < 5 {
        starts.push(spawned(git(projects, &["rev-parse", "--verify", "--quiet", "base"]))?.0);
        merges.push(spawned(git(projects, &MERGE))?.0);
    }
    let (_, output) = spawned(git(projects, &MERGE))?;
    let tree = String::from_utf8(output.stdout)?;
    let workflows = |of: &str| -> Result<Vec<u8>> {
        Ok(spawned(git(projects, &["rev-parse", &format!("{of}:workflows")]))?.1.stdout)
    };
    if workflows(tree.trim())? != workflows("source")? {
        return Err("git merged to something else".into());
    }
    let (ms, start) = (median(&merges), median(&starts));
    Ok(json!({ "ms": ms, "start_ms": start, "peak_mib": peak(projects, &MERGE)?, "runs": merges.len() }))
}

/// The most memory of one process, as GNU time tells it.
fn peak(projects: &Projects, arguments: &[&str]) -> Result<f64> {
    let mut command = Command::new("time");
    command.args(["-f", "%M", "git", "--git-dir"]).arg(repository(projects)).args(arguments);
    let output = command.output().map_err(|error| format!("GNU time can't be started: {error}"))?;
    let kib: f64 = String::from_utf8(output.stderr)?.trim().parse()?;
    Ok(kib / 1024.0)
}

/// Runs it to its end, and gives the milliseconds.
fn spawned(mut command: Command) -> Result<(f64, Output)> {
    let begun = Instant::now();
    let output = command.output().map_err(|error| format!("git can't be started: {error}"))?;
    let took = begun.elapsed().as_secs_f64() * 1e3;
    check(output.status.success())?;
    Ok((took, output))
}

fn repository(projects: &Projects) -> PathBuf {
    projects.file("repository.git")
}

fn git(projects: &Projects, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.arg("--git-dir").arg(repository(projects)).args(arguments);
    command
}

fn check(well: bool) -> Result<()> {
    if well { Ok(()) } else { Err("git failed".into()) }
}

/// A workflow as a document without bodies, and each body as a file beside it.
fn files(workflow: &Value) -> Vec<(String, Vec<u8>)> {
    let folder = format!("workflows/{}", text(workflow, "id"));
    let mut document = workflow.clone();
    let mut files = Vec::new();
    for job in
        document.get_mut("jobs").and_then(Value::as_object_mut).into_iter().flat_map(|jobs| jobs.values_mut())
    {
        let path = format!("{folder}/{}.js", text(job, "id"));
        if let Some(Value::String(body)) = job.as_object_mut().and_then(|job| job.remove("body")) {
            files.push((path, body.into_bytes()));
        }
    }
    files.push((format!("{folder}/workflow.json"), format!("{document:#}\n").into_bytes()));
    files
}

fn commit(
    out: &mut impl Write,
    branch: &str,
    from: Option<&str>,
    files: &BTreeMap<String, Vec<u8>>,
) -> Result<()> {
    write!(out, "commit refs/heads/{branch}\ncommitter load <load@example.org> 0 +0000\ndata 0\n")?;
    if let Some(from) = from {
        writeln!(out, "from refs/heads/{from}")?;
    }
    for (path, bytes) in files {
        writeln!(out, "M 100644 inline {path}\ndata {}", bytes.len())?;
        out.write_all(bytes)?;
        writeln!(out)?;
    }
    Ok(writeln!(out)?)
}
