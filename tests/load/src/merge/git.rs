//! The same documents in a bare repository: a file for each workflow, and one for each body.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufWriter, Write},
    path::PathBuf,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::projects::{Projects, text};
use crate::{Result, figures::median, machine};

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

/// Merges for so many seconds. The milliseconds are without those that git takes to start and do nothing.
pub(crate) fn time(projects: &Projects, seconds: u64) -> Result<Value> {
    let (mut merges, mut starts, mut peak) = (Vec::new(), Vec::new(), 0.0_f64);
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(seconds) || merges.len() < 5 {
        starts.push(spawned(projects, &["rev-parse", "--verify", "--quiet", "base"])?.0);
        merges.push(spawned(projects, &["merge-tree", "--write-tree", "target", "source"])?.0);
    }
    // Looking at its memory costs time, so that is not timed.
    let tree = {
        let (_, tree, most) = watched(projects, &["merge-tree", "--write-tree", "target", "source"])?;
        peak = peak.max(most);
        tree
    };
    let same = |of: &str| spawned(projects, &["rev-parse", &format!("{of}:workflows")]).map(|done| done.1);
    if same(tree.trim())? != same("source")? {
        return Err("git merged to something else".into());
    }
    let start = median(&starts);
    Ok(json!({ "ms": median(&merges) - start, "start_ms": start, "peak_mib": peak, "runs": merges.len() }))
}

fn spawned(projects: &Projects, arguments: &[&str]) -> Result<(f64, String)> {
    let begun = Instant::now();
    let output = git(projects, arguments).output()?;
    let took = begun.elapsed().as_secs_f64() * 1e3;
    check(output.status.success())?;
    Ok((took, String::from_utf8(output.stdout)?))
}

/// As [`spawned`], with the most memory that was seen on the way, looked at all the time.
fn watched(projects: &Projects, arguments: &[&str]) -> Result<(f64, String, f64)> {
    let begun = Instant::now();
    let mut child = git(projects, arguments).stdout(Stdio::piped()).spawn()?;
    let mut most = 0.0_f64;
    while child.try_wait()?.is_none() {
        most = most.max(machine::peak_mib(child.id()).unwrap_or(0.0));
    }
    let output = child.wait_with_output()?;
    check(output.status.success())?;
    Ok((begun.elapsed().as_secs_f64() * 1e3, String::from_utf8(output.stdout)?, most))
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
