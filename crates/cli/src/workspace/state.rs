//! The state document that an export gives: looking into it, and into one workflow of it.

use serde_json::{Map, Value};

/// The entries of a section, or of a workflow's part: values of an object, or of a list.
pub(crate) fn entries<'a>(value: &'a Value, key: &str) -> Vec<&'a Value> {
    match value.get(key) {
        Some(Value::Object(entries)) => entries.values().collect(),
        Some(Value::Array(entries)) => entries.iter().collect(),
        _ => Vec::new(),
    }
}

/// A text of an entry; empty where it has none.
pub(crate) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// A text of an entry, if it has one.
pub(crate) fn some(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(str::to_owned)
}

/// What an entry has beside these keys, without nulls.
pub(crate) fn rest(value: &Value, known: &[&str]) -> Map<String, Value> {
    let members = value.as_object().into_iter().flatten();
    let kept = members.filter(|(key, value)| !known.contains(&key.as_str()) && !value.is_null());
    kept.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// What the server keeps of something, with its id as `uuid` in the first place.
pub(crate) fn openfn(value: &Value, known: &[&str]) -> Map<String, Value> {
    let mut openfn = Map::new();
    openfn.insert("uuid".to_owned(), text(value, "id").into());
    let mut known = known.to_vec();
    known.push("id");
    openfn.extend(rest(value, &known));
    openfn
}

/// The links of a project to credentials: their ids, and what files call them.
#[derive(Debug, Default)]
pub(crate) struct Links(Vec<(String, String)>);

impl Links {
    /// Of a state.
    pub(crate) fn of(state: &Value) -> Self {
        let links = entries(state, "project_credentials").into_iter();
        let title = |link| format!("{}|{}", text(link, "owner"), text(link, "name"));
        let mut links: Vec<_> = links.map(|link| (text(link, "id").to_owned(), title(link))).collect();
        links.sort();
        Self(links)
    }

    /// What files call a link: `owner|name`, or its id when the project does not list it.
    pub(crate) fn title(&self, id: &str) -> String {
        self.0.iter().find(|link| link.0 == id).map_or(id, |link| &link.1).to_owned()
    }

    /// The id of the link that files call so.
    pub(crate) fn id(&self, title: &str) -> Option<&str> {
        self.0.iter().find(|link| link.1 == title || link.0 == title).map(|link| link.0.as_str())
    }

    /// What files call all of them.
    pub(crate) fn titles(&self) -> Vec<&str> {
        self.0.iter().map(|link| link.1.as_str()).collect()
    }
}
