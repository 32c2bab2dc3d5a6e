//! `config …`: JSON documents of a product's own kinds.

use std::collections::BTreeMap;

use clap::Subcommand;
use sandbar_client::v1::get_config_request::Config as Wanted;
use sandbar_client::v1::{
    Config, DeleteConfigRequest, GetConfigRequest, ListConfigsRequest, PutConfigRequest,
};
use serde_json::{Value, value::RawValue};

use super::put::PutArgs;
use crate::failure::Failure;
use crate::json::{from_json, to_json};
use crate::output::{confirm, result};
use crate::render::{tables, visible};
use crate::resolve::uuid;
use crate::session::Session;

const DOCUMENT: &str = r#"The JSON of a config, which `get` prints and `put` takes:

  {
    "id": "<uuid>",                            left out: a new config
    "kind": "journey",
    "name": "Solar roof",
    "value": { "steps": [{ "id": "intro", "title": "Hi" }] },
    "references": [{ "kind": "workflow", "id": "<uuid>" }]
  }

A kind is a lower-case word of your product. References name what the config needs, of the kinds workflow, collection,
credential_link, config and keychain; they must exist. A merge combines two versions of a value key by key, and lists of objects
that all have an `id` (or a `key`) entry by entry. What `get` prints beyond this (revision, etag, updated) is not
written, except that `put` sends the etag, so that it is refused when someone else wrote in between; --force replaces
it anyway."#;

/// `config …`.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// List a project's configs by kind and name
    List {
        /// The project
        project: String,
        /// Only those of this kind
        #[arg(long, default_value = "", hide_default_value = true)]
        kind: String,
    },
    /// Print a config as JSON, as `put` takes it
    #[command(after_long_help = DOCUMENT)]
    Get {
        /// The project
        project: String,
        /// The config's id, or kind/name
        config: String,
        /// As it was at this revision of the project
        #[arg(long, default_value_t = 0, hide_default_value = true)]
        revision: i64,
    },
    /// Make a config of a JSON document, or replace it
    #[command(after_long_help = DOCUMENT)]
    Put(PutArgs),
    /// Delete a config
    Delete {
        /// The project
        project: String,
        /// The config's id, or kind/name
        config: String,
        /// Don't ask
        #[arg(short, long)]
        yes: bool,
    },
}

/// Runs one.
pub(crate) async fn run(session: &Session, command: ConfigCommand) -> Result<(), Failure> {
    match command {
        ConfigCommand::List { project, kind } => list(session, &project, kind).await,
        ConfigCommand::Get { project, config, revision } => {
            let project_id = session.project(&project).await?;
            let found = find(session, &project_id, &config, revision).await?;
            result(&format!("{:#}", show(&found)?))
        }
        ConfigCommand::Put(args) => put(session, args).await,
        ConfigCommand::Delete { project, config, yes } => delete(session, &project, &config, yes).await,
    }
}

async fn list(session: &Session, project: &str, kind: String) -> Result<(), Failure> {
    let project_id = session.project(project).await?;
    let request = ListConfigsRequest { project_id, kind, page_size: 500, ..Default::default() };
    let configs = session.client.list(request).all().await?;
    session.out.list(&configs, |configs| tables::configs(configs, session.now))
}

/// The config that an id or `kind/name` means. A revision can only be asked for by id.
async fn find(session: &Session, project_id: &str, config: &str, revision: i64) -> Result<Config, Failure> {
    let get = async |wanted, revision| {
        let request = GetConfigRequest { project_id: project_id.to_owned(), revision, config: Some(wanted) };
        let answer = session.client.configs().get_config(request).await?;
        Ok::<_, Failure>(answer.config.unwrap_or_default())
    };
    if let Some(id) = uuid(config) {
        return get(Wanted::ConfigId(id), revision).await;
    }
    let now = get(Wanted::ConfigName(config.to_owned()), 0).await?;
    if revision == 0 { Ok(now) } else { get(Wanted::ConfigId(now.id), revision).await }
}

async fn put(session: &Session, args: PutArgs) -> Result<(), Failure> {
    let config = parse(&args.read()?)?;
    let etag = args.expects(&config.etag);
    let request = PutConfigRequest {
        project_id: session.project(&args.project).await?,
        config: Some(config),
        etag,
        validate_only: args.validate_only,
        ..Default::default()
    };
    let answer = session.client.configs().put_config(request).await?;
    let config = answer.config.unwrap_or_default();
    session.out.show(&config, || {
        let name = format!("{}/{}", config.kind, config.name);
        format!("{}  {}  revision {}", visible(&name), config.id, config.revision)
    })
}

async fn delete(session: &Session, project: &str, config: &str, yes: bool) -> Result<(), Failure> {
    let project_id = session.project(project).await?;
    let found = find(session, &project_id, config, 0).await?;
    let name = format!("{}/{}", found.kind, found.name);
    if !yes && confirm(&format!("Delete the config {name:?} in {project}?"))? == Some(false) {
        return Err(Failure::Here("nothing was deleted".to_owned()));
    }
    let request = DeleteConfigRequest { project_id, config_id: found.id.clone(), ..Default::default() };
    let answer = session.client.configs().delete_config(request).await?;
    session.out.show(&answer, || {
        let (revision, id) = (answer.revision, &found.id);
        let shown = match revision - 1 {
            // There is nothing before a project's first revision but what its parent shows.
            0 => String::new(),
            before => format!("; `sandbar config get --revision {before}` with its id {id} shows it"),
        };
        format!("deleted at revision {revision}{shown}")
    })
}

/// A config with its value as JSON. No digit is lost: the server keeps no number that would need more.
fn show(config: &Config) -> Result<Value, Failure> {
    let mut shown = to_json(config)?;
    let value = serde_json::from_str(&config.value)
        .map_err(|error| Failure::Here(format!("the server sent a value that is not JSON: {error}")))?;
    if let Value::Object(members) = &mut shown {
        members.insert("value".to_owned(), value);
    }
    Ok(shown)
}

/// Reads what `get` prints. The value goes to the server as it is written, so that nothing in it is rounded on the way.
fn parse(text: &str) -> Result<Config, Failure> {
    let members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(text)
        .map_err(|error| Failure::Usage(format!("the document is not a JSON object: {error}")))?;
    let member = |(name, raw): (String, Box<RawValue>)| {
        let value = match name.as_str() {
            "value" => Value::from(raw.get()),
            _ => serde_json::from_str(raw.get()).unwrap_or_default(),
        };
        (name, value)
    };
    from_json(Value::Object(members.into_iter().map(member).collect()))
}

#[cfg(test)]
mod tests {
    use sandbar_client::v1::{ResourceKey, ResourceKind};

    use super::*;

    #[test]
    fn the_example_of_the_help_is_a_config() {
        let (start, end) = (DOCUMENT.find('{').unwrap(), DOCUMENT.find("\n\nA kind").unwrap());
        let json = DOCUMENT[start..end].replace("left out: a new config", "");
        let config = parse(&json).unwrap();
        assert_eq!(
            (config.kind.as_str(), config.name.as_str(), config.references.len()),
            ("journey", "Solar roof", 1)
        );
    }

    #[test]
    fn what_get_prints_put_accepts_and_no_digit_is_lost() {
        let config = Config {
            id: "c".into(),
            kind: "journey".into(),
            name: "Solar".into(),
            value: r#"{"big":18446744073709551615,"small":5e-324,"text":"1"}"#.into(),
            references: vec![ResourceKey { kind: ResourceKind::CredentialLink.into(), id: "l".into() }],
            ..Default::default()
        };
        let shown = format!("{:#}", show(&config).unwrap());
        let read = parse(&shown).unwrap();
        let compact: Value = serde_json::from_str(&read.value).unwrap();
        assert_eq!(compact.to_string(), config.value);
        assert_eq!(Config { value: config.value.clone(), ..read }, config);
        let exact = parse(r#"{"value": {"a": 0.10000000000000000001, "a": 1}}"#).unwrap();
        assert_eq!(exact.value, r#"{"a": 0.10000000000000000001, "a": 1}"#);
        assert!(parse(r#"{"valeu": {}}"#).is_err());
    }
}
