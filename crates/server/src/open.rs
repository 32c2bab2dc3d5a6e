//! Where the application is opened and its services are registered.

use std::{error::Error, future::Ready, future::ready};

use sandbar_server::{
    config::{CreateTokenArgs, MigrateArgs, ServeArgs},
    telemetry::Metrics,
};
use secrecy::SecretString;
use tonic::service::Routes;

/// What serving needs of the application.
pub(crate) struct Opened<R> {
    /// The services of the contract.
    pub(crate) services: Routes,
    /// Whether the database can be reached and has the schema of this version.
    pub(crate) readiness: R,
}

/// Opens the database and registers the services over it.
pub(crate) async fn app(
    _args: &ServeArgs,
    _key: &SecretString,
    _metrics: &Metrics,
) -> Result<Opened<impl Fn() -> Ready<Result<(), String>> + Send + Sync + 'static>, Box<dyn Error>> {
    Ok(Opened { services: Routes::default(), readiness: || ready(Ok(())) })
}

/// Brings the schema up to date.
pub(crate) async fn migrate(_args: &MigrateArgs) -> Result<(), Box<dyn Error>> {
    Err("this build has no database".into())
}

/// Makes a token of a service administrator and prints it.
pub(crate) async fn create_token(_args: &CreateTokenArgs) -> Result<(), Box<dyn Error>> {
    Err("this build has no database".into())
}
