//! The document for people has every body as it is.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Head, Piece, histories, project, read_all, read_workflow};
use crate::openfn::SpecWriter;

#[derive(Deserialize)]
struct Spec {
    name: String,
    credentials: Option<BTreeMap<String, Credential>>,
    workflows: Option<BTreeMap<String, Workflow>>,
}

#[derive(Deserialize)]
struct Credential {
    owner: String,
}

#[derive(Deserialize)]
struct Workflow {
    name: String,
    jobs: BTreeMap<String, Job>,
    edges: BTreeMap<String, Edge>,
}

#[derive(Deserialize)]
struct Job {
    name: String,
    credential: Option<String>,
    body: String,
}

#[derive(Deserialize)]
struct Edge {
    target_job: String,
}

fn written(head: &Head, pieces: &[Piece]) -> Spec {
    let mut writer = SpecWriter::begin(Vec::new(), &project(head)).unwrap();
    for piece in super::in_order(pieces) {
        match piece {
            Piece::CredentialLink { id, link, .. } => writer.credential(id.unwrap(), link),
            Piece::Collection { collection, .. } => writer.collection(collection),
            Piece::Workflow(piece) => writer.workflow(&piece.workflow, &|_| true),
            Piece::Config { .. } | Piece::Keychain { .. } => Ok(()),
        }
        .unwrap();
    }
    let text = String::from_utf8(writer.finish().unwrap()).unwrap();
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{error}:\n{text:.2000}"))
}

#[test]
fn real_projects_come_out_whole() {
    for (file, text) in histories() {
        let (head, pieces) = read_all(&text).unwrap();
        let spec = written(&head, &pieces);
        assert_eq!(Some(spec.name), head.name, "{file}");
        let credentials = spec.credentials.unwrap_or_default();
        let workflows = spec.workflows.unwrap_or_default();
        let mut seen = 0;
        for piece in &pieces {
            let Piece::Workflow(piece) = piece else { continue };
            let workflow = workflows.values().find(|one| one.name == piece.workflow.name).unwrap();
            assert_eq!(
                (workflow.jobs.len(), workflow.edges.len()),
                (piece.workflow.jobs.len(), piece.workflow.edges.len())
            );
            assert!(
                workflow.edges.values().all(|edge| workflow.jobs.contains_key(&edge.target_job)),
                "{file}"
            );
            for job in &piece.workflow.jobs {
                let spec = workflow.jobs.values().find(|one| one.name == job.name).unwrap();
                assert!(spec.body == job.body, "{file}: {}", job.name);
                assert_eq!(
                    spec.credential.is_some(),
                    job.uses.is_some() && !credentials.is_empty(),
                    "{file}"
                );
                assert!(spec.credential.iter().all(|key| credentials[key].owner.contains('@')), "{file}");
            }
            seen += 1;
        }
        assert_eq!(seen, workflows.len(), "{file}");
    }
}

#[test]
fn bodies_that_yaml_could_lose_are_kept() {
    for body in [
        "",
        "\n",
        " \n\n ",
        "a\r\nb\r\n",
        "\ta\n",
        "  a\n b",
        "a\n\n\n",
        "- x: &y *z # !",
        "\u{feff}a",
        "a\u{85}b",
        "\u{7}",
    ] {
        let text = serde_json::json!({ "name": "w", "jobs": [{ "name": "j", "body": body }] }).to_string();
        let piece = Piece::Workflow(read_workflow(&text).unwrap());
        let spec = written(&Head { name: Some("p".to_owned()), ..Head::default() }, &[piece]);
        assert_eq!(spec.workflows.unwrap()["w"].jobs["j"].body, body, "{body:?}");
    }
}

#[test]
fn what_is_empty_is_there() {
    let spec = written(&Head { name: Some("no: \"name\"".to_owned()), ..Head::default() }, &[]);
    assert_eq!(spec.name, "no: \"name\"");
    assert!(spec.credentials.is_none() && spec.workflows.is_none());
}
