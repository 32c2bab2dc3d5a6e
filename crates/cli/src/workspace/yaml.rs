//! YAML in and out.

use std::path::Path;

use serde::{Serialize, de::DeserializeOwned};
use serde_saphyr::{DuplicateKeyPolicy, MergeKeyPolicy};

use crate::failure::Failure;

/// As YAML in the shape that OpenFn's tools give it: sections indented below lists, texts of several lines as blocks,
/// never wrapped, so that a change of one line is a change of one line.
pub(crate) fn write(value: &impl Serialize) -> Result<String, Failure> {
    let options = serde_saphyr::ser_options! {
        compact_list_indent: false,
        folded_wrap_chars: usize::MAX,
    };
    serde_saphyr::to_string_with_options(value, options)
        .map_err(|error| Failure::Here(format!("can't write YAML: {error}")))
}

/// Reads YAML. An error names the file and the line, and shows nothing of what is there.
pub(crate) fn read<T: DeserializeOwned>(text: &str, file: &Path) -> Result<T, Failure> {
    serde_saphyr::from_str_with_options(text, options()).map_err(|error| {
        let message = match error.without_snippet() {
            // The library's own text speaks to programmers.
            serde_saphyr::Error::DuplicateMappingKey { key, location } => format!(
                "the key {} is there twice at line {}, column {}",
                key.as_deref().unwrap_or_default(),
                location.line(),
                location.column()
            ),
            other => other.to_string(),
        };
        Failure::Here(format!("{}: {message}", file.display()))
    })
}

/// As YAML 1.2 says, and as large as a project may be: the size of a file is limited where it is read.
fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: 100_000_000,
            max_nodes: 50_000_000,
            max_total_scalar_bytes: usize::MAX,
        },
        with_snippet: false,
        emit_comments: false,
        strict_booleans: true,
        duplicate_keys: DuplicateKeyPolicy::Error,
        merge_keys: MergeKeyPolicy::AsOrdinary,
    }
}
