//! `subscription …`: what a root and its sandboxes may use together.

use clap::{Args, Subcommand};
use sandbar_client::v1::{GetSubscriptionRequest, UpdateSubscriptionRequest};

use crate::failure::Failure;
use crate::render::usage::allowances;
use crate::session::Session;

/// `subscription …`.
#[derive(Debug, Subcommand)]
pub(crate) enum SubscriptionCommand {
    /// Show what a tree may use. What it used: `sandbar usage`
    Show {
        /// Any project of the tree
        project: String,
    },
    /// Say what a tree may use; for service administrators
    Set(SetArgs),
}

/// The arguments of a set. It takes all of them, as nothing is left as it was.
#[derive(Args, Debug)]
pub(crate) struct SetArgs {
    /// The id of any project of the tree, as administrators see no names
    project: String,
    /// How many sandboxes there may be at once, or none for no limit
    #[arg(long, value_name = "COUNT", value_parser = allowance)]
    sandboxes: Allowance,
    /// How many runs may start in a calendar month (UTC), or none for no limit
    #[arg(long, value_name = "COUNT", value_parser = allowance)]
    runs: Allowance,
    /// How many AI tokens may be used in a calendar month (UTC), or none for no limit
    #[arg(long, value_name = "COUNT", value_parser = allowance)]
    ai_tokens: Allowance,
}

/// None: no limit.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Allowance(Option<i64>);

fn allowance(text: &str) -> Result<Allowance, String> {
    match text {
        "none" => Ok(Allowance(None)),
        _ => match text.parse() {
            Ok(count @ 0..) => Ok(Allowance(Some(count))),
            _ => Err("write a whole number, or none for no limit".to_owned()),
        },
    }
}

/// Runs one.
pub(crate) async fn run(session: &Session, command: SubscriptionCommand) -> Result<(), Failure> {
    let found = match command {
        SubscriptionCommand::Show { project } => {
            let project_id = session.project(&project).await?;
            let request = GetSubscriptionRequest { project_id };
            session.client.projects().get_subscription(request).await?.subscription
        }
        SubscriptionCommand::Set(args) => {
            let request = UpdateSubscriptionRequest {
                project_id: session.project(&args.project).await?,
                max_active_sandboxes: args.sandboxes.0,
                max_runs: args.runs.0,
                max_ai_tokens: args.ai_tokens.0,
                ..Default::default()
            };
            session.client.projects().update_subscription(request).await?.subscription
        }
    };
    let found = found.unwrap_or_default();
    session.out.show(&found, || allowances(&found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allowance_is_a_number_or_none() {
        assert_eq!(allowance("none"), Ok(Allowance(None)));
        assert_eq!(allowance("0"), Ok(Allowance(Some(0))));
        for text in ["", "-1", "many", "9223372036854775808", "1.5"] {
            allowance(text).unwrap_err();
        }
    }
}
