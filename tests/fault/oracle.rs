//! An oracle that knows every edit: what each project holds, what each two of them last agreed on, and so what
//! every merge must say and do. It shares no code with the product.

pub(crate) mod combine;
pub(crate) mod content;

use std::collections::{BTreeMap, BTreeSet};

use sandbar_client::v1::MergeLabel;

use content::Content;

/// The workflows of a project, by id.
pub(crate) type Held = BTreeMap<String, Content>;

/// Trees of projects. They are called by their numbers, in the order in which they were made.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) projects: Vec<Place>,
    agreed: BTreeMap<(usize, usize), BTreeMap<String, Option<Content>>>,
    pub(crate) merges: Vec<Done>,
}

/// A project.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) id: String,
    pub(crate) parent: Option<usize>,
    /// What its parent held when it was made.
    fork: Held,
    pub(crate) held: Held,
}

/// A merge that was done, for its undo.
#[derive(Clone, Debug)]
pub(crate) struct Done {
    pub(crate) id: String,
    pub(crate) source: usize,
    pub(crate) target: usize,
    /// By workflow.
    lines: BTreeMap<String, Line>,
}

/// What a merge did to one workflow, and to what the two agreed on.
#[derive(Clone, Debug)]
struct Line {
    before: Option<Content>,
    after: Option<Content>,
    agreed: [Option<Content>; 2],
}

/// A workflow as a plan must show it.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) label: MergeLabel,
    pub(crate) base: Option<Content>,
    pub(crate) source: Option<Content>,
    pub(crate) target: Option<Content>,
}

/// What a merge, or the undo of one, is planned from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Merge {
        source: usize,
        target: usize,
    },
    /// By its place in [`World::merges`].
    Revert(usize),
}

/// What a merge leaves behind of each workflow that it takes.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    pub(crate) after: Option<Content>,
    /// What the two agree on from then on.
    pub(crate) agreed: Option<Content>,
}

impl World {
    pub(crate) fn add(&mut self, id: String, parent: Option<usize>) -> usize {
        let held = parent.map(|parent| self.projects[parent].held.clone()).unwrap_or_default();
        self.projects.push(Place { id, parent, fork: held.clone(), held });
        self.projects.len() - 1
    }

    pub(crate) fn depth(&self, project: usize) -> usize {
        self.line(project).len() - 1
    }

    /// Whether both are of one tree.
    pub(crate) fn are_relatives(&self, one: usize, other: usize) -> bool {
        self.line(one).last() == self.line(other).last()
    }

    /// Whether the one is above the other.
    pub(crate) fn is_above(&self, one: usize, other: usize) -> bool {
        self.line(other).contains(&one)
    }

    /// The target of a merge or undo.
    pub(crate) fn target(&self, what: What) -> usize {
        match what {
            What::Merge { target, .. } => target,
            What::Revert(merge) => self.merges[merge].target,
        }
    }

    /// Everything that a plan must list.
    pub(crate) fn plan(&self, what: What) -> BTreeMap<String, Subject> {
        let sides: Vec<_> = match what {
            What::Merge { source, target } => {
                let of = |project: usize, id: &String| self.projects[project].held.get(id).cloned();
                let side =
                    |id: String| (self.base(source, target, &id), of(source, &id), of(target, &id), id);
                self.known([source, target]).into_iter().map(side).collect()
            }
            What::Revert(merge) => {
                let Done { target, lines, .. } = &self.merges[merge];
                let now = &self.projects[*target].held;
                let side = |(id, line): (&String, &Line)| {
                    (line.after.clone(), line.before.clone(), now.get(id).cloned(), id.clone())
                };
                lines.iter().map(side).collect()
            }
        };
        let subject = |(base, source, target, id): (Option<Content>, Option<Content>, Option<Content>, _)| {
            let label = label(base.as_ref(), source.as_ref(), target.as_ref())?;
            Some((id, Subject { label, base, source, target }))
        };
        sides.into_iter().filter_map(subject).collect()
    }

    /// Does a merge.
    pub(crate) fn merge(
        &mut self,
        (id, source, target): (String, usize, usize),
        taken: &BTreeMap<String, Taken>,
    ) {
        let mut lines = BTreeMap::new();
        let mut agreed = BTreeMap::new();
        for workflow in self.known([source, target]) {
            let (one, other) =
                (self.projects[source].held.get(&workflow), self.projects[target].held.get(&workflow));
            if one == other && one != self.base(source, target, &workflow).as_ref() {
                agreed.insert(workflow.clone(), one.cloned());
            }
        }
        for (workflow, taken) in taken {
            let base = self.base(source, target, workflow);
            agreed.insert(workflow.clone(), taken.agreed.clone());
            let line = self.write(target, workflow, taken, [base, taken.agreed.clone()]);
            lines.insert(workflow.clone(), line);
        }
        self.agree(source, target, agreed);
        self.merges.push(Done { id, source, target, lines });
    }

    /// Undoes one. Its two projects then agree on what they agreed on before, so that what was undone is offered again;
    /// `defaults`: so is what was settled for the target, of which there is nothing to undo.
    pub(crate) fn revert(
        &mut self,
        (id, merge): (String, usize),
        taken: &BTreeMap<String, Taken>,
        defaults: bool,
    ) {
        let undone = self.merges[merge].clone();
        let (source, target) = (undone.source, undone.target);
        let (mut lines, mut agreed) = (BTreeMap::new(), BTreeMap::new());
        for (workflow, line) in &undone.lines {
            let [now, back] = self.agreed_before(&undone, workflow);
            if taken.contains_key(workflow) || (defaults && line.before == line.after) {
                agreed.insert(workflow.clone(), back.clone());
            }
            if let Some(taken) = taken.get(workflow) {
                lines.insert(workflow.clone(), self.write(target, workflow, taken, [now, back]));
            }
        }
        self.agree(source, target, agreed);
        self.merges.push(Done { id, source, target, lines });
    }

    /// Whether undoing with defaults has something to offer again of what was settled for the target.
    pub(crate) fn is_offered_again(&self, merge: usize) -> bool {
        let undone = &self.merges[merge];
        undone.lines.iter().filter(|(_, line)| line.before == line.after).any(|(workflow, _)| {
            let [now, back] = self.agreed_before(undone, workflow);
            now != back
        })
    }

    /// What the two of a merge agree on now, and would after its undo: unless they agreed on something else since, what
    /// they did before it.
    fn agreed_before(&self, undone: &Done, workflow: &str) -> [Option<Content>; 2] {
        let now = self.base(undone.source, undone.target, workflow);
        let [before, after] = undone.lines[workflow].agreed.clone();
        let back = if now == after { before } else { now.clone() };
        [now, back]
    }

    fn write(&mut self, target: usize, workflow: &str, taken: &Taken, agreed: [Option<Content>; 2]) -> Line {
        let held = &mut self.projects[target].held;
        let before = match taken.after.clone() {
            Some(content) => held.insert(workflow.to_owned(), content),
            None => held.remove(workflow),
        };
        Line { before, after: taken.after.clone(), agreed }
    }

    fn agree(&mut self, one: usize, other: usize, agreed: BTreeMap<String, Option<Content>>) {
        self.agreed.entry(pair(one, other)).or_default().extend(agreed);
    }

    /// What the two last agreed on: since a merge between them, or where both began.
    pub(crate) fn base(&self, one: usize, other: usize, workflow: &str) -> Option<Content> {
        let agreed = self.agreed.get(&pair(one, other)).and_then(|agreed| agreed.get(workflow));
        agreed.cloned().unwrap_or_else(|| self.beginning(one, other).get(workflow).cloned())
    }

    /// What the nearest project above both held when the first of the two ways down from it was made. Of two trees: nothing.
    fn beginning(&self, one: usize, other: usize) -> &Held {
        static NOTHING: Held = Held::new();
        let (own, their) = (self.line(one), self.line(other));
        let Some(meeting) = own.iter().find(|project| their.contains(project)) else { return &NOTHING };
        let below = |line: &[usize]| {
            let at = line.iter().position(|project| project == meeting).unwrap();
            at.checked_sub(1).map(|at| line[at])
        };
        let first = [below(&own), below(&their)].into_iter().flatten().min().unwrap();
        &self.projects[first].fork
    }

    /// A project, its parent, and so on up to the root.
    fn line(&self, project: usize) -> Vec<usize> {
        std::iter::successors(Some(project), |project| self.projects[*project].parent).collect()
    }

    /// Every workflow that either of them holds, or ever agreed on.
    fn known(&self, [one, other]: [usize; 2]) -> BTreeSet<String> {
        let held = [&self.projects[one].held, &self.projects[other].held, self.beginning(one, other)];
        let agreed = self.agreed.get(&pair(one, other)).into_iter().flat_map(BTreeMap::keys);
        held.into_iter().flat_map(BTreeMap::keys).chain(agreed).cloned().collect()
    }
}

fn pair(one: usize, other: usize) -> (usize, usize) {
    (one.min(other), one.max(other))
}

/// None: there is nothing to list.
fn label(base: Option<&Content>, source: Option<&Content>, target: Option<&Content>) -> Option<MergeLabel> {
    if source == target {
        return None;
    }
    Some(match (source == base, target == base) {
        (true, _) => MergeLabel::TargetOnly,
        (false, false) => MergeLabel::Diverged,
        (false, true) if source.is_none() => MergeLabel::Deleted,
        (false, true) if base.is_none() => MergeLabel::New,
        (false, true) => MergeLabel::Changed,
    })
}
