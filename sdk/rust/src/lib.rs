#![doc = include_str!("../README.md")]

mod audit;
mod authorize;
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
    Watches, WebhookAuth, Workflows,
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

/// Shows of a message what is named, and that there is more: what is secret (`proto/secret_messages.txt`) must never
/// reach a log.
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
