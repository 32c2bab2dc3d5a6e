//! What is previewed and applied: a merge, or undoing one.

use clap::Args;
use sandbar_client::Plan;
use sandbar_client::v1::{
    ApplyMergeRequest, Merge, MergeChoices, PreviewMergeRequest, PreviewRevertRequest, RevertMergeRequest,
};
use serde_json::{Value, json};

use super::Approval;
use crate::choices::ChoiceFlags;
use crate::commands::project::{off, restored};
use crate::failure::Failure;
use crate::json::to_json;
use crate::output::{confirm, note};
use crate::render::diff::Frame;
use crate::render::{self, Look, shell, tables};
use crate::session::Session;

/// Where from and where to.
#[derive(Args, Debug)]
pub(crate) struct Sides {
    /// The project whose changes are taken
    pub(super) source: String,
    /// The project that takes them. Default: the source's parent
    pub(super) target: Option<String>,
}

impl Sides {
    /// As they were given.
    fn words(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.source).chain(&self.target).map(String::as_str)
    }
}

/// What is previewed and applied.
#[derive(Debug)]
pub(crate) enum Subject {
    Merge { sides: Sides, source_id: String, target_id: String },
    Revert { merge_id: String, restore_source: bool },
}

impl Subject {
    /// A merge between these.
    pub(crate) async fn of_merge(session: &Session, sides: Sides) -> Result<Self, Failure> {
        let source_id = session.project(&sides.source).await?;
        let target_id = match &sides.target {
            Some(target) => session.project(target).await?,
            None => String::new(),
        };
        Ok(Self::Merge { sides, source_id, target_id })
    }

    /// The plan for the flags, and the choices that they came to.
    pub(crate) async fn preview(
        &self,
        session: &Session,
        flags: &ChoiceFlags,
    ) -> Result<(Plan, MergeChoices), Failure> {
        let choices = self.choices(session, flags).await?;
        let plan = self.ask(session, choices.clone()).await?;
        Ok((plan, choices))
    }

    /// Only names of other things than workflows need a first look at what there is.
    pub(crate) async fn choices(
        &self,
        session: &Session,
        flags: &ChoiceFlags,
    ) -> Result<MergeChoices, Failure> {
        if !flags.needs_listing() {
            return flags.choices(&[]);
        }
        let listing = self.ask(session, MergeChoices { defaults: true, ..Default::default() }).await?;
        flags.choices(&listing.resources)
    }

    /// The plan for these choices.
    pub(crate) async fn ask(&self, session: &Session, choices: MergeChoices) -> Result<Plan, Failure> {
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
    pub(crate) async fn carry_out(
        &self,
        session: &Session,
        flags: &ChoiceFlags,
        approval: Approval,
        frame: Frame,
    ) -> Result<(), Failure> {
        if let Some(token) = approval.plan {
            let choices = self.choices(session, flags).await?;
            return self.apply(session, choices, token).await;
        }
        let (plan, choices) = self.preview(session, flags).await?;
        // The result is what was done: what would be done is for a person.
        note(&self.report(session, &plan, flags, frame))?;
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

    /// Does what a plan said, and prints the record.
    pub(crate) async fn apply(
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

    /// A plan for a person, with the command that applies it.
    pub(crate) fn report(&self, session: &Session, plan: &Plan, flags: &ChoiceFlags, frame: Frame) -> String {
        let mut words = flags.arguments();
        words.extend(["--plan".to_owned(), plan.head.plan_token.clone()]);
        self.report_of(session, plan, &self.command(&session.again, &words), frame)
    }

    /// The same with another command.
    pub(crate) fn report_of(&self, session: &Session, plan: &Plan, command: &str, frame: Frame) -> String {
        let title = match self {
            Self::Merge { .. } => "Merge",
            Self::Revert { .. } => "Revert",
        };
        render::plan::plan(title, plan, command, Look { now: session.now, frame })
    }

    /// What the two sides are, where that does not go without saying.
    pub(crate) fn sides(&self) -> Option<&'static str> {
        match self {
            Self::Merge { .. } => None,
            Self::Revert { .. } => {
                Some("An undo: source is what was before that merge, target what is there now.")
            }
        }
    }

    /// The command that does it with these flags.
    pub(crate) fn command(&self, again: &[String], flags: &[String]) -> String {
        let mut words = vec!["sandbar"];
        words.extend(again.iter().map(String::as_str));
        match self {
            Self::Merge { sides, .. } => words.extend(["merge", "apply"].into_iter().chain(sides.words())),
            Self::Revert { merge_id, restore_source } => {
                words.extend(["merge", "revert", merge_id]);
                words.extend(restore_source.then_some("--restore-source"));
            }
        }
        words.extend(flags.iter().map(String::as_str));
        shell(words)
    }

    /// The command that walks through its conflicts with these flags.
    pub(crate) fn resolve_command(&self, again: &[String], flags: &[String]) -> String {
        let mut words = vec!["sandbar"];
        words.extend(again.iter().map(String::as_str));
        words.extend(["merge", "resolve"]);
        match self {
            Self::Merge { sides, .. } => words.extend(sides.words()),
            Self::Revert { merge_id, .. } => words.extend(["--revert", merge_id]),
        }
        words.extend(flags.iter().map(String::as_str));
        shell(words)
    }
}

fn show(session: &Session, merge: &Merge) -> Result<(), Failure> {
    session.out.show(merge, || tables::merge(merge, session.now))
}

/// A plan as JSON.
pub(crate) fn plan_json(plan: &Plan) -> Result<Value, Failure> {
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
            subject.command(&["--context".into(), "prod".into()], &flags.arguments()),
            "sandbar --context prod merge apply acme/fix --overwrite 'Billing run' --keep-source"
        );
        let revert = Subject::Revert { merge_id: "m-1".into(), restore_source: true };
        assert_eq!(
            revert.command(&[], &["--plan".into(), "pt_2".into()]),
            "sandbar merge revert m-1 --restore-source --plan pt_2"
        );
        let choices = ["--choices".into(), "a b".into()];
        assert_eq!(
            revert.resolve_command(&[], &choices),
            "sandbar merge resolve --revert m-1 --choices 'a b'"
        );
        assert_eq!(subject.resolve_command(&[], &[]), "sandbar merge resolve acme/fix");
    }
}
