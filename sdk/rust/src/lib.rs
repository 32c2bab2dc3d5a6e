#![doc = include_str!("../README.md")]

mod audit;
mod calls;
mod changes;
mod client;
mod error;
mod list;
mod plan;
mod transfer;
mod watch;

/// The messages and raw clients of the contract, generated from `proto/sandbar/v1`.
///
/// [`Client`] covers every call; the `*_service_client` modules are for those who want tonic's own clients, with
/// [`Client::service`] below them.
#[allow(missing_docs, clippy::all, clippy::pedantic, rustdoc::all)]
pub mod v1 {
    include!("gen/sandbar.v1.rs");
}

pub use calls::{
    Access, Audit, Collections, Configs, Credentials, Keychains, METHODS, Merges, Projects, Runs, Sandboxes,
    Watches, Workflows,
};
pub use client::{Builder, Client, MAX_MESSAGE_BYTES, Service, new_request_id};
pub use error::{Error, FieldViolation, Refusal};
pub use list::{Items, List, Page};
pub use plan::Plan;
pub use prost;
pub use prost_types;
pub use secrecy;
pub use tonic::Code;
pub use v1::Reason;

/// The contract as an encoded `google.protobuf.FileDescriptorSet`, for programs that read messages by reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!("gen/sandbar.v1.bin");

impl std::fmt::Debug for v1::SetCredentialValuesRequest {
    /// Leaves out the values, which must never reach a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SetCredentialValuesRequest")
            .field("credential_id", &self.credential_id)
            .field("environment", &self.environment)
            .field("etag", &self.etag)
            .field("request_id", &self.request_id)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for v1::CollectionItem {
    /// Leaves out the value, which must never reach a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CollectionItem")
            .field("key", &self.key)
            .field("create_time", &self.create_time)
            .field("update_time", &self.update_time)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for v1::CreateTokenResponse {
    /// Leaves out the secret, which must never reach a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreateTokenResponse").field("token", &self.token).finish_non_exhaustive()
    }
}

/// Shows of a message what is named, and that there is more: what is secret must never reach a log.
macro_rules! debug_without_secrets {
    ($($message:ident { $($field:ident),* })*) => {$(
        impl std::fmt::Debug for v1::$message {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
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
