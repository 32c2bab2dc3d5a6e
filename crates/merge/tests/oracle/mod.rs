//! Says what is wrong with a combination, from the three versions and the result alone: it knows the promise (3-merge §3) and
//! nothing of the code that keeps it.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::ref_option,
    reason = "what can't be fails the test"
)]

mod canon;
mod flat;

use std::collections::{BTreeMap, BTreeSet};

use sandbar_model::{
    ContentHash,
    workflow::{StoredWorkflow, Uses},
};

pub use canon::Canon;
use flat::{Flat, flat};

/// The versions of one workflow, none of them rebuilt, and what they were combined to.
pub struct Case<'a> {
    pub base: &'a StoredWorkflow,
    pub source: &'a StoredWorkflow,
    pub target: &'a StoredWorkflow,
    pub result: &'a StoredWorkflow,
    /// The places of conflicts, settled or not. What came of those is the caller's business.
    pub conflicts: BTreeSet<String>,
    /// Texts by their hash.
    pub text: &'a dyn Fn(ContentHash) -> String,
    /// What a step uses, so that two links to one credential are one; by side: base, source, target and result.
    pub credential: &'a dyn Fn(usize, Uses) -> String,
}

impl Case<'_> {
    /// Edits that are lost, things that nobody wrote, conflicts that are none.
    pub fn faults(&self) -> Vec<String> {
        let canon = Canon::of(self.base, self.source, self.target);
        let sides = [self.base, self.source, self.target, self.result];
        let flats: Vec<Flat> = sides
            .iter()
            .enumerate()
            .map(|(side, workflow)| flat(workflow, &canon, &|uses| (self.credential)(side, uses)))
            .collect();
        let [base, source, target, result] = [0, 1, 2, 3].map(|side: usize| flats.get(side).expect("four"));
        let mut check = Check { base, source, target, result, faults: Vec::new(), case: self };
        let conflicts: BTreeSet<_> = self.conflicts.iter().map(|path| canon.path(path)).collect();
        for path in &conflicts {
            check.conflict(path);
        }
        let paths: BTreeSet<&String> =
            [base, source, target, result].into_iter().flat_map(|side| side.fields.keys()).collect();
        for path in paths {
            let part = path.rsplit_once('/').map_or("", |(part, _)| part);
            if ![path.as_str(), part, &format!("{part}/type")].iter().any(|at| conflicts.contains(*at)) {
                check.field(path, part);
            }
        }
        check.positions();
        check.faults
    }
}

struct Check<'a> {
    base: &'a Flat,
    source: &'a Flat,
    target: &'a Flat,
    result: &'a Flat,
    faults: Vec<String>,
    case: &'a Case<'a>,
}

impl Check<'_> {
    fn field(&mut self, path: &str, part: &str) {
        let at = |side: &Flat| side.fields.get(path).cloned();
        let [base, source, target, result] = [self.base, self.source, self.target, self.result].map(at);
        let expected = if source == base {
            &target
        } else if target == base || source == target {
            &source
        } else if path.ends_with("/body") {
            return self.body(path, [base, source, target, result]);
        } else if result.is_none() && self.is_edge_without_an_end(part) {
            return;
        } else if self.is_edge_of_a_part_that_stays(part) {
            if source.is_none() { &target } else { &source }
        } else {
            return self.faults.push(format!("{path}: both changed it, and there is no conflict"));
        };
        let follows = (expected.is_some() && result.is_none() && self.is_edge_without_an_end(part))
            || (expected.is_none() && self.is_edge_of_a_part_that_stays(part));
        if result != *expected && !follows {
            self.faults.push(format!(
                "{path}: base {base:?}, source {source:?}, target {target:?}, result {result:?}"
            ));
        }
    }

    /// An edge that would be there, but what it leads from or to is not in the result.
    fn is_edge_without_an_end(&self, part: &str) -> bool {
        [self.source, self.target].iter().any(|side| {
            side.ends.get(part).is_some_and(|ends| ends.iter().any(|end| !self.result.nodes.contains(end)))
        })
    }

    /// An edge that one side lacks only because it removed an end of it, which is in the result after all.
    fn is_edge_of_a_part_that_stays(&self, part: &str) -> bool {
        let Some(ends) = self.result.ends.get(part) else { return false };
        self.base.ends.contains_key(part)
            && [self.source, self.target].iter().any(|side| ends.iter().any(|end| !side.nodes.contains(end)))
    }

    /// Lines that only one side has, or only one side has not, are as that side has them; and no line is new.
    fn body(&mut self, path: &str, bodies: [Option<String>; 4]) {
        let texts = bodies.map(|hash| hash.map(|hash| (self.case.text)(hash.parse().expect("a hash"))));
        let [base, source, target, result] =
            texts.each_ref().map(|text| counted(text.as_deref().unwrap_or("")));
        let lines: BTreeSet<&str> =
            [&base, &source, &target, &result].into_iter().flat_map(BTreeMap::keys).copied().collect();
        for line in lines {
            let [b, s, t, r] =
                [&base, &source, &target, &result].map(|text| text.get(line).copied().unwrap_or(0));
            let expected = match (b, s, t) {
                (0, 0, 0) => 0,
                (0, s, 0) => s,
                (0, 0, t) => t,
                (b, 0, t) if t == b && stays(line, &texts[0], &texts[2]) => 0,
                (b, s, 0) if s == b && stays(line, &texts[0], &texts[1]) => 0,
                // Moved, or written by both.
                _ => continue,
            };
            if r != expected {
                self.faults.push(format!("{path}: {line:?} is there {r} times, not {expected}"));
            }
        }
    }

    /// Both sides changed what stands there, to different things.
    fn conflict(&mut self, path: &str) {
        let below = |side: &Flat| -> Vec<String> {
            let of = |field: &&String| {
                *field == path || field.starts_with(&format!("{path}/"))
                    // Of a trigger whose type changed, all that it is.
                    || path.strip_suffix("type").is_some_and(|part| field.starts_with(part))
            };
            side.fields.keys().filter(of).filter_map(|field| side.fields.get(field).cloned()).collect()
        };
        let [base, source, target] = [self.base, self.source, self.target].map(below);
        let one_sided = source == base || target == base || source == target;
        if one_sided && !self.is_cursor_at_a_removed_step(path) {
            self.faults.push(format!("{path}: no conflict: {base:?} {source:?} {target:?}"));
        }
    }

    /// A schedule that one side has begin with what a step ended with, which the other side removed.
    fn is_cursor_at_a_removed_step(&self, path: &str) -> bool {
        let chosen = |side: &Flat| Some(side.fields.get(path)?.split('"').nth(1)?.to_owned());
        path.ends_with("/cursor_job")
            && [(self.source, self.target), (self.target, self.source)].iter().any(|(side, other)| {
                chosen(side)
                    .is_some_and(|step| self.base.nodes.contains(&step) && !other.nodes.contains(&step))
            })
    }

    /// Where a node is drawn never conflicts: the source's wins where it moved it.
    fn positions(&mut self) {
        for node in &self.result.nodes {
            let [b, s, t, r] =
                [self.base, self.source, self.target, self.result].map(|side| side.positions.get(node));
            let moved = self.source.nodes.contains(node) && s != b;
            let expected = if moved || !self.target.nodes.contains(node) { s } else { t };
            if r != expected {
                self.faults.push(format!("position of {node}: {b:?} {s:?} {t:?} {r:?}"));
            }
        }
    }
}

/// Whether a line stands between the same lines in both texts, so that nobody moved it.
fn stays(line: &str, one: &Option<String>, other: &Option<String>) -> bool {
    let around = |text: &Option<String>| -> Vec<[String; 3]> {
        let text = text.as_deref().unwrap_or("");
        let lines: Vec<&str> = [""].into_iter().chain(text.split_inclusive('\n')).chain([""]).collect();
        let found = lines.windows(3).filter(|lines| lines.get(1) == Some(&line));
        found
            .filter_map(|lines| <[&str; 3]>::try_from(lines).ok())
            .map(|lines| lines.map(str::to_owned))
            .collect()
    };
    around(one) == around(other)
}

fn counted(text: &str) -> BTreeMap<&str, usize> {
    let mut lines = BTreeMap::new();
    for line in text.split_inclusive('\n') {
        *lines.entry(line).or_insert(0) += 1;
    }
    lines
}
