//! Which step of the project a step of the files is: steps keep their UUIDs when they are renamed or moved. The same rules
//! as in `@openfn/project`: by id; then by what leads to a step and where it leads; then by its body.

use std::collections::{HashMap, HashSet};

use super::spec::Step;

/// By the id of each step of the files that the project has, the id of the project's step.
pub(crate) type Matched<'a> = HashMap<&'a str, &'a str>;

/// Matches steps of files with those of the project. `base`: the project's when the files were made of it, whose ids the
/// files have.
pub(crate) fn steps<'a>(files: &'a [Step], base: &[Step], project: &'a [Step]) -> Matched<'a> {
    let mut matching = Matching { files, project, found: HashMap::new(), taken: HashSet::new() };
    matching.by_base(base);
    matching.by_id();
    matching.roots();
    let mut is_last = false;
    loop {
        let before = matching.found.len();
        matching.by_structure(is_last);
        match (matching.found.len() > before, is_last) {
            (true, _) => is_last = false,
            (false, false) => is_last = true,
            (false, true) => return matching.found,
        }
    }
}

struct Matching<'a> {
    files: &'a [Step],
    project: &'a [Step],
    found: Matched<'a>,
    taken: HashSet<&'a str>,
}

impl<'a> Matching<'a> {
    fn note(&mut self, file: &'a Step, project: &'a Step) {
        let is_free = !self.found.contains_key(file.id.as_str()) && !self.taken.contains(project.id.as_str());
        if is_free && file.kind == project.kind {
            self.found.insert(&file.id, &project.id);
            self.taken.insert(&project.id);
        }
    }

    fn by_base(&mut self, base: &[Step]) {
        for file in self.files {
            let uuid = base.iter().find(|step| step.id == file.id).and_then(Step::uuid);
            let Some(uuid) = uuid else { continue };
            if let Some(project) = self.project.iter().find(|step| step.uuid() == Some(uuid)) {
                self.note(file, project);
            }
        }
    }

    fn by_id(&mut self) {
        for file in self.files {
            if let Some(project) = self.project.iter().find(|step| step.id == file.id) {
                self.note(file, project);
            }
        }
    }

    fn roots(&mut self) {
        if let (Some(file), Some(project)) = (root(self.files), root(self.project)) {
            self.note(file, project);
        }
    }

    fn by_structure(&mut self, is_last: bool) {
        for file in self.files {
            if self.found.contains_key(file.id.as_str()) {
                continue;
            }
            if let Some(project) = self.best(file, is_last) {
                self.note(file, project);
                if is_last {
                    // It may tell where others belong.
                    return;
                }
            }
        }
    }

    /// The one that is left when each rule has narrowed the choice. At last, when nothing else tells anything any more, the
    /// best that structure tells, or the only one that there is.
    fn best(&self, file: &'a Step, is_last: bool) -> Option<&'a Step> {
        let free = |step: &&'a Step| step.kind == file.kind && !self.taken.contains(step.id.as_str());
        let mut candidates: Vec<&'a Step> = self.project.iter().filter(free).collect();
        let mut top = None;
        for narrowed in [Self::below_parents, Self::above_children] {
            let narrowed = narrowed(self, file, &candidates);
            if !narrowed.is_empty() {
                top = narrowed.first().copied();
                candidates = narrowed;
            }
            if candidates.len() == 1 && (top.is_some() || is_last) {
                return candidates.pop();
            }
        }
        let body = file.body();
        let equal = |step: &&'a Step| !body.trim().is_empty() && step.body() == body;
        let mut equal: Vec<_> = candidates.into_iter().filter(equal).collect();
        if equal.len() == 1 { equal.pop() } else { top.filter(|_| is_last) }
    }

    fn below_parents(&self, file: &'a Step, candidates: &[&'a Step]) -> Vec<&'a Step> {
        let parents = self.files.iter().filter(|step| step.next.contains_key(&file.id));
        let parents: HashSet<&str> = parents.map(|step| self.project_id(&step.id)).collect();
        let parents: Vec<_> = self.project.iter().filter(|step| parents.contains(step.id.as_str())).collect();
        let is_below = |step: &&&'a Step| parents.iter().any(|parent| parent.next.contains_key(&step.id));
        candidates.iter().filter(is_below).copied().collect()
    }

    fn above_children(&self, file: &'a Step, candidates: &[&'a Step]) -> Vec<&'a Step> {
        let children: Vec<&str> = file.next.keys().map(|child| self.project_id(child)).collect();
        let common = |step: &Step| children.iter().filter(|child| step.next.contains_key(**child)).count();
        let mut above: Vec<&'a Step> = candidates.iter().filter(|step| common(step) > 0).copied().collect();
        above.sort_by_key(|step| std::cmp::Reverse(common(step)));
        above
    }

    fn project_id<'b>(&'b self, id: &'b str) -> &'b str {
        self.found.get(id).copied().unwrap_or(id)
    }
}

/// The first step that leads somewhere and that nothing leads to.
fn root(steps: &[Step]) -> Option<&Step> {
    let children: HashSet<&str> =
        steps.iter().flat_map(|step| step.next.keys().map(String::as_str)).collect();
    steps.iter().find(|step| !step.next.is_empty() && !children.contains(step.id.as_str()))
}
