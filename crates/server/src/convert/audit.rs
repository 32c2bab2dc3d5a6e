//! Events of the audit trail.

use sandbar_app::audit::{Broken, Damage, EventView, Filter, Head, Trail, Walk};
use sandbar_model::ContentHash;
use uuid::Uuid;

use super::{Fields, time};
use crate::wire;

/// An event as its reader sees it.
pub fn event_to_wire(view: EventView) -> wire::AuditEvent {
    let EventView { kept, actor } = view;
    let event = kept.event;
    let id = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    let called = actor.is_some();
    let actor =
        actor.map(|name| wire::Actor { principal_id: event.principal.to_string(), name: (*name).to_owned() });
    let (subject_kind, subject_id) =
        event.subject.map(|subject| (subject.kind, subject.id.to_string())).unwrap_or_default();
    wire::AuditEvent {
        id: event.id.to_string(),
        position: kept.position,
        root_id: id(event.root.map(|root| root.0)),
        project_id: id(event.project.map(|project| project.0)),
        time: Some(time::to_wire(event.time)),
        actor,
        token_id: id(called.then_some(event.token.0)),
        address: event.address,
        request_id: event.request_id,
        action: event.action,
        subject_kind,
        subject_id,
        detail: event.detail,
        previous_hash: kept.previous.to_string(),
        hash: kept.hash.to_string(),
    }
}

/// What checking a chain came to.
pub fn walk_to_wire(walk: &Walk) -> wire::VerifyAuditChainResponse {
    wire::VerifyAuditChainResponse {
        checked: walk.checked,
        head: Some(head_to_wire(walk.head)),
        complete: walk.complete,
        broken: walk.broken.map(broken_to_wire),
    }
}

fn head_to_wire(head: Head) -> wire::AuditHead {
    let hash = if head.position == 0 { String::new() } else { head.hash.to_string() };
    wire::AuditHead { position: head.position, hash }
}

fn broken_to_wire(broken: Broken) -> wire::AuditBreak {
    let damage = match broken.damage {
        Damage::Changed => wire::AuditDamage::Changed,
        Damage::Removed => wire::AuditDamage::Removed,
        Damage::Inserted => wire::AuditDamage::Inserted,
        Damage::Reordered => wire::AuditDamage::Reordered,
    };
    wire::AuditBreak { position: broken.position, damage: damage.into() }
}

impl Fields {
    /// Whose events; absent or empty: the service's own.
    pub fn trail(&mut self, field: &str, trail: Option<&wire::AuditTrail>) -> Trail {
        let Some(trail) = trail else { return Trail::Service };
        match self.optional_id(&format!("{field}.project_id"), &trail.project_id) {
            Some(project) if trail.tree => Trail::Tree(project),
            Some(project) => Trail::Project(project),
            None => {
                if trail.tree && trail.project_id.is_empty() {
                    self.add(format!("{field}.project_id"), "is required: whose tree");
                }
                Trail::Service
            }
        }
    }

    /// Which events; absent: all.
    pub fn audit_filter(&mut self, field: &str, filter: Option<wire::AuditFilter>) -> Filter {
        let filter = filter.unwrap_or_default();
        if filter.action.len() > 64 {
            self.add(format!("{field}.action"), "must be one that an event has, such as `member.set`");
        }
        Filter {
            project: None,
            principal: self.optional_id(&format!("{field}.principal_id"), &filter.principal_id),
            action: filter.action,
            since: self.optional_time(&format!("{field}.since"), filter.since.as_ref()),
            until: self.optional_time(&format!("{field}.until"), filter.until.as_ref()),
            subject: self.optional_id(&format!("{field}.subject_id"), &filter.subject_id),
        }
    }

    /// A place in a chain; absent: before the first event.
    pub fn audit_head(&mut self, field: &str, head: Option<&wire::AuditHead>) -> Head {
        let Some(head) = head else { return Head::START };
        let hash = match (head.position, head.hash.as_str()) {
            (0, "") => Ok(Head::START.hash),
            (_, text) => text.parse(),
        };
        if hash.is_err() {
            self.add(format!("{field}.hash"), "must be the hash of the event there: 64 hexadecimal digits");
        }
        Head { position: head.position, hash: hash.unwrap_or(ContentHash([0; 32])) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_all_said_at_once() {
        let mut fields = Fields::default();
        assert_eq!(fields.trail("trail", None), Trail::Service);
        fields.trail("trail", Some(&wire::AuditTrail { project_id: String::new(), tree: true }));
        let filter = wire::AuditFilter {
            principal_id: "x".to_owned(),
            action: "a".repeat(65),
            subject_id: "y".to_owned(),
            ..Default::default()
        };
        fields.audit_filter("filter", Some(filter));
        fields.audit_head("after", Some(&wire::AuditHead { position: 3, hash: "00".to_owned() }));
        let error = fields.finish(()).unwrap_err().to_string();
        for field in
            ["trail.project_id", "filter.principal_id", "filter.action", "filter.subject_id", "after.hash"]
        {
            assert!(error.contains(field), "{error}");
        }
    }

    #[test]
    fn a_head_comes_back() {
        for head in [Head::START, Head { position: 7, hash: ContentHash([7; 32]) }] {
            let mut fields = Fields::default();
            assert_eq!(fields.audit_head("after", Some(&head_to_wire(head))), head);
            fields.finish(()).unwrap();
        }
    }
}
