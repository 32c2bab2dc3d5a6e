//! What `cases.rs` needs to run a case.

pub mod combining;
pub mod project;
pub mod read;

use serde_json::{Value, json};

/// What went otherwise than a case says, for a person.
pub type Outcome = Result<(), String>;

pub fn same<T: PartialEq + std::fmt::Debug>(what: &str, got: &T, wanted: &T) -> Outcome {
    if got == wanted { Ok(()) } else { Err(format!("{what}:\n  got    {got:?}\n  wanted {wanted:?}")) }
}

/// Refuses what no case can say, so that nothing is left unchecked because it was misspelt.
pub fn only(value: &Value, known: &[&str]) {
    for (key, _) in entries(value) {
        assert!(known.contains(&key.as_str()), "{key} is nothing that this part of a case has");
    }
}

pub fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// Absent is empty.
pub fn list(value: &Value) -> Value {
    if value.is_null() { json!([]) } else { value.clone() }
}

pub fn words(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().map(|word| word.as_str().expect("a word"))
}
