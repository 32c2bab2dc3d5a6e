//! The laws of 3-merge §7 that hold for taking and overwriting, over generated projects and scripts of edits.
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

use build::generate::{self, world};
use law::taking;
use proptest::prelude::any;

tried! {
    taking::generated_projects_are_valid as generated_projects_are_valid(world in world());
    taking::no_change_is_nothing_to_merge as no_change_is_nothing_to_merge(start in generate::start());
    taking::nothing_is_listed_that_neither_side_touched as nothing_is_listed_that_neither_side_touched(world in world());
    taking::every_difference_of_an_item_is_a_field_and_none_else_is as every_difference_of_an_item_is_a_field_and_none_else_is(world in world());
    taking::a_merge_leaves_nothing_to_do as a_merge_leaves_nothing_to_do(world in world());
    taking::a_merge_of_a_part_leaves_only_the_rest as a_merge_of_a_part_leaves_only_the_rest(world in world(), chosen in any::<u64>());
    taking::after_overwriting_everything_both_sides_agree as after_overwriting_everything_both_sides_agree(world in world());
    taking::the_result_keeps_every_rule as the_result_keeps_every_rule(world in world());
    taking::renaming_changes_nothing_else as renaming_changes_nothing_else(world in world(), at in any::<usize>());
    taking::the_fingerprint_does_not_depend_on_order as the_fingerprint_does_not_depend_on_order(world in world(), seed in any::<u64>());
    taking::the_fingerprint_changes_with_any_edit_of_what_is_listed as the_fingerprint_changes_with_any_edit_of_what_is_listed(world in world(), at in any::<usize>(), in_target in any::<bool>());
    taking::a_decision_is_part_of_the_fingerprint as a_decision_is_part_of_the_fingerprint(world in world());
    taking::a_revert_on_an_untouched_target_is_the_state_before as a_revert_on_an_untouched_target_is_the_state_before(world in world(), part in any::<bool>());
    taking::there_and_back_is_a_fixed_point as there_and_back_is_a_fixed_point(world in world(), more in generate::script());
    taking::what_is_applied_is_what_was_planned as what_is_applied_is_what_was_planned(world in world());
}
