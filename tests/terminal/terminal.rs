//! A pseudo-terminal with the binary at it.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use rexpect::session::PtySession;
use sandbar_tests::{Server, binary};

/// Longer than anything takes, on a machine that is busy with other tests.
const PATIENCE_MS: u64 = 60_000;

/// Somebody's place at a machine: a folder, a token, an editor.
pub(crate) struct Desk {
    folder: tempfile::TempDir,
    endpoint: String,
    token: String,
}

impl Desk {
    pub(crate) fn new(server: &Server, token: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let editor = folder.path().join("an editor");
        // What it does is in a file, so that a test can change its mind. It has an argument, as editors have.
        let script = "#!/bin/sh\n[ \"$1\" = --wait ] || exit 9\nfile=$2\n. \"$(dirname \"$0\")/edit\"\n";
        fs::write(&editor, script).unwrap();
        fs::set_permissions(&editor, fs::Permissions::from_mode(0o755)).unwrap();
        Self { folder, endpoint: server.endpoint(), token: token.to_owned() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What the editor does from now on, as a shell script; the file is `$file`.
    pub(crate) fn editor_does(&self, script: &str) {
        fs::write(self.path("edit"), script).unwrap();
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(binary("sandbar"));
        command.args(words).current_dir(self.folder.path()).env_clear();
        command.envs([("SANDBAR_SERVER", &self.endpoint), ("SANDBAR_TOKEN", &self.token)]);
        let path = std::env::var("PATH").unwrap();
        command.envs([("PATH", path.as_str()), ("TERM", "xterm"), ("NO_COLOR", "1")]);
        command.env("XDG_CONFIG_HOME", self.folder.path());
        command.env("EDITOR", format!("'{}' --wait", self.path("an editor").display()));
        command
    }

    /// Runs the command at a terminal.
    pub(crate) fn at_terminal(&self, words: &[&str]) -> Terminal {
        let command = self.command(words);
        Terminal(rexpect::session::spawn_command(command, Some(PATIENCE_MS)).unwrap())
    }

    /// Runs the command without one.
    pub(crate) fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// The only file of choices here.
    pub(crate) fn choices(&self) -> PathBuf {
        let files = fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path());
        let is_it = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "json");
        let found: Vec<_> = files.filter(is_it).collect();
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].clone()
    }
}

/// A person at a terminal.
pub(crate) struct Terminal(PtySession);

impl Terminal {
    /// Waits until this is on the screen, behind what was waited for before.
    pub(crate) fn sees(&mut self, text: &str) -> &mut Self {
        if let Err(error) = self.0.exp_string(text) {
            panic!("{text:?} never came: {error}");
        }
        self
    }

    /// Presses keys, one after the other.
    pub(crate) fn press(&mut self, keys: &str) -> &mut Self {
        self.0.send(keys).unwrap();
        self.0.flush().unwrap();
        self
    }

    /// Waits for the end, and gives what was said until then and the exit code.
    pub(crate) fn ends(&mut self) -> (String, i32) {
        let rest = self.0.exp_eof().unwrap();
        // The crate does not export its type: `Exited(Pid(7), 1)`.
        let status = format!("{:?}", self.0.process_mut().wait().unwrap());
        let code =
            status.strip_prefix("Exited(").and_then(|exited| exited.trim_end_matches(')').split(", ").nth(1));
        let code = code.unwrap_or_else(|| panic!("{status} after {rest}")).parse().unwrap();
        (rest, code)
    }
}

/// What a command without a terminal wrote to standard output.
pub(crate) fn result(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// A path as a word.
pub(crate) fn word(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}
