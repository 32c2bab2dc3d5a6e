//! Who holds what may be held only once in a project: names, custom paths, triggers.

mod spread;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sandbar_model::{Error, Kind, ProjectId, ResourceId, Result, claim::Claim};
use uuid::Uuid;

pub(crate) use spread::{Stretch, holding};

use crate::{
    db::{Tx, storage},
    text,
    view::{Level, View},
};

/// `until_seq` of a claim that is still held.
pub(crate) const STILL: i64 = i64::MAX;

/// Who holds each of these claims in the view. Those that nobody holds are left out.
pub async fn holders(tx: &mut Tx, view: &View, claims: Vec<Claim>) -> Result<BTreeMap<Claim, ResourceId>> {
    let mut spaces: BTreeMap<(i64, Kind), BTreeMap<String, Claim>> = BTreeMap::new();
    for claim in claims {
        spaces.entry((claim.space(), claim.kind())).or_default().insert(claim.key(), claim);
    }
    let mut holders = BTreeMap::new();
    for ((space, kind), mut open) in spaces {
        for (number, level) in view.levels.iter().enumerate() {
            let keys: Vec<_> = open.keys().cloned().collect();
            let found = held_at(tx, *level, space, &keys).await?;
            let ids: Vec<_> = found.iter().map(|(_, id)| *id).collect();
            let hidden = touched(tx, view.levels.get(..number).unwrap_or_default(), kind, &ids).await?;
            for (key, id) in found {
                if !hidden.contains(&id)
                    && let Some(claim) = open.remove(&key)
                {
                    holders.insert(claim, id);
                }
            }
        }
    }
    Ok(holders)
}

async fn held_at(
    tx: &mut Tx,
    level: Level,
    space: i64,
    keys: &[String],
) -> Result<Vec<(String, ResourceId)>> {
    const SELECT: &str = "-- claim.held_at
        SELECT key, id FROM claims WHERE project_id = $1 AND space = $2 AND since_seq <= $3 AND until_seq > $3 AND key IN";
    let mut held = Vec::new();
    for chunk in keys.chunks(text::LIST) {
        let size = text::list_size(chunk.len());
        let mut statement = tx.sql(text::seek(tx.is_postgres(), SELECT, 4, size));
        statement = statement.bind(level.project.0).bind(space).bind(level.cap.0);
        for key in text::filled(chunk, size) {
            statement = statement.bind(key.as_str());
        }
        let rows: Vec<(String, Uuid)> = statement.all().await?;
        held.extend(rows.into_iter().map(|(key, id)| (key, id.into())));
    }
    Ok(held)
}

/// Which of these resources were touched at one of `levels`, so that what lies deeper is hidden.
async fn touched(
    tx: &mut Tx,
    levels: &[Level],
    kind: Kind,
    ids: &[ResourceId],
) -> Result<BTreeSet<ResourceId>> {
    const SELECT: &str = "-- claim.touched
        SELECT id FROM heads WHERE project_id = $1 AND kind = $2 AND first_seq <= $3 AND id IN";
    let mut touched = BTreeSet::new();
    for level in levels {
        for chunk in ids.chunks(text::LIST) {
            let size = text::list_size(chunk.len());
            let mut statement = tx.sql(text::seek(tx.is_postgres(), SELECT, 4, size));
            statement = statement.bind(level.project.0).bind(kind as i64).bind(level.cap.0);
            for id in text::filled(chunk, size) {
                statement = statement.bind(id.0);
            }
            let rows: Vec<(Uuid,)> = statement.all().await?;
            touched.extend(rows.into_iter().map(|(id,)| ResourceId(id)));
        }
    }
    Ok(touched)
}

/// A claim that a resource holds in a project of its own right (not through the fork).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) space: i64,
    pub(crate) key: String,
    pub(crate) since: i64,
}

/// What each of these resources holds in `project` itself.
pub(crate) async fn held_by(
    tx: &mut Tx,
    project: ProjectId,
    ids: &[ResourceId],
) -> Result<HashMap<ResourceId, Vec<Held>>> {
    const SELECT: &str = "-- claim.held_by
        SELECT id, space, key, since_seq FROM claims WHERE project_id = $1 AND until_seq = 9223372036854775807 AND id IN";
    let mut held: HashMap<ResourceId, Vec<Held>> = HashMap::new();
    for chunk in ids.chunks(text::LIST) {
        let size = text::list_size(chunk.len());
        let mut statement = tx.sql(text::seek(tx.is_postgres(), SELECT, 2, size)).bind(project.0);
        for id in text::filled(chunk, size) {
            statement = statement.bind(id.0);
        }
        let rows: Vec<(Uuid, i64, String, i64)> = statement.all().await?;
        for (id, space, key, since) in rows {
            held.entry(id.into()).or_default().push(Held { space, key, since });
        }
    }
    Ok(held)
}

/// A row of `claims` to be written.
#[derive(Clone, Debug)]
pub(crate) struct ClaimRow {
    pub(crate) space: i64,
    pub(crate) key: String,
    pub(crate) id: ResourceId,
    pub(crate) since: i64,
    pub(crate) until: i64,
}

/// Writes claims: ends those that are held (they keep their `since`), begins new ones. Ends come first, so that what one
/// resource lets go another can take at once.
pub(crate) async fn put(tx: &mut Tx, project: ProjectId, mut rows: Vec<ClaimRow>) -> Result<()> {
    const INSERT: &str =
        "-- claim.put\nINSERT INTO claims (project_id, space, key, id, since_seq, until_seq) VALUES";
    const END: &str =
        "ON CONFLICT (project_id, space, key, id, since_seq) DO UPDATE SET until_seq = excluded.until_seq";
    rows.sort_by_key(|row| row.until == STILL);
    let begins = rows.partition_point(|row| row.until != STILL);
    let (ends, begins) = rows.split_at(begins);
    for part in [ends, begins] {
        for chunk in text::chunks(part, text::ROWS) {
            let mut statement = tx.sql(text::rows(INSERT, 6, chunk.len(), END));
            for row in chunk {
                statement = statement.bind(project.0).bind(row.space).bind(row.key.as_str()).bind(row.id.0);
                statement = statement.bind(row.since).bind(row.until);
            }
            statement.try_execute().await.map_err(|error| match error {
                // The writer looked before and holds the project's lock: this can only be a claim made twice in one write.
                sqlx::Error::Database(e) if e.is_unique_violation() => Error::Bug("a claim is held twice"),
                error => storage(error),
            })?;
        }
    }
    Ok(())
}

/// What a claim that is taken is said to be.
pub fn taken(claim: &Claim) -> Error {
    match claim {
        Claim::Name(kind, name) => Error::NameTaken { name: name.clone(), place: taken_name(*kind) },
        Claim::CustomPath(path) => {
            Error::NameTaken { name: path.clone(), place: "by another webhook trigger of the project" }
        }
        Claim::Trigger(id) | Claim::Guard(_, id) => {
            Error::IdTaken { id: id.to_string(), place: "by a trigger of another workflow of the project" }
        }
    }
}

fn taken_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Workflow => "by another workflow of the project",
        Kind::Collection => "by another collection of the project",
        Kind::CredentialLink => "by another credential link of the project",
        Kind::Config => "by another config of the project",
        Kind::Keychain => "by another keychain of the project",
    }
}
