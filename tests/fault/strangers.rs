//! Merges between projects of two trees, which began with nothing in common and share no contents.

use sandbar_client::{
    Client,
    v1::{
        AuditFilter, AuditTrail, DeleteProjectRequest, GetMergeChangesRequest, GetMergeRequest,
        LinkCredentialRequest, ListAuditEventsRequest, ListCredentialLinksRequest, PrincipalKind, Role,
        SetMemberRequest, job, merge_warning,
    },
};
use sandbar_tests::{Options, on_both_engines};

use crate::{
    flow::{assert_sound, export, fork, holdings, import, put, root, workflow},
    history::states,
    kin::picks,
    merging::{apply, applying, defaults, merge_everything, preview, revert, there_and_back},
    secrets::create,
};

on_both_engines! {
    async fn a_project_goes_whole_into_an_empty_one(server: Server) {
        let client = server.user("owner").await;
        for history in ["health-sync", "social-sciences"] {
            let source = import(&client, "", &states(history).pop().unwrap().text).await.project.unwrap().id;
            let target = root(&client, "target").await;
            let merged = merge_everything(&client, &source, &target, history).await.unwrap();
            assert_eq!(holdings(&client, &target).await, holdings(&client, &source).await, "{history}");
            there_and_back(&client, &target, &merged, history).await;
        }
        assert_sound(&server);
    }

    async fn later_states_follow_each_other_across(server: Server) {
        let client = server.user("owner").await;
        let source = root(&client, "source").await;
        let above = root(&client, "above").await;
        let target = fork(&client, &above, "target").await;
        for state in states("health-sync").iter().step_by(4) {
            import(&client, &source, &state.text).await;
            merge_everything(&client, &source, &target, &state.file).await;
            assert_eq!(holdings(&client, &target).await, holdings(&client, &source).await, "{}", state.file);
        }
        assert_sound(&server);
    }

    async fn two_copies_that_went_apart_merge_both_ways(server: Server) {
        let client = server.user("owner").await;
        for pick in picks("strangers", 6) {
            let one = import(&client, "", &pick.first.text).await.project.unwrap().id;
            let other = import(&client, "", &pick.first.text).await.project.unwrap().id;
            import(&client, &one, &pick.middle.text).await;
            let other = fork(&client, &other, "sandbox").await;
            import(&client, &other, &pick.last.text).await;
            if let Some(merged) = merge_everything(&client, &one, &other, &pick.name).await {
                there_and_back(&client, &other, &merged, &pick.name).await;
            }
            merge_everything(&client, &other, &one, &pick.name).await;
            let back = merge_everything(&client, &one, &other, &pick.name).await;
            assert!(back.is_none(), "{}: there and back again is a fixed point", pick.name);
        }
        assert_sound(&server);
    }

    async fn what_crossed_outlives_the_tree_it_came_from(server: Server = Options::default().grace("0s")) {
        let client = server.user("owner").await;
        let [first, last] = ["first", "last"].map(|_| states("health-sync"));
        let source = import(&client, "", &first.first().unwrap().text).await.project.unwrap().id;
        let target = root(&client, "target").await;
        merge_everything(&client, &source, &target, "the first state").await.unwrap();
        import(&client, &source, &last.last().unwrap().text).await;
        let merged = merge_everything(&client, &source, &target, "the last state").await.unwrap();
        let whole = export(&client, &target).await;
        delete(&client, &source).await;
        server.purge_once().await;
        assert_eq!(export(&client, &target).await, whole);
        let request = GetMergeChangesRequest { merge_id: merged.merge.id.clone(), ..Default::default() };
        let changes = client.merges().merge_changes(request).all().await.unwrap();
        assert_eq!(changes.len(), merged.merge.resources.len());
        revert(&client, &merged.merge.id, false).await.unwrap();
        assert_eq!(holdings(&client, &target).await, merged.before);
        assert_sound(&server);
    }

    async fn who_does_not_see_the_target_learns_only_that_there_was_a_merge(server: Server) {
        let client = server.user("owner").await;
        let source = import(&client, "", &states("health-sync").pop().unwrap().text).await.project.unwrap().id;
        let target = root(&client, "target").await;
        let merged = merge_everything(&client, &source, &target, "into the target").await.unwrap().merge;
        let viewer = server.principal("viewer", PrincipalKind::User).await;
        let role = Role::Viewer.into();
        let request =
            SetMemberRequest { project_id: source, principal_id: viewer.id, role, ..Default::default() };
        client.access().set_member(request).await.unwrap();
        let request = GetMergeRequest { merge_id: merged.id.clone() };
        let seen = viewer.client.merges().get_merge(request).await.unwrap().merge.unwrap();
        assert_eq!((&seen.id, seen.resource_count), (&merged.id, merged.resource_count));
        assert!(seen.resources.is_empty() && seen.choices.is_none(), "{seen:?}");
    }

    async fn somebody_elses_credential_does_not_cross(server: Server) {
        let (ann, bob) = (server.user("ann").await, server.principal("bob", PrincipalKind::User).await);
        let source = root(&ann, "source").await;
        let (project_id, role) = (source.clone(), Role::Admin.into());
        let request = SetMemberRequest { project_id, principal_id: bob.id, role, ..Default::default() };
        ann.access().set_member(request).await.unwrap();
        let credential_id = create(&ann, "production").await;
        let request =
            LinkCredentialRequest { project_id: source.clone(), credential_id, ..Default::default() };
        let link = ann.credentials().link_credential(request).await.unwrap().credential_link.unwrap();
        let mut step = workflow("Send", "post();\n");
        step.jobs[0].uses = Some(job::Uses::CredentialLinkId(link.id));
        put(&ann, &source, step, "*").await.unwrap();

        let target = root(&bob.client, "target").await;
        let plan = preview(&bob.client, &source, &target, &defaults()).await;
        assert_eq!(plan.resources.len(), 1, "{:?}", plan.resources);
        let left = plan.head.warnings.iter().find(|one| one.kind() == merge_warning::Kind::CredentialNotLinked);
        assert!(left.is_some(), "{:?}", plan.head.warnings);
        apply(&bob.client, applying(&source, &target, &defaults(), &plan)).await.unwrap();
        let links = |client: &Client, project_id: &str| {
            let request = ListCredentialLinksRequest { project_id: project_id.to_owned(), ..Default::default() };
            client.list(request).all()
        };
        assert!(links(&bob.client, &target).await.unwrap().is_empty());
        // Its owner takes it along.
        let target = root(&ann, "target").await;
        merge_everything(&ann, &source, &target, "by its owner").await.unwrap();
        assert_eq!(links(&ann, &target).await.unwrap().len(), 1);
    }

    async fn both_trees_have_it_in_their_audit_trail(server: Server) {
        let client = server.user("owner").await;
        let source = import(&client, "", &states("health-sync").pop().unwrap().text).await.project.unwrap().id;
        let target = root(&client, "target").await;
        let merged = merge_everything(&client, &source, &target, "into the target").await.unwrap().merge;
        for project_id in [&source, &target] {
            let trail = AuditTrail { project_id: project_id.clone(), tree: true };
            let filter = AuditFilter { subject_id: merged.id.clone(), ..AuditFilter::default() };
            let request =
                ListAuditEventsRequest { trail: Some(trail), filter: Some(filter), ..Default::default() };
            let events = client.list(request).all().await.unwrap();
            let told: Vec<_> = events.iter().map(|event| (&event.project_id, event.action.as_str())).collect();
            assert_eq!(told, [(project_id, "merge.apply")]);
        }
    }
}

async fn delete(client: &Client, project: &str) {
    let request = DeleteProjectRequest { project_id: project.into(), ..DeleteProjectRequest::default() };
    client.projects().delete_project(request).await.unwrap();
}
