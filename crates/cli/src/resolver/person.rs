//! A terminal with a person at it, and the person's editor.

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use super::walk::Key;
use crate::failure::Failure;
use crate::output::note_part;
use crate::render::page::{Page, YELLOW};

/// Whether Ctrl-C was pressed while no key was waited for. Then it comes as a signal, which must not end the process: what
/// was decided would be lost.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// The terminal.
#[derive(Debug)]
pub(super) struct Person(console::Term);

impl Person {
    /// The one at this terminal.
    ///
    /// # Errors
    /// [`Failure::Usage`] when nobody is there to be asked.
    pub(super) fn here() -> Result<Self, Failure> {
        if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
            tokio::spawn(note_interrupts());
            return Ok(Self(console::Term::stderr()));
        }
        Err(Failure::Usage(
            "there is no terminal to ask at; see the conflicts with `sandbar merge preview --combine X`, and settle them \
             with `sandbar merge apply --combine X --settle X#PATH=HOW`, or with --choices FILE"
                .to_owned(),
        ))
    }

    /// Waits for a key, and shows which it was.
    pub(super) fn key(&self) -> Result<Key, Failure> {
        if INTERRUPTED.swap(false, Ordering::Relaxed) {
            show("\n")?;
            return Ok(Key::Interrupt);
        }
        let key = match self.0.read_key_raw() {
            Ok(console::Key::Char(c)) => Key::Char(c),
            Ok(console::Key::Enter | console::Key::ArrowRight | console::Key::ArrowDown) => Key::Next,
            Ok(console::Key::ArrowLeft | console::Key::ArrowUp | console::Key::Backspace) => Key::Previous,
            // Without a terminal any more it is as if the person had left.
            Ok(console::Key::CtrlC) | Err(_) => Key::Interrupt,
            Ok(_) => Key::Other,
        };
        // Ctrl-D comes as a sign of its own.
        let key = if key == Key::Char('\u{4}') { Key::Interrupt } else { key };
        let shown = if let Key::Char(c) = key { c.to_string() } else { String::new() };
        show(&format!("{}\n", crate::render::visible(&shown)))?;
        Ok(key)
    }
}

/// A second one, which means that the first did not help, ends the process.
async fn note_interrupts() {
    while tokio::signal::ctrl_c().await.is_ok() {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            // As shells tell of a process that was interrupted.
            std::process::exit(130);
        }
    }
}

/// Shows something; what comes next stands behind it.
pub(super) fn show(text: &str) -> Result<(), Failure> {
    note_part(text)
}

/// Says something on a line of its own.
pub(super) fn say(text: &str) -> Result<(), Failure> {
    let mut page = Page::default();
    page.end().put(YELLOW, "  ").line(YELLOW, text);
    show(&page.finish())
}

/// Lets the person edit a text. The editor is run as `git` runs it: `$VISUAL` or `$EDITOR` may have arguments.
///
/// # Errors
/// The sentence to say when nothing came of it.
pub(super) fn edit(text: &str, suffix: &str) -> Result<String, String> {
    let editor = editor();
    let name = editor.to_string_lossy().into_owned();
    let cant = |problem: std::io::Error| format!("can't edit: {problem}");
    let mut file = tempfile::Builder::new().prefix("sandbar-").suffix(suffix).tempfile().map_err(cant)?;
    file.write_all(text.as_bytes()).and_then(|()| file.flush()).map_err(cant)?;
    let mut line = editor.clone();
    line.push(" \"$@\"");
    let status = Command::new("sh").arg("-c").arg(&line).arg(&editor).arg(file.path()).status();
    // What was pressed in the editor was meant for it.
    INTERRUPTED.store(false, Ordering::Relaxed);
    match status {
        Ok(status) if status.success() => {}
        Ok(status) => return Err(format!("{name} failed ({status}), so nothing is settled")),
        Err(problem) => return Err(format!("can't run {name}: {problem}; set VISUAL or EDITOR")),
    }
    // Some editors write a new file in the place of the old one, so by name.
    let bytes = std::fs::read(file.path()).map_err(cant)?;
    String::from_utf8(bytes).map_err(|_| "what was saved is no UTF-8 text, so nothing is settled".to_owned())
}

fn editor() -> OsString {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    set("VISUAL").or_else(|| set("EDITOR")).unwrap_or_else(|| "vi".into())
}
