//! `sandbar`: a person's and a script's way into Sandbar, over `sandbar-client`.

mod args;
mod choices;
mod cli;
mod commands;
mod context;
mod failure;
mod json;
mod output;
mod render;
mod resolve;
mod resolver;
mod session;
mod workspace;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::Cli;

/// Runs one command. Exit codes are in [`failure::Failure::exit_code`].
#[tokio::main]
async fn main() -> ExitCode {
    // clap itself ends the process with 2 for wrong usage and 0 for help.
    let cli = Cli::parse();
    cli.globals.color.write_global();
    match cli.run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
