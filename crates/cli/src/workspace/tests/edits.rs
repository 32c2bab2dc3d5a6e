//! What edits of files become.

use super::*;

#[test]
fn files_are_as_openfn_has_them() {
    let desk = Desk::new(small());
    assert_eq!(desk.files(), ["workflows/sync-patients/get.js", "workflows/sync-patients/map-it.js", SYNC,]);
    assert_eq!(desk.read("workflows/sync-patients/map-it.js"), "fn(s => s)");
    insta::assert_snapshot!("workflow", desk.read(SYNC));
    insta::assert_snapshot!("openfn", desk.read("openfn.yaml"));
    insta::assert_snapshot!("project", desk.read(".projects/main@127.0.0.1.yaml"));
    assert_eq!(desk.read("credentials.yaml"), "ana@example.org|DHIS2: {}\n");
}

#[test]
fn what_files_do_not_say_stays() {
    let desk = Desk::new(small());
    desk.edit("workflows/sync-patients/map-it.js", "fn(s => s)", "fn(s => 1)\n");
    let plan = desk.push().unwrap();
    assert_eq!(told(&plan), ["Edit workflow Sync patients", "  Edit step Map it: body"]);
    let mut expected = desk.state["workflows"]["Sync"].clone();
    expected["jobs"]["Map-it"]["body"] = "fn(s => 1)\n".into();
    // Somebody may turn it off just now.
    expected["triggers"]["webhook"].as_object_mut().unwrap().remove("enabled");
    let sent = &plan.document["workflows"]["w-1"];
    for (part, ids) in [("jobs", &["j-1", "j-2"][..]), ("triggers", &["t-1"]), ("edges", &["e-1", "e-2"])] {
        assert_eq!(sent[part].as_object().unwrap().len(), ids.len());
        for id in ids {
            assert_eq!(entry(sent, id), entry(&expected, id), "{id}");
        }
    }
    for key in ["positions", "lock_version", "concurrency", "name", "id"] {
        assert_eq!(sent[key], expected[key]);
    }
    let sections: Vec<_> = plan.document.as_object().unwrap().keys().collect();
    assert_eq!(sections, ["workflows"], "configs, keychains, links and settings are not spoken of");
}

#[test]
fn steps_are_added_and_renamed() {
    let desk = Desk::new(small());
    // A renamed step, with a new id, file and all.
    desk.edit(SYNC, "id: map-it", "id: shape");
    desk.edit(SYNC, "name: Map it", "name: Shape");
    desk.edit(SYNC, "./map-it.js", "./shape.js");
    desk.edit(SYNC, "      map-it:", "      shape:");
    desk.write("workflows/sync-patients/shape.js", "fn(s => 2)");
    desk.remove("workflows/sync-patients/map-it.js");
    // And one more behind it.
    let more = "  - id: send\n    name: Send\n    adaptor: '@openfn/language-http@7.0.0'\n    configuration: ana@example.org|DHIS2\n    expression: ./send.js\n";
    let text = desk.read(SYNC) + more;
    desk.write(
        SYNC,
        &text.replace("expression: ./shape.js\n", "expression: ./shape.js\n    next:\n      send: true\n"),
    );
    desk.write("workflows/sync-patients/send.js", "post('x')");
    let plan = desk.push().unwrap();
    assert_eq!(
        told(&plan),
        [
            "Edit workflow Sync patients",
            "  Add step Send",
            "  Edit step Shape: name (was Map it), body",
            "  Add shape → send",
        ]
    );
    let sent = &plan.document["workflows"]["w-1"];
    let renamed = entry(sent, "j-2").unwrap();
    assert_eq!(
        (&renamed["name"], &renamed["body"], &renamed["keychain_credential_id"]),
        (&json!("Shape"), &json!("fn(s => 2)"), &json!("y-1"))
    );
    assert_eq!(entry(sent, "e-2"), entry(&desk.state, "e-2"), "its edge stays, too");
    let new = &sent["jobs"]["send"];
    assert_eq!((&new["body"], &new["project_credential_id"]), (&json!("post('x')"), &json!("c-1")));
    assert_eq!(sent["edges"]["shape->send"]["condition_type"], "always");
}

#[test]
fn a_step_is_removed_with_its_edges() {
    let desk = Desk::new(small());
    let text = desk.read(SYNC);
    let start = text.find("  - id: map-it").unwrap();
    let end = text[start + 1..].find("  - id:").map_or(text.len(), |end| start + 1 + end);
    let cut = text.replace(&text[start..end], "");
    let next = cut.find("    next:\n      map-it:").unwrap();
    let next_end = cut[next..].find("  - id:").map_or(cut.len(), |end| next + end);
    desk.write(SYNC, &cut.replace(&cut[next..next_end], ""));
    desk.remove("workflows/sync-patients/map-it.js");
    let plan = desk.push().unwrap();
    assert_eq!(told(&plan), ["Edit workflow Sync patients", "  Remove step Map it"]);
    assert_eq!((entry(&plan.document, "j-2"), entry(&plan.document, "e-2")), (None, None));
}

#[test]
fn edges_and_triggers_are_pushed() {
    let desk = Desk::new(small());
    desk.edit(SYNC, "condition: \"!state.errors\"", "condition: on_job_failure");
    desk.edit(SYNC, "disabled: true", "disabled: false");
    desk.edit(SYNC, "    enabled: true", "    enabled: false\n    custom_path: clips");
    desk.edit(SYNC, "    webhook_reply: after_completion\n", "");
    let plan = desk.push().unwrap();
    assert_eq!(
        told(&plan),
        [
            "Edit workflow Sync patients",
            "  Edit trigger webhook: custom_path, webhook_reply",
            "  Edit trigger webhook: off",
            "  Edit get → map-it",
        ]
    );
    let edge = entry(&plan.document, "e-2").unwrap();
    assert_eq!(
        (&edge["condition_type"], &edge["condition_expression"], &edge["enabled"]),
        (&json!("on_job_failure"), &Value::Null, &json!(true))
    );
    assert_eq!(
        entry(&plan.document, "t-1").unwrap(),
        &json!({ "id": "t-1", "type": "webhook", "enabled": false, "custom_path": "clips" })
    );

    let desk = Desk::new(small());
    desk.edit(SYNC, "    enabled: true", "    enabled: false");
    let plan = desk.push().unwrap();
    assert_eq!(told(&plan), ["Edit workflow Sync patients", "  Edit trigger webhook: off"]);
    assert_eq!(entry(&plan.document, "t-1").unwrap()["enabled"], false);
}

#[test]
fn a_sandboxes_triggers_stay_as_they_are_and_it_is_told() {
    let mut state = small();
    state["parent_id"] = "p-0".into();
    let desk = Desk::new(state);
    desk.edit(SYNC, "    enabled: true", "    enabled: false");
    let plan = desk.push().unwrap();
    assert!(plan.changes.is_empty());
    assert!(
        plan.notes[0].contains("stays on") && plan.notes[0].contains("sandbar workflow trigger off"),
        "{:?}",
        plan.notes
    );
}

#[test]
fn workflows_are_added_renamed_and_removed() {
    let desk = Desk::new(small());
    desk.write("workflows/new/new.yaml", "id: new\nname: New one\nsteps:\n  - id: cron\n    type: cron\n    cron_expression: 0 6 * * *\n    next:\n      a: {}\n  - name: A\n    expression: fn(s => s)\n");
    desk.edit(SYNC, "name: Sync patients", "name: Synced");
    let plan = desk.push().unwrap();
    assert_eq!(
        told(&plan),
        [
            "Add workflow New one",
            "  Add step A",
            "  Add trigger cron",
            "  Add cron → a",
            "Edit workflow Synced",
            "  Edit name",
        ]
    );

    // A folder that is only called otherwise is the same workflow.
    let desk = Desk::new(small());
    for file in desk.files() {
        desk.write(
            &file.replace("sync-patients", "renamed"),
            &desk.read(&file).replace("id: sync-patients", "id: renamed"),
        );
    }
    std::fs::remove_dir_all(desk.folder.path().join("workflows/sync-patients")).unwrap();
    assert_eq!(told(&desk.push().unwrap()), Vec::<String>::new());

    std::fs::remove_dir_all(desk.folder.path().join("workflows/renamed")).unwrap();
    let plan = desk.push().unwrap();
    assert_eq!(told(&plan), ["Remove workflow Sync patients"]);
    assert_eq!(plan.document, json!({ "workflows": {} }));
    desk.write("workflows/sync-patients/get.js", "left behind");
    let half = desk.workspace().half_deleted(&desk.kept().project, &[]).unwrap();
    assert_eq!(half, [Path::new(SYNC)]);
}

#[test]
fn both_sides_edits_of_one_workflow_are_refused_and_of_two_are_not() {
    let mut desk = Desk::new(small());
    desk.edit("workflows/sync-patients/get.js", "get('x')", "get('here')");
    desk.state["workflows"]["Sync"]["jobs"]["Get"]["body"] = "get('there');\n".into();
    let refused = desk.refused();
    assert!(
        refused.contains(&format!("{SYNC}: changed there, too")) && refused.contains("--force"),
        "{refused}"
    );
    let forced = desk.push_with(true).unwrap();
    assert_eq!(entry(&forced.document, "j-1").unwrap()["body"], "get('here');\n");

    // The same edit on both sides is none.
    desk.write("workflows/sync-patients/get.js", "get('there');\n");
    assert_eq!(told(&desk.push().unwrap()), Vec::<String>::new());

    // What only the server changed stays, and is told.
    desk.write("workflows/sync-patients/get.js", "get('x');\n");
    let plan = desk.push().unwrap();
    assert_eq!((plan.changes.len(), plan.notes.len()), (0, 1));
    assert_eq!(entry(&plan.document, "j-1").unwrap()["body"], "get('there');\n");

    std::fs::remove_dir_all(desk.folder.path().join("workflows")).unwrap();
    assert!(desk.refused().contains("Sync patients: deleted here, changed there"));
    desk.state["workflows"] = json!({});
    assert_eq!(told(&desk.push().unwrap()), Vec::<String>::new(), "gone on both sides");
    let new = Desk::new(small());
    new.edit("workflows/sync-patients/get.js", "get('x')", "get('here')");
    let new = Desk { state: desk.state.clone(), ..new };
    assert!(new.refused().contains("deleted there"));
    assert_eq!(told(&new.push_with(true).unwrap())[0], "Add workflow Sync patients");
}

#[test]
fn collections_are_added_and_none_is_deleted() {
    let desk = Desk::new(small());
    desk.edit("openfn.yaml", "- patients", "- visits");
    let plan = desk.push().unwrap();
    assert_eq!(told(&plan), ["Add collection visits"]);
    assert_eq!(plan.document["collections"].as_array().unwrap().len(), 2);
    assert!(plan.notes[0].contains("\"patients\" stays"), "{:?}", plan.notes);
}

#[test]
fn versions_of_workflows_are_kept_where_there_are_some() {
    let mut state = small();
    state["workflows"]["Sync"]["version_history"] = json!(["cli:0123456789ab", "cli:ba9876543210"]);
    let desk = Desk::new(state);
    let forked = "  forked_from:\n    sync-patients: cli:ba9876543210\n";
    assert!(desk.read("openfn.yaml").contains(forked), "{}", desk.read("openfn.yaml"));
    let project = desk.read(".projects/main@127.0.0.1.yaml");
    assert!(
        project.contains(forked) && project.contains("    history:\n      - cli:0123456789ab\n"),
        "{project}"
    );
    assert!(!desk.read(SYNC).contains("cli:"));
    // Another head of the same content is no edit of the server's.
    let mut moved = Desk { state: desk.state.clone(), ..desk };
    moved.state["workflows"]["Sync"]["version_history"] = json!(["cli:ffffffffffff"]);
    moved.edit("workflows/sync-patients/get.js", "get('x')", "get('y')");
    assert_eq!(told(&moved.push().unwrap()), ["Edit workflow Sync patients", "  Edit step Get: body"]);
}

#[test]
fn bodies_of_blanks_and_odd_names_survive() {
    for body in ["\n", "\n\n", " \n \n", "\t", "\u{feff}x", "a\u{85}b\u{2028}", "a\r\nb\r", "---\n", "\0"] {
        let mut state = small();
        let flow = &mut state["workflows"]["Sync"];
        flow["jobs"]["Get"]["body"] = body.into();
        flow["jobs"]["Get"]["name"] = "yes".into();
        flow["jobs"]["Map-it"]["name"] = "007: {x} # y".into();
        flow["name"] = "null".into();
        flow["edges"]["b"]["condition_expression"] = "*x & !y".into();
        let desk = Desk::new(state);
        assert_eq!(desk.read("workflows/null/yes.js"), body);
        assert_eq!(desk.workspace().current().unwrap().unwrap().project, desk.kept().project, "{body:?}");
        assert_eq!(told(&desk.push().unwrap()), Vec::<String>::new(), "{body:?}");
    }
}

#[test]
fn a_workflow_that_was_copied_and_its_original_removed_is_one_and_a_new_one() {
    let desk = Desk::new(small());
    for file in desk.files() {
        for to in ["one", "two"] {
            let text = desk.read(&file).replace("id: sync-patients", &format!("id: {to}"));
            desk.write(
                &file.replace("sync-patients", to),
                &text.replace("name: Sync patients", &format!("name: {to}")),
            );
        }
    }
    std::fs::remove_dir_all(desk.folder.path().join("workflows/sync-patients")).unwrap();
    let plan = desk.push().unwrap();
    let told = told(&plan);
    assert_eq!(told[..3], ["Edit workflow one", "  Edit name", "Add workflow two"]);
    assert_eq!(plan.document["workflows"].as_object().unwrap().len(), 2);
}
