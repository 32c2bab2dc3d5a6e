//! What operators read.

use sandbar_client::{
    prost_types::FieldMask,
    v1::{CreateProjectRequest, Project, UpdateProjectRequest},
};
use sandbar_tests::{Options, canary::holds, on_both_engines};

const CALLS: usize = 200;

on_both_engines! {
    // Several filters, as traces need, once made drivers swallow the lines that came after their own.
    async fn every_change_has_its_line_and_its_span(mut server: Server = Options::default().env("SANDBAR_LOG", "info")) {
        let client = server.user("ann").await;
        let named = |name: String| Some(Project { name, ..Default::default() });
        let create = CreateProjectRequest { project: named("orders".to_owned()), ..Default::default() };
        let project_id = client.projects().create_project(create).await.unwrap().project.unwrap().id;
        for number in 0..CALLS {
            let update = UpdateProjectRequest {
                project_id: project_id.clone(),
                project: named(format!("orders-{number}")),
                update_mask: Some(FieldMask { paths: vec!["name".to_owned()] }),
                ..Default::default()
            };
            client.projects().update_project(update).await.unwrap();
        }
        server.stop().await;
        let (_, log) = server.log();
        let ids: Vec<_> = log
            .lines()
            .filter(|line| line.contains("UpdateProject") && line.contains("code=\"OK\""))
            .map(|line| line.split_once("request_id=\"").unwrap().1.split_once('"').unwrap().0)
            .collect();
        assert_eq!(ids.len(), CALLS);
        let traces = server.traces();
        assert_eq!(ids.iter().find(|id| !holds(&traces, id)), None);
    }
}
