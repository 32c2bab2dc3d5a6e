//! Running the real binaries.

use std::{
    fs::OpenOptions,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use tokio::{
    process::{Child, Command},
    time::timeout,
};

/// Longer than any process needs, on a machine that is busy with other tests.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Where a binary of the workspace is: beside the test that runs, in the same profile.
pub fn binary(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().unwrap();
    let profile = if folder.ends_with("deps") { folder.parent().unwrap() } else { folder };
    let path = profile.join(name);
    assert!(path.is_file(), "{} is missing: run scripts/test, which builds it", path.display());
    path
}

/// A process whose output goes to a file. It is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    name: &'static str,
    log: PathBuf,
    ended_well: bool,
}

impl Process {
    /// Starts `sandbar-…` with nothing but what is given; what it says is added to the log file.
    pub(crate) fn start(name: &'static str, args: &[String], env: &[(String, String)], log: &Path) -> Self {
        let output = || OpenOptions::new().create(true).append(true).open(log).unwrap();
        let mut command = Command::new(binary(name));
        command.args(args).env_clear().envs(env.iter().cloned()).kill_on_drop(true);
        let child = command
            .stdin(Stdio::null())
            .stdout(output())
            .stderr(output())
            .spawn()
            .unwrap_or_else(|error| panic!("{name} can't be started: {error}"));
        Self { child, name, log: log.to_owned(), ended_well: false }
    }

    /// Its id, while it runs.
    pub(crate) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// How it ended, if it did.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Takes its life without a word, as a power cut would.
    pub(crate) async fn kill9(&mut self) {
        self.child.kill().await.unwrap_or_else(|error| panic!("{} can't be killed: {error}", self.name));
    }

    /// Asks it to end and checks that it does so with success.
    pub(crate) async fn stop(&mut self) {
        let id =
            self.id().unwrap_or_else(|| panic!("{} has ended by itself:\n{}", self.name, self.last_words()));
        let told = Command::new("kill").args(["-TERM", &id.to_string()]).status().await.unwrap();
        assert!(told.success(), "{} can't be told to end", self.name);
        let status = timeout(PATIENCE, self.child.wait())
            .await
            .unwrap_or_else(|_| panic!("{} did not end when told:\n{}", self.name, self.last_words()))
            .unwrap();
        assert!(status.success(), "{} ended with {status}:\n{}", self.name, self.last_words());
        self.ended_well = true;
    }

    /// The end of its log, without what only `SANDBAR_LOG=trace` shows.
    pub(crate) fn last_words(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let finest = |line: &&str| line.contains(" TRACE ") || line.contains(" DEBUG ");
        let lines: Vec<_> = text.lines().filter(|line| !finest(line)).collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() && !self.ended_well {
            eprintln!("--- the end of the log of {} ---\n{}\n---", self.name, self.last_words());
        }
    }
}

/// Runs a binary to its end and gives what it says on standard output.
pub(crate) async fn run(name: &str, args: &[String]) -> String {
    let running = Command::new(binary(name)).args(args).env_clear().kill_on_drop(true).output();
    let output =
        timeout(PATIENCE, running).await.unwrap_or_else(|_| panic!("{name} {args:?} does not end")).unwrap();
    assert!(output.status.success(), "{name} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A port that nothing listens on just now, that no other test of this process is given, and that no connection gets for its
/// own end: those take theirs from higher up.
pub(crate) fn free_port() -> u16 {
    const FIRST: u32 = 12_000;
    const COUNT: u32 = 20_000;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed).wrapping_add(std::process::id().wrapping_mul(97));
        let port = u16::try_from(FIRST + number % COUNT).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// A page over HTTP; empty when nobody answers.
pub(crate) async fn get(port: u16, page: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let ask = async {
        let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await?;
        let request = format!("GET /{page} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        std::io::Result::Ok(answer)
    };
    let answer = ask.await.unwrap_or_default();
    answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default()
}
