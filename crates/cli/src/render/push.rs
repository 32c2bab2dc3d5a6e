//! What a push does, for people and for programs.

use anstyle::Style;
use serde_json::{Value, json};

use super::page::{BOLD, CYAN, DIM, GREEN, Page, RED, YELLOW};
use crate::workspace::plan::{Plan, Sign};

/// As text. `headline` says of which project.
pub(crate) fn text(plan: &Plan, headline: &str) -> String {
    let mut page = Page::default();
    page.line(BOLD, headline);
    for change in &plan.changes {
        let (mark, style) = mark(change.sign);
        page.put(style, format_args!("  {mark} {} ", change.kind)).plain(&change.name).end();
        for part in &change.parts {
            let (mark, style) = self::mark(part.sign);
            page.put(style, format_args!("      {mark} {}", part.what)).end();
        }
    }
    if plan.changes.is_empty() {
        page.line(DIM, "  Nothing to push: the project is as the files are.");
    }
    page.finish()
}

/// What a person should know beside.
pub(crate) fn notes(notes: &[String]) -> String {
    let mut page = Page::default();
    for note in notes {
        page.put(YELLOW, "note: ").plain(note).end();
    }
    page.finish()
}

/// For programs.
pub(crate) fn value(plan: &Plan, project_id: &str, is_pushed: bool) -> Value {
    let change = |change: &crate::workspace::plan::Change| {
        let parts: Vec<Value> =
            change.parts.iter().map(|part| json!({ "action": word(part.sign), "part": part.what })).collect();
        json!({ "action": word(change.sign), "kind": change.kind, "name": change.name, "parts": parts })
    };
    json!({
        "project_id": project_id,
        "pushed": is_pushed,
        "changes": plan.changes.iter().map(change).collect::<Vec<_>>(),
        "notes": plan.notes,
    })
}

fn mark(sign: Sign) -> (char, Style) {
    match sign {
        Sign::Add => ('+', GREEN),
        Sign::Edit => ('~', CYAN),
        Sign::Remove => ('-', RED),
    }
}

fn word(sign: Sign) -> &'static str {
    match sign {
        Sign::Add => "add",
        Sign::Edit => "edit",
        Sign::Remove => "remove",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::plan::{Change, Part};

    fn plan() -> Plan {
        let part = |sign, what: &str| Part { sign, what: what.to_owned() };
        let change = |sign, kind, name: &str, parts| Change { sign, kind, name: name.to_owned(), parts };
        let parts = vec![
            part(Sign::Edit, "step Transform: adaptor, body"),
            part(Sign::Add, "step Send"),
            part(Sign::Remove, "get → send"),
        ];
        Plan {
            changes: vec![
                change(Sign::Edit, "workflow", "Billing run", parts),
                change(Sign::Remove, "workflow", "Old\u{1b}[2J", Vec::new()),
                change(Sign::Add, "collection", "patients", Vec::new()),
            ],
            notes: vec!["the trigger cron stays off".to_owned()],
            document: Value::Null,
        }
    }

    #[test]
    fn a_push_is_told_part_by_part_and_nothing_steers_the_terminal() {
        let told = text(&plan(), "acme  main@localhost") + &notes(&plan().notes);
        insta::assert_snapshot!(anstream::adapter::strip_str(&told).to_string());
        let nothing = Plan { changes: Vec::new(), ..plan() };
        assert!(text(&nothing, "acme").contains("Nothing to push"));
    }

    #[test]
    fn programs_get_words() {
        insta::assert_snapshot!(format!("{:#}", value(&plan(), "p-1", true)));
    }
}
