//! Dataclips: what runs begin with and end with. Their bodies may hold their users' secrets, so nothing here shows one.

use sandbar_model::{Dataclip, DataclipId, Error, ProjectId, Result, RunId, Time, run::DataclipKind};
use uuid::Uuid;

use crate::db::{FromRow, Row, Tx};

/// The columns of a dataclip in the order in which it is read.
macro_rules! columns {
    () => {
        "id, project_id, kind, name, size, run_id, job_id, create_time, creator_id, erase_time"
    };
}

/// Adds one.
pub async fn insert(tx: &mut Tx, clip: &Dataclip, body: &str) -> Result<()> {
    tx.sql(
        "-- dataclip.insert
        INSERT INTO dataclips (id, project_id, kind, name, size, run_id, job_id, create_time, creator_id, touch_time, body)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $8, $10)",
    )
    .bind(clip.id.0)
    .bind(clip.project.0)
    .bind(clip.kind as i64)
    .bind(clip.name.as_str())
    .bind(clip.size)
    .bind(clip.run.map(|id| id.0))
    .bind(clip.job.map(|id| id.0))
    .bind(clip.create_time.0)
    .bind(clip.creator.0)
    .bind(body)
    .execute()
    .await?;
    Ok(())
}

/// One dataclip of a project.
pub async fn get(tx: &mut Tx, project: ProjectId, id: DataclipId) -> Result<Option<Dataclip>> {
    tx.sql(concat!(
        "-- dataclip.get\nSELECT ",
        columns!(),
        " FROM dataclips WHERE id = $1 AND project_id = $2"
    ))
    .bind(id.0)
    .bind(project.0)
    .optional()
    .await
}

/// Likewise, for use: until the transaction ends nobody erases it, and after that not soon.
pub async fn touch(tx: &mut Tx, project: ProjectId, id: DataclipId, now: Time) -> Result<Option<Dataclip>> {
    tx.sql(concat!(
        "-- dataclip.touch\nUPDATE dataclips SET touch_time = $3 WHERE id = $1 AND project_id = $2 RETURNING ",
        columns!()
    ))
    .bind(id.0)
    .bind(project.0)
    .bind(now.0)
    .optional()
    .await
}

/// Likewise, as nobody else changes it until the transaction ends. It does not count as used.
pub async fn lock(tx: &mut Tx, project: ProjectId, id: DataclipId) -> Result<Option<Dataclip>> {
    tx.sql(concat!(
        "-- dataclip.lock\nUPDATE dataclips SET name = name WHERE id = $1 AND project_id = $2 RETURNING ",
        columns!()
    ))
    .bind(id.0)
    .bind(project.0)
    .optional()
    .await
}

/// The body of one; empty once it was erased.
pub async fn body(tx: &mut Tx, id: DataclipId) -> Result<Option<String>> {
    let row: Option<(String,)> =
        tx.sql("-- dataclip.body\nSELECT body FROM dataclips WHERE id = $1").bind(id.0).optional().await?;
    Ok(row.map(|(body,)| body))
}

/// At most `limit` dataclips of a project, newest first: those before one, or the newest ones. With `run` only those that it
/// made, with `named` only those that have a name.
pub async fn page(
    tx: &mut Tx,
    project: ProjectId,
    (named, run): (bool, Option<RunId>),
    before: Option<DataclipId>,
    limit: i64,
) -> Result<Vec<Dataclip>> {
    tx.sql(concat!(
        "-- dataclip.page\nSELECT ",
        columns!(),
        " FROM dataclips WHERE project_id = $1 AND id < $2 AND ($3 OR name <> '') AND ($4 OR run_id = $5)
        ORDER BY id DESC LIMIT $6"
    ))
    .bind(project.0)
    .bind(before.map_or(Uuid::max(), |id| id.0))
    .bind(!named)
    .bind(run.is_none())
    .bind(run.map_or(Uuid::nil(), |id| id.0))
    .bind(limit)
    .all()
    .await
}

/// Gives one a name, or (empty) takes it away.
pub async fn set_name(
    tx: &mut Tx,
    project: ProjectId,
    id: DataclipId,
    name: &str,
) -> Result<Option<Dataclip>> {
    tx.sql(concat!(
        "-- dataclip.set_name\nUPDATE dataclips SET name = $3 WHERE id = $1 AND project_id = $2 RETURNING ",
        columns!()
    ))
    .bind(id.0)
    .bind(project.0)
    .bind(name)
    .optional()
    .await
}

/// Copies one into another project, as `clip` says.
pub async fn copy(tx: &mut Tx, from: DataclipId, clip: &Dataclip) -> Result<()> {
    tx.sql(
        "-- dataclip.copy
        INSERT INTO dataclips (id, project_id, kind, name, size, create_time, creator_id, touch_time, body)
        SELECT $1, $2, kind, name, size, $3, $4, $3, body FROM dataclips WHERE id = $5",
    )
    .bind(clip.id.0)
    .bind(clip.project.0)
    .bind(clip.create_time.0)
    .bind(clip.creator.0)
    .bind(from.0)
    .execute()
    .await?;
    Ok(())
}

/// Erases the body of one that nothing begins with.
pub async fn erase(tx: &mut Tx, id: DataclipId, now: Time) -> Result<()> {
    tx.sql("-- dataclip.erase\nUPDATE dataclips SET body = '', name = '', erase_time = $2 WHERE id = $1")
        .bind(id.0)
        .bind(now.0)
        .execute()
        .await?;
    Ok(())
}

/// Erases the bodies of at most `limit` dataclips without a name that were not used since `before`, and that no queued or
/// running run begins with. Answers how many.
pub async fn erase_old(tx: &mut Tx, project: ProjectId, before: Time, now: Time, limit: i64) -> Result<u64> {
    tx.sql(
        "-- dataclip.erase_old
        UPDATE dataclips SET body = '', erase_time = $3 WHERE name = '' AND touch_time < $2 AND id IN (
            SELECT d.id FROM dataclips d WHERE d.project_id = $1 AND d.name = '' AND d.touch_time < $2
                AND d.erase_time IS NULL
                AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.dataclip_id = d.id AND r.state <= 2)
            ORDER BY d.touch_time LIMIT $4)",
    )
    .bind(project.0)
    .bind(before.0)
    .bind(now.0)
    .bind(limit)
    .execute()
    .await
}

/// Removes at most `limit` dataclips without a name that were not used since `before`, and of which no run is left.
/// Answers how many.
pub async fn delete_unused(tx: &mut Tx, project: ProjectId, before: Time, limit: i64) -> Result<u64> {
    tx.sql(
        "-- dataclip.delete_unused
        DELETE FROM dataclips WHERE name = '' AND touch_time < $2 AND id IN (
            SELECT d.id FROM dataclips d WHERE d.project_id = $1 AND d.name = '' AND d.touch_time < $2
                AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.dataclip_id = d.id)
                AND (d.run_id IS NULL OR NOT EXISTS (SELECT 1 FROM runs r WHERE r.id = d.run_id))
            ORDER BY d.touch_time LIMIT $3)",
    )
    .bind(project.0)
    .bind(before.0)
    .bind(limit)
    .execute()
    .await
}

impl FromRow for Dataclip {
    fn from_row(row: &Row) -> Result<Self> {
        let kind = DataclipKind::from_number(row.get(2)?);
        Ok(Self {
            id: row.get::<Uuid>(0)?.into(),
            project: row.get::<Uuid>(1)?.into(),
            kind: kind.ok_or(Error::Bug("a stored dataclip's kind is unknown"))?,
            name: row.get(3)?,
            size: row.get(4)?,
            run: row.get::<Option<Uuid>>(5)?.map(Into::into),
            job: row.get::<Option<Uuid>>(6)?.map(Into::into),
            create_time: Time(row.get(7)?),
            creator: row.get::<Uuid>(8)?.into(),
            erase_time: row.get::<Option<i64>>(9)?.map(Time),
        })
    }
}
