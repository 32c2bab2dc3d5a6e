//! Which lines differ, in bounded time.

use std::{collections::HashMap, ops::Range};

use imara_diff::{Algorithm, Diff, Hunk, InternedInput, Token};

/// How many pairs of lines a line diff may have to look at. The diff is quadratic in the worst case (`a b a b …` against
/// `b c b c …`); this many take a fraction of a second.
const BUDGET: u64 = 400_000_000;

/// The differing ranges of lines, in order, never touching. Up to the budget those of a line diff. Where more lines than
/// that lie between the first difference and the last, they are first cut at lines that both have exactly once (as a
/// patience diff does), and a piece that is still too large counts as replaced whole.
pub(crate) fn hunks(input: &InternedInput<&str>) -> Vec<Hunk> {
    let (before, after) = (input.before.as_slice(), input.after.as_slice());
    let pairs = before.iter().zip(after);
    let head = pairs.take_while(|(one, other)| one == other).count();
    let rest = |side: &[Token]| side.len() - head;
    let limit = rest(before).min(rest(after));
    let ends = before.iter().rev().zip(after.iter().rev());
    let tail = ends.take(limit).take_while(|(one, other)| one == other).count();
    let middle = |side: &[Token]| head..side.len() - tail;
    if cells(&middle(before), &middle(after)) <= BUDGET {
        let mut diff = Diff::compute(Algorithm::Histogram, input);
        diff.postprocess_lines(input);
        return diff.hunks().collect();
    }
    let mut left = BUDGET;
    let mut hunks = Vec::new();
    for (before, after) in pieces(input, middle(before), middle(after)) {
        match left.checked_sub(cells(&before, &after)) {
            Some(rest) if !before.is_empty() && !after.is_empty() => {
                left = rest;
                hunks.extend(piece(input, before, after));
            }
            _ if before.is_empty() && after.is_empty() => {}
            _ => hunks.push(Hunk { before: narrow(&before), after: narrow(&after) }),
        }
    }
    hunks
}

type Lines = Range<usize>;

fn cells(before: &Lines, after: &Lines) -> u64 {
    (before.len() as u64).saturating_mul(after.len() as u64)
}

/// What lies between the lines that both sides have exactly once, in the same order.
fn pieces(input: &InternedInput<&str>, before: Lines, after: Lines) -> Vec<(Lines, Lines)> {
    let (old, new) = (once(&input.before, &before), once(&input.after, &after));
    let mut shared: Vec<_> =
        old.iter().filter_map(|(token, at)| Some(((*at)?, (*new.get(token)?)?))).collect();
    shared.sort_unstable();
    let mut pieces = Vec::new();
    let (mut old_start, mut new_start) = (before.start, after.start);
    for (old_at, new_at) in longest_rising(&shared) {
        pieces.push((old_start..old_at, new_start..new_at));
        (old_start, new_start) = (old_at + 1, new_at + 1);
    }
    pieces.push((old_start..before.end, new_start..after.end));
    pieces
}

/// Where each line is; None: at several places.
fn once(side: &[Token], range: &Lines) -> HashMap<Token, Option<usize>> {
    let mut places = HashMap::new();
    for (at, token) in side.iter().enumerate().take(range.end).skip(range.start) {
        places.entry(*token).and_modify(|place| *place = None).or_insert(Some(at));
    }
    places
}

/// The longest run of these pairs, sorted by their first, in which the second rises too: patience sorting.
fn longest_rising(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // The last pair of the best run of each length, with the pair before each in its run.
    let mut ends: Vec<usize> = Vec::new();
    let mut previous: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    let second = |at: usize| pairs.get(at).map(|pair| pair.1);
    for (at, pair) in pairs.iter().enumerate() {
        let length = ends.partition_point(|end| second(*end) < Some(pair.1));
        previous.push(length.checked_sub(1).and_then(|shorter| ends.get(shorter).copied()));
        match ends.get_mut(length) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    let last = ends.last().copied();
    let mut run: Vec<_> = std::iter::successors(last, |at| previous.get(*at).copied().flatten())
        .filter_map(|at| pairs.get(at).copied())
        .collect();
    run.reverse();
    run
}

/// The hunks of one piece, counted in the whole texts.
fn piece(input: &InternedInput<&str>, before: Lines, after: Lines) -> Vec<Hunk> {
    let mut part = InternedInput::default();
    part.update_before(texts(input, &input.before, &before));
    part.update_after(texts(input, &input.after, &after));
    let mut diff = Diff::compute(Algorithm::Histogram, &part);
    diff.postprocess_lines(&part);
    let [old, new] = [narrow(&before).start, narrow(&after).start];
    let shift = |range: Range<u32>, by: u32| range.start + by..range.end + by;
    diff.hunks().map(|hunk| Hunk { before: shift(hunk.before, old), after: shift(hunk.after, new) }).collect()
}

fn texts<'t>(input: &InternedInput<&'t str>, side: &[Token], range: &Lines) -> impl Iterator<Item = &'t str> {
    side.get(range.clone()).unwrap_or_default().iter().map(|token| input.interner[*token])
}

/// Lines are counted in 32 bits, as texts are far smaller than 4 GiB ([`sandbar_model::workflow::MAX_BODY_BYTES`]).
fn narrow(range: &Lines) -> Range<u32> {
    let narrow = |at| u32::try_from(at).unwrap_or(u32::MAX);
    narrow(range.start)..narrow(range.end)
}
