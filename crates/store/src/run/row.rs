//! A run's columns, in one place.

use sandbar_model::{
    Error, ProjectId, Result, Revision, Run, Time,
    run::{Cause, Ending, RunState, Usage},
};
use uuid::Uuid;

use crate::{
    content,
    db::{FromRow, Row},
};

/// The columns of a run in the order in which it is read.
macro_rules! columns {
    () => {
        "id, root_id, project_id, workflow_id, workflow_name, revision, content_hash, cause, trigger_id, job_id, \
         dataclip_id, concurrency, state, attempt, creator_id, create_time, worker_id, claim_time, lease_time, deadline, \
         cancel_time, finish_time, message, log_summary, step_count, duration, ai_tokens, output_id"
    };
}
pub(crate) use columns;

impl FromRow for Run {
    fn from_row(row: &Row) -> Result<Self> {
        let time = |at| Ok(row.get::<Option<i64>>(at)?.map(Time));
        let concurrency: Option<i64> = row.get(11)?;
        Ok(Self {
            id: row.get::<Uuid>(0)?.into(),
            root: row.get::<Uuid>(1)?.into(),
            project: ProjectId(row.get(2)?),
            workflow: row.get::<Uuid>(3)?.into(),
            workflow_name: row.get(4)?,
            revision: Revision(row.get(5)?),
            content: content::hash(&row.get::<Vec<u8>>(6)?)?,
            cause: Cause::from_number(row.get(7)?).ok_or(Error::Bug("a stored run's cause is unknown"))?,
            trigger: row.get::<Option<Uuid>>(8)?.map(Into::into),
            job: row.get::<Option<Uuid>>(9)?.map(Into::into),
            dataclip: row.get::<Uuid>(10)?.into(),
            concurrency: concurrency.map(|number| u32::try_from(number).unwrap_or(u32::MAX)),
            state: RunState::from_number(row.get(12)?)
                .ok_or(Error::Bug("a stored run's state is unknown"))?,
            attempt: row.get(13)?,
            creator: row.get::<Uuid>(14)?.into(),
            create_time: Time(row.get(15)?),
            worker: row.get::<Option<Uuid>>(16)?.map(Into::into),
            claim_time: time(17)?,
            lease_time: time(18)?,
            deadline: time(19)?,
            cancel_time: time(20)?,
            finish_time: time(21)?,
            ending: Ending {
                message: row.get(22)?,
                log_summary: row.get(23)?,
                usage: Usage { steps: row.get(24)?, duration: row.get(25)?, ai_tokens: row.get(26)? },
            },
            output: row.get::<Option<Uuid>>(27)?.map(Into::into),
        })
    }
}
