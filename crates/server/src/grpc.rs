//! The services of the contract: each method turns a message into a request, asks the operation, and turns its answer
//! into a message. What is decided, is decided in the operations.

mod access;
mod audit;
mod collections;
mod configs;
mod credentials;
mod keychains;
mod merges;
mod projects;
mod runs;
mod sandboxes;
mod watch;
mod webhook_auth;
mod workflows;

use std::sync::Arc;

use bytes::Bytes;
use prost::Message;
use sandbar_app::{App, Call, workflows::Shown};
use sandbar_model::{ContentHash, Error};
use tonic::{Request, Response, Status, codec::CompressionEncoding, service::Routes};

use crate::{
    layers::Incoming,
    status,
    wire::{
        access_service_server::AccessServiceServer, audit_service_server::AuditServiceServer,
        collections_service_server::CollectionsServiceServer, configs_service_server::ConfigsServiceServer,
        credentials_service_server::CredentialsServiceServer,
        keychains_service_server::KeychainsServiceServer, merge_service_server::MergeServiceServer,
        projects_service_server::ProjectsServiceServer, runs_service_server::RunsServiceServer,
        sandboxes_service_server::SandboxesServiceServer, watch_service_server::WatchServiceServer,
        webhook_auth_methods_service_server::WebhookAuthMethodsServiceServer,
        workflows_service_server::WorkflowsServiceServer,
    },
};

/// What a method answers.
type Answer<T> = Result<Response<T>, Status>;

/// How large messages may be.
#[derive(Clone, Copy, Debug)]
pub struct MessageLimits {
    /// One message, either way.
    pub message_bytes: usize,
    /// A whole imported document.
    pub document_bytes: u64,
}

/// Every service of the contract, over one application.
pub fn routes(app: &Arc<App>, limits: MessageLimits) -> Routes {
    let shown = Arc::new(Shown::new(workflows::encoded, Bytes::len));
    let grpc = Grpc { app: Arc::clone(app), shown, document_bytes: limits.document_bytes };
    macro_rules! service {
        ($server:ident) => {
            $server::new(grpc.clone())
                .max_decoding_message_size(limits.message_bytes)
                .max_encoding_message_size(limits.message_bytes)
                .accept_compressed(CompressionEncoding::Gzip)
        };
    }
    Routes::new(service!(ProjectsServiceServer))
        .add_service(service!(SandboxesServiceServer))
        .add_service(service!(WorkflowsServiceServer))
        .add_service(service!(CollectionsServiceServer))
        .add_service(service!(ConfigsServiceServer))
        .add_service(service!(CredentialsServiceServer))
        .add_service(service!(KeychainsServiceServer))
        .add_service(service!(MergeServiceServer))
        .add_service(service!(AccessServiceServer))
        .add_service(service!(AuditServiceServer))
        .add_service(service!(WatchServiceServer))
        .add_service(service!(RunsServiceServer))
        .add_service(service!(WebhookAuthMethodsServiceServer))
}

/// All services in one: they share little but the application.
#[derive(Clone, Debug)]
struct Grpc {
    app: Arc<App>,
    /// Workflows as `GetWorkflow` answers them.
    shown: Arc<Shown<Bytes>>,
    document_bytes: u64,
}

/// A call on its way.
pub(crate) struct Opened {
    pub(crate) call: Call,
    incoming: Incoming,
}

impl std::ops::Deref for Opened {
    type Target = Call;

    fn deref(&self) -> &Call {
        &self.call
    }
}

impl Opened {
    /// Ends the call.
    fn answer<T>(&self, result: sandbar_model::Result<T>) -> Answer<T> {
        self.note_caller();
        result.map(Response::new).map_err(status::from_error)
    }

    /// Notes who it was, for the call's line in the log.
    pub(crate) fn note_caller(&self) {
        if let Some(principal) = self.call.caller.get() {
            self.incoming.note_principal(*principal);
        }
    }
}

/// Begins a call that only reads.
fn read<M>(request: Request<M>) -> Result<(Opened, M), Status> {
    open(request, |_| ContentHash([0; 32]))
}

/// Begins a call that changes something: a repeat of its request id must be the same message.
fn change<M: Message>(request: Request<M>) -> Result<(Opened, M), Status> {
    open(request, |message| ContentHash::of(&message.encode_to_vec()))
}

/// Refuses calls without a token before anything is said of their message.
fn open<M>(request: Request<M>, digest: impl FnOnce(&M) -> ContentHash) -> Result<(Opened, M), Status> {
    let (_, extensions, message) = request.into_parts();
    let opened = opened(&extensions, digest(&message)).map_err(status::from_error)?;
    Ok((opened, message))
}

/// Refuses calls without a token.
pub(crate) fn opened(extensions: &http::Extensions, digest: ContentHash) -> sandbar_model::Result<Opened> {
    let incoming: &Incoming = extensions.get().ok_or(Error::Bug("a service without the layers around it"))?;
    let credentials = incoming.credentials()?;
    let address = incoming.address().map(|address| address.to_string()).unwrap_or_default();
    let trace_id = incoming.request_id().to_owned();
    let call = Call { credentials, address, trace_id, digest, caller: Arc::default() };
    Ok(Opened { call, incoming: incoming.clone() })
}
