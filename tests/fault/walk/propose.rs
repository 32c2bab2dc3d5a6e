//! What somebody might do next, looked at before it is done.

use sandbar_client::{
    Error, Plan, Reason,
    v1::{
        DeleteWorkflowRequest, MergeChoices, MergeDecision, PreviewRevertRequest, PutWorkflowRequest,
        RevertMergeRequest,
    },
};

use super::{
    Walk,
    check::{assert_plan, mark},
    choose::Chosen,
    step::{MergeRequest, Planned, Step, WriteRequest},
};
use crate::{
    merging::{applying, try_preview},
    oracle::{What, World, content::Content},
};

impl Walk {
    /// Steps to do at once, and whether they get in each other's way.
    pub(super) async fn propose(&mut self, what: &str) -> (Vec<Step>, bool) {
        let Some(first) = self.step(what).await else { return (Vec::new(), false) };
        if self.words.chance(0.25) {
            let rival = self.rival(&first, what).await;
            return ([Some(first), rival].into_iter().flatten().collect(), true);
        }
        let mut steps = vec![first];
        for _ in 0..self.words.one_of(3) {
            let Some(next) = self.step(what).await else { continue };
            let mut busy = steps.iter().flat_map(|step| step.projects(&self.world));
            if busy.all(|project| !next.projects(&self.world).contains(&project)) {
                steps.push(next);
            }
        }
        (steps, false)
    }

    async fn step(&mut self, what: &str) -> Option<Step> {
        self.who = self.words.one_of(self.users.len());
        match self.words.one_of(20) {
            0..8 => Some(self.edit()),
            8 => Some(self.create()),
            9 => self.delete(),
            10..13 if !self.world.merges.is_empty() => {
                let newest = self.world.merges.len() - 1;
                let back = self.words.one_of(newest.min(7) + 1);
                self.plan(What::Revert(newest - back), what).await
            }
            _ => {
                self.merges += 1;
                let ways: Vec<_> = Way::all(&self.world).collect();
                let ways: Vec<_> = ways.iter().filter(|way| way.0 == Way::ALL[self.merges % 4]).collect();
                let (_, source, target) = *ways[self.words.one_of(ways.len())];
                self.plan(What::Merge { source, target }, what).await
            }
        }
    }

    /// Something that can't happen beside this, or only in one order.
    async fn rival(&mut self, step: &Step, what: &str) -> Option<Step> {
        match step {
            Step::Write { content: None, .. } => None,
            Step::Write { project, workflow, .. } => {
                let there = self.world.projects[*project].held.contains_key(workflow);
                there.then(|| self.edit_of(*project, workflow))
            }
            Step::Merge(planned) => {
                let projects = step.projects(&self.world);
                let which = self.words.one_of(4);
                if which == 0 {
                    let mut same = (**planned).clone();
                    same.request.rename(self.words.id());
                    return Some(Step::Merge(Box::new(same)));
                }
                let target = self.world.target(planned.what);
                let others = self.world.projects.len();
                let source = self.words.one_of(others);
                if which == 1 && source != target {
                    return self.plan(What::Merge { source, target }, what).await;
                }
                let project = projects[self.words.one_of(projects.len())];
                // Of an undo, only the target's edits get in its way.
                let project = if matches!(planned.what, What::Revert(_)) { target } else { project };
                let held = &self.world.projects[project].held;
                let shared: Vec<_> = planned.taken.keys().filter(|id| held.contains_key(*id)).collect();
                let workflow = shared.get(self.words.one_of(shared.len().max(1))).map(|id| (*id).clone())?;
                Some(self.edit_of(project, &workflow))
            }
        }
    }

    fn edit(&mut self) -> Step {
        let project = self.words.one_of(self.world.projects.len());
        let held = &self.world.projects[project].held;
        if held.is_empty() {
            return self.create();
        }
        let workflow = held.keys().nth(self.words.one_of(held.len())).unwrap().clone();
        self.edit_of(project, &workflow)
    }

    fn edit_of(&mut self, project: usize, workflow: &str) -> Step {
        let before = self.world.projects[project].held[workflow].clone();
        let mut content = before.clone();
        while content == before {
            self.words.edit(&mut content);
        }
        let etag = self.etags[&mark(workflow, &before)].clone();
        self.write(project, workflow, content, etag)
    }

    fn create(&mut self) -> Step {
        let project = self.words.one_of(self.world.projects.len());
        let (id, content) = (self.words.id(), self.words.content());
        self.write(project, &id, content, "*".to_owned())
    }

    fn write(&mut self, project: usize, workflow: &str, content: Content, etag: String) -> Step {
        let request = PutWorkflowRequest {
            project_id: self.world.projects[project].id.clone(),
            workflow: Some(content.workflow(workflow)),
            etag,
            request_id: self.words.id(),
            ..PutWorkflowRequest::default()
        };
        let (workflow, content) = (workflow.to_owned(), Some(Box::new(content)));
        Step::Write {
            who: self.who,
            project,
            workflow,
            content,
            request: WriteRequest::Put(Box::new(request)),
        }
    }

    fn delete(&mut self) -> Option<Step> {
        let project = self.words.one_of(self.world.projects.len());
        let held = &self.world.projects[project].held;
        // So that there is always something to edit.
        if held.len() < 4 {
            return None;
        }
        let (workflow, content) = held.iter().nth(self.words.one_of(held.len())).unwrap();
        let request = DeleteWorkflowRequest {
            project_id: self.world.projects[project].id.clone(),
            workflow_id: workflow.clone(),
            etag: self.etags[&mark(workflow, content)].clone(),
            request_id: self.words.id(),
        };
        let workflow = workflow.clone();
        Some(Step::Write {
            who: self.who,
            project,
            workflow,
            content: None,
            request: WriteRequest::Delete(Box::new(request)),
        })
    }

    /// A merge or undo with random choices. Every look at its plan on the way is held against the oracle's. None: there is
    /// nothing to do.
    async fn plan(&mut self, what: What, round: &str) -> Option<Step> {
        let (plan, undo) = (self.world.plan(what), matches!(what, What::Revert(_)));
        let about = format!("{round}: {what:?}");
        let mut chosen = Chosen::at_random(&mut self.words, &plan, undo);
        if chosen.open() > 0 {
            let open = self.preview(what, &chosen.choices).await.unwrap();
            assert_plan(&open, &plan, &chosen, &about);
            let request = self.request(what, &chosen.choices, &open);
            self.assert_refused(request, Reason::MergeConflicts, &about).await;
            chosen = chosen.settle(&mut self.words, &plan, undo);
        }
        let seen = self.preview(what, &chosen.choices).await;
        let seen = seen.unwrap_or_else(|error| panic!("{about}: {error}\n{:#?}", chosen.choices));
        assert_plan(&seen, &plan, &chosen, &about);
        let taken = chosen.taken(&plan);
        let request = self.request(what, &chosen.choices, &seen);
        let again = matches!(what, What::Revert(merge) if chosen.choices.defaults && self.world.is_offered_again(merge));
        if taken.is_empty() && !again {
            self.assert_refused(request, Reason::NothingSelected, &about).await;
            return None;
        }
        let conflicts: usize = chosen.settled.values().map(std::collections::BTreeMap::len).sum();
        *self.tally.steps.entry("settled".to_owned()).or_default() += conflicts;
        let planned = Planned { who: self.who, what, plan, decisions: chosen.decisions, taken, request };
        Some(Step::Merge(Box::new(planned)))
    }

    async fn preview(&self, what: What, choices: &MergeChoices) -> Result<Plan, Error> {
        match what {
            What::Merge { source, target } => {
                let id = |project: usize| &self.world.projects[project].id;
                try_preview(self.client(), id(source), id(target), choices).await
            }
            What::Revert(merge) => {
                let choices = MergeChoices { retire_source: None, ..choices.clone() };
                let merge_id = self.world.merges[merge].id.clone();
                let request = PreviewRevertRequest { merge_id, choices: Some(choices) };
                self.client().merges().preview_revert(request).await
            }
        }
    }

    fn request(&mut self, what: What, choices: &MergeChoices, seen: &Plan) -> MergeRequest {
        let request_id = self.words.id();
        match what {
            What::Merge { source, target } => {
                let id = |project: usize| &self.world.projects[project].id;
                let mut request = applying(id(source), id(target), choices, seen);
                request.request_id = request_id;
                MergeRequest::Apply(request)
            }
            What::Revert(merge) => MergeRequest::Revert(RevertMergeRequest {
                merge_id: self.world.merges[merge].id.clone(),
                choices: Some(MergeChoices { retire_source: None, ..choices.clone() }),
                plan_token: seen.head.plan_token.clone(),
                request_id,
                ..RevertMergeRequest::default()
            }),
        }
    }

    async fn assert_refused(&self, request: MergeRequest, reason: Reason, what: &str) {
        let refused = match request {
            MergeRequest::Apply(request) => self.client().merges().apply_merge(request).await.map(|_| ()),
            MergeRequest::Revert(request) => self.client().merges().revert_merge(request).await.map(|_| ()),
        };
        assert_eq!(refused.unwrap_err().reason(), Some(reason), "{what}");
    }

    /// Checks that a second look finds what must be left, and so nothing of what was taken.
    pub(super) async fn assert_what_is_left(&mut self, what: What, about: &str) {
        let (plan, undo) = (self.world.plan(what), matches!(what, What::Revert(_)));
        let chosen = Chosen::nothing(&plan);
        let seen = self.preview(what, &chosen.choices).await.unwrap();
        assert_plan(
            &seen,
            &plan,
            &chosen,
            &format!("{about}, looked at again{}", if undo { " to undo" } else { "" }),
        );
    }
}

impl MergeRequest {
    fn rename(&mut self, request_id: String) {
        match self {
            Self::Apply(request) => request.request_id = request_id,
            Self::Revert(request) => request.request_id = request_id,
        }
    }
}

/// Which way a merge goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Up,
    Down,
    Across,
    /// Into another tree.
    Abroad,
}

impl Way {
    const ALL: [Self; 4] = [Self::Up, Self::Down, Self::Across, Self::Abroad];

    fn of(world: &World, source: usize, target: usize) -> Self {
        if world.is_above(target, source) {
            Self::Up
        } else if world.is_above(source, target) {
            Self::Down
        } else if world.are_relatives(source, target) {
            Self::Across
        } else {
            Self::Abroad
        }
    }

    /// From every project to every other.
    fn all(world: &World) -> impl Iterator<Item = (Self, usize, usize)> {
        let projects = 0..world.projects.len();
        let pairs =
            projects.clone().flat_map(move |source| projects.clone().map(move |target| (source, target)));
        pairs
            .filter(|(source, target)| source != target)
            .map(|(source, target)| (Self::of(world, source, target), source, target))
    }
}

/// What a step counts as in the tally.
pub(super) fn names_of(step: &Step, world: &World) -> Vec<String> {
    match step {
        Step::Write { content: Some(_), .. } => vec!["put".to_owned()],
        Step::Write { content: None, .. } => vec!["delete".to_owned()],
        Step::Merge(planned) => {
            let way = match planned.what {
                What::Revert(_) => "revert".to_owned(),
                What::Merge { source, target } => format!("{:?}", Way::of(world, source, target)),
            };
            let taken = planned.decisions.values().filter(|decision| **decision != MergeDecision::Leave);
            taken.map(|decision| decision.as_str_name().to_owned()).chain([way]).collect()
        }
    }
}
