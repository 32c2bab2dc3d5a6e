//! The worker as a process.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use sandbar_tests::Server;
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

/// Longer than anything takes.
const PATIENCE: Duration = Duration::from_mins(1);
/// The worker's own files.
const FILES: [&str; 3] = ["worker.mjs", "plan.mjs", "steps.mjs"];

/// A worker at work; ends with this.
pub(crate) struct Worker {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    _folder: TempDir,
}

impl Worker {
    /// Starts one, with the packages that `scripts/test` installed.
    pub(crate) fn start(server: &Server, token: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for file in FILES {
            fs::copy(here().join("worker").join(file), folder.path().join(file)).unwrap();
        }
        std::os::unix::fs::symlink(packages(), folder.path().join("node_modules")).unwrap();
        let mut child = Command::new("node")
            .arg(folder.path().join("worker.mjs"))
            .env("SANDBAR_SERVER", server.endpoint())
            .env("SANDBAR_TOKEN", token)
            .env("SANDBAR_PROTO", here().join("../proto"))
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("node can't be started; scripts/test installs it");
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines, _folder: folder }
    }

    /// Waits until it tells of this event, and answers what it says.
    pub(crate) async fn says(&mut self, event: &str) -> Value {
        let line = async {
            loop {
                let line = self.lines.next_line().await.unwrap().expect("the worker ended");
                let said: Value = serde_json::from_str(&line).unwrap();
                if said["event"] == event {
                    return said;
                }
            }
        };
        timeout(PATIENCE, line)
            .await
            .unwrap_or_else(|_| panic!("the worker tells of nothing that is {event}"))
    }

    /// `kill -9`.
    pub(crate) async fn kill9(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Stops it in its tracks, or lets it go on.
    pub(crate) async fn signal(&self, name: &str) {
        let pid = self.child.id().unwrap().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status().await.unwrap();
        assert!(sent.success());
    }
}

fn here() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The packages of the lock file that is here, and no others.
fn packages() -> PathBuf {
    let installed = here().join("../target/tools/worker");
    let read = |path: &Path| fs::read_to_string(path).unwrap_or_default();
    let lock = |folder: &Path| read(&folder.join("package-lock.json"));
    let packages = installed.join("node_modules");
    let fits = lock(&installed) == lock(&here().join("worker")) && packages.join("@openfn/runtime").is_dir();
    assert!(fits, "the worker's packages are not in {}; scripts/test installs them", installed.display());
    packages.canonicalize().unwrap()
}
