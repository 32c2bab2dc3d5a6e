//! Setting a credential's values for an environment, and removing them. There is no way to read them here.

use sandbar_model::{
    Credential, CredentialId, Error, Result,
    credential::{MAX_ENVIRONMENTS, ValueSet, Values, environment_violations},
};
use sandbar_store::{Tx, credential, value_set, value_set::SealedSet};

use super::{CredentialView, changed, locked, trace};
use crate::{
    App, Call, Request,
    gate::Caller,
    repeat::{conclude, repeated, retry},
    vault::DataKey,
};

/// Asks for a credential to have these values in an environment.
#[derive(Clone, Debug)]
pub struct SetValues {
    /// Which.
    pub id: CredentialId,
    /// The label of the projects whose runs get them.
    pub environment: String,
    /// What they get.
    pub values: Values,
    /// See [`super::etag`]; empty: replace whatever is there.
    pub etag: String,
    /// See [`Request::request_id`].
    pub request_id: String,
}

/// Asks for a credential to have no values in an environment.
#[derive(Clone, Debug)]
pub struct RemoveValues {
    /// Which.
    pub id: CredentialId,
    /// The label.
    pub environment: String,
    /// See [`super::etag`]; empty: remove whatever is there.
    pub etag: String,
    /// See [`Request::request_id`].
    pub request_id: String,
}

impl Request for SetValues {
    const ACTION: &'static str = "credential.set_values";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

impl Request for RemoveValues {
    const ACTION: &'static str = "credential.remove_values";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// Sets the values of the caller's credential for an environment, in place of those it had there. Every project of that
/// environment that links it gets them from its next run on.
///
/// # Errors
/// [`Error::CredentialNotFound`], [`Error::CredentialNotOwned`], [`Error::EtagMismatch`], [`Error::InvalidFields`],
/// [`Error::TooManyEnvironments`], [`Error::CredentialDamaged`], [`Error::MasterKeyMissing`], and the gate's.
pub async fn set_values(app: &App, call: &Call, request: &SetValues) -> Result<CredentialView> {
    retry(|| set_once(app, call, request)).await
}

/// Removes the values of the caller's credential for an environment. Runs there that need it are refused from then on.
///
/// # Errors
/// As [`set_values`], and [`Error::ValuesNotFound`].
pub async fn remove_values(app: &App, call: &Call, request: &RemoveValues) -> Result<CredentialView> {
    retry(|| remove_once(app, call, request)).await
}

async fn set_once(app: &App, call: &Call, request: &SetValues) -> Result<CredentialView> {
    let mut tx = app.db.write().await?;
    let caller = app.caller(&mut tx, call).await?;
    caller.whole()?;
    let by = (call, &caller);
    if let Some(answer) = repeated(app, &mut tx, by, request).await? {
        return Ok(answer);
    }
    let (before, key) = opened(app, &mut tx, &caller, request.id, &request.etag).await?;
    environment_violations(&request.environment, "environment").into_result()?;
    let there = value_set::versions(&mut tx, before.id).await?;
    let is_new = there.iter().all(|(environment, _)| *environment != request.environment);
    if is_new && there.len() >= MAX_ENVIRONMENTS {
        return Err(Error::TooManyEnvironments { id: before.id, limit: MAX_ENVIRONMENTS });
    }
    let after = changed(app, before);
    let place = (after.id, request.environment.as_str(), after.version);
    let set = SealedSet {
        sealed: app.seal_values(&key, place, &request.values)?,
        version: after.version,
        set: ValueSet {
            environment: request.environment.clone(),
            keys: request.values.keys().to_vec(),
            update_time: after.update_time,
        },
    };
    value_set::put(&mut tx, after.id, &set).await?;
    finish(app, tx, by, request, (after, &key, &request.environment)).await
}

async fn remove_once(app: &App, call: &Call, request: &RemoveValues) -> Result<CredentialView> {
    let mut tx = app.db.write().await?;
    let caller = app.caller(&mut tx, call).await?;
    caller.whole()?;
    let by = (call, &caller);
    if let Some(answer) = repeated(app, &mut tx, by, request).await? {
        return Ok(answer);
    }
    let (before, key) = opened(app, &mut tx, &caller, request.id, &request.etag).await?;
    if !value_set::delete(&mut tx, before.id, &request.environment).await? {
        let there = value_set::versions(&mut tx, before.id).await?;
        let labels = there.into_iter().map(|(environment, _)| environment).collect();
        let (id, environment) = (before.id, request.environment.clone());
        return Err(Error::ValuesNotFound { id, environment, labels });
    }
    finish(app, tx, by, request, (changed(app, before), &key, &request.environment)).await
}

/// The caller's credential under its lock, with its data key.
async fn opened(
    app: &App,
    tx: &mut Tx,
    caller: &Caller,
    id: CredentialId,
    etag: &str,
) -> Result<(Credential, DataKey)> {
    let credential = locked(tx, caller, id, etag).await?;
    let key = app.data_key(tx, id).await?;
    Ok((credential, key))
}

async fn finish<R: Request>(
    app: &App,
    mut tx: Tx,
    by: (&Call, &Caller),
    request: &R,
    (credential, key, environment): (Credential, &DataKey, &str),
) -> Result<CredentialView> {
    app.keep_data_key(&mut tx, credential.id, key).await?;
    credential::set(&mut tx, &credential).await?;
    let what = serde_json::json!({ "environment": environment, "version": credential.version });
    let trace = trace(credential.id, &what);
    let answer = app.credential_view(&mut tx, credential).await?;
    conclude(app, tx, by, request, trace, &answer).await?;
    Ok(answer)
}
