//! Bodies as nobody expects them, combined byte for byte. That this takes near-linear time is shown by `benches/ratios.rs`.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what can't be fails the test"
)]

mod build;

use std::{collections::BTreeMap, sync::Arc};

use build::{body, job, workflow};
use sandbar_merge::combine::{ClashResolution, Combined, ConflictKind, Resolution, Versions, combine};
use sandbar_model::workflow::{MAX_BODY_BYTES, StoredWorkflow};

/// What becomes of a step's body, and where both sides clash: base, source and target.
fn merged(base: &str, source: &str, target: &str) -> Result<String, Vec<[String; 3]>> {
    let combined = settled([base, source, target], &BTreeMap::new());
    let clashes = combined.open().flat_map(|conflict| conflict.clashes.clone());
    let clashes: Vec<_> = clashes.map(|clash| [clash.base, clash.source, clash.target]).collect();
    let hash = combined.workflow.jobs[0].body;
    let known = || [base, source, target].into_iter().find(|text| body(text) == hash).map(str::to_owned);
    let text = combined.bodies.get(&hash).cloned().or_else(known).expect("the text of the result");
    if combined.open().count() == 0 { Ok(text) } else { Err(clashes) }
}

fn settled(texts: [&str; 3], resolutions: &BTreeMap<String, Resolution>) -> Combined {
    let versions = texts.map(|text| StoredWorkflow { jobs: vec![job(1, "Step", text)], ..workflow("W") });
    let by_hash: BTreeMap<_, Arc<str>> = texts.map(|text| (body(text), Arc::from(text))).into();
    let [base, source, target] = &versions;
    let versions = Versions { base: Some(base), source, target };
    combine(versions, &|hash| by_hash.get(&hash).cloned(), resolutions).expect("it combines")
}

/// With this first line and this last one, and these between.
fn framed(first: &str, middle: &str, last: &str) -> String {
    [first, middle, last].concat()
}

/// The source changes the first line, the target the last: both changes are there, and nothing else is touched.
fn both_ends_are_kept(first: &str, middle: &str, last: &str) {
    let text = |one: &str, other: &str| framed(one, middle, other);
    let result = merged(&text(first, last), &text("one\n", last), &text(first, "other"));
    assert!(result == Ok(text("one\n", "other")), "{:.200}", format!("{result:?}"));
}

#[test]
fn every_kind_of_line_end_is_kept() {
    for middle in
        ["a\r\nb\r\n", "a\nb\r\nc\n", "a\rb\rc\n", "\n\r\n\n\r\r\n", "a\u{2028}b\u{2029}c\u{85}d\x0b\x0c\n"]
    {
        both_ends_are_kept("first\r\n", middle, "last");
        both_ends_are_kept("first\n", middle, "last\r\n");
    }
}

#[test]
fn letters_are_bytes_and_nothing_is_normalised() {
    // é as one letter and as two, a family of emoji joined by nothing to see, right to left, beyond 16 bits, and a BOM.
    let composed = "caf\u{e9}\ncafe\u{301}\n👩‍👩‍👧‍👦 🏳️‍🌈\nשלום\n𐍈\n\u{feff}\u{200b}\n";
    both_ends_are_kept("\u{feff}first\n", composed, "e\u{301}");
    // The same to look at, and yet two texts: that is an edit.
    assert_eq!(
        merged("caf\u{e9}\nx\nb\n", "cafe\u{301}\nx\nb\n", "caf\u{e9}\nx\nc\n"),
        Ok("cafe\u{301}\nx\nc\n".to_owned())
    );
    let clash = ["\u{e9}\n", "e\u{301}\n", "E\u{301}\n"].map(str::to_owned);
    assert_eq!(merged(&clash[0], &clash[1], &clash[2]), Err(vec![clash]));
}

#[test]
fn a_byte_order_mark_comes_and_goes_like_any_text() {
    assert_eq!(merged("a\nb\nc\n", "\u{feff}a\nb\nc\n", "a\nb\nC\n"), Ok("\u{feff}a\nb\nC\n".to_owned()));
    assert_eq!(merged("\u{feff}a\nb\nc\n", "a\nb\nc\n", "\u{feff}a\nb\nC\n"), Ok("a\nb\nC\n".to_owned()));
}

#[test]
fn a_missing_newline_at_the_end_is_kept_added_and_taken_away() {
    assert_eq!(merged("a\nb\nc", "A\nb\nc", "a\nb\nc"), Ok("A\nb\nc".to_owned()));
    assert_eq!(merged("a\nb\nc", "A\nb\nc", "a\nb\nc\n"), Ok("A\nb\nc\n".to_owned()));
    assert_eq!(merged("a\nb\nc\n", "A\nb\nc\n", "a\nb\nc"), Ok("A\nb\nc".to_owned()));
    assert_eq!(merged("a\nb\nc", "a\nb\nc\n", "a\nb\nc\n"), Ok("a\nb\nc\n".to_owned()));
}

#[test]
fn texts_without_lines_are_texts() {
    assert_eq!(merged("", "", "a"), Ok("a".to_owned()));
    assert_eq!(merged("a", "", "a"), Ok(String::new()));
    assert_eq!(merged("\n", "\n\n", "\n"), Ok("\n\n".to_owned()));
    assert_eq!(merged("", "a", "b"), Err(vec![["", "a", "b"].map(str::to_owned)]));
}

#[test]
fn one_line_of_two_megabytes_is_one_line() {
    let line = |end: char| format!("{}{end}", "x{y:1},".repeat(290_000));
    let [base, one, other] = ['1', '2', '3'].map(line);
    assert!(merged(&base, &one, &base) == Ok(one.clone()));
    assert!(merged(&base, &one, &one) == Ok(one.clone()));
    let clash = vec![[base.clone(), one.clone(), other.clone()]];
    assert!(merged(&base, &one, &other) == Err(clash));
    let below = |line: &str, last: &str| format!("{line}\nkept\n{last}\n");
    let result = merged(&below(&base, "a"), &below(&one, "a"), &below(&base, "b"));
    assert!(result == Ok(below(&one, "b")));
}

#[test]
fn a_million_short_lines_are_combined() {
    let numbered = (0..1_000_000).map(|n| format!("{n}\n")).collect::<Vec<_>>().concat();
    both_ends_are_kept("first\n", &numbered, "last");
}

#[test]
fn a_million_equal_lines_are_combined() {
    let middle = "same\n".repeat(1_000_000);
    both_ends_are_kept("first\n", &middle, "last");
    // Added at either end of nothing but equal lines.
    let result = merged(&middle, &format!("first\n{middle}"), &format!("{middle}last\n"));
    assert!(result == Ok(format!("first\n{middle}last\n")));
}

/// All lines of one side are other than the base's, in an order that a line diff takes quadratic time for.
#[test]
fn contrived_bodies_of_the_largest_size_lose_nothing() {
    let heap = |a: &str, b: &str, lines: usize| format!("{a}\n{b}\n").repeat(lines);
    let lines = MAX_BODY_BYTES / 4 - 10;
    let (base, source) = (heap("a", "b", lines), heap("b", "c", lines));
    // One side alone: byte for byte. Both sides: a clash that holds all of both, settled by either.
    assert!(merged(&base, &source, &base) == Ok(source.clone()));
    let target = format!("{}d\n", heap("c", "a", lines));
    let texts = [base.as_str(), &source, &target];
    let open = settled(texts, &BTreeMap::new());
    let [conflict] = open.conflicts.as_slice() else { panic!("{} conflicts", open.conflicts.len()) };
    assert_eq!(conflict.kind, ConflictKind::Body);
    for (way, wanted) in [(ClashResolution::Source, &source), (ClashResolution::Target, &target)] {
        let each = vec![way; conflict.clashes.len()];
        let whole = settled(texts, &BTreeMap::from([(conflict.path.clone(), Resolution::Clashes(each))]));
        assert!(
            whole.bodies.values().all(|text| text == wanted) && whole.workflow.jobs[0].body == body(wanted)
        );
    }
}

#[test]
fn a_result_of_more_than_the_largest_body_is_refused_with_the_rule() {
    let half = "x".repeat(MAX_BODY_BYTES / 2);
    let [base, source, target] =
        ["a\nb\nc\n".to_owned(), format!("{half}\na\nb\nc\n"), format!("a\nb\nc\n{half}\n")];
    let combined = settled([&base, &source, &target], &BTreeMap::new());
    let broken = combined.open().any(|conflict| {
        matches!(&conflict.kind, ConflictKind::InvalidResult(rule) if rule.contains("a body has at most"))
    });
    assert!(broken);
}
