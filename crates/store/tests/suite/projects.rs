//! A project's row: made, locked, changed, scheduled, restored.

use sandbar_model::{
    Error, Project, Revision, Time,
    project::{Profile, RetentionPolicy, Schedule, Settings},
    time::HOUR,
};
use sandbar_store::{Db, project, tree};
use tokio::task::JoinSet;

use crate::{
    engine::cases,
    fixture::{NOW, add_root, add_sandbox, add_user, due_in, family, id, ids, root, sandbox},
};

cases! {
    comes_back_as_it_went
    sibling_names_are_unique_while_active
    id_is_unique
    lock_lets_one_writer_in
    profile_is_replaced
    head_and_counts_are_no_write_to_the_record
    schedule_replaces_earlier_dates
    restore_clears_the_schedule
    restore_names_the_taken_name
    rename_minds_active_siblings
    due_and_expired_are_found
}

fn settings() -> Settings {
    Settings {
        concurrency: Some(3),
        allow_support_access: true,
        requires_mfa: true,
        retention_policy: RetentionPolicy::RetainWithErrors,
        history_retention_days: Some(30),
        dataclip_retention_days: Some(7),
    }
}

async fn comes_back_as_it_went(db: Db) {
    let mut tx = db.write().await.unwrap();
    let user = add_user(&mut tx, 1).await;
    let root = add_root(&mut tx, 10, user.id).await;
    assert_eq!(project::get(&mut tx, root.id).await.unwrap().as_ref(), Some(&root));
    for (number, policy) in [
        (20, RetentionPolicy::RetainAll),
        (21, RetentionPolicy::RetainWithErrors),
        (22, RetentionPolicy::EraseAll),
    ] {
        let mut full = sandbox(number, &root);
        full.head = Revision(5);
        full.version = 6;
        full.profile.description.push_str("größer \u{1F600}");
        full.profile.color.push_str("#123");
        full.profile.settings = Settings { retention_policy: policy, ..settings() };
        full.workflow_count = 7;
        full.collection_count = 8;
        full.scheduled = Some(due_in(1));
        full.expire_time = Some(NOW.plus(9));
        full.update_time = NOW.plus(10);
        full.trigger_version = 11;
        project::insert(&mut tx, &full).await.unwrap();
        assert_eq!(project::get(&mut tx, full.id).await.unwrap(), Some(full));
    }
    assert_eq!(project::get(&mut tx, id(99)).await.unwrap(), None);
}

async fn sibling_names_are_unique_while_active(db: Db) {
    let [root_project, one, ..] = family(&db).await;
    let mut tx = db.write().await.unwrap();
    // Roots may share names, as may children of different parents.
    let mut namesake = root(11, root_project.creator);
    namesake.profile.name.clone_from(&root_project.profile.name);
    tree::insert(&mut tx, namesake.id, None).await.unwrap();
    project::insert(&mut tx, &namesake).await.unwrap();
    let mut cousin = sandbox(31, &one);
    cousin.profile.name.clone_from(&one.profile.name);
    project::insert(&mut tx, &cousin).await.unwrap();
    let mut gone = sandbox(23, &root_project);
    gone.profile.name.clone_from(&one.profile.name);
    gone.scheduled = Some(due_in(1));
    project::insert(&mut tx, &gone).await.unwrap();

    let mut twin = sandbox(22, &root_project);
    twin.profile.name.clone_from(&one.profile.name);
    let refused = project::insert(&mut tx, &twin).await.unwrap_err();
    assert!(
        matches!(&refused, Error::NameTaken { name, place: "by another sandbox of the same parent" } if *name == one.profile.name),
        "{refused:?}"
    );
}

async fn id_is_unique(db: Db) {
    let [root, one, ..] = family(&db).await;
    let mut tx = db.write().await.unwrap();
    let mut twin = sandbox(20, &root);
    twin.profile.name.push_str("-other");
    let refused = project::insert(&mut tx, &twin).await.unwrap_err();
    assert!(matches!(&refused, Error::IdTaken { id, .. } if *id == one.id.to_string()), "{refused:?}");
}

async fn lock_lets_one_writer_in(db: Db) {
    let [root, ..] = family(&db).await;
    let mut tasks = JoinSet::new();
    for _ in 0..64 {
        let db = db.clone();
        tasks.spawn(async move {
            let mut tx = db.write().await.unwrap();
            let found = project::lock(&mut tx, root.id).await.unwrap().unwrap();
            let head = Revision(found.head.0 + 1);
            project::set_head_and_counts(&mut tx, root.id, head, 1, 2, NOW).await.unwrap();
            tx.commit().await.unwrap();
        });
    }
    tasks.join_all().await;
    let mut tx = db.write().await.unwrap();
    let found = project::lock(&mut tx, root.id).await.unwrap().unwrap();
    assert_eq!((found.head, found.workflow_count, found.collection_count), (Revision(64), 64, 128));
    assert_eq!(project::get(&mut tx, root.id).await.unwrap(), Some(found));
    assert_eq!(project::lock(&mut tx, id(99)).await.unwrap(), None);
}

async fn profile_is_replaced(db: Db) {
    let [_, one, other, _] = family(&db).await;
    let mut tx = db.write().await.unwrap();
    let profile = Profile {
        name: "renamed".to_owned(),
        description: "d".to_owned(),
        color: "#abcdef".to_owned(),
        environment: "staging".to_owned(),
        settings: settings(),
    };
    let expire_time = Some(NOW.plus(HOUR));
    project::set_profile(&mut tx, one.id, &profile, expire_time, NOW.plus(1)).await.unwrap();
    let wanted =
        Project { profile: profile.clone(), expire_time, version: 2, update_time: NOW.plus(1), ..one };
    assert_eq!(project::get(&mut tx, one.id).await.unwrap(), Some(wanted));
    assert_eq!(project::get(&mut tx, other.id).await.unwrap().as_ref(), Some(&other));
    let refused = project::set_profile(&mut tx, other.id, &profile, None, NOW).await.unwrap_err();
    assert!(matches!(&refused, Error::NameTaken { name, .. } if name == "renamed"), "{refused:?}");
}

async fn head_and_counts_are_no_write_to_the_record(db: Db) {
    let [root, ..] = family(&db).await;
    let mut tx = db.write().await.unwrap();
    project::set_head_and_counts(&mut tx, root.id, Revision(9), 5, 3, NOW.plus(1)).await.unwrap();
    project::set_head_and_counts(&mut tx, root.id, Revision(12), -2, -1, NOW.plus(2)).await.unwrap();
    let wanted = Project {
        head: Revision(12),
        workflow_count: 3,
        collection_count: 2,
        update_time: NOW.plus(2),
        ..root
    };
    assert_eq!(project::get(&mut tx, wanted.id).await.unwrap(), Some(wanted));
}

async fn schedule_replaces_earlier_dates(db: Db) {
    let [root, one, other, below] = family(&db).await;
    let mut tx = db.write().await.unwrap();
    let early = NOW.plus(HOUR);
    let late = NOW.plus(2 * HOUR);
    assert_eq!(project::schedule(&mut tx, &[below.id], NOW, early, NOW).await.unwrap(), 1);
    let both = [one.id, below.id, id(99)];
    assert_eq!(project::schedule(&mut tx, &both, NOW.plus(1), late, NOW.plus(3)).await.unwrap(), 2);
    let scheduled = Some(Schedule { delete_time: NOW.plus(1), purge_time: late });
    for (project, writes) in [(one, 1), (below, 2)] {
        // All its triggers are off from then on.
        let (version, trigger_version) = (1 + writes, writes);
        let wanted = Project { scheduled, version, trigger_version, update_time: NOW.plus(3), ..project };
        assert_eq!(project::get(&mut tx, wanted.id).await.unwrap(), Some(wanted));
    }
    for project in [root, other] {
        assert_eq!(project::get(&mut tx, project.id).await.unwrap(), Some(project));
    }
}

async fn restore_clears_the_schedule(db: Db) {
    let [root, one, ..] = family(&db).await;
    let mut tx = db.write().await.unwrap();
    let mut lasting = add_sandbox(&mut tx, 22, &root).await;
    for (project, expire) in [(&one, NOW.plus(HOUR)), (&lasting, NOW.plus(9 * HOUR))] {
        project::set_profile(&mut tx, project.id, &project.profile, Some(expire), NOW).await.unwrap();
    }
    lasting.expire_time = Some(NOW.plus(9 * HOUR));
    let both = ids([&one, &lasting]);
    project::schedule(&mut tx, &both, NOW, NOW.plus(HOUR), NOW).await.unwrap();
    let now = NOW.plus(2 * HOUR);
    // The root is not scheduled.
    assert_eq!(project::restore(&mut tx, &[one.id, lasting.id, root.id], now).await.unwrap(), 2);
    for project in [one, lasting] {
        let wanted = Project { version: 4, trigger_version: 1, update_time: now, ..project };
        assert_eq!(project::get(&mut tx, wanted.id).await.unwrap(), Some(wanted));
    }
    assert_eq!(project::get(&mut tx, root.id).await.unwrap(), Some(root));
}

async fn restore_names_the_taken_name(db: Db) {
    let [root, one, other, below] = family(&db).await;
    let mut tx = db.write().await.unwrap();
    // Somebody took the name of `one` meanwhile; below it, `below` and a namesake were deleted one after the other.
    let mut namesake = sandbox(31, &one);
    namesake.profile.name.clone_from(&below.profile.name);
    namesake.scheduled = Some(due_in(1));
    project::insert(&mut tx, &namesake).await.unwrap();
    project::schedule(&mut tx, &[one.id, below.id], NOW, NOW.plus(HOUR), NOW).await.unwrap();
    let mut heir = sandbox(22, &root);
    heir.profile.name.clone_from(&one.profile.name);
    project::insert(&mut tx, &heir).await.unwrap();

    let taken = project::restore(&mut tx, &[one.id], NOW).await.unwrap_err();
    assert!(matches!(&taken, Error::NameTaken { name, .. } if *name == one.profile.name), "{taken:?}");
    let twice = project::restore(&mut tx, &[below.id, namesake.id], NOW).await.unwrap_err();
    assert!(matches!(&twice, Error::NameTaken { name, .. } if *name == below.profile.name), "{twice:?}");
    assert!(project::rename(&mut tx, one.id, "again", NOW).await.unwrap());
    assert_eq!(project::restore(&mut tx, &[one.id, below.id], NOW).await.unwrap(), 2);
    assert_eq!(
        project::sibling_names(&mut tx, root.id).await.unwrap(),
        ["again", "sandbox-20", "sandbox-21"]
    );
    assert_eq!(other.profile.name, "sandbox-21");
}

async fn rename_minds_active_siblings(db: Db) {
    let [_, one, other, _] = family(&db).await;
    let mut tx = db.write().await.unwrap();
    assert!(project::rename(&mut tx, one.id, "new", NOW.plus(1)).await.unwrap());
    let found = project::get(&mut tx, one.id).await.unwrap().unwrap();
    assert_eq!((found.profile.name.as_str(), found.version, found.update_time), ("new", 2, NOW.plus(1)));
    assert!(!project::rename(&mut tx, id(99), "new", NOW).await.unwrap());
    let refused = project::rename(&mut tx, other.id, "new", NOW).await.unwrap_err();
    assert!(matches!(&refused, Error::NameTaken { name, .. } if name == "new"), "{refused:?}");
}

async fn due_and_expired_are_found(db: Db) {
    let [root, one, other, below] = family(&db).await;
    let mut tx = db.write().await.unwrap();
    let due = |hours| NOW.plus(hours * HOUR);
    project::schedule(&mut tx, &[root.id, below.id], NOW, due(1), NOW).await.unwrap();
    project::schedule(&mut tx, &[one.id], NOW, due(2), NOW).await.unwrap();
    for (project, expire) in [(&one, due(1)), (&other, due(3))] {
        project::set_profile(&mut tx, project.id, &project.profile, Some(expire), NOW).await.unwrap();
    }
    let found = async |tx: &mut _, now: Time, limit| {
        let projects = project::due_for_purge(tx, now, limit).await.unwrap();
        ids(&projects)
    };
    assert!(found(&mut tx, due(1).plus(-1), 9).await.is_empty());
    assert_eq!(found(&mut tx, due(1), 9).await, [below.id, root.id]);
    assert_eq!(found(&mut tx, due(2), 9).await, [below.id, one.id, root.id]);
    assert_eq!(found(&mut tx, due(2), 2).await, [below.id, one.id]);

    // `one` is scheduled already, so only `other` can expire.
    assert!(project::expired(&mut tx, due(2), 9).await.unwrap().is_empty());
    assert_eq!(ids(&project::expired(&mut tx, due(3), 9).await.unwrap()), [other.id]);
}
