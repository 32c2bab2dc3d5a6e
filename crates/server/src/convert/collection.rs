//! Collections and items from the wire and to it.

use sandbar_app::view::{CollectionView, ItemView};
use sandbar_model::{Item, ItemFilter, KeyPattern};

use super::{Fields, common::stamp_to_wire, time};
use crate::wire;

impl Fields {
    /// Which items; absent: all.
    pub fn item_filter(&mut self, field: &str, filter: Option<wire::ItemFilter>) -> ItemFilter {
        let filter = filter.unwrap_or_default();
        let at = |name: &str| format!("{field}.{name}");
        let pattern = KeyPattern::parse(&filter.key_pattern).unwrap_or_else(|problem| {
            self.add(at("key_pattern"), problem);
            KeyPattern::default()
        });
        ItemFilter {
            pattern,
            created_before: self.optional_time(&at("created_before"), filter.created_before.as_ref()),
            created_after: self.optional_time(&at("created_after"), filter.created_after.as_ref()),
            updated_before: self.optional_time(&at("updated_before"), filter.updated_before.as_ref()),
            updated_after: self.optional_time(&at("updated_after"), filter.updated_after.as_ref()),
        }
    }
}

/// A collection.
pub fn collection_to_wire(view: CollectionView) -> wire::Collection {
    let updated = stamp_to_wire(view.updated.time, view.updated.actor.id, &view.updated.actor.name);
    wire::Collection {
        id: view.id.to_string(),
        name: view.name,
        revision: view.revision.0,
        etag: view.hash.to_string(),
        updated: Some(updated),
        item_count: view.usage.items,
        byte_count: view.usage.bytes,
    }
}

/// An item as a caller sends it.
pub fn item_from_wire(item: wire::CollectionItem) -> Item {
    Item { key: item.key, value: item.value }
}

/// An item.
pub fn item_to_wire(view: ItemView) -> wire::CollectionItem {
    wire::CollectionItem {
        key: view.item.key,
        value: view.item.value,
        create_time: Some(time::to_wire(view.created)),
        update_time: Some(time::to_wire(view.updated)),
    }
}

#[cfg(test)]
mod tests {
    use prost_types::Timestamp;
    use sandbar_model::Time;

    use super::*;

    #[test]
    fn a_filter_is_read_and_everything_malformed_is_named() {
        let mut fields = Fields::default();
        let all = fields.item_filter("filter", None);
        assert!(all.fits("anything", Time(0), Time(0)));
        let sent = wire::ItemFilter {
            key_pattern: "a*".to_owned(),
            updated_after: Some(Timestamp { seconds: 5, nanos: 0 }),
            ..Default::default()
        };
        let read = fields.item_filter("filter", Some(sent));
        assert!(read.fits("ab", Time(0), Time(5_000_001)) && !read.fits("ab", Time(0), Time(5_000_000)));
        fields.finish(()).unwrap();

        let mut fields = Fields::default();
        let sent = wire::ItemFilter {
            key_pattern: "x".repeat(512),
            created_before: Some(Timestamp { seconds: i64::MAX, nanos: 0 }),
            ..Default::default()
        };
        fields.item_filter("filter", Some(sent));
        let said = fields.finish(()).unwrap_err().to_string();
        assert!(said.contains("filter.key_pattern") && said.contains("filter.created_before"), "{said}");
    }

    #[test]
    fn a_value_is_in_no_debug_text() {
        let item = wire::CollectionItem { key: "k".into(), value: "secret".into(), ..Default::default() };
        let request = wire::PutItemsRequest { items: vec![item], ..Default::default() };
        assert!(!format!("{request:?}").contains("secret"));
    }
}
