//! Two branches that live long and are merged back and forth stay exact: each takes the other's edits once, keeps its own,
//! and is never told that both changed what only one did.

use sandbar_client::{Client, Plan};
use sandbar_tests::{Server, on_both_engines};

use crate::{
    flow::{assert_sound, fork, put, random, root},
    merging::{apply, applying, preview},
    oracle::{Place, What, World, content::Words},
    walk::{
        check::{Etags, assert_held, assert_plan},
        choose::Chosen,
    },
};

/// How often the two merge, each way half of it.
const MERGES: usize = 100;

on_both_engines! {
    async fn a_sandbox_and_its_parent_stay_exact_over_a_hundred_merges(server: Server) {
        let mut branches = Branches::new(&server).await;
        branches.grow_together([0, 1], "parent and sandbox").await;
        assert_sound(&server);
    }

    async fn two_sandboxes_stay_exact_over_a_hundred_merges(server: Server) {
        let mut branches = Branches::new(&server).await;
        branches.grow_together([1, 2], "siblings").await;
        assert_sound(&server);
    }
}

/// A root with two sandboxes.
struct Branches {
    client: Client,
    words: Words,
    world: World,
    etags: Etags,
}

impl Branches {
    async fn new(server: &Server) -> Self {
        let client = server.user("owner").await;
        let (mut words, mut world) = (Words::new(random("branches")), World::default());
        let id = root(&client, "root").await;
        world.add(id.clone(), None);
        for _ in 0..3 {
            let (workflow, content) = (words.id(), words.content());
            put(&client, &id, content.workflow(&workflow), "*").await.unwrap();
            world.projects[0].held.insert(workflow, content);
        }
        for name in ["one", "other"] {
            world.add(fork(&client, &id, name).await, Some(0));
        }
        Self { client, words, world, etags: Etags::new() }
    }

    async fn grow_together(&mut self, pair: [usize; 2], what: &str) {
        for round in 0..MERGES {
            let what = format!("{what}, round {round}");
            for (side, project) in pair.into_iter().enumerate() {
                self.edit(project, side).await;
            }
            let (source, target) = (pair[round % 2], pair[1 - round % 2]);
            assert!(self.merge(source, target, &what).await, "{what}: there was nothing to give");
            // What is wrong earlier shows in the plans in between, which name every content by its etag.
            if round % 10 == 0 {
                self.look_at(target, &what).await;
            }
        }
        // Each gives the other the last of its own, and then they are one.
        for (source, target) in [(pair[0], pair[1]), (pair[1], pair[0])] {
            self.merge(source, target, what).await;
        }
        let [one, other] = pair.map(|project| &self.world.projects[project].held);
        assert_eq!(one, other, "{what}: at the end");
        for (source, target) in [(pair[0], pair[1]), (pair[1], pair[0])] {
            assert!(!self.merge(source, target, what).await, "{what}: there is more to give");
            self.look_at(target, what).await;
        }
    }

    async fn look_at(&mut self, project: usize, what: &str) {
        let place = &self.world.projects[project];
        assert_held(&self.client, &place.id, &place.held, &mut self.etags, what).await;
    }

    /// Takes everything; both sides' edits become one, and none is in conflict with another.
    async fn merge(&mut self, source: usize, target: usize, what: &str) -> bool {
        let merge = What::Merge { source, target };
        let plan = self.world.plan(merge);
        let chosen = Chosen::keep_all(&mut self.words, &plan);
        assert_eq!(chosen.open(), 0, "{what}: the two never edit the same place");
        let ids = [source, target].map(|project| self.world.projects[project].id.clone());
        let seen: Plan = preview(&self.client, &ids[0], &ids[1], &chosen.choices).await;
        assert_plan(&seen, &plan, &chosen, what);
        let taken = chosen.taken(&plan);
        if taken.is_empty() {
            return false;
        }
        let done = apply(&self.client, applying(&ids[0], &ids[1], &chosen.choices, &seen)).await;
        self.world.merge((done.unwrap().id, source, target), &taken);
        true
    }

    /// Changes what is this side's to change, and makes a workflow now and then.
    async fn edit(&mut self, project: usize, side: usize) {
        let Place { id: project_id, held: before, .. } = self.world.projects[project].clone();
        let mut held = before.clone();
        while held == before {
            for (id, content) in &mut held {
                if self.words.chance(0.4) {
                    self.words.edit_own(id, content, side);
                }
            }
            if self.words.chance(0.02) {
                held.insert(self.words.id(), self.words.content());
            }
        }
        for (id, content) in held.iter().filter(|(id, content)| before.get(*id) != Some(content)) {
            put(&self.client, &project_id, content.workflow(id), "").await.unwrap();
        }
        self.world.projects[project].held = held;
    }
}
