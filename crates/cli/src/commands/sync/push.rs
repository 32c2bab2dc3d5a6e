//! `project push`.

use sandbar_client::Reason;
use sandbar_client::v1::ImportHeader;
use uuid::Uuid;

use super::{PushArgs, fetch};
use crate::failure::Failure;
use crate::output::note;
use crate::render::{push as render, shell};
use crate::session::Session;
use crate::workspace::layout::Layout;
use crate::workspace::plan::{self, Plan, Sides};
use crate::workspace::project::Project;
use crate::workspace::read::Local;
use crate::workspace::{Kept, Workspace, endpoint, is_id};

/// Lays the files over the project as it is now, and makes it so.
pub(crate) async fn push(session: &Session, args: PushArgs) -> Result<(), Failure> {
    let workspace = Workspace::open(&args.place.workspace)?;
    let layout = workspace.layout();
    let uuid = layout.project("uuid").ok_or_else(|| {
        let problem = "no project is checked out in this folder; see `sandbar project pull`, and --workspace";
        Failure::Here(problem.into())
    })?;
    check_server(session, &layout, args.force)?;
    let current = workspace.current()?;
    let base = current.as_ref().map(|kept| &kept.project);
    let local = files(&workspace, base, args.force)?;
    let (state, fresh, head) = fetch(session, uuid).await?;
    let how_to_link = format!("sandbar credential link {}", shell([uuid]));
    let sides = Sides {
        local: &local,
        collections: layout.collections(),
        base,
        fresh: &fresh,
        state: &state,
        force: args.force,
        how_to_link: &how_to_link,
    };
    let plan = plan::plan(&sides, &mut new_id)?;
    if !plan.notes.is_empty() {
        note(render::notes(&plan.notes).trim_end())?;
    }
    let is_pushed = !plan.changes.is_empty() && !args.dry_run;
    if !plan.changes.is_empty() {
        send(session, (uuid, head), &plan, args.dry_run).await?;
    }
    let text = || render::text(&plan, &format!("{}  {uuid}", fresh.name));
    session.out.show_value(|| Ok(render::value(&plan, uuid, is_pushed)), text)?;
    if args.dry_run {
        return note("Only checked: nothing was changed.");
    }
    let said = layout.project("alias").filter(|alias| is_id(alias)).unwrap_or("main");
    let alias = current.as_ref().map_or(said, |kept| &kept.alias).to_owned();
    renew(session, &workspace, (uuid, alias), base, &local).await
}

/// An id for something that is new in the files: the edges of the document name its steps by it.
fn new_id() -> String {
    // Below the server ids are arguments; a client is where they come from.
    #[expect(clippy::disallowed_methods)]
    Uuid::new_v4().to_string()
}

/// What the files say, unless that can't be what was meant.
fn files(workspace: &Workspace, base: Option<&Project>, force: bool) -> Result<Vec<Local>, Failure> {
    let local = workspace.local(base)?;
    let Some(base) = base else {
        if force {
            return Ok(local);
        }
        return Err(Failure::Here(
            "there is no project file of the project that is checked out, so nobody knows what was edited; \
             take the project's files with `sandbar project pull … --force`, or push these over it with --force"
                .to_owned(),
        ));
    };
    if local.is_empty() && !base.workflows.is_empty() && !force {
        let problem = "there is no workflow in the folder; to delete all of the project's, push with --force";
        return Err(Failure::Here(problem.to_owned()));
    }
    let half = workspace.half_deleted(base, &local)?;
    if half.is_empty() {
        return Ok(local);
    }
    let half: Vec<_> = half.iter().map(|file| file.display().to_string()).collect();
    Err(Failure::Here(format!(
        "these files are gone, but not the bodies beside them; to delete a workflow, remove its whole folder:\n  {}",
        half.join("\n  ")
    )))
}

/// The files of one server are not pushed to another by mistake: a copy of a database has the same ids.
fn check_server(session: &Session, layout: &Layout, force: bool) -> Result<(), Failure> {
    let here = endpoint(&session.server);
    match layout.project("endpoint") {
        Some(there) if endpoint(there) != here && !force => Err(Failure::Here(format!(
            "the project that is checked out is one of {there}, and this would push to {here}; \
             choose the server with --server or --context, or push all the same with --force"
        ))),
        _ => Ok(()),
    }
}

/// Sends the plan, which is for the project as it was when it was read: an edit of this moment is not to be undone.
async fn send(
    session: &Session,
    (project_id, head): (&str, i64),
    plan: &Plan,
    validate_only: bool,
) -> Result<(), Failure> {
    let header = ImportHeader {
        project_id: project_id.to_owned(),
        validate_only,
        head_revision: Some(head),
        ..Default::default()
    };
    let document = plan.document.to_string();
    match session.client.projects().import_project(header, document.as_bytes(), |_| {}).await {
        Err(error) if error.reason() == Some(Reason::EtagMismatch) => Err(Failure::Here(
            "the project was changed just now, and nothing was pushed; push again".to_owned(),
        )),
        sent => Ok(sent.map(|_| ())?),
    }
}

/// Brings the files up to date with the project as it is after the push.
async fn renew(
    session: &Session,
    workspace: &Workspace,
    (project_id, alias): (&str, String),
    base: Option<&Project>,
    local: &[Local],
) -> Result<(), Failure> {
    let renewed = async {
        let (_, project, _) = fetch(session, project_id).await?;
        let next = Kept { alias, project };
        if workspace.local(base)? != local {
            return Err(Failure::Here("the files were edited meanwhile".to_owned()));
        }
        workspace.check_out(base, &next, local)?;
        workspace.keep(&next)
    };
    renewed.await.map_err(|failure| {
        let done = "the project is pushed, but the files are not up to date with it";
        Failure::Here(format!(
            "{done}: {failure}\nRun `sandbar project pull` with the project's id {project_id}"
        ))
    })
}
