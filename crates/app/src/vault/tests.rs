use std::collections::BTreeMap;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;

const PLAIN: &[u8] = b"{\"password\":\"hunter2\"}";

fn key(byte: u8) -> DataKey {
    SecretBox::new(Box::new([byte; 32]))
}

fn id(number: u128) -> CredentialId {
    CredentialId(Uuid::from_u128(number))
}

fn opened(key: &DataKey, bound: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    open(key, bound, sealed).map(|plain| plain.expose_secret().to_vec())
}

fn versions(of: &[(&str, i64)]) -> Vec<(String, i64)> {
    of.iter().map(|(environment, version)| ((*environment).to_owned(), *version)).collect()
}

#[test]
fn what_was_encrypted_opens_where_it_was_put_and_nowhere_else() {
    // Every place that differs in one thing from another, and two whose parts, put together, read alike.
    let places = [
        bound_values(id(1), "main", 3),
        bound_values(id(2), "main", 3),
        bound_values(id(1), "dev", 3),
        bound_values(id(1), "main", 2),
        bound_key("k1", id(1), &versions(&[("dev", 1), ("main", 2)])),
        bound_key("k2", id(1), &versions(&[("dev", 1), ("main", 2)])),
        bound_key("k1", id(2), &versions(&[("dev", 1), ("main", 2)])),
        bound_key("k1", id(1), &versions(&[("dev", 1), ("main", 3)])),
        bound_key("k1", id(1), &versions(&[("dev", 1)])),
        bound_key("k1", id(1), &versions(&[])),
        bound(&[b"ab", b"c"]),
        bound(&[b"a", b"bc"]),
        bound(&[b"a", b"b", b"c"]),
    ];
    for (number, place) in places.iter().enumerate() {
        let sealed = seal(&key(7), place, PLAIN, [9; NONCE_LEN]).unwrap();
        for (other, elsewhere) in places.iter().enumerate() {
            assert_eq!(opened(&key(7), elsewhere, &sealed).is_some(), number == other, "{number} at {other}");
        }
        assert_eq!(opened(&key(7), place, &sealed).unwrap(), PLAIN);
        assert_eq!(opened(&key(8), place, &sealed), None, "another key");
    }
}

#[test]
fn every_flipped_bit_and_every_cut_is_noticed() {
    let sealed = seal(&key(7), b"here", PLAIN, [9; NONCE_LEN]).unwrap();
    for bit in 0..sealed.len() * 8 {
        let mut changed = sealed.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(opened(&key(7), b"here", &changed), None, "bit {bit}");
    }
    for length in 0..sealed.len() {
        assert_eq!(opened(&key(7), b"here", &sealed[..length]), None, "{length} bytes");
    }
    assert_eq!(opened(&key(7), b"here", &[sealed.as_slice(), &[0]].concat()), None);
}

#[test]
fn nothing_of_the_plain_text_is_left_in_what_is_kept() {
    let sealed = seal(&key(7), b"here", PLAIN, [9; NONCE_LEN]).unwrap();
    assert_eq!(sealed.len(), 1 + NONCE_LEN + PLAIN.len() + 16);
    assert!(!sealed.windows(7).any(|part| part == b"hunter2"));
    assert_eq!(opened(&key(7), b"here", &seal(&key(7), b"here", b"", [9; NONCE_LEN]).unwrap()).unwrap(), b"");
}

#[test]
fn debug_shows_no_key() {
    assert!(!format!("{:?}", key(0xab)).contains("171"));
}

#[test]
fn a_hundred_thousand_forgeries_are_refused() {
    // A reproducible stream of numbers, so that a failure can be looked at again.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    let bound = bound_values(id(1), "main", 3);
    let sealed = seal(&key(7), &bound, PLAIN, [9; NONCE_LEN]).unwrap();
    let mut kinds = BTreeMap::new();
    for _ in 0..110_000 {
        let (mut bytes, kind) = (sealed.clone(), next(4));
        match kind {
            0 => bytes[next(sealed.len())] ^= u8::try_from(1 + next(255)).unwrap(),
            1 => bytes.truncate(next(sealed.len())),
            2 => bytes.insert(next(sealed.len() + 1), u8::try_from(next(256)).unwrap()),
            _ => {
                let (from, to) = (next(sealed.len()), next(sealed.len()));
                bytes.swap(from, to);
            }
        }
        if bytes != sealed {
            *kinds.entry(kind).or_insert(0) += 1;
            assert_eq!(opened(&key(7), &bound, &bytes), None, "{bytes:?}");
        }
    }
    assert!(kinds.len() == 4 && kinds.values().sum::<i32>() > 100_000, "{kinds:?}");
}

proptest! {
    #[test]
    fn whatever_is_encrypted_comes_back(plain in prop::collection::vec(any::<u8>(), 0..2000), bound in prop::collection::vec(any::<u8>(), 0..50), nonce: [u8; 12]) {
        let sealed = seal(&key(1), &bound, &plain, nonce).unwrap();
        prop_assert_eq!(opened(&key(1), &bound, &sealed).unwrap(), plain);
    }

    #[test]
    fn nothing_else_opens_and_nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(opened(&key(1), b"here", &bytes).is_none());
    }
}
