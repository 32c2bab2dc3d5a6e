//! `collection …`: keys and values that steps keep between runs.

mod items;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use sandbar_client::v1::get_collection_request::Collection as Wanted;
use sandbar_client::v1::{
    Collection, CreateCollectionRequest, DeleteCollectionRequest, GetCollectionRequest,
    ListCollectionsRequest, UpdateCollectionRequest,
};

use crate::failure::Failure;
use crate::output::confirm;
use crate::render::{count, tables, visible};
use crate::resolve::uuid;
use crate::session::Session;

const PATTERN: &str = r"In a pattern `*` stands for any text, also none; everything else stands for itself. Quote it, so that the shell leaves it
alone:

  sandbar collection items acme patients 'clinic-7:*'
  sandbar collection remove acme patients '*' --updated-before 30d

A time is as in 2026-11-22T01:02:03Z, or how long ago it was: 90m, 7d.";

const ITEMS: &str = r#"A value is a text, mostly JSON, of at most 1,000,000 characters. It is read from a file or from standard input:

  echo '{"seen": true}' | sandbar collection set acme patients p-17 -

With --items the file is one JSON object: each of its members is an item, whose value is the member's JSON text as it
stands in the file. It goes to the server in parts of up to 10,000 items, each of which is written whole or not at all.

  { "p-17": {"seen": true}, "p-18": "text" }"#;

/// `collection …`.
#[derive(Debug, Subcommand)]
pub(crate) enum CollectionCommand {
    /// List a project's collections, with how much each holds
    List {
        /// The project
        project: String,
    },
    /// Show a collection
    Show {
        #[command(flatten)]
        place: Place,
    },
    /// Make a collection
    Create {
        /// The project
        project: String,
        /// Its name
        name: String,
    },
    /// Rename a collection. Its items stay
    Rename {
        #[command(flatten)]
        place: Place,
        /// Its new name
        name: String,
    },
    /// Delete a collection with its items, for good
    Delete {
        #[command(flatten)]
        place: Place,
        /// Say what would go, and change nothing
        #[arg(long)]
        dry_run: bool,
        /// Don't ask
        #[arg(short, long)]
        yes: bool,
    },
    /// List a collection's items by key
    #[command(after_long_help = PATTERN)]
    Items {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        filter: FilterArgs,
    },
    /// Print the value of an item
    Get {
        #[command(flatten)]
        place: Place,
        /// Its key, as it is
        key: String,
    },
    /// Make items or replace their values
    #[command(after_long_help = ITEMS)]
    Set {
        #[command(flatten)]
        place: Place,
        /// The item's key
        #[arg(required_unless_present = "items")]
        key: Option<String>,
        /// The file with its value, or - for standard input
        #[arg(required_unless_present = "items")]
        file: Option<PathBuf>,
        /// Many items: a JSON file, or - for standard input
        #[arg(long, value_name = "FILE", conflicts_with_all = ["key", "file"])]
        items: Option<PathBuf>,
    },
    /// Delete the items whose key fits
    #[command(after_long_help = PATTERN)]
    Remove {
        #[command(flatten)]
        place: Place,
        /// The key, or a pattern
        pattern: String,
        /// It is a key, also with a `*` in it
        #[arg(long, conflicts_with_all = ["created_before", "created_after", "updated_before", "updated_after"])]
        exact: bool,
        #[command(flatten)]
        times: TimeArgs,
        /// Say how many would go, and change nothing
        #[arg(long)]
        dry_run: bool,
        /// Don't ask
        #[arg(short, long)]
        yes: bool,
    },
}

/// Which collection.
#[derive(Args, Debug)]
pub(crate) struct Place {
    /// The project
    project: String,
    /// The collection's id or name
    collection: String,
}

/// Which items a list has.
#[derive(Args, Debug)]
pub(crate) struct FilterArgs {
    /// Only those whose key fits
    #[arg(default_value = "*", hide_default_value = true)]
    pattern: String,
    #[command(flatten)]
    times: TimeArgs,
}

/// Which times items have.
#[derive(Args, Debug)]
pub(crate) struct TimeArgs {
    /// Only those made before then
    #[arg(long, value_name = "TIME")]
    created_before: Option<String>,
    /// Only those made after then
    #[arg(long, value_name = "TIME")]
    created_after: Option<String>,
    /// Only those last written before then
    #[arg(long, value_name = "TIME")]
    updated_before: Option<String>,
    /// Only those last written after then
    #[arg(long, value_name = "TIME")]
    updated_after: Option<String>,
}

/// Runs one.
pub(crate) async fn run(session: &Session, command: CollectionCommand) -> Result<(), Failure> {
    match command {
        CollectionCommand::List { project } => list(session, &project).await,
        CollectionCommand::Show { place } => {
            let (_, found) = find(session, &place).await?;
            session.out.show(&found, || tables::collection(&found, session.now))
        }
        CollectionCommand::Create { project, name } => create(session, &project, name).await,
        CollectionCommand::Rename { place, name } => rename(session, &place, name).await,
        CollectionCommand::Delete { place, dry_run, yes } => delete(session, &place, dry_run, yes).await,
        CollectionCommand::Items { place, filter } => items::list(session, &place, filter).await,
        CollectionCommand::Get { place, key } => items::get(session, &place, key).await,
        CollectionCommand::Set { place, key, file, items: many } => {
            items::set(session, &place, key.zip(file), many).await
        }
        CollectionCommand::Remove { place, pattern, exact, times, dry_run, yes } => {
            let removal = items::Removal { pattern, exact, times, dry_run, yes };
            items::remove(session, &place, removal).await
        }
    }
}

async fn list(session: &Session, project: &str) -> Result<(), Failure> {
    let project_id = session.project(project).await?;
    let request = ListCollectionsRequest { project_id, page_size: 500, ..Default::default() };
    let found = session.client.list(request).all().await?;
    session.out.list(&found, |found| tables::collections(found, session.now))
}

/// The project's id, and the collection that an id or a name means there.
async fn find(session: &Session, place: &Place) -> Result<(String, Collection), Failure> {
    let project_id = session.project(&place.project).await?;
    let wanted = match uuid(&place.collection) {
        Some(id) => Wanted::CollectionId(id),
        None => Wanted::CollectionName(place.collection.clone()),
    };
    let request = GetCollectionRequest { project_id: project_id.clone(), collection: Some(wanted) };
    let answer = session.client.collections().get_collection(request).await?;
    Ok((project_id, answer.collection.unwrap_or_default()))
}

async fn create(session: &Session, project: &str, name: String) -> Result<(), Failure> {
    let request = CreateCollectionRequest {
        project_id: session.project(project).await?,
        collection: Some(Collection { name, ..Default::default() }),
        ..Default::default()
    };
    let answer = session.client.collections().create_collection(request).await?;
    let made = answer.collection.unwrap_or_default();
    session.out.show(&made, || format!("{}  {}", visible(&made.name), made.id))
}

async fn rename(session: &Session, place: &Place, name: String) -> Result<(), Failure> {
    let (project_id, found) = find(session, place).await?;
    let (collection_id, etag) = (found.id, found.etag);
    let request = UpdateCollectionRequest { project_id, collection_id, name, etag, ..Default::default() };
    let answer = session.client.collections().update_collection(request).await?;
    let renamed = answer.collection.unwrap_or_default();
    session.out.show(&renamed, || format!("{}  {}", visible(&renamed.name), renamed.id))
}

async fn delete(session: &Session, place: &Place, dry_run: bool, yes: bool) -> Result<(), Failure> {
    let (project_id, found) = find(session, place).await?;
    let items = count(found.item_count, "item", "items");
    let question = format!("Delete the collection {:?} in {} with its {items}?", found.name, place.project);
    if !yes && !dry_run && confirm(&question)? == Some(false) {
        return Err(Failure::Here("nothing was deleted".to_owned()));
    }
    let request = DeleteCollectionRequest {
        project_id,
        collection_id: found.id,
        etag: found.etag,
        validate_only: dry_run,
        ..Default::default()
    };
    let answer = session.client.collections().delete_collection(request).await?;
    session.out.show(&answer, || {
        let items = count(answer.item_count, "item", "items");
        if dry_run {
            format!("would be deleted with {items}")
        } else {
            format!("deleted at revision {} with {items}", answer.revision)
        }
    })
}
