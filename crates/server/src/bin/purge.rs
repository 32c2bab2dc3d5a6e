//! `sandbar-purge`: removes for good what was scheduled for deletion and is due.

use std::{error::Error, process::ExitCode, sync::Arc};

use clap::Parser;
use sandbar_app::{
    App, Limits, RunLimits, World,
    purge::{Worker, round},
    vault::KeyRing,
};
use sandbar_server::{
    admin,
    config::PurgeArgs,
    database::{self, micros},
    purge::{self, Batch},
    serve,
    telemetry::{Metrics, PurgeMetrics, Telemetry},
    world::RealWorld,
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
    let worker = worker(args);
    tracing::info!(version = env!("CARGO_PKG_VERSION"), worker = worker.name, config = ?args, "starting");
    let shutdown = serve::signals()?;

    let (ready, state) = watch::channel(Err("the first batch is under way".to_owned()));
    let listener = admin::bind(args.admin_listen, "--admin-listen").await?;
    let _admin = admin::start(listener, telemetry.metrics.clone(), state);

    let app = open(args, &telemetry.metrics).await?;
    let metrics = telemetry.metrics.purge();
    let failures = metrics.clone();
    purge::run(args.interval, metrics, ready, shutdown, || batch(&app, &worker, &failures)).await;
    app.db.close().await;
    tracing::info!("shut down");
    telemetry.finish();
    Ok(())
}

/// The application over the database. The worker gives no tokens, so its key is one that nobody else has; it encrypts and
/// reads no values, so it has no master keys.
async fn open(args: &PurgeArgs, metrics: &Metrics) -> Result<Arc<App>, Box<dyn Error>> {
    let db = database::open(&args.database).await?;
    database::watch(metrics, &db, args.database.pool_size);
    database::ready(db.clone()).await?;
    let runs = RunLimits { attempts: args.run_attempts.into(), ..RunLimits::default() };
    let limits = Limits { grace: micros(args.grace_period), runs, ..Limits::default() };
    Ok(database::app(db, &RealWorld.random(), Arc::new(KeyRing::default()), limits)?)
}

fn worker(args: &PurgeArgs) -> Worker {
    Worker {
        lease: micros(args.lease),
        batch: args.batch.into(),
        // Few enough that a worker which is told to stop does so in seconds.
        steps: 50,
        retention: micros(args.version_retention),
        undo_window: micros(args.undo_window),
        content_grace: micros(args.content_grace),
        ..Worker::new(args.worker_name())
    }
}

/// Does one round of what there is to do.
async fn batch(app: &App, worker: &Worker, metrics: &PurgeMetrics) -> sandbar_model::Result<Batch> {
    let round = round(app, worker).await?;
    if round.failed > 0 {
        // Each is in the log already; the rest of the round was done, and these come again in the next.
        metrics.failed();
    }
    Ok(Batch { removed: round.removed(), due: round.due })
}
