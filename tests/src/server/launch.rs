//! Starting the binary on a folder of its own.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::Options;
use crate::{
    collector::Collector,
    database::Database,
    process::{PATIENCE, Process},
};

pub(super) const SERVER: &str = "sandbar-server";

/// The same for every server of a test, as operators of PostgreSQL must see to.
const KEY: &str = "the-tests-key-the-tests-key-the-tests-key";
/// Likewise.
const MASTER_KEY: &str = "k1:5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a\n";

/// The file of the master keys.
pub(super) fn master_keys(folder: &Path) -> PathBuf {
    folder.join("master.keys")
}

/// The file of what is sent as traces and metrics. It is looked at as logs are.
pub(super) fn traces(folder: &Path) -> PathBuf {
    folder.join("traces.log")
}

/// Gone with its value.
pub(super) fn new_folder() -> TempDir {
    tempfile::Builder::new().prefix("sandbar-test-").tempdir().unwrap()
}

/// The flags that say where data is kept.
pub(super) fn place(folder: &Path, database: Option<&Database>) -> Vec<String> {
    let mut args = vec![format!("--data-dir={}", folder.join("data").display())];
    args.extend(database.map(|database| format!("--database={}", database.url())));
    args
}

/// Starts a server there, at these two ports.
pub(super) fn launch(
    folder: &Path,
    database: Option<&Database>,
    options: &Options,
    collector: &Collector,
    ports: (u16, u16),
) -> Process {
    let mut args = place(folder, database);
    args.extend([format!("--listen=127.0.0.1:{}", ports.0), format!("--admin-listen=127.0.0.1:{}", ports.1)]);
    args.push("--health-interval=200ms".to_owned());
    args.extend(options.args.iter().cloned());
    let mut env = options.logging();
    env.extend(collector.env());
    env.push(("SANDBAR_KEY".to_owned(), KEY.to_owned()));
    let keys = master_keys(folder);
    if !keys.exists() {
        std::fs::write(&keys, MASTER_KEY).unwrap();
    }
    env.push(("SANDBAR_MASTER_KEY_FILE".to_owned(), keys.display().to_string()));
    Process::start(SERVER, &args, &env, &folder.join("server.log"))
}

/// The token that an embedded server makes at its first start.
pub(super) async fn first_token(process: &mut Process, folder: &Path) -> String {
    let file = folder.join("data").join("admin-token");
    let give_up = Instant::now() + PATIENCE;
    loop {
        if let Ok(text) = std::fs::read_to_string(&file) {
            return text.trim().to_owned();
        }
        let ended = process.ended();
        assert!(ended.is_none() && Instant::now() < give_up, "no first token:\n{}", process.last_words());
        sleep(Duration::from_millis(10)).await;
    }
}
