//! `sandbar-server keys …`: the master keys that encrypt credentials' values.

use std::{error::Error, io::Write, sync::Arc};

use sandbar_app::{
    App, Limits, World,
    credentials::{self, Rekeyed},
    vault::MasterKeys,
};
use sandbar_model::CredentialId;
use sandbar_server::{
    config::{KeysArgs, KeysCommand},
    database,
    telemetry::Telemetry,
    world::RealWorld,
};

/// How many credentials are dealt with before the next line of progress.
const BATCH: i64 = 500;

/// Runs one of them.
pub(crate) async fn run(command: KeysCommand) -> Result<(), Box<dyn Error>> {
    match command {
        KeysCommand::Status(args) => status(&args).await,
        KeysCommand::Rotate(args) => rotate(&args),
        KeysCommand::Rewrap(args) => rewrap(&args).await,
        KeysCommand::Verify(args) => verify(&args).await,
    }
}

async fn status(args: &KeysArgs) -> Result<(), Box<dyn Error>> {
    let _telemetry = Telemetry::start(&args.telemetry, "sandbar-server")?;
    let given = args.master_keys.load(&args.database)?.ids();
    let app = open(args).await?;
    let used = credentials::key_use(&app).await?;
    let mut out = std::io::stdout().lock();
    for id in &given {
        let count = used.iter().find(|(key, _)| key == id).map_or(0, |(_, count)| *count);
        let current = if given.last() == Some(id) { "  (current)" } else { "" };
        writeln!(out, "{id}  encrypts {count} credentials{current}")?;
    }
    for (key, count) in used.iter().filter(|(key, _)| !given.contains(key)) {
        writeln!(out, "{key}  encrypts {count} credentials  (NOT GIVEN: no server can start without it)")?;
    }
    app.db.close().await;
    Ok(())
}

fn rotate(args: &KeysArgs) -> Result<(), Box<dyn Error>> {
    let (id, path) = args.master_keys.rotate(&args.database)?;
    writeln!(
        std::io::stdout(),
        "added the master key {id} to {}, which is the current one now; back the file up, give it to every server, then run \
         `sandbar-server keys rewrap`",
        path.display()
    )?;
    Ok(())
}

async fn rewrap(args: &KeysArgs) -> Result<(), Box<dyn Error>> {
    let _telemetry = Telemetry::start(&args.telemetry, "sandbar-server")?;
    let app = open(args).await?;
    app.check_master_keys().await?;
    walk(&app, "encrypted anew", |after| {
        let app = Arc::clone(&app);
        async move { credentials::rewrap(&app, after, BATCH).await }
    })
    .await
}

async fn verify(args: &KeysArgs) -> Result<(), Box<dyn Error>> {
    let _telemetry = Telemetry::start(&args.telemetry, "sandbar-server")?;
    let app = open(args).await?;
    app.check_master_keys().await?;
    walk(&app, "opened", |after| {
        let app = Arc::clone(&app);
        async move { credentials::verify(&app, after, BATCH).await }
    })
    .await
}

/// Goes over all credentials, batch by batch, and tells how far it is.
async fn walk<F: Future<Output = sandbar_model::Result<Rekeyed>>>(
    app: &App,
    what: &str,
    mut batch: impl FnMut(Option<CredentialId>) -> F,
) -> Result<(), Box<dyn Error>> {
    let (mut after, mut done, mut damaged) = (None, 0, Vec::new());
    loop {
        let part = batch(after).await?;
        done += part.done;
        damaged.extend(part.damaged);
        if part.next.is_none() {
            break;
        }
        after = part.next;
        writeln!(std::io::stderr(), "{done} credentials {what} so far")?;
    }
    app.db.close().await;
    writeln!(std::io::stdout(), "{done} credentials {what}, {} damaged", damaged.len())?;
    if damaged.is_empty() {
        return Ok(());
    }
    let ids: Vec<_> = damaged.iter().map(ToString::to_string).collect();
    Err(format!(
        "these credentials do not open, because the database was changed by hand or restored in part: {}",
        ids.join(", ")
    )
    .into())
}

/// The application over the database. It answers no call, so its key is one that nobody else has.
async fn open(args: &KeysArgs) -> Result<Arc<App>, Box<dyn Error>> {
    let keys = args.master_keys.load(&args.database)?;
    let db = database::open(&args.database).await?;
    database::ready(db.clone()).await?;
    Ok(database::app(db, &RealWorld.random(), Arc::new(keys), Limits::default())?)
}
