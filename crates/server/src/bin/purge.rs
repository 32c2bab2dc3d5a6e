//! `sandbar-purge`: removes for good what was scheduled for deletion and is due.

use std::{error::Error, process::ExitCode};

use clap::Parser;
use sandbar_server::{
    admin,
    config::PurgeArgs,
    purge::{self, Batch},
    serve,
    telemetry::Telemetry,
};
use tokio::sync::watch;

#[tokio::main]
async fn main() -> ExitCode {
    match run(&PurgeArgs::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sandbar-purge: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: &PurgeArgs) -> Result<(), Box<dyn Error>> {
    args.database.engine()?;
    let telemetry = Telemetry::start(&args.telemetry, "sandbar-purge")?;
    let worker = args.worker_name();
    tracing::info!(version = env!("CARGO_PKG_VERSION"), worker, config = ?args, "starting");
    let shutdown = serve::signals()?;

    let (ready, state) = watch::channel(Err("the first batch is under way".to_owned()));
    let listener = admin::bind(args.admin_listen, "--admin-listen").await?;
    let _admin = admin::start(listener, telemetry.metrics.clone(), state);

    let batch = || purge_batch(args, &worker);
    purge::run(args.interval, telemetry.metrics.purge(), ready, shutdown, batch).await;
    tracing::info!("shut down");
    telemetry.finish();
    Ok(())
}

/// Removes at most one batch of what is due.
async fn purge_batch(_args: &PurgeArgs, _worker: &str) -> sandbar_model::Result<Batch> {
    Err(sandbar_model::Error::Bug("this build has no database"))
}
