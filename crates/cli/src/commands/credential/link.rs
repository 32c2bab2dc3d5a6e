//! `credential link`, `unlink`, `preflight`: what projects may use, and what their steps lack.

use sandbar_client::v1::get_workflow_request::Workflow as Wanted;
use sandbar_client::v1::{
    CredentialLink, GetWorkflowRequest, LinkCredentialRequest, ListCredentialLinksRequest,
    PreflightCredentialsRequest, PreflightCredentialsResponse, UnlinkCredentialRequest,
};

use super::id_of;
use crate::failure::Failure;
use crate::output::note;
use crate::render::{credential as shown, visible};
use crate::resolve::uuid;
use crate::session::Session;

async fn links(session: &Session, project_id: &str) -> Result<Vec<CredentialLink>, Failure> {
    let request = ListCredentialLinksRequest {
        project_id: project_id.to_owned(),
        page_size: 500,
        ..Default::default()
    };
    Ok(session.client.list(request).all().await?)
}

pub(super) async fn list_links(session: &Session, project: &str) -> Result<(), Failure> {
    let links = links(session, &session.project(project).await?).await?;
    session.out.list(&links, |links| shown::links(links, session.now))
}

pub(super) async fn link_to(
    session: &Session,
    project: &str,
    credential: &str,
    credential_link_id: String,
) -> Result<(), Failure> {
    let request = LinkCredentialRequest {
        project_id: session.project(project).await?,
        credential_id: id_of(session, credential).await?,
        credential_link_id,
        ..Default::default()
    };
    let linked = session.client.credentials().link_credential(request).await?;
    let link = linked.credential_link.unwrap_or_default();
    session.out.show(&link, || format!("linked {}; steps name it {}", visible(&link.name), link.id))
}

pub(super) async fn unlink(session: &Session, project: &str, link: &str) -> Result<(), Failure> {
    let project_id = session.project(project).await?;
    let found = one_link(links(session, &project_id).await?, link)?;
    let request = UnlinkCredentialRequest {
        project_id,
        credential_link_id: found.id,
        etag: found.etag,
        ..Default::default()
    };
    let answer = session.client.credentials().unlink_credential(request).await?;
    let name = visible(&found.name);
    session.out.show(&answer, || format!("unlinked {name} at revision {}", answer.revision))
}

/// The link that an id (its own or its credential's) or a name means.
fn one_link(links: Vec<CredentialLink>, wanted: &str) -> Result<CredentialLink, Failure> {
    let id = uuid(wanted);
    let fits = |link: &CredentialLink| match &id {
        Some(id) => link.id == *id || link.credential_id == *id,
        None => link.name == wanted,
    };
    let mut found: Vec<_> = links.into_iter().filter(fits).collect();
    match (found.pop(), found.is_empty()) {
        (Some(one), true) => Ok(one),
        (None, _) => Err(Failure::Here(format!(
            "the project has no credential link {wanted:?}; see `sandbar credential list --project`"
        ))),
        (Some(_), false) => {
            Err(Failure::Usage(format!("{wanted:?} fits several links; name the one you mean by its id")))
        }
    }
}

pub(super) async fn preflight(
    session: &Session,
    project: &str,
    workflow: Option<String>,
) -> Result<(), Failure> {
    let project_id = session.project(project).await?;
    let workflow_id = match workflow {
        None => String::new(),
        Some(workflow) => workflow_of(session, &project_id, workflow).await?,
    };
    let request = PreflightCredentialsRequest { project_id, workflow_id };
    let told: PreflightCredentialsResponse =
        session.client.credentials().preflight_credentials(request).await?;
    session.out.show(&told, || shown::preflight(&told))?;
    match told.missing.len() {
        0 => note(&format!("nothing is missing for the environment {:?}", told.environment)),
        1 => Err(Failure::Here("1 credential is missing".to_owned())),
        count => Err(Failure::Here(format!("{count} credentials are missing"))),
    }
}

async fn workflow_of(session: &Session, project_id: &str, workflow: String) -> Result<String, Failure> {
    if let Some(id) = uuid(&workflow) {
        return Ok(id);
    }
    let request = GetWorkflowRequest {
        project_id: project_id.to_owned(),
        workflow: Some(Wanted::WorkflowName(workflow)),
        ..Default::default()
    };
    Ok(session.client.workflows().get_workflow(request).await?.workflow.unwrap_or_default().id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(id: &str, credential_id: &str, name: &str) -> CredentialLink {
        CredentialLink {
            id: id.into(),
            credential_id: credential_id.into(),
            name: name.into(),
            ..Default::default()
        }
    }

    #[test]
    fn a_link_is_found_by_its_id_its_credential_or_its_name() {
        let [one, other, real] = [1_u128, 2, 3].map(|n| uuid::Uuid::from_u128(n).to_string());
        let links = || {
            vec![
                link(&one, &real, "DHIS2"),
                link(&other, "", "Mail"),
                link("x", "", "Twice"),
                link("y", "", "Twice"),
            ]
        };
        for wanted in [one.as_str(), &real, "DHIS2"] {
            assert_eq!(one_link(links(), wanted).unwrap().id, one);
        }
        assert_eq!(one_link(links(), "Mail").unwrap().id, other);
        assert!(matches!(one_link(links(), "Twice"), Err(Failure::Usage(_))));
        assert!(matches!(one_link(links(), "dhis2"), Err(Failure::Here(_))));
    }
}
