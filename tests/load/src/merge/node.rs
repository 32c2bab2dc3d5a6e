//! The npm package, at the version of `openfn/package-lock.json`.

use std::{fs, path::Path, process::Command};

use serde_json::Value;

use super::projects::Projects;
use crate::Result;

/// What is put into the work folder, where Node finds the package beside it.
const FILES: [(&str, &str); 3] = [
    ("package.json", include_str!("../../openfn/package.json")),
    ("package-lock.json", include_str!("../../openfn/package-lock.json")),
    ("merge.mjs", include_str!("../../openfn/merge.mjs")),
];

/// Gets the package, unless it is there.
pub(crate) fn install(folder: &Path) -> Result<()> {
    let lock = folder.join("package-lock.json");
    let is_there = folder.join("node_modules/@openfn/project").is_dir()
        && fs::read_to_string(&lock).ok().as_deref() == Some(FILES[1].1);
    for (name, text) in FILES {
        fs::write(folder.join(name), text)?;
    }
    if !is_there {
        let done = Command::new("npm")
            .args(["ci", "--no-audit", "--no-fund", "--loglevel=error"])
            .current_dir(folder)
            .status()
            .map_err(|error| format!("npm can't be started: {error}"))?;
        if !done.success() {
            return Err("npm ci failed".into());
        }
    }
    Ok(())
}

/// What `merge.mjs` says.
pub(crate) fn time(projects: &Projects, seconds: u64) -> Result<Value> {
    let script = projects.folder.with_file_name("merge.mjs");
    let output = Command::new("node")
        .args(["--expose-gc", "--max-old-space-size=6000"])
        .arg(script)
        .args(["target.json", "source.json", "changed.json", "openfn.json"].map(|name| projects.file(name)))
        .arg(seconds.to_string())
        .output()
        .map_err(|error| format!("node can't be started: {error}"))?;
    if !output.status.success() {
        return Err(format!("merge.mjs failed: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
