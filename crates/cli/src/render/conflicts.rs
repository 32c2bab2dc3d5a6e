//! Conflicts, as a person reads them before settling each.

use anstyle::Style;
use sandbar_client::v1::{MergeClash, MergeConflict, PlanResource, merge_conflict::Kind};

use super::count;
use super::diff::{Frame, beside};
use super::field::value;
use super::page::{DIM, GREEN, PLAIN, Page, RED, YELLOW};
use crate::choices::handle;

/// The conflicts of one resource, with the flag that settles each that is open.
pub(super) fn conflicts(page: &mut Page, resource: &PlanResource, frame: Frame) {
    for conflict in &resource.conflicts {
        let (style, state) =
            if conflict.settled { (DIM, "  settled") } else { (YELLOW.bold(), "! conflict") };
        page.line(style, format_args!("  {state}: {}", conflict.title));
        match conflict.kind() {
            Kind::InvalidResult => {
                page.line(YELLOW, format_args!("      the result would break a rule: {}", conflict.rule));
            }
            _ if conflict.settled => {}
            Kind::Body => clashes(page, conflict, frame),
            Kind::Field | Kind::Removed | Kind::Unspecified => sides(page, conflict),
        }
        if !conflict.settled && conflict.kind() != Kind::InvalidResult {
            let (how, others) = how(conflict);
            let flag = super::shell([format!("{}#{}={how}", handle(resource), conflict.path).as_str()]);
            page.line(DIM, format_args!("      --settle {flag}   ({others})"));
        }
    }
}

/// An answer to begin with, and what else there is.
fn how(conflict: &MergeConflict) -> (String, &'static str) {
    match conflict.kind() {
        Kind::Body if (1..=SHOWN_PLACES).contains(&conflict.clash_count) => {
            let places = vec!["source"; usize::try_from(conflict.clash_count).unwrap_or(1)];
            let others = "target or both in a place's stead; or all of one text: source, target, @FILE";
            (format!("clashes:{}", places.join(",")), others)
        }
        Kind::Body => ("@FILE".to_owned(), "with all of the text; or all of one side's: source, target"),
        Kind::Removed => ("source".to_owned(), "or target"),
        _ => ("source".to_owned(), "or target, a JSON value"),
    }
}

/// The most places of a text for which there is an answer to begin with.
const SHOWN_PLACES: i64 = 8;

/// A field's or part's three versions.
pub(crate) fn sides(page: &mut Page, conflict: &MergeConflict) {
    for (style, sign, side) in [
        (DIM, "base   ", &conflict.base),
        (RED, "target ", &conflict.target),
        (GREEN, "source ", &conflict.source),
    ] {
        value(page, style, sign, side.as_deref().unwrap_or("nothing"));
    }
}

fn clashes(page: &mut Page, conflict: &MergeConflict, frame: Frame) {
    conflict.clashes.iter().for_each(|one| clash(page, one, frame));
    let shown = i64::try_from(conflict.clashes.len()).unwrap_or(i64::MAX);
    if conflict.clash_count > shown {
        let more = count(conflict.clash_count - shown, "more place", "more places");
        page.line(DIM, format_args!("      … {more} in it"));
    }
}

/// As `git` shows one with `merge.conflictStyle=diff3`, or with the two sides beside each other.
pub(crate) fn clash(page: &mut Page, clash: &MergeClash, frame: Frame) {
    page.line(DIM, format_args!("      line {}", clash.line));
    lines(page, PLAIN, &clash.before);
    match frame.column() {
        Some(width) => {
            page.line(DIM, "      ||||||| base");
            lines(page, DIM, &clash.base);
            page.line(YELLOW, format_args!("      {:<width$}{}", "<<<<<<< target", ">>>>>>> source"));
            beside(page, &clash.target, &clash.source, width);
            page.line(YELLOW, format_args!("      {}", "=".repeat(7)));
        }
        None => below(page, clash),
    }
    lines(page, PLAIN, &clash.after);
}

fn lines(page: &mut Page, style: Style, text: &str) {
    for line in text.lines() {
        page.line(style, format_args!("      {line}"));
    }
}

fn below(page: &mut Page, clash: &MergeClash) {
    for (style, mark, text) in [
        (RED, "<<<<<<< target", &clash.target),
        (DIM, "||||||| base", &clash.base),
        (GREEN, "=======", &clash.source),
    ] {
        page.line(YELLOW, format_args!("      {mark}"));
        lines(page, style, text);
    }
    page.line(YELLOW, "      >>>>>>> source");
}
