//! Runs of workflows, and the dataclips that they begin and end with (1-domain §8).

mod rules;

use serde::{Deserialize, Serialize};

pub use rules::{
    MAX_DATACLIP_BYTES, MAX_LOG_BYTES, MAX_MESSAGE, MAX_WORK_BYTES, check_dataclip, check_dataclip_name,
};

use crate::{
    ContentHash, DataclipId, JobId, PrincipalId, ProjectId, ResourceId, Revision, RunId, Time, TriggerId,
};

/// Why a run was started. The numbers are kept in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Somebody asked for it.
    Manual = 1,
    /// A webhook trigger.
    Webhook = 2,
    /// A cron trigger.
    Cron = 3,
}

/// How far a run is. The numbers are kept in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Waits for a worker.
    Queued = 1,
    /// A worker has it.
    Running = 2,
    /// Every step that was reached succeeded.
    Success = 3,
    /// A step failed.
    Failed = 4,
    /// A step ended the run, with an error of its code.
    Crashed = 5,
    /// The worker failed, not the workflow.
    Exception = 6,
    /// Somebody cancelled it.
    Cancelled = 7,
    /// It was ended: it took too long or too much.
    Killed = 8,
    /// Its workers went away, as often as one is looked for.
    Lost = 9,
}

/// Where a dataclip is from. The numbers are kept in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataclipKind {
    /// Made by a person, or for a cron trigger.
    Global = 1,
    /// The input of a manual run.
    SavedInput = 2,
    /// What a webhook was sent.
    HttpRequest = 3,
    /// What a step ended with.
    StepResult = 4,
    /// What a run ended with.
    RunResult = 5,
}

/// A run, as the ledger has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// A UUID of version 7.
    pub id: RunId,
    /// The root of the project's tree.
    pub root: ProjectId,
    /// Where.
    pub project: ProjectId,
    /// Of which workflow.
    pub workflow: ResourceId,
    /// What that was called then.
    pub workflow_name: String,
    /// The revision of the project, or of the ancestor that it is read from, that wrote what runs.
    pub revision: Revision,
    /// The hash of what runs.
    pub content: ContentHash,
    /// Why.
    pub cause: Cause,
    /// The trigger; none: it was started by hand.
    pub trigger: Option<TriggerId>,
    /// The step to begin with; none: as the trigger or the workflow says.
    pub job: Option<JobId>,
    /// What it begins with.
    pub dataclip: DataclipId,
    /// Of the workflow, as it was then.
    pub concurrency: Option<u32>,
    /// How far it is.
    pub state: RunState,
    /// How often it was given to a worker.
    pub attempt: i64,
    /// Who started it.
    pub creator: PrincipalId,
    /// When.
    pub create_time: Time,
    /// Who has or had it.
    pub worker: Option<PrincipalId>,
    /// When they got it.
    pub claim_time: Option<Time>,
    /// Until when they have it.
    pub lease_time: Option<Time>,
    /// The latest that this can be.
    pub deadline: Option<Time>,
    /// When it was asked to stop.
    pub cancel_time: Option<Time>,
    /// When it ended.
    pub finish_time: Option<Time>,
    /// What its worker said of its end.
    pub ending: Ending,
    /// What it ended with; none: nothing, or it was not to be kept.
    pub output: Option<DataclipId>,
}

/// What a worker says of a run's end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// For people: why it did not succeed. At most 1,000 characters.
    pub message: String,
    /// The end of its log, or what matters of it. At most 16 KiB.
    pub log_summary: String,
    /// What it used.
    pub usage: Usage,
}

/// What a run used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Steps that it ran.
    pub steps: i64,
    /// How long that took, in microseconds.
    pub duration: i64,
    /// Tokens of language models.
    pub ai_tokens: i64,
}

/// A dataclip without its body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dataclip {
    /// A UUID of version 7.
    pub id: DataclipId,
    /// Where.
    pub project: ProjectId,
    /// Where it is from.
    pub kind: DataclipKind,
    /// What a person called it, so that it is kept; empty: it goes when retention says so.
    pub name: String,
    /// How many bytes it has, or had before it was erased.
    pub size: i64,
    /// The run that made it.
    pub run: Option<RunId>,
    /// The step that made it.
    pub job: Option<JobId>,
    /// When it was made.
    pub create_time: Time,
    /// By whom.
    pub creator: PrincipalId,
    /// When its body was erased.
    pub erase_time: Option<Time>,
}

impl RunState {
    /// Every state that a run can end in.
    pub const ENDS: [Self; 7] = [
        Self::Success,
        Self::Failed,
        Self::Crashed,
        Self::Exception,
        Self::Cancelled,
        Self::Killed,
        Self::Lost,
    ];

    /// Whether it has ended.
    pub fn is_over(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }

    /// From its number in the database.
    pub const fn from_number(number: i64) -> Option<Self> {
        Some(match number {
            1 => Self::Queued,
            2 => Self::Running,
            3 => Self::Success,
            4 => Self::Failed,
            5 => Self::Crashed,
            6 => Self::Exception,
            7 => Self::Cancelled,
            8 => Self::Killed,
            9 => Self::Lost,
            _ => return None,
        })
    }

    /// The word for it in messages.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Crashed => "crashed",
            Self::Exception => "exception",
            Self::Cancelled => "cancelled",
            Self::Killed => "killed",
            Self::Lost => "lost",
        }
    }
}

impl Cause {
    /// From its number in the database.
    pub const fn from_number(number: i64) -> Option<Self> {
        match number {
            1 => Some(Self::Manual),
            2 => Some(Self::Webhook),
            3 => Some(Self::Cron),
            _ => None,
        }
    }

    /// Where what such a run begins with is from.
    pub const fn input(self) -> DataclipKind {
        match self {
            Self::Manual => DataclipKind::SavedInput,
            Self::Webhook => DataclipKind::HttpRequest,
            Self::Cron => DataclipKind::Global,
        }
    }
}

impl DataclipKind {
    /// From its number in the database.
    pub const fn from_number(number: i64) -> Option<Self> {
        match number {
            1 => Some(Self::Global),
            2 => Some(Self::SavedInput),
            3 => Some(Self::HttpRequest),
            4 => Some(Self::StepResult),
            5 => Some(Self::RunResult),
            _ => None,
        }
    }

    /// Whether people make such ones, and sandboxes may be given copies: what runs made is theirs.
    pub const fn is_input(self) -> bool {
        matches!(self, Self::Global | Self::SavedInput | Self::HttpRequest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_states_causes_and_kinds_are_kept() {
        for number in 1..=9 {
            let state = RunState::from_number(number).unwrap();
            assert_eq!(state as i64, number);
            assert_eq!(state.is_over(), RunState::ENDS.contains(&state));
        }
        for number in 1..=3 {
            assert_eq!(Cause::from_number(number).unwrap() as i64, number);
        }
        for number in 1..=5 {
            let kind = DataclipKind::from_number(number).unwrap();
            assert_eq!((kind as i64, kind.is_input()), (number, number <= 3));
        }
        for number in [i64::MIN, 0, 10] {
            assert!(RunState::from_number(number).is_none());
            assert!(Cause::from_number(number).is_none() && DataclipKind::from_number(number).is_none());
        }
    }
}
