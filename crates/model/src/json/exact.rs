//! Which numbers of a text can be kept as they are.

use serde_json::Number;

/// The first number of a valid JSON text that would become another one.
pub(super) fn inexact(text: &str) -> Option<&str> {
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c == '"' || c == '-' || c.is_ascii_digit()) {
        let (_, from) = rest.split_at(start);
        if let Some(string) = from.strip_prefix('"') {
            rest = after_string(string);
            continue;
        }
        let end = from.find(|c: char| !"+-.eE0123456789".contains(c)).unwrap_or(from.len());
        let (number, after) = from.split_at(end);
        if !is_exact(number) {
            return Some(number);
        }
        rest = after;
    }
    None
}

/// What follows a string of which the opening quote was read.
fn after_string(text: &str) -> &str {
    let mut escaped = false;
    let end = text.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    end.and_then(|end| text.get(end + 1..)).unwrap_or_default()
}

fn is_exact(text: &str) -> bool {
    let kept: Result<Number, _> = text.parse();
    kept.is_ok_and(|kept| {
        Decimal::of(text).is_some_and(|given| Decimal::of(&kept.to_string()) == Some(given))
    })
}

/// A number of JSON, taken apart: two are equal when the numbers are.
#[derive(PartialEq)]
struct Decimal {
    negative: bool,
    /// Without zeros at either end. Empty: zero.
    digits: String,
    /// Of the last digit.
    exponent: i64,
}

impl Decimal {
    /// None: its exponent is beyond all bounds.
    fn of(text: &str) -> Option<Self> {
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        let digits = all.trim_start_matches('0').trim_end_matches('0');
        if digits.is_empty() {
            return Some(Self { negative: false, digits: String::new(), exponent: 0 });
        }
        let zeros = all.len() - all.trim_end_matches('0').len();
        let shift = i64::try_from(zeros).ok()?.checked_sub(i64::try_from(fraction.len()).ok()?)?;
        let exponent = exponent.parse::<i64>().ok()?.checked_add(shift)?;
        Some(Self { negative, digits: digits.to_owned(), exponent })
    }
}
