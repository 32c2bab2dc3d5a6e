//! JSON values of callers: read without losing anything, and written in one way.
//!
//! A value is kept as [`Value`], which holds whole numbers of 64 bits and doubles. A number that neither can hold exactly
//! is refused rather than rounded, and so is a key that is there twice: what is kept is what was sent. (`serde_json` could
//! keep every digit, but its `arbitrary_precision` changes what numbers are for the whole program, and a number in a
//! tagged enum, such as a position in a stored workflow, could not be read any more.)

mod exact;
mod strict;

use serde_json::{Number, Value};

use exact::inexact;
use strict::Strict;

/// The longest text that is looked at, in bytes. With blanks and escapes left in, it is longer than what is kept.
pub const MAX_TEXT_BYTES: usize = 4 * crate::config::MAX_VALUE_BYTES;

/// Reads a text, with its numbers [`tidy`].
///
/// # Errors
/// What is wrong, as the problem of a field: not JSON, a key twice in one object, a number that can't be kept exactly.
pub fn parse(text: &str) -> Result<Value, String> {
    if text.len() > MAX_TEXT_BYTES {
        return Err(format!("has {} bytes; at most {MAX_TEXT_BYTES} are looked at", text.len()));
    }
    let Strict(mut value) =
        serde_json::from_str(text).map_err(|problem| format!("must be JSON: {problem:.500}"))?;
    if let Some(number) = inexact(text) {
        return Err(format!(
            "has the number {number:.60}, which can't be kept exactly (whole numbers of 64 bits and doubles can); send it as a string"
        ));
    }
    tidy(&mut value);
    Ok(value)
}

/// The one text of a value: RFC 8785 but for whole numbers of 64 bits, which stay whole. No blanks; keys sorted by their
/// UTF-16 units; numbers as ECMAScript writes them.
pub fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write(&mut text, value);
    text
}

/// Makes numbers of one value one: `1.0` and `1e0` are `1`, `-0.0` is `0`.
pub fn tidy(value: &mut Value) {
    match value {
        Value::Number(number) => {
            if let Ok(tidy) = number_text(number).parse() {
                *number = tidy;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        Value::Object(members) => members.values_mut().for_each(tidy),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// How deep a value nests: 0 for what is no object or list.
pub fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or_default(),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or_default(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

fn write(text: &mut String, value: &Value) {
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => text.push_str(&value.to_string()),
        Value::Number(number) => text.push_str(&number_text(number)),
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                text.push(if at == 0 { '[' } else { ',' });
                write(text, item);
            }
            text.push_str(if items.is_empty() { "[]" } else { "]" });
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by(|(one, _), (other, _)| one.encode_utf16().cmp(other.encode_utf16()));
            for (at, (key, member)) in members.iter().enumerate() {
                text.push(if at == 0 { '{' } else { ',' });
                text.push_str(&Value::from(key.as_str()).to_string());
                text.push(':');
                write(text, member);
            }
            text.push_str(if members.is_empty() { "{}" } else { "}" });
        }
    }
}

fn number_text(number: &Number) -> String {
    let double = number.as_f64().filter(|_| number.is_f64());
    // A double that was read from JSON is finite, and then it has a form.
    double
        .and_then(|double| serde_json_canonicalizer::to_string(&double).ok())
        .unwrap_or_else(|| number.to_string())
}

/// Keeps a value as its canonical text.
pub(crate) mod canonical_text {
    use std::borrow::Cow;

    use serde::{Deserialize, Deserializer, Serializer, de};
    use serde_json::Value;

    pub(crate) fn serialize<S: Serializer>(value: &Value, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::canonical(value))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        serde_json::from_str(&text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_kept_whole_or_refused() {
        for (given, kept) in [
            ("0", "0"),
            ("-0", "0"),
            ("-0.0", "0"),
            ("1.0", "1"),
            ("1.50", "1.5"),
            ("1e2", "100"),
            ("0.1", "0.1"),
            ("1e-7", "1e-7"),
            ("1E+21", "1e+21"),
            ("0e999999999999999999999", "0"),
            ("9007199254740993", "9007199254740993"),
            ("-9223372036854775808", "-9223372036854775808"),
            ("18446744073709551615", "18446744073709551615"),
            ("100000000000000000000", "100000000000000000000"),
            ("5e-324", "5e-324"),
            ("1.7976931348623157e308", "1.7976931348623157e+308"),
        ] {
            assert_eq!(parse(given).map(|value| canonical(&value)).as_deref(), Ok(kept), "{given}");
        }
        for given in [
            "0.10000000000000000001",
            "18446744073709551616",
            "9007199254740993.0",
            "1e-400",
            "1e400",
            "1e-99999999999999999999",
            "123456789012345678901",
        ] {
            assert!(parse(&format!("{{\"a\": [{given}]}}")).is_err(), "{given}");
        }
        let said = parse(r#"{"rate": 0.1, "more": 0.10000000000000000001}"#).unwrap_err();
        assert!(said.contains("0.10000000000000000001, which can't be kept exactly"), "{said}");
        assert!(parse(r#"{"a": "18446744073709551616\"1e999"}"#).is_ok(), "digits in a string are none");
    }

    #[test]
    fn what_is_not_one_value_is_refused() {
        for (given, said) in [
            ("", "EOF"),
            ("{\"a\":1} x", "trailing"),
            ("{'a':1}", "key must be a string"),
            ("{\"a\":1,\"b\":{},\"a\":2}", "the key \"a\" is there twice"),
            ("[{\"x\":{\"k\":1,\"k\":1}}]", "the key \"k\" is there twice"),
            ("\"\\ud800\"", "must be JSON"),
            (&"[".repeat(200), "recursion limit"),
        ] {
            let problem = parse(given).unwrap_err();
            assert!(problem.contains(said), "{given}: {problem}");
        }
        assert!(parse(&" ".repeat(MAX_TEXT_BYTES + 1)).unwrap_err().contains("at most"));
    }

    #[test]
    fn keys_are_sorted_by_utf_16_and_order_is_no_content() {
        let given = "{\"\u{10000}\": 1, \"\u{ffff}\": 2, \"b\": {\"y\": [], \"x\": {}}, \"a\": [null, true, \"\\n\"]}";
        let text = canonical(&parse(given).unwrap());
        assert_eq!(
            text,
            "{\"a\":[null,true,\"\\n\"],\"b\":{\"x\":{},\"y\":[]},\"\u{10000}\":1,\"\u{ffff}\":2}"
        );
        assert_eq!(parse("{\"a\":1,\"b\":2}"), parse("{\"b\":2,\"a\":1.0}"));
    }

    fn value() -> impl Strategy<Value = Value> {
        let number = prop_oneof![
            any::<i64>().prop_map(Number::from),
            any::<u64>().prop_map(Number::from),
            any::<f64>().prop_filter_map("finite", Number::from_f64),
        ];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            number.prop_map(Value::Number),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec((any::<String>(), inner), 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_canonical_text_reads_back_and_is_one(value in value()) {
            let text = canonical(&value);
            let read = parse(&text).unwrap();
            prop_assert_eq!(canonical(&read), text.clone());
            let mut tidied = value.clone();
            tidy(&mut tidied);
            prop_assert_eq!(&read, &tidied);
            prop_assert_eq!(canonical(&tidied), text);
            prop_assert_eq!(parse(&format!("{value:#}")).unwrap(), read);
        }
    }

    #[test]
    fn depth_counts_objects_and_lists() {
        for (value, levels) in [(json!(1), 0), (json!({}), 1), (json!({ "a": [1, { "b": 2 }], "c": {} }), 3)]
        {
            assert_eq!(depth(&value), levels);
        }
    }
}
