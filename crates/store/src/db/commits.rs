//! Whether anything was committed to a SQLite file meanwhile: by this process or another, as the file itself tells.
//!
//! The driver hands each statement to a thread of its own and waits for it, which costs more than this question does. So it
//! is asked on a connection of another driver, right here, over the same library in the same process.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags};

/// How many commits a file has seen. Says nothing by itself, but two that are equal have nothing between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commits(i64);

/// Asks a file. Cheap to clone.
#[derive(Clone, Debug)]
pub struct CommitCounter(Arc<Mutex<Option<Connection>>>);

impl CommitCounter {
    /// Opens a file that is there. It is never written to.
    pub(super) fn open(file: &Path) -> rusqlite::Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(file, flags)?;
        // Who asks is not made to wait: not to know is an answer, too.
        conn.busy_timeout(Duration::ZERO)?;
        conn.pragma_update(None, "query_only", true)?;
        Ok(Self(Arc::new(Mutex::new(Some(conn)))))
    }

    /// The commits that are in the file now. None: it can't be told at the moment.
    pub(super) fn now(&self) -> Option<Commits> {
        let conn = self.0.lock().ok()?;
        let mut statement = conn.as_ref()?.prepare_cached("PRAGMA data_version").ok()?;
        statement.query_row((), |row| row.get(0)).ok().map(Commits)
    }

    /// Lets go of the file; it tells nothing any more.
    pub(super) fn close(&self) {
        let conn = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        // What goes wrong on the way out concerns nobody.
        drop(conn);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_commit_is_counted_whoever_made_it_and_nothing_else() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("counted.db");
        let [one, other] = [0, 1].map(|_| Connection::open(&file).unwrap());
        one.pragma_update(None, "journal_mode", "wal").unwrap();
        one.execute_batch("CREATE TABLE t (x)").unwrap();

        let counter = CommitCounter::open(&file).unwrap();
        let mut before = counter.now().unwrap();
        assert_eq!(counter.now(), Some(before), "asking is no commit");
        for conn in [&one, &other, &one] {
            conn.execute_batch("BEGIN IMMEDIATE; INSERT INTO t VALUES (1)").unwrap();
            assert_eq!(counter.now(), Some(before), "what is not committed can't be seen");
            conn.execute_batch("COMMIT").unwrap();
            let after = counter.now().unwrap();
            assert_ne!(after, before);
            before = after;
        }
        one.execute_batch("BEGIN IMMEDIATE; INSERT INTO t VALUES (1); ROLLBACK").unwrap();
        assert_eq!(counter.now(), Some(before), "what was undone changed nothing");
        counter.close();
        assert_eq!(counter.now(), None);
    }
}
