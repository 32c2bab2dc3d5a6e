//! Merges between all kinds of relatives, with the edits of real histories.

use rand::RngExt;
use sandbar_client::Client;
use sandbar_tests::{Server, on_both_engines};

use crate::{
    flow::{assert_sound, fork, holdings, import, random},
    history::{State, states},
    merging::{merge_everything, there_and_back},
};

on_both_engines! {
    async fn health_sync_merges_from_every_fifth_state(server: Server) {
        fork_and_merge(&server, "health-sync", 5).await;
    }

    async fn social_sciences_merges_from_every_second_state(server: Server) {
        fork_and_merge(&server, "social-sciences", 2).await;
    }

    async fn the_parents_edits_come_down(server: Server) {
        let client = server.user("owner").await;
        for pick in picks("sync down", 8) {
            let sides = Sides::new(&client, &pick).await;
            let synced = merge_everything(&client, &sides.root, &sides.one, &pick.name).await;
            if let Some(synced) = synced {
                there_and_back(&client, &sides.one, &synced, &pick.name).await;
            }
            // And what is left of the sandbox's own goes up again.
            if merge_everything(&client, &sides.one, &sides.root, &pick.name).await.is_some() {
                merge_everything(&client, &sides.root, &sides.one, &pick.name).await;
            }
        }
        assert_sound(&server);
    }

    async fn siblings_merge(server: Server) {
        let client = server.user("owner").await;
        for pick in picks("siblings", 8) {
            let sides = Sides::new(&client, &pick).await;
            if let Some(merged) = merge_everything(&client, &sides.one, &sides.other, &pick.name).await {
                there_and_back(&client, &sides.other, &merged, &pick.name).await;
            }
            merge_everything(&client, &sides.other, &sides.one, &pick.name).await;
            let back = merge_everything(&client, &sides.one, &sides.other, &pick.name).await;
            assert!(back.is_none(), "{}: there and back again is a fixed point", pick.name);
        }
        assert_sound(&server);
    }

    async fn a_change_goes_up_three_levels_at_once_or_one_by_one(server: Server) {
        let client = server.user("owner").await;
        for pick in picks("levels", 6) {
            let sides = Sides::new(&client, &pick).await;
            let middle = fork(&client, &sides.one, "middle").await;
            let lowest = fork(&client, &middle, "lowest").await;
            import(&client, &lowest, &pick.last.text).await;
            if let Some(merged) = merge_everything(&client, &lowest, &sides.root, &pick.name).await {
                there_and_back(&client, &sides.root, &merged, &pick.name).await;
            }
            merge_everything(&client, &lowest, &middle, &pick.name).await;
            merge_everything(&client, &middle, &sides.one, &pick.name).await;
            merge_everything(&client, &sides.one, &sides.root, &pick.name).await;
            // The way down, past the levels in between.
            import(&client, &sides.root, &pick.first.text).await;
            merge_everything(&client, &sides.root, &lowest, &pick.name).await;
            assert!(merge_everything(&client, &sides.root, &lowest, &pick.name).await.is_none(), "{}", pick.name);
        }
        assert_sound(&server);
    }
}

/// Three states of a history: where it begins, what one side does then and what the other does.
pub(crate) struct Pick {
    pub(crate) name: String,
    pub(crate) first: State,
    pub(crate) middle: State,
    pub(crate) last: State,
}

pub(crate) fn picks(test: &str, count: usize) -> Vec<Pick> {
    let mut random = random(test);
    (0..count)
        .map(|round| {
            let history = if round % 3 == 2 { "social-sciences" } else { "health-sync" };
            let mut states: Vec<_> = states(history).into_iter().map(Some).collect();
            let first = random.random_range(0..states.len() - 4);
            let middle = random.random_range(first + 1..states.len() - 2);
            let last = random.random_range(middle + 1..states.len());
            let mut take = |at: usize| states[at].take().unwrap();
            let (first, middle, last) = (take(first), take(middle), take(last));
            let name = format!("{test}: {}, {}, {}", first.file, middle.file, last.file);
            Pick { name, first, middle, last }
        })
        .collect()
}

/// A root at the first state with two sandboxes, of which one went on to the middle state and the root to the last; the
/// other was made in between, and went on to the last as well.
struct Sides {
    root: String,
    one: String,
    other: String,
}

impl Sides {
    async fn new(client: &Client, pick: &Pick) -> Self {
        let root = import(client, "", &pick.first.text).await.project.unwrap().id;
        let one = fork(client, &root, "one").await;
        import(client, &one, &pick.middle.text).await;
        let other = fork(client, &root, "other").await;
        import(client, &root, &pick.last.text).await;
        import(client, &other, &pick.last.text).await;
        Self { root, one, other }
    }
}

async fn fork_and_merge(server: &Server, history: &str, every: usize) {
    let client = server.user("owner").await;
    let mut random = random(history);
    let states = states(history);
    let mut merges = 0;
    for (at, first) in states.iter().enumerate().step_by(every) {
        let span = at..states.len().min(at + 12);
        let target = random.random_range(span.clone());
        // Another one, if there is one.
        let source = &states
            [span.start + (target - span.start + random.random_range(1..span.len().max(2))) % span.len()];
        let target = &states[target];
        let what = format!("from {}, target at {}, source at {}", first.file, target.file, source.file);
        let root = import(&client, "", &first.text).await.project.unwrap().id;
        let sandbox = fork(&client, &root, "sandbox").await;
        assert_eq!(holdings(&client, &sandbox).await, holdings(&client, &root).await, "{what}: the clone");
        import(&client, &root, &target.text).await;
        import(&client, &sandbox, &source.text).await;
        let Some(done) = merge_everything(&client, &sandbox, &root, &what).await else { continue };
        there_and_back(&client, &root, &done, &what).await;
        merges += 1;
    }
    assert!(merges * 3 >= states.len() / every, "only {merges} merges had anything to do");
    assert_sound(server);
}
