//! Records of merges: one, and lists of them.

use std::collections::HashMap;

use clap::{Args, ValueEnum};
use sandbar_client::v1::merge_choice::Resource;
use sandbar_client::v1::{
    GetMergeChangesRequest, GetMergeRequest, ListMergesRequest, ListProjectsRequest, MergeDirection,
    ResourceKey, ResourceKind, merge,
};

use crate::args::Format;
use crate::choices::selected;
use crate::failure::Failure;
use crate::json::to_json;
use crate::output::result;
use crate::render::diff::Frame;
use crate::render::report::{self, Names};
use crate::render::{Look, tables};
use crate::resolve::Paths;
use crate::session::Session;

/// `merge list`.
#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    /// The project
    project: String,
    /// Only those into it
    #[arg(long, conflicts_with = "out_of")]
    into: bool,
    /// Only those out of it
    #[arg(long)]
    out_of: bool,
    /// Only those of this kind
    #[arg(long, value_enum)]
    kind: Option<KindWord>,
    /// Only those with this project on the other side
    #[arg(long, value_name = "PROJECT")]
    with: Option<String>,
    /// Only those that wrote X: a workflow's id, a name that a workflow of the project has, or KIND:ID
    #[arg(long, value_name = "X")]
    resource: Option<String>,
}

/// The kinds of merges.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum KindWord {
    /// To an ancestor, or between any other two projects
    Merge,
    /// To a descendant.
    Sync,
    /// The undo of another one.
    Revert,
}

/// Prints what a merge did, each change as it comes.
pub(super) async fn show(session: &Session, merge_id: String, frame: Frame) -> Result<(), Failure> {
    let merges = session.client.merges();
    let request = GetMergeRequest { merge_id: merge_id.clone() };
    let merge = merges.get_merge(request).await?.merge.unwrap_or_default();
    let mut changes = merges.merge_changes(GetMergeChangesRequest { merge_id, ..Default::default() });
    if session.out.0 == Format::Json {
        let mut all = Vec::new();
        while let Some(change) = changes.next().await {
            all.push(to_json(&change?)?);
        }
        let mut json = to_json(&merge)?;
        if let Some(resources) = json.get_mut("resources") {
            *resources = all.into();
        }
        return result(&format!("{json:#}"));
    }
    let names = ProjectNames::of(session).await?;
    let look = Look { now: session.now, frame };
    result(&report::head(&merge, &names, look))?;
    while let Some(change) = changes.next().await {
        result(&report::resource(&change?, look))?;
    }
    Ok(())
}

/// Prints the merges of a project.
pub(super) async fn list(session: &Session, args: &ListArgs) -> Result<(), Failure> {
    let project_id = session.project(&args.project).await?;
    let direction = match (args.into, args.out_of) {
        (true, _) => MergeDirection::Into,
        (_, true) => MergeDirection::OutOf,
        _ => MergeDirection::Unspecified,
    };
    let kind = match args.kind {
        Some(KindWord::Merge) => merge::Kind::Merge,
        Some(KindWord::Sync) => merge::Kind::Sync,
        Some(KindWord::Revert) => merge::Kind::Revert,
        None => merge::Kind::Unspecified,
    };
    let other_id = match &args.with {
        Some(other) => session.project(other).await?,
        None => String::new(),
    };
    let resource = match &args.resource {
        Some(resource) => Some(key(session, &project_id, resource).await?),
        None => None,
    };
    let request = ListMergesRequest {
        project_id,
        page_size: 500,
        direction: direction.into(),
        kind: kind.into(),
        other_id,
        resource,
        ..Default::default()
    };
    let merges = session.client.list(request).all().await?;
    let names = match session.out.0 {
        Format::Table => ProjectNames::of(session).await?,
        Format::Json => ProjectNames::default(),
    };
    session.out.list(&merges, |merges| tables::merges(merges, &names, session.now))
}

async fn key(session: &Session, project_id: &str, text: &str) -> Result<ResourceKey, Failure> {
    match selected(text) {
        Some(Resource::Key(key)) => Ok(key),
        Some(Resource::WorkflowName(name)) => {
            let id = session.workflow(project_id, &name).await?.id;
            Ok(ResourceKey { kind: ResourceKind::Workflow.into(), id })
        }
        None => Err(Failure::Usage(format!("name {text:?} by its id, as in KIND:ID"))),
    }
}

/// The paths of the projects that the caller sees.
#[derive(Default)]
struct ProjectNames(HashMap<String, String>);

impl ProjectNames {
    async fn of(session: &Session) -> Result<Self, Failure> {
        let request = ListProjectsRequest { page_size: 500, show_scheduled: true, ..Default::default() };
        let projects = session.client.list(request).all().await?;
        let paths = Paths::new(&projects);
        Ok(Self(projects.iter().map(|project| (project.id.clone(), paths.of(project))).collect()))
    }
}

impl Names for ProjectNames {
    fn of<'a>(&'a self, id: &'a str) -> &'a str {
        self.0.get(id).map_or(id, String::as_str)
    }
}
