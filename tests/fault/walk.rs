//! Several people edit, merge, sync and undo across two trees of sandboxes, at random and at once, while the server is killed
//! now and then. An oracle that knows every edit says what each plan must list and what each project must hold, so none
//! is lost and none is made up.
//!
//! `SANDBAR_TEST_ROUNDS` makes it longer (5,000 rounds take some 20 minutes on each engine); `SANDBAR_TEST_SEED` makes
//! other choices. Whatever several of them do at once, and where a kill hits, is the machine's to choose.

pub(crate) mod check;
pub(crate) mod choose;
mod propose;
mod step;

use std::{collections::BTreeMap, time::Duration};

use futures::FutureExt;
use sandbar_client::{
    Client,
    v1::{MergeDecision, PrincipalKind, Role, SetMemberRequest},
};
use sandbar_tests::{Server, User, on_both_engines};
use tokio::time::sleep;

use self::{
    check::{Etags, assert_held, assert_record},
    propose::names_of,
    step::{Answer, LATE, Step},
};
use crate::{
    flow::{accept, assert_sound, at_once, fork, put, random, root},
    oracle::{World, content::Words},
};

/// How many rounds each engine's walk has, unless `SANDBAR_TEST_ROUNDS` says so.
const ROUNDS: usize = 60;
const MOST_PROJECTS: usize = 9;

on_both_engines! {
    async fn no_edit_is_lost_and_none_is_made_up(server: Server) {
        let rounds = std::env::var("SANDBAR_TEST_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().unwrap());
        let mut walk = Walk::begin(server).await;
        for round in 0..rounds {
            walk.round(&format!("round {round}"), round % 8 == 7).await;
            if round % 20 == 19 {
                walk.look_at_all(&format!("after round {round}")).await;
            }
        }
        walk.look_at_all("at the end").await;
        eprintln!("{:#?}", walk.tally);
        walk.tally.assert_telling(rounds);
        assert_sound(&walk.server);
    }
}

struct Walk {
    server: Server,
    users: Vec<User>,
    /// Which of them has the floor.
    who: usize,
    words: Words,
    world: World,
    etags: Etags,
    /// How many were proposed: each way has its turn.
    merges: usize,
    /// About how long a step takes, for kills to hit it.
    length: Duration,
    tally: Tally,
}

/// What was done how often, to see that the walk went everywhere.
#[derive(Debug, Default)]
struct Tally {
    steps: BTreeMap<String, usize>,
    late: usize,
    kills: usize,
    repeated: usize,
    forks: usize,
}

impl Walk {
    /// A root with two sandboxes, one of which has one of its own, which has one too; and another root with a sandbox.
    async fn begin(server: Server) -> Self {
        let mut users = Vec::new();
        for name in ["ann", "bob", "cyd"] {
            users.push(server.principal(name, PrincipalKind::User).await);
        }
        let mut walk = Self {
            users,
            who: 0,
            server,
            words: Words::new(random("walk")),
            world: World::default(),
            etags: Etags::new(),
            merges: 0,
            length: Duration::from_millis(40),
            tally: Tally::default(),
        };
        for (name, workflows) in [("root", 4), ("stranger", 1)] {
            walk.begin_tree(name, workflows).await;
        }
        for parent in [0, 0, 1, 2, 5] {
            walk.fork(parent).await;
        }
        walk.look_at_all("at the beginning").await;
        walk
    }

    /// A root with some workflows, which all may change.
    async fn begin_tree(&mut self, name: &str, workflows: usize) {
        let client = self.client().clone();
        let id = root(&client, name).await;
        for user in &self.users[1..] {
            let request = SetMemberRequest {
                project_id: id.clone(),
                principal_id: user.id.clone(),
                role: Role::Admin.into(),
                ..SetMemberRequest::default()
            };
            client.access().set_member(request).await.unwrap();
        }
        let place = self.world.add(id.clone(), None);
        for _ in 0..workflows {
            let (workflow, content) = (self.words.id(), self.words.content());
            put(&client, &id, content.workflow(&workflow), "*").await.unwrap();
            self.world.projects[place].held.insert(workflow, content);
        }
    }

    async fn fork(&mut self, parent: usize) {
        let name = self.words.word("sandbox");
        let id = fork(self.client(), &self.world.projects[parent].id, &name).await;
        let made = self.world.add(id, Some(parent));
        self.look_at(made, &name).await;
        self.tally.forks += 1;
    }

    fn client(&self) -> &Client {
        &self.users[self.who].client
    }

    async fn look_at(&mut self, project: usize, what: &str) {
        let (client, place) = (self.users[0].client.clone(), &self.world.projects[project]);
        let what = format!("{what}: project {project}");
        assert_held(&client, &place.id, &place.held, &mut self.etags, &what).await;
    }

    async fn look_at_all(&mut self, what: &str) {
        for project in 0..self.world.projects.len() {
            self.look_at(project, what).await;
        }
    }

    /// Some steps at once, perhaps with a kill in the middle, and a look at what came of them.
    async fn round(&mut self, what: &str, kill: bool) {
        if self.words.chance(0.05) && self.world.projects.len() < MOST_PROJECTS {
            let parent = self.words.one_of(self.world.projects.len());
            if self.world.depth(parent) < 4 {
                self.fork(parent).await;
            }
        }
        let (steps, is_race) = self.propose(what).await;
        let what = format!("{what}: {}", steps.iter().map(Step::name).collect::<Vec<_>>().join(" | "));
        let answers = if kill {
            self.interrupt(&steps, &what).await
        } else {
            let running = steps.iter().map(|step| {
                let (step, client) = (step.clone(), self.users[step.who()].client.clone());
                async move { step.run(&client).await }.boxed()
            });
            at_once(running.collect()).await
        };
        let mut happened = Vec::new();
        for (step, answer) in steps.iter().zip(answers) {
            match accept(&answer, if is_race { &LATE } else { &[] }, &what) {
                None => happened.push((step, answer.unwrap())),
                Some(_) => self.tally.late += 1,
            }
        }
        assert!(steps.is_empty() || !happened.is_empty(), "{what}: all came too late for each other");
        happened.sort_by_key(|(_, answer)| answer.order());
        self.conclude(&happened, &what).await;
    }

    /// Tells the oracle, and looks whether the server holds the same.
    async fn conclude(&mut self, happened: &[(&Step, Answer)], what: &str) {
        for (step, answer) in happened {
            step.happen(&mut self.world, answer);
            for name in names_of(step, &self.world) {
                *self.tally.steps.entry(name).or_default() += 1;
            }
        }
        for (step, _) in happened {
            let target = step.target(&self.world);
            self.look_at(target, what).await;
        }
        for (step, answer) in happened {
            if let (Step::Merge(planned), Answer::Merged(merge)) = (step, answer) {
                let bound = (&planned.plan, &planned.decisions);
                assert_record(merge, bound, &planned.taken, &self.etags, what);
                self.assert_what_is_left(planned.what, what).await;
            }
        }
    }

    /// Begins the steps, kills the server at some moment and starts it again. What was not answered is asked again.
    async fn interrupt(&mut self, steps: &[Step], what: &str) -> Vec<Result<Answer, sandbar_client::Error>> {
        let mut running = Vec::new();
        for step in steps {
            // Nothing is tried again: the repeat is to meet a server that knows of the first try only what it has kept.
            let token = self.users[step.who()].token.clone();
            let hasty = Client::builder().retries(0).connect(self.server.endpoint(), token).await.unwrap();
            let step = step.clone();
            running.push(tokio::spawn(async move { step.run(&hasty).await }));
        }
        sleep(self.length.mul_f64(f64::from(self.words.number() % 16) / 10.0)).await;
        self.server.kill9().await;
        self.server.restart().await;
        self.tally.kills += 1;
        let mut answers = Vec::new();
        for (step, first) in steps.iter().zip(running) {
            let first = first.await.unwrap();
            let lost = first.as_ref().err().is_some_and(sandbar_client::Error::is_connection);
            if first.is_err() && !lost {
                answers.push(first);
                continue;
            }
            let again = step.run(&self.users[step.who()].client).await;
            if let Ok(first) = &first {
                assert_eq!(again.as_ref().ok(), Some(first), "{what}: the same request has the same answer");
            }
            self.tally.repeated += usize::from(lost);
            answers.push(again);
        }
        answers
    }
}

impl Tally {
    /// Checks that the walk went everywhere often enough to say something.
    fn assert_telling(&self, rounds: usize) {
        let count = |what: &str| self.steps.get(what).copied().unwrap_or_default();
        let decided = |decision: MergeDecision| count(decision.as_str_name());
        let least = [
            ("edits", count("put")),
            ("merges up", count("Up")),
            ("merges down", count("Down")),
            ("merges across", count("Across")),
            ("merges abroad", count("Abroad")),
            ("reverts", count("revert")),
            ("taken", decided(MergeDecision::Take)),
            ("combined", decided(MergeDecision::Combine)),
            ("settled conflicts", count("settled")),
            ("who came too late", self.late),
            ("kills", self.kills),
        ];
        for (what, count) in least {
            assert!(count * 60 >= rounds, "only {count} {what} in {rounds} rounds: {self:#?}");
        }
    }
}
