//! What a caller chose, as it is kept with the record of a merge.

use std::collections::BTreeMap;

use sandbar_merge::{Choices, Decision, Plan, Selector, combine::Resolution};
use sandbar_model::{Error, Kind, ResourceId, Result};
use serde::{Deserialize, Serialize};

/// What a caller chose.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Chosen {
    /// Started from the defaults rather than from nothing.
    pub defaults: bool,
    /// Whether to schedule the source for deletion; none: as is usual.
    #[serde(default)]
    pub retire: Option<bool>,
    /// What differed from that start.
    pub choices: Vec<Choice>,
    /// How conflicts were settled.
    pub settled: Vec<Settled>,
}

/// What was to be done with one resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// As the caller named it.
    pub resource: Named,
    /// What to do.
    pub decision: Decision,
}

/// How a caller named a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Named {
    /// By its key.
    Key {
        /// With the id, its key.
        kind: Kind,
        /// As the plan listed it.
        id: ResourceId,
    },
    /// A workflow by its name.
    Name(String),
}

/// How the conflicts of one resource were settled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settled {
    /// With the id, its key in the target.
    pub kind: Kind,
    /// The target's.
    pub id: ResourceId,
    /// By path.
    pub resolutions: BTreeMap<String, Resolution>,
}

/// What is kept: the choices as they came, and how each conflict of the plan was settled, by the target's key. By the
/// caller's own words it could not be told later which resource was meant.
pub(super) fn write(choices: &Choices, retire: Option<bool>, plan: &Plan) -> Result<String> {
    let choice = |(selector, decision): &(Selector, Decision)| Choice {
        resource: match selector {
            Selector::Key(kind, id) => Named::Key { kind: *kind, id: *id },
            Selector::WorkflowName(name) => Named::Name(name.clone()),
        },
        decision: *decision,
    };
    let settled = plan.selected().map(|item| {
        let settled = item.conflicts.iter().filter_map(|conflict| {
            conflict.resolution.clone().map(|resolution| (conflict.path.clone(), resolution))
        });
        Settled { kind: item.kind, id: item.target_id, resolutions: settled.collect() }
    });
    let chosen = Chosen {
        defaults: choices.defaults,
        retire,
        choices: choices.choices.iter().map(choice).collect(),
        settled: settled.filter(|settled| !settled.resolutions.is_empty()).collect(),
    };
    serde_json::to_string(&chosen).map_err(|_| Error::Bug("choices that can't be kept"))
}

/// What was kept.
///
/// # Errors
/// [`Error::Storage`] for what no version of this wrote.
pub(super) fn read(kept: &str) -> Result<Chosen> {
    serde_json::from_str(kept).map_err(|error| Error::Storage(error.into()))
}

#[cfg(test)]
mod tests {
    use sandbar_merge::combine::ClashResolution;

    use super::*;

    #[test]
    fn what_is_kept_is_read() {
        let id: ResourceId = uuid::Uuid::max().into();
        let resolutions = BTreeMap::from([
            ("name".to_owned(), Resolution::Value("x".into())),
            ("body".to_owned(), Resolution::Clashes(vec![ClashResolution::Text("t\n".into())])),
        ]);
        let chosen = Chosen {
            defaults: true,
            retire: Some(false),
            choices: vec![
                Choice { resource: Named::Name(format!("workflow {id}")), decision: Decision::Leave },
                Choice { resource: Named::Key { kind: Kind::Collection, id }, decision: Decision::Take },
            ],
            settled: vec![Settled { kind: Kind::Workflow, id, resolutions }],
        };
        assert_eq!(read(&serde_json::to_string(&chosen).unwrap()).unwrap(), chosen);
        assert!(read("{}").is_err());
    }
}
