//! `sandbar audit list`, `export` and `verify`, and what the last one says to somebody who changed the database.

use std::process::Output;

use sandbar_client::v1::{CreateProjectRequest, PrincipalKind, Project, UpdateProjectRequest};
use sandbar_tests::{Engine, Server, on_both_engines};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection};

use crate::terminal::{Desk, result};

on_both_engines! {
    async fn the_trail_is_listed_exported_and_checked(server: Server) {
        let (desk, _) = stage(&server).await;
        let list = result(&desk.run(&["audit", "list", "orders"]));
        assert_eq!(list.lines().count(), 5, "{list}");
        for part in ["Ada", "project.update", "project.create", "127.0.0.1"] {
            assert!(list.contains(part), "{part:?} is not in {list}");
        }
        let some = result(&desk.run(&["audit", "list", "orders", "--action", "project.create", "--since", "1h"]));
        assert!(some.contains("project.create") && !some.contains("project.update"), "{some}");
        let none = desk.run(&["audit", "list", "orders", "--tree", "--until", "1h", "--output", "json"]);
        assert_eq!(result(&none).trim(), "[]");
        let limited = result(&desk.run(&["audit", "list", "orders", "--limit", "1"]));
        assert_eq!(limited.lines().count(), 2, "{limited}");

        let lines = result(&desk.run(&["audit", "export", "orders", "--after", "1"]));
        let events: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let positions: Vec<_> = events.iter().map(|event| event["position"].to_string()).collect();
        assert_eq!(positions.join(" ").replace('"', ""), "2 3 4");
        assert_eq!(events[0]["hash"], events[1]["previous_hash"]);

        let whole = result(&desk.run(&["audit", "verify", "orders"]));
        assert!(whole.starts_with("4 events checked, all as they were written\nhead  4:"), "{whole}");
        let head = whole.trim().rsplit("head  ").next().unwrap().to_owned();
        let rest = result(&desk.run(&["audit", "verify", "orders", "--after", &head]));
        assert!(rest.starts_with("0 events checked, all"), "{rest}");

        let refused = desk.run(&["audit", "verify", "--service"]);
        assert_eq!(refused.status.code(), Some(1));
        assert!(said(&refused).contains("service administrator"), "{}", said(&refused));
        assert_eq!(desk.run(&["audit", "verify"]).status.code(), Some(2));
        assert_eq!(desk.run(&["audit", "list", "orders", "--since", "soon"]).status.code(), Some(2));
    }

    async fn whoever_changes_the_database_is_told_on(server: Server) {
        let (desk, project) = stage(&server).await;
        let whole = result(&desk.run(&["audit", "verify", "orders"]));
        let head = whole.trim().rsplit("head  ").next().unwrap().to_owned();
        let project = project.replace('-', "");
        let of = match server.engine() {
            Engine::Sqlite => format!("chain_id = x'{project}'"),
            Engine::Postgres => format!("chain_id = '{project}'"),
        };
        alter(&server, format!("UPDATE audit_events SET address = '10.0.0.1' WHERE position = 3 AND {of}")).await;
        let broken = desk.run(&["audit", "verify", "orders", "--output", "json"]);
        assert_eq!(broken.status.code(), Some(1));
        assert!(said(&broken).contains("at position 3: the event there was changed"), "{}", said(&broken));
        let json: Value = serde_json::from_slice(&broken.stdout).unwrap();
        assert_eq!((&json["broken"]["damage"], &json["complete"]), (&"changed".into(), &false.into()));

        // A chain that fits itself, its end cut off: only who kept the head can tell.
        alter(&server, format!("DELETE FROM audit_events WHERE position >= 3 AND {of}")).await;
        let last = format!("(SELECT hash FROM audit_events WHERE position = 2 AND {of})");
        alter(&server, format!("UPDATE audit_chains SET position = 2, hash = {last} WHERE {of}")).await;
        assert!(result(&desk.run(&["audit", "verify", "orders"])).starts_with("2 events checked, all"));
        let broken = desk.run(&["audit", "verify", "orders", "--after", &head]);
        assert_eq!(broken.status.code(), Some(1));
        assert!(said(&broken).contains("at position 3: the event that was written there is gone"), "{}", said(&broken));
    }
}

/// A project of Ada's with four events, and her place.
async fn stage(server: &Server) -> (Desk, String) {
    let ada = server.principal("Ada", PrincipalKind::User).await;
    let project = Project { name: "orders".into(), ..Default::default() };
    let request = CreateProjectRequest { project: Some(project), ..Default::default() };
    let id = ada.client.projects().create_project(request).await.unwrap().project.unwrap().id;
    for text in ["one", "two", "three"] {
        let request = UpdateProjectRequest {
            project_id: id.clone(),
            project: Some(Project { description: text.into(), ..Default::default() }),
            update_mask: Some(sandbar_client::prost_types::FieldMask { paths: vec!["description".into()] }),
            ..Default::default()
        };
        ada.client.projects().update_project(request).await.unwrap();
    }
    (Desk::new(server, &ada.token), id)
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What somebody does who has the database.
async fn alter(server: &Server, sql: String) {
    let (url, sql) = (server.database_url(), AssertSqlSafe(sql));
    let rows = match server.engine() {
        Engine::Sqlite => {
            let mut connection = SqliteConnection::connect(&url).await.unwrap();
            connection.execute(sql).await.unwrap().rows_affected()
        }
        Engine::Postgres => {
            let mut connection = PgConnection::connect(&url).await.unwrap();
            connection.execute(sql).await.unwrap().rows_affected()
        }
    };
    assert!(rows > 0, "nothing was changed");
}
