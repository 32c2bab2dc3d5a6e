//! `sandbar-load`: what calls cost, measured in ratios taken within one run, on both engines.
//!
//! Nothing here passes or fails: the absolute figures are the machine's, the ratios are the product's.

mod document;
mod figures;
mod floor;
mod floor_server;
mod fork;
mod import;
mod machine;
mod merge;
mod naive;
mod openfn;
mod plan;
mod project;
mod raw;
mod read;
mod service;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand, ValueEnum};

/// What went wrong, for a person.
type Failure = Box<dyn std::error::Error + Send + Sync>;
type Result<T> = std::result::Result<T, Failure>;

/// Measures what calls cost. Prints tables, and one line of JSON for each figure.
#[derive(Debug, Parser)]
#[command(name = "sandbar-load", version, max_term_width = 120)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Creating sandboxes of small and large projects; on PostgreSQL beside a clone that copies rows.
    Fork(Setting),
    /// Reading, listing and previewing in small and large projects, and through forks.
    Read(Setting),
    /// Reading one workflow against a bare handler with one select, and a bare echo.
    Floor(Setting),
    /// Import and export: megabytes a second, and the server's peak of memory.
    Import(Setting),
    /// A merge of everything that a project holds: time, messages, and the server's peak of memory.
    Plan(Setting),
    /// What `OpenFn`'s own tools ask of a whole project, beside what gRPC takes for the same.
    Openfn(Setting),
    /// All of these, one after the other.
    All(Setting),
    /// Merging in process, beside the npm package `@openfn/project` and `git merge-tree`. Needs node, npm, git and GNU
    /// time.
    Merge(merge::MergeArgs),
    /// Sandbar's own merge, alone. Started by `merge`.
    MergeHere(merge::MergeHereArgs),
    /// The floors: a bare gRPC server. Started by `floor`.
    FloorServer(floor_server::FloorServerArgs),
}

/// Where and how much to measure.
#[derive(Clone, Debug, Args)]
struct Setting {
    /// The database engine.
    #[arg(long, value_enum)]
    engine: Engine,
    /// A PostgreSQL server that databases may be made on (and dropped, when their names begin with `sandbar_load`).
    #[arg(
        long,
        env = "SANDBAR_LOAD_POSTGRES",
        value_name = "URL",
        default_value = "postgres://postgres@localhost/postgres"
    )]
    postgres: String,
    /// The server to measure. Default: `sandbar-server` beside this program.
    #[arg(long, value_name = "PATH")]
    server: Option<PathBuf>,
    /// Where data is kept. What is there is used again, so delete it after a change of the schema.
    #[arg(long, value_name = "DIR", default_value = "target/load")]
    work: PathBuf,
    /// The `OpenFn` project that workflows are made from.
    #[arg(long, value_name = "FILE", default_value = "tests/data/histories/social-sciences/001.json")]
    template: PathBuf,
    /// How many workflows the largest project has. Less for a quick look.
    #[arg(long, value_name = "COUNT", default_value_t = 100_000)]
    largest: u64,
    /// How often each call of `fork` and `read` is timed.
    #[arg(long, value_name = "COUNT", default_value_t = 300)]
    rounds: usize,
    /// How often the runs of `floor` alternate, and imports and exports are repeated: this often for `floor`, and
    /// three times at most for the others.
    #[arg(long, value_name = "COUNT", default_value_t = 7)]
    runs: usize,
    /// How long a run of `floor` takes, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 3)]
    seconds: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    fn word(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Fork(setting) => fork::run(&setting).await,
        Command::Read(setting) => read::run(&setting).await,
        Command::Floor(setting) => floor::run(&setting).await,
        Command::Import(setting) => import::run(&setting).await,
        Command::Plan(setting) => plan::run(&setting).await,
        Command::Openfn(setting) => openfn::run(&setting).await,
        Command::All(setting) => all(&setting).await,
        Command::Merge(args) => merge::run(&args),
        Command::MergeHere(args) => merge::here(&args),
        Command::FloorServer(args) => floor_server::run(&args).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sandbar-load: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn all(setting: &Setting) -> Result<()> {
    fork::run(setting).await?;
    read::run(setting).await?;
    floor::run(setting).await?;
    import::run(setting).await?;
    plan::run(setting).await?;
    openfn::run(setting).await
}
