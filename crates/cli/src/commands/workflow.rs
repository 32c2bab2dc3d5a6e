//! `workflow …`: read, write, turn on and off, go back.

use clap::{Args, Subcommand, ValueEnum};
use sandbar_client::v1::get_workflow_request::Workflow as Wanted;
use sandbar_client::v1::{
    DeleteWorkflowRequest, GetWorkflowRequest, ListWorkflowRevisionsRequest, ListWorkflowsRequest,
    PutWorkflowRequest, RestoreWorkflowRevisionRequest, SetTriggerEnabledRequest, Trigger, Workflow,
};

use super::put::PutArgs;
use crate::failure::Failure;
use crate::json::{from_json, to_json};
use crate::output::{confirm, note, result};
use crate::render::{tables, visible};
use crate::resolve::uuid;
use crate::session::Session;

const DOCUMENT: &str = r#"The JSON of a workflow, which `get` prints and `put` takes:

  {
    "name": "Sync contacts",
    "concurrency": 1,                          null: no limit
    "enable_job_logs": true,
    "jobs": [
      { "id": "<uuid>", "name": "Fetch", "adaptor": "@openfn/language-http@7.0.0",
        "body": "get('/contacts');",
        "credential_link_id": "<uuid>" }       or "keychain_id", or neither
    ],
    "triggers": [
      { "id": "<uuid>", "webhook": { "custom_path": "contacts", "reply": "before_start" } }
                                               or "cron": { "expression": "0 6 * * *" }
    ],
    "edges": [
      { "source_trigger_id": "<uuid>", "target_job_id": "<uuid>", "condition": "always" }
    ],
    "positions": { "<uuid>": { "x": 10, "y": 20 } }
  }

Conditions: always, on_job_success, on_job_failure, js_expression (with "label" and "expression"). Replies:
before_start, after_completion. What is left out has its default; a new id is made for a part without one, so give ids
to parts that an edge names. What `get` prints beyond this (revision, etag, updated, enabled, path_id) is not written,
except that `put` sends the etag, so that it is refused when someone else wrote in between; --force replaces it anyway."#;

/// `workflow …`.
#[derive(Debug, Subcommand)]
pub(crate) enum WorkflowCommand {
    /// List a project's workflows
    List {
        /// The project
        project: String,
    },
    /// Print a workflow as JSON, as `put` takes it
    #[command(after_long_help = DOCUMENT)]
    Get {
        /// The project
        project: String,
        /// The workflow's id or name
        workflow: String,
        /// As it was at this revision of the project
        #[arg(long, default_value_t = 0, hide_default_value = true)]
        revision: i64,
    },
    /// Make a workflow of a JSON document, or replace it
    #[command(after_long_help = DOCUMENT)]
    Put(PutArgs),
    /// Delete a workflow; `restore` brings it back
    Delete {
        /// The project
        project: String,
        /// The workflow's id or name
        workflow: String,
        /// Don't ask
        #[arg(short, long)]
        yes: bool,
    },
    /// List a workflow's revisions, newest first
    History {
        /// The project
        project: String,
        /// The workflow's id, or its name unless it is deleted
        workflow: String,
    },
    /// Write a workflow as it was at a revision
    Restore(RestoreArgs),
    /// Turn a trigger on or off in one project
    Trigger(TriggerArgs),
}

/// `workflow restore`.
#[derive(Args, Debug)]
pub(crate) struct RestoreArgs {
    /// The project
    project: String,
    /// The workflow's id, or its name unless it is deleted
    workflow: String,
    /// The revision, from `history`
    revision: i64,
    /// The project of the revision, when `history` names an ancestor
    #[arg(long, value_name = "PROJECT")]
    of: Option<String>,
}

/// `workflow trigger`.
#[derive(Args, Debug)]
pub(crate) struct TriggerArgs {
    /// Which way
    switch: Switch,
    /// The project
    project: String,
    /// The workflow's id or name
    workflow: String,
    /// The trigger's id, or webhook or cron. Not needed when there is only one
    trigger: Option<String>,
}

/// Which way to turn a trigger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Switch {
    On,
    Off,
}

/// Runs one.
pub(crate) async fn run(session: &Session, command: WorkflowCommand) -> Result<(), Failure> {
    match command {
        WorkflowCommand::List { project } => list(session, &project).await,
        WorkflowCommand::Get { project, workflow, revision } => {
            get(session, &project, workflow, revision).await
        }
        WorkflowCommand::Put(args) => put(session, args).await,
        WorkflowCommand::Delete { project, workflow, yes } => delete(session, &project, &workflow, yes).await,
        WorkflowCommand::History { project, workflow } => history(session, &project, &workflow).await,
        WorkflowCommand::Restore(args) => restore(session, args).await,
        WorkflowCommand::Trigger(args) => trigger(session, args).await,
    }
}

async fn list(session: &Session, project: &str) -> Result<(), Failure> {
    let project_id = session.project(project).await?;
    let request = ListWorkflowsRequest { project_id, page_size: 500, ..Default::default() };
    let workflows = session.client.list(request).all().await?;
    session.out.list(&workflows, |workflows| tables::workflows(workflows, session.now))
}

async fn get(session: &Session, project: &str, workflow: String, revision: i64) -> Result<(), Failure> {
    let project_id = session.project(project).await?;
    let wanted = match uuid(&workflow) {
        Some(id) => Wanted::WorkflowId(id),
        // A revision can only be asked for by id.
        None if revision != 0 => Wanted::WorkflowId(session.workflow(&project_id, &workflow).await?.id),
        None => Wanted::WorkflowName(workflow),
    };
    let request = GetWorkflowRequest { project_id, revision, workflow: Some(wanted) };
    let answer = session.client.workflows().get_workflow(request).await?;
    result(&format!("{:#}", to_json(&answer.workflow.unwrap_or_default())?))
}

async fn put(session: &Session, args: PutArgs) -> Result<(), Failure> {
    let workflow = parse(&args.read()?)?;
    let etag = args.expects(&workflow.etag);
    let request = PutWorkflowRequest {
        project_id: session.project(&args.project).await?,
        workflow: Some(workflow),
        etag,
        validate_only: args.validate_only,
        ..Default::default()
    };
    let answer = session.client.workflows().put_workflow(request).await?;
    written(session, &answer.workflow.unwrap_or_default())
}

fn parse(text: &str) -> Result<Workflow, Failure> {
    let value = serde_json::from_str(text)
        .map_err(|error| Failure::Usage(format!("the document is not JSON: {error}")))?;
    from_json(value)
}

fn written(session: &Session, workflow: &Workflow) -> Result<(), Failure> {
    session.out.show(workflow, || {
        let name = visible(&workflow.name);
        format!("{name}  {}  revision {}", workflow.id, workflow.revision)
    })
}

async fn delete(session: &Session, project: &str, workflow: &str, yes: bool) -> Result<(), Failure> {
    let project_id = session.project(project).await?;
    let found = session.workflow(&project_id, workflow).await?;
    if !yes && confirm(&format!("Delete the workflow {:?} in {project}?", found.name))? == Some(false) {
        return Err(Failure::Here("nothing was deleted".to_owned()));
    }
    let request = DeleteWorkflowRequest { project_id, workflow_id: found.id.clone(), ..Default::default() };
    let answer = session.client.workflows().delete_workflow(request).await?;
    session.out.show(&answer, || {
        let back = format!("bring it back with `sandbar workflow restore` and its id {}", found.id);
        format!("deleted at revision {}; {back}", answer.revision)
    })
}

/// The id of a workflow, which may be deleted when it is given by its id.
pub(super) async fn workflow_id(
    session: &Session,
    project_id: &str,
    workflow: &str,
) -> Result<String, Failure> {
    match uuid(workflow) {
        Some(id) => Ok(id),
        None => Ok(session.workflow(project_id, workflow).await?.id),
    }
}

async fn history(session: &Session, project: &str, workflow: &str) -> Result<(), Failure> {
    let project_id = session.project(project).await?;
    let workflow_id = workflow_id(session, &project_id, workflow).await?;
    let request =
        ListWorkflowRevisionsRequest { project_id, workflow_id, page_size: 500, ..Default::default() };
    let revisions = session.client.list(request).all().await?;
    session.out.list(&revisions, |revisions| tables::revisions(revisions, session.now))
}

async fn restore(session: &Session, args: RestoreArgs) -> Result<(), Failure> {
    let project_id = session.project(&args.project).await?;
    let revision_project_id = match &args.of {
        Some(reference) => session.project(reference).await?,
        None => String::new(),
    };
    let request = RestoreWorkflowRevisionRequest {
        workflow_id: workflow_id(session, &project_id, &args.workflow).await?,
        project_id,
        revision: args.revision,
        revision_project_id,
        ..Default::default()
    };
    let answer = session.client.workflows().restore_workflow_revision(request).await?;
    written(session, &answer.workflow.unwrap_or_default())
}

async fn trigger(session: &Session, args: TriggerArgs) -> Result<(), Failure> {
    let project_id = session.project(&args.project).await?;
    let workflow = session.workflow(&project_id, &args.workflow).await?;
    let trigger_id = pick(&workflow.triggers, args.trigger.as_deref())?.id.clone();
    let request = SetTriggerEnabledRequest {
        project_id,
        workflow_id: workflow.id,
        trigger_id,
        enabled: args.switch == Switch::On,
        ..Default::default()
    };
    let answer = session.client.workflows().set_trigger_enabled(request).await?;
    let trigger = answer.trigger.unwrap_or_default();
    if trigger.enabled && tables::trigger_kind(&trigger) == "webhook" && !trigger.path_id.is_empty() {
        note(&format!("Its path ends with {}", visible(&trigger.path_id)))?;
    }
    session.out.show(&trigger, || format!("{}  {}", tables::trigger(&trigger), trigger.id))
}

/// The trigger that an id or kind means, or the only one there is.
fn pick<'a>(triggers: &'a [Trigger], wanted: Option<&str>) -> Result<&'a Trigger, Failure> {
    let fits = |trigger: &&Trigger| {
        wanted.is_none_or(|wanted| {
            trigger.id.eq_ignore_ascii_case(wanted) || tables::trigger_kind(trigger) == wanted
        })
    };
    let list = || {
        let line = |trigger: &Trigger| format!("\n  {}  {}", trigger.id, tables::trigger_kind(trigger));
        triggers.iter().map(line).collect::<String>()
    };
    match triggers.iter().filter(fits).collect::<Vec<_>>().as_slice() {
        [one] => Ok(one),
        [] if triggers.is_empty() => Err(Failure::Here("the workflow has no trigger".to_owned())),
        [] => Err(Failure::Here(format!("the workflow has no such trigger; it has:{}", list()))),
        _ => Err(Failure::Usage(format!("name the trigger by its id; the workflow has:{}", list()))),
    }
}

#[cfg(test)]
mod tests {
    use sandbar_client::v1::{CronTrigger, WebhookTrigger, trigger::Type};

    use super::*;

    #[test]
    fn the_example_of_the_help_is_a_workflow() {
        let start = DOCUMENT.find('{').unwrap();
        let end = DOCUMENT.find("\n\nConditions").unwrap();
        let (json, notes) = (&DOCUMENT[start..end], ["null: no limit", "or \"keychain_id\", or neither"]);
        let json = notes.iter().fold(json.to_owned(), |json, note| json.replace(note, ""));
        let json = json.replace("or \"cron\": { \"expression\": \"0 6 * * *\" }", "");
        assert_eq!(parse(&json).unwrap().jobs.len(), 1);
    }

    #[test]
    fn a_trigger_is_found_by_id_or_kind_or_alone() {
        let make = |id: &str, kind| Trigger { id: id.into(), r#type: Some(kind), ..Default::default() };
        let webhook = make("a", Type::Webhook(WebhookTrigger::default()));
        let cron = make("b", Type::Cron(CronTrigger::default()));
        let both = [webhook.clone(), cron];
        assert_eq!(pick(&both, Some("cron")).unwrap().id, "b");
        assert_eq!(pick(&both, Some("a")).unwrap().id, "a");
        assert_eq!(pick(&[webhook], None).unwrap().id, "a");
        assert_eq!(pick(&both, None).unwrap_err().exit_code(), 2);
        assert!(pick(&[], None).is_err());
    }
}
