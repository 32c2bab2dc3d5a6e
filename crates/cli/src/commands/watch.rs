//! `watch`: what is done in a project, as it happens.

use clap::Args;
use sandbar_client::v1::WatchRequest;

use crate::args::Format;
use crate::failure::Failure;
use crate::json::to_json;
use crate::output::result;
use crate::render::watch;
use crate::session::Session;

/// Whose changes, and from where on.
///
/// A line for each change, until you end it (Ctrl+C) or you may see the project no longer. With `-o json` each line is a
/// message with its `cursor`, also those that are but a sign of life: give the last one as --cursor to go on there.
#[derive(Args, Debug)]
pub(crate) struct WatchArgs {
    /// The project
    project: String,
    /// Also every other project of its tree that you see
    #[arg(long, conflicts_with = "after_revision")]
    tree: bool,
    /// Go on where another watch stood
    #[arg(long, default_value = "", hide_default_value = true, conflicts_with = "after_revision")]
    cursor: String,
    /// Begin after this revision of the project, with what was written since
    #[arg(long, value_name = "REVISION")]
    after_revision: Option<i64>,
    /// End when everything up to now is printed
    #[arg(long)]
    until_now: bool,
}

/// Prints changes until there are none any more.
pub(crate) async fn run(session: &Session, args: WatchArgs) -> Result<(), Failure> {
    let WatchArgs { project, tree, cursor, after_revision, until_now } = args;
    let project_id = session.project(&project).await?;
    let request = WatchRequest { project_id: project_id.clone(), tree, cursor, after_revision, until_now };
    let mut messages = session.client.watches().watch(request);
    while let Some(message) = messages.next().await {
        let message = message?;
        match (session.out.0, &message.change) {
            (Format::Json, _) => result(&to_json(&message)?.to_string())?,
            (Format::Table, Some(change)) => result(&watch::line(change, &project_id))?,
            (Format::Table, None) => {}
        }
    }
    Ok(())
}
