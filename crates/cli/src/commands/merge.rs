//! `merge …`: see exactly what a merge would do, do exactly that, undo it.

use clap::{Args, Subcommand};
use sandbar_client::Plan;
use sandbar_client::v1::{
    ApplyMergeRequest, GetMergeRequest, ListMergesRequest, Merge, MergeChoices, PreviewMergeRequest,
    PreviewRevertRequest, RevertMergeRequest,
};
use serde_json::{Value, json};

use super::project::{off, restored};
use crate::choices::ChoiceFlags;
use crate::failure::Failure;
use crate::json::to_json;
use crate::output::{confirm, note};
use crate::render::{self, shell, tables};
use crate::session::Session;

/// `merge …`.
#[derive(Debug, Subcommand)]
pub(crate) enum MergeCommand {
    /// Say what a merge would do. Nothing changes
    Preview {
        #[command(flatten)]
        sides: Sides,
        #[command(flatten)]
        choices: ChoiceFlags,
    },
    /// Do what a preview said, or nothing
    Apply {
        #[command(flatten)]
        sides: Sides,
        #[command(flatten)]
        choices: ChoiceFlags,
        #[command(flatten)]
        approval: Approval,
    },
    /// Undo a merge: what nobody touched since goes back, later edits stay
    Revert {
        /// The merge's id
        merge: String,
        /// Also take the source back, if the merge scheduled it for deletion
        #[arg(long)]
        restore_source: bool,
        #[command(flatten)]
        choices: ChoiceFlags,
        #[command(flatten)]
        approval: Approval,
    },
    /// Show the record of a merge
    Show {
        /// The merge's id
        merge: String,
    },
    /// List the merges into and out of a project, newest first
    List {
        /// The project
        project: String,
    },
}

/// Where from and where to.
#[derive(Args, Debug)]
pub(crate) struct Sides {
    /// The project whose changes are taken
    source: String,
    /// The project that takes them. Default: the source's parent
    target: Option<String>,
}

/// What allows an apply. Without either, a terminal is asked after a preview.
#[derive(Args, Debug)]
#[group(multiple = false)]
pub(crate) struct Approval {
    /// The plan that a preview gave, to do exactly that
    #[arg(long, value_name = "TOKEN")]
    plan: Option<String>,
    /// Preview, show it, and apply that without asking
    #[arg(short, long)]
    yes: bool,
}

/// Runs one.
pub(crate) async fn run(session: &Session, command: MergeCommand) -> Result<(), Failure> {
    match command {
        MergeCommand::Preview { sides, choices } => {
            let subject = Subject::of_merge(session, sides).await?;
            let (plan, _) = subject.preview(session, &choices).await?;
            session.out.show_value(|| plan_json(&plan), || subject.report(session, &plan, &choices))
        }
        MergeCommand::Apply { sides, choices, approval } => {
            let subject = Subject::of_merge(session, sides).await?;
            subject.carry_out(session, &choices, approval).await
        }
        MergeCommand::Revert { merge, restore_source, choices, approval } => {
            Subject::Revert { merge_id: merge, restore_source }.carry_out(session, &choices, approval).await
        }
        MergeCommand::Show { merge } => {
            let request = GetMergeRequest { merge_id: merge };
            let merge = session.client.merges().get_merge(request).await?.merge.unwrap_or_default();
            show(session, &merge)
        }
        MergeCommand::List { project } => {
            let project_id = session.project(&project).await?;
            let request = ListMergesRequest { project_id, page_size: 500, ..Default::default() };
            let merges = session.client.list(request).all().await?;
            session.out.list(&merges, |merges| tables::merges(merges, session.now))
        }
    }
}

/// What is previewed and applied.
enum Subject {
    Merge { sides: Sides, source_id: String, target_id: String },
    Revert { merge_id: String, restore_source: bool },
}

impl Subject {
    async fn of_merge(session: &Session, sides: Sides) -> Result<Self, Failure> {
        let source_id = session.project(&sides.source).await?;
        let target_id = match &sides.target {
            Some(target) => session.project(target).await?,
            None => String::new(),
        };
        Ok(Self::Merge { sides, source_id, target_id })
    }

    /// The plan for the flags, and the choices that they came to.
    async fn preview(&self, session: &Session, flags: &ChoiceFlags) -> Result<(Plan, MergeChoices), Failure> {
        let choices = self.choices(session, flags).await?;
        let plan = self.ask(session, choices.clone()).await?;
        Ok((plan, choices))
    }

    /// Only names of other things than workflows need a first look at what there is.
    async fn choices(&self, session: &Session, flags: &ChoiceFlags) -> Result<MergeChoices, Failure> {
        if !flags.needs_listing() {
            return flags.choices(&[]);
        }
        let listing = self.ask(session, MergeChoices { defaults: true, ..Default::default() }).await?;
        flags.choices(&listing.resources)
    }

    async fn ask(&self, session: &Session, choices: MergeChoices) -> Result<Plan, Failure> {
        let merges = session.client.merges();
        let choices = Some(choices);
        Ok(match self {
            Self::Merge { source_id, target_id, .. } => {
                let (source_id, target_id) = (source_id.clone(), target_id.clone());
                merges.preview_merge(PreviewMergeRequest { source_id, target_id, choices }).await?
            }
            Self::Revert { merge_id, .. } => {
                let merge_id = merge_id.clone();
                merges.preview_revert(PreviewRevertRequest { merge_id, choices }).await?
            }
        })
    }

    /// Applies the plan that is named, or the one that is previewed, shown and approved.
    async fn carry_out(
        &self,
        session: &Session,
        flags: &ChoiceFlags,
        approval: Approval,
    ) -> Result<(), Failure> {
        if let Some(token) = approval.plan {
            let choices = self.choices(session, flags).await?;
            return self.apply(session, choices, token).await;
        }
        let (plan, choices) = self.preview(session, flags).await?;
        // The result is what was done: what would be done is for a person.
        note(&self.report(session, &plan, flags))?;
        let approved = approval.yes || Self::approved()?;
        if !approved {
            return Err(Failure::Here("nothing was changed".to_owned()));
        }
        self.apply(session, choices, plan.head.plan_token).await
    }

    fn approved() -> Result<bool, Failure> {
        confirm("Do exactly this?")?.ok_or_else(|| {
            Failure::Usage("there is no terminal to ask; approve with --plan TOKEN, or with --yes".to_owned())
        })
    }

    async fn apply(
        &self,
        session: &Session,
        choices: MergeChoices,
        plan_token: String,
    ) -> Result<(), Failure> {
        let merges = session.client.merges();
        let choices = Some(choices);
        match self {
            Self::Merge { source_id, target_id, .. } => {
                let (source_id, target_id) = (source_id.clone(), target_id.clone());
                let request =
                    ApplyMergeRequest { source_id, target_id, choices, plan_token, ..Default::default() };
                show(session, &merges.apply_merge(request).await?.merge.unwrap_or_default())
            }
            Self::Revert { merge_id, restore_source } => {
                let (merge_id, restore_source) = (merge_id.clone(), *restore_source);
                let request = RevertMergeRequest {
                    merge_id,
                    choices,
                    plan_token,
                    restore_source,
                    ..Default::default()
                };
                let answer = merges.revert_merge(request).await?;
                if let Some(source) = &answer.restored {
                    note(&restored(&source.restored))?;
                    off(&source.triggers_turned_off)?;
                }
                let merge = answer.merge.clone().unwrap_or_default();
                session.out.show(&answer, || tables::merge(&merge, session.now))
            }
        }
    }

    fn report(&self, session: &Session, plan: &Plan, flags: &ChoiceFlags) -> String {
        let title = match self {
            Self::Merge { .. } => "Merge",
            Self::Revert { .. } => "Revert",
        };
        let command = self.command(&session.again, flags, &plan.head.plan_token);
        render::plan::plan(title, plan, &command, session.now)
    }

    /// The command that applies a plan of these flags.
    fn command(&self, again: &[String], flags: &ChoiceFlags, token: &str) -> String {
        let mut words = vec!["sandbar"];
        words.extend(again.iter().map(String::as_str));
        match self {
            Self::Merge { sides, .. } => {
                words.extend(["merge", "apply", &sides.source]);
                words.extend(sides.target.as_deref());
            }
            Self::Revert { merge_id, restore_source } => {
                words.extend(["merge", "revert", merge_id]);
                words.extend(restore_source.then_some("--restore-source"));
            }
        }
        let choices = flags.arguments();
        words.extend(choices.iter().map(String::as_str));
        words.extend(["--plan", token]);
        shell(words)
    }
}

fn show(session: &Session, merge: &Merge) -> Result<(), Failure> {
    session.out.show(merge, || tables::merge(merge, session.now))
}

fn plan_json(plan: &Plan) -> Result<Value, Failure> {
    let resources: Vec<Value> = plan.resources.iter().map(to_json).collect::<Result<_, _>>()?;
    Ok(json!({ "head": to_json(&plan.head)?, "resources": resources }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_that_is_shown_does_what_was_previewed() {
        let sides = Sides { source: "acme/fix".into(), target: None };
        let subject = Subject::Merge { sides, source_id: String::new(), target_id: String::new() };
        let flags =
            ChoiceFlags { overwrite: vec!["Billing run".into()], keep_source: true, ..Default::default() };
        assert_eq!(
            subject.command(&["--context".into(), "prod".into()], &flags, "pt_1"),
            "sandbar --context prod merge apply acme/fix --overwrite 'Billing run' --keep-source --plan pt_1"
        );
        let revert = Subject::Revert { merge_id: "m-1".into(), restore_source: true };
        assert_eq!(
            revert.command(&[], &ChoiceFlags::default(), "pt_2"),
            "sandbar merge revert m-1 --restore-source --plan pt_2"
        );
    }
}
