//! What would stop an apply, said in the preview: claims that others hold, links and keychains still in use, broken rules.

use std::collections::{BTreeMap, BTreeSet};

use sandbar_model::{
    Document, ResourceId,
    claim::{Claim, claims},
    workflow::Uses,
};

use crate::{Item, Label, State, Warning, links::uses};

/// Warns on each item that would fail, taken or not, given what else is taken. `unlisted` is what the target keeps of
/// the resources that the plan looked at without listing them.
pub(crate) fn check(items: &mut [Item], unlisted: &[State], holders: &BTreeMap<Claim, ResourceId>) {
    let kept = kept_claims(items);
    let users = link_users(items, unlisted);
    for item in items.iter_mut().filter(|item| item.label != Label::TargetOnly) {
        let mut found = Vec::new();
        if let Some(after) = &item.after {
            found.extend(taken(after, item.target_id, holders, &kept));
            found.extend(broken_rules(&after.document));
        } else {
            let users = uses(item.kind, item.target_id).and_then(|used| users.get(&used));
            found.extend(users.into_iter().flatten().cloned());
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
        Document::Keychain(keychain) => keychain.violations("").0,
        Document::Collection(_) | Document::CredentialLink(_) => Vec::new(),
    };
    violations
        .into_iter()
        .map(|violation| Warning::invalid(None, format!("{} {}", violation.field, violation.problem)))
        .collect()
}

/// For each link and keychain that a plan lists for removal, what would still use it.
fn link_users(items: &[Item], unlisted: &[State]) -> BTreeMap<Uses, Vec<Warning>> {
    let removed = items.iter().filter(|item| item.after.is_none());
    let mut users: BTreeMap<Uses, Vec<Warning>> =
        removed.filter_map(|item| uses(item.kind, item.target_id)).map(|used| (used, Vec::new())).collect();
    if users.is_empty() {
        return users;
    }
    for state in items.iter().filter_map(Item::outcome).chain(unlisted) {
        for (used, warning) in needs(&state.document) {
            if let Some(warnings) = users.get_mut(&used) {
                warnings.push(warning);
            }
        }
    }
    users
}

/// What a resource uses, each with what stands against removing it.
fn needs(document: &Document) -> Vec<(Uses, Warning)> {
    let mut needs = Vec::new();
    for job in document.workflow().into_iter().flat_map(|workflow| &workflow.jobs) {
        let Some(used) = job.uses else { continue };
        let what = match used {
            Uses::CredentialLink(_) => "credential link",
            Uses::Keychain(_) => "keychain",
        };
        let rule = format!(
            "step {:?} of workflow {:?} would still use this {what}; change the step first, or keep the {what}",
            job.name,
            document.title()
        );
        needs.push((used, Warning::invalid(Some(job.id.0), rule)));
    }
    if let Some((keychain, link)) = document.keychain().and_then(|one| Some((one, one.default_link?))) {
        let rule = format!(
            "the keychain {:?} would still have this credential link as its default; change the keychain first, or keep the link",
            keychain.name
        );
        needs.push((Uses::CredentialLink(link), Warning::invalid(None, rule)));
    }
    needs
}
