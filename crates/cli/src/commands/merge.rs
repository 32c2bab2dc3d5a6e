//! `merge …`: see exactly what a merge would do, settle where both sides differ, do exactly that, undo it, and read what was
//! done.

mod record;
pub(crate) mod subject;

use clap::{Args, Subcommand};

use self::record::{ListArgs, list, show};
use self::subject::{Sides, Subject, plan_json};
use crate::choices::ChoiceFlags;
use crate::failure::Failure;
use crate::output::frame;
use crate::render::diff::Shape;
use crate::resolver::dialog::resolve;
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
        #[command(flatten)]
        view: View,
    },
    /// Walk through the conflicts of a merge with single keys and your editor, then apply what came of it
    ///
    /// What both sides changed is combined unless a flag says otherwise. With --choices FILE all that is decided is kept in
    /// the file from the first answer on, and a file that is there already is gone on with. Without it, whoever quits is
    /// told where it is kept.
    Resolve {
        /// The project whose changes are taken
        #[arg(required_unless_present = "revert")]
        source: Option<String>,
        /// The project that takes them. Default: the source's parent
        target: Option<String>,
        /// Walk through the conflicts of undoing this merge instead
        #[arg(long, value_name = "MERGE", conflicts_with_all = ["source", "target"])]
        revert: Option<String>,
        #[command(flatten)]
        choices: ChoiceFlags,
        #[command(flatten)]
        view: View,
    },
    /// Do what a preview said, or nothing
    Apply {
        #[command(flatten)]
        sides: Sides,
        #[command(flatten)]
        choices: ChoiceFlags,
        #[command(flatten)]
        approval: Approval,
        #[command(flatten)]
        view: View,
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
        #[command(flatten)]
        view: View,
    },
    /// Show what a merge did: who, when, what was chosen, and every change, before and after
    Show {
        /// The merge's id
        merge: String,
        #[command(flatten)]
        view: View,
    },
    /// List the merges into and out of a project, newest first
    List(ListArgs),
}

/// How differences are shown.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct View {
    /// How to show the differences of texts
    #[arg(long, value_enum, default_value_t, value_name = "SHAPE")]
    diff: Shape,
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
        MergeCommand::Preview { sides, choices, view } => {
            let subject = Subject::of_merge(session, sides).await?;
            let (plan, _) = subject.preview(session, &choices).await?;
            let report = || subject.report(session, &plan, &choices, frame(view.diff));
            session.out.show_value(|| plan_json(&plan), report)
        }
        MergeCommand::Resolve { source, target, revert, choices, view } => {
            let subject = match (revert, source) {
                (Some(merge_id), _) => Subject::Revert { merge_id, restore_source: false },
                (None, source) => {
                    let sides = Sides { source: source.unwrap_or_default(), target };
                    Subject::of_merge(session, sides).await?
                }
            };
            resolve(session, &subject, &choices, frame(view.diff)).await
        }
        MergeCommand::Apply { sides, choices, approval, view } => {
            let subject = Subject::of_merge(session, sides).await?;
            subject.carry_out(session, &choices, approval, frame(view.diff)).await
        }
        MergeCommand::Revert { merge, restore_source, choices, approval, view } => {
            let subject = Subject::Revert { merge_id: merge, restore_source };
            subject.carry_out(session, &choices, approval, frame(view.diff)).await
        }
        MergeCommand::Show { merge, view } => show(session, merge, frame(view.diff)).await,
        MergeCommand::List(args) => list(session, &args).await,
    }
}
