//! `project pull`, `push` and `checkout`: projects as files, in the format of OpenFn's tools.

mod push;

use std::path::PathBuf;

use clap::Args;
use sandbar_client::v1::GetProjectRequest;
use serde_json::{Value, json};

pub(crate) use self::push::push;
use crate::failure::Failure;
use crate::output::Out;
use crate::render::{count, visible};
use crate::session::Session;
use crate::workspace::project::Project;
use crate::workspace::{Kept, Workspace, endpoint, is_id, slug};

/// Where the files are.
#[derive(Args, Debug)]
pub(crate) struct Place {
    /// The folder of the workspace
    #[arg(short, long, default_value = ".", value_name = "DIR")]
    workspace: PathBuf,
}

/// `project pull`.
#[derive(Args, Debug)]
pub(crate) struct PullArgs {
    /// The project
    project: String,
    #[command(flatten)]
    place: Place,
    /// What to call it here. Default: main, or a sandbox's name
    #[arg(long, value_name = "NAME")]
    alias: Option<String>,
    /// Overwrite files that were edited here
    #[arg(long)]
    force: bool,
}

/// `project push`.
#[derive(Args, Debug)]
pub(crate) struct PushArgs {
    #[command(flatten)]
    place: Place,
    /// Check everything, show what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Push over what was changed on the server since
    #[arg(long)]
    force: bool,
}

/// `project checkout`.
#[derive(Args, Debug)]
pub(crate) struct CheckoutArgs {
    /// What it is called here (`main`, or `main@host`), its name, or its id
    project: String,
    #[command(flatten)]
    place: Place,
    /// Overwrite files that were edited here
    #[arg(long)]
    force: bool,
}

/// Gets a project, writes its project file and checks it out.
pub(crate) async fn pull(session: &Session, args: PullArgs) -> Result<(), Failure> {
    let project_id = session.project(&args.project).await?;
    let (_, project, _) = fetch(session, &project_id).await?;
    let workspace = Workspace::open(&args.place.workspace)?;
    let next = Kept { alias: alias(&args, &project)?, project };
    let file = workspace.project_file(&next.alias, &next.project.openfn.endpoint);
    if let Some(there) = workspace.project(&file)?
        && there.openfn.uuid != next.project.openfn.uuid
    {
        return Err(Failure::Here(format!(
            "{} is of another project ({}, {}); choose another name with --alias",
            file.display(),
            there.name,
            there.openfn.uuid
        )));
    }
    replace(&workspace, &next, args.force)?;
    workspace.keep(&next)?;
    checked_out(session.out, &next)
}

/// Checks out a project of which there is a project file.
pub(crate) fn checkout(out: Out, args: &CheckoutArgs) -> Result<(), Failure> {
    let workspace = Workspace::open(&args.place.workspace)?;
    let next = find(&workspace, &args.project)?;
    replace(&workspace, &next, args.force)?;
    checked_out(out, &next)
}

/// Writes the files of a project in place of those that are there, unless edits would be lost.
fn replace(workspace: &Workspace, next: &Kept, force: bool) -> Result<(), Failure> {
    let current = workspace.current()?;
    let base = current.as_ref().map(|kept| &kept.project);
    if !force {
        let edits = workspace.edits(base, &next.project)?;
        if !edits.is_empty() {
            return Err(Failure::Here(format!(
                "these edits would be lost:\n  {}\nPush them first (`sandbar project push`), or lose them with --force",
                edits.join("\n  ")
            )));
        }
    }
    workspace.check_out(base, next, &[])
}

/// A project as it is now: as a state, as files would have it, and the newest revision that was there before it was read.
async fn fetch(session: &Session, project_id: &str) -> Result<(Value, Project, i64), Failure> {
    let request = GetProjectRequest { project_id: project_id.to_owned() };
    let head =
        session.client.projects().get_project(request).await?.project.map(|project| project.head_revision);
    let mut document = Vec::new();
    session.client.projects().export_project(project_id, &mut document, |_| {}).await?;
    let state: Value = serde_json::from_slice(&document)
        .map_err(|error| Failure::Here(format!("the server's export is not JSON: {error}")))?;
    let project = Project::of(&state, &endpoint(&session.server));
    Ok((state, project, head.unwrap_or_default()))
}

fn alias(args: &PullArgs, project: &Project) -> Result<String, Failure> {
    let alias = match &args.alias {
        Some(alias) => alias.clone(),
        None if project.is_sandbox() => slug(&project.name),
        None => "main".to_owned(),
    };
    if is_id(&alias) {
        return Ok(alias);
    }
    Err(Failure::Usage(format!(
        "{alias:?} can't be the name of a file: --alias may have letters, digits, `_` and `-`"
    )))
}

/// The project that an alias, with or without a host, a name or an id means.
fn find(workspace: &Workspace, wanted: &str) -> Result<Kept, Failure> {
    let mut kept = workspace.projects()?;
    let title = |kept: &Kept| {
        let file = workspace.project_file(&kept.alias, &kept.project.openfn.endpoint);
        file.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    };
    let all: Vec<String> = kept.iter().map(title).collect();
    let by_alias = |one: &Kept| one.alias == wanted || title(one) == wanted;
    let by_name = |one: &Kept| {
        [&one.project.name, &one.project.id, &one.project.openfn.uuid].into_iter().any(|its| its == wanted)
    };
    if kept.iter().any(by_alias) {
        kept.retain(by_alias);
    } else {
        kept.retain(by_name);
    }
    match kept.as_slice() {
        [one] => Ok(one.clone()),
        [] if all.is_empty() => Err(Failure::Here(
            "nothing was pulled into this folder yet; see `sandbar project pull`".to_owned(),
        )),
        [] => Err(Failure::Here(format!("no project {wanted:?} was pulled; there is {}", all.join(", ")))),
        _ => {
            let fits: Vec<String> = kept.iter().map(title).collect();
            Err(Failure::Usage(format!("{wanted:?} fits several; name one of {}", fits.join(", "))))
        }
    }
}

fn checked_out(out: Out, kept: &Kept) -> Result<(), Failure> {
    let Kept { alias, project } = kept;
    let workflows = i64::try_from(project.workflows.len()).unwrap_or(i64::MAX);
    let value = || {
        Ok(
            json!({ "project_id": project.openfn.uuid, "name": project.name, "alias": alias, "workflows": workflows }),
        )
    };
    out.show_value(value, || {
        let workflows = count(workflows, "workflow", "workflows");
        visible(&format!("{}  {}  checked out as {alias}: {workflows}", project.name, project.openfn.uuid))
            .into_owned()
    })
}
