//! Changing what people choose about a sandbox, and when it expires.

use sandbar_model::{
    Project, ProjectId, Result, Time, Violations,
    policy::Action,
    project::{Profile, SANDBOX_TTL_MAX},
};
use sandbar_store::{Tx, project};

use super::{guard, sandbox_only};
use crate::{
    App, Call, Request,
    gate::{Caller, active},
    projects::{ProfilePatch, check_etag, lock, lock_tree, nothing, reread},
    repeat::{Trace, conclude, repeated, retry},
    view::ProjectView,
};

/// Asks for a sandbox to be changed.
#[derive(Clone, Debug)]
pub struct UpdateSandbox {
    /// Which.
    pub sandbox: ProjectId,
    /// What, and to what.
    pub patch: ProfilePatch,
    /// When it shall be scheduled for deletion by itself (inner none: never); outer none: as it is.
    pub expire_time: Option<Option<Time>>,
    /// See [`crate::projects::etag`]; empty: change whatever is there.
    pub etag: String,
    /// See [`Request::request_id`].
    pub request_id: String,
}

impl Request for UpdateSandbox {
    const ACTION: &'static str = "sandbox.update";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// Changes a sandbox. Needs admin on it or on the tree's root.
///
/// # Errors
/// [`sandbar_model::Error::NotASandbox`], [`sandbar_model::Error::ProjectScheduled`],
/// [`sandbar_model::Error::EtagMismatch`], [`sandbar_model::Error::InvalidFields`] with every broken rule,
/// [`sandbar_model::Error::EnvironmentGuarded`], [`sandbar_model::Error::EnvironmentUsedBelow`],
/// [`sandbar_model::Error::NameTaken`], and the gate's.
pub async fn update(app: &App, call: &Call, request: &UpdateSandbox) -> Result<ProjectView> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &UpdateSandbox) -> Result<ProjectView> {
    let mut tx = app.db.write().await?;
    let entry = app.enter_any(&mut tx, call, request.sandbox, Action::ManageSandbox).await?;
    sandbox_only(&entry.project)?;
    let by = (call, &entry.caller);
    if let Some(answer) = repeated(app, &mut tx, by, request).await? {
        return Ok(answer);
    }
    lock_tree(&mut tx, &entry.project).await?;
    let before = lock(&mut tx, request.sandbox).await?;
    active(&before)?;
    check_etag(&request.etag, &before)?;
    let (profile, expire_time) = changed(&before, request, app.now())?;
    let mfa = (before.profile.settings.requires_mfa, profile.settings.requires_mfa);
    entry.caller.may_require_mfa(mfa, "sandbox")?;
    check_label(&mut tx, &entry.caller, &before, &profile).await?;
    project::set_profile(&mut tx, before.id, &profile, expire_time, app.now()).await?;
    let answer = ProjectView { project: reread(&mut tx, before.id).await?, role: entry.role() };
    let detail = serde_json::json!({
        "before": { "profile": before.profile, "expire_time": before.expire_time },
        "after": { "profile": profile, "expire_time": expire_time },
    });
    let trace = Trace { root: Some(before.root), project: Some(before.id), subject: None, detail };
    conclude(app, tx, by, request, trace, &answer).await?;
    Ok(answer)
}

/// What the sandbox is to become, if that breaks no rule.
fn changed(before: &Project, request: &UpdateSandbox, now: Time) -> Result<(Profile, Option<Time>)> {
    if request.patch.is_empty() && request.expire_time.is_none() {
        return Err(nothing());
    }
    let profile = request.patch.apply(&before.profile);
    let mut found = profile.violations("sandbox");
    if let Some(Some(time)) = request.expire_time {
        found.append(expiry_violations(time, now));
    }
    found.into_result()?;
    Ok((profile, request.expire_time.unwrap_or(before.expire_time)))
}

/// The shortest life is for new sandboxes: one that is no longer needed may go as soon as somebody likes.
fn expiry_violations(time: Time, now: Time) -> Violations {
    let mut found = Violations::default();
    found.require(
        time > now && time <= now.plus(SANDBOX_TTL_MAX),
        "sandbox.expire_time",
        "must lie in the future, at most 365 days from now; leave it out for a sandbox that stays until it is deleted",
    );
    found
}

/// A label that the sandbox has already is not taken anew.
async fn check_label(tx: &mut Tx, caller: &Caller, before: &Project, after: &Profile) -> Result<()> {
    if before.profile.environment == after.environment {
        return Ok(());
    }
    let above = project::ancestors(tx, before.id).await?;
    guard::check(tx, caller, &above, &after.environment).await?;
    guard::check_below(tx, caller, before.id, &after.environment).await
}

#[cfg(test)]
mod tests {
    use sandbar_model::time::{DAY, SECOND};

    use super::*;

    #[test]
    fn an_expiry_lies_within_the_next_year() {
        let now = Time(1_000 * DAY);
        for (time, fine) in [
            (now, false),
            (now.plus(SECOND), true),
            (now.plus(365 * DAY), true),
            (now.plus(365 * DAY + 1), false),
            (Time(0), false),
            (Time(i64::MIN), false),
            (Time(i64::MAX), false),
        ] {
            assert_eq!(expiry_violations(time, now).is_empty(), fine, "{time:?}");
        }
    }
}
