//! `sandbar subscription show` and `set`.

use sandbar_client::v1::{CreateProjectRequest, PrincipalKind, Project};
use sandbar_tests::on_both_engines;

use crate::terminal::{Desk, result};

on_both_engines! {
    async fn an_administrator_says_what_a_tree_may_use_and_its_members_see_it(server: Server) {
        let ada = server.principal("Ada", PrincipalKind::User).await;
        let project = Project { name: "orders".into(), ..Default::default() };
        let request = CreateProjectRequest { project: Some(project), ..Default::default() };
        let id = ada.client.projects().create_project(request).await.unwrap().project.unwrap().id;
        let (hers, admins) = (Desk::new(&server, &ada.token), Desk::new(&server, server.admin_token()));
        let before = result(&hers.run(&["subscription", "show", "orders"]));
        assert!(before.contains("sandboxes  0, no limit\nruns       no limit in a month\n"), "{before}");

        let set = ["subscription", "set", &id, "--sandboxes", "1", "--runs", "100", "--ai-tokens", "none"];
        let after = format!(
            "root       {id}\nsandboxes  0 of 1\nruns       100 in a month\nAI tokens  no limit in a month\n"
        );
        assert_eq!(result(&admins.run(&set)), after);
        assert_eq!(result(&hers.run(&["subscription", "show", "orders"])), after);
        result(&hers.run(&["sandbox", "create", "orders", "one"]));
        assert_eq!(hers.run(&["sandbox", "create", "orders", "two"]).status.code(), Some(1));

        assert_eq!(hers.run(&set).status.code(), Some(1), "members don't");
        let some = admins.run(&["subscription", "set", &id, "--runs", "5"]);
        assert_eq!(some.status.code(), Some(2), "nothing is left out, and so lifted, by mistake");
        assert_eq!(result(&hers.run(&["subscription", "show", "orders"])).lines().nth(1), Some("sandboxes  1 of 1"));
    }
}
