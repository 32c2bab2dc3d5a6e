//! What clients know a state by is what their own library computes.

use std::{
    collections::BTreeSet,
    io::Write,
    process::{Command, Stdio},
};

use sandbar_model::{Error, ResourceId, TriggerId, Workflow};
use serde_json::Value;

use super::{super::write::collate, Piece, histories, read_all};
use crate::openfn::digest;

/// Made with the library itself, several versions of it; see tests/data/openfn-version-hash.
fn vectors() -> Vec<(String, Value, String)> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/openfn-version-hash/vectors.json");
    let vectors: serde_json::Map<String, Value> =
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert_eq!(vectors.len(), 12);
    let vector = |(name, mut vector): (String, Value)| {
        let expected = vector["0.20.2"]["hash"].as_str().unwrap().strip_prefix("cli:").unwrap().to_owned();
        (name, vector["input"].take(), expected)
    };
    vectors.into_iter().map(vector).collect()
}

/// What the library is given in one of them, and its digest.
pub(in crate::openfn) fn vector(wanted: &str) -> (Value, String) {
    let (_, input, expected) = vectors().into_iter().find(|(name, ..)| name == wanted).unwrap();
    (input, expected)
}

fn of(input: &Value) -> Result<String, Error> {
    let (_, pieces) = read_all(input.to_string().as_bytes())?;
    let title = |id: ResourceId| {
        pieces.iter().find_map(|piece| match piece {
            Piece::CredentialLink { id: Some(link), link: content, .. } if *link == id => {
                Some(content.title())
            }
            _ => None,
        })
    };
    let piece = pieces.iter().find_map(|piece| match piece {
        Piece::Workflow(piece) => Some(piece),
        _ => None,
    });
    let piece = piece.unwrap();
    let enabled = |id: TriggerId| piece.enabled.get(&id) == Some(&true);
    Ok(digest(&piece.workflow, &enabled, &title))
}

#[test]
fn every_vector_of_the_library_has_its_digest() {
    for (name, input, digest) in vectors() {
        match name.as_str() {
            // Refused here, so no client ever gets one.
            "v12_kafka" => assert!(matches!(of(&input), Err(Error::KafkaUnsupported { .. }))),
            // The library takes triggers as they come, and they come sorted by type from here: as in the one after it.
            "v4_two_triggers_ab" => assert_eq!(of(&input).unwrap(), vector("v5_two_triggers_ba").1),
            _ => assert_eq!(of(&input).unwrap(), digest, "{name}"),
        }
    }
}

/// What collations treat in ways of their own.
const PARTS: [&str; 40] = [
    "a", "A", "ä", "à", "z", "Z", "é", "É", "e\u{301}", "ß", "ss", "œ", "oe", "ñ", "ø", "å", "1", "2", "10",
    "09", "-", "_", " ", "  ", ".", ",", "'", "\"", "(", "+", "→", "“", "…", "€", "Ω", "я", "中", "日", "🙂",
    "#",
];

/// Names of the real projects, and made of such parts.
fn names() -> Vec<String> {
    let mut names = BTreeSet::new();
    for (_, text) in histories() {
        for piece in read_all(&text).unwrap().1 {
            let Piece::Workflow(piece) = piece else { continue };
            let Workflow { name, jobs, .. } = piece.workflow;
            names.extend(jobs.iter().map(|job| job.name.clone()));
            names.extend(jobs.iter().map(|job| format!("{}-{}", name, job.name)));
        }
    }
    for (at, one) in PARTS.iter().enumerate() {
        for (step, other) in PARTS.iter().enumerate() {
            names.insert([*one, *other, PARTS[(at + 3 * step) % PARTS.len()]].concat());
        }
    }
    assert!(names.len() > 1000, "{}", names.len());
    names.into_iter().collect()
}

/// Each name with many others, so that more than the order of the whole is compared.
#[test]
fn names_are_ordered_as_node_orders_them() {
    const SCRIPT: &str = "const names = JSON.parse(require('fs').readFileSync(0, 'utf8'));
        const signs = [];
        for (let at = 0; at < names.length; at++)
            for (let step = 1; step < 400; step += 9)
                signs.push(Math.sign(names[at].localeCompare(names[(at + step) % names.length])));
        console.log(signs.join(' '));";
    let names = names();
    let mut node = Command::new("node")
        .args(["-e", SCRIPT])
        .env("LC_ALL", "en_US.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node is needed: scripts/test installs it");
    node.stdin.take().unwrap().write_all(&serde_json::to_vec(&names).unwrap()).unwrap();
    let said = node.wait_with_output().unwrap();
    assert!(said.status.success());
    let said = String::from_utf8(said.stdout).unwrap();
    let mut signs = said.split_whitespace().map(|sign| sign.parse::<i8>().unwrap());
    for (at, one) in names.iter().enumerate() {
        for step in (1..400).step_by(9) {
            let other = &names[(at + step) % names.len()];
            assert_eq!(collate(one, other) as i8, signs.next().unwrap(), "{one:?} and {other:?}");
        }
    }
    assert_eq!(signs.next(), None);
}
