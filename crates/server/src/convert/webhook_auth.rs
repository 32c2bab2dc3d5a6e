//! Webhook auth methods.

use sandbar_app::webhooks::{WebhookTarget, etag};
use sandbar_model::{
    WebhookAuthMethod,
    webhook::{WebhookAuthKind, WebhookSecret},
};

use super::{Fields, time, workflow::Place, workflow::trigger_to_wire};
use crate::wire::{self, create_webhook_auth_method_request::Secret};

impl Fields {
    /// What callers of a webhook will have to show.
    pub fn webhook_secret(&mut self, secret: Option<Secret>) -> WebhookSecret {
        match secret {
            Some(Secret::Basic(basic)) => basic_from_wire(basic),
            Some(Secret::ApiKey(key)) => WebhookSecret::ApiKey(key.into()),
            None => {
                self.add("secret", "is required: basic or api_key");
                WebhookSecret::ApiKey(String::new().into())
            }
        }
    }
}

/// What a caller of a webhook shows.
pub fn shown(basic: Option<wire::WebhookBasicCredentials>, api_key: String) -> Vec<WebhookSecret> {
    let key = (!api_key.is_empty()).then(|| WebhookSecret::ApiKey(api_key.into()));
    basic.map(basic_from_wire).into_iter().chain(key).collect()
}

fn basic_from_wire(basic: wire::WebhookBasicCredentials) -> WebhookSecret {
    WebhookSecret::Basic { username: basic.username.into(), password: basic.password.into() }
}

/// A method, without its secret.
pub fn method_to_wire(method: WebhookAuthMethod) -> wire::WebhookAuthMethod {
    let kind = match method.kind {
        WebhookAuthKind::Basic => wire::WebhookAuthKind::Basic,
        WebhookAuthKind::ApiKey => wire::WebhookAuthKind::ApiKey,
    };
    wire::WebhookAuthMethod {
        etag: etag(&method),
        id: method.id.to_string(),
        name: method.name,
        kind: kind.into(),
        root_id: method.root.to_string(),
        create_time: Some(time::to_wire(method.create_time)),
        update_time: Some(time::to_wire(method.update_time)),
    }
}

/// What a call of a webhook is for.
pub fn target_to_wire(target: WebhookTarget) -> wire::AuthenticateWebhookResponse {
    let place = Place { project: target.project, in_root: target.in_root };
    wire::AuthenticateWebhookResponse {
        project_id: target.project.to_string(),
        workflow_id: target.workflow.to_string(),
        trigger: Some(trigger_to_wire(place, target.trigger, true)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_shown_is_nothing_and_debug_shows_nothing() {
        assert!(shown(None, String::new()).is_empty());
        let basic = wire::WebhookBasicCredentials { username: "hunter2".into(), password: "hunter2".into() };
        assert_eq!(shown(Some(basic.clone()), "k".to_owned()).len(), 2);
        let create = wire::CreateWebhookAuthMethodRequest {
            secret: Some(Secret::ApiKey("hunter2".into())),
            ..Default::default()
        };
        let authenticate = wire::AuthenticateWebhookRequest {
            basic: Some(basic.clone()),
            api_key: "hunter2".into(),
            ..Default::default()
        };
        assert!(!format!("{basic:?} {create:?} {authenticate:?}").contains("hunter2"));
    }
}
