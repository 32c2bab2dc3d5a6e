//! A little of what the fuzz target does, on stable Rust: see `fuzz/README.md`.
#![allow(clippy::expect_used, reason = "what can't be fails the test")]

mod fuzzing;

use proptest::prelude::*;

proptest! {
    #[test]
    fn any_bytes_are_merged_or_refused(data in prop::collection::vec(any::<u8>(), 0..1500)) {
        fuzzing::holds(&data);
    }
}
