//! What looks for secrets at the end of every server notices them: in a log, in the database, a token's text too.

use std::{
    fs::OpenOptions,
    io::Write,
    panic::{AssertUnwindSafe, catch_unwind},
};

use sandbar_client::{
    prost_types::FieldMask,
    v1::{CreateProjectRequest, GetProjectRequest, Project, UpdateProjectRequest},
};
use sandbar_tests::{
    Server,
    canary::{CONTENT, SECRET, holds},
    on_both_engines,
};

/// What is said when a server ends; empty: nothing.
fn said_at_the_end(server: Server) -> String {
    let ended = catch_unwind(AssertUnwindSafe(|| drop(server)));
    ended.err().map(|said| *said.downcast::<String>().unwrap()).unwrap_or_default()
}

fn write_to_log(server: &Server, text: &str) {
    let mut log = OpenOptions::new().append(true).open(server.log().0).unwrap();
    writeln!(log, "INFO sandbar: {text}").unwrap();
}

async fn describe(server: &Server, description: &str) {
    let project = Some(Project {
        name: "orders".to_owned(),
        description: description.to_owned(),
        ..Default::default()
    });
    let request = CreateProjectRequest { project, ..Default::default() };
    server.user("ann").await.projects().create_project(request).await.unwrap();
}

on_both_engines! {
    async fn a_secret_in_a_log_is_noticed(server: Server) {
        write_to_log(&server, &format!("the password is {SECRET}"));
        let said = said_at_the_end(server);
        assert!(said.contains("server.log") && said.contains("a secret: "), "{said}");
    }

    async fn a_token_in_a_log_is_noticed(server: Server) {
        let ann = server.principal("ann", sandbar_client::v1::PrincipalKind::User).await;
        write_to_log(&server, &format!("authorization: Bearer {}", ann.token));
        let said = said_at_the_end(server);
        assert!(said.contains("server.log") && said.contains("a token: "), "{said}");
    }

    async fn a_secret_in_a_trace_is_noticed(server: Server) {
        let traces = server.log().0.with_file_name("traces.log");
        let mut sent = OpenOptions::new().append(true).open(traces).unwrap();
        sent.write_all(format!("\n\x12{SECRET}\x1a").as_bytes()).unwrap();
        let said = said_at_the_end(server);
        assert!(said.contains("traces.log") && said.contains("a secret: "), "{said}");
    }

    async fn a_secret_in_the_database_is_noticed(server: Server) {
        describe(&server, SECRET).await;
        let said = said_at_the_end(server);
        let place = said.contains("sandbar.db") || said.contains("PostgreSQL");
        assert!(place && said.contains("a secret: "), "{said}");
    }

    async fn what_was_written_over_is_looked_at_too(server: Server) {
        let described = |description: &str| {
            Project { name: "orders".to_owned(), description: description.to_owned(), ..Default::default() }
        };
        let (text, client) = ("what nobody reads any more", server.user("ann").await);
        let create = CreateProjectRequest { project: Some(described(text)), ..Default::default() };
        let project_id = client.projects().create_project(create).await.unwrap().project.unwrap().id;
        let update = UpdateProjectRequest {
            project_id: project_id.clone(),
            project: Some(described("")),
            update_mask: Some(FieldMask { paths: vec!["description".to_owned()] }),
            ..Default::default()
        };
        client.projects().update_project(update).await.unwrap();
        let kept = client.projects().get_project(GetProjectRequest { project_id }).await.unwrap();
        assert_eq!(kept.project.unwrap().description, "");
        assert!(holds(&server.dump().await, text), "nothing but the newest was looked at");
    }

    async fn what_is_kept_as_it_is_may_be_in_the_database_and_in_no_log(server: Server) {
        describe(&server, CONTENT).await;
        write_to_log(&server, CONTENT);
        let said = said_at_the_end(server);
        assert!(said.starts_with("1 secrets are in ") && said.contains("server.log"), "{said}");
    }
}
