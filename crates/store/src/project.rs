//! Projects: roots and sandboxes, one row each, whatever they hold.

mod kin;
mod life;
mod list;
mod row;

use sandbar_model::{
    Error, Project, ProjectId, Result, Revision, Time,
    project::{Profile, RetentionPolicy},
};

pub use kin::{ancestors, descendants, has_children, move_up, sibling_names, tree};
pub use life::{delete_row, due_for_purge, expired, rename, restore, schedule};
pub use list::{Viewer, Visible, children, page_visible, visible_tree};
pub(crate) use row::{columns, read_joined};

use crate::{
    db::{Statement, Tx},
    unique::{self, Unique},
};

/// Where a name that a sandbox can't have is taken.
const SIBLING: &str = "by another sandbox of the same parent";

/// One project, active or scheduled, without a lock.
pub async fn get(tx: &mut Tx, id: ProjectId) -> Result<Option<Project>> {
    tx.sql(concat!("-- project.get\nSELECT ", columns!(""), " FROM projects WHERE id = $1"))
        .bind(id.0)
        .optional()
        .await
}

/// Takes the project's write lock until the transaction ends, changing nothing, and answers the project as the writer
/// before left it. The first statement of every write to its resources. Who locks several takes them in the order of
/// their ids, after the tree's lock if that is needed too.
pub async fn lock(tx: &mut Tx, id: ProjectId) -> Result<Option<Project>> {
    tx.sql(concat!(
        "-- project.lock\nUPDATE projects SET head_seq = head_seq WHERE id = $1 RETURNING ",
        columns!("")
    ))
    .bind(id.0)
    .optional()
    .await
}

/// Adds a root or a sandbox, with everything as given. Its tree's row comes before.
///
/// # Errors
/// [`Error::NameTaken`] when an active sibling has the name, [`Error::IdTaken`] when any project has the id.
pub async fn insert(tx: &mut Tx, project: &Project) -> Result<()> {
    let Project { profile, .. } = project;
    let statement = tx
        .sql(concat!(
            "-- project.insert\nINSERT INTO projects (",
            columns!(""),
            ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
                $22, $23, $24, $25, $26, $27)"
        ))
        .bind(project.id.0)
        .bind(project.root.0)
        .bind(project.fork.map(|fork| fork.parent.0))
        .bind(project.fork.map(|fork| fork.at.0))
        .bind(i64::from(project.depth))
        .bind(project.head.0)
        .bind(project.version);
    bind_profile(statement, profile)
        .bind(project.workflow_count)
        .bind(project.collection_count)
        .bind(i64::from(project.scheduled.is_some()))
        .bind(project.scheduled.map(|schedule| schedule.delete_time.0))
        .bind(project.scheduled.map(|schedule| schedule.purge_time.0))
        .bind(project.expire_time.map(|time| time.0))
        .bind(project.create_time.0)
        .bind(project.update_time.0)
        .bind(project.creator.0)
        .bind(project.trigger_version)
        .try_execute()
        .await
        .map_err(|error| {
            unique::refusal(error, |unique| match unique {
                Unique::Key => Error::IdTaken { id: project.id.to_string(), place: "by another project" },
                Unique::Index => Error::NameTaken { name: profile.name.clone(), place: SIBLING },
            })
        })?;
    Ok(())
}

/// Replaces what people choose about a project, and when a sandbox expires. Counts as one write to its record. The
/// caller holds the [`lock`] and has compared the etag; a new name of a sandbox needs the tree's lock too.
///
/// # Errors
/// [`Error::NameTaken`] when an active sibling has the name.
pub async fn set_profile(
    tx: &mut Tx,
    id: ProjectId,
    profile: &Profile,
    expire_time: Option<Time>,
    now: Time,
) -> Result<()> {
    let statement = tx
        .sql(
            "-- project.set_profile
        UPDATE projects SET name = $2, description = $3, color = $4, environment = $5, concurrency = $6,
            allow_support_access = $7, requires_mfa = $8, retention_policy = $9, history_retention_days = $10,
            dataclip_retention_days = $11, expire_time = $12, update_time = $13, version = version + 1
        WHERE id = $1",
        )
        .bind(id.0);
    bind_profile(statement, profile)
        .bind(expire_time.map(|time| time.0))
        .bind(now.0)
        .try_execute()
        .await
        .map_err(|error| {
            unique::refusal(error, |_| Error::NameTaken { name: profile.name.clone(), place: SIBLING })
        })?;
    Ok(())
}

/// Stores what a write to its resources did to a project: the newest revision, and how many workflows and collections
/// there are more (or, below zero, fewer). Not a write to its record: the version, which is the etag of what people
/// choose, stays. The caller holds the [`lock`].
pub async fn set_head_and_counts(
    tx: &mut Tx,
    id: ProjectId,
    head: Revision,
    workflow_delta: i64,
    collection_delta: i64,
    now: Time,
) -> Result<()> {
    tx.sql(
        "-- project.set_head_and_counts
        UPDATE projects SET head_seq = $2, workflow_count = workflow_count + $3,
            collection_count = collection_count + $4, update_time = $5
        WHERE id = $1",
    )
    .bind(id.0)
    .bind(head.0)
    .bind(workflow_delta)
    .bind(collection_delta)
    .bind(now.0)
    .execute()
    .await?;
    Ok(())
}

/// Binds what people choose about a project, in the order of its columns.
fn bind_profile<'q>(statement: Statement<'q>, profile: &'q Profile) -> Statement<'q> {
    statement
        .bind(profile.name.as_str())
        .bind(profile.description.as_str())
        .bind(profile.color.as_str())
        .bind(profile.environment.as_str())
        .bind(profile.settings.concurrency.map(i64::from))
        .bind(profile.settings.allow_support_access)
        .bind(profile.settings.requires_mfa)
        .bind(retention_word(profile.settings.retention_policy))
        .bind(profile.settings.history_retention_days.map(i64::from))
        .bind(profile.settings.dataclip_retention_days.map(i64::from))
}

fn retention_word(policy: RetentionPolicy) -> &'static str {
    match policy {
        RetentionPolicy::RetainAll => "retain_all",
        RetentionPolicy::RetainWithErrors => "retain_with_errors",
        RetentionPolicy::EraseAll => "erase_all",
    }
}
