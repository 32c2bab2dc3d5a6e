//! Bearer tokens' records. A token's text is nowhere; its hash finds it: see [`crate::gate`].

use sandbar_model::{
    Error, PrincipalId, ProjectId, Result, Time, TokenId,
    access::{Scope, Token, TokenHash},
};
use uuid::Uuid;

use crate::{
    db::{FromRow, Row, Tx},
    member, text, unique,
};

/// The columns of a token, in order.
macro_rules! columns {
    () => {
        "id, principal_id, name, project_id, max_role, create_time, expire_time, revoke_time, last_use_time, mfa"
    };
}

/// Adds one.
///
/// # Errors
/// [`Error::IdTaken`] when another has the id or (which randomness rules out) the same text.
pub async fn insert(tx: &mut Tx, token: &Token, hash: &TokenHash) -> Result<()> {
    tx.sql(
        "-- token.insert
        INSERT INTO tokens (hash, id, principal_id, name, project_id, max_role, create_time, expire_time, revoke_time,
            last_use_time, mfa)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(hash.0.as_slice())
    .bind(token.id.0)
    .bind(token.principal.0)
    .bind(token.name.as_str())
    .bind(token.scope.project.map(|project| project.0))
    .bind(token.scope.max_role.map(|role| role as i64))
    .bind(token.create_time.0)
    .bind(token.expire_time.map(|time| time.0))
    .bind(token.revoke_time.map(|time| time.0))
    .bind(token.last_use_time.map(|time| time.0))
    .bind(token.mfa)
    .try_execute()
    .await
    .map_err(|error| {
        unique::refusal(error, |_| Error::IdTaken { id: token.id.to_string(), place: "by another token" })
    })?;
    Ok(())
}

/// One of them, revoked or not.
pub async fn get(tx: &mut Tx, id: TokenId) -> Result<Option<Token>> {
    tx.sql(concat!("-- token.get\nSELECT ", columns!(), " FROM tokens WHERE id = $1"))
        .bind(id.0)
        .optional()
        .await
}

/// At most `limit` tokens that speak for a principal, oldest first (by id, a UUID of version 7): those after the cursor, or the
/// first ones.
pub async fn page_of_principal(
    tx: &mut Tx,
    principal: PrincipalId,
    after: Option<TokenId>,
    limit: i64,
) -> Result<Vec<Token>> {
    tx.sql(concat!(
        "-- token.page_of_principal\nSELECT ",
        columns!(),
        " FROM tokens WHERE principal_id = $1 AND id > $2 ORDER BY id LIMIT $3"
    ))
    .bind(principal.0)
    .bind(after.map_or(Uuid::nil(), |id| id.0))
    .bind(limit)
    .all()
    .await
}

/// As [`page_of_principal`], of the tokens that are limited to a project.
pub async fn page_of_project(
    tx: &mut Tx,
    project: ProjectId,
    after: Option<TokenId>,
    limit: i64,
) -> Result<Vec<Token>> {
    tx.sql(concat!(
        "-- token.page_of_project\nSELECT ",
        columns!(),
        " FROM tokens WHERE project_id = $1 AND id > $2 ORDER BY id LIMIT $3"
    ))
    .bind(project.0)
    .bind(after.map_or(Uuid::nil(), |id| id.0))
    .bind(limit)
    .all()
    .await
}

/// Sets when one ends.
pub async fn set_expire_time(tx: &mut Tx, id: TokenId, time: Time) -> Result<()> {
    tx.sql("-- token.set_expire_time\nUPDATE tokens SET expire_time = $2 WHERE id = $1")
        .bind(id.0)
        .bind(time.0)
        .execute()
        .await?;
    Ok(())
}

/// One of them, which nobody else rotates or revokes until this transaction ends.
pub async fn lock(tx: &mut Tx, id: TokenId) -> Result<Option<Token>> {
    tx.sql(concat!(
        "-- token.lock\nUPDATE tokens SET expire_time = expire_time WHERE id = $1 RETURNING ",
        columns!()
    ))
    .bind(id.0)
    .optional()
    .await
}

/// Ends one. False: there is none, or it was revoked before.
pub async fn revoke(tx: &mut Tx, id: TokenId, now: Time) -> Result<bool> {
    let changed = tx
        .sql("-- token.revoke\nUPDATE tokens SET revoke_time = $2 WHERE id = $1 AND revoke_time IS NULL")
        .bind(id.0)
        .bind(now.0)
        .execute()
        .await?;
    Ok(changed == 1)
}

/// Notes when tokens were used last; an earlier time than the noted one changes nothing. Sorted by id, so that two
/// servers that note the same ones wait for each other rather than deadlock.
pub async fn note_use(tx: &mut Tx, uses: &[(TokenId, Time)]) -> Result<()> {
    const UPDATE: &str = "-- token.note_use
        UPDATE tokens SET last_use_time = used.column2 FROM (VALUES";
    const END: &str = ") AS used WHERE tokens.id = used.column1
        AND (tokens.last_use_time IS NULL OR tokens.last_use_time < used.column2)";
    let mut uses = uses.to_vec();
    // Of several uses of one token the last is noted: which of them an UPDATE … FROM takes is not defined.
    uses.sort_unstable_by(|(a, then), (b, time)| a.cmp(b).then(time.cmp(then)));
    uses.dedup_by_key(|(id, _)| *id);
    for chunk in text::chunks(&uses, text::ROWS) {
        let mut statement = tx.sql(text::rows(UPDATE, 2, chunk.len(), END));
        for (id, time) in chunk {
            statement = statement.bind(id.0).bind(time.0);
        }
        statement.execute().await?;
    }
    Ok(())
}

impl FromRow for Token {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.get::<Uuid>(0)?.into(),
            principal: row.get::<Uuid>(1)?.into(),
            name: row.get(2)?,
            scope: Scope {
                project: row.get::<Option<Uuid>>(3)?.map(ProjectId),
                max_role: member::maybe_role(row.get(4)?)?,
            },
            create_time: Time(row.get(5)?),
            expire_time: row.get::<Option<i64>>(6)?.map(Time),
            revoke_time: row.get::<Option<i64>>(7)?.map(Time),
            last_use_time: row.get::<Option<i64>>(8)?.map(Time),
            mfa: row.get(9)?,
        })
    }
}
