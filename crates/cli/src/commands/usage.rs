//! `usage`: what a tree used of what its subscription allows.

use clap::Args;
use jiff::Timestamp;
use sandbar_client::v1::GetUsageRequest;

use super::audit::instant;
use crate::failure::Failure;
use crate::render::usage::whole;
use crate::session::Session;

/// Runs and AI tokens of a month (UTC), in all and by project.
#[derive(Args, Debug)]
pub(crate) struct UsageArgs {
    /// Any project of the tree
    project: String,
    /// In the month of this time, such as 2026-11-22T10:00:00Z, or of so long ago, such as 30d. Default: now
    #[arg(long, value_name = "WHEN")]
    at: Option<String>,
}

/// Prints it.
pub(crate) async fn run(session: &Session, args: UsageArgs) -> Result<(), Failure> {
    let now = Timestamp::now();
    let project_id = session.project(&args.project).await?;
    let request = GetUsageRequest { project_id, time: instant(args.at, now)? };
    let found = session.client.projects().get_usage(request).await?;
    session.out.show(&found, || whole(&found, now))
}
