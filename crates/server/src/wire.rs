//! The messages and service traits of the contract, generated from `proto/` by `build.rs`, and what it says of itself.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::pedantic,
    clippy::large_enum_variant,
    reason = "generated; the comments are those of the contract"
)]

use std::fmt;

tonic::include_proto!("sandbar.v1");

/// Describes every message and service of the contract: for reflection, and to know which methods there are.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/sandbar.v1.bin"));

/// The services of the contract, by the names that health and reflection know them by.
pub const SERVICES: [&str; 13] = [
    projects_service_server::SERVICE_NAME,
    sandboxes_service_server::SERVICE_NAME,
    workflows_service_server::SERVICE_NAME,
    collections_service_server::SERVICE_NAME,
    configs_service_server::SERVICE_NAME,
    credentials_service_server::SERVICE_NAME,
    keychains_service_server::SERVICE_NAME,
    merge_service_server::SERVICE_NAME,
    access_service_server::SERVICE_NAME,
    audit_service_server::SERVICE_NAME,
    watch_service_server::SERVICE_NAME,
    runs_service_server::SERVICE_NAME,
    webhook_auth_methods_service_server::SERVICE_NAME,
];

/// Shows of a message what is named, and that there is more: what is secret (`proto/secret_messages.txt`) must never reach a
/// log.
macro_rules! debug_without_secrets {
    ($($message:ident { $($field:ident),* })*) => {$(
        impl fmt::Debug for $message {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($message))$(.field(stringify!($field), &self.$field))*.finish_non_exhaustive()
            }
        }
    )*};
}

debug_without_secrets! {
    AuthenticateWebhookRequest { project_id, path }
    CollectionItem { key, create_time, update_time }
    CreateDataclipRequest { project_id, kind, name, request_id }
    CreateTokenResponse { token }
    CreateWebhookAuthMethodRequest { project_id, method, request_id, validate_only }
    FinishRunRequest { outcome }
    GetDataclipResponse { dataclip }
    ResolveCredentialResponse { credential_id, environment }
    RotateTokenResponse { token, previous }
    RunWork { run, environment, lease_time, deadline }
    SetCredentialValuesRequest { credential_id, environment, etag, request_id }
    StartRunRequest { project_id, workflow_id, trigger_id, job_id, claim, request_id }
    WebhookBasicCredentials {}
}
