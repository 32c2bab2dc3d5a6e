//! The commands: each takes its arguments, asks the server and prints what it says.

pub(crate) mod access;
pub(crate) mod audit;
pub(crate) mod collection;
pub(crate) mod config;
pub(crate) mod credential;
pub(crate) mod edit;
pub(crate) mod keychain;
pub(crate) mod login;
pub(crate) mod merge;
pub(crate) mod project;
pub(crate) mod put;
pub(crate) mod run;
pub(crate) mod sandbox;
pub(crate) mod subscription;
mod sync;
mod transfer;
pub(crate) mod usage;
pub(crate) mod watch;
pub(crate) mod webhook_auth;
pub(crate) mod workflow;

use clap::CommandFactory;

use crate::args::{Cli, Command};
use crate::failure::Failure;
use crate::output;
use crate::session::Session;

/// Runs one command.
pub(crate) async fn run(cli: Cli) -> Result<(), Failure> {
    let globals = &cli.globals;
    match cli.command {
        Command::Login(args) => login::login(globals, &args).await,
        Command::Context(command) => login::context(globals, &command),
        Command::Completion { shell } => completion(shell),
        Command::Whoami => login::whoami(&Session::open(globals).await?).await,
        // Files only: no server is asked.
        Command::Project(project::ProjectCommand::Checkout(args)) => {
            sync::checkout(output::Out(globals.output), &args)
        }
        Command::Project(command) => project::run(&Session::open(globals).await?, command).await,
        Command::Sandbox(command) => sandbox::run(&Session::open(globals).await?, command).await,
        Command::Workflow(command) => workflow::run(&Session::open(globals).await?, command).await,
        Command::Collection(command) => collection::run(&Session::open(globals).await?, command).await,
        Command::Config(command) => config::run(&Session::open(globals).await?, command).await,
        Command::Credential(command) => credential::run(&Session::open(globals).await?, command).await,
        Command::Keychain(command) => keychain::run(&Session::open(globals).await?, command).await,
        Command::Run(command) => run::run(&Session::open(globals).await?, command).await,
        Command::Merge(command) => merge::run(&Session::open(globals).await?, command).await,
        Command::Token(command) => access::token(&Session::open(globals).await?, command).await,
        Command::Member(command) => access::member(&Session::open(globals).await?, command).await,
        Command::Audit(command) => audit::run(&Session::open(globals).await?, command).await,
        Command::WebhookAuth(command) => webhook_auth::run(&Session::open(globals).await?, command).await,
        Command::Subscription(command) => subscription::run(&Session::open(globals).await?, command).await,
        Command::Usage(args) => usage::run(&Session::open(globals).await?, args).await,
        Command::Watch(args) => watch::run(&Session::open(globals).await?, args).await,
        Command::Principal(command) => access::principal(&Session::open(globals).await?, command).await,
    }
}

fn completion(shell: clap_complete::Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "sandbar", &mut script);
    output::result(&String::from_utf8_lossy(&script))
}
