//! The laws of 3-merge §7 that hold for combining both sides' edits, over generated workflows and scripts of edits.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    reason = "what can't be fails the test; a generated value is the law's own"
)]

mod build;
mod law;
mod oracle;

use build::generate::{start, world};
use law::combining;
use proptest::prelude::any;

tried! {
    combining::one_sides_edits_alone_are_the_result as one_sides_edits_alone_are_the_result(world in world());
    combining::conflicts_are_the_same_from_both_sides as conflicts_are_the_same_from_both_sides(world in world());
    combining::every_edit_is_in_the_result_or_in_a_conflict as every_edit_is_in_the_result_or_in_a_conflict(world in world());
    combining::settled_for_one_side_nothing_is_open_but_broken_rules as settled_for_one_side_nothing_is_open_but_broken_rules(world in world());
    combining::a_result_without_open_conflicts_keeps_every_rule as a_result_without_open_conflicts_keeps_every_rule(world in world());
    combining::what_was_combined_is_agreed_on as what_was_combined_is_agreed_on(world in world(), by_source in any::<bool>());
    combining::a_rebuilt_source_merges_like_the_source as a_rebuilt_source_merges_like_the_source(world in world());
    combining::the_order_of_parts_does_not_matter as the_order_of_parts_does_not_matter(world in world(), seed in any::<u64>());
    combining::edits_of_different_steps_are_both_kept as edits_of_different_steps_are_both_kept(start in start(), seed in any::<u64>());
    combining::renaming_a_step_changes_nothing_else as renaming_a_step_changes_nothing_else(world in world(), at in any::<usize>());
}
