//! A project's columns, in one place.

use sandbar_model::{
    Error, Project, ProjectId, Result, Revision, Time,
    project::{Fork, Profile, RetentionPolicy, Schedule, Settings},
};
use uuid::Uuid;

use crate::db::{FromRow, Row};

/// The columns of a project in the order in which [`read`] takes them, each with `$of` before it.
macro_rules! columns {
    ($of:literal) => {
        concat!(
            $of,
            "id, ",
            $of,
            "root_id, ",
            $of,
            "parent_id, ",
            $of,
            "fork_seq, ",
            $of,
            "depth, ",
            $of,
            "head_seq, ",
            $of,
            "version, ",
            $of,
            "name, ",
            $of,
            "description, ",
            $of,
            "color, ",
            $of,
            "environment, ",
            $of,
            "concurrency, ",
            $of,
            "allow_support_access, ",
            $of,
            "requires_mfa, ",
            $of,
            "retention_policy, ",
            $of,
            "history_retention_days, ",
            $of,
            "dataclip_retention_days, ",
            $of,
            "workflow_count, ",
            $of,
            "collection_count, ",
            $of,
            "state, ",
            $of,
            "delete_time, ",
            $of,
            "purge_time, ",
            $of,
            "expire_time, ",
            $of,
            "create_time, ",
            $of,
            "update_time, ",
            $of,
            "creator_id, ",
            $of,
            "trigger_version"
        )
    };
}
pub(crate) use columns;

/// How many columns [`read`] takes.
pub(crate) const COLUMNS: usize = 27;

impl FromRow for Project {
    fn from_row(row: &Row) -> Result<Self> {
        read(row, 0)
    }
}

/// Reads the project whose columns begin at `at`, where a LEFT JOIN may have found none.
pub(crate) fn read_joined(row: &Row, at: usize) -> Result<Option<Project>> {
    row.get::<Option<Uuid>>(at)?.map(|_| read(row, at)).transpose()
}

/// Reads the project whose columns begin at `at`.
pub(crate) fn read(row: &Row, at: usize) -> Result<Project> {
    Ok(Project {
        id: row.get::<Uuid>(at)?.into(),
        root: row.get::<Uuid>(at + 1)?.into(),
        fork: read_fork(row, at + 2)?,
        depth: small(row.get(at + 4)?)?,
        head: Revision(row.get(at + 5)?),
        version: row.get(at + 6)?,
        profile: Profile {
            name: row.get(at + 7)?,
            description: row.get(at + 8)?,
            color: row.get(at + 9)?,
            environment: row.get(at + 10)?,
            settings: read_settings(row, at + 11)?,
        },
        workflow_count: row.get(at + 17)?,
        collection_count: row.get(at + 18)?,
        scheduled: read_schedule(row, at + 19)?,
        expire_time: row.get::<Option<i64>>(at + 22)?.map(Time),
        create_time: Time(row.get(at + 23)?),
        update_time: Time(row.get(at + 24)?),
        creator: row.get::<Uuid>(at + 25)?.into(),
        trigger_version: row.get(at + 26)?,
    })
}

fn read_fork(row: &Row, at: usize) -> Result<Option<Fork>> {
    match (row.get::<Option<Uuid>>(at)?, row.get(at + 1)?) {
        (None, None) => Ok(None),
        (Some(parent), Some(seq)) => Ok(Some(Fork { parent: ProjectId(parent), at: Revision(seq) })),
        _ => Err(Error::Bug("a stored project has half a fork point")),
    }
}

fn read_settings(row: &Row, at: usize) -> Result<Settings> {
    Ok(Settings {
        concurrency: row.get::<Option<i64>>(at)?.map(small).transpose()?,
        allow_support_access: row.get(at + 1)?,
        requires_mfa: row.get(at + 2)?,
        retention_policy: retention_policy(&row.get::<String>(at + 3)?)?,
        history_retention_days: row.get::<Option<i64>>(at + 4)?.map(small).transpose()?,
        dataclip_retention_days: row.get::<Option<i64>>(at + 5)?.map(small).transpose()?,
    })
}

fn read_schedule(row: &Row, at: usize) -> Result<Option<Schedule>> {
    match (row.get::<i64>(at)?, row.get(at + 1)?, row.get(at + 2)?) {
        (0, None, None) => Ok(None),
        (1, Some(delete), Some(purge)) => {
            Ok(Some(Schedule { delete_time: Time(delete), purge_time: Time(purge) }))
        }
        _ => Err(Error::Bug("a stored project's state and times of deletion disagree")),
    }
}

fn retention_policy(word: &str) -> Result<RetentionPolicy> {
    match word {
        "retain_all" => Ok(RetentionPolicy::RetainAll),
        "retain_with_errors" => Ok(RetentionPolicy::RetainWithErrors),
        "erase_all" => Ok(RetentionPolicy::EraseAll),
        _ => Err(Error::Bug("a stored retention policy is unknown")),
    }
}

fn small(number: i64) -> Result<u32> {
    u32::try_from(number).map_err(|_| Error::Bug("a stored number is out of its range"))
}
