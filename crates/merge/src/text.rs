//! Differences between two versions of a step's body.

use std::ops::Range;

use imara_diff::{Hunk, InternedInput, Token};

mod hunks;

pub(crate) use hunks::hunks as line_hunks;

/// Unchanged lines shown around a change.
const CONTEXT: u32 = 3;

/// A unified diff from the target's version to the source's, without file headers; empty when the two are equal. Lines
/// end as they do in the texts (a CR stays in sight of whoever looks for it); a text that does not end with a newline is
/// marked as `diff` does. At most `limit_bytes` of diff, cut inside a line if need be, then a last line that says so.
///
/// Takes time near-linear in the size of the texts, also for contrived ones, for which it settles for a longer diff.
pub fn unified(target: &str, source: &str, limit_bytes: usize) -> String {
    let input = InternedInput::new(target, source);
    let mut out = Limited { text: String::new(), left: limit_bytes };
    if print(hunks::hunks(&input), &input, &mut out).is_none() {
        if !out.text.is_empty() && !out.text.ends_with('\n') {
            out.text.push('\n');
        }
        out.text.extend(["… the diff goes on; it was cut off after ", &limit_bytes.to_string(), " bytes\n"]);
    }
    out.text
}

/// Text that stops growing at a limit.
struct Limited {
    text: String,
    left: usize,
}

impl Limited {
    /// None: the limit is reached.
    fn push(&mut self, text: &str) -> Option<()> {
        let fits = text.floor_char_boundary(self.left);
        self.text.push_str(text.get(..fits)?);
        self.left -= fits;
        (fits == text.len()).then_some(())
    }
}

/// None: the limit was reached.
fn print(hunks: Vec<Hunk>, input: &InternedInput<&str>, out: &mut Limited) -> Option<()> {
    let mut group: Vec<Hunk> = Vec::new();
    for hunk in hunks {
        // Two changes whose contexts touch are shown as one.
        if group.last().is_some_and(|last| hunk.before.start - last.before.end > 2 * CONTEXT) {
            print_group(&group, input, out)?;
            group.clear();
        }
        group.push(hunk);
    }
    print_group(&group, input, out)
}

fn print_group(group: &[Hunk], input: &InternedInput<&str>, out: &mut Limited) -> Option<()> {
    let (Some(first), Some(last)) = (group.first(), group.last()) else { return Some(()) };
    let lead = first.before.start.min(CONTEXT);
    let before_len = u32::try_from(input.before.len()).unwrap_or(u32::MAX);
    let trail = (before_len - last.before.end).min(CONTEXT);
    let before = first.before.start - lead..last.before.end + trail;
    let after = first.after.start - lead..last.after.end + trail;
    out.push(&format!("@@ -{} +{} @@\n", span(&before), span(&after)))?;
    let mut at = before.start;
    for hunk in group {
        lines(' ', &input.before, at..hunk.before.start, input, out)?;
        lines('-', &input.before, hunk.before.clone(), input, out)?;
        lines('+', &input.after, hunk.after.clone(), input, out)?;
        at = hunk.before.end;
    }
    lines(' ', &input.before, at..before.end, input, out)
}

fn lines(
    sign: char,
    side: &[Token],
    range: Range<u32>,
    input: &InternedInput<&str>,
    out: &mut Limited,
) -> Option<()> {
    for token in side.get(range.start as usize..range.end as usize).unwrap_or_default() {
        let line = input.interner[*token];
        out.push(sign.encode_utf8(&mut [0; 4]))?;
        out.push(line)?;
        if !line.ends_with('\n') {
            out.push("\n\\ No newline at end of file\n")?;
        }
    }
    Some(())
}

/// As `diff -u` counts: from 1, an empty range by the line before it.
fn span(range: &Range<u32>) -> String {
    match range.end - range.start {
        0 => format!("{},0", range.start),
        1 => format!("{}", range.start + 1),
        length => format!("{},{length}", range.start + 1),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NO_LIMIT: usize = usize::MAX;

    #[test]
    fn a_change_is_shown_with_three_lines_around_it() {
        let before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        let after = "1\n2\n3\n4\nfive\n6\n7\n8\n9\n";
        let expected = "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n";
        assert_eq!(unified(before, after, NO_LIMIT), expected);
    }

    #[test]
    fn changes_far_apart_are_hunks_of_their_own_and_near_ones_are_one() {
        let text = |changed: &[u32]| {
            (1..=30)
                .map(|n| if changed.contains(&n) { format!("x{n}\n") } else { format!("{n}\n") })
                .collect::<String>()
        };
        let hunks = |changed: &[u32]| unified(&text(&[]), &text(changed), NO_LIMIT).matches("@@ -").count();
        assert_eq!(hunks(&[5, 12]), 1);
        assert_eq!(hunks(&[5, 13]), 2);
        assert_eq!(hunks(&[1, 30]), 2);
    }

    #[test]
    fn equal_texts_have_no_diff() {
        assert_eq!(unified("", "", NO_LIMIT), "");
        assert_eq!(unified("a\nb", "a\nb", NO_LIMIT), "");
    }

    #[test]
    fn empty_texts_and_missing_newlines_are_told_apart() {
        assert_eq!(unified("", "a\n", NO_LIMIT), "@@ -0,0 +1 @@\n+a\n");
        assert_eq!(unified("a\n", "", NO_LIMIT), "@@ -1 +0,0 @@\n-a\n");
        let expected = "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n";
        assert_eq!(unified("a", "a\n", NO_LIMIT), expected);
    }

    #[test]
    fn a_carriage_return_is_a_difference_and_stays_visible() {
        assert_eq!(unified("a\r\nb\r\n", "a\nb\r\n", NO_LIMIT), "@@ -1,2 +1,2 @@\n-a\r\n+a\n b\r\n");
    }

    #[test]
    fn a_diff_is_cut_between_characters_and_says_so() {
        let cut = unified("", &"ä".repeat(1_000_000), 101);
        assert_eq!(
            cut,
            format!(
                "@@ -0,0 +1 @@\n+{}\n… the diff goes on; it was cut off after 101 bytes\n",
                "ä".repeat(43)
            )
        );
        let whole = unified("a\n", "b\n", 64);
        assert_eq!(unified("a\n", "b\n", whole.len()), whole);
        assert!(unified("a\n", "b\n", whole.len() - 1).ends_with("bytes\n"));
    }

    #[test]
    fn large_and_contrived_texts_take_bounded_time() {
        let start = std::time::Instant::now();
        let line = "x".repeat(2_000_000);
        assert!(unified(&line, &format!("{line}y"), 65_536).len() < 66_000);
        let same = "same\n".repeat(1_000_000);
        assert!(unified(&same, &format!("first\n{same}"), 65_536).contains("+first"));
        // Quadratic for the line diff alone: minutes at this size, days at the largest body's.
        let alternating = |a: &str, b: &str| format!("{a}\n{b}\n").repeat(100_000);
        assert!(unified(&alternating("a", "b"), &alternating("b", "c"), 65_536).ends_with("bytes\n"));
        assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
    }

    #[test]
    fn two_small_changes_far_apart_in_a_large_text_are_two_small_hunks() {
        let text = |first: &str, last: &str| {
            let middle = (0..50_000).map(|n| format!("{n}\nsame\n")).collect::<Vec<_>>().concat();
            format!("{first}\n{middle}{last}\n")
        };
        let diff = unified(&text("a", "y"), &text("b", "z"), NO_LIMIT);
        let expected =
            "@@ -1,4 +1,4 @@\n-a\n+b\n 0\n same\n 1\n@@ -99999,4 +99999,4 @@\n same\n 49999\n same\n-y\n+z\n";
        assert_eq!(diff, expected);
    }

    #[test]
    fn a_diff_cut_into_pieces_is_as_right_as_a_whole_one() {
        // Swapped blocks, repeated lines and a piece too large to be compared line by line.
        let block =
            |name: &str| (0..15_000).map(|n| format!("{name}{n}\nsame\n")).collect::<Vec<_>>().concat();
        let heap = |a: &str| format!("{a}\nb\n").repeat(12_000);
        let target = format!("{}{}middle\n{}", block("p"), block("q"), heap("a"));
        let source = format!("{}{}middle\n{}", block("q"), block("p"), heap("c"));
        let diff = unified(&target, &source, NO_LIMIT);
        assert_eq!(patched(&target, &diff), source);
        let removed = |line| diff.lines().any(|shown| shown == line);
        assert!(removed("-p7") != removed("-q7"), "one of two swapped blocks stays in its place");
    }

    /// The source's text, from the target's and the diff.
    fn patched(target: &str, diff: &str) -> String {
        let old: Vec<_> = target.split_inclusive('\n').collect();
        let (mut at, mut new) = (0, String::new());
        let mut lines = diff.split_inclusive('\n').peekable();
        while let Some(line) = lines.next() {
            if let Some(header) = line.strip_prefix("@@ -") {
                let range = header.split(' ').next().unwrap();
                let (start, length) = range.split_once(',').unwrap_or((range, "1"));
                let start: usize = start.parse().unwrap();
                let start = if length == "0" { start } else { start - 1 };
                new.extend(old[at..start].iter().copied());
                at = start;
                continue;
            }
            let mut content = line[1..].to_owned();
            if lines.next_if(|next| next.starts_with('\\')).is_some() {
                content.pop();
            }
            if !line.starts_with('+') {
                assert_eq!(content, old[at]);
                at += 1;
            }
            if !line.starts_with('-') {
                new.push_str(&content);
            }
        }
        new.extend(old[at..].iter().copied());
        new
    }

    proptest! {
        #[test]
        fn a_whole_diff_makes_one_text_from_the_other(
            one in "([ab]?(\r\n|\n|ä)){0,30}",
            other in "([ab]?(\r\n|\n|ä)){0,30}",
            shared in "([abc]\n){0,20}",
        ) {
            let (target, source) = (format!("{one}{shared}{other}"), format!("{other}{shared}{one}"));
            prop_assert_eq!(patched(&target, &unified(&target, &source, NO_LIMIT)), source);
        }

        #[test]
        fn a_limit_is_kept(one in "(.|\n){0,200}", other in "(.|\n){0,200}", limit in 0usize..300) {
            let note = unified("", "x", 0).len() + 1 + 3;
            prop_assert!(unified(&one, &other, limit).len() <= limit + note);
        }
    }
}
