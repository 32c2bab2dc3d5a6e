//! `run …`: starting, seeing and cancelling runs of workflows.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use sandbar_client::v1::{
    CancelRunRequest, GetDataclipRequest, GetRunRequest, ListRunsRequest, RunCause, RunState,
    StartRunRequest, start_run_request::Input,
};

use super::{audit::instant, put::read_text, workflow::workflow_id};
use crate::failure::Failure;
use crate::output::{confirm, note, result};
use crate::render::run as shown;
use crate::session::Session;

const INPUT: &str = r#"What a run begins with is a JSON object of at most 4 MiB: a file, - for standard input, or a dataclip of the project.
Without any it is {}.

  sandbar run start acme/fix "Billing run" --input order.json
  sandbar run start acme "Billing run" --trigger TRIGGER --dataclip DATACLIP"#;

/// `run …`.
#[derive(Debug, Subcommand)]
pub(crate) enum RunCommand {
    /// Put a run of a workflow, as it is now, into the project's queue
    #[command(after_long_help = INPUT)]
    Start(StartArgs),
    /// List a project's runs, newest first
    List(ListArgs),
    /// Show a run, and on request what it ended with
    Show {
        /// The project
        project: String,
        /// The run's id
        run: String,
        /// Print the JSON that it ended with, and nothing else
        #[arg(long)]
        result: bool,
    },
    /// Take a run out of the queue, or ask its worker to stop
    Cancel {
        /// The project
        project: String,
        /// The run's id
        run: String,
        /// Don't ask
        #[arg(short, long)]
        yes: bool,
    },
}

/// The arguments of `run start`.
#[derive(Args, Debug)]
pub(crate) struct StartArgs {
    /// The project
    project: String,
    /// The workflow's id or name
    workflow: String,
    /// By this trigger, which is on. Default: by hand
    #[arg(long, default_value = "", hide_default_value = true, value_name = "ID")]
    trigger: String,
    /// Begin with this step
    #[arg(
        long,
        default_value = "",
        hide_default_value = true,
        value_name = "ID",
        conflicts_with = "trigger"
    )]
    step: String,
    /// What to begin with: a JSON file, or - for standard input
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// What to begin with: a dataclip of the project
    #[arg(long, value_name = "ID", conflicts_with = "input")]
    dataclip: Option<String>,
}

/// The arguments of `run list`.
#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    /// The project
    project: String,
    /// Only of this workflow, by id or name
    #[arg(long)]
    workflow: Option<String>,
    /// Only in this state
    #[arg(long, value_enum)]
    state: Option<State>,
    /// Only started so
    #[arg(long, value_enum)]
    cause: Option<Cause>,
    /// Only started from then on: a time such as 2026-11-22T10:00:00Z, or how long ago, such as 7d
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Only started before then
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    /// At most this many
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

/// See [`RunState`].
#[derive(Clone, Copy, Debug, ValueEnum)]
enum State {
    Queued,
    Running,
    Success,
    Failed,
    Crashed,
    Exception,
    Cancelled,
    Killed,
    Lost,
}

/// See [`RunCause`].
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Cause {
    Manual,
    Webhook,
    Cron,
}

/// Runs one.
pub(crate) async fn run(session: &Session, command: RunCommand) -> Result<(), Failure> {
    match command {
        RunCommand::Start(args) => start(session, args).await,
        RunCommand::List(args) => list(session, args).await,
        RunCommand::Show { project, run, result } => show(session, &project, run, result).await,
        RunCommand::Cancel { project, run, yes } => cancel(session, &project, run, yes).await,
    }
}

async fn start(session: &Session, args: StartArgs) -> Result<(), Failure> {
    let project_id = session.project(&args.project).await?;
    let input = match (args.input, args.dataclip) {
        (Some(file), _) => Some(Input::Body(read_text(&file)?)),
        (None, Some(id)) => Some(Input::DataclipId(id)),
        (None, None) => None,
    };
    let request = StartRunRequest {
        workflow_id: workflow_id(session, &project_id, &args.workflow).await?,
        project_id,
        trigger_id: args.trigger,
        job_id: args.step,
        input,
        ..Default::default()
    };
    let started = session.client.runs().start_run(request).await?.run.unwrap_or_default();
    session.out.show(&started, || shown::line(&started))
}

async fn list(session: &Session, args: ListArgs) -> Result<(), Failure> {
    let project_id = session.project(&args.project).await?;
    let workflow_id = match &args.workflow {
        Some(workflow) => workflow_id(session, &project_id, workflow).await?,
        None => String::new(),
    };
    let request = ListRunsRequest {
        project_id,
        workflow_id,
        state: args.state.map_or(0, |state| RunState::from(state).into()),
        cause: args.cause.map_or(0, |cause| RunCause::from(cause).into()),
        since: instant(args.since, session.now)?,
        until: instant(args.until, session.now)?,
        page_size: i32::try_from(args.limit.min(500)).unwrap_or(500),
        ..Default::default()
    };
    let mut items = session.client.list(request);
    let mut runs = Vec::new();
    while runs.len() < args.limit
        && let Some(run) = items.next().await
    {
        runs.push(run?);
    }
    session.out.list(&runs, |runs| shown::list(runs, session.now))
}

async fn show(session: &Session, project: &str, run_id: String, whole: bool) -> Result<(), Failure> {
    let project_id = session.project(project).await?;
    let request = GetRunRequest { project_id: project_id.clone(), run_id };
    let run = session.client.runs().get_run(request).await?.run.unwrap_or_default();
    if !whole {
        return session.out.show(&run, || shown::whole(&run, session.now));
    }
    if run.output_dataclip_id.is_empty() {
        return Err(Failure::Here("the run ended with nothing that is kept".to_owned()));
    }
    let request = GetDataclipRequest { project_id, dataclip_id: run.output_dataclip_id };
    let found = session.client.runs().get_dataclip(request).await?;
    if found.body.is_empty() {
        return Err(Failure::Here("what the run ended with was erased".to_owned()));
    }
    result(&found.body)
}

async fn cancel(session: &Session, project: &str, run_id: String, yes: bool) -> Result<(), Failure> {
    let project_id = session.project(project).await?;
    if !yes && confirm(&format!("Cancel the run {run_id} in {project}?"))? == Some(false) {
        return Err(Failure::Here("nothing was cancelled".to_owned()));
    }
    let request = CancelRunRequest { project_id, run_id, ..Default::default() };
    let run = session.client.runs().cancel_run(request).await?.run.unwrap_or_default();
    if run.state() == RunState::Running {
        note("its worker was asked to stop")?;
    }
    session.out.show(&run, || shown::line(&run))
}

impl From<State> for RunState {
    fn from(state: State) -> Self {
        match state {
            State::Queued => Self::Queued,
            State::Running => Self::Running,
            State::Success => Self::Success,
            State::Failed => Self::Failed,
            State::Crashed => Self::Crashed,
            State::Exception => Self::Exception,
            State::Cancelled => Self::Cancelled,
            State::Killed => Self::Killed,
            State::Lost => Self::Lost,
        }
    }
}

impl From<Cause> for RunCause {
    fn from(cause: Cause) -> Self {
        match cause {
            Cause::Manual => Self::Manual,
            Cause::Webhook => Self::Webhook,
            Cause::Cron => Self::Cron,
        }
    }
}
