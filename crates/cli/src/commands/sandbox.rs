//! `sandbox …`: clone, see, change, delete, restore.

use std::time::Duration;

use clap::{Args, Subcommand};
use sandbar_client::prost_types;
use sandbar_client::v1::{
    CreateSandboxRequest, DeleteSandboxRequest, DeleteSandboxResponse, GetSandboxRequest,
    GetSandboxTreeRequest, ListSandboxesRequest, ResourceKey, RestoreSandboxRequest, UpdateSandboxRequest,
};

use super::edit::{EditFlags, ExpiryFlags};
use super::project::{off, restored, scheduled, show};
use crate::args::duration;
use crate::choices::kind_word;
use crate::failure::Failure;
use crate::output::confirm;
use crate::render::page::{PLAIN, Page, YELLOW};
use crate::render::{count, tables, tree};
use crate::session::Session;

/// `sandbox …`.
#[derive(Debug, Subcommand)]
pub(crate) enum SandboxCommand {
    /// Clone a project
    Create(CreateArgs),
    /// List the sandboxes directly below a project
    List {
        /// The project
        parent: String,
        /// Also those scheduled for deletion
        #[arg(long)]
        scheduled: bool,
    },
    /// Draw the tree that a project belongs to, with those scheduled for deletion
    Tree {
        /// Any project of the tree
        project: String,
        /// Leave out those scheduled for deletion
        #[arg(long)]
        active: bool,
    },
    /// Show a sandbox and how much of it is unmerged
    Get {
        /// The sandbox
        sandbox: String,
    },
    /// Change a sandbox
    Edit {
        /// The sandbox
        sandbox: String,
        #[command(flatten)]
        flags: EditFlags,
        #[command(flatten)]
        expiry: ExpiryFlags,
    },
    /// Schedule a sandbox and those below it for deletion
    Delete {
        /// The sandbox
        sandbox: String,
        /// Move its direct children to its parent instead of deleting them with it
        #[arg(long)]
        keep_children: bool,
        /// Don't ask
        #[arg(short, long)]
        yes: bool,
    },
    /// Take a sandbox that is scheduled for deletion back
    Restore {
        /// The sandbox
        sandbox: String,
        /// A new name, when the old one was taken meanwhile
        #[arg(long, default_value = "", hide_default_value = true)]
        name: String,
    },
}

/// `sandbox create`.
#[derive(Args, Debug)]
pub(crate) struct CreateArgs {
    /// The project to clone
    parent: String,
    /// a-z, 0-9 and -, 1 to 100 characters
    name: String,
    /// #rgb, #rrggbb or #rrggbbaa. Default: a random one
    #[arg(long, default_value = "", hide_default_value = true)]
    color_code: String,
    /// The environment, whose credential values its runs use. Default: dev
    #[arg(long, default_value = "", hide_default_value = true, value_name = "LABEL")]
    env: String,
    /// Schedule it for deletion after this long: 1h to 365d. Default: never
    #[arg(long, value_parser = duration)]
    ttl: Option<Duration>,
    /// At most 240 characters
    #[arg(long, default_value = "", hide_default_value = true)]
    description: String,
    /// Check everything and change nothing
    #[arg(long)]
    validate_only: bool,
}

/// Runs one.
pub(crate) async fn run(session: &Session, command: SandboxCommand) -> Result<(), Failure> {
    match command {
        SandboxCommand::Create(args) => create(session, args).await,
        SandboxCommand::List { parent, scheduled } => list(session, &parent, scheduled).await,
        SandboxCommand::Tree { project, active } => draw(session, &project, !active).await,
        SandboxCommand::Get { sandbox } => get(session, &sandbox).await,
        SandboxCommand::Edit { sandbox, flags, expiry } => edit(session, &sandbox, flags, &expiry).await,
        SandboxCommand::Delete { sandbox, keep_children, yes } => {
            delete(session, &sandbox, keep_children, yes).await
        }
        SandboxCommand::Restore { sandbox, name } => restore(session, &sandbox, name).await,
    }
}

async fn create(session: &Session, args: CreateArgs) -> Result<(), Failure> {
    let far = |_| Failure::Usage("--ttl is too long; 365d is the most".to_owned());
    let request = CreateSandboxRequest {
        parent_id: session.project(&args.parent).await?,
        name: args.name,
        description: args.description,
        color: args.color_code,
        environment: args.env,
        ttl: args.ttl.map(prost_types::Duration::try_from).transpose().map_err(far)?,
        validate_only: args.validate_only,
        ..Default::default()
    };
    show(session, &session.client.sandboxes().create_sandbox(request).await?.sandbox.unwrap_or_default())
}

async fn list(session: &Session, parent: &str, show_scheduled: bool) -> Result<(), Failure> {
    let parent_id = session.project(parent).await?;
    let request = ListSandboxesRequest { parent_id, show_scheduled, page_size: 500, ..Default::default() };
    let sandboxes = session.client.list(request).all().await?;
    session.out.list(&sandboxes, |sandboxes| tables::projects(sandboxes, session.now))
}

async fn draw(session: &Session, reference: &str, show_scheduled: bool) -> Result<(), Failure> {
    let project_id = session.project(reference).await?;
    let request = GetSandboxTreeRequest { project_id, show_scheduled };
    let answer = session.client.sandboxes().get_sandbox_tree(request).await?;
    session.out.show(&answer, || tree::tree(&answer.projects, session.now))
}

async fn get(session: &Session, reference: &str) -> Result<(), Failure> {
    let request = GetSandboxRequest { sandbox_id: session.project(reference).await? };
    let answer = session.client.sandboxes().get_sandbox(request).await?;
    let more = [("unmerged", count(answer.unmerged_count, "resource", "resources"))];
    let sandbox = answer.sandbox.clone().unwrap_or_default();
    session.out.show(&answer, || tables::project(&sandbox, &more, session.now))
}

async fn edit(
    session: &Session,
    reference: &str,
    flags: EditFlags,
    expiry: &ExpiryFlags,
) -> Result<(), Failure> {
    let edit = flags.edit(Some(expiry), session.now)?;
    let request = UpdateSandboxRequest {
        sandbox_id: session.project(reference).await?,
        sandbox: Some(edit.project),
        update_mask: Some(edit.mask),
        ..Default::default()
    };
    show(session, &session.client.sandboxes().update_sandbox(request).await?.sandbox.unwrap_or_default())
}

async fn delete(session: &Session, reference: &str, keep_children: bool, yes: bool) -> Result<(), Failure> {
    let sandbox_id = session.project(reference).await?;
    if !yes {
        let with = if keep_children { "" } else { " and every sandbox below it" };
        let question = format!("Schedule {reference}{with} for deletion?");
        if confirm(&question)? == Some(false) {
            return Err(Failure::Here("nothing was deleted".to_owned()));
        }
    }
    let request = DeleteSandboxRequest { sandbox_id, keep_children, ..Default::default() };
    let answer = session.client.sandboxes().delete_sandbox(request).await?;
    session.out.show(&answer, || deleted(session, &answer))
}

fn deleted(session: &Session, answer: &DeleteSandboxResponse) -> String {
    let mut page = Page::default();
    page.line(PLAIN, scheduled(session, &answer.scheduled));
    for moved in &answer.moved {
        page.line(PLAIN, format_args!("moved up   {}  {}", moved.name, moved.id));
    }
    if !answer.unmerged.is_empty() {
        page.line(YELLOW, "This work exists nowhere else and goes with them:");
    }
    for one in &answer.unmerged {
        let kind = kind_word(one.resource.as_ref().map(ResourceKey::kind).unwrap_or_default());
        let sandbox = answer.scheduled.iter().find(|project| project.id == one.project_id);
        let sandbox = sandbox.map_or(&one.project_id, |project| &project.name);
        page.line(YELLOW, format_args!("  {kind} {:?} in {sandbox}", one.name));
    }
    page.line(PLAIN, "Until then `sandbar sandbox restore` brings it back.");
    page.finish()
}

async fn restore(session: &Session, reference: &str, name: String) -> Result<(), Failure> {
    let sandbox_id = session.scheduled_project(reference).await?;
    let request = RestoreSandboxRequest { sandbox_id, name, ..Default::default() };
    let answer = session.client.sandboxes().restore_sandbox(request).await?;
    off(&answer.triggers_turned_off)?;
    session.out.show(&answer, || restored(&answer.restored))
}
