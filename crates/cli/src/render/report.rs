//! The record of a merge, as an auditor reads it.

use sandbar_client::v1::merge_choice::Resource;
use sandbar_client::v1::{
    Merge, MergeChoices, MergeResolution, MergeSide, MergedResource, ResourceKey, clash_resolution,
    merge_resolution::How,
};

use super::field::{field, more_fields};
use super::page::{BOLD, CYAN, DIM, GREEN, PLAIN, Page, RED, YELLOW};
use super::tables::word;
use super::time::{absolute, actor, relative};
use super::{Look, count};
use crate::choices::kind_word;

/// Which lines of a text of one's own are shown.
const OWN_LINES: usize = 6;

/// Names of projects by id; without one it is the id.
pub(crate) trait Names {
    /// What to call the project.
    fn of<'a>(&'a self, id: &'a str) -> &'a str;
}

/// Who, when, from where to where, what was chosen.
pub(crate) fn head(merge: &Merge, names: &dyn Names, look: Look) -> String {
    let mut page = Page::default();
    let kind = word(merge.kind().as_str_name(), "KIND_");
    page.put(BOLD, capital(&kind)).put(DIM, format_args!("  {}", merge.id)).end();
    let stamp = merge.stamp.clone().unwrap_or_default();
    let time = stamp.time.as_ref();
    let lines = [
        ("from", names.of(&merge.source_id).to_owned()),
        ("into", names.of(&merge.target_id).to_owned()),
        ("by", actor(stamp.actor.as_ref()).to_owned()),
        ("when", format!("{} ({})", absolute(time), relative(look.now, time))),
        ("revision", format!("{} of the target", merge.target_revision)),
        ("wrote", count(merge.resource_count, "resource", "resources")),
        (
            "chosen",
            merge.choices.as_ref().map_or_else(String::new, |choices| chosen(choices, merge.choice_count)),
        ),
        ("undoes", merge.reverts_id.clone()),
        ("undone by", merge.reverted_by_id.clone()),
    ];
    for (name, value) in lines.iter().filter(|(_, value)| !value.is_empty()) {
        page.put(DIM, format_args!("  {name:<10}")).plain(value).end();
    }
    if merge.unreviewed {
        page.line(YELLOW, "  applied without a preview");
    }
    if merge.retired_source {
        page.line(YELLOW, "  the source was scheduled for deletion with it");
    }
    page.finish()
}

/// What one resource was, and what became of it.
pub(crate) fn resource(one: &MergedResource, look: Look) -> String {
    let mut page = Page::default();
    let (style, sign) = match (one.before_name.is_empty(), one.after_name.is_empty()) {
        (true, _) => (GREEN, '+'),
        (_, true) => (RED, '-'),
        _ => (CYAN, '~'),
    };
    page.end().put(style, format_args!("{sign} {:<8}", word(one.label().as_str_name(), "MERGE_LABEL_")));
    page.plain(format_args!(" {} ", kind(one.key.as_ref()))).put(BOLD, name(one));
    if !one.before_name.is_empty() && !one.after_name.is_empty() && one.before_name != one.after_name {
        page.put(DIM, format_args!(" (was {:?})", one.before_name));
    }
    let decision = word(one.decision().as_str_name(), "MERGE_DECISION_");
    page.put(DIM, format_args!("  → {decision}")).end();
    page.line(DIM, format_args!("    {} → {}", etag(&one.before_etag), etag(&one.after_etag)));
    if one.revision == 0 {
        page.line(DIM, "    every conflict was settled for the target, so nothing was written");
    }
    for resolution in &one.resolutions {
        settled(&mut page, resolution);
    }
    if one.resolutions_cut {
        page.line(DIM, "    … how the rest was settled has no room in a message; what came of it follows");
    }
    for change in &one.fields {
        let disputed = one.resolutions.iter().any(|resolution| resolution.path == change.path);
        field(&mut page, change, usize::MAX, disputed, look.frame);
    }
    more_fields(&mut page, one.omitted_field_count);
    page.finish()
}

fn name(one: &MergedResource) -> String {
    let name = if one.after_name.is_empty() { &one.before_name } else { &one.after_name };
    format!("{name:?}")
}

fn kind(key: Option<&ResourceKey>) -> &'static str {
    kind_word(key.map(ResourceKey::kind).unwrap_or_default())
}

/// The first of a hash, as people compare them.
fn etag(etag: &str) -> &str {
    if etag.is_empty() { "nothing" } else { etag.get(..12).unwrap_or(etag) }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// What was asked for, in the words of the flags.
fn chosen(choices: &MergeChoices, all: i64) -> String {
    let start = if choices.defaults { "what is new or changed" } else { "only what is named" };
    let named = choices.choices.iter().map(|choice| {
        let what = match &choice.resource {
            Some(Resource::WorkflowName(name)) => format!("{name:?}"),
            Some(Resource::Key(key)) => format!("{} {}", kind_word(key.kind()), key.id),
            None => "?".to_owned(),
        };
        format!("; {} {what}", word(choice.decision().as_str_name(), "MERGE_DECISION_"))
    });
    let named: String = named.collect();
    let more = all - i64::try_from(choices.choices.len()).unwrap_or(i64::MAX);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    let source = match choices.retire_source {
        Some(true) => "; retire the source",
        Some(false) => "; keep the source",
        None => "",
    };
    format!("{start}{named}{more}{source}")
}

/// How a conflict was settled.
fn settled(page: &mut Page, resolution: &MergeResolution) {
    page.put(YELLOW, "    settled ").put(PLAIN, &resolution.path).put(PLAIN, ": ");
    match &resolution.how {
        Some(How::Side(side)) => page.line(BOLD, side_word(*side)),
        Some(How::Value(value)) => {
            page.line(BOLD, "a value of one's own");
            own(page, &super::value::readable(value));
            page
        }
        Some(How::Clashes(clashes)) => {
            let sides = clashes.clashes.iter().map(|clash| match &clash.how {
                Some(clash_resolution::How::Side(side)) => side_word(*side),
                Some(clash_resolution::How::Text(_)) => "one's own".to_owned(),
                None => "?".to_owned(),
            });
            page.line(BOLD, sides.collect::<Vec<_>>().join(", "));
            for clash in &clashes.clashes {
                if let Some(clash_resolution::How::Text(text)) = &clash.how {
                    own(page, &text.lines().map(str::to_owned).collect::<Vec<_>>());
                }
            }
            page
        }
        None => page.end(),
    };
}

fn own(page: &mut Page, lines: &[String]) {
    for line in lines.iter().take(OWN_LINES) {
        page.line(DIM, format_args!("      {line}"));
    }
    if lines.len() > OWN_LINES {
        let more = i64::try_from(lines.len() - OWN_LINES).unwrap_or(i64::MAX);
        page.line(DIM, format_args!("      … {}", count(more, "more line", "more lines")));
    }
}

fn side_word(side: i32) -> String {
    let side = MergeSide::try_from(side).unwrap_or_default();
    word(side.as_str_name(), "MERGE_SIDE_")
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
