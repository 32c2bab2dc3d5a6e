//! A project's log: one line for each change of its resources, however many it touched.

use sandbar_model::{MergeId, PrincipalId, ProjectId, Result, Revision, Time};

use crate::db::Tx;

/// What kind of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// One resource was written or deleted.
    Write,
    /// An old revision was written again.
    Restore,
    /// A whole project was imported.
    Import,
    /// A merge, sync or revert, with its record and where it came from.
    Merge {
        /// Its record.
        merge: MergeId,
        /// Where it came from.
        source: ProjectId,
        /// merge, sync or revert.
        word: &'static str,
    },
}

/// A line of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Whose resources.
    pub project: ProjectId,
    /// The first revision that it took.
    pub first: Revision,
    /// The last one.
    pub last: Revision,
    /// What kind.
    pub what: What,
    /// When.
    pub time: Time,
    /// By whom.
    pub principal: PrincipalId,
}

/// Adds a line.
pub async fn insert(tx: &mut Tx, change: &Change) -> Result<()> {
    let (word, source, merge) = match change.what {
        What::Write => ("write", None, None),
        What::Restore => ("restore", None, None),
        What::Import => ("import", None, None),
        What::Merge { merge, source, word } => (word, Some(source.0), Some(merge.0)),
    };
    tx.sql(
        "-- change.insert
        INSERT INTO changes (project_id, seq, first_seq, what, source_id, merge_id, change_time, principal_id)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(change.project.0)
    .bind(change.last.0)
    .bind(change.first.0)
    .bind(word)
    .bind(source)
    .bind(merge)
    .bind(change.time.0)
    .bind(change.principal.0)
    .execute()
    .await?;
    Ok(())
}
