//! Which credentials steps use that have no values where they would run.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sandbar_merge::Plan;
use sandbar_model::{
    CredentialId, CredentialLink, Document, JobId, Keychain, Kind, Project, ResourceId, Result,
    credential::ValueSet,
    workflow::{StoredWorkflow, Uses},
};
use sandbar_store::{Tx, credential, resource, value_set, view::View};

use super::links::{LinkedCredential, as_link};
use crate::{
    App,
    keychains::{as_keychain, resolve::linked},
};

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
    /// The name of the keychain through which it may get the credential; none: it names the credential itself.
    pub keychain: Option<String>,
}

impl MissingCredential {
    /// One sentence for a person, with what to do.
    pub fn say(&self) -> String {
        let Self { name, owner, environment, .. } = self;
        let step = self.steps.first().map(|step| {
            let through = step.keychain.as_ref().map(|name| format!(" through the keychain {name:?}"));
            format!("step {:?} of {:?}{}", step.job_name, step.workflow_name, through.unwrap_or_default())
        });
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

/// What steps use, link by link and keychain by keychain.
#[derive(Debug, Default)]
pub(super) struct Needs(BTreeMap<Uses, Users>);

/// The first steps that use something, and how many do.
type Users = (Vec<Step>, u64);

/// What of a project is not (yet) as its view has it.
#[derive(Debug, Default)]
pub(super) struct Planned {
    links: BTreeMap<ResourceId, CredentialLink>,
    keychains: BTreeMap<ResourceId, Keychain>,
    /// The links that go.
    gone: BTreeSet<ResourceId>,
}

impl Needs {
    /// Notes what a workflow's steps use.
    pub(super) fn add(&mut self, id: ResourceId, workflow: &StoredWorkflow) {
        for job in &workflow.jobs {
            let Some(uses) = job.uses else { continue };
            let step = Step {
                workflow: id,
                workflow_name: workflow.name.clone(),
                job: job.id,
                job_name: job.name.clone(),
                keychain: None,
            };
            note(self.0.entry(uses).or_default(), std::iter::once(step), 1);
        }
    }

    /// What of it is missing in an environment.
    pub(super) async fn missing(
        self,
        app: &App,
        tx: &mut Tx,
        (view, environment): (&View, &str),
        planned: Planned,
    ) -> Result<Vec<MissingCredential>> {
        let by_link = self.by_link(app, tx, view, &planned).await?;
        let mut links = planned.links;
        let unknown = by_link.keys().filter(|link| !links.contains_key(link)).copied().collect();
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
        Ok(by_link.into_iter().filter_map(|(link, needs)| behind.missing(link, needs)).collect())
    }

    /// A step with a keychain may get whatever that can pick: its default, and every linked credential with an external id,
    /// since the dataclip that decides is not known before.
    async fn by_link(
        self,
        app: &App,
        tx: &mut Tx,
        view: &View,
        planned: &Planned,
    ) -> Result<BTreeMap<ResourceId, Users>> {
        let (mut by_link, mut by_keychain) = (BTreeMap::<_, Users>::new(), BTreeMap::new());
        for (uses, users) in self.0 {
            match uses {
                Uses::CredentialLink(link) => drop(by_link.insert(link, users)),
                Uses::Keychain(keychain) => drop(by_keychain.insert(keychain, users)),
            }
        }
        if by_keychain.is_empty() {
            return Ok(by_link);
        }
        let selectable = selectable(app, tx, view, planned).await?;
        let keychains = keychains(app, tx, view, by_keychain.keys().copied().collect(), planned).await?;
        for (id, (steps, count)) in by_keychain {
            // No write leaves a step with a keychain that is not there.
            let Some(keychain) = keychains.get(&id) else { continue };
            for link in selectable.iter().copied().chain(keychain.default_link).collect::<BTreeSet<_>>() {
                let through = Some(keychain.name.clone());
                let steps = steps.iter().map(|step| Step { keychain: through.clone(), ..step.clone() });
                note(by_link.entry(link).or_default(), steps, count);
            }
        }
        Ok(by_link)
    }
}

fn note((steps, noted): &mut Users, more: impl Iterator<Item = Step>, count: u64) {
    let room = STEPS.saturating_sub(steps.len());
    steps.extend(more.take(room));
    *noted += count;
}

/// The links whose credential has an external id.
async fn selectable(app: &App, tx: &mut Tx, view: &View, planned: &Planned) -> Result<BTreeSet<ResourceId>> {
    let kept = linked(app, tx, view).await?.into_iter().map(|one| one.link);
    let kept = kept.filter(|link| !planned.gone.contains(link) && !planned.links.contains_key(link));
    let mut links: BTreeSet<_> = kept.collect();
    let ids: Vec<_> = planned.links.values().filter_map(|link| link.credential).collect();
    let known = credential::many(tx, &ids).await?;
    let named: BTreeSet<_> =
        known.into_iter().filter(|one| !one.external_id.is_empty()).map(|one| one.id).collect();
    let added =
        planned.links.iter().filter(|(_, link)| link.credential.is_some_and(|id| named.contains(&id)));
    links.extend(added.map(|(link, _)| *link));
    Ok(links)
}

async fn keychains(
    app: &App,
    tx: &mut Tx,
    view: &View,
    ids: Vec<ResourceId>,
    planned: &Planned,
) -> Result<BTreeMap<ResourceId, Keychain>> {
    let found = resource::resolve_many(tx, view, Kind::Keychain, ids).await?;
    let hashes = found.values().filter_map(|found| found.hash).collect();
    let documents = app.contents.documents(tx, view.root, hashes).await?;
    let mut keychains = BTreeMap::new();
    for (id, found) in found {
        if let Some(document) = found.hash.and_then(|hash| documents.get(&hash)) {
            keychains.insert(id, as_keychain(document)?.clone());
        }
    }
    keychains.extend(planned.keychains.clone());
    Ok(keychains)
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
    fn missing(&self, link: ResourceId, (steps, step_count): Users) -> Option<MissingCredential> {
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
    let (mut needs, mut planned) = (Needs::default(), Planned::default());
    for item in plan.selected() {
        let Some(after) = &item.after else {
            planned.gone.extend((item.kind == Kind::CredentialLink).then_some(item.target_id));
            continue;
        };
        match &*after.document {
            Document::Workflow(workflow) => needs.add(item.target_id, workflow),
            Document::CredentialLink(link) => drop(planned.links.insert(item.target_id, link.clone())),
            Document::Keychain(one) => drop(planned.keychains.insert(item.target_id, one.clone())),
            Document::Collection(_) | Document::Config(_) => {}
        }
    }
    let view = app.views.of(tx, target).await?;
    needs.missing(app, tx, (&view, &target.profile.environment), planned).await
}
