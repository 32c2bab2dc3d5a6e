//! `sandbar-server`: serves calls, brings the schema up to date, answers health checks, makes a first token.

mod healthcheck;
mod keys;
mod open;

use std::{error::Error, process::ExitCode, sync::Arc};

use clap::Parser;
use sandbar_app::watch::keep_watch;
use sandbar_server::{
    config::{Cli, Command, ServeArgs, TokensCommand},
    database,
    serve::{self, Serving},
    sign_in::SignIns,
    status,
    telemetry::Telemetry,
};

/// A call makes some hundreds of short-lived allocations, and glibc's allocator took a fifth of its processor time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Cli::parse().into_command() {
        Command::Serve(args) => serve(&args).await,
        Command::Migrate(args) => open::migrate(&args).await,
        Command::Healthcheck(args) => healthcheck::run(&args).await,
        Command::Tokens(TokensCommand::Create(args)) => open::create_token(&args).await,
        Command::Keys(command) => keys::run(command).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sandbar-server: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(args: &ServeArgs) -> Result<(), Box<dyn Error>> {
    args.check()?;
    let telemetry = Telemetry::start(&args.telemetry, "sandbar-server")?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), config = ?args, "starting");
    let shutdown = serve::signals()?;
    let key = args.key.load(&args.database)?;
    let master_keys = args.master_keys.load(&args.database)?;

    // Bound first: a second server on the same port is told so before it touches the database.
    let serving = Serving::bind(args, telemetry.metrics.clone()).await?;
    let opened = open::app(args, &key, master_keys, &telemetry.metrics).await?;
    let sign_ins = match args.oidc.issuer()? {
        Some(issuer) => Some(SignIns::start(issuer, Arc::clone(&opened.app)).await?),
        None => None,
    };
    let serving = Serving { sign_ins, ..serving };
    tracing::info!(address = %serving.listener.local_addr()?, "serving");
    let noting = tokio::spawn(open::note_token_uses(Arc::clone(&opened.app)));
    let watching = tokio::spawn(keep_watch(Arc::clone(&opened.app)));
    let (db, app) = (opened.db.clone(), Arc::clone(&opened.app));
    let shutdown = async move {
        shutdown.await;
        // First of all, so that watchers have gone elsewhere when the others have finished.
        app.stop_watches();
    };
    serve::serve(serving, opened.services, move || database::ready(db.clone()), shutdown).await?;
    noting.abort();
    watching.abort();
    // What was not written down yet is not worth failing for at the end.
    if let Err(error) = opened.app.note_token_uses().await {
        tracing::warn!(error = status::chain(&error), "could not note when tokens were used");
    }
    opened.db.close().await;
    telemetry.finish();
    Ok(())
}
