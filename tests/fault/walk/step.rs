//! One thing that somebody does, and what came of it.

use std::collections::BTreeMap;

use sandbar_client::{
    Client, Error, Reason,
    v1::{
        ApplyMergeRequest, DeleteWorkflowRequest, Merge, MergeDecision, PutWorkflowRequest,
        RevertMergeRequest,
    },
};

use crate::oracle::{Subject, Taken, What, World, content::Content};

/// One request, with its id, so that it can be repeated.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Saves a workflow, or deletes it.
    Write {
        who: usize,
        project: usize,
        workflow: String,
        content: Option<Box<Content>>,
        request: WriteRequest,
    },
    /// A merge, or the undo of one, as previewed.
    Merge(Box<Planned>),
}

#[derive(Clone, Debug)]
pub(crate) enum WriteRequest {
    Put(Box<PutWorkflowRequest>),
    Delete(Box<DeleteWorkflowRequest>),
}

/// A merge with all that must come of it.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    /// Who looked at it: a plan binds whoever has the same role.
    pub(crate) who: usize,
    pub(crate) what: What,
    pub(crate) plan: BTreeMap<String, Subject>,
    pub(crate) decisions: BTreeMap<String, MergeDecision>,
    pub(crate) taken: BTreeMap<String, Taken>,
    pub(crate) request: MergeRequest,
}

#[derive(Clone, Debug)]
pub(crate) enum MergeRequest {
    Apply(ApplyMergeRequest),
    Revert(RevertMergeRequest),
}

/// What was answered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    Written,
    Merged(Box<Merge>),
}

impl MergeRequest {
    /// Whether the choices start from the defaults.
    fn defaults(&self) -> bool {
        let choices = match self {
            Self::Apply(request) => &request.choices,
            Self::Revert(request) => &request.choices,
        };
        choices.as_ref().is_some_and(|choices| choices.defaults)
    }
}

impl Step {
    pub(crate) async fn run(&self, client: &Client) -> Result<Answer, Error> {
        let merged = |merge: Option<Merge>| Answer::Merged(Box::new(merge.unwrap()));
        match self {
            Self::Write { request: WriteRequest::Put(request), .. } => {
                client.workflows().put_workflow((**request).clone()).await.map(|_| Answer::Written)
            }
            Self::Write { request: WriteRequest::Delete(request), .. } => {
                client.workflows().delete_workflow((**request).clone()).await.map(|_| Answer::Written)
            }
            Self::Merge(planned) => match planned.request.clone() {
                MergeRequest::Apply(request) => {
                    client.merges().apply_merge(request).await.map(|answer| merged(answer.merge))
                }
                MergeRequest::Revert(request) => {
                    client.merges().revert_merge(request).await.map(|answer| merged(answer.merge))
                }
            },
        }
    }

    /// Which of the users does it.
    pub(crate) fn who(&self) -> usize {
        match self {
            Self::Write { who, .. } => *who,
            Self::Merge(planned) => planned.who,
        }
    }

    /// The projects that it reads or writes.
    pub(crate) fn projects(&self, world: &World) -> Vec<usize> {
        match self {
            Self::Write { project, .. } => vec![*project],
            Self::Merge(planned) => match planned.what {
                What::Merge { source, target } => vec![source, target],
                What::Revert(merge) => vec![world.merges[merge].source, world.merges[merge].target],
            },
        }
    }

    /// The one that it writes.
    pub(crate) fn target(&self, world: &World) -> usize {
        match self {
            Self::Write { project, .. } => *project,
            Self::Merge(planned) => world.target(planned.what),
        }
    }

    /// Does it to the oracle's world.
    pub(crate) fn happen(&self, world: &mut World, answer: &Answer) {
        match (self, answer) {
            (Self::Write { project, workflow, content, .. }, Answer::Written) => {
                let held = &mut world.projects[*project].held;
                match content.clone() {
                    Some(content) => drop(held.insert(workflow.clone(), *content)),
                    None => drop(held.remove(workflow)),
                }
            }
            (Self::Merge(planned), Answer::Merged(merge)) => match planned.what {
                What::Merge { source, target } => {
                    world.merge((merge.id.clone(), source, target), &planned.taken);
                }
                What::Revert(undone) => {
                    let id = (merge.id.clone(), undone);
                    world.revert(id, &planned.taken, planned.request.defaults());
                }
            },
            _ => panic!("{answer:?} is no answer to {}", self.name()),
        }
    }

    /// In short, for messages.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Write { project, workflow, content: Some(_), .. } => format!("put {workflow} in {project}"),
            Self::Write { project, workflow, content: None, .. } => {
                format!("delete {workflow} in {project}")
            }
            Self::Merge(planned) => format!("{:?} of {:?}", planned.what, planned.taken.keys()),
        }
    }
}

impl Answer {
    /// Where its step comes among those that happened at once: a merge saw what is before it, an edit is let through by
    /// what it was made on, so edits of the same workflow come after.
    pub(crate) fn order(&self) -> (bool, i64) {
        match self {
            Self::Written => (true, 0),
            Self::Merged(merge) => (false, merge.target_revision),
        }
    }
}

/// Why somebody may be refused who comes too late.
pub(crate) const LATE: [Reason; 4] =
    [Reason::PlanStale, Reason::EtagMismatch, Reason::ChoiceUnknown, Reason::NothingSelected];
