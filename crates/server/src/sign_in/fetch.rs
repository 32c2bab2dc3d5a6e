//! Getting the key set from its URL. It is the operator's, never one that a token names, and redirects are not followed.

use std::{fmt, time::Duration};

use bytes::Bytes;
use http::{Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

use super::keys::MAX_BYTES;

/// How long an answer may take, all of it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Gets one URL, again and again.
pub(super) struct Fetcher {
    url: Uri,
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
}

impl Fetcher {
    pub(super) fn new(url: Uri) -> Self {
        let connector =
            HttpsConnectorBuilder::new().with_webpki_roots().https_or_http().enable_http1().build();
        Self { url, client: Client::builder(TokioExecutor::new()).build(connector) }
    }

    /// What is there now.
    ///
    /// # Errors
    /// Why there is nothing, for the log.
    pub(super) async fn get(&self) -> Result<Vec<u8>, String> {
        match tokio::time::timeout(PATIENCE, self.answer()).await {
            Ok(answer) => answer,
            Err(_) => Err(format!("there was no answer within {} seconds", PATIENCE.as_secs())),
        }
    }

    async fn answer(&self) -> Result<Vec<u8>, String> {
        let request = Request::get(self.url.clone())
            .header(header::ACCEPT, "application/json")
            .header(header::USER_AGENT, concat!("sandbar-server/", env!("CARGO_PKG_VERSION")))
            .body(Empty::new())
            .map_err(|error| error.to_string())?;
        let answer = self.client.request(request).await.map_err(|error| chain(&error))?;
        if answer.status() != StatusCode::OK {
            return Err(format!("the answer is {}", answer.status()));
        }
        let limit = usize::try_from(MAX_BYTES).unwrap_or(usize::MAX);
        let body = Limited::new(answer.into_body(), limit).collect().await;
        Ok(body.map_err(|error| error.to_string())?.to_bytes().to_vec())
    }
}

impl fmt::Display for Fetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.url.fmt(f)
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text = format!("{text}: {error}");
        next = error.source();
    }
    text
}
