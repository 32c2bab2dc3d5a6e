//! Projects and their settings.

use sandbar_app::{projects::Restored, view::ProjectView};
use sandbar_model::{
    Project, Role,
    project::{Profile, RetentionPolicy, Settings},
};

use super::{Fields, common::role_to_wire, time};
use crate::wire;

/// A project with what its reader is in it.
pub fn view_to_wire(view: ProjectView) -> wire::Project {
    project_to_wire(view.project, view.role)
}

/// Projects that came back, and the triggers that were on before.
pub fn restored_to_wire(restored: Restored) -> (Vec<wire::Project>, Vec<wire::TriggerRef>) {
    let triggers = restored.triggers_turned_off.into_iter().map(|(project, trigger)| wire::TriggerRef {
        project_id: project.to_string(),
        trigger_id: trigger.to_string(),
    });
    (restored.restored.into_iter().map(view_to_wire).collect(), triggers.collect())
}

/// A project as its reader sees it. `role` is the reader's.
pub fn project_to_wire(project: Project, role: Option<Role>) -> wire::Project {
    let state = match project.scheduled {
        None => wire::ProjectState::Active,
        Some(_) => wire::ProjectState::Scheduled,
    };
    wire::Project {
        id: project.id.to_string(),
        name: project.profile.name,
        description: project.profile.description,
        color: project.profile.color,
        environment: project.profile.environment,
        settings: Some(settings_to_wire(&project.profile.settings)),
        parent_id: project.fork.map(|fork| fork.parent.to_string()).unwrap_or_default(),
        root_id: project.root.to_string(),
        depth: project.depth,
        fork_revision: project.fork.map(|fork| fork.at.0).unwrap_or_default(),
        head_revision: project.head.0,
        etag: project.version.to_string(),
        state: state.into(),
        delete_time: project.scheduled.map(|schedule| time::to_wire(schedule.delete_time)),
        purge_time: project.scheduled.map(|schedule| time::to_wire(schedule.purge_time)),
        expire_time: project.expire_time.map(time::to_wire),
        create_time: Some(time::to_wire(project.create_time)),
        update_time: Some(time::to_wire(project.update_time)),
        workflow_count: project.workflow_count,
        collection_count: project.collection_count,
        caller_role: role_to_wire(role).into(),
    }
}

/// What a person chose about a project.
fn settings_to_wire(settings: &Settings) -> wire::ProjectSettings {
    let policy = match settings.retention_policy {
        RetentionPolicy::RetainAll => wire::RetentionPolicy::RetainAll,
        RetentionPolicy::RetainWithErrors => wire::RetentionPolicy::RetainWithErrors,
        RetentionPolicy::EraseAll => wire::RetentionPolicy::EraseAll,
    };
    wire::ProjectSettings {
        concurrency: settings.concurrency,
        allow_support_access: settings.allow_support_access,
        requires_mfa: settings.requires_mfa,
        retention_policy: policy.into(),
        history_retention_days: settings.history_retention_days,
        dataclip_retention_days: settings.dataclip_retention_days,
    }
}

impl Fields {
    /// What a person chooses about a new project; everything else in the message is ignored. `prefix` is the path of the
    /// message. Texts that are empty stay empty: what they then become is the operation's decision.
    pub fn profile(&mut self, prefix: &str, project: wire::Project) -> Profile {
        Profile {
            name: project.name,
            description: project.description,
            color: project.color,
            environment: project.environment,
            settings: self.settings(&format!("{prefix}.settings"), project.settings.unwrap_or_default()),
        }
    }

    /// Settings, with the contract's default for the policy.
    pub fn settings(&mut self, prefix: &str, settings: wire::ProjectSettings) -> Settings {
        let policy =
            self.optional_enum(&format!("{prefix}.retention_policy"), settings.retention_policy, policy);
        Settings {
            concurrency: settings.concurrency,
            allow_support_access: settings.allow_support_access,
            requires_mfa: settings.requires_mfa,
            retention_policy: policy.unwrap_or_default(),
            history_retention_days: settings.history_retention_days,
            dataclip_retention_days: settings.dataclip_retention_days,
        }
    }
}

fn policy(policy: wire::RetentionPolicy) -> Option<RetentionPolicy> {
    match policy {
        wire::RetentionPolicy::Unspecified => None,
        wire::RetentionPolicy::RetainAll => Some(RetentionPolicy::RetainAll),
        wire::RetentionPolicy::RetainWithErrors => Some(RetentionPolicy::RetainWithErrors),
        wire::RetentionPolicy::EraseAll => Some(RetentionPolicy::EraseAll),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;
    use sandbar_model::{
        PrincipalId, ProjectId, Revision, Time,
        project::{Fork, Schedule},
    };
    use uuid::Uuid;

    use super::*;

    fn settings() -> impl Strategy<Value = Settings> {
        let policy = prop_oneof![
            Just(RetentionPolicy::RetainAll),
            Just(RetentionPolicy::RetainWithErrors),
            Just(RetentionPolicy::EraseAll)
        ];
        (any::<Option<u32>>(), any::<[bool; 2]>(), policy, any::<Option<u32>>(), any::<Option<u32>>())
            .prop_map(|(concurrency, flags, retention_policy, history, dataclip)| Settings {
                concurrency,
                allow_support_access: flags[0],
                requires_mfa: flags[1],
                retention_policy,
                history_retention_days: history,
                dataclip_retention_days: dataclip,
            })
    }

    pub(crate) fn profile() -> impl Strategy<Value = Profile> {
        (any::<[String; 4]>(), settings()).prop_map(|([name, description, color, environment], settings)| {
            Profile { name, description, color, environment, settings }
        })
    }

    pub(crate) fn project(profile: Profile) -> Project {
        let id = |n| ProjectId(Uuid::from_u128(n));
        Project {
            id: id(1),
            root: id(3),
            fork: Some(Fork { parent: id(2), at: Revision(20) }),
            depth: 2,
            head: Revision(21),
            version: 22,
            profile,
            workflow_count: 23,
            collection_count: 24,
            scheduled: Some(Schedule { delete_time: Time(25), purge_time: Time(26) }),
            expire_time: Some(Time(27)),
            create_time: Time(28),
            update_time: Time(29),
            creator: PrincipalId(Uuid::from_u128(4)),
            trigger_version: 30,
        }
    }

    proptest! {
        #[test]
        fn what_a_person_chose_comes_back(profile in profile()) {
            let wire = project_to_wire(project(profile.clone()), Some(Role::Owner));
            let mut fields = Fields::default();
            let back = fields.profile("project", wire);
            prop_assert_eq!(fields.finish(back).unwrap(), profile);
        }
    }

    #[test]
    fn every_output_field_is_filled() {
        let profile = Profile {
            name: "a".to_owned(),
            description: String::new(),
            color: String::new(),
            environment: String::new(),
            settings: Settings::default(),
        };
        let wire = project_to_wire(project(profile), Some(Role::Admin));
        let id = |n| Uuid::from_u128(n).to_string();
        assert_eq!((wire.id, wire.parent_id, wire.root_id), (id(1), id(2), id(3)));
        assert_eq!((wire.depth, wire.fork_revision, wire.head_revision), (2, 20, 21));
        assert_eq!(wire.etag, "22");
        assert_eq!((wire.workflow_count, wire.collection_count), (23, 24));
        assert_eq!(wire.state, i32::from(wire::ProjectState::Scheduled));
        assert_eq!(wire.caller_role, i32::from(wire::Role::Admin));
        let times = [wire.delete_time, wire.purge_time, wire.expire_time, wire.create_time, wire.update_time];
        assert_eq!(times.map(|time| time.unwrap().nanos / 1000), [25, 26, 27, 28, 29]);
    }

    #[test]
    fn a_policy_that_is_not_known_is_a_violation_at_its_place() {
        let mut fields = Fields::default();
        let settings = wire::ProjectSettings { retention_policy: 9, ..Default::default() };
        fields.profile("project", wire::Project { settings: Some(settings), ..Default::default() });
        let error = fields.finish(()).unwrap_err().to_string();
        assert!(error.starts_with("project.settings.retention_policy: has the value 9"), "{error}");
    }
}
