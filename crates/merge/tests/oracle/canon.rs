//! What is the same thing in three versions that share most of their ids.

use std::collections::{BTreeMap, BTreeSet};

use sandbar_model::workflow::{EdgeSource, StoredWorkflow, TriggerKind};
use uuid::Uuid;

/// For ids of any version the id by which all call it.
#[derive(Default)]
pub struct Canon(BTreeMap<Uuid, Uuid>);

impl Canon {
    /// By id; what has no namesake by id, by its name (a step), its type and path or schedule, or else its type alone (a
    /// trigger), its ends (an edge); always where there is one of these on either side only.
    pub fn of(base: &StoredWorkflow, source: &StoredWorkflow, target: &StoredWorkflow) -> Self {
        let mut canon = Self::default();
        for side in [source, target] {
            canon.same(&steps(side), &steps(base));
            canon.same(&triggers(side), &triggers(base));
            canon.same(&types(side), &types(base));
        }
        // What both sides added.
        let added = |side: &[(Uuid, String)]| -> Vec<_> {
            let old = ids(base);
            side.iter().filter(|part| !old.contains(&part.0)).cloned().collect()
        };
        let nameless = |parts: Vec<(Uuid, String)>| -> Vec<_> {
            parts.into_iter().filter(|part| part.1 != WEBHOOK).collect()
        };
        let fresh = |canon: &Self, parts: Vec<(Uuid, String)>| -> Vec<_> {
            parts.into_iter().filter(|part| !canon.0.contains_key(&part.0)).collect()
        };
        let own = fresh(&canon, added(&steps(source)));
        canon.same(&own, &fresh(&canon, added(&steps(target))));
        let own = fresh(&canon, nameless(added(&triggers(source))));
        canon.same(&own, &fresh(&canon, nameless(added(&triggers(target)))));
        for side in [source, target] {
            let (own, old) = (canon.ends(side), canon.ends(base));
            canon.same(&own, &old);
        }
        let own = fresh(&canon, added(&canon.ends(source)));
        let their = fresh(&canon, added(&canon.ends(target)));
        canon.same(&own, &their);
        canon
    }

    pub fn node(&self, id: Uuid) -> String {
        self.0.get(&id).unwrap_or(&id).to_string()
    }

    pub fn edge(&self, id: Uuid) -> String {
        self.node(id)
    }

    /// `jobs/<id>/name` in these ids.
    pub fn path(&self, path: &str) -> String {
        let known = |word: &str| word.parse().map_or_else(|_| word.to_owned(), |id| self.node(id));
        path.split('/').map(known).collect::<Vec<_>>().join("/")
    }

    /// Notes which of these are which of those.
    fn same(&mut self, parts: &[(Uuid, String)], others: &[(Uuid, String)]) {
        let shared: BTreeSet<_> =
            parts.iter().map(|part| part.0).filter(|id| others.iter().any(|other| other.0 == *id)).collect();
        let left = |part: &&(Uuid, String)| !shared.contains(&part.0) && !self.0.contains_key(&part.0);
        let own: Vec<_> = parts.iter().filter(left).collect();
        let side: BTreeSet<_> = parts.iter().filter_map(|part| self.0.get(&part.0)).copied().collect();
        let their: Vec<_> = others.iter().filter(left).filter(|other| !side.contains(&other.0)).collect();
        let mut found = Vec::new();
        for part in &own {
            let alike = |one: &&&(Uuid, String)| one.1 == part.1;
            let alone = own.iter().filter(alike).count() == 1;
            let mut partners = their.iter().filter(alike);
            if let (true, Some(partner), None) = (alone, partners.next(), partners.next()) {
                found.push((part.0, partner.0));
            }
        }
        self.0.extend(found);
    }

    fn ends(&self, workflow: &StoredWorkflow) -> Vec<(Uuid, String)> {
        let ends = |source: EdgeSource| match source {
            EdgeSource::Job(id) => self.node(id.0),
            EdgeSource::Trigger(id) => self.node(id.0),
        };
        let edges = workflow.edges.iter();
        edges.map(|e| (e.id.0, format!("{}>{}", ends(e.source), self.node(e.target.0)))).collect()
    }
}

const WEBHOOK: &str = "webhook ";

fn steps(workflow: &StoredWorkflow) -> Vec<(Uuid, String)> {
    workflow.jobs.iter().map(|job| (job.id.0, job.name.clone())).collect()
}

fn triggers(workflow: &StoredWorkflow) -> Vec<(Uuid, String)> {
    let mark = |kind: &TriggerKind| match kind {
        TriggerKind::Webhook(webhook) => format!("{WEBHOOK}{}", webhook.custom_path.as_deref().unwrap_or("")),
        TriggerKind::Cron(cron) => format!("cron {}", cron.expression),
    };
    workflow.triggers.iter().map(|trigger| (trigger.id.0, mark(&trigger.kind))).collect()
}

fn types(workflow: &StoredWorkflow) -> Vec<(Uuid, String)> {
    let word = |mark: String| mark.split(' ').next().unwrap_or_default().to_owned();
    triggers(workflow).into_iter().map(|(id, mark)| (id, word(mark))).collect()
}

fn ids(workflow: &StoredWorkflow) -> BTreeSet<Uuid> {
    let nodes = workflow.jobs.iter().map(|job| job.id.0).chain(workflow.triggers.iter().map(|t| t.id.0));
    nodes.chain(workflow.edges.iter().map(|edge| edge.id.0)).collect()
}
