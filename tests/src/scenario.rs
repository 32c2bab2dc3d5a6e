//! Scenarios: stories told in YAML over the wire. `tests/scenarios/README.md` describes the format.

mod matching;
mod run;
mod values;
mod variant;
mod wire;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

pub use run::run;
pub use variant::{Variant, variants};
pub use wire::{Call, MethodInfo, call, methods, reasons};

/// One file of scenarios.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// What it is about, for a reader.
    pub about: String,
    /// Flags of the server that it needs.
    #[serde(default)]
    pub server: Vec<String>,
    /// Values that its scenarios share, as variables.
    #[serde(default)]
    pub values: BTreeMap<String, Value>,
    /// Steps that its scenarios share, by name.
    #[serde(default)]
    pub stages: BTreeMap<String, Vec<Step>>,
    /// The stories.
    pub scenarios: Vec<Scenario>,
}

/// What every file can use: the cast, and values and stages by name.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shared {
    /// For a reader.
    pub about: String,
    /// Who there is. Each scenario has people of its own by these names.
    pub actors: BTreeMap<String, Actor>,
    /// As in a file.
    #[serde(default)]
    pub values: BTreeMap<String, Value>,
    /// As in a file.
    #[serde(default)]
    pub stages: BTreeMap<String, Vec<Step>>,
}

/// What an actor is.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A person.
    User,
    /// A program.
    ServiceAccount,
    /// A person of the operator's.
    Support,
    /// The service administrator whose token the server was started with. The same one in every scenario.
    Administrator,
}

/// One story.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What holds, in a sentence.
    pub title: String,
    /// Stages that are played first.
    #[serde(default)]
    pub given: Vec<String>,
    /// What happens.
    pub steps: Vec<Step>,
}

/// One call and what comes of it, or something done to the world.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What it is for, where the call does not say it.
    #[serde(default)]
    pub say: String,
    /// Who calls.
    #[serde(default, rename = "as")]
    pub actor: As,
    /// `Service/Method`.
    #[serde(default)]
    pub call: String,
    /// The request.
    #[serde(default)]
    pub with: Option<Value>,
    /// Sent in chunks after the header of an import: text as it is, anything else as JSON.
    #[serde(default)]
    pub document: Option<Value>,
    /// The same out of a file below `tests`.
    #[serde(default)]
    pub document_file: Option<PathBuf>,
    /// Parts of the answer.
    #[serde(default)]
    pub expect: Option<Value>,
    /// Why it is refused.
    #[serde(default)]
    pub refuse: Option<Refuse>,
    /// A field of the request that names something: the refusal must be what a name of nothing gets, byte for byte.
    #[serde(default)]
    pub like_missing: Option<String>,
    /// Call again with the same request: the answer must be the same.
    #[serde(default)]
    pub repeat: bool,
    /// Variables to make out of the answer, by path; `.` is the whole.
    #[serde(default)]
    pub save: BTreeMap<String, String>,
    /// Instead of a call.
    #[serde(default, rename = "do")]
    pub act: Option<Act>,
    /// Instead of a call: seconds to wait.
    #[serde(default)]
    pub wait: Option<f64>,
}

/// Who calls.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
pub enum As {
    /// One of the cast; or `nobody`, without a token.
    Actor(String),
    /// Whoever bears this token.
    Token {
        /// The token.
        token: String,
    },
}

impl Default for As {
    fn default() -> Self {
        Self::Actor("nobody".to_owned())
    }
}

/// What is done to the world rather than called.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// A purge worker runs until nothing is due.
    Purge,
    /// The server is stopped and started again on the same data.
    Restart,
}

/// A refusal.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Refuse {
    /// The gRPC code, such as `NOT_FOUND`.
    pub code: String,
    /// A `Reason` without its prefix.
    pub reason: String,
    /// Parts of the metadata.
    #[serde(default)]
    pub metadata: BTreeMap<String, Value>,
    /// The fields that are wrong: all of them, in any order.
    #[serde(default)]
    pub fields: Option<Vec<String>>,
    /// The message for people, or what it must hold.
    #[serde(default)]
    pub message: Option<Value>,
}

/// Where the scenarios are.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

/// Reads one file of scenarios by its name without `.yaml`.
pub fn file(name: &str) -> File {
    read(&folder().join(format!("{name}.yaml")))
}

/// Reads what all files share.
pub fn shared() -> Shared {
    read(&folder().join("shared").join("stages.yaml"))
}

/// The names of all files, without `.yaml`.
pub fn files() -> Vec<String> {
    let entries = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let yaml = entries.filter(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    let mut names: Vec<_> = yaml.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

/// Every step that a file plays: its stages and its scenarios.
pub fn steps(file: &File) -> impl Iterator<Item = &Step> {
    file.stages.values().flatten().chain(file.scenarios.iter().flat_map(|scenario| &scenario.steps))
}

fn read<T: DeserializeOwned>(path: &Path) -> T {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
