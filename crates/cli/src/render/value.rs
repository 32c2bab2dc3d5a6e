//! JSON values as a person reads them.

use serde_json::Value;

/// The lines that say a value, given as JSON text: of an object one `name: value` each, what is inside further in. Its own
/// `id` is left out, as the path says it.
pub(super) fn readable(json: &str) -> Vec<String> {
    match serde_json::from_str(json) {
        Ok(Value::Object(mut fields)) => {
            fields.shift_remove("id");
            lines(&Value::Object(fields))
        }
        Ok(value) => lines(&value),
        // What is no JSON is shown as it is.
        Err(_) => json.lines().map(str::to_owned).collect(),
    }
}

fn lines(value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            fields.iter().flat_map(|(name, value)| named(name, value)).collect()
        }
        Value::Array(items) if !items.is_empty() => items.iter().flat_map(item).collect(),
        Value::String(text) if text.contains('\n') => text.lines().map(str::to_owned).collect(),
        other => vec![other.to_string()],
    }
}

fn named(name: &str, value: &Value) -> Vec<String> {
    let mut below = lines(value);
    match below.as_slice() {
        [_] if !is_nested(value) => vec![format!("{name}: {}", below.remove(0))],
        _ => std::iter::once(format!("{name}:"))
            .chain(below.into_iter().map(|line| format!("  {line}")))
            .collect(),
    }
}

fn item(value: &Value) -> Vec<String> {
    let sign = |at: usize| if at == 0 { "- " } else { "  " };
    lines(value).into_iter().enumerate().map(|(at, line)| format!("{}{line}", sign(at))).collect()
}

fn is_nested(value: &Value) -> bool {
    match value {
        Value::Object(fields) => !fields.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_read_line_by_line() {
        let part = r#"{"id":"1","name":"Send","uses":null,"at":{"x":1.5,"y":-2},"methods":["a",{"b":1,"c":[]}],"text":"a\nb"}"#;
        assert_eq!(
            readable(part).join("\n"),
            "name: \"Send\"\nuses: null\nat:\n  x: 1.5\n  y: -2\nmethods:\n  - \"a\"\n  - b: 1\n    c: []\ntext:\n  a\n  b"
        );
        assert_eq!(readable("\"http@1\""), ["\"http@1\""]);
        assert_eq!(readable("{}"), ["{}"]);
        assert_eq!(readable("no json"), ["no json"]);
    }
}
