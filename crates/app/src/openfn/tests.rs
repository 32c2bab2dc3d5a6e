//! Tests of both ways together, and what they share.

mod configs;
pub(super) mod digest;
mod histories;
mod hostile;
mod keychains;
mod mapping;
mod spec;
mod stream;
mod text;

use std::collections::BTreeMap;

use sandbar_model::{
    PrincipalId, Project, ProjectId, ResourceId, Result, Revision, Time,
    project::{Profile, Settings},
};
use uuid::Uuid;

use super::{Head, Piece, Shape, Stamps, StateWriter, read};

/// Ids for what has none: 1, 2, 3 …
fn ids() -> impl FnMut() -> Uuid {
    let mut last = 0;
    move || {
        last += 1;
        Uuid::from_u128(last)
    }
}

fn read_all(document: &[u8]) -> Result<(Head, Vec<Piece>)> {
    let mut pieces = Vec::new();
    let head = read(document, ids(), |piece| {
        pieces.push(piece);
        Ok(())
    })?;
    Ok((head, pieces))
}

/// The only piece of a document with one workflow, as `{"workflows": {"w": …}}`.
pub(super) fn read_workflow(workflow: &str) -> Result<super::WorkflowPiece> {
    let (_, pieces) = read_all(format!(r#"{{"workflows": {{"w": {workflow}}}}}"#).as_bytes())?;
    match pieces.into_iter().next() {
        Some(Piece::Workflow(piece)) => Ok(piece),
        other => panic!("{other:?}"),
    }
}

fn write_all(head: &Head, pieces: &[Piece]) -> Vec<u8> {
    let mut writer = StateWriter::begin(Vec::new(), &project(head), Shape::Keyed).unwrap();
    for piece in in_order(pieces) {
        match piece {
            Piece::CredentialLink { id, link, .. } => writer.credential(given(*id), link),
            Piece::Collection { id, collection, .. } => writer.collection(given(*id), collection),
            Piece::Workflow(piece) => {
                let stamps = Stamps { lock_version: piece.lock_version, ..Stamps::default() };
                let enabled = |id| piece.enabled.get(&id).copied().unwrap_or(false);
                writer.workflow(given(piece.id), &piece.workflow, &enabled, stamps)
            }
            Piece::Config { id, config, .. } => writer.config(given(*id), config),
            Piece::Keychain { id, keychain, .. } => writer.keychain(given(*id), keychain),
        }
        .unwrap();
    }
    writer.finish().unwrap()
}

fn given(id: Option<ResourceId>) -> ResourceId {
    id.expect("the document names it")
}

/// In the order in which they are written.
fn in_order(pieces: &[Piece]) -> Vec<&Piece> {
    let mut pieces: Vec<_> = pieces.iter().collect();
    pieces.sort_by_key(|piece| match piece {
        Piece::CredentialLink { .. } => 1,
        Piece::Collection { .. } => 2,
        Piece::Workflow(_) => 3,
        Piece::Config { .. } => 4,
        Piece::Keychain { .. } => 5,
    });
    pieces
}

/// A root project as the head says.
fn project(head: &Head) -> Project {
    let id = head.id.unwrap_or(ProjectId(Uuid::nil()));
    let mut profile = Profile {
        name: head.name.clone().unwrap_or_default(),
        description: String::new(),
        color: String::new(),
        environment: String::new(),
        settings: Settings::default(),
    };
    head.apply(&mut profile);
    Project {
        id,
        root: id,
        fork: None,
        depth: 0,
        head: Revision(0),
        version: 1,
        profile,
        workflow_count: 0,
        collection_count: 0,
        scheduled: None,
        expire_time: None,
        create_time: Time(1_741_591_701_000_000),
        update_time: Time(1_742_291_193_962_751),
        creator: PrincipalId(Uuid::nil()),
        trigger_version: 0,
    }
}

/// The real projects, by file name.
fn histories() -> BTreeMap<String, Vec<u8>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/histories");
    let mut files = BTreeMap::new();
    for project in std::fs::read_dir(folder).unwrap() {
        let project = project.unwrap().path();
        if project.is_dir() {
            for file in std::fs::read_dir(project).unwrap() {
                let file = file.unwrap().path();
                files.insert(file.display().to_string(), std::fs::read(&file).unwrap());
            }
        }
    }
    assert_eq!(files.len(), 91, "tests/data/histories is not complete");
    files
}
