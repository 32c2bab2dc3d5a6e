//! `sandbar project pull`, `push` and `checkout`: a real project as files.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use sandbar_client::v1::{
    DeleteWorkflowRequest, GetWorkflowRequest, ListWorkflowsRequest, PutWorkflowRequest, Workflow,
    get_workflow_request,
};
use sandbar_tests::on_both_engines;
use serde_json::Value;

use crate::{
    stage::Stage,
    terminal::{Desk, result},
};

const FLOW: &str = "workflows/wf2-omrs-dhis2";

/// What a command that was refused says.
fn refusal(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A workspace in a folder of a desk.
struct Workspace<'a> {
    desk: &'a Desk,
    folder: &'static str,
}

impl<'a> Workspace<'a> {
    /// With a project pulled into it.
    fn pulled(desk: &'a Desk, folder: &'static str, project: &str) -> Self {
        let workspace = Self { desk, folder };
        result(&workspace.run(&["pull", project]));
        workspace
    }

    fn run(&self, words: &[&str]) -> Output {
        self.desk.run(&[&["project"], words, &["--workspace", self.folder]].concat())
    }

    fn path(&self, file: &str) -> PathBuf {
        self.desk.path(self.folder).join(file)
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap()
    }

    fn edit(&self, file: &str, from: &str, to: &str) {
        let text = self.read(file);
        assert_eq!(text.matches(from).count(), 1, "{from:?} in {text}");
        fs::write(self.path(file), text.replace(from, to)).unwrap();
    }

    /// Every file with its content.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let (root, mut found) = (self.path(""), BTreeMap::new());
        collect(&root, &root, &mut found);
        found
    }
}

fn collect(root: &Path, folder: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, found);
        } else {
            found.insert(path.strip_prefix(root).unwrap().to_owned(), fs::read(&path).unwrap());
        }
    }
}

impl Stage {
    /// Every workflow of a project, by name.
    async fn workflows(&self, project: &str) -> BTreeMap<String, Workflow> {
        let request =
            ListWorkflowsRequest { project_id: project.to_owned(), page_size: 500, ..Default::default() };
        let mut found = BTreeMap::new();
        for summary in self.client.list(request).all().await.unwrap() {
            let workflow = Some(get_workflow_request::Workflow::WorkflowId(summary.id));
            let request =
                GetWorkflowRequest { project_id: project.to_owned(), workflow, ..Default::default() };
            let workflow = self.client.workflows().get_workflow(request).await.unwrap().workflow.unwrap();
            found.insert(workflow.name.clone(), workflow);
        }
        found
    }

    async fn put(&self, project: &str, workflow: Workflow) {
        let (project_id, workflow) = (project.to_owned(), Some(workflow));
        let request = PutWorkflowRequest { project_id, workflow, ..Default::default() };
        self.client.workflows().put_workflow(request).await.unwrap();
    }
}

/// A body, a step more behind the last, a step of another name and adaptor, one workflow less.
fn edit(files: &Workspace<'_>) {
    fs::write(files.path(&format!("{FLOW}/get-teis.js")), "// edited, without a newline at the end").unwrap();
    let yaml = format!("{FLOW}/wf2-omrs-dhis2.yaml");
    files.edit(&yaml, "    name: Upsert TEIs\n", "    name: Send TEIs\n");
    let more = "  - id: report\n    name: Report\n    expression: ./report.js\n";
    fs::write(files.path(&yaml), files.read(&yaml) + more).unwrap();
    files.edit(
        &yaml,
        "    expression: ./create-events.js\n",
        "    expression: ./create-events.js\n    next:\n      report: true\n",
    );
    fs::write(files.path(&format!("{FLOW}/report.js")), "\r\nfn(s => s)\t\n\n").unwrap();
    fs::remove_dir_all(files.path("workflows/wf1-dhis2-omrs-migration")).unwrap();
}

on_both_engines! {
    async fn a_project_is_pulled_edited_and_pushed(server: Server) {
        let stage = Stage::quiet(&server).await;
        let before = stage.workflows(&stage.project).await;
        let one = Workspace::pulled(&stage.desk, "one", &stage.project);
        let pulled = one.files();
        let untouched = result(&one.run(&["push"]));
        assert!(untouched.contains("Nothing to push"), "{untouched}");
        assert_eq!(one.files(), pulled, "a push without an edit writes nothing");

        edit(&one);
        let edited = one.files();
        let checked = one.run(&["push", "--dry-run"]);
        let shown = result(&checked);
        for line in ["~ workflow wf2-omrs-dhis2", "~ step Get TEIs: body", "+ step Report", "~ step Send TEIs: name (was Upsert TEIs)", "+ create-events → report", "- workflow wf1-dhis2-omrs-migration"] {
            assert!(shown.contains(line), "{line}: {shown}");
        }
        assert_eq!(one.files(), edited, "only checked");
        assert_eq!(stage.workflows(&stage.project).await, before);
        assert_eq!(result(&one.run(&["push"])), shown);

        let after = stage.workflows(&stage.project).await;
        assert!(!after.contains_key("wf1-dhis2-omrs-migration") && before.contains_key("wf1-dhis2-omrs-migration"));
        let (old, new) = (&before["wf2-omrs-dhis2"], &after["wf2-omrs-dhis2"]);
        let job = |workflow: &Workflow, name: &str| workflow.jobs.iter().find(|job| job.name == name).unwrap().clone();
        assert_eq!(job(new, "Send TEIs").id, job(old, "Upsert TEIs").id, "a renamed step is the same");
        assert_eq!(job(new, "Get TEIs").body, "// edited, without a newline at the end");
        assert_eq!(job(new, "Report").body, "\r\nfn(s => s)\t\n\n");
        assert_eq!((new.jobs.len(), new.edges.len()), (old.jobs.len() + 1, old.edges.len() + 1));
        for edge in &old.edges {
            assert!(new.edges.contains(edge), "{edge:?}");
        }
        assert_eq!(new.triggers, old.triggers);

        assert!(one.path(&format!("{FLOW}/send-teis.js")).is_file(), "the files have the new name");
        assert!(!one.path(&format!("{FLOW}/upsert-teis.js")).exists());
        let two = Workspace::pulled(&stage.desk, "two", &stage.project);
        assert_eq!(two.files(), one.files());
    }

    async fn edits_of_both_sides_are_refused_and_lose_nothing(server: Server) {
        let stage = Stage::quiet(&server).await;
        let here = Workspace::pulled(&stage.desk, "here", &stage.project);
        let body = format!("{FLOW}/get-teis.js");
        fs::write(here.path(&body), "// here").unwrap();

        // In another workflow: that one stays, and its files get it.
        let mut other = stage.workflows(&stage.project).await.remove("wf1-dhis2-omrs-migration").unwrap();
        other.jobs[0].body = "// there".into();
        let step = other.jobs[0].name.to_lowercase().replace(' ', "-");
        stage.put(&stage.project, other).await;
        let lost = refusal(&here.run(&["pull", &stage.project]));
        assert!(lost.contains(&format!("{FLOW}/wf2-omrs-dhis2.yaml: edited")) && lost.contains("--force"), "{lost}");
        result(&here.run(&["push"]));
        assert_eq!(here.read(&format!("workflows/wf1-dhis2-omrs-migration/{step}.js")), "// there");
        assert_eq!(stage.workflows(&stage.project).await["wf1-dhis2-omrs-migration"].jobs.iter().filter(|job| job.body == "// there").count(), 1);

        // In the same one.
        fs::write(here.path(&body), "// here again").unwrap();
        stage.edit(&stage.project, "@openfn/language-dhis2@5.9.9", &["// project 1"]).await;
        let before = (stage.workflows(&stage.project).await, here.files());
        let refused = refusal(&here.run(&["push"]));
        assert!(refused.contains(&format!("{FLOW}/wf2-omrs-dhis2.yaml: changed there, too")), "{refused}");
        refusal(&here.run(&["push", "--dry-run"]));
        refusal(&here.run(&["checkout", "main"]));
        assert_eq!((stage.workflows(&stage.project).await, here.files()), before);

        result(&here.run(&["push", "--force"]));
        let forced = stage.workflows(&stage.project).await.remove("wf2-omrs-dhis2").unwrap();
        assert!(forced.jobs.iter().any(|job| job.body == "// here again"));
        assert!(!forced.jobs.iter().any(|job| job.body.contains("// project 1")), "the files won");
    }

    async fn a_workflow_that_was_deleted_there_comes_back_only_with_force(server: Server) {
        let stage = Stage::quiet(&server).await;
        let here = Workspace::pulled(&stage.desk, "here", &stage.project);
        let body = format!("{FLOW}/get-teis.js");
        let there = stage.workflows(&stage.project).await.remove("wf2-omrs-dhis2").unwrap();
        let request = DeleteWorkflowRequest { project_id: stage.project.clone(), workflow_id: there.id, ..Default::default() };
        stage.client.workflows().delete_workflow(request).await.unwrap();
        fs::write(here.path(&body), "// still here").unwrap();
        assert!(refusal(&here.run(&["push"])).contains("deleted there"));
        result(&here.run(&["push", "--force"]));
        assert!(stage.workflows(&stage.project).await["wf2-omrs-dhis2"].jobs.iter().any(|job| job.body == "// still here"));
        assert!(result(&here.run(&["push"])).contains("Nothing to push"));
    }

    async fn a_second_trigger_of_a_type_and_a_removed_step_are_pushed(server: Server) {
        let stage = Stage::quiet(&server).await;
        let one = Workspace::pulled(&stage.desk, "one", &stage.project);
        let before = stage.workflows(&stage.project).await.remove("wf-3-generate-optsmap").unwrap();
        let flow = "workflows/wf-3-generate-optsmap";
        let yaml = format!("{flow}/wf-3-generate-optsmap.yaml");
        let text = one.read(&yaml);
        let rest = text.find("  - id: webhook\n").unwrap();
        let (steps, trigger) = text.split_at(rest);
        // The step that is left leads nowhere any more.
        let first = steps.split("    next:\n").next().unwrap();
        let second = trigger.replace("- id: webhook", "- id: another").replace("    next:", "    custom_path: other\n    next:");
        fs::write(one.path(&yaml), format!("{first}{trigger}{second}")).unwrap();
        fs::remove_file(one.path(&format!("{flow}/key-value-pair.js"))).unwrap();
        let shown = result(&one.run(&["push"]));
        for line in ["- step Key Value Pair", "+ trigger another", "+ another → fetch-optionsets-metadata"] {
            assert!(shown.contains(line), "{line}: {shown}");
        }
        let after = stage.workflows(&stage.project).await.remove("wf-3-generate-optsmap").unwrap();
        assert_eq!((before.jobs.len(), after.jobs.len(), after.triggers.len(), after.edges.len()), (2, 1, 2, 2));
        assert!(after.triggers.contains(&before.triggers[0]), "the first is as it was");
        assert!(after.triggers.iter().all(|trigger| trigger.enabled), "as the file says");
        assert!(one.read(&yaml).contains("  - id: webhook-2\n    type: webhook\n"), "{}", one.read(&yaml));
        let two = Workspace::pulled(&stage.desk, "two", &stage.project);
        assert_eq!(two.files(), one.files());
        assert!(result(&two.run(&["push"])).contains("Nothing to push"));
    }

    async fn a_sandbox_is_pushed_and_shows_up_in_a_merge_preview(server: Server) {
        let stage = Stage::quiet(&server).await;
        let files = Workspace::pulled(&stage.desk, "files", &stage.project);
        let root = files.files();
        result(&files.run(&["pull", &stage.sandbox]));
        let taken = refusal(&files.run(&["pull", &stage.sandbox, "--alias", "main"]));
        assert!(taken.contains("another project") && taken.contains("--alias"), "{taken}");

        let yaml = format!("{FLOW}/wf2-omrs-dhis2.yaml");
        fs::write(files.path(&format!("{FLOW}/get-teis.js")), "// of the sandbox\n").unwrap();
        files.edit(&yaml, "    enabled: false\n", "    enabled: true\n");
        let pushed = files.run(&["push", "--output", "json"]);
        let told: Value = serde_json::from_str(&result(&pushed)).unwrap();
        assert_eq!(told["pushed"], true);
        assert_eq!(told["changes"][0]["parts"][0]["part"], "step Get TEIs: body");
        assert_eq!(told["changes"].as_array().unwrap().len(), 1);
        assert!(told["notes"][0].as_str().unwrap().contains("stays off"), "{told}");
        assert!(files.read(&yaml).contains("    enabled: false\n"), "as it is");
        let preview = result(&stage.desk.run(&["merge", "preview", &stage.sandbox]));
        assert!(preview.contains("wf2-omrs-dhis2") && preview.contains("+// of the sandbox"), "{preview}");

        // Back to the root without asking the server, as it was.
        let checkout = ["project", "checkout", "main", "--workspace", "files", "--server", "http://127.0.0.1:1"];
        result(&stage.desk.run(&checkout));
        let mut now = files.files();
        now.retain(|file, _| !file.to_string_lossy().starts_with(".projects/fix@"));
        assert_eq!(now, root);
        let unknown = stage.desk.run(&["project", "checkout", "other", "--workspace", "files"]);
        assert!(refusal(&unknown).contains("no project \"other\" was pulled; there is fix@127.0.0.1, main@127.0.0.1"));
        let elsewhere = ["project", "push", "--workspace", "files", "--server", &server.endpoint().replace("127.0.0.1", "localhost")];
        assert!(refusal(&stage.desk.run(&elsewhere)).contains("and this would push to http://localhost"));
    }

    async fn credentials_that_are_not_linked_are_named_and_nothing_is_pushed(server: Server) {
        let stage = Stage::quiet(&server).await;
        let files = Workspace { desk: &stage.desk, folder: "files" };
        fs::create_dir(files.path("")).unwrap();
        assert!(refusal(&files.run(&["push"])).contains("no project is checked out"));
        result(&files.run(&["pull", &stage.project]));
        let before = stage.workflows(&stage.project).await;
        let new = "id: new\nname: New\nsteps:\n  - id: a\n    name: A\n    configuration: ada@example.org|Mine\n";
        fs::create_dir(files.path("workflows/new")).unwrap();
        fs::write(files.path("workflows/new/new.yaml"), new).unwrap();
        let refused = refusal(&files.run(&["push"]));
        assert!(refused.contains("workflows/new/new.yaml: step \"a\": the credential \"ada@example.org|Mine\" is not linked"), "{refused}");
        assert!(refused.contains(&format!("`sandbar credential link {} Mine`", stage.project)), "{refused}");
        fs::write(files.path("workflows/new/new.yaml"), new.replace("name: New", "name: wf2-omrs-dhis2").replace("    configuration: ada@example.org|Mine\n", "")).unwrap();
        let refused = refusal(&files.run(&["push"]));
        assert!(refused.contains("wf2-omrs-dhis2"), "the server's own refusals are told: {refused}");
        assert_eq!(stage.workflows(&stage.project).await, before);

        fs::remove_dir_all(files.path("workflows")).unwrap();
        assert!(refusal(&files.run(&["push"])).contains("there is no workflow in the folder"));
        fs::remove_file(files.path(".projects/main@127.0.0.1.yaml")).unwrap();
        assert!(refusal(&files.run(&["push"])).contains("there is no project file"));
        assert_eq!(stage.workflows(&stage.project).await, before);
    }
}
