//! Where the application is opened and its services are registered.

use std::{error::Error, io::Write, path::Path, sync::Arc, time::Duration};

use sandbar_app::{
    App, Limits, World,
    access::{self, Bootstrap},
    vault::KeyRing,
};
use sandbar_server::{
    config::{CreateTokenArgs, DatabaseArgs, MigrateArgs, ServeArgs, write_secret},
    database::{self, micros},
    grpc::{self, MessageLimits},
    openfn,
    serve::Services,
    status,
    telemetry::{Metrics, Telemetry},
    world::RealWorld,
};
use sandbar_store::{Db, schema};
use secrecy::{ExposeSecret, SecretString};

/// How often it is written down when tokens were last used.
const NOTE_USES: Duration = Duration::from_secs(10);

/// What serving needs of the application.
pub(crate) struct Opened {
    /// What is served over it.
    pub(crate) services: Services,
    /// Where things are kept.
    pub(crate) db: Db,
    /// Shared with the background work.
    pub(crate) app: Arc<App>,
}

/// Opens the database and registers the services over it.
pub(crate) async fn app(
    args: &ServeArgs,
    key: &SecretString,
    master_keys: KeyRing,
    metrics: &Metrics,
) -> Result<Opened, Box<dyn Error>> {
    let db = database::open(&args.database).await?;
    database::watch(metrics, &db, args.database.pool_size);
    database::ready(db.clone()).await?;
    first_token(args, &db).await?;
    let limits = Limits {
        grace: micros(args.grace_period),
        max_depth: args.max_depth,
        max_page: usize::try_from(args.limits.max_page).unwrap_or(usize::MAX),
        max_watches: usize::try_from(args.limits.max_watches).unwrap_or(usize::MAX),
        heartbeat: args.limits.watch_heartbeat,
        collection_bytes: args.limits.max_collection.as_u64().try_into().unwrap_or(i64::MAX),
        // The other half is for an item that is larger than the rest of its page.
        page_bytes: (args.limits.max_message.as_u64() / 2).try_into().unwrap_or(i64::MAX),
        runs: args.runs.limits(),
    };
    let app = database::app(db.clone(), key.expose_secret().as_bytes(), Arc::new(master_keys), limits)?;
    app.check_master_keys().await?;
    let limits = MessageLimits {
        message_bytes: args.limits.max_message_bytes(),
        document_bytes: args.limits.max_document.as_u64(),
    };
    let services = Services { grpc: grpc::routes(&app, limits), openfn: openfn::routes(&app, limits) };
    Ok(Opened { services, db, app })
}

/// Writes down now and then, for as long as the server runs, when tokens were last used.
pub(crate) async fn note_token_uses(app: Arc<App>) {
    loop {
        tokio::time::sleep(NOTE_USES).await;
        if let Err(error) = app.note_token_uses().await {
            tracing::warn!(
                error = status::chain(&error),
                "could not note when tokens were used; will try again"
            );
        }
    }
}

/// Brings the schema up to date.
pub(crate) async fn migrate(args: &MigrateArgs) -> Result<(), Box<dyn Error>> {
    let _telemetry = Telemetry::start(&args.telemetry, "sandbar-server")?;
    let db = database::open(&args.database).await?;
    schema::migrate(&db).await?;
    tracing::info!(version = schema::wanted_version(), "the schema is up to date");
    db.close().await;
    Ok(())
}

/// Makes a token of a service administrator and prints it.
pub(crate) async fn create_token(args: &CreateTokenArgs) -> Result<(), Box<dyn Error>> {
    let _telemetry = Telemetry::start(&args.telemetry, "sandbar-server")?;
    let db = database::open(&args.database).await?;
    database::ready(db.clone()).await?;
    let made = access::create_admin_token(&db, &RealWorld, &args.name, Some(micros(args.ttl))).await?;
    let secret = made.secret.ok_or("the token was made, but is not known any more")?;
    writeln!(std::io::stdout(), "{}", secret.expose())?;
    db.close().await;
    Ok(())
}

/// Sees to it that somebody can call: see `--admin-token`.
async fn first_token(args: &ServeArgs, db: &Db) -> Result<(), Box<dyn Error>> {
    let given = args.admin_token.as_ref().map(ExposeSecret::expose_secret);
    if !embedded(&args.database)? && given.is_none() {
        return Ok(());
    }
    let file = args.database.data_dir.join("admin-token");
    if let Bootstrap::Made(secret) = access::bootstrap(db, &RealWorld as &dyn World, given).await? {
        keep(&file, secret.expose())?;
        // To standard output, so that it is in no log.
        writeln!(
            std::io::stdout(),
            "The token of the service administrator, shown this once and kept in {}:\n{}",
            file.display(),
            secret.expose()
        )?;
    }
    Ok(())
}

fn keep(file: &Path, secret: &str) -> Result<(), Box<dyn Error>> {
    write_secret(file, secret).map_err(|error| format!("{}: {error}", file.display()).into())
}

fn embedded(args: &DatabaseArgs) -> Result<bool, Box<dyn Error>> {
    Ok(args.engine()? == sandbar_server::config::Engine::Sqlite)
}
