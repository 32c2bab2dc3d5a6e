//! Reading events: newest first for people, oldest first for exports.

use sandbar_model::{PrincipalId, ProjectId, Result, Time};
use uuid::Uuid;

use super::{Chain, Chained, chain_id};
use crate::db::Tx;

/// Which events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only what was done to or in this project itself.
    pub project: Option<ProjectId>,
    /// Only by this user or service account.
    pub principal: Option<PrincipalId>,
    /// Only this, such as `member.set`. Empty: all.
    pub action: String,
    /// Only at or after.
    pub since: Option<Time>,
    /// Only before.
    pub until: Option<Time>,
    /// Only what was done to this one thing; see [`super::Subject`].
    pub subject: Option<Uuid>,
}

/// What one look at a chain found. Filters may leave little of much: so that no look takes long, each passes over a
/// limited number of events, and says where the next one goes on.
#[derive(Debug)]
pub struct Window {
    /// What the filter left, in order.
    pub events: Vec<Chained>,
    /// The last position that was looked at; none: this was all.
    pub next: Option<i64>,
}

/// The most events that one look passes over.
const MOST: i64 = 10_000;

/// The events of a chain, or with `$of` those of one project in it, from a position on. `$1` is the chain, `$2` the
/// position, `$3` how many to pass over.
macro_rules! events {
    ($columns:expr, $of:literal, $compare:literal, $order:literal) => {
        concat!(
            "\nSELECT ",
            $columns,
            " FROM audit_events WHERE chain_id = $1",
            $of,
            " AND position ",
            $compare,
            " $2 ORDER BY position ",
            $order,
            " LIMIT $3"
        )
    };
}

/// Those of them that a filter leaves: at most `$4`.
macro_rules! window {
    ($name:literal, $of:literal, $compare:literal, $order:literal) => {
        concat!(
            "-- audit.",
            $name,
            "\nSELECT ",
            columns!(),
            " FROM (",
            events!(columns!(), $of, $compare, $order),
            ") AS passed
            WHERE ($5 OR principal_id = $6) AND ($7 OR subject_id = $8) AND ($9 = '' OR action = $9)
                AND event_time >= $10 AND event_time < $11
            ORDER BY position ",
            $order,
            " LIMIT $4"
        )
    };
}

/// Where such a look ends, and how many it passed over.
macro_rules! end {
    ($name:literal, $last:literal, $of:literal, $compare:literal, $order:literal) => {
        concat!(
            "-- audit.",
            $name,
            "\nSELECT COALESCE(",
            $last,
            "(position), 0), COUNT(*) FROM (",
            events!("position", $of, $compare, $order),
            ") AS passed"
        )
    };
}

/// The texts of one direction: of a whole chain, and of one project in it.
struct Texts {
    window: [&'static str; 2],
    end: [&'static str; 2],
}

/// At most `limit` events of a chain, newest first: those before a position, or the newest ones.
pub async fn newest(
    tx: &mut Tx,
    chain: Chain,
    filter: &Filter,
    before: Option<i64>,
    limit: i64,
) -> Result<Window> {
    let texts = Texts {
        window: [window!("newest", "", "<", "DESC"), window!("newest", " AND project_id = $12", "<", "DESC")],
        end: [
            end!("newest", "MIN", "", "<", "DESC"),
            end!("newest", "MIN", " AND project_id = $4", "<", "DESC"),
        ],
    };
    look(tx, &texts, (chain, filter), before.unwrap_or(i64::MAX), limit).await
}

/// At most `limit` events of a chain, oldest first: those after a position.
pub async fn following(tx: &mut Tx, chain: Chain, filter: &Filter, after: i64, limit: i64) -> Result<Window> {
    let texts = Texts {
        window: [
            window!("following", "", ">", "ASC"),
            window!("following", " AND project_id = $12", ">", "ASC"),
        ],
        end: [
            end!("following", "MAX", "", ">", "ASC"),
            end!("following", "MAX", " AND project_id = $4", ">", "ASC"),
        ],
    };
    look(tx, &texts, (chain, filter), after, limit).await
}

async fn look(
    tx: &mut Tx,
    texts: &Texts,
    (chain, filter): (Chain, &Filter),
    from: i64,
    limit: i64,
) -> Result<Window> {
    let [whole, one] = texts.window;
    let statement = tx
        .sql(if filter.project.is_some() { one } else { whole })
        .bind(chain_id(chain))
        .bind(from)
        .bind(MOST)
        .bind(limit.saturating_add(1))
        .bind(filter.principal.is_none())
        .bind(filter.principal.map_or(Uuid::nil(), |id| id.0))
        .bind(filter.subject.is_none())
        .bind(filter.subject.unwrap_or_default())
        .bind(filter.action.as_str())
        .bind(filter.since.map_or(i64::MIN, |time| time.0))
        .bind(filter.until.map_or(i64::MAX, |time| time.0));
    let mut events: Vec<Chained> = match filter.project {
        Some(project) => statement.bind(project.0).all().await?,
        None => statement.all().await?,
    };
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    if events.len() > most {
        events.truncate(most);
        let next = events.last().map(|event| event.position);
        return Ok(Window { events, next });
    }
    let next = passed_up_to(tx, texts, (chain, filter), from).await?;
    Ok(Window { events, next })
}

/// The last position that a look passed over. None: there is nothing beyond it.
async fn passed_up_to(
    tx: &mut Tx,
    texts: &Texts,
    (chain, filter): (Chain, &Filter),
    from: i64,
) -> Result<Option<i64>> {
    let [whole, one] = texts.end;
    let text = if filter.project.is_some() { one } else { whole };
    let statement = tx.sql(text).bind(chain_id(chain)).bind(from).bind(MOST);
    let (last, passed): (i64, i64) = match filter.project {
        Some(project) => statement.bind(project.0).one().await?,
        None => statement.one().await?,
    };
    Ok((passed == MOST).then_some(last))
}

/// The tree of a project that may be gone, as its events tell. None: there are none.
pub async fn chain_of_project(tx: &mut Tx, project: ProjectId) -> Result<Option<ProjectId>> {
    let row: Option<(Uuid,)> = tx
        .sql(
            "-- audit.chain_of_project
            SELECT chain_id FROM audit_events WHERE project_id = $1 ORDER BY position LIMIT 1",
        )
        .bind(project.0)
        .optional()
        .await?;
    Ok(row.map(|(chain,)| ProjectId(chain)).filter(|chain| !chain.0.is_nil()))
}
