//! Files of a workspace, read and written by OpenFn's own library, `@openfn/project`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use sandbar_tests::{Server, on_both_engines};
use serde_json::Value;

use crate::{
    stage::Stage,
    terminal::{Desk, result},
};

/// Runs `files.mjs` with the packages that `scripts/test` installed.
fn openfn(server: &Server, desk: &Desk, what: &str) -> String {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("openfn");
    let folder = tempfile::tempdir().unwrap();
    fs::copy(here.join("files.mjs"), folder.path().join("files.mjs")).unwrap();
    std::os::unix::fs::symlink(packages(&here), folder.path().join("node_modules")).unwrap();
    let output = Command::new("node")
        .arg(folder.path().join("files.mjs"))
        .args([what, desk.path("files").to_str().unwrap(), desk.path("state").to_str().unwrap()])
        .env("SANDBAR_SERVER", server.endpoint())
        .output()
        .unwrap_or_else(|error| panic!("node can't be started; scripts/test installs it: {error}"));
    result(&output)
}

/// The packages of the lock file that is here, and no others.
fn packages(here: &Path) -> PathBuf {
    let installed = here.join("../../target/tools/openfn");
    let lock = |folder: &Path| fs::read_to_string(folder.join("package-lock.json")).unwrap_or_default();
    let packages = installed.join("node_modules");
    let fits = lock(&installed) == lock(here) && packages.join("@openfn/project").is_dir();
    assert!(fits, "OpenFn's packages are not in {}; scripts/test installs them", installed.display());
    packages.canonicalize().unwrap()
}

on_both_engines! {
    async fn openfn_reads_what_was_pulled_as_the_same_project(server: Server) {
        let stage = Stage::quiet(&server).await;
        result(&stage.desk.run(&["project", "pull", &stage.project, "--workspace", "files"]));
        result(&stage.desk.run(&["project", "export", &stage.project, "state"]));
        let read: Value = serde_json::from_str(&openfn(&server, &stage.desk, "read")).unwrap();
        assert_eq!((&read["name"], &read["tracked"]), (&"main@127.0.0.1".into(), &stage.project.as_str().into()));
        assert_eq!(read["state"].as_object().unwrap().len(), 3);
        assert_eq!(read["kept"], read["state"]);
        assert_eq!(read["checkedOut"], read["state"]);
        assert_eq!(read["ids"], read["idsOfState"]);
    }

    async fn what_openfn_wrote_and_edited_is_pushed(server: Server) {
        let stage = Stage::quiet(&server).await;
        result(&stage.desk.run(&["project", "export", &stage.project, "state"]));
        openfn(&server, &stage.desk, "write");
        let push = ["project", "push", "--workspace", "files"];
        let shown = result(&stage.desk.run(&push));
        let told: Vec<&str> = shown.lines().skip(1).map(str::trim).collect();
        assert_eq!(told, ["~ workflow wf2-omrs-dhis2", "~ step Get TEIs: adaptor, body"]);
        assert!(result(&stage.desk.run(&push)).contains("Nothing to push"));
        result(&stage.desk.run(&["project", "export", &stage.project, "state"]));
        let read: Value = serde_json::from_str(&openfn(&server, &stage.desk, "read")).unwrap();
        assert_eq!(read["kept"], read["state"]);
        assert_eq!(read["checkedOut"], read["state"], "files that it wrote and that say the same stay");
    }
}
