//! Changes for people, a line each.

use sandbar_client::v1::{ChangeKind, ProjectChange};

use super::{
    time::{actor, instant},
    visible,
};
use crate::choices::kind_word;

/// `12:03:04  Ada  put workflow "Sync"  (revision 7)`. `watched`: of other projects the line says which.
pub(crate) fn line(change: &ProjectChange, watched: &str) -> String {
    let time = instant(change.time.as_ref());
    let time = time.map_or_else(|| "-".to_owned(), |time| time.strftime("%H:%M:%S").to_string());
    let who = if change.actor.is_some() { actor(change.actor.as_ref()) } else { "(nobody called)" };
    let mut line = format!("{time}  {who}  {}", what(change));
    if change.revision > 0 {
        line = format!("{line}  (revision {})", change.revision);
    }
    if change.project_id != watched {
        line = format!("{line}  in {}", change.project_id);
    }
    visible(&line.replace(['\n', '\t'], " ")).into_owned()
}

fn what(change: &ProjectChange) -> String {
    let subject = &change.subject_id;
    match change.kind() {
        ChangeKind::ResourcePut => format!("put {} {:?}", word(change), change.name),
        ChangeKind::ResourceDeleted => {
            let id = change.resource.as_ref().map(|key| key.id.as_str()).unwrap_or_default();
            format!("deleted {} {id}", word(change))
        }
        ChangeKind::TriggerSet => format!("turned trigger {subject} on or off"),
        ChangeKind::ProjectCreated => "made the project".to_owned(),
        ChangeKind::ProjectUpdated => "changed the project".to_owned(),
        ChangeKind::ProjectScheduled => "scheduled the project for deletion".to_owned(),
        ChangeKind::ProjectRestored => "restored the project".to_owned(),
        ChangeKind::ProjectMoved => "moved the project up".to_owned(),
        ChangeKind::Imported => "imported a document".to_owned(),
        ChangeKind::Merged => format!("merged into the project: {subject}"),
        ChangeKind::Reverted => format!("undid a merge: {subject}"),
        ChangeKind::MemberSet => format!("set member {subject}"),
        ChangeKind::MemberRemoved => format!("removed member {subject}"),
        ChangeKind::SubscriptionUpdated => "changed the subscription".to_owned(),
        ChangeKind::Unspecified => "did something that this program is too old to know".to_owned(),
    }
}

fn word(change: &ProjectChange) -> String {
    let kind = change.resource.as_ref().map(|key| kind_word(key.kind())).unwrap_or_default();
    kind.replace('_', " ")
}

#[cfg(test)]
mod tests {
    use sandbar_client::prost_types;
    use sandbar_client::v1::{Actor, ResourceKey, ResourceKind};

    use super::*;

    #[test]
    fn a_change_is_a_line() {
        let actor = Some(Actor { principal_id: "u-1".into(), name: "Ada\u{1b}[2J".into() });
        let time = Some(prost_types::Timestamp { seconds: 43_384, nanos: 0 });
        let resource = Some(ResourceKey { kind: ResourceKind::CredentialLink.into(), id: "r-1".into() });
        let base = ProjectChange { project_id: "p-1".into(), time, actor, ..Default::default() };
        let put = ProjectChange {
            kind: ChangeKind::ResourcePut.into(),
            resource,
            revision: 7,
            name: "a\nb".into(),
            ..base.clone()
        };
        let deleted = ProjectChange { kind: ChangeKind::ResourceDeleted.into(), ..put.clone() };
        let expired = ProjectChange { kind: ChangeKind::ProjectScheduled.into(), actor: None, ..base };
        let elsewhere = ProjectChange { project_id: "p-2".into(), ..expired.clone() };
        let lines: Vec<_> =
            [put, deleted, expired, elsewhere].iter().map(|change| line(change, "p-1")).collect();
        insta::assert_snapshot!(lines.join("\n"));
    }
}
