//! `sandbar webhook-auth create`, `list`, `rename` and `delete`.

use std::fs;

use sandbar_client::v1::{CreateProjectRequest, PrincipalKind, Project};
use sandbar_tests::on_both_engines;

use crate::terminal::{Desk, result};

const KEY: &str = "canary-7f3a9-of-the-partner";

on_both_engines! {
    async fn methods_are_made_of_files_and_never_shown(server: Server) {
        let ada = server.principal("Ada", PrincipalKind::User).await;
        let project = Project { name: "orders".into(), ..Default::default() };
        let request = CreateProjectRequest { project: Some(project), ..Default::default() };
        ada.client.projects().create_project(request).await.unwrap();
        let desk = Desk::new(&server, &ada.token);
        fs::write(desk.path("key.txt"), format!("{KEY}\n")).unwrap();

        let mut said = result(&desk.run(&["webhook-auth", "create", "orders", "Partner", "key.txt"]));
        said += &result(&desk.run(&["webhook-auth", "create", "orders", "Clinic", "--username", "clinic", "key.txt"]));
        result(&desk.run(&["sandbox", "create", "orders", "fix"]));
        for project in ["orders", "orders/fix"] {
            let list = result(&desk.run(&["webhook-auth", "list", project]));
            assert!(list.contains("Partner") && list.contains("API key") && list.contains("user name and password"), "{list}");
            said += &list;
        }
        let refused = desk.run(&["webhook-auth", "create", "orders/fix", "Other", "key.txt"]);
        assert_eq!(refused.status.code(), Some(1), "managed in the root");
        said += &String::from_utf8_lossy(&refused.stderr);

        said += &result(&desk.run(&["webhook-auth", "rename", "orders", "Partner", "Supplier"]));
        result(&desk.run(&["webhook-auth", "delete", "orders", "Clinic", "--yes"]));
        let left = result(&desk.run(&["webhook-auth", "list", "orders", "--output", "json"]));
        assert!(left.contains("Supplier") && !left.contains("Partner") && !left.contains("Clinic"), "{left}");
        assert_eq!(desk.run(&["webhook-auth", "delete", "orders", "Clinic", "--yes"]).status.code(), Some(1));
        assert!(!(said + &left).contains(KEY), "a secret was shown");
    }
}
