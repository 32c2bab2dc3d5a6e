//! A project's relatives, and lists of projects as somebody sees them.

use sandbar_model::{Error, Project, Revision, Role, access::Member, project::Fork};
use sandbar_store::{
    Db, member,
    project::{self, Viewer, Visible},
};

use crate::{
    engine::cases,
    fixture::{NOW, add_root, add_user, family, id, ids, sandbox},
};

cases! {
    relatives_come_in_order
    move_up_takes_everything_below_along
    move_up_minds_the_new_siblings
    lists_show_what_somebody_may_see
    support_sees_what_allows_it
    pages_follow_name_and_id
    row_goes_when_nothing_hangs_on_it
}

const NOBODY: Viewer = Viewer { principal: sandbar_model::PrincipalId(uuid::Uuid::nil()), support: false };

async fn relatives_come_in_order(db: Db) {
    let [root, one, other, below] = family(&db).await;
    let mut tx = db.write().await.unwrap();
    project::schedule(&mut tx, &[other.id], NOW, NOW, NOW).await.unwrap();
    assert_eq!(project::ancestors(&mut tx, below.id).await.unwrap(), [one.clone(), root.clone()]);
    assert!(project::ancestors(&mut tx, root.id).await.unwrap().is_empty());
    let all = [root.id, one.id, other.id, below.id];
    assert_eq!(ids(&project::descendants(&mut tx, root.id).await.unwrap()), all);
    assert_eq!(project::descendants(&mut tx, one.id).await.unwrap(), [one.clone(), below.clone()]);
    assert!(project::descendants(&mut tx, id(99)).await.unwrap().is_empty());
    assert_eq!(ids(&project::tree(&mut tx, root.id).await.unwrap()), all);
    assert!(project::tree(&mut tx, one.id).await.unwrap().is_empty());
    assert_eq!(project::sibling_names(&mut tx, root.id).await.unwrap(), ["sandbox-20"]);
    assert!(project::has_children(&mut tx, one.id).await.unwrap());
    assert!(!project::has_children(&mut tx, below.id).await.unwrap());
}

async fn move_up_takes_everything_below_along(db: Db) {
    let [root, one, other, below] = family(&db).await;
    let mut tx = db.write().await.unwrap();
    let deepest = sandbox(40, &below);
    project::insert(&mut tx, &deepest).await.unwrap();
    let fork = Fork { parent: root.id, at: Revision(7) };
    project::move_up(&mut tx, &below, fork, 1, NOW.plus(1)).await.unwrap();
    let moved = Project { fork: Some(fork), depth: 1, version: 2, update_time: NOW.plus(1), ..below };
    let followed = Project { depth: 2, version: 2, update_time: NOW.plus(1), ..deepest };
    assert_eq!(project::descendants(&mut tx, moved.id).await.unwrap(), [moved, followed]);
    for project in [root, one, other] {
        assert_eq!(project::get(&mut tx, project.id).await.unwrap(), Some(project));
    }
}

async fn move_up_minds_the_new_siblings(db: Db) {
    let [root, one, other, _] = family(&db).await;
    let mut tx = db.write().await.unwrap();
    let mut namesake = sandbox(31, &one);
    namesake.profile.name.clone_from(&other.profile.name);
    project::insert(&mut tx, &namesake).await.unwrap();
    let fork = Fork { parent: root.id, at: root.head };
    let refused = project::move_up(&mut tx, &namesake, fork, 1, NOW).await.unwrap_err();
    assert!(matches!(&refused, Error::NameTaken { name, .. } if *name == other.profile.name), "{refused:?}");
}

fn seen(list: &[Visible]) -> Vec<(sandbar_model::ProjectId, Option<Role>)> {
    list.iter().map(|visible| (visible.project.id, visible.role)).collect()
}

async fn lists_show_what_somebody_may_see(db: Db) {
    let [root, one, other, below] = family(&db).await;
    let mut tx = db.write().await.unwrap();
    let guest = add_user(&mut tx, 2).await;
    let viewer = Viewer { principal: guest.id, support: false };
    let foreign = add_root(&mut tx, 11, guest.id).await;
    for (project, role) in [(&one, Role::Editor), (&other, Role::Viewer), (&below, Role::Admin)] {
        member::put(&mut tx, project.id, &Member { principal: guest.id, role }).await.unwrap();
    }
    project::schedule(&mut tx, &[other.id], NOW, NOW, NOW).await.unwrap();

    let (own, editor) = ((foreign.id, Some(Role::Owner)), (one.id, Some(Role::Editor)));
    let (gone, admin) = ((other.id, Some(Role::Viewer)), (below.id, Some(Role::Admin)));
    let page = project::page_visible(&mut tx, viewer, false, false, None, 9).await.unwrap();
    assert_eq!(seen(&page), [own, editor, admin]);
    assert_eq!(page[0].project, foreign);
    let page = project::page_visible(&mut tx, viewer, false, true, None, 9).await.unwrap();
    assert_eq!(seen(&page), [own, editor, gone, admin]);
    let page = project::page_visible(&mut tx, viewer, true, true, None, 9).await.unwrap();
    assert_eq!(seen(&page), [own]);
    let children = project::children(&mut tx, root.id, viewer, false, None, 9).await.unwrap();
    assert_eq!(seen(&children), [editor]);
    let children = project::children(&mut tx, root.id, viewer, true, None, 9).await.unwrap();
    assert_eq!(seen(&children), [editor, gone]);
    let tree = project::visible_tree(&mut tx, root.id, viewer, false).await.unwrap();
    assert_eq!(seen(&tree), [editor, admin]);
    let tree = project::visible_tree(&mut tx, root.id, viewer, true).await.unwrap();
    assert_eq!(seen(&tree), [editor, gone, admin]);

    assert!(project::page_visible(&mut tx, NOBODY, false, true, None, 9).await.unwrap().is_empty());
    assert!(project::children(&mut tx, root.id, NOBODY, true, None, 9).await.unwrap().is_empty());
    assert!(project::visible_tree(&mut tx, root.id, NOBODY, true).await.unwrap().is_empty());
}

async fn support_sees_what_allows_it(db: Db) {
    let [root, one, other, below] = family(&db).await;
    let mut tx = db.write().await.unwrap();
    let helper = add_user(&mut tx, 3).await;
    for project in [&root, &below] {
        let mut profile = project.profile.clone();
        profile.settings.allow_support_access = true;
        project::set_profile(&mut tx, project.id, &profile, None, NOW).await.unwrap();
    }
    member::put(&mut tx, other.id, &Member { principal: helper.id, role: Role::Viewer }).await.unwrap();
    let viewer = Viewer { principal: helper.id, support: true };
    let (top, own, deep) = ((root.id, None), (other.id, Some(Role::Viewer)), (below.id, None));
    let page = project::page_visible(&mut tx, viewer, false, false, None, 9).await.unwrap();
    assert_eq!(seen(&page), [top, own, deep]);
    let page = project::page_visible(&mut tx, viewer, true, false, None, 9).await.unwrap();
    assert_eq!(seen(&page), [top]);
    assert_eq!(seen(&project::children(&mut tx, root.id, viewer, false, None, 9).await.unwrap()), [own]);
    assert_eq!(seen(&project::children(&mut tx, one.id, viewer, false, None, 9).await.unwrap()), [deep]);
    assert_eq!(
        seen(&project::visible_tree(&mut tx, root.id, viewer, false).await.unwrap()),
        [top, own, deep]
    );
    // The same person, not as support.
    let plain = Viewer { support: false, ..viewer };
    assert_eq!(seen(&project::visible_tree(&mut tx, root.id, plain, false).await.unwrap()), [own]);
}

async fn pages_follow_name_and_id(db: Db) {
    let mut tx = db.write().await.unwrap();
    let user = add_user(&mut tx, 1).await;
    let root = add_root(&mut tx, 10, user.id).await;
    let mut wanted = Vec::new();
    for number in 100..107 {
        let mut child = sandbox(number, &root);
        child.profile.name = format!("s-{}", number % 3);
        // Only siblings that are scheduled may share a name.
        child.scheduled = Some(crate::fixture::due_in(1));
        project::insert(&mut tx, &child).await.unwrap();
        member::copy_from_parent(&mut tx, root.id, child.id, user.id).await.unwrap();
        wanted.push((child.profile.name.clone(), child.id));
    }
    wanted.sort();
    let viewer = Viewer { principal: user.id, support: false };
    let support = Viewer { support: true, ..viewer };
    let children =
        walk(async |tx, after| project::children(tx, root.id, viewer, true, after, 2).await, &mut tx).await;
    assert_eq!(children, wanted);
    wanted.insert(0, (root.profile.name.clone(), root.id));
    for viewer in [viewer, support] {
        let all =
            walk(async |tx, after| project::page_visible(tx, viewer, false, true, after, 2).await, &mut tx)
                .await;
        assert_eq!(all, wanted);
    }
}

type Cursor = (String, sandbar_model::ProjectId);

async fn walk(
    page: impl AsyncFn(
        &mut sandbar_store::Tx,
        Option<(&str, sandbar_model::ProjectId)>,
    ) -> sandbar_model::Result<Vec<Visible>>,
    tx: &mut sandbar_store::Tx,
) -> Vec<Cursor> {
    let mut found: Vec<Cursor> = Vec::new();
    loop {
        let last = found.last().cloned();
        let rows = page(tx, last.as_ref().map(|(name, id)| (name.as_str(), *id))).await.unwrap();
        assert!(rows.len() <= 2);
        if rows.is_empty() {
            return found;
        }
        found.extend(rows.into_iter().map(|row| (row.project.profile.name, row.project.id)));
    }
}

async fn row_goes_when_nothing_hangs_on_it(db: Db) {
    let [_, one, _, below] = family(&db).await;
    let mut tx = db.write().await.unwrap();
    member::remove(&mut tx, below.id, below.creator).await.unwrap();
    assert!(project::delete_row(&mut tx, below.id).await.unwrap());
    assert!(!project::delete_row(&mut tx, below.id).await.unwrap());
    // Its members are still there.
    project::delete_row(&mut tx, one.id).await.unwrap_err();
}
