//! Conflicts, as a person reads them before settling each.

use sandbar_client::v1::{MergeClash, MergeConflict, PlanResource, merge_conflict::Kind};

use super::count;
use super::page::{DIM, GREEN, Page, RED, YELLOW};
use crate::choices::handle;

/// The conflicts of one resource, with the flag that settles each that is open.
pub(super) fn conflicts(page: &mut Page, resource: &PlanResource) {
    for conflict in &resource.conflicts {
        let (style, state) = if conflict.settled { (DIM, "settled") } else { (YELLOW, "conflict") };
        page.line(style, format_args!("    {state}: {}", conflict.title));
        match conflict.kind() {
            Kind::InvalidResult => {
                page.line(YELLOW, format_args!("      the result would break a rule: {}", conflict.rule));
            }
            _ if conflict.settled => {}
            Kind::Body => clashes(page, conflict),
            Kind::Field | Kind::Removed | Kind::Unspecified => sides(page, conflict),
        }
        if !conflict.settled && conflict.kind() != Kind::InvalidResult {
            let flag = super::shell([format!("{}#{}=source", handle(resource), conflict.path).as_str()]);
            page.line(DIM, format_args!("      --settle {flag}   (or target, a JSON value, @FILE)"));
        }
    }
}

fn sides(page: &mut Page, conflict: &MergeConflict) {
    let value = |side: &Option<String>| side.clone().unwrap_or_else(|| "nothing".to_owned());
    page.line(DIM, format_args!("      base   {}", value(&conflict.base)));
    page.line(RED, format_args!("      target {}", value(&conflict.target)));
    page.line(GREEN, format_args!("      source {}", value(&conflict.source)));
}

fn clashes(page: &mut Page, conflict: &MergeConflict) {
    conflict.clashes.iter().for_each(|one| clash(page, one));
    let shown = i64::try_from(conflict.clashes.len()).unwrap_or(i64::MAX);
    if conflict.clash_count > shown {
        let more = count(conflict.clash_count - shown, "more place", "more places");
        page.line(DIM, format_args!("      … {more} in it"));
    }
}

/// As `git` shows one with `merge.conflictStyle=diff3`.
fn clash(page: &mut Page, clash: &MergeClash) {
    page.line(DIM, format_args!("      line {}", clash.line));
    for (style, mark, text) in [
        (RED, "<<<<<<< target", &clash.target),
        (DIM, "||||||| base", &clash.base),
        (GREEN, "======= source", &clash.source),
    ] {
        page.line(DIM, format_args!("      {mark}"));
        for line in text.lines() {
            page.line(style, format_args!("      {line}"));
        }
    }
    page.line(DIM, format_args!("      >>>>>>>"));
}
