//! An edge in a step's `next`: an object, or `true` and `false` in its place.

use std::fmt;

use serde::de::{Error, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// An edge.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Edge {
    pub(crate) disabled: bool,
    /// `always`, `on_job_success`, `on_job_failure`, `never`, or an expression.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) condition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<String>,
    /// Only in a project file.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(crate) openfn: Map<String, Value>,
}

impl Edge {
    /// What Sandbar keeps of the condition: its type, and the expression of one that is none of the words.
    pub(crate) fn condition_type(&self, usual: &'static str) -> (&str, Option<&str>) {
        match self.condition.as_deref() {
            None | Some("never") => (usual, None),
            Some(word @ ("always" | "on_job_success" | "on_job_failure")) => (word, None),
            Some(expression) => ("js_expression", Some(expression)),
        }
    }

    /// Whether it is ever followed.
    pub(crate) fn is_enabled(&self) -> bool {
        !self.disabled && self.condition.as_deref() != Some("never")
    }
}

#[derive(Deserialize)]
struct Whole {
    #[serde(default)]
    disabled: bool,
    #[serde(default)]
    condition: Condition,
    #[serde(default)]
    label: Option<String>,
    #[serde(default)]
    openfn: Map<String, Value>,
}

#[derive(Default)]
struct Condition(Option<String>);

impl<'de> Deserialize<'de> for Edge {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EdgeVisitor)
    }
}

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ConditionVisitor)
    }
}

struct EdgeVisitor;

impl<'de> Visitor<'de> for EdgeVisitor {
    type Value = Edge;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true, false, or an object with condition, label and disabled")
    }

    fn visit_bool<E: Error>(self, always: bool) -> Result<Edge, E> {
        Ok(Edge { condition: Some(word(always)), ..Edge::default() })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Edge, A::Error> {
        let Whole { disabled, condition, label, openfn } =
            Whole::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Edge { disabled, condition: condition.0, label, openfn })
    }
}

struct ConditionVisitor;

impl Visitor<'_> for ConditionVisitor {
    type Value = Condition;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a condition: always, on_job_success, on_job_failure, never, true, false, or an expression",
        )
    }

    fn visit_bool<E: Error>(self, always: bool) -> Result<Condition, E> {
        Ok(Condition(Some(word(always))))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Condition, E> {
        if text.trim().is_empty() { self.visit_unit() } else { Ok(Condition(Some(text.to_owned()))) }
    }

    // What YAML makes of an unquoted `!state.errors` is nothing, too.
    fn visit_unit<E: Error>(self) -> Result<Condition, E> {
        Err(E::custom("the condition is empty; leave it out, and put an expression into quotes"))
    }
}

fn word(always: bool) -> String {
    if always { "always" } else { "never" }.to_owned()
}
