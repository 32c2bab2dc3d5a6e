//! What of a resource crosses and what stays behind: the table of 3-merge §4.
//!
//! Of a workflow everything crosses but two things, under the target's ids where the target has the same part. A step's
//! credential or keychain needs one in the target: else the target's own step keeps what it has, and a new one gets none.
//! The webhook auth methods of a trigger that the target has are the target's business; a new trigger brings its own within
//! one tree. (Whether a trigger is on is no content and so can't cross; new ones arrive off.) Collections, credential links
//! and configs cross whole, and keychains but for their default, which needs its link in the target as a step does.

use std::{borrow::Cow, collections::BTreeMap};

use sandbar_model::{
    Document, JobId, Keychain, Result, TriggerId,
    workflow::{Job, StoredWorkflow, Trigger, TriggerKind, Uses, Webhook},
};
use uuid::Uuid;

use crate::{State, Warning, combine::under_the_targets_ids, links::Links};

/// How things cross into one target.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Carrier<'a> {
    pub(crate) links: &'a Links<'a>,
    pub(crate) same_root: bool,
    /// Whether parts that the target has too take its ids. Not when a merge is undone: then the target's own parts come back,
    /// under the ids that they had.
    pub(crate) pairs_parts: bool,
}

impl Carrier<'_> {
    /// What the target has once the source's version has replaced its own.
    pub(crate) fn onto(self, source: &State, base: Option<&State>, target: Option<&State>) -> Result<State> {
        if let Some(keychain) = as_keychain(source) {
            let crossed = self.keychain(keychain, target.and_then(as_keychain));
            return if crossed == *keychain {
                Ok(source.clone())
            } else {
                State::of(Document::Keychain(crossed))
            };
        }
        let Some(workflow) = as_workflow(source) else { return Ok(source.clone()) };
        match self.workflow(workflow, base.and_then(as_workflow), target.and_then(as_workflow)) {
            Cow::Borrowed(_) => Ok(source.clone()),
            Cow::Owned(changed) => State::of(Document::Workflow(changed)),
        }
    }

    /// Whether replacing the target's version by the source's leaves it as it is.
    pub(crate) fn changes_nothing(self, source: &State, base: Option<&State>, target: &State) -> bool {
        if let (Some(source), Some(target)) = (as_keychain(source), as_keychain(target)) {
            return self.keychain(source, Some(target)) == *target;
        }
        match (as_workflow(source), as_workflow(target)) {
            (Some(source), Some(target)) => {
                *self.workflow(source, base.and_then(as_workflow), Some(target)) == *target
            }
            _ => source.hash == target.hash,
        }
    }

    /// What a person should know about what stays behind, or arrives other than it was.
    pub(crate) fn warnings(
        self,
        source: &State,
        base: Option<&State>,
        target: Option<&State>,
    ) -> Vec<Warning> {
        if let Some(source) = as_keychain(source) {
            return self.default_warning(source, target.and_then(as_keychain)).into_iter().collect();
        }
        let Some(source) = as_workflow(source) else { return Vec::new() };
        let [base, target] = [base, target].map(|side| side.and_then(as_workflow));
        let source = &*self.under_ids_of(target, base, source);
        let (own_jobs, own_triggers) = (uses_by_job(target), triggers_by_id(target));
        let mut warnings = Vec::new();
        for job in &source.jobs {
            let own = own_jobs.get(&job.id).copied().flatten();
            warnings.extend(self.credential_warning(job, own));
        }
        for trigger in &source.triggers {
            let own = own_triggers.get(&trigger.id).copied();
            if own.is_none() {
                warnings.push(Warning::trigger_off(trigger.id.0, trigger_phrase(trigger)));
            }
            if let TriggerKind::Webhook(webhook) = &trigger.kind
                && !matches!(own.map(|own| &own.kind), Some(TriggerKind::Webhook(_)))
                && guards(webhook, own, self.same_root).len() < webhook.auth_methods.len()
            {
                warnings.push(Warning::auth_dropped(trigger.id.0, webhook.auth_methods.len()));
            }
        }
        warnings
    }

    fn workflow<'w>(
        self,
        source: &'w StoredWorkflow,
        base: Option<&StoredWorkflow>,
        target: Option<&StoredWorkflow>,
    ) -> Cow<'w, StoredWorkflow> {
        match self.under_ids_of(target, base, source) {
            Cow::Borrowed(source) => self.replacing(source, target),
            Cow::Owned(source) => Cow::Owned(self.replacing(&source, target).into_owned()),
        }
    }

    /// The source's version under the target's ids.
    fn under_ids_of<'w>(
        self,
        target: Option<&StoredWorkflow>,
        base: Option<&StoredWorkflow>,
        source: &'w StoredWorkflow,
    ) -> Cow<'w, StoredWorkflow> {
        match target {
            Some(target) if self.pairs_parts => under_the_targets_ids(base, source, target),
            _ => Cow::Borrowed(source),
        }
    }

    /// A version under the target's ids, with what the target keeps of its own.
    pub(crate) fn replacing<'w>(
        self,
        version: &'w StoredWorkflow,
        target: Option<&StoredWorkflow>,
    ) -> Cow<'w, StoredWorkflow> {
        let own = uses_by_job(target);
        let mut result = with_guards_of(version, target, self.same_root);
        for (at, job) in version.jobs.iter().enumerate() {
            let uses = self.uses(job, own.get(&job.id).copied().flatten());
            if uses != job.uses
                && let Some(job) = result.to_mut().jobs.get_mut(at)
            {
                job.uses = uses;
            }
        }
        result
    }

    /// The source's version as it is combined, and what the two last agreed on in the same words. What can't cross is as it
    /// was agreed on: else it would count as an edit of the source's.
    pub(crate) fn to_combine(
        self,
        source: &StoredWorkflow,
        base: Option<&StoredWorkflow>,
        target: &StoredWorkflow,
    ) -> (StoredWorkflow, Option<StoredWorkflow>) {
        let mut source = under_the_targets_ids(base, source, target).into_owned();
        let mut base = base.map(|base| under_the_targets_ids(None, base, target).into_owned());
        for job in base.iter_mut().flat_map(|base| &mut base.jobs) {
            job.uses = job.uses.map(|uses| self.links.translated(uses));
        }
        let (agreed, own) = (uses_by_job(base.as_ref()), uses_by_job(Some(target)));
        for job in &mut source.jobs {
            let other = agreed.get(&job.id).or_else(|| own.get(&job.id)).copied().flatten();
            job.uses = job.uses.and_then(|uses| self.links.resolved(uses).or(other));
        }
        let (agreed, own) = (triggers_by_id(base.as_ref()), triggers_by_id(Some(target)));
        for trigger in &mut source.triggers {
            let other = own.get(&trigger.id).or_else(|| agreed.get(&trigger.id)).copied();
            if let TriggerKind::Webhook(webhook) = &mut trigger.kind {
                webhook.auth_methods = guards(webhook, other, self.same_root).to_vec();
            }
        }
        (source, base)
    }

    fn uses<B>(self, job: &Job<B>, own: Option<Uses>) -> Option<Uses> {
        let wanted = job.uses?;
        self.links.resolved(wanted).or(own.filter(|own| !self.links.removes(*own)))
    }

    /// A keychain as it crosses onto the target's own.
    pub(crate) fn keychain(self, source: &Keychain, own: Option<&Keychain>) -> Keychain {
        let wanted = source.default_link;
        let own = own.and_then(|own| own.default_link);
        let kept = own.filter(|link| !self.links.removes(Uses::CredentialLink(*link)));
        let default_link = wanted.and_then(|wanted| self.links.resolved_link(wanted).or(kept));
        Keychain { default_link, ..source.clone() }
    }

    /// The source's version of a keychain as it is combined, and what the two last agreed on in the same words: see
    /// [`Self::to_combine`].
    pub(crate) fn keychains_to_combine(
        self,
        source: &Keychain,
        base: Option<&Keychain>,
        target: &Keychain,
    ) -> (Keychain, Option<Keychain>) {
        let translated = |link| self.links.translated_link(link);
        let base =
            base.map(|base| Keychain { default_link: base.default_link.map(translated), ..base.clone() });
        let other = base.as_ref().map_or(target.default_link, |base| base.default_link);
        let wanted = source.default_link;
        let default_link = wanted.and_then(|wanted| self.links.resolved_link(wanted).or(other));
        (Keychain { default_link, ..source.clone() }, base)
    }

    fn default_warning(self, source: &Keychain, own: Option<&Keychain>) -> Option<Warning> {
        let wanted = source.default_link?;
        let name = self.links.name(Uses::CredentialLink(wanted));
        let stays = self.keychain(source, own).default_link.is_some();
        let follows = self.links.resolved_link(wanted).is_some();
        (!follows).then(|| Warning::keychain_default(&source.name, &name, stays))
    }

    fn credential_warning<B>(self, job: &Job<B>, own: Option<Uses>) -> Option<Warning> {
        let wanted = job.uses?;
        let outcome = self.uses(job, own);
        let follows = outcome == Some(wanted) || self.links.resolved(wanted).is_some();
        let name = self.links.name(wanted);
        (!follows).then(|| Warning::credential((job.id.0, &job.name), (wanted, &name), outcome.is_some()))
    }
}

/// Whether the two differ in nothing that a merge may replace: at most in the auth methods of triggers that both have, and
/// in ids.
pub(crate) fn differ_in_guards_only(one: &State, other: &State) -> bool {
    match (as_workflow(one), as_workflow(other)) {
        (Some(one), Some(other)) => {
            *with_guards_of(&under_the_targets_ids(None, one, other), Some(other), true) == *other
        }
        _ => one.hash == other.hash,
    }
}

/// Whether the two differ in ids of parts only, as after a client made them anew.
pub(crate) fn differ_in_ids_only(one: &State, other: &State) -> bool {
    let workflows = as_workflow(one).zip(as_workflow(other));
    workflows.is_some_and(|(one, other)| *under_the_targets_ids(None, one, other) == *other)
}

/// The workflow of a state that is one.
pub(crate) fn as_workflow(state: &State) -> Option<&StoredWorkflow> {
    state.document.workflow()
}

/// The keychain of a state that is one.
pub(crate) fn as_keychain(state: &State) -> Option<&Keychain> {
    state.document.keychain()
}

fn trigger_phrase(trigger: &Trigger) -> &'static str {
    match trigger.kind {
        TriggerKind::Webhook(_) => "webhook trigger",
        TriggerKind::Cron(_) => "cron trigger",
    }
}

fn with_guards_of<'w>(
    source: &'w StoredWorkflow,
    target: Option<&StoredWorkflow>,
    same_root: bool,
) -> Cow<'w, StoredWorkflow> {
    let own = triggers_by_id(target);
    let mut result = Cow::Borrowed(source);
    for (at, trigger) in source.triggers.iter().enumerate() {
        let TriggerKind::Webhook(webhook) = &trigger.kind else { continue };
        let methods = guards(webhook, own.get(&trigger.id).copied(), same_root);
        if methods != webhook.auth_methods
            && let Some(Trigger { kind: TriggerKind::Webhook(webhook), .. }) =
                result.to_mut().triggers.get_mut(at)
        {
            webhook.auth_methods = methods.to_vec();
        }
    }
    result
}

/// A trigger that was no webhook in the target had no auth methods to keep, so it counts as new: a guarded webhook
/// must not arrive unguarded.
fn guards<'t>(webhook: &'t Webhook, own: Option<&'t Trigger>, same_root: bool) -> &'t [Uuid] {
    match own.map(|own| &own.kind) {
        Some(TriggerKind::Webhook(own)) => &own.auth_methods,
        Some(TriggerKind::Cron(_)) | None if same_root => &webhook.auth_methods,
        Some(TriggerKind::Cron(_)) | None => &[],
    }
}

fn uses_by_job(workflow: Option<&StoredWorkflow>) -> BTreeMap<JobId, Option<Uses>> {
    workflow.into_iter().flat_map(|workflow| &workflow.jobs).map(|job| (job.id, job.uses)).collect()
}

fn triggers_by_id(workflow: Option<&StoredWorkflow>) -> BTreeMap<TriggerId, &Trigger> {
    workflow
        .into_iter()
        .flat_map(|workflow| &workflow.triggers)
        .map(|trigger| (trigger.id, trigger))
        .collect()
}
