//! `CollectionsService`.

use sandbar_app::{
    Etag,
    collections::{
        self, CreateCollection, DeleteCollection, GetCollection, ListCollections, RenameCollection, Which,
    },
    items::{self, DeleteItems, GetItem, ListItems, PutItems, Selection},
};
use sandbar_model::{Collection, ResourceId};
use tonic::Request;

use super::{Answer, Grpc, change, read};
use crate::{
    convert::{
        Fields,
        collection::{collection_to_wire, item_from_wire, item_to_wire},
    },
    status::from_error,
    wire::{
        self, collections_service_server::CollectionsService, delete_items_request, get_collection_request,
        get_item_request, list_items_request, put_items_request,
    },
};

/// Which collection a request names.
macro_rules! which {
    ($fields:ident, $named:expr, $request:ident) => {
        match $named {
            Some($request::Collection::CollectionId(id)) => Which::Id($fields.id("collection_id", &id)),
            Some($request::Collection::CollectionName(name)) => Which::Name(name),
            None => Which::Id($fields.id("collection_id", "")),
        }
    };
}

#[tonic::async_trait]
impl CollectionsService for Grpc {
    async fn list_collections(
        &self,
        request: Request<wire::ListCollectionsRequest>,
    ) -> Answer<wire::ListCollectionsResponse> {
        let (call, m) = read(request)?;
        let mut fields = Fields::default();
        let request = ListCollections {
            project: fields.id("project_id", &m.project_id),
            page_size: m.page_size,
            page_token: m.page_token,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let page = collections::list(&self.app, &call, &request).await;
        call.answer(page.map(|page| wire::ListCollectionsResponse {
            collections: page.rows.into_iter().map(collection_to_wire).collect(),
            next_page_token: page.next_page_token,
        }))
    }

    async fn get_collection(
        &self,
        request: Request<wire::GetCollectionRequest>,
    ) -> Answer<wire::GetCollectionResponse> {
        let (call, m) = read(request)?;
        let mut fields = Fields::default();
        let which = which!(fields, m.collection, get_collection_request);
        let request = GetCollection { project: fields.id("project_id", &m.project_id), which };
        let request = fields.finish(request).map_err(from_error)?;
        let found = collections::get(&self.app, &call, &request).await;
        call.answer(
            found.map(|view| wire::GetCollectionResponse { collection: Some(collection_to_wire(view)) }),
        )
    }

    async fn create_collection(
        &self,
        request: Request<wire::CreateCollectionRequest>,
    ) -> Answer<wire::CreateCollectionResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let sent = fields.required("collection", m.collection);
        let id = fields.optional_id("collection.id", &sent.id);
        let request = CreateCollection {
            project: fields.id("project_id", &m.project_id),
            id: id.unwrap_or_else(|| ResourceId(self.app.new_id())),
            collection: Collection { name: sent.name },
            request_id: m.request_id,
            validate_only: m.validate_only,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let made = collections::create(&self.app, &call, &request).await;
        call.answer(
            made.map(|view| wire::CreateCollectionResponse { collection: Some(collection_to_wire(view)) }),
        )
    }

    async fn update_collection(
        &self,
        request: Request<wire::UpdateCollectionRequest>,
    ) -> Answer<wire::UpdateCollectionResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let request = RenameCollection {
            project: fields.id("project_id", &m.project_id),
            id: fields.id("collection_id", &m.collection_id),
            name: m.name,
            etag: Etag::parse(&m.etag),
            request_id: m.request_id,
            validate_only: m.validate_only,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let renamed = collections::rename(&self.app, &call, &request).await;
        call.answer(
            renamed.map(|view| wire::UpdateCollectionResponse { collection: Some(collection_to_wire(view)) }),
        )
    }

    async fn delete_collection(
        &self,
        request: Request<wire::DeleteCollectionRequest>,
    ) -> Answer<wire::DeleteCollectionResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let request = DeleteCollection {
            project: fields.id("project_id", &m.project_id),
            id: fields.id("collection_id", &m.collection_id),
            etag: Etag::parse(&m.etag),
            request_id: m.request_id,
            validate_only: m.validate_only,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let deleted = collections::delete(&self.app, &call, &request).await;
        call.answer(deleted.map(|deleted| wire::DeleteCollectionResponse {
            revision: deleted.revision.0,
            item_count: deleted.items,
            byte_count: deleted.bytes,
        }))
    }

    async fn get_item(&self, request: Request<wire::GetItemRequest>) -> Answer<wire::GetItemResponse> {
        let (call, m) = read(request)?;
        let mut fields = Fields::default();
        let which = which!(fields, m.collection, get_item_request);
        let request = GetItem { project: fields.id("project_id", &m.project_id), which, key: m.key };
        let request = fields.finish(request).map_err(from_error)?;
        let found = items::get(&self.app, &call, &request).await;
        call.answer(found.map(|view| wire::GetItemResponse { item: Some(item_to_wire(view)) }))
    }

    async fn list_items(&self, request: Request<wire::ListItemsRequest>) -> Answer<wire::ListItemsResponse> {
        let (call, m) = read(request)?;
        let mut fields = Fields::default();
        let which = which!(fields, m.collection, list_items_request);
        let request = ListItems {
            project: fields.id("project_id", &m.project_id),
            which,
            filter: fields.item_filter("filter", m.filter),
            page_size: m.page_size,
            page_token: m.page_token,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let page = items::list(&self.app, &call, &request).await;
        call.answer(page.map(|page| wire::ListItemsResponse {
            items: page.rows.into_iter().map(item_to_wire).collect(),
            next_page_token: page.next_page_token,
        }))
    }

    async fn put_items(&self, request: Request<wire::PutItemsRequest>) -> Answer<wire::PutItemsResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let which = which!(fields, m.collection, put_items_request);
        let request = PutItems {
            project: fields.id("project_id", &m.project_id),
            which,
            items: m.items.into_iter().map(item_from_wire).collect(),
            request_id: m.request_id,
            validate_only: m.validate_only,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let put = items::put(&self.app, &call, &request).await;
        call.answer(
            put.map(|put| wire::PutItemsResponse {
                upserted_count: put.upserted,
                created_count: put.created,
            }),
        )
    }

    async fn delete_items(
        &self,
        request: Request<wire::DeleteItemsRequest>,
    ) -> Answer<wire::DeleteItemsResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let which = which!(fields, m.collection, delete_items_request);
        let request = DeleteItems {
            project: fields.id("project_id", &m.project_id),
            which,
            selection: selection(&mut fields, m.keys, m.filter, m.page_token),
            request_id: m.request_id,
            validate_only: m.validate_only,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let deleted = items::delete(&self.app, &call, &request).await;
        call.answer(deleted.map(|deleted| wire::DeleteItemsResponse {
            deleted_count: deleted.deleted,
            next_page_token: deleted.next_page_token,
        }))
    }
}

/// Which items shall go: some by their keys or all that fit, and nobody says "all" by saying nothing.
fn selection(
    fields: &mut Fields,
    keys: Vec<String>,
    filter: Option<wire::ItemFilter>,
    page_token: String,
) -> Selection {
    let Some(filter) = filter else {
        if keys.is_empty() {
            fields.add("keys", "is required, or a filter: say which items shall go");
        }
        if !page_token.is_empty() {
            fields.add("page_token", "goes with a filter only");
        }
        return Selection::Keys(keys);
    };
    if !keys.is_empty() {
        fields.add("keys", "must not be given together with a filter");
    }
    if filter.key_pattern.is_empty() {
        fields.add("filter.key_pattern", "is required; `*` is every key");
    }
    Selection::Fitting(fields.item_filter("filter", Some(filter)), page_token)
}
