//! The client: how it connects, authorises, limits and retries.

use std::sync::Arc;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use http::Uri;
use secrecy::SecretString;
use tokio::time::Instant;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};
use tonic::{Request, Status};

use crate::authorize::Authorize;
use crate::error::{self, Error};
use crate::{
    Access, Audit, Collections, Configs, Credentials, Keychains, Merges, Projects, Runs, Sandboxes, Watches,
    WebhookAuth, Workflows,
};

/// The largest message that is sent or taken, in bytes. Larger things travel in chunks.
pub const MAX_MESSAGE_BYTES: usize = 16 * 1024 * 1024;

/// The channel with the token attached to every call, to put under the raw clients in [`v1`](crate::v1).
pub type Service = InterceptedService<Channel, Authorize>;

/// A connection to a Sandbar server. Cloning is cheap, and clones share the connection.
///
/// It connects again by itself when the connection is lost. Reads, and writes that carry a `request_id` (which is
/// filled in when it is empty), are tried again with backoff while the server can't be reached or is overloaded,
/// until the deadline of the call.
#[derive(Clone, Debug)]
pub struct Client {
    channel: Channel,
    service: Service,
    settings: Arc<Settings>,
}

#[derive(Debug)]
struct Settings {
    deadline: Duration,
    retries: usize,
}

impl Client {
    /// Connects with the default settings. `endpoint` is a URL such as `https://sandbar.example.com`; `token` is an
    /// API token, `sbr_…`.
    ///
    /// # Errors
    ///
    /// [`Error::Endpoint`] or [`Error::Token`] when those can't be used, [`Error::Connect`] when no server answers.
    pub async fn connect(endpoint: impl Into<String>, token: impl Into<SecretString>) -> Result<Self, Error> {
        Self::builder().connect(endpoint, token).await
    }

    /// Starts a client with settings of one's own.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Root projects, import and export.
    pub fn projects(&self) -> Projects<'_> {
        Projects::new(self)
    }

    /// Sandboxes: clone, see, change, delete, restore.
    pub fn sandboxes(&self) -> Sandboxes<'_> {
        Sandboxes::new(self)
    }

    /// Collections and their items.
    pub fn collections(&self) -> Collections<'_> {
        Collections::new(self)
    }

    /// Configs: JSON documents of a product's own kinds.
    pub fn configs(&self) -> Configs<'_> {
        Configs::new(self)
    }

    /// Keychains: which of a project's credentials a step signs in with.
    pub fn keychains(&self) -> Keychains<'_> {
        Keychains::new(self)
    }

    /// Credentials, their values in each environment, and the projects that link them.
    pub fn credentials(&self) -> Credentials<'_> {
        Credentials::new(self)
    }

    /// Workflows, their triggers and their history.
    pub fn workflows(&self) -> Workflows<'_> {
        Workflows::new(self)
    }

    /// Merges: preview, apply, revert, look up.
    pub fn merges(&self) -> Merges<'_> {
        Merges::new(self)
    }

    /// Who did what.
    pub fn audit(&self) -> Audit<'_> {
        Audit::new(self)
    }

    /// Changes as they happen.
    pub fn watches(&self) -> Watches<'_> {
        Watches::new(self)
    }

    /// What webhook triggers ask of who calls them.
    pub fn webhook_auth(&self) -> WebhookAuth<'_> {
        WebhookAuth::new(self)
    }

    /// Runs and dataclips; with the token of a run, a worker's calls about it.
    pub fn runs(&self) -> Runs<'_> {
        Runs::new(self)
    }

    /// The same connection with another token, such as that of a run (`sbrun_…`).
    ///
    /// # Errors
    ///
    /// [`Error::Token`] when it can't be one.
    pub fn with_token(&self, token: impl Into<SecretString>) -> Result<Self, Error> {
        let authorize = Authorize::new(&token.into())?;
        let service = InterceptedService::new(self.channel.clone(), authorize);
        Ok(Self { service, ..self.clone() })
    }

    /// Callers, tokens and members.
    pub fn access(&self) -> Access<'_> {
        Access::new(self)
    }

    /// What to put under a raw client of [`v1`](crate::v1). Nothing is retried there and no deadline is set.
    pub fn service(&self) -> Service {
        self.service.clone()
    }

    /// Runs a call within the deadline, giving each try what is left of it, and again while trying again is safe
    /// (`retry`) and could help.
    pub(crate) async fn run<Q, T, F, Fut>(&self, request: Q, retry: bool, call: F) -> Result<T, Error>
    where
        Q: Clone,
        F: Fn(Service, Request<Q>) -> Fut,
        Fut: Future<Output = Result<T, Status>>,
    {
        let deadline = self.settings.deadline;
        let end = Instant::now() + deadline;
        let attempt = || {
            let mut request = Request::new(request.clone());
            request.set_timeout(end.saturating_duration_since(Instant::now()));
            call(self.service(), request)
        };
        let tries = if retry { self.settings.retries } else { 0 };
        let backoff = ExponentialBuilder::new()
            .with_min_delay(Duration::from_millis(100))
            .with_max_delay(Duration::from_secs(5))
            .with_max_times(tries)
            .with_jitter();
        let answer = attempt.retry(backoff).when(error::is_transient);
        match tokio::time::timeout(deadline, answer).await {
            Err(_) => Err(Error::Deadline(deadline)),
            // The transport keeps the deadline too, and may notice first.
            Ok(Err(status)) if error::is_timeout(&status) => Err(Error::Deadline(deadline)),
            Ok(answer) => answer.map_err(Error::from),
        }
    }
}

/// Settings of a [`Client`].
#[derive(Clone, Debug)]
pub struct Builder {
    deadline: Duration,
    connect_timeout: Duration,
    keep_alive: Duration,
    retries: usize,
    user_agent: String,
    ca_certificate: Option<Vec<u8>>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            keep_alive: Duration::from_secs(30),
            retries: 5,
            user_agent: concat!("sandbar-client-rust/", env!("CARGO_PKG_VERSION")).to_owned(),
            ca_certificate: None,
        }
    }
}

impl Builder {
    /// How long one call may take, retries included. Default: 30 seconds. Import and export have no deadline: they
    /// take as long as the document needs, and keep-alive notices a server that is gone.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// How long connecting may take. Default: 10 seconds.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How often a connection with calls in flight is checked; it is given up when no answer comes within 10 seconds.
    /// Default: 30 seconds.
    #[must_use]
    pub fn keep_alive(mut self, interval: Duration) -> Self {
        self.keep_alive = interval;
        self
    }

    /// How many times a call is tried again at most. Default: 5. 0 turns retrying off.
    #[must_use]
    pub fn retries(mut self, retries: usize) -> Self {
        self.retries = retries;
        self
    }

    /// Puts a program's own `name/version` before the client's in the user agent.
    #[must_use]
    pub fn user_agent(mut self, product: &str) -> Self {
        self.user_agent = format!("{product} {}", self.user_agent);
        self
    }

    /// Also trusts this certificate authority (PEM) for `https`, beside the public ones.
    #[must_use]
    pub fn ca_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.ca_certificate = Some(pem.into());
        self
    }

    /// Connects, as [`Client::connect`] does.
    ///
    /// # Errors
    ///
    /// [`Error::Endpoint`] or [`Error::Token`] when those can't be used, [`Error::Connect`] when no server answers.
    pub async fn connect(
        self,
        endpoint: impl Into<String>,
        token: impl Into<SecretString>,
    ) -> Result<Client, Error> {
        let (endpoint, authorize) = (self.endpoint(&endpoint.into())?, Authorize::new(&token.into())?);
        let name = endpoint.uri().to_string();
        let channel = endpoint.connect().await.map_err(|source| Error::Connect { endpoint: name, source })?;
        Ok(self.client(channel, authorize))
    }

    /// Makes a client that connects with its first call, so that a program can start before the server does.
    ///
    /// # Errors
    ///
    /// [`Error::Endpoint`] or [`Error::Token`] when those can't be used.
    pub fn connect_lazy(
        self,
        endpoint: impl Into<String>,
        token: impl Into<SecretString>,
    ) -> Result<Client, Error> {
        let (endpoint, authorize) = (self.endpoint(&endpoint.into())?, Authorize::new(&token.into())?);
        Ok(self.client(endpoint.connect_lazy(), authorize))
    }

    fn client(&self, channel: Channel, authorize: Authorize) -> Client {
        let settings = Settings { deadline: self.deadline, retries: self.retries };
        let service = InterceptedService::new(channel.clone(), authorize);
        Client { channel, service, settings: Arc::new(settings) }
    }

    fn endpoint(&self, url: &str) -> Result<Endpoint, Error> {
        let refuse = |problem: String| Error::Endpoint { endpoint: url.to_owned(), problem };
        let uri: Uri = url.parse().map_err(|error: http::uri::InvalidUri| refuse(error.to_string()))?;
        let tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(refuse("it must begin with http:// or https://".to_owned())),
        };
        let mut endpoint = Endpoint::from(uri)
            .connect_timeout(self.connect_timeout)
            .http2_keep_alive_interval(self.keep_alive)
            .keep_alive_timeout(Duration::from_secs(10))
            .tcp_nodelay(true)
            .user_agent(self.user_agent.as_str())
            .map_err(|error| refuse(error.to_string()))?;
        if tls {
            let mut config = ClientTlsConfig::new().with_enabled_roots();
            if let Some(pem) = &self.ca_certificate {
                config = config.ca_certificate(Certificate::from_pem(pem));
            }
            endpoint = endpoint.tls_config(config).map_err(|error| refuse(error.to_string()))?;
        }
        Ok(endpoint)
    }
}

/// A new `request_id`. Sending a write again with the same one has no second effect.
pub fn new_request_id() -> String {
    // Ids are arguments below the server so that its operations can be tested; a client is where they come from.
    #[expect(clippy::disallowed_methods)]
    uuid::Uuid::new_v4().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_without_a_scheme_is_explained() {
        let error = Client::builder().connect_lazy("localhost:50051", "sbr_x").unwrap_err();
        assert_eq!(
            error.to_string(),
            "can't use the endpoint localhost:50051: it must begin with http:// or https://"
        );
    }
}
