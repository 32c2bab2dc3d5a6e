//! Making a dataclip with a name.

use sandbar_model::{
    Dataclip, Error, ProjectId, Result, Violations,
    policy::Action,
    run::{DataclipKind, check_dataclip, check_dataclip_name},
};
use sandbar_store::dataclip;
use secrecy::{ExposeSecret, SecretString};

use super::trace;
use crate::{
    App, Call, Request,
    repeat::{conclude, repeated, retry},
};

/// Asks for a new dataclip.
#[derive(Clone, Debug)]
pub struct CreateDataclip {
    /// Where.
    pub project: ProjectId,
    /// One that people make; see [`DataclipKind::is_input`].
    pub kind: DataclipKind,
    /// 1 to 255 characters.
    pub name: String,
    /// A JSON object.
    pub body: SecretString,
    /// See [`Request::request_id`].
    pub request_id: String,
}

impl Request for CreateDataclip {
    const ACTION: &'static str = "dataclip.create";

    fn request_id(&self) -> &str {
        &self.request_id
    }
}

/// Makes a dataclip. Needs editor.
///
/// # Errors
/// [`Error::InvalidFields`], and the gate's.
pub async fn create(app: &App, call: &Call, request: &CreateDataclip) -> Result<Dataclip> {
    retry(|| once(app, call, request)).await
}

async fn once(app: &App, call: &Call, request: &CreateDataclip) -> Result<Dataclip> {
    let mut tx = app.db.write().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::StartRuns).await?;
    let by = (call, &entry.caller);
    if let Some(answer) = repeated(app, &mut tx, by, request).await? {
        return Ok(answer);
    }
    let mut found = Violations::default();
    found.require(request.kind.is_input(), "kind", "must be global, saved input or http request");
    check_dataclip_name(&mut found, "name", &request.name);
    check_dataclip(&mut found, "body", request.body.expose_secret());
    found.into_result()?;
    let body = request.body.expose_secret();
    let clip = Dataclip {
        id: app.new_id().into(),
        project: request.project,
        kind: request.kind,
        name: request.name.clone(),
        size: i64::try_from(body.len()).map_err(|_| Error::Bug("4 MiB fit into 64 bits"))?,
        run: None,
        job: None,
        create_time: app.now(),
        creator: entry.caller.id,
        erase_time: None,
    };
    dataclip::insert(&mut tx, &clip, body).await?;
    conclude(app, tx, by, request, trace(&entry, &clip), &clip).await?;
    Ok(clip)
}
