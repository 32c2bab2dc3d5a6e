//! Lists without page tokens.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use futures::stream::{BoxStream, Stream, StreamExt, TryStreamExt};

use crate::{Client, Error, v1};

/// The items of one page, and the token of the next one, empty after the last.
pub type Page<T> = Result<(Vec<T>, String), Error>;

/// A request for one page of a list. Implemented for every list of the contract.
pub trait List: Clone + Send + 'static {
    /// What the list holds.
    type Item: Send + 'static;

    /// Fetches the page that the request asks for.
    fn page(self, client: &Client) -> BoxFuture<'_, Page<Self::Item>>;

    /// The same request for the page that the token names.
    #[must_use]
    fn at(self, page_token: String) -> Self;
}

impl Client {
    /// All items of a list, page after page, fetched as they are needed. The request's `page_size` says how many come
    /// with each call.
    pub fn list<L: List>(&self, request: L) -> Items<L::Item> {
        let start = Some((self.clone(), request));
        let pages = futures::stream::try_unfold(start, async |state| {
            let Some((client, request)) = state else { return Ok(None) };
            let (items, next) = request.clone().page(&client).await?;
            let state = (!next.is_empty()).then(|| (client, request.at(next)));
            Ok::<_, Error>(Some((futures::stream::iter(items.into_iter().map(Ok)), state)))
        });
        Items(pages.try_flatten().boxed())
    }
}

/// The items of a list: a stream, or all at once with [`Items::all`]. It ends after its first error.
pub struct Items<T>(pub(crate) BoxStream<'static, Result<T, Error>>);

impl<T> Items<T> {
    /// The next item. None after the last.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        self.0.next().await
    }

    /// All items that are left.
    pub async fn all(self) -> Result<Vec<T>, Error> {
        self.0.try_collect().await
    }
}

impl<T> Stream for Items<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(cx)
    }
}

impl<T> std::fmt::Debug for Items<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Items(..)")
    }
}

macro_rules! lists {
    ($($request:ident: $service:ident.$method:ident -> $items:ident of $item:ident;)*) => {
        $(impl List for v1::$request {
            type Item = v1::$item;

            fn page(self, client: &Client) -> BoxFuture<'_, Page<v1::$item>> {
                Box::pin(async move {
                    let page = client.$service().$method(self).await?;
                    Ok((page.$items, page.next_page_token))
                })
            }

            fn at(mut self, page_token: String) -> Self {
                self.page_token = page_token;
                self
            }
        })*
    };
}

lists! {
    ListProjectsRequest: projects.list_projects -> projects of Project;
    ListSandboxesRequest: sandboxes.list_sandboxes -> sandboxes of Project;
    ListWorkflowsRequest: workflows.list_workflows -> workflows of WorkflowSummary;
    ListWorkflowRevisionsRequest: workflows.list_workflow_revisions -> revisions of WorkflowRevision;
    ListCollectionsRequest: collections.list_collections -> collections of Collection;
    ListItemsRequest: collections.list_items -> items of CollectionItem;
    ListConfigsRequest: configs.list_configs -> configs of ConfigSummary;
    ListCredentialsRequest: credentials.list_credentials -> credentials of Credential;
    ListKeychainsRequest: keychains.list_keychains -> keychains of Keychain;
    ListCredentialLinksRequest: credentials.list_credential_links -> credential_links of CredentialLink;
    ListWebhookAuthMethodsRequest: webhook_auth.list_webhook_auth_methods -> methods of WebhookAuthMethod;
    ListMergesRequest: merges.list_merges -> merges of Merge;
    ListPrincipalsRequest: access.list_principals -> principals of Principal;
    ListTokensRequest: access.list_tokens -> tokens of Token;
    ListMembersRequest: access.list_members -> members of Member;
    ListRunsRequest: runs.list_runs -> runs of Run;
    ListDataclipsRequest: runs.list_dataclips -> dataclips of Dataclip;
    ListAuditEventsRequest: audit.list_audit_events -> events of AuditEvent;
}
