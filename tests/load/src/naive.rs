//! The clone that Sandbar does not make: every row copied, with one INSERT … SELECT a table, on the same PostgreSQL.

use std::time::Instant;

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use uuid::Uuid;

use crate::{Result, figures::Sample};

const TIMES: u32 = 7;

/// Times clones of a root. Contents stay shared, as they do for sandboxes: a clone that copies those too takes longer.
pub(crate) async fn clone(url: &str, root: &str) -> Result<Sample> {
    let mut connection = PgConnection::connect(url).await?;
    let root = Uuid::try_parse(root)?;
    for table in ["heads", "versions", "claims"] {
        for statement in [
            format!("DROP TABLE IF EXISTS naive_{table}"),
            format!("CREATE TABLE naive_{table} (LIKE {table} INCLUDING ALL)"),
        ] {
            sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await?;
        }
    }
    let mut sample = Sample::default();
    for number in 1..=TIMES {
        let copy = Uuid::from_u128(number.into());
        let begun = Instant::now();
        let mut tx = connection.begin().await?;
        for statement in [
            "INSERT INTO naive_heads
             SELECT $2, kind, id, first_seq, seq, content_hash, content_hash, write_time, writer_id
             FROM heads WHERE project_id = $1 AND content_hash <> ''",
            "INSERT INTO naive_versions
             SELECT $2, v.kind, v.id, v.seq, v.name, v.content_hash, v.prev_hash, v.write_time, v.writer_id
             FROM versions v JOIN heads h USING (project_id, kind, id, seq) WHERE project_id = $1",
            "INSERT INTO naive_claims
             SELECT $2, space, key, id, since_seq, until_seq
             FROM claims WHERE project_id = $1 AND until_seq = 9223372036854775807",
        ] {
            sqlx::query(statement).bind(root).bind(copy).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        // The first one also makes the files grow.
        if number > 1 {
            sample.push(begun.elapsed());
        }
    }
    sqlx::query("DROP TABLE naive_heads, naive_versions, naive_claims").execute(&mut connection).await?;
    Ok(sample)
}
