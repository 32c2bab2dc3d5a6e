//! Reading and writing through the fork, against a model that copies everything.
//!
//! Random projects write, rename, delete, fork and move up; after each step every project must show exactly what a plain
//! map of it holds: resource by resource, page by page, at its newest and at earlier revisions.

use std::collections::{BTreeMap, BTreeSet};

use sandbar_model::{
    Document, Kind, Project, ProjectId, ResourceId, Revision, Workflow,
    claim::Claim,
    project::Fork,
    workflow::{StoredWorkflow, Trigger, TriggerKind, Webhook},
};
use sandbar_store::{
    Db, Tx, claim, content,
    content::{Contents, NewContent},
    flatten, project, resource,
    view::{View, Views},
    write::{Outcome, Write, Writer, set_bases},
};

use crate::{
    engine::cases,
    fixture::{self, NOW, id},
};

cases! {
    every_project_shows_what_a_copy_would
    a_batch_may_swap_names_and_a_clash_is_parted_off
    saving_the_same_changes_nothing
    bases_stay_until_they_are_set
    contents_come_back_byte_for_byte
    a_page_goes_on_past_hidden_rows
}

fn workflow(name: &str, number: u32) -> StoredWorkflow {
    Workflow { name: name.to_owned(), concurrency: Some(number), ..empty() }
}

fn empty() -> StoredWorkflow {
    Workflow {
        name: String::new(),
        concurrency: None,
        enable_job_logs: true,
        positions: BTreeMap::new(),
        jobs: Vec::new(),
        triggers: Vec::new(),
        edges: Vec::new(),
    }
}

fn put(resource: ResourceId, name: &str, number: u32) -> Write {
    Write { kind: Kind::Workflow, id: resource, document: Some(Document::Workflow(workflow(name, number))) }
}

fn delete(resource: ResourceId) -> Write {
    Write { kind: Kind::Workflow, id: resource, document: None }
}

async fn write(tx: &mut Tx, project: &mut Project, writes: Vec<Write>) -> Outcome {
    let view = Views::default().of(tx, &*project).await.unwrap();
    let (head, counts) = (project.head, (project.workflow_count, project.collection_count));
    let by = project.creator;
    let outcome = Writer { project, view: &view, now: NOW, writer: by }.write(tx, writes).await.unwrap();
    assert_eq!(project.head.0 - head.0, i64::try_from(outcome.written.len()).unwrap());
    let deltas = (project.workflow_count - counts.0, project.collection_count - counts.1);
    project::set_head_and_counts(tx, project.id, project.head, deltas.0, deltas.1, NOW).await.unwrap();
    outcome
}

/// What a project holds: name and number of each workflow.
type Plain = BTreeMap<ResourceId, (String, u32)>;

/// A project beside its model.
struct Twin {
    project: Project,
    now: Plain,
    /// As it was at each of its revisions.
    before: BTreeMap<i64, Plain>,
}

/// Numbers that are the same on every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }
}

async fn every_project_shows_what_a_copy_would(db: Db) {
    for seed in [0x9E37_79B9_7F4A_7C15, 0xD1B5_4A32_D192_ED03, 0x94D0_49BB_1331_11EB] {
        let mut tx = db.write().await.unwrap();
        // Undone at the end of each round.
        round(&mut tx, &mut Dice(seed)).await;
    }
}

async fn round(tx: &mut Tx, dice: &mut Dice) {
    let user = fixture::add_user(tx, 1).await;
    let root = fixture::add_root(tx, 10, user.id).await;
    let mut twins =
        vec![Twin { project: root, now: Plain::new(), before: BTreeMap::from([(0, Plain::new())]) }];
    for step in 0..160 {
        let at = dice.roll(twins.len());
        match dice.roll(10) {
            0 if twins[at].project.depth < 5 && twins.len() < 12 => {
                let sandbox = fixture::add_sandbox(tx, 100 + step, &twins[at].project).await;
                let mut sandbox = sandbox;
                sandbox.workflow_count = twins[at].project.workflow_count;
                let now = twins[at].now.clone();
                twins.push(Twin { project: sandbox, before: BTreeMap::from([(0, now.clone())]), now });
            }
            1 => move_up(tx, &mut twins, at).await,
            _ => change(tx, dice, &mut twins[at]).await,
        }
        let at = dice.roll(twins.len());
        check(tx, &twins[at].project, &twins[at].now, dice.roll(4) + 1).await;
        let (revision, then) = twins[at].before.iter().nth(dice.roll(twins[at].before.len())).unwrap();
        check_at(tx, &twins[at].project, Revision(*revision), then).await;
    }
    for twin in &twins {
        check(tx, &twin.project, &twin.now, 3).await;
        assert_eq!(twin.project.workflow_count, i64::try_from(twin.now.len()).unwrap());
    }
}

/// A few writes at once, of few resources and names, so that they get in each other's way.
async fn change(tx: &mut Tx, dice: &mut Dice, twin: &mut Twin) {
    let mut wanted: BTreeMap<ResourceId, Option<(String, u32)>> = BTreeMap::new();
    for _ in 0..=dice.roll(3) {
        let resource = id(1000 + dice.roll(8) as u128);
        let new =
            (dice.roll(4) > 0).then(|| (format!("w{}", dice.roll(8)), u32::try_from(dice.roll(3)).unwrap()));
        wanted.insert(resource, new);
    }
    let writes = wanted.iter().map(|(resource, new)| match new {
        Some((name, number)) => put(*resource, name, *number),
        None => delete(*resource),
    });
    let outcome = write(tx, &mut twin.project, writes.collect()).await;
    for done in &outcome.written {
        match &wanted[&done.id] {
            Some(new) => drop(twin.now.insert(done.id, new.clone())),
            None => drop(twin.now.remove(&done.id)),
        }
        twin.before.insert(done.revision.0, twin.now.clone());
    }
    let parted: BTreeSet<_> = outcome.clashes.iter().map(|clash| clash.write.id).collect();
    let untouched =
        wanted.iter().filter(|(r, _)| !parted.contains(r) && !outcome.written.iter().any(|w| w.id == **r));
    for (resource, new) in untouched {
        assert_eq!(twin.now.get(resource), new.as_ref(), "only what is so already is left out");
    }
    for clash in &outcome.clashes {
        let Claim::Name(_, name) = &clash.claim else { panic!("{clash:?}") };
        let holders = twin.now.iter().filter(|(other, (held, _))| **other != clash.write.id && held == name);
        assert!(holders.count() > 0, "{name} was free");
    }
    let names: BTreeSet<_> = twin.now.values().map(|(name, _)| name).collect();
    assert_eq!(names.len(), twin.now.len(), "two live resources of one name");
    // Several revisions of one batch are seen together: what lies between them is nobody's to look at.
    let last = twin.project.head.0;
    let between: Vec<_> = outcome.written.iter().map(|w| w.revision.0).filter(|r| *r != last).collect();
    for revision in between {
        twin.before.remove(&revision);
    }
}

/// Moves a sandbox of a sandbox up to its grandparent.
async fn move_up(tx: &mut Tx, twins: &mut [Twin], at: usize) {
    let Some(Fork { parent, .. }) = twins[at].project.fork else { return };
    let parent = twins.iter().find(|twin| twin.project.id == parent).unwrap().project.clone();
    let Some(fork) = parent.fork else { return };
    let view = Views::default().of(tx, &parent).await.unwrap();
    let above = View { root: view.root, levels: view.inherited().to_vec() };
    flatten::flatten(tx, &parent, &twins[at].project, &above).await.unwrap();
    project::move_up(tx, &twins[at].project, fork, 1, NOW).await.unwrap();
    for twin in twins {
        twin.project = project::get(tx, twin.project.id).await.unwrap().map_or_else(
            || panic!("a project is gone"),
            |found| Project { workflow_count: twin.project.workflow_count, ..found },
        );
    }
}

async fn check(tx: &mut Tx, project: &Project, expected: &Plain, page_size: usize) {
    let view = Views::default().of(tx, project).await.unwrap();
    assert_eq!(&read(tx, &view).await, expected, "resolved");
    let mut listed = BTreeMap::new();
    let mut after = Some(String::new());
    let mut last = String::new();
    while let Some(cursor) = after {
        let page = resource::page(tx, &view, Kind::Workflow, &cursor, page_size).await.unwrap();
        for row in page.rows {
            assert!(row.name > last, "{} after {last}", row.name);
            last.clone_from(&row.name);
            assert!(listed.insert(row.id, row.name).is_none());
        }
        after = page.next;
    }
    let names: BTreeMap<_, _> = expected.iter().map(|(id, (name, _))| (*id, name.clone())).collect();
    assert_eq!(listed, names, "listed by {page_size}");
    let wanted = (0..8).map(|n| Claim::Name(Kind::Workflow, format!("w{n}"))).collect();
    let holders = claim::holders(tx, &view, wanted).await.unwrap();
    let holders: BTreeMap<_, _> = holders.into_iter().map(|(claim, id)| (id, claim.key())).collect();
    assert_eq!(holders, names, "holders");
}

async fn check_at(tx: &mut Tx, project: &Project, revision: Revision, expected: &Plain) {
    let view = Views::default().of(tx, project).await.unwrap().at(revision);
    assert_eq!(&read(tx, &view).await, expected, "at {revision}");
}

/// Reads every resource both ways: one by one, and all at once.
async fn read(tx: &mut Tx, view: &View) -> Plain {
    let ids: Vec<ResourceId> = (1000..1008).map(id).collect();
    let found = resource::resolve_many(tx, view, Kind::Workflow, ids.clone()).await.unwrap();
    for resource in ids {
        let one = resource::resolve(tx, view, Kind::Workflow, resource).await.unwrap();
        assert_eq!(one, found.get(&resource).copied());
    }
    let contents = Contents::default();
    let mut plain = Plain::new();
    for (resource, found) in found {
        let Some(hash) = found.hash else { continue };
        let document = contents.document(tx, view.root, hash).await.unwrap();
        let Document::Workflow(workflow) = &*document else { panic!("{document:?}") };
        plain.insert(resource, (workflow.name.clone(), workflow.concurrency.unwrap()));
    }
    plain
}

async fn a_batch_may_swap_names_and_a_clash_is_parted_off(db: Db) {
    let [mut root, ..] = fixture::family(&db).await;
    let mut tx = db.write().await.unwrap();
    let (one, two, three) = (id(1), id(2), id(3));
    write(&mut tx, &mut root, vec![put(one, "a", 1), put(two, "b", 1)]).await;
    let swapped = write(&mut tx, &mut root, vec![put(one, "b", 1), put(two, "a", 1)]).await;
    assert_eq!((swapped.written.len(), swapped.clashes.len()), (2, 0));
    let outcome = write(&mut tx, &mut root, vec![put(three, "a", 1), put(one, "c", 1)]).await;
    assert_eq!(outcome.written.iter().map(|w| w.id).collect::<Vec<_>>(), [one]);
    assert_eq!(
        outcome.clashes,
        [sandbar_store::write::Clash {
            write: put(three, "a", 1),
            claim: Claim::Name(Kind::Workflow, "a".to_owned()),
        }]
    );
    // Two of one batch that want the same: the first gets it.
    let outcome = write(&mut tx, &mut root, vec![put(id(4), "d", 1), put(id(5), "d", 1)]).await;
    assert_eq!((outcome.written.len(), outcome.clashes.len()), (1, 1));
    // A trigger and a custom path are held once as well.
    let hook = |path: &str| {
        let webhook = Webhook { custom_path: Some(path.to_owned()), ..Webhook::default() };
        vec![Trigger { id: id(77), kind: TriggerKind::Webhook(webhook) }]
    };
    let hooked = |r: ResourceId, name: &str, path: &str| Write {
        document: Some(Document::Workflow(Workflow { triggers: hook(path), ..workflow(name, 1) })),
        ..delete(r)
    };
    assert!(write(&mut tx, &mut root, vec![hooked(id(6), "e", "in")]).await.clashes.is_empty());
    let outcome = write(&mut tx, &mut root, vec![hooked(id(7), "f", "other")]).await;
    assert_eq!(outcome.clashes[0].claim, Claim::Trigger(id(77)));
    assert!(matches!(claim::taken(&outcome.clashes[0].claim), sandbar_model::Error::IdTaken { .. }));
}

async fn saving_the_same_changes_nothing(db: Db) {
    let [mut root, mut one, ..] = fixture::family(&db).await;
    let mut tx = db.write().await.unwrap();
    write(&mut tx, &mut root, vec![put(id(1), "a", 1)]).await;
    assert!(write(&mut tx, &mut root, vec![put(id(1), "a", 1)]).await.written.is_empty());
    assert!(write(&mut tx, &mut root, vec![delete(id(9))]).await.written.is_empty());
    // What was written after the fork is not seen in the sandbox, so there it is new.
    assert_eq!(write(&mut tx, &mut one, vec![put(id(1), "a", 1)]).await.written[0].before, None);
    assert_eq!((root.head, one.head), (Revision(1), Revision(1)));
}

async fn bases_stay_until_they_are_set(db: Db) {
    let [mut root, ..] = fixture::family(&db).await;
    let mut tx = db.write().await.unwrap();
    let first = write(&mut tx, &mut root, vec![put(id(1), "a", 1)]).await.written[0].after;
    let mut sandbox = fixture::add_sandbox(&mut tx, 50, &root).await;
    let changed = write(&mut tx, &mut sandbox, vec![put(id(1), "a", 2), put(id(2), "b", 1)]).await;
    write(&mut tx, &mut sandbox, vec![put(id(1), "a", 3)]).await;
    let unmerged = resource::unmerged(&mut tx, sandbox.id, 10).await.unwrap();
    assert_eq!(unmerged.iter().map(|u| (u.id, u.base)).collect::<Vec<_>>(), [(id(1), first), (id(2), None)]);
    assert_eq!(resource::unmerged_count(&mut tx, sandbox.id).await.unwrap(), 2);
    let agreed = [(Kind::Workflow, id(2), changed.written[1].after)];
    set_bases(&mut tx, sandbox.id, &agreed).await.unwrap();
    assert_eq!(resource::unmerged(&mut tx, sandbox.id, 10).await.unwrap().len(), 1);
    // Back to what the fork showed: there is nothing to merge any more.
    write(&mut tx, &mut sandbox, vec![put(id(1), "a", 1)]).await;
    assert_eq!(resource::unmerged_count(&mut tx, sandbox.id).await.unwrap(), 0);
    // A root agrees with nobody.
    assert!(resource::unmerged(&mut tx, root.id, 10).await.unwrap().is_empty());
}

async fn contents_come_back_byte_for_byte(db: Db) {
    let root = fixture::family(&db).await[0].id;
    let mut tx = db.write().await.unwrap();
    let bodies = ["", "a", "line\r\nno end", "🜚\n", &"x".repeat(2_000_000), &"ab\r\n".repeat(5_000)];
    let contents: Vec<_> = bodies.iter().map(|body| NewContent::of(body.as_bytes().to_vec())).collect();
    let hashes: Vec<_> = contents.iter().map(|content| content.hash).collect();
    content::put(&mut tx, root, contents.clone(), NOW).await.unwrap();
    // A second time they are there already, whatever their order.
    content::put(&mut tx, root, contents.into_iter().rev().collect(), NOW.plus(1)).await.unwrap();
    let found = Contents::default().bodies(&mut tx, root, hashes.clone()).await.unwrap();
    for (hash, body) in hashes.iter().zip(bodies) {
        assert_eq!(&*found[hash], body);
    }
    // Another tree does not have them.
    let other: ProjectId = id(99);
    assert!(Contents::default().bodies(&mut tx, other, hashes).await.is_err());
}

async fn a_page_goes_on_past_hidden_rows(db: Db) {
    let [mut root, ..] = fixture::family(&db).await;
    let mut tx = db.write().await.unwrap();
    let many = (0..60).map(|n| put(id(1000 + n), &format!("m{n:02}"), 1)).collect();
    write(&mut tx, &mut root, many).await;
    let mut sandbox = fixture::add_sandbox(&mut tx, 50, &root).await;
    // All but the last are deleted, and one is renamed to before all of them.
    let mut writes: Vec<_> = (0..58).map(|n| delete(id(1000 + n))).collect();
    writes.push(put(id(1058), "a", 1));
    write(&mut tx, &mut sandbox, writes).await;
    let view = Views::default().of(&mut tx, &sandbox).await.unwrap();
    let names = |page: &resource::Page<resource::Named>| {
        page.rows.iter().map(|row| row.name.clone()).collect::<Vec<_>>()
    };
    let page = resource::page(&mut tx, &view, Kind::Workflow, "", 2).await.unwrap();
    assert_eq!((names(&page), page.next), (vec!["a".to_owned(), "m59".to_owned()], None));
    let first = resource::page(&mut tx, &view, Kind::Workflow, "", 1).await.unwrap();
    assert_eq!(names(&first), ["a"]);
    let rest = resource::page(&mut tx, &view, Kind::Workflow, &first.next.unwrap(), 1).await.unwrap();
    assert_eq!((names(&rest), rest.next), (vec!["m59".to_owned()], None));
}
