//! Projects for the tests of what is decided about them.

use sandbar_model::{
    PrincipalId, Project, ProjectId, Revision, Time,
    project::{Fork, Profile, Schedule, Settings},
};
use uuid::Uuid;

pub(crate) fn id(number: u128) -> ProjectId {
    ProjectId(Uuid::from_u128(number))
}

pub(crate) fn root(number: u128) -> Project {
    Project {
        id: id(number),
        root: id(number),
        fork: None,
        depth: 0,
        head: Revision(7),
        version: 1,
        profile: Profile {
            name: "root".to_owned(),
            description: String::new(),
            color: String::new(),
            environment: "main".to_owned(),
            settings: Settings::default(),
        },
        workflow_count: 3,
        collection_count: 2,
        scheduled: None,
        expire_time: None,
        create_time: Time(0),
        update_time: Time(0),
        creator: PrincipalId(Uuid::from_u128(1_000)),
        trigger_version: 0,
    }
}

/// Made later the larger its number.
pub(crate) fn sandbox(number: u128, parent: &Project, name: &str) -> Project {
    let fork = Some(Fork { parent: parent.id, at: parent.head });
    let profile = Profile { name: name.to_owned(), environment: "dev".to_owned(), ..parent.profile.clone() };
    let create_time = Time(i64::try_from(number).unwrap());
    Project { id: id(number), fork, depth: parent.depth + 1, profile, create_time, ..parent.clone() }
}

pub(crate) fn scheduled(project: Project) -> Project {
    Project { scheduled: Some(Schedule { delete_time: Time(1_000), purge_time: Time(2_000) }), ..project }
}
