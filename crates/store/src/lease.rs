//! Who works on what, until when: how any number of workers share work without a lock that a lost one would keep.

use sandbar_model::{Result, Time};

use crate::db::Tx;

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
