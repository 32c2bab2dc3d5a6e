//! What the caller decides, and how it meets what the plan lists (3-merge §2).

use std::collections::{BTreeMap, BTreeSet};

use sandbar_model::{Error, Kind, ResourceId, Result};
use serde::{Deserialize, Serialize};

use crate::{Label, Purpose, combine::Resolution};

/// What to do with one resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Leave the target's as it is.
    #[default]
    Leave,
    /// Take a New, Changed or Deleted one.
    Take,
    /// The source's version of a Diverged one replaces the target's.
    Overwrite,
    /// Both sides' edits of a Diverged workflow, config or keychain are made one, conflicts as the caller settles them.
    Combine,
}

/// Names a resource of a plan.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Selector {
    /// As listed; the target's id of a pair names the pair too.
    Key(Kind, ResourceId),
    /// A workflow's name in the source, or in the target where the source has none.
    WorkflowName(String),
}

/// What a caller decides about a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choices {
    /// Start from taking what is New and Changed (and Deleted, in a revert) rather than from nothing.
    pub defaults: bool,
    /// What differs from that start. Each resource at most once.
    pub choices: Vec<(Selector, Decision)>,
    /// How conflicts are settled in what is combined, by their path. Each resource at most once.
    pub resolutions: Vec<(Selector, BTreeMap<String, Resolution>)>,
}

impl Choices {
    /// The start of all that New and Changed ones are taken.
    pub fn defaults() -> Self {
        Self { defaults: true, ..Self::default() }
    }

    /// The decision on each of these, in their order.
    ///
    /// # Errors
    /// [`Error::ChoiceUnknown`] for what is not listed, is chosen twice, or can't be decided so.
    pub(crate) fn decide(&self, listed: &[Listed<'_>], purpose: Purpose) -> Result<Vec<Decided>> {
        let mut decided: Vec<_> = listed
            .iter()
            .map(|item| Decided {
                decision: if self.defaults { start(item.label, purpose) } else { Decision::Leave },
                resolutions: BTreeMap::new(),
            })
            .collect();
        let by_selector = selectors(listed);
        for (at, selector, decision) in each(&self.choices, &by_selector)? {
            if let (Some(item), Some(slot)) = (listed.get(at), decided.get_mut(at)) {
                check(item, *decision).map_err(|problem| refuse(selector, problem))?;
                slot.decision = *decision;
            }
        }
        for (at, selector, resolutions) in each(&self.resolutions, &by_selector)? {
            match decided.get_mut(at) {
                Some(slot) if slot.decision == Decision::Combine => slot.resolutions.clone_from(resolutions),
                _ => {
                    return Err(refuse(
                        selector,
                        "only what is combined has conflicts to settle; choose COMBINE",
                    ));
                }
            }
        }
        Ok(decided)
    }
}

/// What a caller wants of one resource.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Decided {
    pub(crate) decision: Decision,
    pub(crate) resolutions: BTreeMap<String, Resolution>,
}

/// Where each of these is listed.
fn each<'c, T>(
    chosen: &'c [(Selector, T)],
    by_selector: &BTreeMap<Selector, usize>,
) -> Result<Vec<(usize, &'c Selector, &'c T)>> {
    let mut seen = BTreeSet::new();
    let found = chosen.iter().map(|(selector, what)| {
        let at = *by_selector.get(selector).ok_or_else(|| refuse(selector, NOT_LISTED))?;
        if seen.insert(at) {
            Ok((at, selector, what))
        } else {
            Err(refuse(selector, "it is chosen more than once; choose it once"))
        }
    });
    found.collect()
}

fn refuse(selector: &Selector, problem: &str) -> Error {
    Error::ChoiceUnknown { resource: selector.to_string(), problem: problem.to_owned() }
}

/// What a choice has to know of a listed resource.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Listed<'a> {
    pub(crate) kind: Kind,
    pub(crate) id: ResourceId,
    pub(crate) target_id: ResourceId,
    pub(crate) label: Label,
    pub(crate) name: &'a str,
    pub(crate) in_source: bool,
    pub(crate) in_target: bool,
}

const NOT_LISTED: &str = "the plan lists nothing by that name or id: neither side changed it since they last agreed, \
                          or nothing of its change can cross; preview to see what there is";

/// Every selector that names one of these. A name in the source goes before one that only the target has.
fn selectors(listed: &[Listed<'_>]) -> BTreeMap<Selector, usize> {
    let mut selectors = BTreeMap::new();
    for (at, item) in listed.iter().enumerate() {
        selectors.insert(Selector::Key(item.kind, item.id), at);
        selectors.insert(Selector::Key(item.kind, item.target_id), at);
    }
    let workflows = || listed.iter().enumerate().filter(|(_, item)| item.kind == Kind::Workflow);
    let only_target = workflows().filter(|(_, item)| !item.in_source);
    let in_source = workflows().filter(|(_, item)| item.in_source);
    selectors.extend(
        only_target.chain(in_source).map(|(at, item)| (Selector::WorkflowName(item.name.to_owned()), at)),
    );
    selectors
}

fn start(label: Label, purpose: Purpose) -> Decision {
    match (label, purpose) {
        (Label::New | Label::Changed, _) | (Label::Deleted, Purpose::Revert) => Decision::Take,
        (Label::Deleted, Purpose::Merge) | (Label::Diverged | Label::TargetOnly, _) => Decision::Leave,
    }
}

fn check(item: &Listed<'_>, decision: Decision) -> Result<(), &'static str> {
    match (decision, item.label) {
        (Decision::Leave, _)
        | (Decision::Take, Label::New | Label::Changed | Label::Deleted)
        | (Decision::Overwrite, Label::Diverged) => Ok(()),
        (Decision::Combine, Label::Diverged) => {
            let combines = matches!(item.kind, Kind::Workflow | Kind::Config | Kind::Keychain);
            if combines && item.in_source && item.in_target {
                Ok(())
            } else {
                Err(
                    "only a workflow, config or keychain that both sides have can be combined; choose OVERWRITE or LEAVE",
                )
            }
        }
        (Decision::Take, Label::Diverged) => Err(
            "both sides changed it; choose COMBINE to keep both sides' edits, OVERWRITE to replace the target's version, or LEAVE",
        ),
        (Decision::Overwrite | Decision::Combine, Label::New | Label::Changed | Label::Deleted) => Err(
            "only the source changed it, so there is nothing to overwrite or combine; choose TAKE or LEAVE",
        ),
        (Decision::Take | Decision::Overwrite | Decision::Combine, Label::TargetOnly) => {
            Err("only the target changed it, so the source has nothing to give; only LEAVE is possible")
        }
    }
}

impl std::fmt::Display for Selector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Key(kind, id) => write!(f, "{} {id}", kind.word()),
            Self::WorkflowName(name) => f.write_str(name),
        }
    }
}
