//! Who users are to the issuer that they sign in at. Each has a row in `tokens`, too, by the hash of issuer and subject, so that
//! the gate knows them like any bearer: see [`crate::token`].

use sandbar_model::{PrincipalId, Result, Time, TokenId};
use uuid::Uuid;

use crate::db::Tx;

/// A user as an issuer knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The row in `tokens`.
    pub token: TokenId,
    /// Who.
    pub principal: PrincipalId,
    /// The issuer's name.
    pub issuer: String,
    /// What the issuer calls them; with the issuer it is nobody else's.
    pub subject: String,
    /// When they first came.
    pub create_time: Time,
}

/// Adds one, whose row in `tokens` is there. That row's hash keeps it from being added twice.
pub async fn insert(tx: &mut Tx, identity: &Identity) -> Result<()> {
    tx.sql(
        "-- identity.insert
        INSERT INTO identities (token_id, principal_id, issuer, subject, create_time) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(identity.token.0)
    .bind(identity.principal.0)
    .bind(identity.issuer.as_str())
    .bind(identity.subject.as_str())
    .bind(identity.create_time.0)
    .execute()
    .await?;
    Ok(())
}

/// Whether this row in `tokens` is of somebody who signs in elsewhere, and no token of the service's own.
pub async fn has(tx: &mut Tx, token: TokenId) -> Result<bool> {
    let row: Option<(Uuid,)> = tx
        .sql("-- identity.has\nSELECT token_id FROM identities WHERE token_id = $1")
        .bind(token.0)
        .optional()
        .await?;
    Ok(row.is_some())
}
