//! Trying a keychain: which credential it would pick.

use sandbar_model::{Error, ProjectId, ResourceId, Result, keychain::Found, policy::Action};

use super::resolve::{Resolved, resolve};
use crate::{App, Call, credentials::LinkView};

/// Asks which credential a keychain would pick.
#[derive(Clone, Debug)]
pub struct PreviewKeychain {
    /// Where.
    pub project: ProjectId,
    /// Which.
    pub keychain: ResourceId,
    /// What a run would begin with: JSON text.
    pub dataclip: String,
}

/// Which credential a keychain would pick, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PickView {
    /// What the keychain decides.
    pub resolved: Resolved,
    /// The credential that it picks; none: nothing.
    pub picked: Option<PickedCredential>,
}

/// A credential that was picked: the link to it, without anything of its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PickedCredential {
    /// The link, as members of the project see it.
    pub link: LinkView,
}

impl PickView {
    /// One sentence for a person.
    pub fn say(&self) -> String {
        use sandbar_model::keychain::Pick;
        let path = &self.resolved.keychain.json_path;
        let found = match &self.resolved.found {
            Found::Nothing => format!("{path} finds no string or number"),
            Found::Several => format!("{path} finds several different values, so none decides"),
            Found::Value(value) => format!("{path} finds {value:.255}"),
        };
        match self.resolved.pick {
            Pick::Match { others: 0, .. } => format!("{found}, the external id of a linked credential"),
            Pick::Match { others, .. } => format!(
                "{found}, the external id of {} linked credentials: the one that was made first is picked",
                others + 1
            ),
            Pick::Default(_) => format!("{found}; {}the default is picked", self.unmatched()),
            Pick::None => format!("{found}; {}there is no default, so a step gets none", self.unmatched()),
        }
    }

    fn unmatched(&self) -> &'static str {
        match self.resolved.found {
            Found::Value(_) => "no linked credential has that external id, and ",
            Found::Nothing | Found::Several => "",
        }
    }
}

/// Says which credential a keychain would pick for a dataclip. Changes nothing and answers no secret. Needs to see the
/// project.
///
/// # Errors
/// [`Error::ResourceNotFound`], [`Error::InvalidFields`] for a dataclip that is not JSON, [`Error::ProjectScheduled`], and
/// the gate's.
pub async fn preview(app: &App, call: &Call, request: &PreviewKeychain) -> Result<PickView> {
    let mut tx = app.db.read().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::See).await?;
    entry.active()?;
    let dataclip = serde_json::from_str(&request.dataclip)
        .map_err(|problem| Error::invalid("dataclip", format!("must be JSON: {problem:.500}")))?;
    let view = app.views.of(&mut tx, &entry.project).await?;
    let resolved = resolve(app, &mut tx, &view, request.keychain, &dataclip).await?;
    let links = app.link_views(&mut tx, &view, resolved.link().into_iter().collect()).await?;
    let picked = links.into_iter().next().map(|link| PickedCredential { link });
    Ok(PickView { resolved, picked })
}
