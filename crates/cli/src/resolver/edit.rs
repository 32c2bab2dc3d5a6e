//! Values of one's own, by way of the person's editor.

use sandbar_client::v1::MergeConflict;

use super::answer::Answer;
use super::marks::Marked;
use super::person;
use super::question::Ask;

/// What the person makes of it; what was answered before is gone on with.
///
/// # Errors
/// The sentence to say when nothing came of it.
pub(super) fn own(ask: &Ask, before: Option<&Answer>) -> Result<String, String> {
    match (ask, ask.clash()) {
        (Ask::Field(conflict), _) => edit_field(conflict, before),
        (Ask::Clash { conflict, .. }, Some(clash)) => {
            let marked = Marked::new(&clash.base, &clash.source, &clash.target);
            edit_marked(&marked, suffix(&conflict.path), before)
        }
        _ => Err("there is nothing to edit".to_owned()),
    }
}

/// A text between markers; what was answered before is gone on with.
fn edit_marked(marked: &Marked, suffix: &str, before: Option<&Answer>) -> Result<String, String> {
    let edited = match before {
        Some(Answer::Own(own)) => person::edit(own, suffix)?,
        _ => person::edit(&marked.text, suffix)?,
    };
    marked.read(&edited).map_err(str::to_owned)
}

/// A field: a text as it is, anything else as JSON.
fn edit_field(conflict: &MergeConflict, before: Option<&Answer>) -> Result<String, String> {
    let sides = [&conflict.base, &conflict.source, &conflict.target];
    let texts = sides.map(|side| side.as_ref().map(|json| serde_json::from_str::<serde_json::Value>(json)));
    let text = |at: usize| match texts.get(at) {
        Some(Some(Ok(serde_json::Value::String(text)))) => Some(text.clone()),
        Some(None) => Some(String::new()),
        _ => None,
    };
    let absent = conflict.source.is_none() || conflict.target.is_none();
    if let (Some(base), Some(source), Some(target)) = (text(0), text(1), text(2)) {
        let own = before.and_then(|before| match before {
            Answer::Own(json) => serde_json::from_str(json).ok().map(Answer::Own),
            _ => None,
        });
        let marked = Marked::new(&base, &source, &target);
        let text = edit_marked(&marked, ".txt", own.as_ref())?;
        let nothing = text.is_empty() && absent;
        let value = if nothing { serde_json::Value::Null } else { serde_json::Value::String(text) };
        return Ok(value.to_string());
    }
    let pretty = |side: &Option<String>| side.as_deref().map(pretty).unwrap_or_default();
    let marked = Marked::new(&pretty(&conflict.base), &pretty(&conflict.source), &pretty(&conflict.target));
    let json = edit_marked(&marked, ".json", before)?;
    let json = if json.trim().is_empty() { "null" } else { json.trim() };
    let value: Result<serde_json::Value, _> = serde_json::from_str(json);
    value.map(|value| value.to_string()).map_err(|problem| format!("that is no JSON: {problem}"))
}

fn pretty(json: &str) -> String {
    let value: Result<serde_json::Value, _> = serde_json::from_str(json);
    value.map_or_else(|_| json.to_owned(), |value| format!("{value:#}"))
}

/// So that an editor knows what it shows.
fn suffix(path: &str) -> &'static str {
    if path.ends_with("/body") { ".js" } else { ".txt" }
}
