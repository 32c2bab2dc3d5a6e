//! Bodies' differences, loaded and compared when they are to be shown.

use std::collections::{BTreeMap, HashMap};

use sandbar_merge::{FieldChange, text};
use sandbar_model::{ContentHash, Result};
use sandbar_store::content::Trees;

use crate::App;

/// The longest diff of one body, in bytes.
const DIFF_BYTES: usize = 64 * 1024;
/// The most bytes of diffs of one resource, so that its message stays far from the limit of messages.
const RESOURCE_BYTES: usize = 4 * 1024 * 1024;

/// Each difference; for those in a body, with the unified diff. `made` are texts that are kept nowhere yet.
pub(super) async fn with_diffs(
    app: &App,
    trees: Trees,
    changes: Vec<FieldChange>,
    made: &BTreeMap<ContentHash, String>,
) -> Result<Vec<(FieldChange, String)>> {
    let hashes = changes.iter().filter_map(|change| change.body).flat_map(|body| [body.target, body.source]);
    let hashes: Vec<_> = hashes.flatten().filter(|hash| !made.contains_key(hash)).collect();
    let bodies = if hashes.is_empty() {
        HashMap::new()
    } else {
        let mut tx = app.db.connection().await?;
        app.contents.bodies(&mut tx, trees, hashes).await?
    };
    let text = |hash: Option<ContentHash>| {
        let Some(hash) = hash else { return "" };
        let made = made.get(&hash).map(String::as_str);
        made.or_else(|| bodies.get(&hash).map(|body| &**body)).unwrap_or_default()
    };
    let mut left = RESOURCE_BYTES;
    let fields = changes.into_iter().map(|change| {
        let Some(body) = change.body else { return (change, String::new()) };
        let diff = text::unified(text(body.target), text(body.source), DIFF_BYTES.min(left));
        left = left.saturating_sub(diff.len());
        (change, diff)
    });
    Ok(fields.collect())
}
