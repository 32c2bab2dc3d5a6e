//! Who works on what, until when: how any number of workers share work without a lock that a lost one would keep.

use std::collections::BTreeSet;

use sandbar_model::{Result, Time};

use crate::{db::Tx, text};

/// Takes a lease that nobody holds, that has run out, or that is the holder's own. False: another holds it.
pub async fn take(tx: &mut Tx, name: &str, holder: &str, now: Time, until: Time) -> Result<bool> {
    let taken = tx
        .sql(
            "-- lease.take
            INSERT INTO leases (name, holder, until_time) VALUES ($1, $2, $4)
            ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until_time = excluded.until_time
            WHERE leases.until_time <= $3 OR leases.holder = excluded.holder",
        )
        .bind(name)
        .bind(holder)
        .bind(now.0)
        .bind(until.0)
        .execute()
        .await?;
    Ok(taken == 1)
}

/// Holds on to a lease. False: it ran out or went to another; stop the work.
pub async fn renew(tx: &mut Tx, name: &str, holder: &str, now: Time, until: Time) -> Result<bool> {
    let renewed = tx
        .sql(
            "-- lease.renew
            UPDATE leases SET until_time = $4 WHERE name = $1 AND holder = $2 AND until_time > $3",
        )
        .bind(name)
        .bind(holder)
        .bind(now.0)
        .bind(until.0)
        .execute()
        .await?;
    Ok(renewed == 1)
}

/// Gives a lease back. False: it was another's by then.
pub async fn release(tx: &mut Tx, name: &str, holder: &str) -> Result<bool> {
    let released = tx
        .sql("-- lease.release\nDELETE FROM leases WHERE name = $1 AND holder = $2")
        .bind(name)
        .bind(holder)
        .execute()
        .await?;
    Ok(released == 1)
}

/// Removes a lease, whoever holds it: what it was for is gone.
pub async fn remove(tx: &mut Tx, name: &str) -> Result<()> {
    tx.sql("-- lease.remove\nDELETE FROM leases WHERE name = $1").bind(name).execute().await?;
    Ok(())
}

/// At most `limit` names that begin with `prefix` of leases that have run out or are the holder's own: what a worker
/// may go on with.
pub async fn open_to(tx: &mut Tx, prefix: &str, holder: &str, now: Time, limit: i64) -> Result<Vec<String>> {
    let rows: Vec<(String,)> = tx
        .sql(
            "-- lease.open_to
            SELECT name FROM leases WHERE name >= $1 AND name < $2 AND (until_time <= $3 OR holder = $4)
            ORDER BY name LIMIT $5",
        )
        .bind(prefix)
        .bind(after_all(prefix))
        .bind(now.0)
        .bind(holder)
        .bind(limit)
        .all()
        .await?;
    Ok(rows.into_iter().map(|(name,)| name).collect())
}

/// Which of these names there are leases of, held or run out.
pub async fn known(tx: &mut Tx, names: &[String]) -> Result<BTreeSet<String>> {
    const SELECT: &str = "-- lease.known
        SELECT name FROM leases WHERE name IN";
    let mut known = BTreeSet::new();
    for chunk in names.chunks(text::LIST) {
        let size = text::list_size(chunk.len());
        let mut statement = tx.sql(text::list(SELECT, 1, size, ""));
        for name in text::filled(chunk, size) {
            statement = statement.bind(name.as_str());
        }
        let rows: Vec<(String,)> = statement.all().await?;
        known.extend(rows.into_iter().map(|(name,)| name));
    }
    Ok(known)
}

/// A text that sorts after everything that begins with `prefix` and goes on with ASCII.
fn after_all(prefix: &str) -> String {
    format!("{prefix}\u{7f}")
}
