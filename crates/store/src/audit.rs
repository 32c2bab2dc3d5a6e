//! Who did what. Outlives the project that it was done to.

use sandbar_model::{PrincipalId, ProjectId, Result, Time, TokenId};
use uuid::Uuid;

use crate::db::Tx;

/// Something that somebody did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// A UUID of version 7: later events have greater ones.
    pub id: Uuid,
    /// The tree; none: it was not about a project.
    pub root: Option<ProjectId>,
    /// The project; none: it was not about one.
    pub project: Option<ProjectId>,
    /// When.
    pub time: Time,
    /// Who.
    pub principal: PrincipalId,
    /// With which token.
    pub token: TokenId,
    /// The request's id; empty: it had none.
    pub request_id: String,
    /// What, as `snake_case` words of the operation.
    pub action: &'static str,
    /// JSON of what an auditor needs beyond that. Never a secret.
    pub detail: String,
}

/// Adds an event, in the transaction of what it tells.
pub async fn insert(tx: &mut Tx, event: &Event) -> Result<()> {
    tx.sql(
        "-- audit.insert
        INSERT INTO audit_events (id, root_id, project_id, event_time, principal_id, token_id, request_id, action, detail)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(event.id)
    .bind(event.root.map(|root| root.0))
    .bind(event.project.map(|project| project.0))
    .bind(event.time.0)
    .bind(event.principal.0)
    .bind(event.token.0)
    .bind(event.request_id.as_str())
    .bind(event.action)
    .bind(event.detail.as_str())
    .execute()
    .await?;
    Ok(())
}
