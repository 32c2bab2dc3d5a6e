//! The command line: the flags of every command, and the commands.

use clap::{CommandFactory, Parser, Subcommand};

use crate::args::Globals;
use crate::commands::{
    access, audit, collection, config, credential, keychain, login, merge, project, run, sandbox,
    subscription, sync, usage, watch, webhook_auth, workflow,
};
use crate::failure::Failure;
use crate::output;
use crate::session::Session;

/// Sandboxes for workflow products: clone a project, change it, see what a merge would do, merge it.
///
/// Wherever a project is named, its UUID, its name (if only one that you see has it) or its path `root/sandbox/sub`
/// will do.
#[derive(Debug, Parser)]
#[command(name = "sandbar", version, after_help = EXIT_CODES, max_term_width = 110)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) globals: Globals,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  refused by the server, or failed here (an unreadable file, say)
  2  wrong usage, or a name that fits several things
  3  the server can't be reached or does not answer in time

Results go to standard output, everything meant for people only to standard error.";

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check a token and store it with its server as a context
    Login(login::LoginArgs),
    /// The stored contexts
    #[command(subcommand)]
    Context(login::ContextCommand),
    /// Who the token belongs to and what it is limited to
    Whoami,
    /// Root projects, import and export
    #[command(subcommand)]
    Project(project::ProjectCommand),
    /// Sandboxes: clone, see, change, delete, restore
    #[command(subcommand)]
    Sandbox(sandbox::SandboxCommand),
    /// Workflows, their triggers and their history
    #[command(subcommand)]
    Workflow(workflow::WorkflowCommand),
    /// Collections: keys and values that steps keep between runs
    #[command(subcommand)]
    Collection(collection::CollectionCommand),
    /// Configs: JSON documents of your product's own kinds
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Credentials: what steps sign in with, and the projects that link them
    #[command(subcommand)]
    Credential(credential::CredentialCommand),
    /// Keychains: which credential a step gets, by what its run begins with
    #[command(subcommand)]
    Keychain(keychain::KeychainCommand),
    /// Runs of workflows: start, see, cancel
    #[command(subcommand)]
    Run(run::RunCommand),
    /// Merges: preview, apply, revert
    #[command(subcommand)]
    Merge(merge::MergeCommand),
    /// API tokens
    #[command(subcommand)]
    Token(access::TokenCommand),
    /// Who belongs to a project
    #[command(subcommand)]
    Member(access::MemberCommand),
    /// Users and service accounts; for service administrators
    #[command(subcommand)]
    Principal(access::PrincipalCommand),
    /// Who did what, and whether nobody changed what is written of it
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// What webhook triggers ask of who calls them
    #[command(subcommand)]
    WebhookAuth(webhook_auth::WebhookAuthCommand),
    /// What a root and its sandboxes may use
    #[command(subcommand)]
    Subscription(subscription::SubscriptionCommand),
    /// What a root and its sandboxes used of what their subscription allows
    Usage(usage::UsageArgs),
    /// Print what is done in a project, as it happens
    Watch(watch::WatchArgs),
    /// Print the completion script of a shell
    Completion {
        /// The shell
        shell: clap_complete::Shell,
    },
}

impl Cli {
    /// Runs the command.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let globals = &self.globals;
        match self.command {
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
            Command::Subscription(command) => {
                subscription::run(&Session::open(globals).await?, command).await
            }
            Command::Usage(args) => usage::run(&Session::open(globals).await?, args).await,
            Command::Watch(args) => watch::run(&Session::open(globals).await?, args).await,
            Command::Principal(command) => access::principal(&Session::open(globals).await?, command).await,
        }
    }
}

fn completion(shell: clap_complete::Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "sandbar", &mut script);
    output::result(&String::from_utf8_lossy(&script))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_token_never_shows_in_debug() {
        let cli = Cli::parse_from(["sandbar", "--token", "sbr_very_secret", "whoami"]);
        assert!(!format!("{cli:?}").contains("very"));
    }
}
