//! Two versions of one text made into one: diff3, line by line, byte-exact.
//!
//! Over the line diffs that previews show, since those take bounded time for any text; the crates that merge three texts
//! either answer in conflict markers, which a body could contain itself, or take quadratic time for contrived ones.

use std::ops::Range;

use imara_diff::{Hunk, InternedInput};

use super::conflict::Clash;
use crate::text::line_hunks;

/// A stretch of the combined text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stretch {
    /// As one side has it, or both.
    Settled(String),
    /// Both changed the same lines, to different ones.
    Clash(Clash),
}

/// The text in stretches: lines that one side changed are that side's; lines that both changed, or that touch such lines,
/// clash unless both made the same of them.
pub(super) fn stretches(base: &str, source: &str, target: &str) -> Vec<Stretch> {
    let (from_source, from_target) = (InternedInput::new(base, source), InternedInput::new(base, target));
    let (source, target) = (Side::of(&from_source), Side::of(&from_target));
    let base: Vec<&str> = base.split_inclusive('\n').collect();
    let end = u32::try_from(base.len()).unwrap_or(u32::MAX);
    let mut stretches = Vec::new();
    let mut at = 0;
    for chunk in chunks(&source.hunks, &target.hunks) {
        settle(&mut stretches, lines(&base, at..chunk.base.start));
        let ours = source.text(&chunk.base, chunk.source);
        let theirs = target.text(&chunk.base, chunk.target);
        match (ours, theirs) {
            (Some(text), None) | (None, Some(text)) => settle(&mut stretches, text),
            (Some(ours), Some(theirs)) if ours == theirs => settle(&mut stretches, ours),
            (Some(ours), Some(theirs)) => stretches.push(Stretch::Clash(Clash {
                line: chunk.base.start + 1,
                base: lines(&base, chunk.base.clone()),
                source: ours,
                target: theirs,
                ..Clash::default()
            })),
            (None, None) => {}
        }
        at = chunk.base.end;
    }
    settle(&mut stretches, lines(&base, at..end));
    stretches
}

/// What one side made of the base.
struct Side<'t> {
    hunks: Vec<Hunk>,
    after: Vec<&'t str>,
}

impl<'t> Side<'t> {
    fn of(input: &InternedInput<&'t str>) -> Self {
        let after = input.after.iter().map(|token| input.interner[*token]).collect();
        Self { hunks: line_hunks(input), after }
    }

    /// What stands in place of these lines of the base, which hold these hunks. None: without any, the lines as they were.
    fn text(&self, base: &Range<u32>, hunks: &[Hunk]) -> Option<String> {
        let (first, last) = (hunks.first()?, hunks.last()?);
        let start = first.after.start - (first.before.start - base.start);
        let end = last.after.end + (base.end - last.before.end);
        Some(lines(&self.after, start..end))
    }
}

/// Lines of the base that at least one side changed, with the hunks of either in them.
struct Chunk<'h> {
    base: Range<u32>,
    source: &'h [Hunk],
    target: &'h [Hunk],
}

/// Hunks of the two sides that overlap or touch belong together. In the order of the base.
fn chunks<'h>(mut source: &'h [Hunk], mut target: &'h [Hunk]) -> Vec<Chunk<'h>> {
    let mut chunks = Vec::new();
    while let Some(first) =
        [source.first(), target.first()].into_iter().flatten().min_by_key(|h| h.before.start)
    {
        let mut base = first.before.clone();
        let (mut ours, mut theirs) = (0, 0);
        loop {
            let before = (ours, theirs);
            ours += reach(source, ours, &mut base);
            theirs += reach(target, theirs, &mut base);
            if before == (ours, theirs) {
                break;
            }
        }
        let (in_source, rest_of_source) = source.split_at(ours);
        let (in_target, rest_of_target) = target.split_at(theirs);
        chunks.push(Chunk { base, source: in_source, target: in_target });
        (source, target) = (rest_of_source, rest_of_target);
    }
    chunks
}

/// How many more of these hunks begin within the lines, or right after them; the lines grow by theirs.
fn reach(hunks: &[Hunk], from: usize, base: &mut Range<u32>) -> usize {
    let mut count = 0;
    for hunk in hunks.iter().skip(from) {
        if hunk.before.start > base.end {
            break;
        }
        base.end = base.end.max(hunk.before.end);
        count += 1;
    }
    count
}

fn lines(all: &[&str], range: Range<u32>) -> String {
    all.get(range.start as usize..range.end as usize).unwrap_or_default().concat()
}

fn settle(stretches: &mut Vec<Stretch>, text: String) {
    match stretches.last_mut() {
        _ if text.is_empty() => {}
        Some(Stretch::Settled(before)) => before.push_str(&text),
        _ => stretches.push(Stretch::Settled(text)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// With each clash as this says.
    fn text(stretches: &[Stretch], choose: impl Fn(&Clash) -> &str) -> String {
        let texts = stretches.iter().map(|stretch| match stretch {
            Stretch::Settled(text) => text.as_str(),
            Stretch::Clash(clash) => choose(clash),
        });
        texts.collect()
    }

    fn clashes(stretches: &[Stretch]) -> Vec<[&str; 3]> {
        let clashes = stretches.iter().filter_map(|stretch| match stretch {
            Stretch::Settled(_) => None,
            Stretch::Clash(clash) => Some([&*clash.base, &*clash.source, &*clash.target]),
        });
        clashes.collect()
    }

    fn body() -> impl Strategy<Value = String> {
        "([abc]{0,1}(\r\n|\n|ä)){0,12}"
    }

    #[test]
    fn one_line_of_two_megabytes_clashes_as_a_whole() {
        let line = "x".repeat(2_000_000);
        let [one, other] = ["y", "z"].map(|end| format!("{line}{end}"));
        assert_eq!(clashes(&stretches(&line, &one, &other)), [[line.as_str(), &one, &other]]);
        let above = format!("first\n{line}");
        assert_eq!(stretches(&line, &above, &line), [Stretch::Settled(above.clone())]);
    }

    #[test]
    fn contrived_texts_of_ten_megabytes_are_merged_byte_for_byte() {
        let text = |a: &str, first: &str, last: &str| {
            format!("{first}\n{}{last}\n", format!("{a}\nb\n").repeat(2_600_000))
        };
        let merged = stretches(&text("a", "1", "2"), &text("a", "one", "2"), &text("a", "1", "two"));
        assert_eq!(merged, [Stretch::Settled(text("a", "one", "two"))]);
    }

    proptest! {
        #[test]
        fn one_sides_text_alone_is_the_result(base in body(), side in body()) {
            let settled = |text: &str| if text.is_empty() { vec![] } else { vec![Stretch::Settled(text.to_owned())] };
            prop_assert_eq!(stretches(&base, &side, &base), settled(&side));
            prop_assert_eq!(stretches(&base, &base, &side), settled(&side));
            prop_assert_eq!(stretches(&base, &side, &side), settled(&side));
        }

        #[test]
        fn sides_turned_turn_the_clashes(base in body(), source in body(), target in body()) {
            let (there, back) = (stretches(&base, &source, &target), stretches(&base, &target, &source));
            let turned: Vec<_> = clashes(&back).into_iter().map(|[b, s, t]| [b, t, s]).collect();
            prop_assert_eq!(clashes(&there), turned);
            prop_assert_eq!(text(&there, |clash| &clash.source), text(&back, |clash| &clash.target));
        }

        /// Lines of each side's own are found again, in the result or in a clash, and nothing else is.
        #[test]
        fn no_line_is_lost_or_invented(base in body(), source in body(), target in body()) {
            let merged = stretches(&base, &source, &target);
            let everything = text(&merged, |clash| &clash.source) + "\n" + &text(&merged, |clash| &clash.target);
            let known: Vec<_> = [&base, &source, &target].into_iter().flat_map(|text| text.split_inclusive('\n')).collect();
            for line in merged.iter().flat_map(|stretch| match stretch {
                Stretch::Settled(text) => vec![text],
                Stretch::Clash(clash) => vec![&clash.base, &clash.source, &clash.target],
            }).flat_map(|text| text.split_inclusive('\n')) {
                prop_assert!(known.contains(&line), "{line:?}");
            }
            let in_base: Vec<_> = base.split_inclusive('\n').collect();
            for line in source.split_inclusive('\n').chain(target.split_inclusive('\n')) {
                prop_assert!(in_base.contains(&line) || everything.contains(line), "{line:?}");
            }
        }

        /// Edits of lines that others separate are all kept, without a clash.
        #[test]
        fn edits_of_different_lines_are_both_kept(by in prop::collection::vec(0..3u8, 1..12)) {
            let text = |changed: &dyn Fn(u8) -> bool| {
                let lines = by.iter().enumerate().map(|(at, side)| {
                    let who = if changed(*side) { "changed" } else { "line" };
                    format!("{who} {at}\nkept {at}\n")
                });
                lines.collect::<Vec<_>>().concat()
            };
            let merged = stretches(&text(&|_| false), &text(&|side| side == 1), &text(&|side| side == 2));
            prop_assert_eq!(merged, [Stretch::Settled(text(&|side| side > 0))]);
        }
    }
}
