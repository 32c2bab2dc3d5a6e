//! `sandbar merge resolve`, from the first key to what the server holds afterwards.

use sandbar_tests::on_both_engines;

use crate::{
    stage::{STEP, Stage},
    terminal::{result, word},
};

on_both_engines! {
    async fn conflicts_are_settled_one_by_one_and_applied(server: Server) {
        let stage = Stage::diverged(&server).await;
        let mut terminal = stage.desk.at_terminal(&["merge", "resolve", &stage.sandbox, "--keep-source"]);
        terminal.sees("1 of 3").sees(STEP).sees("adaptor").sees("target \"@openfn/language-dhis2@5.9.9\"");
        // Editors fail in all the ways that there are, and nothing is taken for settled.
        for (does, says) in [
            ("exit 1", "failed (exit status: 1), so nothing is settled"),
            ("true", "nothing was changed"),
            ("sed -i 1d \"$file\"", "conflict markers left"),
            ("printf '\\377' > \"$file\"", "no UTF-8"),
            (": > \"$file\"", "would break a rule"),
        ] {
            stage.desk.editor_does(does);
            terminal.press("e").sees(says).sees("1 of 3");
        }
        stage.desk.editor_does("echo @openfn/language-dhis2@7.0.0 > \"$file\"");
        terminal.press("e").sees("2 of 3").sees("place 1 of 2");
        terminal.sees("<<<<<<< target").sees("// project 1").sees("=======").sees("// sandbox 1");
        terminal.press("?").sees("both: target, then source");
        terminal.press("B").sees("3 of 3").sees("// sandbox 2");
        terminal.press("p").sees("2 of 3").sees("settled: both, the target's first");
        stage.desk.editor_does("grep '^// .* 2$' \"$file\" > \"$file.new\"; mv \"$file.new\" \"$file\"");
        // The place in the text is edited: the lines of all three versions are left, without the markers.
        terminal.press("ke").sees("Apply exactly this?").sees("settled");
        let (said, code) = { terminal.press("y"); terminal.ends() };
        assert_eq!(code, 0, "{said}");
        assert!(said.contains("combine"), "{said}");
        let (adaptor, lines) = stage.step().await;
        assert_eq!(adaptor, "@openfn/language-dhis2@7.0.0");
        assert_eq!(lines, ["// project 1", "// sandbox 1", "// project 2", "// sandbox 2"]);
    }

    async fn who_quits_loses_nothing_and_goes_on_later(server: Server) {
        let stage = Stage::diverged(&server).await;
        let mut terminal = stage.desk.at_terminal(&["merge", "resolve", &stage.sandbox, "--keep-source"]);
        terminal.sees("1 of 3").press("s").sees("2 of 3").press("b").sees("3 of 3");
        // Ctrl-C is no way to lose anything either.
        terminal.press("\u{3}").sees("What you decided is in sandbar-choices.json").sees("merge resolve");
        assert_eq!(terminal.ends().1, 1);
        // Meanwhile the project changes one of the things that were decided.
        stage.edit(&stage.project, "@openfn/language-dhis2@5.9.10", &["// project 1", "// project 2"]).await;
        let file = word(&stage.desk.choices());
        let resume = ["merge", "resolve", &stage.sandbox, "--choices", &file];
        let mut terminal = stage.desk.at_terminal(&resume);
        terminal.sees("adaptor: what you decided does not fit any more").sees("1 of 3").sees("5.9.10");
        terminal.press("t").sees("2 of 3").sees("settled: both, the source's first");
        terminal.press("k").sees("3 of 3").press("s").sees("Apply exactly this?").press("q");
        terminal.sees("What you decided is in").sees("or preview and apply it with").sees("merge apply");
        terminal.sees("clashes:both,source");
        assert_eq!(terminal.ends().1, 1);
        // All of it is in the file: a script can do the rest, and the plan binds it.
        let apply = ["merge", "apply", &stage.sandbox, "--choices", &file, "--yes"];
        assert!(result(&stage.desk.run(&apply)).contains("combine"));
        let (adaptor, lines) = stage.step().await;
        assert_eq!(adaptor, "@openfn/language-dhis2@5.9.10");
        assert_eq!(lines, ["// sandbox 1", "// project 1", "// sandbox 2"]);
    }

    async fn what_moves_before_the_last_key_is_asked_again(server: Server) {
        let stage = Stage::diverged(&server).await;
        let mut terminal = stage.desk.at_terminal(&["merge", "resolve", &stage.sandbox, "--keep-source"]);
        terminal.sees("1 of 3").press("ss").sees("3 of 3").press("s").sees("Apply exactly this?");
        stage.edit(&stage.project, "@openfn/language-dhis2@5.9.9", &["// project 1", "// project 22"]).await;
        terminal.press("y").sees("Looking again").sees("place 2 of 2: what you decided does not fit any more");
        terminal.sees("3 of 3").sees("// project 22").press("b").sees("Apply exactly this?").press("y");
        let (said, code) = terminal.ends();
        assert_eq!(code, 0, "{said}");
        let (adaptor, lines) = stage.step().await;
        assert_eq!(adaptor, "@openfn/language-dhis2@6.0.0");
        assert_eq!(lines, ["// sandbox 1", "// sandbox 2", "// project 22"], "no edit is lost");
    }

    async fn what_is_left_open_is_not_applied(server: Server) {
        let stage = Stage::diverged(&server).await;
        let mut terminal = stage.desk.at_terminal(&["merge", "resolve", &stage.sandbox, "--choices", "mine.json"]);
        terminal.sees("1 of 3").press("kkk").sees("2 conflicts are open").sees("It can't be applied yet.");
        terminal.press("y").sees("It can't be applied yet.").press("r").sees("1 of 3").press("t");
        terminal.sees("2 of 3").press("q").sees("What you decided is in mine.json");
        assert_eq!(terminal.ends().1, 1);
        assert!(std::fs::read_to_string(stage.desk.path("mine.json")).unwrap().contains("\"target\""));
        assert_eq!(stage.step().await.1, ["// project 1", "// project 2"]);
    }

    async fn undoing_a_merge_has_conflicts_too(server: Server) {
        let stage = Stage::quiet(&server).await;
        stage.edit(&stage.sandbox, "@openfn/language-dhis2@6.0.0", &["// sandbox 1", "// sandbox 2"]).await;
        let apply = ["merge", "apply", &stage.sandbox, "--keep-source", "--yes", "--output", "json"];
        let merge: serde_json::Value = serde_json::from_str(&result(&stage.desk.run(&apply))).unwrap();
        stage.edit(&stage.project, "@openfn/language-dhis2@6.0.0", &["// sandbox 1", "// later 2"]).await;
        let id = merge["id"].as_str().unwrap();
        let mut terminal = stage.desk.at_terminal(&["merge", "resolve", "--revert", id]);
        terminal.sees("source is what was before that merge").sees("1 of 1").sees("// later 2").press("t").sees("Apply exactly this?").press("y");
        let (said, code) = terminal.ends();
        assert_eq!(code, 0, "{said}");
        let (adaptor, lines) = stage.step().await;
        assert_eq!((adaptor.as_str(), lines.as_slice()), ("@openfn/language-dhis2@5.0.1", ["// later 2".to_owned()].as_slice()));
    }

    async fn without_a_terminal_it_says_which_flags_do_it(server: Server) {
        let stage = Stage::diverged(&server).await;
        let output = stage.desk.run(&["merge", "resolve", &stage.sandbox]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("no terminal") && said.contains("--settle") && said.contains("--choices"), "{said}");
    }

    async fn without_conflicts_there_is_only_the_plan_to_approve(server: Server) {
        let stage = Stage::quiet(&server).await;
        stage.edit(&stage.sandbox, "@openfn/language-dhis2@6.0.0", &["// sandbox 1"]).await;
        let mut terminal = stage.desk.at_terminal(&["merge", "resolve", &stage.sandbox, "--keep-source"]);
        terminal.sees("changed").sees("Apply exactly this? [y]es, [q]uit").press("y");
        assert_eq!(terminal.ends().1, 0);
        let mut terminal = stage.desk.at_terminal(&["merge", "resolve", &stage.sandbox]);
        terminal.sees("nothing that could be applied").press("q");
        assert_eq!(terminal.ends().1, 1);
        assert_eq!(stage.step().await.1, ["// sandbox 1"]);
    }
}
