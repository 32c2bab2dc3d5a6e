//! Users and service accounts.

use std::collections::HashMap;

use sandbar_model::{
    Error, PrincipalId, Result, Time,
    access::{Principal, PrincipalKind},
};
use uuid::Uuid;

use crate::{
    db::{FromRow, Row, Tx},
    text,
    unique::{self, Unique},
};

/// Adds one.
///
/// # Errors
/// [`Error::NameTaken`] when another has the e-mail address, [`Error::IdTaken`] when another has the id.
pub async fn insert(tx: &mut Tx, principal: &Principal) -> Result<()> {
    let place = "by another user";
    tx.sql(
        "-- principal.insert
        INSERT INTO principals (id, kind, name, email, administrator, create_time) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(principal.id.0)
    .bind(principal.kind as i64)
    .bind(principal.name.as_str())
    .bind(principal.email.as_str())
    .bind(principal.administrator)
    .bind(principal.create_time.0)
    .try_execute()
    .await
    .map_err(|error| {
        unique::refusal(error, |unique| match unique {
            Unique::Key => Error::IdTaken { id: principal.id.to_string(), place },
            Unique::Index => Error::NameTaken { name: principal.email.clone(), place },
        })
    })?;
    Ok(())
}

/// One of them.
pub async fn get(tx: &mut Tx, id: PrincipalId) -> Result<Option<Principal>> {
    tx.sql(
        "-- principal.get
        SELECT id, kind, name, email, administrator, create_time FROM principals WHERE id = $1",
    )
    .bind(id.0)
    .optional()
    .await
}

/// At most `limit`, by name and then id: those after the cursor, or the first ones.
pub async fn page(tx: &mut Tx, after: Option<(&str, PrincipalId)>, limit: i64) -> Result<Vec<Principal>> {
    let (name, id) = after.unwrap_or(("", PrincipalId(Uuid::nil())));
    tx.sql(
        "-- principal.page
        SELECT id, kind, name, email, administrator, create_time FROM principals
        WHERE (name, id) > ($1, $2) ORDER BY name, id LIMIT $3",
    )
    .bind(name)
    .bind(id.0)
    .bind(limit)
    .all()
    .await
}

/// The names of these, for showing who did something. Those that there are not are left out.
pub async fn names(tx: &mut Tx, ids: &[PrincipalId]) -> Result<HashMap<PrincipalId, String>> {
    const SELECT: &str = "-- principal.names
        SELECT id, name FROM principals WHERE id IN";
    let mut names = HashMap::with_capacity(ids.len());
    for chunk in ids.chunks(text::LIST) {
        let size = text::list_size(chunk.len());
        let mut statement = tx.sql(text::list(SELECT, 1, size, ""));
        for id in text::filled(chunk, size) {
            statement = statement.bind(id.0);
        }
        let rows: Vec<(Uuid, String)> = statement.all().await?;
        names.extend(rows.into_iter().map(|(id, name)| (id.into(), name)));
    }
    Ok(names)
}

impl FromRow for Principal {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.get::<Uuid>(0)?.into(),
            kind: kind(row.get(1)?)?,
            name: row.get(2)?,
            email: row.get(3)?,
            administrator: row.get(4)?,
            create_time: Time(row.get(5)?),
        })
    }
}

/// A kind as a row holds it.
pub(crate) fn kind(number: i64) -> Result<PrincipalKind> {
    PrincipalKind::from_number(number).ok_or(Error::Bug("a stored kind of principal is unknown"))
}
