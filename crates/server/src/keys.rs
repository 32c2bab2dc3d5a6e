//! `sandbar-server keys …`: the master keys that encrypt what credentials and webhook auth methods hold.

use std::{collections::BTreeSet, error::Error, io::Write, sync::Arc};

use sandbar_app::{
    App, Limits, World, credentials,
    vault::{MasterKeys, Rekeyed},
    webhooks,
};
use sandbar_model::CredentialId;
use sandbar_server::{
    config::{KeysArgs, KeysCommand},
    database,
    telemetry::Telemetry,
    world::RealWorld,
};
use sandbar_store::webhook_auth::Key;

/// How many of a kind are dealt with before the next line of progress.
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
    let used = [credentials::key_use(&app).await?, webhooks::key_use(&app).await?];
    let count = |id: &str| {
        let [credentials, methods] =
            used.each_ref().map(|used| used.iter().find(|(key, _)| key == id).map_or(0, |(_, count)| *count));
        format!("{credentials} credentials, {methods} webhook auth methods")
    };
    let mut out = std::io::stdout().lock();
    for id in &given {
        let current = if given.last() == Some(id) { "  (current)" } else { "" };
        writeln!(out, "{id}  encrypts {}{current}", count(id))?;
    }
    let missing: BTreeSet<_> =
        used.iter().flatten().map(|(key, _)| key).filter(|key| !given.contains(key)).collect();
    for key in missing {
        writeln!(out, "{key}  encrypts {}  (NOT GIVEN: no server can start without it)", count(key))?;
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
    let credentials = walk("credentials encrypted anew", |after| {
        let app = Arc::clone(&app);
        async move { credentials::rewrap(&app, after, BATCH).await }
    });
    let credentials = credentials.await?;
    let methods = walk("webhook auth methods encrypted anew", |after| {
        let app = Arc::clone(&app);
        async move { webhooks::rewrap(&app, after, BATCH).await }
    });
    let methods = methods.await?;
    app.db.close().await;
    all_open(&credentials, &methods)
}

async fn verify(args: &KeysArgs) -> Result<(), Box<dyn Error>> {
    let _telemetry = Telemetry::start(&args.telemetry, "sandbar-server")?;
    let app = open(args).await?;
    app.check_master_keys().await?;
    let credentials = walk("credentials opened", |after| {
        let app = Arc::clone(&app);
        async move { credentials::verify(&app, after, BATCH).await }
    });
    let credentials = credentials.await?;
    let methods = walk("webhook auth methods opened", |after| {
        let app = Arc::clone(&app);
        async move { webhooks::verify(&app, after, BATCH).await }
    });
    let methods = methods.await?;
    app.db.close().await;
    all_open(&credentials, &methods)
}

/// Goes over all of a kind, batch by batch, tells how far it is, and answers those that do not open.
async fn walk<I: Copy, F: Future<Output = sandbar_model::Result<Rekeyed<I>>>>(
    what: &str,
    mut batch: impl FnMut(Option<I>) -> F,
) -> Result<Vec<I>, Box<dyn Error>> {
    let (mut after, mut done, mut damaged) = (None, 0, Vec::new());
    loop {
        let part = batch(after).await?;
        done += part.done;
        damaged.extend(part.damaged);
        if part.next.is_none() {
            break;
        }
        after = part.next;
        writeln!(std::io::stderr(), "{done} {what} so far")?;
    }
    writeln!(std::io::stdout(), "{done} {what}, {} damaged", damaged.len())?;
    Ok(damaged)
}

/// Fails when something does not open, naming it.
fn all_open(credentials: &[CredentialId], methods: &[Key]) -> Result<(), Box<dyn Error>> {
    let credentials = credentials.iter().map(|id| format!("credential {id}"));
    let methods = methods.iter().map(|of| format!("webhook auth method {}", of.id));
    let damaged: Vec<_> = credentials.chain(methods).collect();
    if damaged.is_empty() {
        return Ok(());
    }
    Err(format!(
        "these do not open, because the database was changed by hand or restored in part: {}",
        damaged.join(", ")
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
