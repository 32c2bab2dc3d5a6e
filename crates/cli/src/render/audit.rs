//! The audit trail for people.

use comfy_table::Table;
use jiff::Timestamp;
use sandbar_client::v1::{AuditBreak, AuditDamage, AuditEvent, VerifyAuditChainResponse};

use super::count;
use super::time::{actor, relative};
use crate::output::table;

/// Events, one on a line.
pub(crate) fn events(events: &[AuditEvent], now: Timestamp) -> Table {
    let row = |event: &AuditEvent| {
        let subject = match event.subject_kind.as_str() {
            "" => String::new(),
            kind => format!("{kind} {}", event.subject_id),
        };
        let who = if event.actor.is_some() { actor(event.actor.as_ref()) } else { "(nobody called)" };
        [
            event.position.to_string(),
            relative(now, event.time.as_ref()),
            who.to_owned(),
            event.action.clone(),
            subject,
            event.project_id.clone(),
            event.address.clone(),
        ]
    };
    table(["#", "WHEN", "WHO", "DID", "TO", "PROJECT", "FROM"], events.iter().map(row))
}

/// What checking a chain came to.
pub(crate) fn verdict(found: &VerifyAuditChainResponse) -> String {
    let head = found.head.clone().unwrap_or_default();
    let checked = count(found.checked, "event", "events");
    match (found.broken.is_some(), head.position) {
        (true, 0) => format!("{checked} checked"),
        (true, _) => format!("{checked} checked, as they were written up to {}:{}", head.position, head.hash),
        (false, _) => {
            format!("{checked} checked, all as they were written\nhead  {}:{}", head.position, head.hash)
        }
    }
}

/// What is wrong, as a sentence.
pub(crate) fn problem(broken: &AuditBreak) -> String {
    let what = match broken.damage() {
        AuditDamage::Changed => "the event there was changed since it was written",
        AuditDamage::Removed => "the event that was written there is gone",
        AuditDamage::Inserted => "the event there was put in later",
        AuditDamage::Reordered => "the event there was written elsewhere in the chain",
        AuditDamage::Unspecified => "the server says so, and not why",
    };
    format!("the audit trail is not as it was written, at position {}: {what}", broken.position)
}

#[cfg(test)]
mod tests {
    use sandbar_client::prost_types;
    use sandbar_client::v1::{Actor, AuditHead};

    use super::*;

    #[test]
    fn events_are_listed() {
        let time = |seconds: i64| Some(prost_types::Timestamp { seconds, nanos: 0 });
        let called = AuditEvent {
            position: 12,
            project_id: "p-1".into(),
            time: time(-7_300),
            actor: Some(Actor { principal_id: "u-1".into(), name: "Ada".into() }),
            address: "192.0.2.7".into(),
            action: "workflow.put".into(),
            subject_kind: "workflow".into(),
            subject_id: "w-1".into(),
            ..Default::default()
        };
        let worker = AuditEvent {
            position: 11,
            time: time(-90_000),
            action: "project.purge\u{1b}[2J".into(),
            ..Default::default()
        };
        let shown = events(&[called, worker], Timestamp::UNIX_EPOCH);
        insta::assert_snapshot!(shown.trim_fmt());
    }

    #[test]
    fn a_verdict_has_the_head_to_keep() {
        let head = Some(AuditHead { position: 12, hash: "ab".into() });
        let whole =
            VerifyAuditChainResponse { checked: 12, head: head.clone(), complete: true, broken: None };
        let broken = Some(AuditBreak { position: 13, damage: AuditDamage::Removed.into() });
        let damaged = VerifyAuditChainResponse { complete: false, broken, ..whole.clone() };
        let none = VerifyAuditChainResponse { checked: 0, head: None, ..damaged.clone() };
        let said: Vec<_> = [&whole, &damaged, &none].map(verdict).into();
        insta::assert_snapshot!(said.join("\n\n"));
        let said =
            [AuditDamage::Changed, AuditDamage::Removed, AuditDamage::Inserted, AuditDamage::Reordered]
                .map(|damage| problem(&AuditBreak { position: 5, damage: damage.into() }));
        insta::assert_snapshot!(said.join("\n"));
    }
}
