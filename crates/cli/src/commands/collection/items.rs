//! The items of a collection.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use sandbar_client::v1::{
    Collection, CollectionItem, DeleteItemsRequest, DeleteItemsResponse, GetItemRequest, ItemFilter,
    ListItemsRequest, PutItemsRequest, PutItemsResponse, delete_items_request, get_item_request,
    list_items_request, put_items_request,
};
use serde_json::value::RawValue;

use super::{FilterArgs, Place, TimeArgs, find};
use crate::commands::audit::when;
use crate::commands::put::read_text;
use crate::failure::Failure;
use crate::output::{confirm, result};
use crate::render::{count, tables};
use crate::session::Session;

/// How many items one call puts, at most,
const PART: usize = 10_000;
/// and how many bytes of them, unless one alone has more.
const PART_BYTES: usize = 8 * 1024 * 1024;

/// Lists them.
pub(super) async fn list(session: &Session, place: &Place, filter: FilterArgs) -> Result<(), Failure> {
    let filter = filter.times.filter(filter.pattern, session.now)?;
    let (project_id, found) = find(session, place).await?;
    let request = ListItemsRequest {
        project_id,
        collection: Some(list_items_request::Collection::CollectionId(found.id)),
        filter: Some(filter),
        page_size: 500,
        ..Default::default()
    };
    let items = session.client.list(request).all().await?;
    session.out.list(&items, |items| tables::items(items, session.now))
}

/// Prints the value of one, as it is.
pub(super) async fn get(session: &Session, place: &Place, key: String) -> Result<(), Failure> {
    let (project_id, found) = find(session, place).await?;
    let collection = Some(get_item_request::Collection::CollectionId(found.id));
    let request = GetItemRequest { project_id, collection, key };
    let answer = session.client.collections().get_item(request).await?;
    let item = answer.item.unwrap_or_default();
    match session.out.0 {
        crate::args::Format::Table => result(&item.value),
        crate::args::Format::Json => session.out.show(&item, String::new),
    }
}

/// Puts one, or those of a file, part by part.
pub(super) async fn set(
    session: &Session,
    place: &Place,
    one: Option<(String, PathBuf)>,
    many: Option<PathBuf>,
) -> Result<(), Failure> {
    let items = match (one, many) {
        (Some((key, file)), _) => {
            vec![CollectionItem { key, value: read_text(&file)?, ..Default::default() }]
        }
        (None, Some(file)) => parse(&file)?,
        (None, None) => return Err(Failure::Usage("give a key and a file, or --items".to_owned())),
    };
    let (project_id, found) = find(session, place).await?;
    let mut done = PutItemsResponse::default();
    for items in parts(items) {
        let request = PutItemsRequest {
            project_id: project_id.clone(),
            collection: Some(put_items_request::Collection::CollectionId(found.id.clone())),
            items,
            ..Default::default()
        };
        let answer = session.client.collections().put_items(request).await?;
        done.upserted_count += answer.upserted_count;
        done.created_count += answer.created_count;
    }
    session.out.show(&done, || {
        format!("{} put, {} new", count(done.upserted_count, "item", "items"), done.created_count)
    })
}

fn parse(file: &Path) -> Result<Vec<CollectionItem>, Failure> {
    items_of(&read_text(file)?)
}

fn items_of(text: &str) -> Result<Vec<CollectionItem>, Failure> {
    let members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(text)
        .map_err(|error| Failure::Usage(format!("the file is not a JSON object: {error}")))?;
    let item = |(key, value): (String, Box<RawValue>)| CollectionItem {
        key,
        value: value.get().to_owned(),
        ..Default::default()
    };
    Ok(members.into_iter().map(item).collect())
}

/// Cuts into parts that fit into a message.
fn parts(items: Vec<CollectionItem>) -> Vec<Vec<CollectionItem>> {
    let (mut parts, mut bytes): (Vec<Vec<_>>, _) = (Vec::new(), 0);
    for item in items {
        let size = item.key.len() + item.value.len();
        bytes += size;
        match parts.last_mut() {
            Some(part) if part.len() < PART && bytes <= PART_BYTES => part.push(item),
            _ => {
                parts.push(vec![item]);
                bytes = size;
            }
        }
    }
    parts
}

/// What `remove` was told.
pub(super) struct Removal {
    pub(super) pattern: String,
    pub(super) exact: bool,
    pub(super) times: TimeArgs,
    pub(super) dry_run: bool,
    pub(super) yes: bool,
}

/// Deletes them, call by call until none that fits is left.
pub(super) async fn remove(session: &Session, place: &Place, removal: Removal) -> Result<(), Failure> {
    let Removal { pattern, exact, times, dry_run, yes } = removal;
    if !exact && pattern.is_empty() {
        return Err(Failure::Usage("give a key or a pattern; '*' is every key".to_owned()));
    }
    let (project_id, found) = find(session, place).await?;
    let asks = pattern.contains('*') && !exact && !yes && !dry_run;
    if asks && !agreed(place, &found, &pattern)? {
        return Err(Failure::Here("nothing was deleted".to_owned()));
    }
    let mut request = DeleteItemsRequest {
        project_id,
        collection: Some(delete_items_request::Collection::CollectionId(found.id)),
        validate_only: dry_run,
        ..Default::default()
    };
    if exact {
        request.keys = vec![pattern];
    } else {
        request.filter = Some(times.filter(pattern, session.now)?);
    }
    let deleted_count = delete_pages(session, request).await?;
    let done = DeleteItemsResponse { deleted_count, ..Default::default() };
    session.out.show(&done, || {
        let items = count(deleted_count, "item", "items");
        if dry_run { format!("{items} would be deleted") } else { format!("{items} deleted") }
    })
}

/// Asks a person, where one is there.
fn agreed(place: &Place, collection: &Collection, pattern: &str) -> Result<bool, Failure> {
    let Collection { name, item_count, .. } = collection;
    let items = count(*item_count, "item", "items");
    let question = format!("Delete what fits {pattern:?} of the {items} of {name:?} in {}?", place.project);
    Ok(confirm(&question)? != Some(false))
}

/// Deletes, as many to a call as the server takes. Answers how many there were.
async fn delete_pages(session: &Session, mut request: DeleteItemsRequest) -> Result<i64, Failure> {
    let mut deleted_count = 0;
    loop {
        let answer = session.client.collections().delete_items(request.clone()).await?;
        deleted_count += answer.deleted_count;
        request.page_token = answer.next_page_token;
        if request.page_token.is_empty() {
            return Ok(deleted_count);
        }
    }
}

impl TimeArgs {
    fn filter(self, key_pattern: String, now: Timestamp) -> Result<ItemFilter, Failure> {
        let time = |text: Option<String>| text.map(|text| when(&text, now)).transpose();
        Ok(ItemFilter {
            key_pattern,
            created_before: time(self.created_before)?,
            created_after: time(self.created_after)?,
            updated_before: time(self.updated_before)?,
            updated_after: time(self.updated_after)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_member_of_a_file_is_an_item_with_its_text() {
        let items = items_of(r#"{"b": {"n": 1.10, "n": 2}, "a": "text"}"#).unwrap();
        let said: Vec<_> = items.iter().map(|item| (item.key.as_str(), item.value.as_str())).collect();
        assert_eq!(said, [("a", "\"text\""), ("b", "{\"n\": 1.10, \"n\": 2}")]);
        assert!(items_of("[1]").is_err());
    }

    #[test]
    fn many_items_go_in_parts_that_fit() {
        let item = |size| CollectionItem { key: "k".into(), value: "x".repeat(size), ..Default::default() };
        let sizes = |items: Vec<CollectionItem>| parts(items).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(sizes(vec![item(1); 25_000]), [10_000, 10_000, 5_000]);
        assert_eq!(sizes(vec![item(3_000_000); 5]), [2, 2, 1]);
        assert_eq!(sizes(Vec::new()), [0; 0]);
    }
}
