//! What would stop an apply, said in the preview: claims that others hold, links still in use, broken rules.

use std::collections::{BTreeMap, BTreeSet};

use sandbar_model::{
    Document, Kind, ResourceId,
    claim::{Claim, claims},
};

use crate::{
    Item, Label, State, Warning,
    carry::{as_workflow, id_of},
};

/// Warns on each item that would fail, taken or not, given what else is taken. `unlisted` is what the target keeps of
/// the resources that the plan looked at without listing them.
pub(crate) fn check(items: &mut [Item], unlisted: &[State], holders: &BTreeMap<Claim, ResourceId>) {
    let kept = kept_claims(items);
    let users = link_users(items, unlisted);
    for item in items.iter_mut().filter(|item| item.label != Label::TargetOnly) {
        let mut found = Vec::new();
        match &item.after {
            Some(after) => {
                found.extend(taken(after, item.target_id, holders, &kept));
                found.extend(broken_rules(&after.document));
            }
            None => found.extend(users.get(&item.target_id).into_iter().flatten().cloned()),
        }
        item.warnings.append(&mut found);
    }
}

/// What each written resource of the target still claims afterwards; it lets go of everything else.
fn kept_claims(items: &[Item]) -> BTreeMap<ResourceId, BTreeSet<Claim>> {
    let written = items.iter().filter(|item| item.writes());
    written
        .map(|item| {
            let kept = item.after.iter().flat_map(|after| claims(&after.document)).collect();
            (item.target_id, kept)
        })
        .collect()
}

fn taken(
    after: &State,
    own: ResourceId,
    holders: &BTreeMap<Claim, ResourceId>,
    kept: &BTreeMap<ResourceId, BTreeSet<Claim>>,
) -> Vec<Warning> {
    let in_the_way = |claim: Claim| {
        let holder = *holders.get(&claim)?;
        let freed = kept.get(&holder).is_some_and(|kept| !kept.contains(&claim));
        (holder != own && !freed).then(|| Warning::taken(&claim, holder))
    };
    claims(&after.document).into_iter().filter_map(in_the_way).collect()
}

fn broken_rules(document: &Document) -> Vec<Warning> {
    let violations = match document {
        Document::Workflow(workflow) => workflow.violations("").0,
        Document::Config(config) => config.violations("").0,
        Document::Collection(_) | Document::CredentialLink(_) => Vec::new(),
    };
    violations
        .into_iter()
        .map(|violation| Warning::invalid(None, format!("{} {}", violation.field, violation.problem)))
        .collect()
}

/// For each link that a plan lists for removal, the steps that would still use it.
fn link_users(items: &[Item], unlisted: &[State]) -> BTreeMap<ResourceId, Vec<Warning>> {
    let mut users: BTreeMap<ResourceId, Vec<Warning>> = items
        .iter()
        .filter(|item| item.kind == Kind::CredentialLink && item.after.is_none())
        .map(|item| (item.target_id, Vec::new()))
        .collect();
    if users.is_empty() {
        return users;
    }
    for workflow in items.iter().filter_map(Item::outcome).chain(unlisted).filter_map(as_workflow) {
        for job in &workflow.jobs {
            if let Some(warnings) = job.uses.and_then(|uses| users.get_mut(&id_of(uses))) {
                let rule = format!(
                    "step {:?} of workflow {:?} would still use this credential link; change the step first, or keep the link",
                    job.name, workflow.name
                );
                warnings.push(Warning::invalid(Some(job.id.0), rule));
            }
        }
    }
    users
}
