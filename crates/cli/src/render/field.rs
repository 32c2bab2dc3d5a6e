//! One difference, as a person reads it.

use anstyle::Style;
use sandbar_client::v1::FieldChange;

use super::count;
use super::diff::{Frame, diff};
use super::page::{CYAN, DIM, GREEN, PLAIN, Page, RED, YELLOW};
use super::value::readable;

/// One difference, of a body at most so many lines. `disputed`: both sides had their own idea of it, and the caller settled it.
pub(super) fn field(page: &mut Page, field: &FieldChange, lines: usize, disputed: bool, frame: Frame) {
    let title = if field.title.is_empty() { &field.path } else { &field.title };
    page.put(PLAIN, "    ").put(CYAN, title);
    match (field.changed_in_source, field.changed_in_target) {
        _ if disputed => page.put(YELLOW, "  changed on both sides, settled as follows"),
        (true, true) => page.put(YELLOW, "  changed on both sides"),
        (false, true) => page.put(DIM, "  changed in the target only"),
        _ => page,
    };
    page.end();
    // What it was matters where neither of the two still has it.
    let had_body = !field.body_diff.is_empty() && field.target.is_none() && field.source.is_none();
    if field.changed_in_source && field.changed_in_target && !had_body {
        value(page, DIM, "base ", field.base.as_deref().unwrap_or("nothing"));
    }
    if let Some(target) = &field.target {
        value(page, RED, "- ", target);
    }
    if let Some(source) = &field.source {
        value(page, GREEN, "+ ", source);
    }
    if !field.body_diff.is_empty() {
        diff(page, &field.body_diff, lines, frame);
    }
}

/// Says that not all are listed.
pub(super) fn more_fields(page: &mut Page, omitted: i64) {
    if omitted > 0 {
        let more = count(omitted, "more difference", "more differences");
        page.line(YELLOW, format_args!("    … and {more}, for which there is no room in a message"));
    }
}

/// A value, each of its lines with the sign.
pub(super) fn value(page: &mut Page, style: Style, sign: &str, value: &str) {
    for line in readable(value) {
        page.line(style, format_args!("      {sign}{line}"));
    }
}
