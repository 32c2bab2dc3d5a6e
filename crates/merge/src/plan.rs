//! What a merge would do.

use std::collections::{BTreeMap, BTreeSet};

use sandbar_model::{ContentHash, Error, Kind, ResourceId, Result, workflow::Uses};

use crate::{
    Candidate, Choices, Context, Item, Label, Purpose, State, Warning, WarningKind, Write,
    carry::{self, Carrier},
    check,
    choice::Listed,
    combine::Conflict,
    config,
    item::hash,
    label::Facts,
    links::{Links, uses},
    pair::{self, Subject},
};

/// Says what a merge of these resources would do. The candidates are all resources that either side touched since the
/// two last agreed on them, in any order, each once; more (touched by neither) change nothing. Takes time linear (but
/// for sorting) in the size of the candidates.
///
/// # Errors
/// [`Error::ChoiceUnknown`] for a choice that can't be made; [`Error::Bug`] for a candidate given twice. A plan in which
/// nothing is selected, or that can't be applied, is no error: a preview shows it. See [`Plan::selected`] and
/// [`Plan::blocked`].
pub fn plan(candidates: Vec<Candidate>, context: &Context, choices: &Choices) -> Result<Plan> {
    let subjects = pair::pair(candidates, context.purpose)?;
    let reachable = Links::reachable(&subjects, context);
    let (same_root, pairs_parts) = (context.same_root, context.purpose == Purpose::Merge);
    let carrier = Carrier { links: &reachable, same_root, pairs_parts };
    let mut unlisted = Vec::new();
    let mut withheld = Vec::new();
    let mut items = Vec::new();
    for subject in subjects {
        let facts = facts(&subject, carrier);
        let stays_behind = withheld_by(&subject, facts, carrier);
        let label = facts.label();
        let moves = label.is_some_and(|label| label != Label::TargetOnly);
        if moves && subject.kind == Kind::Keychain && !context.may_write_keychains {
            withheld.extend(Withheld::keychain(&subject));
            unlisted.extend(subject.target);
        } else if let Some(label) = label {
            items.push(Item::new(subject, label, stays_behind));
        } else {
            withheld.extend(Withheld::new(&subject, stays_behind));
            unlisted.extend(subject.target);
        }
    }
    items.sort_by(|a, b| (a.kind, &a.name, a.id).cmp(&(b.kind, &b.name, b.id)));
    decide(&mut items, choices, context.purpose)?;
    let links = reachable.decided(&items);
    let carrier = Carrier { links: &links, same_root, pairs_parts };
    let mut wanted = BTreeSet::new();
    for item in &mut items {
        wanted.extend(item.carry(carrier, context)?);
    }
    check::check(&mut items, &unlisted, &context.holders);
    config::warn_of_missing(&mut items, &context.target_resources);
    let fingerprint = fingerprint(&items)?;
    Ok(Plan { items, withheld, wanted, fingerprint })
}

/// What a merge would do, resource by resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Sorted by kind, then name, then id.
    pub items: Vec<Item>,
    /// What the source changed without being able to give it: listed nowhere else, so that it is never silent. Sorted
    /// by kind and id.
    pub withheld: Vec<Withheld>,
    /// Bodies that are not in [`Context::bodies`] and that combining needs. Unless empty, the plan is to be made again
    /// with them; this one says nothing.
    pub wanted: BTreeSet<ContentHash>,
    fingerprint: ContentHash,
}

impl Plan {
    /// The items that an apply would write. None of them: an apply is refused with [`Error::NothingSelected`].
    pub fn selected(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(|item| item.writes())
    }

    /// Everything that an apply would write. A name, custom path or trigger id may move between two of them, so they
    /// are written together or not at all.
    pub fn writes(&self) -> impl Iterator<Item = Write> {
        self.items.iter().filter_map(Item::write)
    }

    /// Why an apply is refused: the first of the taken items that the target can't hold. The plan knows of credential
    /// links still in use only in the workflows that it looked at; see [`Plan::removed`] for the rest.
    pub fn blocked(&self) -> Option<Error> {
        self.selected().find_map(|item| {
            if let Some(refusal) = open_conflicts(item) {
                return Some(refusal);
            }
            let warning = item.warnings.iter().find(|warning| warning.kind.refuses())?;
            Some(Error::InvalidResult { resource: item.name.clone(), rule: warning.message.clone() })
        })
    }

    /// The target's credential links and keychains that an apply would remove. Nothing in the target may use them afterwards;
    /// those that the plan writes or looked at don't, or it is [`Plan::blocked`].
    pub fn removed(&self) -> BTreeSet<Uses> {
        let gone = self.selected().filter(|item| item.after.is_none());
        gone.filter_map(|item| uses(item.kind, item.target_id)).collect()
    }

    /// How many items have each label. A label without any is absent.
    pub fn counts(&self) -> BTreeMap<Label, usize> {
        let mut counts = BTreeMap::new();
        for item in &self.items {
            *counts.entry(item.label).or_default() += 1;
        }
        counts
    }

    /// A digest that is the same as long as an apply would do the same thing to the same states with the same
    /// warnings: over each listed item's key, label, names, hashes, decision and outcome, in an order of its own. Facts
    /// about the projects count as far as an outcome or warning depends on them, but for the number of items that go with a
    /// collection. What moved on in the target only
    /// doesn't count, so that unrelated edits don't stale a plan (3-merge §5).
    pub fn fingerprint(&self) -> ContentHash {
        self.fingerprint
    }
}

/// An error has room for some of them; a preview lists all.
const NAMED_CONFLICTS: usize = 20;

fn open_conflicts(item: &Item) -> Option<Error> {
    let mut conflicts: Vec<_> = item.open_conflicts().take(NAMED_CONFLICTS).map(Conflict::phrase).collect();
    let more = item.open_conflicts().count() - conflicts.len();
    if more > 0 {
        conflicts.push(format!("and {more} more"));
    }
    (!conflicts.is_empty()).then(|| Error::MergeConflicts { resource: item.name.clone(), conflicts })
}

/// A change in the source of which nothing can cross, so that there is nothing to decide.
#[derive(Clone, Debug, PartialEq)]
pub struct Withheld {
    /// With the id, its key.
    pub kind: Kind,
    /// The source's.
    pub id: ResourceId,
    /// In the source, or in the target where the source has none.
    pub name: String,
    /// What stays behind, and what to do about it. At least one.
    pub warnings: Vec<Warning>,
}

impl Withheld {
    fn new(subject: &Subject, warnings: Vec<Warning>) -> Option<Self> {
        let source = subject.source.as_ref()?;
        let name = source.document.title();
        (!warnings.is_empty()).then_some(Self { kind: subject.kind, id: subject.id, name, warnings })
    }

    /// One that whoever merges may not write.
    fn keychain(subject: &Subject) -> Option<Self> {
        let state = subject.source.as_ref().or(subject.target.as_ref())?;
        let name = state.document.title();
        let warnings = vec![Warning::keychain_needs_admin(&name)];
        Some(Self { kind: subject.kind, id: subject.id, name, warnings })
    }
}

/// Contents count as moved only in what can cross: else what an earlier merge had to leave behind would make a resource
/// Changed or Diverged for ever (3-merge §1, consequences).
fn facts(subject: &Subject, carrier: Carrier<'_>) -> Facts {
    let (base, source, target) = (subject.base.as_ref(), subject.source.as_ref(), subject.target.as_ref());
    let both = |one: Option<&State>, other: Option<&State>, same: &dyn Fn(&State, &State) -> bool| {
        hash(one) == hash(other) || one.zip(other).is_some_and(|(one, other)| same(one, other))
    };
    let source_moved = !both(source, base, &|source, base| carrier.changes_nothing(source, None, base));
    let target_moved = if source_moved && source.is_some() {
        !both(target, base, &carry::differ_in_guards_only)
    } else {
        !both(target, base, &carry::differ_in_ids_only)
    };
    let crossed = |source: &State, target: &State| carrier.changes_nothing(source, base, target);
    Facts {
        equal: hash(source) == hash(target) || (source_moved && both(source, target, &crossed)),
        in_base: base.is_some(),
        in_source: source.is_some(),
        in_target: target.is_some(),
        source_moved,
        target_moved,
    }
}

/// What the source changed since the base and can't give, where that is all that it has to give.
fn withheld_by(subject: &Subject, facts: Facts, carrier: Carrier<'_>) -> Vec<Warning> {
    let (Some(source), Some(target)) = (&subject.source, &subject.target) else { return Vec::new() };
    let base = hash(subject.base.as_ref());
    if source.hash == target.hash || Some(source.hash) == base || (facts.source_moved && !facts.equal) {
        return Vec::new();
    }
    let mut warnings = carrier.warnings(source, subject.base.as_ref(), Some(target));
    warnings.retain(|warning| {
        matches!(warning.kind, WarningKind::CredentialNotLinked | WarningKind::KeychainDefaultDropped)
    });
    warnings
}

fn decide(items: &mut [Item], choices: &Choices, purpose: Purpose) -> Result<()> {
    let listed: Vec<_> = items
        .iter()
        .map(|item| Listed {
            kind: item.kind,
            id: item.id,
            target_id: item.target_id,
            label: item.label,
            name: &item.name,
            in_source: item.source.is_some(),
            in_target: item.target.is_some(),
        })
        .collect();
    let decisions = choices.decide(&listed, purpose)?;
    for (item, decided) in items.iter_mut().zip(decisions) {
        item.decide(decided);
    }
    Ok(())
}

/// Items are digested one by one, so that a large plan is never held twice.
fn fingerprint(items: &[Item]) -> Result<ContentHash> {
    let mut digests = b"sandbar plan 1\n".to_vec();
    for item in items.iter().filter(|item| item.label != Label::TargetOnly) {
        digests.extend(item.mark()?.0);
    }
    Ok(ContentHash::of(&digests))
}
