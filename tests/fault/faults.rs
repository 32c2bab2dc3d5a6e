//! The server is killed in the middle of imports and merges: each is wholly there afterwards, or not at all, and a repeat
//! completes it with one effect.

use std::time::Duration;

use rand::{RngExt, rngs::StdRng};
use sandbar_client::{Client, v1::MergeChoices};
use sandbar_tests::{Server, User, client as sdk, on_both_engines};
use tokio::time::{Instant, sleep};

use crate::{
    flow::{fork, put, random, root, workflow},
    history::{State, states},
    merging::{apply, applying, defaults, preview},
    model::{Answer, Place, Seen, Step},
};

/// How often each engine's server is killed.
const KILLS: usize = 25;

on_both_engines! {
    async fn a_killed_server_leaves_nothing_half_done(mut server: Server) {
        let mut random = random("kills");
        let pool = pool();
        let owner = server.principal("owner", sdk::v1::PrincipalKind::User).await;
        let places = [Place::new(&owner.client, &pool[0]).await, Place::new(&owner.client, &pool[1]).await];
        let mut tally = Tally { length: Duration::from_millis(40), ..Tally::default() };
        for kill in 0..KILLS {
            let mut steps = Vec::new();
            for place in &places {
                let step = place.choose(&owner.client, &pool, &mut random).await;
                steps.push((place.clone(), place.look(&owner.client).await, step));
            }
            let answers = interrupt(&mut server, &owner, &steps, (&mut tally, &mut random)).await;
            for ((place, before, step), answer) in steps.iter().zip(&answers) {
                let what = format!("kill {kill} during {}", step.name());
                judge(&owner.client, place, (before, step), (answer.as_ref(), &mut tally), &what).await;
            }
        }
        eprintln!("{tally:?}");
        let open = tally.undone + tally.unanswered;
        assert!(open * 4 >= KILLS, "too few were interrupted for this to say anything: {tally:?}");
        assert!(tally.undone > 0, "none was interrupted before its end: {tally:?}");
        // A killed server says nothing of it; anything else that is wrong it would have logged.
        let (path, log) = server.log();
        assert!(!log.contains("INTERNAL") && !log.contains("panicked"), "{}", path.display());
    }

    async fn a_merge_that_retired_its_source_can_be_repeated(server: Server) {
        let client = server.user("owner").await;
        let root = root(&client, "root").await;
        let sandbox = fork(&client, &root, "sandbox").await;
        put(&client, &sandbox, workflow("new", "body"), "*").await.unwrap();
        let choices = MergeChoices { retire_source: Some(true), ..defaults() };
        let plan = preview(&client, &sandbox, &root, &choices).await;
        let mut request = applying(&sandbox, &root, &choices, &plan);
        request.request_id = "the only one".into();
        let merge = apply(&client, request.clone()).await.unwrap();
        assert!(merge.retired_source);
        assert_eq!(apply(&client, request).await.unwrap(), merge);
    }
}

/// What became of the calls in flight.
#[derive(Debug, Default)]
struct Tally {
    /// Not done at all.
    undone: usize,
    /// Done, but nobody was told.
    unanswered: usize,
    /// Done and answered before the kill.
    answered: usize,
    /// About how long a step takes: the server is killed at some moment within, or a bit later.
    length: Duration,
}

/// Small and large ones.
fn pool() -> Vec<State> {
    let every = |history, step| states(history).into_iter().skip(5).step_by(step);
    let large = states("large-bodies").into_iter().step_by(2);
    every("health-sync", 6).chain(every("social-sciences", 3)).chain(large).collect()
}

/// Begins the steps, kills the server at some moment and starts it again. Gives the answers that came.
async fn interrupt(
    server: &mut Server,
    owner: &User,
    steps: &[(Place, Seen, Step)],
    (tally, random): (&mut Tally, &mut StdRng),
) -> Vec<Option<Answer>> {
    // Nothing is tried again: the repeat is to meet a server that knows of the first try only what it has kept.
    let hasty =
        sdk::Client::builder().retries(0).connect(server.endpoint(), owner.token.clone()).await.unwrap();
    let running: Vec<_> = steps
        .iter()
        .map(|(place, _, step)| {
            let (client, place, step) = (hasty.clone(), place.clone(), step.clone());
            let begun = Instant::now();
            tokio::spawn(async move { (place.run(&client, &step).await, begun.elapsed()) })
        })
        .collect();
    sleep(tally.length.mul_f64(random.random_range(0.0..1.5))).await;
    server.kill9().await;
    let mut answers = Vec::new();
    for one in running {
        let (answer, took) = one.await.unwrap();
        answers.push(match answer {
            Ok(answer) => {
                tally.length = (tally.length + took) / 2;
                Some(answer)
            }
            Err(error) => {
                assert!(error.is_connection(), "{error:?}");
                None
            }
        });
    }
    if answers.iter().all(Option::is_none) {
        // Perhaps always too early: a bit later next time.
        tally.length = tally.length.mul_f64(1.2);
    }
    server.restart().await;
    answers
}

/// Checks that a step was done or not, that who was told so was told the truth, and that a repeat does it once.
async fn judge(
    client: &Client,
    place: &Place,
    (before, step): (&Seen, &Step),
    (answer, tally): (Option<&Answer>, &mut Tally),
    what: &str,
) {
    let now = place.look(client).await;
    let done = now != *before;
    if done {
        step.assert_done(before, &now, what);
    }
    match answer {
        Some(answer) => {
            assert!(done || step.is_idle(before), "{what}: it was answered, and is lost");
            step.assert_answer(before, &now, answer, what);
            tally.answered += 1;
        }
        None if done => tally.unanswered += 1,
        None => tally.undone += 1,
    }
    let repeated = place.run(client, step).await.unwrap_or_else(|error| panic!("{what}, repeated: {error}"));
    let after = place.look(client).await;
    assert!(!done || after == now, "{what}: the repeat had an effect of its own");
    if after != *before {
        step.assert_done(before, &after, what);
    }
    step.assert_answer(before, &after, &repeated, what);
    if let Some(answer) = answer {
        assert_eq!(*answer, repeated, "{what}: the same request has the same answer");
    }
    place.take_back(client).await;
}
