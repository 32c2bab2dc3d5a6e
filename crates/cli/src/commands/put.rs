//! What `workflow put`, `config put` and `credential set` have in common.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::failure::Failure;

/// The arguments of a put.
#[derive(Args, Debug)]
pub(crate) struct PutArgs {
    /// The project
    pub(crate) project: String,
    /// The JSON document, or - for standard input
    file: PathBuf,
    /// Replace whatever is there
    #[arg(long, conflicts_with = "create")]
    force: bool,
    /// Refuse when it is there already
    #[arg(long)]
    create: bool,
    /// Check everything and change nothing
    #[arg(long)]
    pub(crate) validate_only: bool,
}

impl PutArgs {
    /// The text of the document.
    pub(crate) fn read(&self) -> Result<String, Failure> {
        read_text(&self.file)
    }

    /// The etag to send for a document with this one: what it was read as, unless the flags say otherwise.
    pub(crate) fn expects(&self, read: &str) -> String {
        match (self.create, self.force) {
            (true, _) => "*".to_owned(),
            (_, true) => String::new(),
            _ => read.to_owned(),
        }
    }
}

/// The text of a file, or of standard input for `-`.
pub(super) fn read_text(file: &Path) -> Result<String, Failure> {
    let text = if file.as_os_str() == "-" {
        std::io::read_to_string(std::io::stdin().lock())
    } else {
        std::fs::read_to_string(file)
    };
    text.map_err(|error| Failure::file("read", file, &error))
}
