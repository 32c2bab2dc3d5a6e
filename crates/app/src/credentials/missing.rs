//! Which credentials steps use that have no values where they would run.

use std::collections::{BTreeMap, HashMap};

use sandbar_merge::Plan;
use sandbar_model::{
    CredentialId, CredentialLink, Error, JobId, Kind, Project, ResourceId, Result,
    credential::ValueSet,
    workflow::{StoredWorkflow, Uses},
};
use sandbar_store::{Tx, resource, value_set, view::View};

use super::links::{LinkedCredential, as_link};
use crate::App;

/// The most steps that are named for one credential.
const STEPS: usize = 100;

/// A credential without which steps can't run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingCredential {
    /// The link that they use.
    pub link: ResourceId,
    /// What is missing.
    pub why: Why,
    /// The credential; none: it was imported, and nothing stands behind the link.
    pub credential: Option<CredentialId>,
    /// What it is called.
    pub name: String,
    /// Its owner's name; of one that was imported or deleted, their e-mail address then.
    pub owner: String,
    /// The label for which there are no values.
    pub environment: String,
    /// The labels for which there are.
    pub labels: Vec<String>,
    /// The first 100 steps that use it.
    pub steps: Vec<Step>,
    /// How many do.
    pub step_count: u64,
}

/// What is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Values for the environment.
    Values,
    /// A credential: the link was imported, and known are only a name and an owner.
    Credential,
    /// The credential, which was deleted.
    Deleted,
    /// The link. No write leaves a step without it, but what a plan shows may.
    Link,
}

/// A step of a workflow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The workflow.
    pub workflow: ResourceId,
    /// What it is called.
    pub workflow_name: String,
    /// The step.
    pub job: JobId,
    /// What it is called.
    pub job_name: String,
}

impl MissingCredential {
    /// One sentence for a person, with what to do.
    pub fn say(&self) -> String {
        let Self { name, owner, environment, .. } = self;
        let step =
            self.steps.first().map(|step| format!("step {:?} of {:?}", step.job_name, step.workflow_name));
        let needed = match self.step_count {
            0 | 1 => step.unwrap_or_default(),
            count => format!("{} and {} more", step.unwrap_or_default(), count - 1),
        };
        let what = format!("the credential {name:?} of {owner}, used by {needed},");
        match self.why {
            Why::Values => format!(
                "{what} has no values for the environment {environment:?} (it has some for {}); its owner must set them",
                if self.labels.is_empty() { "none".to_owned() } else { self.labels.join(", ") }
            ),
            Why::Credential => {
                format!("{what} was imported and is known by name only; link a credential in its place")
            }
            Why::Deleted => format!("{what} was deleted; link another in its place"),
            Why::Link => {
                format!("{needed} uses the credential link {}, which the project does not have", self.link)
            }
        }
    }
}

/// What steps use, link by link.
#[derive(Debug, Default)]
pub(super) struct Needs(BTreeMap<ResourceId, (Vec<Step>, u64)>);

impl Needs {
    /// Notes what a workflow's steps use.
    pub(super) fn add(&mut self, id: ResourceId, workflow: &StoredWorkflow) {
        for job in &workflow.jobs {
            let Some(Uses::CredentialLink(link)) = job.uses else { continue };
            let (steps, count) = self.0.entry(link).or_default();
            *count += 1;
            if steps.len() < STEPS {
                steps.push(Step {
                    workflow: id,
                    workflow_name: workflow.name.clone(),
                    job: job.id,
                    job_name: job.name.clone(),
                });
            }
        }
    }

    /// What of it is missing in an environment. `links`: those that are not (yet) as the view has them.
    pub(super) async fn missing(
        self,
        app: &App,
        tx: &mut Tx,
        (view, environment): (&View, &str),
        mut links: BTreeMap<ResourceId, CredentialLink>,
    ) -> Result<Vec<MissingCredential>> {
        let unknown = self.0.keys().filter(|link| !links.contains_key(link)).copied().collect();
        let found = resource::resolve_many(tx, view, Kind::CredentialLink, unknown).await?;
        let hashes = found.values().filter_map(|found| found.hash).collect();
        let documents = app.contents.documents(tx, view.root, hashes).await?;
        for (id, found) in found {
            if let Some(document) = found.hash.and_then(|hash| documents.get(&hash)) {
                links.insert(id, as_link(document)?.clone());
            }
        }
        let ids: Vec<_> = links.values().filter_map(|link| link.credential).collect();
        let credentials = app.linked_credentials(tx, ids.iter().copied()).await?;
        let sets = value_set::of(tx, &ids).await?;
        let behind = Behind { environment, links, credentials, sets };
        Ok(self.0.into_iter().filter_map(|(link, needs)| behind.missing(link, needs)).collect())
    }
}

/// What stands behind links.
struct Behind<'a> {
    environment: &'a str,
    links: BTreeMap<ResourceId, CredentialLink>,
    credentials: HashMap<CredentialId, LinkedCredential>,
    sets: HashMap<CredentialId, Vec<ValueSet>>,
}

impl Behind<'_> {
    /// What steps that use a link lack; none: nothing.
    fn missing(&self, link: ResourceId, (steps, step_count): (Vec<Step>, u64)) -> Option<MissingCredential> {
        let document = self.links.get(&link);
        let credential = document.and_then(|document| document.credential);
        let real = credential.and_then(|id| self.credentials.get(&id));
        let sets = real.and_then(|real| self.sets.get(&real.id)).map_or(&[][..], Vec::as_slice);
        let why = match (document, credential, real) {
            (None, ..) => Why::Link,
            (Some(_), None, _) => Why::Credential,
            (Some(_), Some(_), None) => Why::Deleted,
            (Some(_), Some(_), Some(_)) if sets.iter().any(|set| set.environment == self.environment) => {
                return None;
            }
            (Some(_), Some(_), Some(_)) => Why::Values,
        };
        let said = |of: fn(&CredentialLink) -> &String| document.map(of).cloned().unwrap_or_default();
        Some(MissingCredential {
            link,
            why,
            credential,
            name: real.map_or_else(|| said(|document| &document.name), |real| real.name.clone()),
            owner: real.map_or_else(|| said(|document| &document.owner), |real| real.owner.name.clone()),
            environment: self.environment.to_owned(),
            labels: sets.iter().map(|set| set.environment.clone()).collect(),
            steps,
            step_count,
        })
    }
}

/// What the workflows that a plan would write lack in its target.
pub(crate) async fn of_plan(
    app: &App,
    tx: &mut Tx,
    target: &Project,
    plan: &Plan,
) -> Result<Vec<MissingCredential>> {
    let (mut needs, mut links) = (Needs::default(), BTreeMap::new());
    for item in plan.selected() {
        let Some(after) = &item.after else { continue };
        match item.kind {
            Kind::Workflow => {
                let workflow = after.document.workflow();
                needs.add(item.target_id, workflow.ok_or(Error::Bug("a workflow's content is none"))?);
            }
            Kind::CredentialLink => {
                links.insert(item.target_id, as_link(&after.document)?.clone());
            }
            Kind::Collection | Kind::Config => {}
        }
    }
    let view = app.views.of(tx, target).await?;
    needs.missing(app, tx, (&view, &target.profile.environment), links).await
}
