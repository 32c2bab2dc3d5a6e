//! Whether an answer is what a scenario expects.

use serde_json::Value;

/// The keys that say how to look rather than what is there.
pub(super) const MATCHERS: [&str; 6] = ["$contains", "$exactly", "$includes", "$not", "$size", "$unordered"];

/// Something is there.
const ANY: &str = "<any>";

/// What differs, each as `path: expected …, found …`.
pub(super) fn differences(expected: &Value, found: Option<&Value>, path: &str) -> Vec<String> {
    let found = found.filter(|value| !value.is_null());
    let differ = |what: &str| {
        let found = found.map_or_else(|| "nothing".to_owned(), ToString::to_string);
        vec![format!("{path}: expected {what}, found {}", shorten(&found))]
    };
    match expected {
        Value::Object(fields)
            if fields.len() == 1 && fields.keys().all(|key| MATCHERS.contains(&key.as_str())) =>
        {
            let (matcher, expected) = fields.iter().next().unwrap();
            if by_matcher(matcher, expected, found) {
                Vec::new()
            } else {
                differ(&format!("{matcher} {expected}"))
            }
        }
        Value::Object(fields) if fields.is_empty() => Vec::new(),
        // Fields that are not set may be left out of answers.
        expected if is_default(expected) => {
            if found.is_none_or(is_default) {
                Vec::new()
            } else {
                differ(&expected.to_string())
            }
        }
        Value::String(text) if text == ANY => {
            if found.is_some_and(|found| !is_default(found)) {
                Vec::new()
            } else {
                differ("something")
            }
        }
        Value::Object(fields) => {
            let Some(found @ Value::Object(_)) = found else { return differ(&expected.to_string()) };
            let one =
                |(name, value): (&String, &Value)| differences(value, found.get(name), &join(path, name));
            fields.iter().flat_map(one).collect()
        }
        Value::Array(items) => match found {
            Some(Value::Array(those)) if those.len() == items.len() => {
                let pairs = items.iter().zip(those).enumerate();
                pairs
                    .flat_map(|(at, (one, other))| {
                        differences(one, Some(other), &join(path, &at.to_string()))
                    })
                    .collect()
            }
            _ => differ(&format!("{} in a list: {expected}", items.len())),
        },
        scalar => {
            if found.is_some_and(|found| text(found) == text(scalar)) {
                Vec::new()
            } else {
                differ(&scalar.to_string())
            }
        }
    }
}

fn by_matcher(matcher: &str, expected: &Value, found: Option<&Value>) -> bool {
    let fits = |found: &Value| differences(expected, Some(found), "").is_empty();
    match (matcher, found) {
        ("$not", found) => !differences(expected, found, "").is_empty(),
        ("$contains", Some(Value::String(text))) => expected.as_str().is_some_and(|part| text.contains(part)),
        ("$includes", Some(Value::Array(items))) => items.iter().any(fits),
        ("$size", Some(Value::Array(items))) => expected.as_u64() == Some(items.len() as u64),
        ("$size", Some(Value::String(text))) => expected.as_u64() == Some(text.len() as u64),
        ("$exactly", Some(found)) => fits(found) && differences(found, Some(expected), "").is_empty(),
        ("$unordered", Some(Value::Array(items))) => {
            expected.as_array().is_some_and(|wanted| unordered(wanted, items))
        }
        _ => false,
    }
}

/// Whether each expected one has a found one of its own.
fn unordered(expected: &[Value], found: &[Value]) -> bool {
    let mut left: Vec<&Value> = found.iter().collect();
    let all = expected.iter().all(|one| {
        let at = left.iter().position(|other| differences(one, Some(other), "").is_empty());
        at.map(|at| left.remove(at)).is_some()
    });
    all && left.is_empty()
}

/// Large numbers travel as text in JSON, so numbers and texts are compared as text.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => {
            number.as_f64().map_or_else(|| number.to_string(), |number| number.to_string())
        }
        other => other.to_string(),
    }
}

fn is_default(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty() || text == "0" || text.ends_with("_UNSPECIFIED"),
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(true) => false,
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn shorten(text: &str) -> String {
    const SHOWN: usize = 400;
    if text.len() <= SHOWN {
        return text.to_owned();
    }
    let end = (0..=SHOWN).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    format!("{}… ({} bytes)", &text[..end], text.len())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fits(expected: &Value, found: &Value) -> bool {
        differences(expected, Some(found), "").is_empty()
    }

    #[test]
    fn objects_are_expected_in_part_and_lists_whole() {
        assert!(fits(&json!({"a": 1}), &json!({"a": "1", "b": 2})));
        assert!(!fits(&json!({"a": 1}), &json!({"b": 1})));
        assert!(!fits(&json!([1]), &json!([1, 2])));
        assert!(fits(&json!([{"a": 1}, 2]), &json!([{"a": 1, "b": 1}, 2])));
        assert!(!fits(&json!([2, 1]), &json!([1, 2])));
        assert_eq!(
            differences(&json!({"a": {"b": 1}}), Some(&json!({"a": {"b": 2}})), ""),
            ["a.b: expected 1, found 2"]
        );
    }

    #[test]
    fn what_is_not_set_is_the_same_as_nothing() {
        for nothing in [json!(null), json!(""), json!(0), json!(false), json!([])] {
            assert!(fits(&json!({ "a": nothing }), &json!({})), "{nothing}");
            assert!(fits(&nothing, &json!("0")), "{nothing}");
            assert!(!fits(&json!({ "a": nothing }), &json!({"a": "x"})), "{nothing}");
        }
        assert!(fits(&json!({}), &json!({"a": 1})));
        assert!(fits(&json!("<any>"), &json!("x")) && !fits(&json!("<any>"), &json!("")));
        assert!(!fits(&json!({"a": "<any>"}), &json!({})));
    }

    #[test]
    fn each_matcher_can_fail() {
        for (expected, good, bad) in [
            (json!({"$not": 1}), json!(2), json!(1)),
            (json!({"$contains": "b"}), json!("abc"), json!("ac")),
            (json!({"$includes": {"a": 1}}), json!([{"a": 2}, {"a": 1, "b": 1}]), json!([{"a": 2}])),
            (json!({"$size": 2}), json!([1, 2]), json!([1])),
            (json!({"$exactly": {"a": 1}}), json!({"a": 1, "b": 0}), json!({"a": 1, "b": 1})),
            (json!({"$unordered": [1, 2]}), json!([2, 1]), json!([2, 2])),
            (json!({"$unordered": [1]}), json!([1]), json!([1, 1])),
        ] {
            assert!(fits(&expected, &good), "{expected} {good}");
            assert!(!fits(&expected, &bad), "{expected} {bad}");
        }
    }
}
