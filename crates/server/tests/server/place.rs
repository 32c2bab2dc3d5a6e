//! A server with services that do what the tests need, and ways to call it.

use std::{
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use opentelemetry_sdk::metrics::SdkMeterProvider;
use prost::Message;
use sandbar_model::PrincipalId;
use sandbar_server::{
    layers::{Deadlines, Incoming},
    serve::{self, Limits, Serving},
    status,
    telemetry::Metrics,
    wire::{
        self,
        merge_service_server::{MergeService, MergeServiceServer},
        workflows_service_server::{WorkflowsService, WorkflowsServiceServer},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};
use tokio_stream::Stream;
use tonic::{Request, Response, Status, codec::CompressionEncoding, service::Routes, transport::Channel};

pub(crate) const GET: &str = "/sandbar.v1.WorkflowsService/GetWorkflow";
pub(crate) const PREVIEW: &str = "/sandbar.v1.MergeService/PreviewMerge";
pub(crate) const MAX_MESSAGE: usize = 100_000;

/// A running server.
pub(crate) struct Place {
    pub(crate) address: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) database_is_up: Arc<AtomicBool>,
    stop: Option<oneshot::Sender<()>>,
    pub(crate) serving: JoinHandle<std::io::Result<()>>,
}

/// Limits that tests can reach in a moment, and do not reach by accident.
pub(crate) fn limits() -> Limits {
    let secs = Duration::from_secs;
    Limits {
        max_message_bytes: MAX_MESSAGE,
        max_streams: 100,
        max_connections: 100,
        max_calls: 100,
        max_bad_tokens: 100,
        deadlines: Deadlines { default: secs(30), max: secs(60), stream: secs(60) },
        keepalive: secs(60),
        keepalive_timeout: secs(60),
        shutdown_delay: Duration::ZERO,
        shutdown_grace: secs(30),
    }
}

impl Place {
    pub(crate) async fn start(limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let admin = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, admin_address) = (listener.local_addr().unwrap(), admin.local_addr().unwrap());
        let database_is_up = Arc::new(AtomicBool::new(true));
        let database = database_is_up.clone();
        let readiness = move || {
            let up = database.load(Ordering::SeqCst);
            async move { if up { Ok(()) } else { Err("the database is down".to_owned()) } }
        };
        let serving = Serving {
            listener,
            admin: Some(admin),
            metrics: metrics(),
            traced: true,
            limits,
            cors_origins: vec!["https://app.example".to_owned()],
            sign_ins: None,
            trusted_proxies: Vec::new(),
            health_interval: Duration::from_millis(20),
        };
        let (stop, stopped) = oneshot::channel();
        let shutdown = async { stopped.await.unwrap_or(()) };
        let serving = tokio::spawn(serve::serve(serving, services(), readiness, shutdown));
        Self { address, admin: admin_address, database_is_up, stop: Some(stop), serving }
    }

    pub(crate) fn shut_down(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    pub(crate) async fn channel(&self) -> Channel {
        Channel::from_shared(format!("http://{}", self.address)).unwrap().connect().await.unwrap()
    }

    /// Calls a method whose behaviour is chosen by the workflow's name.
    pub(crate) async fn get(&self, name: &str) -> Result<Response<wire::GetWorkflowResponse>, Status> {
        unary(self.channel().await, GET, Request::new(named(name))).await
    }

    /// Asks the operator's port.
    pub(crate) async fn ask(&self, path: &str) -> String {
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        String::from_utf8(exchange(self.admin, request.as_bytes()).await).unwrap()
    }
}

fn metrics() -> Metrics {
    let registry = prometheus::Registry::new();
    let reader = opentelemetry_prometheus::exporter().with_registry(registry.clone()).build().unwrap();
    Metrics::new(SdkMeterProvider::builder().with_reader(reader).build(), registry)
}

fn services() -> Routes {
    let workflows = WorkflowsServiceServer::new(Services)
        .max_decoding_message_size(MAX_MESSAGE)
        .accept_compressed(CompressionEncoding::Gzip);
    Routes::new(workflows).add_service(MergeServiceServer::new(Services))
}

/// The workflow in an answer, which holds it encoded.
pub(crate) fn shown(answer: &wire::GetWorkflowResponse) -> wire::Workflow {
    wire::Workflow::decode(answer.workflow.clone()).unwrap()
}

pub(crate) fn named(name: &str) -> wire::GetWorkflowRequest {
    use wire::get_workflow_request::Workflow::WorkflowName;
    wire::GetWorkflowRequest { workflow: Some(WorkflowName(name.to_owned())), ..Default::default() }
}

/// One call, as a generated client would make it.
pub(crate) async fn unary<Q, A>(
    channel: Channel,
    path: &'static str,
    request: Request<Q>,
) -> Result<Response<A>, Status>
where
    Q: prost::Message + Send + Sync + 'static,
    A: prost::Message + Default + Send + Sync + 'static,
{
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await.unwrap();
    client.unary(request, path.parse().unwrap(), tonic_prost::ProstCodec::<Q, A>::default()).await
}

/// A stream that says one thing and then nothing more.
pub(crate) async fn preview(channel: Channel) -> tonic::Streaming<wire::PreviewMergeResponse> {
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await.unwrap();
    let codec = tonic_prost::ProstCodec::<wire::PreviewMergeRequest, wire::PreviewMergeResponse>::default();
    let request = Request::new(wire::PreviewMergeRequest::default());
    client.server_streaming(request, PREVIEW.parse().unwrap(), codec).await.unwrap().into_inner()
}

/// Sends bytes and reads until the server closes.
pub(crate) async fn exchange(address: SocketAddr, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    answer
}

/// The reason in an answer, and its metadata.
pub(crate) fn reason(status: &Status) -> (String, std::collections::HashMap<String, String>) {
    use tonic_types::StatusExt;
    let info = status.get_details_error_info().unwrap_or_else(|| panic!("no ErrorInfo in {status:?}"));
    assert_eq!(info.domain, "sandbar.dev");
    (info.reason, info.metadata)
}

pub(crate) struct Services;

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl WorkflowsService for Services {
    /// Does what the name says.
    async fn get_workflow(
        &self,
        request: Request<wire::GetWorkflowRequest>,
    ) -> Answer<wire::GetWorkflowResponse> {
        use secrecy::ExposeSecret;
        let incoming = Incoming::from_extensions(request.extensions()).map_err(status::from_error)?.clone();
        assert!(request.metadata().get("authorization").is_none());
        let Some(wire::get_workflow_request::Workflow::WorkflowName(name)) = request.into_inner().workflow
        else {
            return Err(Status::unimplemented("only by name"));
        };
        let answer = match name.as_str() {
            "slow" => {
                tokio::time::sleep(Duration::from_millis(400)).await;
                name
            }
            "stuck" => std::future::pending().await,
            "panic" => panic!("hunter2 in a panic"),
            "token" => incoming.token().map_err(status::from_error)?.expose_secret().to_owned(),
            "who" => {
                incoming.note_principal(PrincipalId(uuid::Uuid::from_u128(7)));
                format!("{} {}", incoming.request_id(), incoming.address().unwrap())
            }
            _ => name,
        };
        let workflow = wire::Workflow { name: answer, ..Default::default() };
        Ok(Response::new(wire::GetWorkflowResponse { workflow: workflow.encode_to_vec().into() }))
    }

    async fn list_workflows(
        &self,
        _: Request<wire::ListWorkflowsRequest>,
    ) -> Answer<wire::ListWorkflowsResponse> {
        Err(Status::unimplemented(""))
    }
    async fn put_workflow(&self, _: Request<wire::PutWorkflowRequest>) -> Answer<wire::PutWorkflowResponse> {
        Err(Status::unimplemented(""))
    }
    async fn delete_workflow(
        &self,
        _: Request<wire::DeleteWorkflowRequest>,
    ) -> Answer<wire::DeleteWorkflowResponse> {
        Err(Status::unimplemented(""))
    }
    async fn set_trigger_enabled(
        &self,
        _: Request<wire::SetTriggerEnabledRequest>,
    ) -> Answer<wire::SetTriggerEnabledResponse> {
        Err(Status::unimplemented(""))
    }
    async fn list_workflow_revisions(
        &self,
        _: Request<wire::ListWorkflowRevisionsRequest>,
    ) -> Answer<wire::ListWorkflowRevisionsResponse> {
        Err(Status::unimplemented(""))
    }
    async fn restore_workflow_revision(
        &self,
        _: Request<wire::RestoreWorkflowRevisionRequest>,
    ) -> Answer<wire::RestoreWorkflowRevisionResponse> {
        Err(Status::unimplemented(""))
    }
}

#[tonic::async_trait]
impl MergeService for Services {
    type PreviewMergeStream = Pin<Box<dyn Stream<Item = Result<wire::PreviewMergeResponse, Status>> + Send>>;
    type PreviewRevertStream =
        Pin<Box<dyn Stream<Item = Result<wire::PreviewRevertResponse, Status>> + Send>>;

    type GetMergeChangesStream =
        Pin<Box<dyn Stream<Item = Result<wire::GetMergeChangesResponse, Status>> + Send>>;

    /// One part, then silence; a panic when the source is called that.
    async fn preview_merge(
        &self,
        request: Request<wire::PreviewMergeRequest>,
    ) -> Answer<Self::PreviewMergeStream> {
        use tokio_stream::StreamExt;
        let panics = request.into_inner().source_id == "panic";
        let first = tokio_stream::once(Ok(wire::PreviewMergeResponse::default()));
        let rest = futures::stream::poll_fn(move |_| {
            assert!(!panics, "hunter2 in a stream");
            std::task::Poll::Pending
        });
        Ok(Response::new(Box::pin(first.chain(rest))))
    }

    async fn apply_merge(&self, _: Request<wire::ApplyMergeRequest>) -> Answer<wire::ApplyMergeResponse> {
        Err(Status::unimplemented(""))
    }
    async fn preview_revert(
        &self,
        _: Request<wire::PreviewRevertRequest>,
    ) -> Answer<Self::PreviewRevertStream> {
        Err(Status::unimplemented(""))
    }
    async fn revert_merge(&self, _: Request<wire::RevertMergeRequest>) -> Answer<wire::RevertMergeResponse> {
        Err(Status::unimplemented(""))
    }
    async fn get_merge(&self, _: Request<wire::GetMergeRequest>) -> Answer<wire::GetMergeResponse> {
        Err(Status::unimplemented(""))
    }
    async fn get_merge_changes(
        &self,
        _: Request<wire::GetMergeChangesRequest>,
    ) -> Answer<Self::GetMergeChangesStream> {
        Err(Status::unimplemented(""))
    }
    async fn list_merges(&self, _: Request<wire::ListMergesRequest>) -> Answer<wire::ListMergesResponse> {
        Err(Status::unimplemented(""))
    }
}
