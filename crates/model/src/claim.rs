//! What only one live resource of a project may hold at a time.

use crate::{Document, Kind, TriggerId, WebhookAuthMethodId, workflow::guards};

/// Something that is unique in a project. The store refuses a second holder; a merge says beforehand who is in the way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Claim {
    /// The name among the resources of a kind.
    Name(Kind, String),
    /// A webhook's custom path (1-domain §3).
    CustomPath(String),
    /// A trigger's id, which is part of its URL in a root.
    Trigger(TriggerId),
    /// That a webhook auth method guards a trigger. Nobody can be in its way who is not in the trigger's; it is here so that
    /// who uses a method can be looked up.
    Guard(WebhookAuthMethodId, TriggerId),
}

impl Claim {
    /// The kind of resource that can hold it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Name(kind, _) => *kind,
            Self::CustomPath(_) | Self::Trigger(_) | Self::Guard(..) => Kind::Workflow,
        }
    }

    /// Its number space in the database; never changes.
    pub fn space(&self) -> i64 {
        match self {
            Self::Name(kind, _) => *kind as i64,
            Self::CustomPath(_) => 101,
            Self::Trigger(_) => 102,
            Self::Guard(..) => 103,
        }
    }

    /// Its text within that space.
    pub fn key(&self) -> String {
        match self {
            Self::Name(_, name) => name.clone(),
            Self::CustomPath(path) => path.clone(),
            Self::Trigger(id) => id.to_string(),
            Self::Guard(method, trigger) => format!("{method} {trigger}"),
        }
    }

    /// For a message: `the name "a"`.
    pub fn phrase(&self) -> String {
        match self {
            Self::Name(_, name) => format!("the name {name:?}"),
            Self::CustomPath(path) => format!("the custom path {path:?}"),
            Self::Trigger(id) | Self::Guard(_, id) => format!("the trigger id {id}"),
        }
    }
}

/// Everything that a resource with this content claims: its name first, then what its triggers claim, in their order; their
/// guards last.
pub fn claims(document: &Document) -> Vec<Claim> {
    let mut claims = vec![Claim::Name(document.kind(), document.name())];
    if let Document::Workflow(workflow) = document {
        claims.extend(workflow.triggers.iter().map(|trigger| Claim::Trigger(trigger.id)));
        claims.extend(workflow.custom_paths().map(|path| Claim::CustomPath(path.to_owned())));
        claims.extend(guards(workflow).map(|(trigger, method)| Claim::Guard(method, trigger)));
    }
    claims
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{
        Collection, Workflow,
        workflow::{Cron, Trigger, TriggerKind, Webhook},
    };

    #[test]
    fn a_workflow_claims_its_name_its_triggers_their_custom_paths_and_guards() {
        let trigger = |id, kind| Trigger { id: TriggerId(Uuid::from_u128(id)), kind };
        let webhook = |path: Option<&str>| {
            let auth_methods = path.map(|_| Uuid::from_u128(9)).into_iter().collect();
            let custom_path = path.map(str::to_owned);
            TriggerKind::Webhook(Webhook { custom_path, auth_methods, ..Webhook::default() })
        };
        let cron = TriggerKind::Cron(Cron { expression: "0 0 * * *".to_owned(), cursor_job: None });
        let workflow = Workflow {
            name: "Intake".to_owned(),
            concurrency: None,
            enable_job_logs: true,
            positions: std::collections::BTreeMap::new(),
            jobs: Vec::new(),
            triggers: vec![trigger(1, webhook(Some("intake"))), trigger(2, webhook(None)), trigger(3, cron)],
            edges: Vec::new(),
        };
        let id = |id| Claim::Trigger(TriggerId(Uuid::from_u128(id)));
        assert_eq!(
            claims(&Document::Workflow(workflow)),
            [
                Claim::Name(Kind::Workflow, "Intake".to_owned()),
                id(1),
                id(2),
                id(3),
                Claim::CustomPath("intake".to_owned()),
                Claim::Guard(WebhookAuthMethodId(Uuid::from_u128(9)), TriggerId(Uuid::from_u128(1))),
            ]
        );
    }

    #[test]
    fn names_are_claimed_per_kind() {
        let collection = Document::Collection(Collection { name: "Intake".to_owned() });
        assert_eq!(claims(&collection), [Claim::Name(Kind::Collection, "Intake".to_owned())]);
        assert_eq!(claims(&collection)[0].phrase(), "the name \"Intake\"");
    }
}
