//! A page: text in the making, with styles.

use std::fmt::{Display, Write};

use anstyle::{AnsiColor, Style};

use super::visible;

/// New and written.
pub(crate) const GREEN: Style = AnsiColor::Green.on_default();
/// Gone and replaced.
pub(crate) const RED: Style = AnsiColor::Red.on_default();
/// Mind this.
pub(crate) const YELLOW: Style = AnsiColor::Yellow.on_default();
/// Places and changes.
pub(crate) const CYAN: Style = AnsiColor::Cyan.on_default();
/// Headings and names.
pub(crate) const BOLD: Style = Style::new().bold();
/// What matters less.
pub(crate) const DIM: Style = Style::new().dimmed();
/// Everything else.
pub(crate) const PLAIN: Style = Style::new();

/// Text in the making. What goes in may come from others: it can't bring styles of its own.
#[derive(Debug, Default)]
pub(crate) struct Page(String);

impl Page {
    /// Adds text in a style.
    pub(crate) fn put(&mut self, style: Style, text: impl Display) -> &mut Self {
        // Writing to a String does not fail.
        let _ = write!(self.0, "{style}{}{style:#}", visible(&text.to_string()));
        self
    }

    /// Adds plain text.
    pub(crate) fn plain(&mut self, text: impl Display) -> &mut Self {
        self.put(PLAIN, text)
    }

    /// Takes the spaces off the end of the line.
    pub(crate) fn trim(&mut self) -> &mut Self {
        self.0.truncate(self.0.trim_end_matches(' ').len());
        self
    }

    /// Ends the line.
    pub(crate) fn end(&mut self) -> &mut Self {
        self.0.push('\n');
        self
    }

    /// Adds a line in a style.
    pub(crate) fn line(&mut self, style: Style, text: impl Display) -> &mut Self {
        self.put(style, text).end()
    }

    /// The text.
    pub(crate) fn finish(self) -> String {
        self.0
    }
}
