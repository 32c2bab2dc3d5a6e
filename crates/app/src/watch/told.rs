//! What a watcher is told of an event of the audit trail: less than an auditor.

use sandbar_model::{ProjectId, Revision};
use sandbar_store::audit::Event;
use serde::Deserialize;

use super::cursor::Range;

/// What was done. See `ChangeKind` in `watch.proto`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the contract says what each means")]
pub enum ChangeKind {
    ResourcePut,
    ResourceDeleted,
    TriggerSet,
    ProjectCreated,
    ProjectUpdated,
    ProjectScheduled,
    ProjectRestored,
    ProjectMoved,
    Imported,
    Merged,
    Reverted,
    MemberSet,
    MemberRemoved,
    SubscriptionUpdated,
}

/// What an event tells of, in order: these changes, then the versions.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) changes: Vec<(ProjectId, ChangeKind)>,
    pub(super) range: Option<Range>,
}

/// What watching needs of an event's detail; the rest of it is for auditors.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Detail {
    first_revision: Option<Revision>,
    revision: Option<Revision>,
    scheduled: Vec<ProjectId>,
    restored: Vec<ProjectId>,
    moved: Vec<ProjectId>,
}

/// What is told of each action: something of the project itself, or nothing but what its detail lists. What is not here is
/// not for members to see.
const ACTIONS: &[(&str, Option<ChangeKind>)] = &[
    ("collection.create", None),
    ("collection.delete", None),
    ("collection.update", None),
    ("config.delete", None),
    ("config.put", None),
    ("credential.link", None),
    ("credential.unlink", None),
    ("keychain.delete", None),
    ("keychain.put", None),
    ("member.remove", Some(ChangeKind::MemberRemoved)),
    ("member.set", Some(ChangeKind::MemberSet)),
    ("member.transfer_ownership", Some(ChangeKind::MemberSet)),
    ("merge.apply", Some(ChangeKind::Merged)),
    ("merge.revert", Some(ChangeKind::Reverted)),
    ("project.create", Some(ChangeKind::ProjectCreated)),
    ("project.delete", None),
    ("project.deploy", Some(ChangeKind::Imported)),
    ("project.import", Some(ChangeKind::Imported)),
    ("project.restore", None),
    ("project.update", Some(ChangeKind::ProjectUpdated)),
    ("sandbox.create", Some(ChangeKind::ProjectCreated)),
    ("sandbox.delete", None),
    ("sandbox.expire", None),
    ("sandbox.restore", None),
    ("sandbox.update", Some(ChangeKind::ProjectUpdated)),
    ("subscription.update", Some(ChangeKind::SubscriptionUpdated)),
    ("trigger.set_enabled", Some(ChangeKind::TriggerSet)),
    ("workflow.delete", None),
    ("workflow.put", None),
    ("workflow.restore", None),
];

/// What an event of a tree tells of. What is to be told of no project is nothing.
pub(super) fn told(event: &Event) -> Told {
    let known = ACTIONS.iter().find(|(action, _)| *action == event.action);
    let (Some((_, kind)), Some(project)) = (known, event.project) else { return Told::default() };
    // One that changed nothing says `"unchanged"`.
    let Ok(detail) = serde_json::from_str::<Detail>(&event.detail) else { return Told::default() };
    let merge_elsewhere = event.action == "merge.apply" && detail.first_revision.is_none();
    let mut changes = Vec::new();
    changes.extend(kind.filter(|_| !merge_elsewhere).map(|kind| (project, kind)));
    for (projects, kind) in [
        (detail.scheduled, ChangeKind::ProjectScheduled),
        (detail.restored, ChangeKind::ProjectRestored),
        (detail.moved, ChangeKind::ProjectMoved),
    ] {
        changes.extend(projects.into_iter().map(|project| (project, kind)));
    }
    let range = detail
        .first_revision
        .zip(detail.revision)
        .and_then(|(first, last)| Range { project, after: Revision(first.0.saturating_sub(1)), last }.rest());
    Told { changes, range }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use sandbar_model::{PrincipalId, Time, TokenId};
    use uuid::Uuid;

    use super::*;

    /// What is not told: credentials and tokens are their owner's, principals the service's; what is purged was seen to be
    /// scheduled; runs, dataclips and items are what a project works on, by the thousand, and not how it is;
    /// webhook auth methods are the root's, and what they guard is told with the workflows.
    const HIDDEN: &[&str] = &[
        "credential.create",
        "credential.delete",
        "credential.remove_values",
        "credential.set_values",
        "credential.transfer",
        "credential.update",
        "dataclip.create",
        "dataclip.delete",
        "dataclip.name",
        "item.delete",
        "item.put",
        "principal.create",
        "principal.sign_in",
        "project.purge",
        "run.cancel",
        "run.claim",
        "run.finish",
        "run.lose",
        "run.resolve_credential",
        "run.start",
        "token.create",
        "token.revoke",
        "token.rotate",
        "usage.record",
        "webhook_auth_method.create",
        "webhook_auth_method.delete",
        "webhook_auth_method.update",
    ];

    #[test]
    fn of_every_action_it_is_said_whether_it_is_told() {
        let mut actions = BTreeSet::new();
        read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut actions);
        let said: BTreeSet<_> =
            ACTIONS.iter().map(|(action, _)| *action).chain(HIDDEN.iter().copied()).collect();
        assert_eq!(said.len(), ACTIONS.len() + HIDDEN.len(), "an action is said twice");
        assert_eq!(actions, said.into_iter().map(str::to_owned).collect());
    }

    /// The actions of operations, and those that nobody calls for.
    fn read(folder: &Path, actions: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, actions);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let constants = text.split("const ACTION: &'static str = \"").skip(1);
            let notes = text
                .split("system::note(")
                .skip(1)
                .filter_map(|call| call.split_once('"'))
                .map(|(_, rest)| rest);
            let names = constants.chain(notes).filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()));
            // The words of this test are none.
            let is_action =
                |name: &String| name.bytes().all(|b| b.is_ascii_lowercase() || b"._".contains(&b));
            actions.extend(names.filter(is_action));
        }
    }

    fn event(action: &str, detail: &str) -> Event {
        Event {
            id: Uuid::nil(),
            root: Some(Uuid::from_u128(1).into()),
            project: Some(Uuid::from_u128(2).into()),
            time: Time(0),
            principal: PrincipalId(Uuid::nil()),
            token: TokenId(Uuid::nil()),
            address: String::new(),
            request_id: String::new(),
            action: action.to_owned(),
            subject: None,
            detail: detail.to_owned(),
        }
    }

    #[test]
    fn an_event_tells_of_projects_and_then_of_versions() {
        let (two, three) = (ProjectId(Uuid::from_u128(2)), ProjectId(Uuid::from_u128(3)));
        let range = |after, last| Some(Range { project: two, after: Revision(after), last: Revision(last) });
        let put = told(&event("workflow.put", r#"{"first_revision": 7, "revision": 7, "before": null}"#));
        assert_eq!(put, Told { changes: vec![], range: range(6, 7) });
        assert_eq!(told(&event("workflow.put", "\"unchanged\"")), Told::default());
        let merge = format!(r#"{{"first_revision": 3, "revision": 5, "scheduled": ["{three}"]}}"#);
        let changes = vec![(two, ChangeKind::Merged), (three, ChangeKind::ProjectScheduled)];
        assert_eq!(told(&event("merge.apply", &merge)), Told { changes, range: range(2, 5) });
        let nothing = told(&event("merge.apply", r#"{"first_revision": 6, "revision": 5}"#));
        assert_eq!(nothing, Told { changes: vec![(two, ChangeKind::Merged)], range: None });
        // As the source's tree has it.
        assert_eq!(
            told(&event("merge.apply", r#"{"first_revision": null, "revision": 5}"#)),
            Told::default()
        );
        assert_eq!(told(&event("token.create", "{}")), Told::default());
    }
}
