//! A plan, as a person reads it before approving.

use std::collections::BTreeMap;

use anstyle::Style;
use jiff::Timestamp;
use sandbar_client::Plan;
use sandbar_client::v1::{
    MergeDecision, MergeLabel, MergeWarning, PlanHead, PlanResource, Project, ResourceKey, ResourceKind,
    Stamp,
};

use super::conflicts::conflicts;
use super::field::{field, more_fields};
use super::page::{BOLD, CYAN, DIM, GREEN, PLAIN, Page, RED, YELLOW};
use super::time::{absolute, stamp};
use super::{Look, count};
use crate::choices::{handle, kind_word};

/// How many lines are shown of a body that was deleted with its workflow.
const DELETED_LINES: usize = 4;

/// What a merge would do. `apply` is the command that does exactly this.
pub(crate) fn plan(title: &str, plan: &Plan, apply: &str, look: Look) -> String {
    let mut page = Page::default();
    head(&mut page, title, &plan.head);
    let (listed, moved_on): (Vec<_>, Vec<_>) =
        plan.resources.iter().partition(|resource| resource.label() != MergeLabel::TargetOnly);
    let mut about = by_resource(&plan.head.warnings);
    for &one in &listed {
        page.end();
        resource(&mut page, one, look.now);
        let own = one.key.as_ref().and_then(|one| about.remove(&Some(key(one))));
        for warning in own.into_iter().flatten() {
            page.line(YELLOW, format_args!("    warning: {}", warning.message));
        }
        fields(&mut page, one, look);
        conflicts(&mut page, one, look.frame);
    }
    if !moved_on.is_empty() {
        page.end().line(DIM, "Moved on in the target only, nothing to do:");
        for one in moved_on {
            let changed = side("", one.target_changed.as_ref(), look.now).unwrap_or_default();
            page.line(DIM, format_args!("  {} {:?}{changed}", kind(one), one.name));
        }
    }
    warnings(&mut page, about.into_values().flatten());
    retirement(&mut page, &plan.head);
    page.end().put(DIM, "Plan ").line(PLAIN, &plan.head.plan_token);
    if plan.head.open_conflict_count > 0 {
        let open = count(plan.head.open_conflict_count, "conflict is", "conflicts are");
        page.line(YELLOW, format_args!("{open} open: settle each with --settle and preview again, or walk through them with `sandbar merge resolve`."));
    } else if plan.head.selected_count == 0 {
        page.line(PLAIN, "Nothing is selected, so there is nothing to apply.");
    } else {
        page.line(PLAIN, "Apply exactly this:").put(PLAIN, "  ").line(BOLD, apply);
    }
    page.finish()
}

fn head(page: &mut Page, title: &str, head: &PlanHead) {
    let name = |project: Option<&Project>| {
        project
            .map_or_else(|| "?".to_owned(), |project| format!("{} ({})", project.name, project.environment))
    };
    page.put(PLAIN, format_args!("{title} ")).put(BOLD, name(head.source.as_ref()));
    page.put(DIM, " → ").line(BOLD, name(head.target.as_ref()));
    let counts = [
        (GREEN, head.new_count, "new"),
        (CYAN, head.changed_count, "changed"),
        (RED, head.deleted_count, "deleted"),
        (YELLOW, head.diverged_count, "diverged"),
        (DIM, head.target_only_count, "moved on in the target only"),
    ];
    let mut first = true;
    for (style, number, label) in counts.into_iter().filter(|(_, number, _)| *number > 0) {
        page.plain(if first { "" } else { ", " }).put(style, format_args!("{number} {label}"));
        first = false;
    }
    if first {
        page.plain("The two agree: nothing differs.");
    } else {
        page.plain("; ").put(BOLD, format_args!("{} would be written", head.selected_count));
    }
    page.end();
}

fn resource(page: &mut Page, resource: &PlanResource, now: Timestamp) {
    let (style, sign, label) = label(resource.label());
    let does = match resource.decision() {
        MergeDecision::Take => (GREEN, "take"),
        MergeDecision::Overwrite => (GREEN, "overwrite"),
        MergeDecision::Combine => (GREEN, "combine"),
        MergeDecision::Leave | MergeDecision::Unspecified => (DIM, "leave"),
    };
    page.put(style, format_args!("{sign} {label:<8}")).plain(format_args!(" {} ", kind(resource)));
    page.put(BOLD, format_args!("{:?}", resource.name));
    if !resource.renamed_from.is_empty() {
        page.put(DIM, format_args!(" (was {:?})", resource.renamed_from));
    }
    page.put(DIM, "  → ").line(does.0, does.1);
    let sides = [
        side("source", resource.source_changed.as_ref(), now),
        side("target", resource.target_changed.as_ref(), now),
    ];
    let sides: Vec<String> = sides.into_iter().flatten().collect();
    if !sides.is_empty() {
        page.line(DIM, format_args!("    {}", sides.join("; ")));
    }
    if let Some(advice) = advice(resource) {
        page.line(YELLOW, format_args!("    {advice}"));
    }
}

/// The warnings about each resource; about none: of the plan as a whole.
fn by_resource(warnings: &[MergeWarning]) -> BTreeMap<Option<(i32, &str)>, Vec<&MergeWarning>> {
    let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for warning in warnings {
        found.entry(warning.resource.as_ref().map(key)).or_default().push(warning);
    }
    found
}

fn key(key: &ResourceKey) -> (i32, &str) {
    (key.kind, &key.id)
}

/// What differs. Of what was deleted only the beginning: that all of it goes is what the label says.
fn fields(page: &mut Page, resource: &PlanResource, look: Look) {
    let lines = if resource.label() == MergeLabel::Deleted { DELETED_LINES } else { usize::MAX };
    for one in &resource.fields {
        let disputed = resource.conflicts.iter().any(|conflict| conflict.path == one.path);
        field(page, one, lines, disputed, look.frame);
    }
    more_fields(page, resource.omitted_field_count);
}

fn label(label: MergeLabel) -> (Style, char, &'static str) {
    match label {
        MergeLabel::New => (GREEN, '+', "new"),
        MergeLabel::Changed => (CYAN, '~', "changed"),
        MergeLabel::Deleted => (RED, '-', "deleted"),
        MergeLabel::Diverged => (YELLOW, '!', "diverged"),
        MergeLabel::TargetOnly => (DIM, '=', "target"),
        MergeLabel::Unspecified => (DIM, '?', "unknown"),
    }
}

fn kind(resource: &PlanResource) -> &'static str {
    kind_word(resource.key.as_ref().map(sandbar_client::v1::ResourceKey::kind).unwrap_or_default())
}

/// Who changed it last on a side and when.
pub(crate) fn side(name: &str, changed: Option<&Stamp>, now: Timestamp) -> Option<String> {
    changed.map(|changed| format!("{name} by {}", stamp(now, changed)))
}

/// What a person can do about one that is left out without having been chosen.
fn advice(resource: &PlanResource) -> Option<String> {
    if !matches!(resource.decision(), MergeDecision::Leave | MergeDecision::Unspecified) {
        return None;
    }
    let handle = super::shell([handle(resource).as_str()]);
    match resource.label() {
        MergeLabel::Diverged if can_be_combined(resource) => Some(format!(
            "both sides changed it; keep both sides' edits with --combine {handle}, or replace the target's with --overwrite {handle}"
        )),
        MergeLabel::Diverged => {
            Some(format!("both sides changed it; replace the target's with --overwrite {handle}"))
        }
        MergeLabel::Deleted => Some(format!("delete it in the target too with --include {handle}")),
        _ => None,
    }
}

/// Whether both sides' edits of it can be made one.
pub(crate) fn can_be_combined(resource: &PlanResource) -> bool {
    let kinds = [ResourceKind::Workflow, ResourceKind::Config, ResourceKind::Keychain].map(kind_word);
    kinds.contains(&kind(resource)) && !resource.source_etag.is_empty() && !resource.target_etag.is_empty()
}

/// Those that are about nothing that is listed.
fn warnings<'p>(page: &mut Page, rest: impl Iterator<Item = &'p MergeWarning>) {
    for (at, warning) in rest.enumerate() {
        if at == 0 {
            page.end();
        }
        page.line(YELLOW, format_args!("warning: {}", warning.message));
    }
}

fn retirement(page: &mut Page, head: &PlanHead) {
    if !head.retires_source {
        return;
    }
    let source = head.source.as_ref().map_or("", |source| source.name.as_str());
    page.end().put(YELLOW, format_args!("Afterwards {source} is scheduled for deletion"));
    if !head.retired_descendants.is_empty() {
        let number = i64::try_from(head.retired_descendants.len()).unwrap_or(i64::MAX);
        page.put(YELLOW, format_args!(" with {} below it", count(number, "sandbox", "sandboxes")));
    }
    page.line(YELLOW, format_args!(", gone for good {}:", absolute(head.purge_time.as_ref())));
    for project in head.source.iter().chain(&head.retired_descendants) {
        page.line(YELLOW, format_args!("  {}  {}", project.name, project.id));
    }
    page.line(DIM, "  Keep it with --keep-source.");
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
