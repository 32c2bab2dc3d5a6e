//! Runs and dataclips that a project's retention keeps no longer.

use sandbar_model::{
    ProjectId, Result, Time,
    project::{RetentionPolicy, Settings},
    run::RunState,
    time::{DAY, HOUR},
};
use sandbar_store::{dataclip, project, run};

use super::{
    Round,
    upkeep::{Lost, Tree},
};
use crate::repeat::retry;

/// What goes: everything of before these times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cutoffs {
    /// Runs that succeeded.
    success: Option<Time>,
    /// Runs that ended otherwise.
    errors: Option<Time>,
    /// The bodies of dataclips.
    bodies: Option<Time>,
    /// Dataclips of which no run is left.
    unused: Option<Time>,
}

/// What came of a batch.
enum Batch {
    Done(u64),
    /// Nothing was done: it must be noted before that there will be garbage.
    Unnoted,
    Lost,
}

impl Cutoffs {
    fn of(settings: &Settings, now: Time) -> Self {
        let ago = |days: Option<u32>| days.map(|days| now.plus(-i64::from(days) * DAY));
        let history = ago(settings.history_retention_days);
        let (success, errors) = match settings.retention_policy {
            RetentionPolicy::RetainAll => (history, history),
            RetentionPolicy::RetainWithErrors => (Some(now), history),
            RetentionPolicy::EraseAll => (Some(now), Some(now)),
        };
        // A run that is just being started with a dataclip has used it within the hour.
        let unused = success.map(|time| time.min(now.plus(-HOUR)));
        Self { success, errors, bodies: ago(settings.dataclip_retention_days), unused }
    }

    /// With the state of the runs that it is about.
    fn of_runs(self) -> impl Iterator<Item = (RunState, Time)> {
        RunState::ENDS.into_iter().filter_map(move |state| {
            let before = if state == RunState::Success { self.success } else { self.errors };
            before.map(|before| (state, before))
        })
    }
}

impl Tree<'_> {
    /// Erases what is due of one project, in bounded transactions.
    pub(super) async fn erase_history(
        &mut self,
        project: ProjectId,
        round: &mut Round,
    ) -> Result<Result<(), Lost>> {
        loop {
            match retry(|| self.history_batch(project)).await? {
                Batch::Done(0) => return Ok(Ok(())),
                Batch::Done(rows) => round.runs += rows,
                Batch::Unnoted => self.note().await?,
                Batch::Lost => return Ok(Err(Lost)),
            }
        }
    }

    async fn history_batch(&self, project: ProjectId) -> Result<Batch> {
        let Ok(mut tx) = self.batch().await? else { return Ok(Batch::Lost) };
        let Some(project) = project::get(&mut tx, project).await? else { return Ok(Batch::Done(0)) };
        let now = self.app.now();
        let cutoffs = Cutoffs::of(&project.profile.settings, now);
        let (id, limit, mut rows) = (project.id, self.worker.batch, 0);
        for (state, before) in cutoffs.of_runs() {
            let due = run::due(&mut tx, id, state, before, limit).await?;
            // What they pinned may be garbage then.
            if !due.is_empty() && !self.is_noted() {
                return Ok(Batch::Unnoted);
            }
            rows += run::erase(&mut tx, &due).await?;
        }
        if let Some(before) = cutoffs.unused {
            rows += dataclip::delete_unused(&mut tx, id, before, limit).await?;
        }
        if let Some(before) = cutoffs.bodies {
            rows += dataclip::erase_old(&mut tx, id, before, now, limit).await?;
        }
        tx.commit().await?;
        Ok(Batch::Done(rows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time(1000 * DAY);

    fn cutoffs(policy: RetentionPolicy, history: Option<u32>, dataclips: Option<u32>) -> Cutoffs {
        let settings = Settings {
            retention_policy: policy,
            history_retention_days: history,
            dataclip_retention_days: dataclips,
            ..Settings::default()
        };
        Cutoffs::of(&settings, NOW)
    }

    #[test]
    fn what_is_kept_is_as_the_settings_say() {
        let days = |days: i64| Some(NOW.plus(-days * DAY));
        let all = cutoffs(RetentionPolicy::RetainAll, None, None);
        assert_eq!(all, Cutoffs { success: None, errors: None, bodies: None, unused: None });
        let some = cutoffs(RetentionPolicy::RetainAll, Some(30), Some(7));
        let wanted = Cutoffs { success: days(30), errors: days(30), bodies: days(7), unused: days(30) };
        assert_eq!(some, wanted);
        let errors = cutoffs(RetentionPolicy::RetainWithErrors, Some(30), None);
        assert_eq!((errors.success, errors.errors), (Some(NOW), days(30)));
        assert_eq!(errors.unused, Some(NOW.plus(-HOUR)));
        let none = cutoffs(RetentionPolicy::EraseAll, None, None);
        assert_eq!(none.of_runs().count(), RunState::ENDS.len());
        assert!(none.of_runs().all(|(_, before)| before == NOW));
    }
}
