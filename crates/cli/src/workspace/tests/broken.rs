//! Files that can't be pushed, and what a format can't hold.

use super::*;

#[test]
fn each_problem_names_file_and_place() {
    let desk = Desk::new(small());
    desk.edit(SYNC, "      map-it:", "      nowhere:");
    desk.edit(SYNC, "./get.js", "../../../etc/passwd.js");
    desk.edit(SYNC, "./map-it.js", "./gone.js");
    desk.edit(SYNC, "configuration: ana@example.org|DHIS2", "configuration: bob@example.org|Other");
    desk.write(
        "workflows/b.yaml",
        "id: ../b\nsteps:\n  - id: a/b\n  - id: a\n    type: kafka\n  - id: a\n    enabled: true\n",
    );
    desk.write("workflows/c.yaml", "id: sync-patients\nsteps: []\n");
    desk.write("workflows/d.yaml", "id: d\nsteps:\n  - id: a\n   name: b\n");
    desk.write(
        "workflows/e.yaml",
        "id: e\nsteps:\n  - id: a\n    nmae: A\n    next:\n      a:\n        condtion: always\n",
    );
    desk.write(
        "workflows/f.yaml",
        "id: f\nsteps:\n  - id: a\n    next:\n      b: {condition: !state.x}\n  - id: b\n",
    );
    desk.write("workflows/g.yaml", "id: g\nsteps:\n  - id: a\n    next: b\n");
    desk.write("workflows/h.yaml", "id: h\nid: h\nsteps: []\n");
    desk.write("workflows/none.yaml", "other: file\n");
    insta::assert_snapshot!(desk.refused());
}

#[test]
fn credentials_must_be_linked_and_expressions_labelled() {
    let desk = Desk::new(small());
    desk.edit(SYNC, "configuration: ana@example.org|DHIS2", "configuration: bob@example.org|My Other");
    insta::assert_snapshot!(desk.refused());
    let desk = Desk::new(small());
    desk.edit(SYNC, "        label: fine\n", "");
    assert!(
        desk.refused()
            .ends_with("step \"get\", next \"map-it\": a condition that is an expression needs a label"),
        "{}",
        desk.refused()
    );
}

#[test]
fn bodies_have_limits_and_are_text() {
    let desk = Desk::new(small());
    let body = desk.folder.path().join("workflows/sync-patients/get.js");
    std::fs::write(&body, vec![b'x'; 10 * 1024 * 1024 + 1]).unwrap();
    assert!(desk.refused().contains("is larger than 10485760 bytes"), "{}", desk.refused());
    std::fs::write(&body, [b'a', 0xff]).unwrap();
    assert!(desk.refused().contains("not UTF-8 at byte 1"), "{}", desk.refused());
    std::fs::remove_file(&body).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", &body).unwrap();
    assert!(desk.refused().contains("symbolic link"), "{}", desk.refused());
}

/// Two triggers of one type, two edges between the same steps, and names that become the same id.
fn crowded() -> Value {
    let mut state = small();
    let flow = &mut state["workflows"]["Sync"];
    flow["triggers"]["second"] =
        json!({ "id": "t-2", "type": "webhook", "enabled": false, "custom_path": "two" });
    flow["jobs"]["twin"] = json!({ "id": "j-3", "name": "GET", "adaptor": "a", "body": "twin" });
    flow["jobs"]["hook"] = json!({ "id": "j-4", "name": "Webhook", "adaptor": "a", "body": "hook" });
    flow["edges"]["c"] = json!({ "id": "e-3", "source_job_id": "j-1", "target_job_id": "j-2", "condition_type": "always", "enabled": true });
    flow["edges"]["d"] = json!({ "id": "e-4", "source_trigger_id": "t-2", "target_job_id": "j-3", "condition_type": "always", "enabled": true });
    state["workflows"]["other"] =
        json!({ "id": "w-2", "name": "sync Patients!", "triggers": {}, "jobs": {}, "edges": {} });
    state
}

#[test]
fn what_has_the_same_name_in_the_format_is_told_apart_and_nothing_is_lost() {
    let desk = Desk::new(crowded());
    assert_eq!(
        desk.files(),
        [
            "workflows/sync-patients-2/sync-patients-2.yaml",
            "workflows/sync-patients/get-2.js",
            "workflows/sync-patients/get.js",
            "workflows/sync-patients/map-it.js",
            SYNC,
            "workflows/sync-patients/webhook-3.js",
        ]
    );
    assert!(desk.read(SYNC).contains("id: webhook-2\n    type: webhook\n"), "{}", desk.read(SYNC));
    assert_eq!(told(&desk.push().unwrap()), Vec::<String>::new());
    desk.write("workflows/sync-patients/get-2.js", "edited twin");
    let plan = desk.push().unwrap();
    assert_eq!(told(&plan), ["Edit workflow Sync patients", "  Edit step GET: body"]);
    for id in ["e-1", "e-2", "e-3", "e-4", "j-1", "j-2", "j-4", "w-2"] {
        assert_eq!(entry(&plan.document, id), entry(&desk.state, id), "{id}");
    }
    desk.edit(SYNC, "custom_path: two", "custom_path: three");
    desk.edit(SYNC, "    enabled: false", "    enabled: true");
    let plan = desk.push().unwrap();
    let second = json!({ "id": "t-2", "type": "webhook", "enabled": true, "custom_path": "three" });
    let first = json!({ "id": "t-1", "type": "webhook", "webhook_reply": "after_completion" });
    assert_eq!((entry(&plan.document, "t-1"), entry(&plan.document, "t-2")), (Some(&first), Some(&second)));
}

#[test]
fn what_a_person_wrote_is_never_lost_without_force() {
    let desk = Desk::new(small());
    let kept = desk.kept();
    let edits = |next: &Project| desk.workspace().edits(Some(&kept.project), next).unwrap();
    assert_eq!(edits(&kept.project), Vec::<String>::new());

    desk.write("workflows/new/new.yaml", "id: new\nsteps: []\n");
    desk.write("workflows/sync-patients/get.js", "edited");
    let other = json!({ "id": "p-2", "name": "x", "workflows": { "o": { "id": "w-9", "name": "Own", "triggers": {}, "edges": {},
        "jobs": { "a": { "id": "j-9", "name": "A", "body": "b" } } } } });
    desk.write("workflows/own/a.js", "mine");
    assert_eq!(
        edits(&Project::of(&other, SERVER)),
        [
            "workflows/new/new.yaml: not pushed yet".to_owned(),
            format!("{SYNC}: edited"),
            "workflows/own/a.js: not written by a checkout".to_owned(),
        ]
    );
    // Even then only files of the project that was checked out go.
    desk.write("workflows/sync-patients/notes.txt", "mine");
    let other = Kept { alias: "x".to_owned(), project: Project::of(&other, SERVER) };
    desk.workspace().check_out(Some(&kept.project), &other, &[]).unwrap();
    assert_eq!(desk.files(), ["workflows/new/new.yaml", "workflows/own/a.js", "workflows/own/own.yaml"]);
    assert_eq!(desk.read("workflows/sync-patients/notes.txt"), "mine");
}

#[test]
fn credentials_are_added_to_the_file_and_what_it_has_stays() {
    let state = small();
    for (before, after) in [
        ("# mine\nana@example.org|DHIS2:\n  password: x", "# mine\nana@example.org|DHIS2:\n  password: x"),
        ("bob|x: {a: 1}", "bob|x: {a: 1}\nana@example.org|DHIS2: {}\n"),
        ("{}\n", "ana@example.org|DHIS2: {}\n"),
        ("", "ana@example.org|DHIS2: {}\n"),
    ] {
        let desk = Desk { folder: tempfile::tempdir().unwrap(), state: state.clone() };
        desk.write("credentials.yaml", before);
        desk.workspace().check_out(None, &desk.kept(), &[]).unwrap();
        assert_eq!(desk.read("credentials.yaml"), after);
    }
    let desk = Desk { folder: tempfile::tempdir().unwrap(), state };
    desk.write("credentials.yaml", "{ bob: { password: hunter2 } }\n");
    let refused = desk.workspace().check_out(None, &desk.kept(), &[]).unwrap_err().to_string();
    assert!(refused.contains("ana@example.org|DHIS2") && !refused.contains("hunter2"), "{refused}");
    desk.write("credentials.yaml", "bob:\n - password: hunter2\n  x: [\n");
    let refused = desk.workspace().check_out(None, &desk.kept(), &[]).unwrap_err().to_string();
    assert!(refused.contains("credentials.yaml") && !refused.contains("hunter2"), "{refused}");
}

#[test]
fn comments_stay_where_the_file_need_not_be_written_anew() {
    let desk = Desk::new(small());
    let kept = desk.kept();
    let edits = |next: &Project| desk.workspace().edits(Some(&kept.project), next).unwrap();

    // Comments and other words for the same are left alone.
    let commented = format!(
        "{}{}",
        "# mine\n".repeat(100),
        desk.read(SYNC).replace("condition: always", "condition: true")
    );
    desk.write(SYNC, &commented);
    assert_eq!(edits(&kept.project), Vec::<String>::new());
    desk.workspace().check_out(Some(&kept.project), &kept, &[]).unwrap();
    assert_eq!(desk.read(SYNC), commented);

    // But where the file would be written anew, they are told.
    let mut moved = desk.state.clone();
    moved["workflows"]["Sync"]["jobs"]["Get"]["adaptor"] = "other".into();
    assert_eq!(edits(&Project::of(&moved, SERVER)), [format!("{SYNC}: has comments")]);
    moved = desk.state.clone();
    moved["workflows"]["Sync"]["jobs"]["Get"]["body"] = "other".into();
    assert_eq!(edits(&Project::of(&moved, SERVER)), Vec::<String>::new(), "its own file stays");
}

#[test]
fn a_project_file_names_no_files_elsewhere() {
    for (from, to) in [("id: get\n", "id: ../../get\n"), ("id: sync-patients\n", "id: .git/hooks\n")] {
        let desk = Desk::new(small());
        desk.edit(".projects/main@127.0.0.1.yaml", from, to);
        let refused = desk.workspace().current().unwrap_err().to_string();
        assert!(refused.contains("can't be the name of a file"), "{refused}");
    }
    let desk = Desk::new(small());
    desk.edit("openfn.yaml", "alias: main", "alias: ../../main");
    assert_eq!(desk.workspace().current().unwrap().unwrap().alias, "main", "found by its id");
}
