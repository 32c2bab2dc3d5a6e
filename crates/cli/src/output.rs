//! Where things are printed: results to standard output, everything for people only to standard error.

use std::io::{self, BufRead, IsTerminal, Write};

use comfy_table::{ContentArrangement, Table};
use sandbar_client::prost::{Message, Name};
use serde_json::Value;

use crate::args::Format;
use crate::failure::Failure;
use crate::json::to_json;
use crate::render::diff::{Frame, Shape};
use crate::render::visible;

/// Prints results in the format that was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Out(pub(crate) Format);

impl Out {
    /// Prints a message of the contract: as JSON, or as the text.
    pub(crate) fn show<M: Message + Name>(
        self,
        message: &M,
        text: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        self.show_value(|| to_json(message), text)
    }

    /// Prints a list: as a JSON array, or as a table.
    pub(crate) fn list<M: Message + Name>(
        self,
        messages: &[M],
        table: impl FnOnce(&[M]) -> Table,
    ) -> Result<(), Failure> {
        self.show_value(|| messages.iter().map(to_json).collect(), || finish(table(messages)))
    }

    /// Prints a JSON value or the text.
    pub(crate) fn show_value(
        self,
        value: impl FnOnce() -> Result<Value, Failure>,
        text: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        match self.0 {
            Format::Table => result(&text()),
            Format::Json => result(&format!("{:#}", value()?)),
        }
    }
}

/// A table without lines. Cells come from others, so what could steer a terminal is made visible.
pub(crate) fn table<const N: usize>(header: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(header);
    table.add_rows(rows.into_iter().map(|row| row.map(|cell| visible(&cell).into_owned())));
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table
}

/// Fits a table to the terminal, if there is one.
fn finish(mut table: Table) -> String {
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.trim_fmt()
}

/// The room for differences: that of the terminal that they are written to, or of a wide one where there is none.
pub(crate) fn frame(shape: Shape) -> Frame {
    let terminals = [console::Term::stdout(), console::Term::stderr()];
    let width =
        terminals.iter().find_map(console::Term::size_checked).map(|(_, columns)| usize::from(columns));
    Frame { shape, width: width.unwrap_or(NO_TERMINAL) }
}

/// How wide a line is where no terminal says it.
const NO_TERMINAL: usize = 120;

/// Writes a result to standard output.
pub(crate) fn result(text: &str) -> Result<(), Failure> {
    let mut out = anstream::stdout();
    closed(writeln!(out, "{}", text.trim_end_matches('\n')).and_then(|()| out.flush()))
}

/// Writes something for a person to standard error.
pub(crate) fn note(text: &str) -> Result<(), Failure> {
    closed(writeln!(anstream::stderr(), "{text}"))
}

/// Writes something for a person to standard error, and stays on the line.
pub(crate) fn note_part(text: &str) -> Result<(), Failure> {
    let mut err = anstream::stderr();
    closed(write!(err, "{text}").and_then(|()| err.flush()))
}

/// Asks for a yes on a terminal. Without one there is nobody to ask: None.
pub(crate) fn confirm(question: &str) -> Result<Option<bool>, Failure> {
    let stdin = io::stdin();
    if !stdin.is_terminal() || !io::stderr().is_terminal() {
        return Ok(None);
    }
    closed(write!(anstream::stderr(), "{} [y/N] ", visible(question)))?;
    let mut answer = String::new();
    stdin
        .lock()
        .read_line(&mut answer)
        .map_err(|error| Failure::Here(format!("can't read the answer: {error}")))?;
    Ok(Some(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")))
}

fn closed(written: io::Result<()>) -> Result<(), Failure> {
    written.map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::Closed,
        _ => Failure::Here(format!("can't write the output: {error}")),
    })
}
