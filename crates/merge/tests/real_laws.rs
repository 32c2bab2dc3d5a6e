//! The laws of 3-merge §7 over scripts of edits on real projects.
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

use build::{
    edits::{real_state, real_world},
    generate,
};
use law::{combining, taking};
use proptest::prelude::any;

tried! {
    taking::no_change_is_nothing_to_merge as no_change_is_nothing_to_merge(start in real_state());
    taking::nothing_is_listed_that_neither_side_touched as nothing_is_listed_that_neither_side_touched(world in real_world());
    taking::every_difference_of_an_item_is_a_field_and_none_else_is as every_difference_of_an_item_is_a_field_and_none_else_is(world in real_world());
    taking::a_merge_leaves_nothing_to_do as a_merge_leaves_nothing_to_do(world in real_world());
    taking::a_merge_of_a_part_leaves_only_the_rest as a_merge_of_a_part_leaves_only_the_rest(world in real_world(), chosen in any::<u64>());
    taking::after_overwriting_everything_both_sides_agree as after_overwriting_everything_both_sides_agree(world in real_world());
    taking::the_result_keeps_every_rule as the_result_keeps_every_rule(world in real_world());
    taking::renaming_changes_nothing_else as renaming_changes_nothing_else(world in real_world(), at in any::<usize>());
    taking::the_fingerprint_does_not_depend_on_order as the_fingerprint_does_not_depend_on_order(world in real_world(), seed in any::<u64>());
    taking::the_fingerprint_changes_with_any_edit_of_what_is_listed as the_fingerprint_changes_with_any_edit_of_what_is_listed(world in real_world(), at in any::<usize>(), in_target in any::<bool>());
    taking::a_decision_is_part_of_the_fingerprint as a_decision_is_part_of_the_fingerprint(world in real_world());
    taking::a_revert_on_an_untouched_target_is_the_state_before as a_revert_on_an_untouched_target_is_the_state_before(world in real_world(), part in any::<bool>());
    taking::there_and_back_is_a_fixed_point as there_and_back_is_a_fixed_point(world in real_world(), more in generate::script());
    taking::what_is_applied_is_what_was_planned as what_is_applied_is_what_was_planned(world in real_world());
}

tried! {
    combining::one_sides_edits_alone_are_the_result as one_sides_edits_alone_are_the_result(world in real_world());
    combining::conflicts_are_the_same_from_both_sides as conflicts_are_the_same_from_both_sides(world in real_world());
    combining::every_edit_is_in_the_result_or_in_a_conflict as every_edit_is_in_the_result_or_in_a_conflict(world in real_world());
    combining::settled_for_one_side_nothing_is_open_but_broken_rules as settled_for_one_side_nothing_is_open_but_broken_rules(world in real_world());
    combining::a_result_without_open_conflicts_keeps_every_rule as a_result_without_open_conflicts_keeps_every_rule(world in real_world());
    combining::what_was_combined_is_agreed_on as what_was_combined_is_agreed_on(world in real_world(), by_source in any::<bool>());
    combining::a_rebuilt_source_merges_like_the_source as a_rebuilt_source_merges_like_the_source(world in real_world());
    combining::the_order_of_parts_does_not_matter as the_order_of_parts_does_not_matter(world in real_world(), seed in any::<u64>());
    combining::edits_of_different_steps_are_both_kept as edits_of_different_steps_are_both_kept(start in real_state(), seed in any::<u64>());
    combining::renaming_a_step_changes_nothing_else as renaming_a_step_changes_nothing_else(world in real_world(), at in any::<usize>());
}
