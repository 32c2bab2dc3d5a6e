//! `sandbar merge show`, `list` and the shapes of differences.

use sandbar_tests::on_both_engines;
use serde_json::Value;

use crate::{
    stage::{STEP, Stage},
    terminal::result,
};

on_both_engines! {
    async fn a_report_says_all_of_it_for_people_and_for_programs(server: Server) {
        let stage = Stage::diverged(&server).await;
        let preview = ["merge", "preview", &stage.sandbox, "--combine", "wf2-omrs-dhis2", "--diff", "side-by-side"];
        let preview = result(&stage.desk.run(&preview));
        assert!(preview.contains("! conflict: step \"Upsert TEIs\" · body"), "{preview}");
        let beside = |line: &str| line.contains("// project 1") && line.contains("// sandbox 1");
        assert!(preview.lines().any(beside), "{preview}");
        let apply = ["merge", "apply", &stage.sandbox, "--overwrite", "wf2-omrs-dhis2", "--keep-source", "--yes"];
        let apply = result(&stage.desk.run(&[&apply[..], &["--output", "json"]].concat()));
        let merge: Value = serde_json::from_str(&apply).unwrap();
        let id = merge["id"].as_str().unwrap();

        let shown = result(&stage.desk.run(&["merge", "show", id]));
        for part in [
            "Ada", "msf-lime-iraq/fix", "overwrite \"wf2-omrs-dhis2\"", "keep the source", STEP, "changed on both sides",
            "- \"@openfn/language-dhis2@5.9.9\"", "+ \"@openfn/language-dhis2@6.0.0\"", "-// project 1", "+// sandbox 1",
        ] {
            assert!(shown.contains(part), "{part:?} is not in {shown}");
        }
        assert!(!shown.contains('\u{1b}'), "nothing but text goes into a file");
        let coloured = result(&stage.desk.run(&["merge", "show", id, "--color", "always"]));
        assert!(coloured.contains('\u{1b}'));
        let columns = result(&stage.desk.run(&["merge", "show", id, "--diff", "side-by-side"]));
        assert!(columns.lines().any(beside), "{columns}");

        let json: Value = serde_json::from_str(&result(&stage.desk.run(&["merge", "show", id, "--output", "json"]))).unwrap();
        assert_eq!(json["choices"]["choices"][0]["decision"], "overwrite");
        let fields = json["resources"][0]["fields"].as_array().unwrap();
        assert!(fields.iter().any(|field| field["body_diff"].as_str().unwrap().contains("+// sandbox 1")), "{json:#}");

        let list = |flags: &[&str]| result(&stage.desk.run(&[&["merge", "list", &stage.project], flags].concat()));
        assert!(list(&[]).contains(id) && list(&[]).contains("msf-lime-iraq/fix"), "{}", list(&[]));
        assert!(list(&["--into", "--resource", "wf2-omrs-dhis2", "--with", "fix", "--kind", "merge"]).contains(id));
        assert!(!list(&["--out-of"]).contains(id) && !list(&["--kind", "sync"]).contains(id));
    }
}
