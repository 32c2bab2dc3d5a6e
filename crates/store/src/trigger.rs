//! Which triggers are on. State of (project, trigger), not content: no row means off, so a fresh sandbox has all of them
//! off without a row being written.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sandbar_model::{PrincipalId, ProjectId, Result, TriggerId, workflow::path_id};
use uuid::Uuid;

use crate::{db::Tx, text};

/// Whether each of these triggers is on in the project. Every one of `ids` is in the answer.
pub async fn states(tx: &mut Tx, project: ProjectId, ids: &[TriggerId]) -> Result<HashMap<TriggerId, bool>> {
    const SELECT: &str = "-- trigger.states
        SELECT trigger_id FROM trigger_states WHERE project_id = $1 AND enabled AND trigger_id IN";
    let mut states: HashMap<_, _> = ids.iter().map(|id| (*id, false)).collect();
    for chunk in ids.chunks(text::LIST) {
        let size = text::list_size(chunk.len());
        let mut statement = tx.sql(text::seek(tx.is_postgres(), SELECT, 2, size)).bind(project.0);
        for id in text::filled(chunk, size) {
            statement = statement.bind(id.0);
        }
        let rows: Vec<(Uuid,)> = statement.all().await?;
        states.extend(rows.into_iter().map(|(id,)| (id.into(), true)));
    }
    Ok(states)
}

/// Every trigger that is on in the project.
pub async fn states_of_project(tx: &mut Tx, project: ProjectId) -> Result<BTreeSet<TriggerId>> {
    let rows: Vec<(Uuid,)> = tx
        .sql("-- trigger.states_of_project\nSELECT trigger_id FROM trigger_states WHERE project_id = $1 AND enabled")
        .bind(project.0)
        .all()
        .await?;
    Ok(rows.into_iter().map(|(id,)| id.into()).collect())
}

/// The triggers of this path id that are on, in the trees whose roots a worker is an editor of; several, where several of
/// these trees have a trigger of one id. By project.
pub async fn of_path(tx: &mut Tx, path: Uuid, worker: PrincipalId) -> Result<Vec<(ProjectId, TriggerId)>> {
    let rows: Vec<(Uuid, Uuid)> = tx
        .sql(
            "-- trigger.of_path
            SELECT t.project_id, t.trigger_id FROM trigger_states t JOIN projects p ON p.id = t.project_id
            WHERE t.path = $1 AND t.enabled AND EXISTS (SELECT 1 FROM members m
                WHERE m.project_id = p.root_id AND m.principal_id = $2 AND m.role >= 2)
            ORDER BY t.project_id LIMIT 100",
        )
        .bind(path)
        .bind(worker.0)
        .all()
        .await?;
    Ok(rows.into_iter().map(|(project, trigger)| (project.into(), trigger.into())).collect())
}

/// Turns one trigger on or off. Whether the project's workflows have it is the caller's to know.
pub async fn set(tx: &mut Tx, project: ProjectId, trigger: TriggerId, enabled: bool) -> Result<()> {
    set_many(tx, project, &[(trigger, enabled)]).await
}

/// Turns many triggers on or off; the last word on each counts.
pub async fn set_many(tx: &mut Tx, project: ProjectId, triggers: &[(TriggerId, bool)]) -> Result<()> {
    // One row must not come twice in one upsert. Sorted, so that two writers wait for each other rather than deadlock.
    let triggers: BTreeMap<_, _> = triggers.iter().copied().collect();
    let (on, off): (Vec<_>, Vec<_>) = triggers.into_iter().partition(|(_, enabled)| *enabled);
    // Whoever remembers what was on sees by this that it may be over. It comes first because it locks the project: locks
    // are taken in the same order everywhere.
    let place: Option<(Option<Uuid>,)> = tx
        .sql(
            "-- trigger.set_many
            UPDATE projects SET trigger_version = trigger_version + 1 WHERE id = $1 RETURNING parent_id",
        )
        .bind(project.0)
        .optional()
        .await?;
    let in_root = matches!(place, Some((None,)));
    turn_on(tx, (project, in_root), &on).await?;
    turn_off(tx, project, &off).await
}

async fn turn_on(
    tx: &mut Tx,
    (project, in_root): (ProjectId, bool),
    triggers: &[(TriggerId, bool)],
) -> Result<()> {
    const INSERT: &str = "-- trigger.turn_on
        INSERT INTO trigger_states (project_id, trigger_id, path, enabled, suspended) VALUES";
    const END: &str = "ON CONFLICT (project_id, trigger_id) DO UPDATE SET enabled = excluded.enabled, suspended = excluded.suspended";
    for chunk in text::chunks(triggers, text::ROWS) {
        let mut statement = tx.sql(text::rows(INSERT, 5, chunk.len(), END));
        for (trigger, _) in chunk {
            let path = path_id(project, in_root, *trigger);
            statement = statement.bind(project.0).bind(trigger.0).bind(path).bind(true).bind(false);
        }
        statement.execute().await?;
    }
    Ok(())
}

async fn turn_off(tx: &mut Tx, project: ProjectId, triggers: &[(TriggerId, bool)]) -> Result<()> {
    // Those that were never on have no row and need none.
    const UPDATE: &str = "-- trigger.turn_off
        UPDATE trigger_states SET enabled = FALSE, suspended = FALSE WHERE project_id = $1 AND trigger_id IN";
    for chunk in triggers.chunks(text::LIST) {
        let size = text::list_size(chunk.len());
        let mut statement = tx.sql(text::list(UPDATE, 2, size, "")).bind(project.0);
        for (trigger, _) in text::filled(chunk, size) {
            statement = statement.bind(trigger.0);
        }
        statement.execute().await?;
    }
    Ok(())
}

/// Turns off all triggers of projects that are scheduled for deletion, and remembers which were on.
pub async fn suspend(tx: &mut Tx, projects: &[ProjectId]) -> Result<u64> {
    const UPDATE: &str = "-- trigger.suspend
        UPDATE trigger_states SET enabled = FALSE, suspended = TRUE WHERE enabled AND project_id IN";
    let mut changed = 0;
    for chunk in projects.chunks(text::LIST) {
        let size = text::list_size(chunk.len());
        let mut statement = tx.sql(text::list(UPDATE, 1, size, ""));
        for project in text::filled(chunk, size) {
            statement = statement.bind(project.0);
        }
        changed += statement.execute().await?;
    }
    Ok(changed)
}

/// Says which triggers [`suspend`] turned off in projects that are restored, and forgets it. They stay off. In order of
/// project and trigger.
pub async fn resume_list(tx: &mut Tx, projects: &[ProjectId]) -> Result<Vec<(ProjectId, TriggerId)>> {
    const UPDATE: &str = "-- trigger.resume_list
        UPDATE trigger_states SET suspended = FALSE WHERE suspended AND project_id IN";
    let mut were_on: Vec<(ProjectId, TriggerId)> = Vec::new();
    for chunk in projects.chunks(text::LIST) {
        let size = text::list_size(chunk.len());
        let mut statement = tx.sql(text::list(UPDATE, 1, size, "RETURNING project_id, trigger_id"));
        for project in text::filled(chunk, size) {
            statement = statement.bind(project.0);
        }
        let rows: Vec<(Uuid, Uuid)> = statement.all().await?;
        were_on.extend(rows.into_iter().map(|(project, trigger)| (project.into(), trigger.into())));
    }
    were_on.sort_unstable();
    Ok(were_on)
}

/// Forgets all trigger states of a project.
pub async fn delete_of(tx: &mut Tx, project: ProjectId) -> Result<u64> {
    tx.sql("-- trigger.delete_of\nDELETE FROM trigger_states WHERE project_id = $1")
        .bind(project.0)
        .execute()
        .await
}
