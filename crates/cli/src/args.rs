//! What the command line takes: the flags of every command, and the commands.

use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::{SpanRelativeTo, fmt::friendly::SpanParser};
use sandbar_client::secrecy::SecretString;

use crate::commands::{
    access, audit, collection, config, credential, keychain, login, merge, project, run, sandbox,
    subscription, usage, watch, webhook_auth, workflow,
};

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

/// What every command takes.
#[derive(Args, Debug)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Globals {
    /// The server's URL, such as `https://sandbar.example.com`. Default: that of the context
    #[arg(long, global = true, env = "SANDBAR_SERVER", hide_env_values = true, value_name = "URL")]
    pub(crate) server: Option<String>,

    /// The API token. Default: that of the context. Other users of this machine can see arguments: prefer the
    /// environment, or `sandbar login`
    #[arg(long, global = true, env = "SANDBAR_TOKEN", hide_env_values = true, value_parser = secret)]
    pub(crate) token: Option<SecretString>,

    /// The stored context to use, by name. Default: the current one
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) context: Option<String>,

    /// How to print results
    #[arg(short, long, global = true, value_enum, default_value_t = Format::Table)]
    pub(crate) output: Format,

    /// When to colour. `auto` colours on a terminal and obeys `NO_COLOR`
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub(crate) color: Color,

    /// How long a call may take, such as 10s or 2m. Import and export take as long as they need
    #[arg(long, global = true, default_value = "30s", value_parser = duration)]
    pub(crate) timeout: Duration,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Table,
    /// For programs: `snake_case` names, RFC 3339 times, lower-case words.
    Json,
}

/// When output is coloured.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Also into files and pipes.
    Always,
    /// Nowhere.
    Never,
}

impl Color {
    /// Makes every stream of the process follow it.
    pub(crate) fn write_global(self) {
        match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        }
        .write_global();
    }
}

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

/// A length of time such as `90s`, `2m`, `1h 30m` or `7d`; a day has 24 hours.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let parse = || {
        let span = SpanParser::new().parse_span(text).ok()?;
        let length = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
        Duration::try_from(length).ok().filter(|length| !length.is_zero())
    };
    parse().ok_or_else(|| "write a length of time such as 90s, 2m, 1h 30m or 7d".to_owned())
}

// clap wants a Result from a value parser.
#[expect(clippy::unnecessary_wraps)]
fn secret(text: &str) -> Result<SecretString, String> {
    Ok(SecretString::from(text))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn lengths_of_time_are_read() {
        assert_eq!(duration("7d"), Ok(Duration::from_hours(7 * 24)));
        assert_eq!(duration("1h 30m"), Ok(Duration::from_mins(90)));
        assert!(duration("0s").is_err());
        assert!(duration("-1h").is_err());
        assert!(duration("soon").is_err());
    }

    #[test]
    fn the_token_never_shows_in_debug() {
        let cli = Cli::parse_from(["sandbar", "--token", "sbr_very_secret", "whoami"]);
        assert!(!format!("{cli:?}").contains("very"));
    }
}
