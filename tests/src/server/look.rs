//! What is looked for when a server or a purge worker ends: secrets in its logs, its metrics and its database.

use std::{
    fs::{self, File},
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::Duration,
};

use super::{Engine, Server};
use crate::canary::{Place, leaks};

/// How long metrics are waited for: a process that a test stopped in its tracks has none.
const PATIENCE: Duration = Duration::from_secs(5);

impl Drop for Server {
    fn drop(&mut self) {
        // Something is wrong already.
        if thread::panicking() {
            return;
        }
        if self.process.ended().is_none() {
            at_metrics(self.admin_port);
        }
        // A server of its own data prints its first token.
        let printed = if self.engine == Engine::Sqlite { &*self.admin_token } else { "" };
        for log in files(self.folder.path().into(), |path| path.extension().is_some_and(|is| is == "log")) {
            let may = if log.ends_with("server.log") { printed } else { "" };
            assert_none(&log.display().to_string(), File::open(&log).unwrap(), Place::Log(may));
        }
        match &self.database {
            None => {
                for file in files(self.data_dir(), is_database) {
                    assert_none(&file.display().to_string(), File::open(&file).unwrap(), Place::Database);
                }
            }
            Some(database) if Arc::strong_count(database) == 1 => {
                assert_none("PostgreSQL", &*database.rows(), Place::Database);
            }
            // Whoever has it last looks.
            Some(_) => {}
        }
    }
}

/// Looks at the metrics of a process that runs.
pub(crate) fn at_metrics(port: u16) {
    let ask = || -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect_timeout(&SocketAddr::from(([127, 0, 0, 1], port)), PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer)
    };
    assert_none("the metrics", &*ask().unwrap_or_default(), Place::Log(""));
}

/// The file and its WAL, and not the first token, which lies beside them.
fn is_database(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"sandbar.db"))
}

fn files(folder: PathBuf, wanted: impl Fn(&Path) -> bool) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| wanted(path)).collect()
}

fn assert_none(what: &str, source: impl Read, place: Place<'_>) {
    let found = leaks(source, place);
    let shown: Vec<_> = found.iter().take(3).map(|leak| format!("{}: {}", leak.what, leak.text)).collect();
    assert!(found.is_empty(), "{} secrets are in {what}: {}", found.len(), shown.join("\n…\n"));
}
