//! What is checked in agrees with the contract.

#[allow(dead_code)]
#[path = "../examples/generate.rs"]
mod generator;

use std::collections::BTreeSet;
use std::path::Path;

use prost::Message;
use sandbar_client::{FILE_DESCRIPTOR_SET, METHODS};

#[test]
fn the_generated_code_is_what_the_contract_gives() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let fresh = tempfile::tempdir().unwrap();
    generator::generate(&home.join("../../proto"), fresh.path()).unwrap();
    for name in ["sandbar.v1.rs", "sandbar.v1.bin"] {
        let kept = std::fs::read(home.join("src/gen").join(name)).unwrap();
        assert!(
            kept == std::fs::read(fresh.path().join(name)).unwrap(),
            "src/gen/{name} differs from proto/; run: cargo run -p sandbar-client --example generate"
        );
    }
}

#[test]
fn every_unary_call_of_the_contract_is_covered() {
    let contract = prost_types::FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).unwrap();
    let mut expected = BTreeSet::new();
    for file in &contract.file {
        for service in &file.service {
            let unary = service.method.iter().filter(|m| !m.client_streaming() && !m.server_streaming());
            expected.extend(unary.map(|m| format!("{}.{}.{}", file.package(), service.name(), m.name())));
        }
    }
    let covered: BTreeSet<String> = METHODS.iter().map(|&name| name.to_owned()).collect();
    assert_eq!(covered, expected, "add the missing calls to src/calls.rs");
}
