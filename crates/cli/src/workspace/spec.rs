//! Workflows as OpenFn's files have them (schema version 4.0): in a project file with bodies and UUIDs inside, in the
//! files of a workspace without.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use super::edge::Edge;

/// A workflow.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Workflow {
    /// Empty where a file has none.
    #[serde(default)]
    pub(crate) id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// The step that it begins with. Sandbar has no use for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) start: Option<String>,
    /// Its version hashes, oldest first. Only in a project file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) history: Vec<String>,
    /// What the server keeps of it beside: `uuid`, `lock_version`, `positions`, … Only in a project file.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(crate) openfn: Map<String, Value>,
    /// Sorted by id.
    pub(crate) steps: Vec<Step>,
}

/// A trigger, which has a `type`, or a job.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Step {
    #[serde(default)]
    pub(crate) id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) enabled: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) custom_path: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cron_expression: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cron_cursor_job_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) webhook_reply: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) webhook_response_config: Option<ResponseConfig>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) adaptor: Option<String>,
    /// The credential, as `owner|name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) configuration: Option<String>,
    /// The body; in a workflow's file, where the body is.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "text")]
    pub(crate) expression: Option<String>,
    /// What comes next, by the id of the step.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) next: BTreeMap<String, Edge>,
    /// Only in a project file.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(crate) openfn: Map<String, Value>,
}

/// The HTTP status codes of a webhook's answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ResponseConfig {
    #[serde(default)]
    pub(crate) success_code: Option<u16>,
    #[serde(default)]
    pub(crate) error_code: Option<u16>,
}

impl Workflow {
    /// The server's id, if it has one.
    pub(crate) fn uuid(&self) -> Option<&str> {
        uuid(&self.openfn)
    }

    /// The last of its version hashes.
    pub(crate) fn head(&self) -> Option<&String> {
        self.history.last()
    }

    /// What to call it to a person.
    pub(crate) fn title(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id)
    }

    /// What files can say of it, with steps in their order: equal for two workflows of which files would be the same.
    pub(crate) fn view(&self) -> Self {
        let mut view = Self {
            id: self.id.clone(),
            name: self.name.clone(),
            steps: self.steps.clone(),
            ..Self::default()
        };
        for step in &mut view.steps {
            step.openfn = Map::new();
            step.next.values_mut().for_each(|edge| edge.openfn = Map::new());
        }
        view.steps.sort_by(|a, b| a.id.cmp(&b.id));
        view
    }
}

impl Workflow {
    /// What its own file says of it, without its bodies.
    pub(crate) fn outline(&self) -> Self {
        let mut outline = self.view();
        for body in outline.steps.iter_mut().filter_map(|step| step.expression.as_mut()) {
            body.clear();
        }
        outline
    }
}

impl Step {
    /// The server's id, if it has one.
    pub(crate) fn uuid(&self) -> Option<&str> {
        uuid(&self.openfn)
    }

    /// The body, empty where there is none.
    pub(crate) fn body(&self) -> &str {
        self.expression.as_deref().unwrap_or_default()
    }

    /// Whether it is a trigger.
    pub(crate) fn is_trigger(&self) -> bool {
        self.kind.is_some()
    }

    /// What an edge is that does not say its condition.
    pub(crate) fn usual_condition(&self) -> &'static str {
        if self.is_trigger() { "always" } else { "on_job_success" }
    }

    /// Says everything that is left out where that has a meaning, and nothing that has none.
    pub(crate) fn tidy(&mut self) {
        let usual = self.usual_condition();
        for edge in self.next.values_mut() {
            edge.condition.get_or_insert_with(|| usual.to_owned());
            edge.label.take_if(|label| label.is_empty());
        }
        self.expression.take_if(|body| body.is_empty());
        self.configuration.take_if(|credential| credential.is_empty());
        self.webhook_response_config.take_if(|codes| *codes == ResponseConfig::default());
    }
}

/// The `uuid` of what the server keeps of something.
pub(crate) fn uuid(openfn: &Map<String, Value>) -> Option<&str> {
    openfn.get("uuid").and_then(Value::as_str)
}

/// OpenFn's reader of YAML drops a block of blank lines: such a text is quoted.
#[expect(clippy::ref_option, reason = "serde's shape")]
fn text<S: Serializer>(text: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    match text {
        Some(text) if text.trim().is_empty() => serde_saphyr::DoubleQuoted(text).serialize(serializer),
        text => text.serialize(serializer),
    }
}
