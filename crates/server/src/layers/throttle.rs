//! Who comes with wrong tokens again and again has to wait, before anything is asked of the database: counted by address, and
//! by token for one that comes from many addresses. Only what failed counts, and a token that was right a while ago is let
//! through whatever others do at its address.
//!
//! Each server counts for itself. Nothing of a token is kept but a keyed hash, and of old counts nothing.

use std::{
    hash::{BuildHasher, RandomState},
    net::{IpAddr, Ipv6Addr},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use axum::response::Response;
use moka::sync::Cache;
use tonic::Code;

/// How long what failed counts.
const WINDOW: Duration = Duration::from_mins(1);
/// How long a token that was right is let through without being used.
const TRUST: Duration = Duration::from_mins(10);
/// The most that is remembered of each kind; together some megabytes.
const MOST: u64 = 50_000;

/// What failed lately, and what was right.
#[derive(Debug)]
pub(super) struct Throttle {
    /// How many wrong tokens from one address, or of one kind, are looked at in a [`WINDOW`]; 0: any number.
    limit: u32,
    keys: RandomState,
    failures: Cache<Key, Arc<Count>>,
    right: Cache<u64, ()>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    Address(IpAddr),
    Token(u64),
}

#[derive(Debug)]
struct Count {
    begun: Instant,
    failures: AtomicU32,
}

/// Somebody who shows a token.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt {
    address: Option<IpAddr>,
    token: u64,
}

impl Throttle {
    pub(super) fn new(limit: u32) -> Self {
        Self {
            limit,
            keys: RandomState::new(),
            failures: Cache::builder().max_capacity(MOST).time_to_live(WINDOW).build(),
            right: Cache::builder().max_capacity(MOST).time_to_idle(TRUST).build(),
        }
    }

    /// Somebody who shows this token.
    pub(super) fn attempt(&self, address: Option<IpAddr>, token: &str) -> Attempt {
        Attempt { address: address.map(network), token: self.keys.hash_one(token) }
    }

    /// How long they have to wait; none: not at all.
    pub(super) fn wait(&self, attempt: Attempt) -> Option<Duration> {
        if self.limit == 0 || self.right.get(&attempt.token).is_some() {
            return None;
        }
        let left = |key| {
            let count = self.failures.get(&key)?;
            let over = count.failures.load(Ordering::Relaxed) >= self.limit;
            over.then(|| WINDOW.saturating_sub(count.begun.elapsed()).max(Duration::from_secs(1)))
        };
        keys(attempt).filter_map(left).max()
    }

    /// Takes note of what came of it. `right`: the token was looked at and is somebody's. (That there is an answer does not say
    /// so: some calls ask for no token, and some are refused before anybody looks at it.)
    pub(super) fn note(&self, attempt: Attempt, right: bool, answer: &Response) {
        if self.limit == 0 {
            return;
        }
        if right {
            // Most calls come with a token that came before; noting that again costs more than looking.
            if self.right.get(&attempt.token).is_none() {
                self.right.insert(attempt.token, ());
            }
            return;
        }
        let status = answer.headers().get("grpc-status").map(|code| Code::from_bytes(code.as_bytes()));
        if status != Some(Code::Unauthenticated) {
            return;
        }
        self.right.invalidate(&attempt.token);
        for key in keys(attempt) {
            let begin = || Arc::new(Count { begun: Instant::now(), failures: AtomicU32::new(0) });
            self.failures.get_with(key, begin).failures.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn keys(attempt: Attempt) -> impl Iterator<Item = Key> {
    attempt.address.map(Key::Address).into_iter().chain([Key::Token(attempt.token)])
}

/// What one caller has: of IPv6 a whole network.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn answer(code: Code) -> Response {
        http::Response::builder().header("grpc-status", code as i32).body(Body::empty()).unwrap()
    }

    fn at(throttle: &Throttle, address: &str, token: &str) -> Attempt {
        throttle.attempt(Some(address.parse().unwrap()), token)
    }

    #[test]
    fn an_address_has_to_wait_and_nobody_else() {
        let throttle = Throttle::new(3);
        let good = at(&throttle, "192.0.2.1", "good");
        throttle.note(good, true, &answer(Code::Ok));
        for number in 0..3 {
            let wrong = at(&throttle, "192.0.2.1", &format!("wrong {number}"));
            assert_eq!(throttle.wait(wrong), None);
            throttle.note(wrong, false, &answer(Code::Unauthenticated));
        }
        let left = throttle.wait(at(&throttle, "192.0.2.1", "wrong")).unwrap();
        assert!(left <= WINDOW && left > WINDOW / 2, "{left:?}");
        assert_eq!(throttle.wait(good), None, "what was right a while ago goes on");
        assert_eq!(throttle.wait(at(&throttle, "192.0.2.2", "wrong")), None);
        // Until it is wrong itself.
        throttle.note(good, false, &answer(Code::Unauthenticated));
        assert!(throttle.wait(good).is_some());
    }

    #[test]
    fn a_token_has_to_wait_wherever_it_comes_from() {
        let throttle = Throttle::new(3);
        for number in 1..=3 {
            throttle.note(
                at(&throttle, &format!("192.0.2.{number}"), "lost"),
                false,
                &answer(Code::Unauthenticated),
            );
        }
        assert!(throttle.wait(at(&throttle, "192.0.2.9", "lost")).is_some());
        assert_eq!(throttle.wait(at(&throttle, "192.0.2.1", "other")), None);
        assert!(throttle.wait(throttle.attempt(None, "lost")).is_some());
    }

    #[test]
    fn what_did_not_fail_for_the_token_does_not_count() {
        let throttle = Throttle::new(1);
        let call = at(&throttle, "192.0.2.1", "token");
        for code in [Code::Ok, Code::InvalidArgument, Code::Unavailable, Code::ResourceExhausted] {
            throttle.note(call, false, &answer(code));
            assert_eq!(throttle.wait(call), None);
            assert!(throttle.right.get(&call.token).is_none(), "{code:?} says nothing of a token");
        }
        throttle.note(call, false, &answer(Code::Unauthenticated));
        assert!(throttle.wait(call).is_some());
        let off = Throttle::new(0);
        off.note(call, false, &answer(Code::Unauthenticated));
        assert_eq!(off.wait(call), None);
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let throttle = Throttle::new(1);
        throttle.note(at(&throttle, "2001:db8::1", "a"), false, &answer(Code::Unauthenticated));
        assert!(throttle.wait(at(&throttle, "2001:db8::ffff:2", "b")).is_some());
        assert!(throttle.wait(at(&throttle, "2001:db8:0:1::1", "b")).is_none());
        throttle.note(at(&throttle, "::ffff:192.0.2.1", "a"), false, &answer(Code::Unauthenticated));
        assert!(throttle.wait(at(&throttle, "192.0.2.1", "b")).is_some());
    }
}
