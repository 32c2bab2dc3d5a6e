//! How two projects are related, which decides what their resources are compared with (3-merge §1).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sandbar_model::{ContentHash, Kind, Project, ProjectId, ResourceId, Result, Revision};
use sandbar_store::{
    Tx,
    content::Trees,
    merge_base, resource,
    view::{Level, View},
};

use crate::App;

/// With the id, a resource's key.
pub(crate) type Key = (Kind, ResourceId);

/// Two projects: relatives in one tree, or strangers.
#[derive(Debug)]
pub(crate) struct Relation {
    pub(crate) source: View,
    pub(crate) target: View,
    /// The state at the nearest common ancestor's fork revision: where both began. Strangers began with nothing.
    fork: View,
    /// The source's and the target's levels that the other does not read.
    source_own: Vec<Level>,
    target_own: Vec<Level>,
    /// Set when one is the sandbox and the other its own parent: the sandbox's heads then hold the bases.
    sandbox: Option<ProjectId>,
}

impl Relation {
    /// Finds it.
    pub(crate) async fn of(app: &App, tx: &mut Tx, source: &Project, target: &Project) -> Result<Self> {
        let (source_view, target_view) = (app.views.of(tx, source).await?, app.views.of(tx, target).await?);
        let sandbox = is_parent(target, source).or(is_parent(source, target));
        Ok(Self::between(source_view, target_view, sandbox))
    }

    fn between(source: View, target: View, sandbox: Option<ProjectId>) -> Self {
        let meeting = source.levels.iter().enumerate().find_map(|(up, level)| {
            target.level_of(level.project).map(|(down, other)| (up, down, level.cap.min(other.cap)))
        });
        let strangers = (source.levels.len(), target.levels.len(), Revision::NEWEST);
        let (up, down, cap) = meeting.unwrap_or(strangers);
        let below = |view: &View, levels: usize| view.levels.get(..levels).unwrap_or_default().to_vec();
        let (source_own, target_own) = (below(&source, up), below(&target, down));
        let common = source.levels.get(up..).unwrap_or_default().to_vec();
        let fork = View { root: source.root, levels: common }.at(cap);
        Self { source, target, fork, source_own, target_own, sandbox }
    }

    /// Whether the target is one of the source's ancestors: then the source can be retired.
    pub(crate) fn upwards(&self) -> bool {
        self.target_own.is_empty()
    }

    /// Whether the source is one of the target's ancestors: a sync.
    pub(crate) fn downwards(&self) -> bool {
        self.source_own.is_empty()
    }

    /// Whether both are of one tree.
    pub(crate) fn one_tree(&self) -> bool {
        self.source.root == self.target.root
    }

    /// Where the contents of the two are.
    pub(crate) fn trees(&self) -> Trees {
        Trees::of(self.source.root, self.target.root)
    }

    /// Every resource that either side touched since they began, and perhaps some more that both have alike: what it
    /// costs depends on what was touched, never on what there is. (Strangers have touched all that they have.)
    pub(crate) async fn touched(&self, tx: &mut Tx) -> Result<BTreeSet<Key>> {
        let mut touched = BTreeSet::new();
        if let Some(sandbox) = self.sandbox {
            // What the sandbox touched and agrees on with its parent is of interest only if the parent touched it since.
            let unmerged = resource::unmerged(tx, sandbox, usize::MAX).await?;
            touched.extend(unmerged.into_iter().map(|row| (row.kind, row.id)));
        } else {
            for level in self.source_own.iter().chain(&self.target_own) {
                touched.extend(resource::touched(tx, *level).await?);
            }
        }
        if let Some(common) = self.fork.levels.first() {
            touched.extend(resource::touched_since(tx, common.project, common.cap).await?);
        }
        Ok(touched)
    }

    /// What the two last agreed on: at the fork, or at a later merge.
    pub(crate) async fn bases(
        &self,
        tx: &mut Tx,
        keys: &[Key],
    ) -> Result<BTreeMap<Key, Option<ContentHash>>> {
        let mut bases: BTreeMap<Key, Option<ContentHash>> =
            self.agreed(tx, keys).await?.into_iter().collect();
        for kind in Kind::ALL {
            let open = keys.iter().filter(|key| key.0 == kind && !bases.contains_key(key)).map(|(_, id)| *id);
            let open: Vec<_> = open.collect();
            let at_fork = resource::resolve_many(tx, &self.fork, kind, open.clone()).await?;
            for id in open {
                bases.insert((kind, id), at_fork.get(&id).and_then(|found| found.hash));
            }
        }
        Ok(bases)
    }

    /// What a merge or sync left agreed on; resources that none ever touched are not in it.
    async fn agreed(&self, tx: &mut Tx, keys: &[Key]) -> Result<HashMap<Key, Option<ContentHash>>> {
        let Some(sandbox) = self.sandbox else {
            return merge_base::get_many(tx, own(&self.source), own(&self.target), keys).await;
        };
        let mut agreed = HashMap::new();
        for kind in Kind::ALL {
            let ids: Vec<_> = keys.iter().filter(|key| key.0 == kind).map(|(_, id)| *id).collect();
            for (id, base) in resource::bases(tx, sandbox, kind, &ids).await? {
                agreed.insert((kind, id), base);
            }
        }
        Ok(agreed)
    }

    /// Notes what the two agree on now. Between a sandbox and its parent it can be noted only for what the sandbox has
    /// touched; for the rest they agree on what the fork shows.
    pub(crate) async fn agree(&self, tx: &mut Tx, agreed: &BTreeMap<Key, Option<ContentHash>>) -> Result<()> {
        let rows: Vec<_> = agreed.iter().map(|((kind, id), base)| (*kind, *id, *base)).collect();
        match self.sandbox {
            Some(sandbox) => sandbar_store::write::set_bases(tx, sandbox, &rows).await,
            None => merge_base::put_many(tx, own(&self.source), own(&self.target), &rows).await,
        }
    }
}

/// The project whose view it is.
fn own(view: &View) -> ProjectId {
    view.levels.first().map_or(view.root, |level| level.project)
}

/// The child, if the one project is the direct parent of the other.
fn is_parent(parent: &Project, child: &Project) -> Option<ProjectId> {
    child.fork.is_some_and(|fork| fork.parent == parent.id).then_some(child.id)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn view(levels: &[(u128, i64)]) -> View {
        let level =
            |&(id, cap): &(u128, i64)| Level { project: Uuid::from_u128(id).into(), cap: Revision(cap) };
        View { root: Uuid::from_u128(1).into(), levels: levels.iter().map(level).collect() }
    }

    const NOW: i64 = Revision::NEWEST.0;

    #[test]
    fn a_sandbox_and_its_parent_begin_at_the_fork() {
        let relation = Relation::between(view(&[(2, NOW), (1, 7)]), view(&[(1, NOW)]), None);
        assert_eq!(relation.fork, view(&[(1, 7)]));
        assert_eq!((relation.source_own.len(), relation.target_own.len()), (1, 0));
        assert!(relation.upwards() && !relation.downwards());
    }

    #[test]
    fn siblings_begin_at_the_earlier_fork() {
        let relation = Relation::between(view(&[(2, NOW), (1, 7)]), view(&[(3, NOW), (1, 5)]), None);
        assert_eq!(relation.fork, view(&[(1, 5)]));
        assert!(!relation.upwards() && !relation.downwards());
    }

    #[test]
    fn cousins_meet_below_the_root() {
        let one = view(&[(4, NOW), (2, 3), (1, 9)]);
        let other = view(&[(5, NOW), (2, 6), (1, 9)]);
        let relation = Relation::between(one, other, None);
        assert_eq!(relation.fork, view(&[(2, 3), (1, 9)]));
    }

    #[test]
    fn strangers_began_with_nothing() {
        let stranger = View { root: Uuid::from_u128(5).into(), ..view(&[(6, NOW), (5, 4)]) };
        let relation = Relation::between(stranger, view(&[(1, NOW)]), None);
        assert!(relation.fork.levels.is_empty() && !relation.one_tree());
        assert_eq!((relation.source_own.len(), relation.target_own.len()), (2, 1));
        assert!(!relation.upwards() && !relation.downwards());
    }
}
