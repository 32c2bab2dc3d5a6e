//! What the trail tells of webhook auth methods, and that it tells no secret.

use serde_json::{Value, json};

use super::{Story, VALUE, deed, text, with};

impl Story<'_> {
    pub(super) async fn tell_of_webhooks(&mut self, project: &str) {
        let of = json!({"project_id": project});
        let key = with(&of, &json!({"method": {"name": "Keyed"}, "api_key": VALUE}));
        self.method("Create", key, "create").await;
        let basic = json!({"username": "caller", "password": VALUE});
        let basic = with(&of, &json!({"method": {"name": "Partner"}, "basic": basic}));
        let made = self.method("Create", basic, "create").await;
        let one = with(&of, &json!({"method_id": text(&made["method"]["id"])}));
        self.method("Update", with(&one, &json!({"name": "Other"})), "update").await;
        self.method("Delete", one, "delete").await;
    }

    async fn method(&mut self, verb: &str, request: Value, action: &str) -> Value {
        let method = format!("WebhookAuthMethodsService/{verb}WebhookAuthMethod");
        let action = format!("webhook_auth_method.{action}");
        let ann = self.ann.clone();
        self.does(&ann, deed(&method, request, &action, "webhook_auth_method")).await
    }
}
