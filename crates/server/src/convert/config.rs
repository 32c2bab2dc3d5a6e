//! Configs from the wire and to it.

use sandbar_app::view::{ConfigSummary, ConfigView, Stamp};
use sandbar_model::{Config, Kind, ResourceId, config::Reference, json};
use serde_json::Value;
use uuid::Uuid;

use super::{
    Fields,
    common::{key_to_wire, stamp_to_wire},
};
use crate::wire;

impl Fields {
    /// A config as a caller sends it, and its id: a new one where it has none.
    pub fn config(
        &mut self,
        field: &str,
        config: wire::Config,
        new_id: impl FnOnce() -> Uuid,
    ) -> (ResourceId, Config) {
        let wire::Config { id, kind, name, value, references, .. } = config;
        let id = self.optional_id(&format!("{field}.id"), &id).unwrap_or_else(|| ResourceId(new_id()));
        let value = json::parse(&value).unwrap_or_else(|problem| {
            self.add(format!("{field}.value"), problem);
            Value::default()
        });
        let references = references.into_iter().enumerate().map(|(at, key)| {
            let (kind, id): (Kind, ResourceId) = self.key(&format!("{field}.references[{at}]"), Some(key));
            Reference { kind, id }
        });
        (id, Config { kind, name, references: references.collect(), value })
    }
}

/// A config, whole.
pub fn config_to_wire(view: ConfigView) -> wire::Config {
    let Config { kind, name, references, value } = view.config;
    wire::Config {
        id: view.id.to_string(),
        kind,
        name,
        value: json::canonical(&value),
        references: references.into_iter().map(|one| key_to_wire(one.kind, one.id)).collect(),
        revision: view.revision.0,
        etag: view.hash.to_string(),
        updated: Some(stamp(&view.updated)),
    }
}

/// A config in a list.
pub fn config_summary_to_wire(row: ConfigSummary) -> wire::ConfigSummary {
    wire::ConfigSummary {
        id: row.id.to_string(),
        kind: row.kind,
        name: row.name,
        revision: row.revision.0,
        etag: row.hash.to_string(),
        updated: Some(stamp(&row.updated)),
    }
}

fn stamp(stamp: &Stamp) -> wire::Stamp {
    stamp_to_wire(stamp.time, stamp.actor.id, &stamp.actor.name)
}

#[cfg(test)]
mod tests {
    use sandbar_app::view::Actor;
    use sandbar_model::{ContentHash, PrincipalId, Revision, Time};

    use super::*;

    fn sent() -> wire::Config {
        wire::Config {
            kind: "journey".to_owned(),
            name: "Solar".to_owned(),
            value: "{\"b\": 18446744073709551615, \"a\": [1.0]}".to_owned(),
            references: vec![key_to_wire(Kind::Workflow, ResourceId(Uuid::from_u128(7)))],
            ..wire::Config::default()
        }
    }

    #[test]
    fn what_is_read_comes_back_with_every_digit() {
        let mut fields = Fields::default();
        let (id, config) = fields.config("config", sent(), || Uuid::from_u128(3));
        fields.finish(()).unwrap();
        let view = ConfigView {
            id,
            config,
            revision: Revision(5),
            hash: ContentHash::of(b"x"),
            updated: Stamp {
                time: Time(0),
                actor: Actor { id: PrincipalId(Uuid::nil()), name: "ann".to_owned() },
            },
        };
        let answered = config_to_wire(view);
        assert_eq!(answered.value, "{\"a\":[1],\"b\":18446744073709551615}");
        assert_eq!((answered.id, answered.revision), (Uuid::from_u128(3).to_string(), 5));
        assert_eq!(
            (answered.kind, answered.name, answered.references),
            ("journey".into(), "Solar".into(), sent().references)
        );
    }

    #[test]
    fn everything_malformed_is_named() {
        let mut fields = Fields::default();
        let sent = wire::Config {
            id: "7".to_owned(),
            value: "{\"a\":1,\"a\":2}".to_owned(),
            references: vec![wire::ResourceKey::default()],
            ..sent()
        };
        fields.config("config", sent, Uuid::nil);
        let error = fields.finish(()).unwrap_err().to_string();
        for field in [
            "config.id",
            "config.value: must be JSON: the key \"a\"",
            "config.references[0].kind",
            "config.references[0].id",
        ] {
            assert!(error.contains(field), "{field}: {error}");
        }
    }
}
