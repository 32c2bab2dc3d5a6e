//! Taking projects back from deletion, inside a transaction that does it for a reason of its own.

use std::collections::{BTreeSet, HashMap, HashSet};

use sandbar_model::{
    Error, Project, ProjectId, Result, Time, TriggerId,
    project::{MAX_PROJECT_NAME, Profile},
};
use sandbar_store::{
    Tx, project, purge,
    tree::{self, TreeRow},
    trigger,
};

use super::retire::as_they_are;
use crate::{
    gate::{Caller, hidden},
    projects::{Restored, lock_below, views},
};

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Back {
    /// The project first, then its descendants.
    pub(crate) projects: Vec<Project>,
    /// The triggers that were on before. They stay off.
    pub(crate) turned_off: Vec<(ProjectId, TriggerId)>,
}

impl Back {
    /// For the one who asked for it.
    pub(crate) async fn answer(self, tx: &mut Tx, caller: &Caller) -> Result<Restored> {
        let restored = views(tx, caller, self.projects).await?;
        Ok(Restored { restored, triggers_turned_off: self.turned_off })
    }
}

/// Takes a project and everything that is scheduled below it back; `name` is what it shall be called, empty: as before.
/// The caller holds the tree's lock, of which it got `tree`.
///
/// # Errors
/// As [`super::restore()`].
pub(crate) async fn unretire(
    tx: &mut Tx,
    tree: &TreeRow,
    project: &Project,
    name: &str,
    now: Time,
) -> Result<Back> {
    let below = lock_below(tx, project.id).await?;
    let above = project::ancestors(tx, project.id).await?;
    let project = below.first().ok_or_else(|| hidden(project.id))?;
    let ids: Vec<_> = below.iter().map(|project| project.id).collect();
    let back = returning(&below, &purge::begun(tx, &ids).await?)?;
    let more = allowed(tree, project, &above, &back, now)?;
    for (id, name) in new_names(project, name, &back)? {
        project::rename(tx, id, &name, now).await?;
    }
    let ids: Vec<_> = back.iter().map(|project| project.id).collect();
    project::restore(tx, &ids, now).await?;
    let turned_off = trigger::resume_list(tx, &ids).await?;
    tree::add_active(tx, tree.root, more).await?;
    Ok(Back { projects: as_they_are(tx, project.id, &ids).await?, turned_off })
}

/// Who comes back of a project and everything below it: what was scheduled, but for what the purge worker has begun with,
/// a batch at a time: half a project must not come back.
fn returning(below: &[Project], begun: &BTreeSet<ProjectId>) -> Result<Vec<Project>> {
    if let Some(project) = below.first().filter(|project| begun.contains(&project.id)) {
        return Err(hidden(project.id));
    }
    let back = below.iter().filter(|project| project.scheduled.is_some() && !begun.contains(&project.id));
    Ok(back.cloned().collect())
}

/// Whether a project can come back, with all of `back`; answers how many of those count towards the allowance.
fn allowed(tree: &TreeRow, project: &Project, above: &[Project], back: &[Project], now: Time) -> Result<i64> {
    let Some(schedule) = project.scheduled else {
        return Err(Error::ProjectNotScheduled { project: project.id });
    };
    // From then on it is as good as gone, whether or not the purge worker has come to it.
    if schedule.purge_time <= now {
        return Err(hidden(project.id));
    }
    // Nearest first, and restoring starts at the top.
    if let Some(ancestor) = above.iter().rev().find(|ancestor| ancestor.scheduled.is_some()) {
        return Err(Error::AncestorScheduled { ancestor: ancestor.id });
    }
    let sandboxes = back.iter().filter(|project| project.is_sandbox()).count();
    let more =
        i64::try_from(sandboxes).map_err(|_| Error::Bug("a tree has more sandboxes than can be counted"))?;
    match tree.max_active_sandboxes {
        Some(limit) if more > 0 && tree.active_sandboxes + more > limit => {
            Err(Error::SandboxAllowanceReached { used: tree.active_sandboxes, limit })
        }
        _ => Ok(more),
    }
}

/// Who comes back with another name: the project, if the caller said so; and of its descendants those that were deleted
/// before a younger sibling got their name.
fn new_names(project: &Project, name: &str, back: &[Project]) -> Result<Vec<(ProjectId, String)>> {
    let mut renamed = Vec::new();
    if !name.is_empty() && name != project.profile.name {
        let profile = Profile { name: name.to_owned(), ..project.profile.clone() };
        profile.violations("").into_result()?;
        renamed.push((project.id, profile.name));
    }
    let mut siblings: HashMap<ProjectId, Vec<&Project>> = HashMap::new();
    for child in back.iter().filter(|child| child.id != project.id) {
        if let Some(fork) = child.fork {
            siblings.entry(fork.parent).or_default().push(child);
        }
    }
    for mut children in siblings.into_values() {
        children.sort_by_key(|child| std::cmp::Reverse((child.create_time, child.id)));
        let mut taken: HashSet<String> = children.iter().map(|child| child.profile.name.clone()).collect();
        let mut kept = HashSet::new();
        for child in children {
            let name = &child.profile.name;
            if !kept.insert(name) {
                let name = numbered(name, &taken);
                taken.insert(name.clone());
                renamed.push((child.id, name));
            }
        }
    }
    renamed.sort_unstable();
    Ok(renamed)
}

/// The name with the first free number after it.
fn numbered(name: &str, taken: &HashSet<String>) -> String {
    let mut number = 2_u32;
    loop {
        let end = format!("-{number}");
        let stem: String = name.chars().take(MAX_PROJECT_NAME - end.len()).collect();
        let candidate = stem + &end;
        if !taken.contains(&candidate) {
            return candidate;
        }
        number += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::projects::sample::{id, root, sandbox, scheduled};

    fn tree(active: i64, max: Option<i64>) -> TreeRow {
        TreeRow { root: id(1), version: 1, max_active_sandboxes: max, active_sandboxes: active }
    }

    #[test]
    fn each_refusal_has_its_reason_and_its_turn() {
        let (top, now) = (root(1), Time(1_999));
        let middle = sandbox(2, &top, "middle");
        let lowest = sandbox(3, &middle, "lowest");
        let gone = scheduled(lowest.clone());
        let back = [gone.clone()];
        let may = |tree: &TreeRow, project: &Project, above: &[Project], now| {
            allowed(tree, project, above, &back, now)
        };
        let free = [middle.clone(), top.clone()];
        let full = tree(1, Some(1));
        assert_eq!(may(&tree(0, Some(1)), &gone, &free, now).unwrap(), 1);
        assert_eq!(may(&tree(9, None), &gone, &free, now).unwrap(), 1);
        assert!(matches!(may(&full, &lowest, &free, now), Err(Error::ProjectNotScheduled { .. })));
        assert!(matches!(may(&full, &gone, &free, Time(2_000)), Err(Error::ProjectNotFound { .. })));
        assert!(matches!(
            may(&full, &gone, &free, now),
            Err(Error::SandboxAllowanceReached { used: 1, limit: 1 })
        ));
        let above = [scheduled(middle), scheduled(top)];
        assert!(
            matches!(may(&full, &gone, &above, now), Err(Error::AncestorScheduled { ancestor }) if ancestor == id(1))
        );
        assert!(matches!(may(&full, &gone, &above, Time(2_000)), Err(Error::ProjectNotFound { .. })));
    }

    #[test]
    fn what_the_purge_worker_has_begun_with_stays() {
        let top = scheduled(sandbox(2, &root(1), "top"));
        let family = [top.clone(), scheduled(sandbox(3, &top, "a")), scheduled(sandbox(4, &top, "b"))];
        let back = |begun: &[u128]| {
            let begun = begun.iter().map(|number| id(*number)).collect();
            returning(&family, &begun).map(|back| back.iter().map(|project| project.id).collect::<Vec<_>>())
        };
        assert_eq!(back(&[]).unwrap(), [2, 3, 4].map(id));
        assert_eq!(back(&[3]).unwrap(), [2, 4].map(id));
        assert!(matches!(back(&[2]), Err(Error::ProjectNotFound { .. })));
    }

    #[test]
    fn a_root_alone_needs_no_allowance() {
        let back = [scheduled(root(1))];
        assert_eq!(allowed(&tree(0, Some(0)), &back[0], &[], &back, Time(0)).unwrap(), 0);
    }

    #[test]
    fn the_youngest_of_a_name_keeps_it() {
        let top = scheduled(root(1));
        let child = |number, name| scheduled(sandbox(number, &top, name));
        let grandchild = scheduled(sandbox(9, &child(2, "a"), "a"));
        let back = [
            top.clone(),
            child(2, "a"),
            child(3, "a"),
            child(4, "a"),
            child(5, "a-2"),
            child(6, "b"),
            grandchild,
        ];
        let named = |number, name: &str| (id(number), name.to_owned());
        assert_eq!(new_names(&top, "", &back).unwrap(), [named(2, "a-4"), named(3, "a-3")]);
    }

    #[test]
    fn a_numbered_name_is_no_longer_than_a_name() {
        let long = "x".repeat(MAX_PROJECT_NAME);
        let taken = HashSet::from([format!("{}-2", "x".repeat(MAX_PROJECT_NAME - 2))]);
        assert_eq!(numbered(&long, &taken), format!("{}-3", "x".repeat(MAX_PROJECT_NAME - 2)));
    }

    #[test]
    fn a_new_name_has_the_rules_of_a_name() {
        let gone = scheduled(sandbox(2, &root(1), "a"));
        let name = |name| new_names(&gone, name, std::slice::from_ref(&gone));
        assert_eq!(name("").unwrap(), []);
        assert_eq!(name("a").unwrap(), []);
        assert_eq!(name("b").unwrap(), [(id(2), "b".to_owned())]);
        match name("B!").unwrap_err() {
            Error::InvalidFields { violations } => assert_eq!(violations[0].field, "name"),
            error => panic!("{error:?}"),
        }
    }
}
