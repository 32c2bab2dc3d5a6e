//! The direction of the house (4-architecture §1): who may depend on whom, read from the manifests themselves.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "all of this is tests, also what clippy does not take for one"
)]

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// What each package of the workspace may depend on, of the others and of what only one place may know.
const MAY: [(&str, &[&str]); 8] = [
    ("sandbar-model", &[]),
    ("sandbar-merge", &["sandbar-model"]),
    ("sandbar-store", &["sandbar-model", "sqlx"]),
    ("sandbar-app", &["sandbar-model", "sandbar-merge", "sandbar-store"]),
    ("sandbar-server", &["sandbar-model", "sandbar-merge", "sandbar-store", "sandbar-app", "tonic", "axum"]),
    ("sandbar-client", &["tonic"]),
    ("sandbar-cli", &["sandbar-client"]),
    // Proves all of it from outside, and measures it against bare handlers and other merges.
    ("sandbar-load", &["sandbar-client", "sandbar-model", "sandbar-merge", "sandbar-store", "sqlx", "tonic"]),
];

/// What only the packages above may use.
const GUARDED: [&str; 3] = ["sqlx", "tonic", "axum"];

#[test]
fn dependencies_run_one_way() {
    let manifests = manifests();
    let own: BTreeSet<&str> = manifests.keys().map(String::as_str).collect();
    for (package, allowed) in MAY {
        let Some(dependencies) = manifests.get(package) else { panic!("there is no package {package}") };
        for dependency in dependencies {
            let watched = own.contains(dependency.as_str()) || GUARDED.contains(&dependency.as_str());
            assert!(
                !watched || allowed.contains(&dependency.as_str()),
                "{package} must not depend on {dependency}"
            );
        }
    }
    let named: BTreeSet<&str> = MAY.iter().map(|(package, _)| *package).chain(["sandbar-tests"]).collect();
    assert_eq!(own, named, "every package has its place in the table");
}

/// The normal dependencies of each package of the workspace.
fn manifests() -> BTreeMap<String, BTreeSet<String>> {
    let output = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let normal = |package: &Value| {
        let dependencies = package["dependencies"].as_array().unwrap().iter();
        dependencies.filter(|dependency| dependency["kind"].is_null()).map(|d| text(&d["name"])).collect()
    };
    let packages = metadata["packages"].as_array().unwrap();
    packages.iter().map(|package| (text(&package["name"]), normal(package))).collect()
}
