//! A run as its worker gets it.

use std::{fmt, sync::Arc};

use sandbar_model::{Error, Result, Run, TriggerId, Workflow, access::RunSecret};
use sandbar_store::{Tx, dataclip, project, run::token};
use secrecy::SecretString;

use crate::{App, workflows::as_workflow};

/// A run, and all that its worker needs.
pub struct Work {
    /// The run.
    pub run: Run,
    /// Whether its project is a root: decides the triggers' path ids.
    pub in_root: bool,
    /// What to run.
    pub workflow: Workflow<Arc<str>>,
    /// Its triggers that are on.
    pub enabled: Arc<[TriggerId]>,
    /// What to begin with.
    pub dataclip: SecretString,
    /// The label that picks values.
    pub environment: String,
    /// The token of the run.
    pub secret: RunSecret,
    /// How large all of it is, in bytes.
    pub size: usize,
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Work").field("run", &self.run).field("size", &self.size).finish_non_exhaustive()
    }
}

impl App {
    /// Gives a run to the worker that has it, with a new token in place of one that was given out for the same attempt.
    pub(super) async fn hand_out(&self, tx: &mut Tx, run: Run) -> Result<Work> {
        let secret = RunSecret::from_random(self.world.random());
        token::replace(tx, &run, &secret.hash(), self.now()).await?;
        let project = project::get(tx, run.project).await?.ok_or(Error::Bug("a run's project is gone"))?;
        let document = self.contents.document(tx, run.root, run.content).await?;
        let stored = as_workflow(&document)?.clone();
        let hashes = stored.jobs.iter().map(|job| job.body).collect();
        let bodies = self.contents.bodies(tx, run.root, hashes).await?;
        let workflow = stored.map_bodies(|hash| bodies.get(&hash).cloned().unwrap_or_default());
        let dataclip = dataclip::body(tx, run.dataclip).await?.unwrap_or_default();
        let size = dataclip.len() + workflow.jobs.iter().map(|job| job.body.len()).sum::<usize>();
        let triggers: Vec<_> = workflow.triggers.iter().map(|trigger| trigger.id).collect();
        let states = sandbar_store::trigger::states(tx, run.project, &triggers).await?;
        let enabled = triggers.into_iter().filter(|id| states.get(id) == Some(&true)).collect();
        Ok(Work {
            in_root: !project.is_sandbox(),
            environment: project.profile.environment,
            dataclip: SecretString::from(dataclip),
            run,
            workflow,
            enabled,
            secret,
            size,
        })
    }
}
