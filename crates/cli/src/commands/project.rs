//! `project …`: roots, and what all projects have in common.

use clap::Subcommand;
use sandbar_client::v1::{
    CreateProjectRequest, DeleteProjectRequest, GetProjectRequest, ListProjectsRequest, Project,
    RestoreProjectRequest, TriggerRef, UpdateProjectRequest,
};

use super::edit::EditFlags;
use super::sync::{self, CheckoutArgs, PullArgs, PushArgs};
use super::transfer::{self, ExportArgs, ImportArgs};
use crate::failure::Failure;
use crate::output::{confirm, note};
use crate::render::{count, tables, visible};
use crate::session::Session;

/// `project …`.
#[derive(Debug, Subcommand)]
pub(crate) enum ProjectCommand {
    /// Make an empty root project
    Create {
        /// a-z, 0-9 and -, 1 to 100 characters
        name: String,
        /// At most 240 characters
        #[arg(long, default_value = "", hide_default_value = true)]
        description: String,
        /// #rgb, #rrggbb or #rrggbbaa
        #[arg(long, default_value = "", hide_default_value = true)]
        color_code: String,
        /// The environment, whose credential values its runs use. Default: main
        #[arg(long, default_value = "", hide_default_value = true, value_name = "LABEL")]
        env: String,
    },
    /// List every project that you see, sandboxes included
    List {
        /// Only roots
        #[arg(long)]
        roots: bool,
        /// Also those scheduled for deletion
        #[arg(long)]
        scheduled: bool,
    },
    /// Show a project
    Get {
        /// The project
        project: String,
    },
    /// Change a root project. A sandbox: `sandbar sandbox edit`
    Edit {
        /// The project
        project: String,
        #[command(flatten)]
        flags: EditFlags,
    },
    /// Schedule a root project and its sandboxes for deletion
    Delete {
        /// The project
        project: String,
        /// Don't ask
        #[arg(short, long)]
        yes: bool,
    },
    /// Take a root project that is scheduled for deletion back
    Restore {
        /// The project
        project: String,
    },
    /// Make a project equal to a document, or make a new one of it
    Import(ImportArgs),
    /// Write a project as a document
    Export(ExportArgs),
    /// Get a project as files and check it out
    Pull(PullArgs),
    /// Make the project that is checked out as its files are
    Push(PushArgs),
    /// Check out a project that was pulled before
    Checkout(CheckoutArgs),
}

/// Runs one.
pub(crate) async fn run(session: &Session, command: ProjectCommand) -> Result<(), Failure> {
    match command {
        ProjectCommand::Create { name, description, color_code: color, env: environment } => {
            create(session, Project { name, description, color, environment, ..Default::default() }).await
        }
        ProjectCommand::List { roots, scheduled } => list(session, roots, scheduled).await,
        ProjectCommand::Get { project } => get(session, &project).await,
        ProjectCommand::Edit { project, flags } => edit(session, &project, flags).await,
        ProjectCommand::Delete { project, yes } => delete(session, &project, yes).await,
        ProjectCommand::Restore { project } => restore(session, &project).await,
        ProjectCommand::Import(args) => transfer::import(session, args).await,
        ProjectCommand::Export(args) => transfer::export(session, args).await,
        ProjectCommand::Pull(args) => sync::pull(session, args).await,
        ProjectCommand::Push(args) => sync::push(session, args).await,
        ProjectCommand::Checkout(args) => sync::checkout(session.out, &args),
    }
}

async fn create(session: &Session, project: Project) -> Result<(), Failure> {
    let request = CreateProjectRequest { project: Some(project), ..Default::default() };
    show(session, &session.client.projects().create_project(request).await?.project.unwrap_or_default())
}

async fn list(session: &Session, roots_only: bool, show_scheduled: bool) -> Result<(), Failure> {
    let request = ListProjectsRequest { roots_only, show_scheduled, page_size: 500, ..Default::default() };
    let projects = session.client.list(request).all().await?;
    session.out.list(&projects, |projects| tables::projects(projects, session.now))
}

async fn get(session: &Session, reference: &str) -> Result<(), Failure> {
    let request = GetProjectRequest { project_id: session.project(reference).await? };
    show(session, &session.client.projects().get_project(request).await?.project.unwrap_or_default())
}

async fn edit(session: &Session, reference: &str, flags: EditFlags) -> Result<(), Failure> {
    let edit = flags.edit(None, session.now)?;
    let request = UpdateProjectRequest {
        project_id: session.project(reference).await?,
        project: Some(edit.project),
        update_mask: Some(edit.mask),
        ..Default::default()
    };
    show(session, &session.client.projects().update_project(request).await?.project.unwrap_or_default())
}

async fn delete(session: &Session, reference: &str, yes: bool) -> Result<(), Failure> {
    let project_id = session.project(reference).await?;
    let question = format!("Schedule {reference} and all its sandboxes for deletion?");
    if !yes && confirm(&question)? == Some(false) {
        return Err(Failure::Here("nothing was deleted".to_owned()));
    }
    let request = DeleteProjectRequest { project_id, ..Default::default() };
    let answer = session.client.projects().delete_project(request).await?;
    session.out.show(&answer, || scheduled(session, &answer.scheduled))
}

async fn restore(session: &Session, reference: &str) -> Result<(), Failure> {
    let project_id = session.scheduled_project(reference).await?;
    let request = RestoreProjectRequest { project_id, ..Default::default() };
    let answer = session.client.projects().restore_project(request).await?;
    off(&answer.triggers_turned_off)?;
    session.out.show(&answer, || restored(&answer.restored))
}

/// Prints one project.
pub(crate) fn show(session: &Session, project: &Project) -> Result<(), Failure> {
    session.out.show(project, || tables::project(project, &[], session.now))
}

/// What was scheduled and until when it can be restored.
pub(crate) fn scheduled(session: &Session, projects: &[Project]) -> String {
    let line = |project: &Project| {
        let gone = project
            .purge_time
            .as_ref()
            .map_or_else(|| "-".to_owned(), |time| tables::both(session.now, time));
        format!("scheduled  {}  {}  gone for good {gone}", project.name, project.id)
    };
    visible(&projects.iter().map(line).collect::<Vec<_>>().join("\n")).into_owned()
}

/// What was restored.
pub(crate) fn restored(projects: &[Project]) -> String {
    let line = |project: &Project| format!("restored  {}  {}", project.name, project.id);
    visible(&projects.iter().map(line).collect::<Vec<_>>().join("\n")).into_owned()
}

/// Tells which triggers were on before a deletion and stay off.
pub(crate) fn off(triggers: &[TriggerRef]) -> Result<(), Failure> {
    if triggers.is_empty() {
        return Ok(());
    }
    let number = i64::try_from(triggers.len()).unwrap_or(i64::MAX);
    note(&format!("{} that ran before stay off:", count(number, "trigger", "triggers")))?;
    for one in triggers {
        note(&format!("  {} in project {}", one.trigger_id, one.project_id))?;
    }
    note("Turn them on with `sandbar workflow trigger on`.")
}
