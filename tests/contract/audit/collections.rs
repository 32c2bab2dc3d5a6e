//! What the trail tells of collections, and that it tells no item.

use serde_json::{Value, json};

use sandbar_tests::canary::CONTENT;

use super::{Story, deed, with};

impl Story<'_> {
    pub(super) async fn tell_of_collections(&mut self, project: &str) {
        let create = json!({"project_id": project, "collection": {"name": "patients"}});
        let made = self.collection("CreateCollection", create, "collection.create").await;
        let of = json!({"project_id": project, "collection_id": made["collection"]["id"]});
        for (name, more, action) in [
            ("UpdateCollection", json!({"name": "people"}), "collection.update"),
            ("PutItems", json!({"items": [{"key": CONTENT, "value": CONTENT}]}), "item.put"),
            ("DeleteItems", json!({"keys": [CONTENT]}), "item.delete"),
            ("DeleteCollection", json!({}), "collection.delete"),
        ] {
            self.collection(name, with(&of, &more), action).await;
        }
    }

    async fn collection(&mut self, name: &str, request: Value, action: &str) -> Value {
        let (ann, method) = (self.ann.clone(), format!("CollectionsService/{name}"));
        self.does(&ann, deed(&method, request, action, "collection")).await
    }
}
