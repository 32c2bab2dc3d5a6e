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
pub const SERVICES: [&str; 12] = [
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
];

impl fmt::Debug for SetCredentialValuesRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { credential_id, environment, values: _, etag, request_id } = self;
        f.debug_struct("SetCredentialValuesRequest")
            .field("credential_id", credential_id)
            .field("environment", environment)
            .field("etag", etag)
            .field("request_id", request_id)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for CollectionItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, value: _, create_time, update_time } = self;
        f.debug_struct("CollectionItem")
            .field("key", key)
            .field("create_time", create_time)
            .field("update_time", update_time)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for CreateTokenResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreateTokenResponse").field("token", &self.token).finish_non_exhaustive()
    }
}

/// Shows of a message what is named, and that there is more.
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
    RotateTokenResponse { token, previous }
    StartRunRequest { project_id, workflow_id, trigger_id, job_id, claim, request_id }
    RunWork { run, environment, lease_time, deadline }
    ResolveCredentialResponse { credential_id, environment }
    FinishRunRequest { outcome }
    CreateDataclipRequest { project_id, kind, name, request_id }
    GetDataclipResponse { dataclip }
}
