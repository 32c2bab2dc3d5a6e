//! Where two sides have each their own idea: noted while they are made one, and settled as the caller says. The same for
//! every kind of resource.

use std::collections::{BTreeMap, BTreeSet};

use sandbar_model::{Error, Result, Violations};
use serde_json::Value;

use super::conflict::{Clash, Conflict, ConflictKind, Resolution};

/// A field's path, and what a person calls it.
pub(crate) type Place = (String, String);

/// What base, source and target have in one place. None: nothing.
pub(crate) type Values = [Option<Value>; 3];

const NO_CLASHES: &str = "only a body is settled clash by clash; choose SOURCE, TARGET or a value";

/// What was noted so far, in order.
pub(crate) struct Disputes<'a> {
    resolutions: &'a BTreeMap<String, Resolution>,
    conflicts: Vec<Conflict>,
}

impl<'a> Disputes<'a> {
    pub(crate) fn new(resolutions: &'a BTreeMap<String, Resolution>) -> Self {
        Self { resolutions, conflicts: Vec::new() }
    }

    /// What both changed to different things; gives what holds. `own` reads a value of the caller's, or says what is wrong
    /// with it.
    pub(crate) fn field<T>(
        &mut self,
        place: Place,
        values: Values,
        (source, target): (T, T),
        own: impl FnOnce(&Value) -> Result<T, String>,
    ) -> Result<T> {
        let path = place.0.clone();
        match self.note(place, ConflictKind::Field, values, Vec::new()) {
            None | Some(Resolution::Target) => Ok(target),
            Some(Resolution::Source) => Ok(source),
            Some(Resolution::Value(value)) => own(value).map_err(|problem| refuse(&path, &problem)),
            Some(Resolution::Clashes(_)) => Err(refuse(&path, NO_CLASHES)),
        }
    }

    /// What one side removed and the other changed; gives what holds.
    pub(crate) fn removed<T>(
        &mut self,
        place: Place,
        values: Values,
        source: Option<T>,
        target: Option<T>,
    ) -> Result<Option<T>> {
        let path = place.0.clone();
        match self.note(place, ConflictKind::Removed, values, Vec::new()) {
            None | Some(Resolution::Target) => Ok(target),
            Some(Resolution::Source) => Ok(source),
            Some(Resolution::Value(_)) => {
                Err(refuse(&path, "one side removed it: choose SOURCE or TARGET, whichever shall hold"))
            }
            Some(Resolution::Clashes(_)) => Err(refuse(&path, NO_CLASHES)),
        }
    }

    /// Notes where the two differ; gives how the caller settles that. None: not yet.
    pub(super) fn note(
        &mut self,
        (path, title): Place,
        kind: ConflictKind,
        [base, source, target]: Values,
        clashes: Vec<Clash>,
    ) -> Option<&'a Resolution> {
        let resolution = self.resolutions.get(&path);
        self.conflicts.push(Conflict {
            path,
            title,
            kind,
            base,
            source,
            target,
            clashes,
            resolution: resolution.cloned(),
        });
        resolution
    }

    /// Notes that the result breaks a rule.
    pub(super) fn broken(&mut self, (path, title): Place, rule: String) {
        let (kind, clashes) = (ConflictKind::InvalidResult(rule), Vec::new());
        let (base, source, target) = (None, None, None);
        self.conflicts.push(Conflict { path, title, kind, base, source, target, clashes, resolution: None });
    }

    /// Holds the result against its rules, once everything else is settled: until then it is none.
    pub(crate) fn check_rules(&mut self, violations: impl FnOnce() -> Violations) {
        if self.conflicts.iter().any(|conflict| conflict.resolution.is_none()) {
            return;
        }
        for violation in violations().0 {
            self.broken((violation.field.clone(), violation.field), violation.problem);
        }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.conflicts.len()
    }

    /// Forgets all but the first of them.
    pub(crate) fn truncate(&mut self, count: usize) {
        self.conflicts.truncate(count);
    }

    /// All of them. `complete`: nothing more can turn up to be in conflict.
    ///
    /// # Errors
    /// [`Error::ChoiceUnknown`] for a resolution of what is not in conflict.
    pub(crate) fn finish(self, complete: bool) -> Result<Vec<Conflict>> {
        let noted: BTreeSet<&str> = self.conflicts.iter().map(|conflict| conflict.path.as_str()).collect();
        match self.resolutions.keys().find(|path| !noted.contains(path.as_str())) {
            Some(path) if complete => {
                Err(refuse(path, "nothing is in conflict there; preview to see what is"))
            }
            _ => Ok(self.conflicts),
        }
    }
}

/// None: both changed it, to different things.
pub(crate) fn undisputed<'t, T: PartialEq + ?Sized>(
    base: Option<&T>,
    source: &'t T,
    target: &'t T,
) -> Option<&'t T> {
    if source == target || base == Some(source) {
        Some(target)
    } else if base == Some(target) {
        Some(source)
    } else {
        None
    }
}

/// A resolution that can't be.
pub(super) fn refuse(path: &str, problem: &str) -> Error {
    Error::ChoiceUnknown { resource: path.to_owned(), problem: problem.to_owned() }
}
