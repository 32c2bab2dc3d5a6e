//! What two projects are compared by: what they last agreed on, resource by resource, whichever way they are related and
//! whatever was merged before.

use sandbar_client::{
    Client,
    v1::{Merge, MergeChoice, MergeChoices, MergeDecision, merge_choice},
};
use sandbar_tests::{Server, on_both_engines};

use crate::{
    flow::{fork, get, put, root, workflow, workflows},
    merging::{apply, applying, defaults, preview, revert},
};

on_both_engines! {
    async fn a_sandbox_is_compared_with_its_parent_as_it_was_at_the_fork(server: Server) {
        let field = Field::new(&server).await;
        field.edit(&field.root, "Fetch").await;
        field.edit(&field.one, "Load").await;
        field.offers(&field.one, &field.root, &["Changed Load", "TargetOnly Fetch"]).await;
        field.offers(&field.root, &field.one, &["Changed Fetch", "TargetOnly Load"]).await;
        field.edit(&field.root, "Load").await;
        field.offers(&field.one, &field.root, &["Diverged Load", "TargetOnly Fetch"]).await;
    }

    async fn what_was_saved_unchanged_is_not_offered(server: Server) {
        let field = Field::new(&server).await;
        for name in NAMES {
            let there = field.named(&field.one, name).await;
            put(&field.client, &field.one, there, "").await.unwrap();
        }
        field.offers(&field.one, &field.root, &[]).await;
        // There and back again is no change, either.
        let before = field.named(&field.one, "Fetch").await;
        field.edit(&field.one, "Fetch").await;
        put(&field.client, &field.one, before, "").await.unwrap();
        field.offers(&field.one, &field.root, &[]).await;
        field.edit(&field.root, "Fetch").await;
        field.offers(&field.one, &field.root, &["TargetOnly Fetch"]).await;
    }

    async fn siblings_are_compared_by_what_the_first_of_them_was_made_from(server: Server) {
        let field = Field::new(&server).await;
        field.edit(&field.root, "Fetch").await;
        let late = fork(&field.client, &field.root, "late").await;
        // The later one has the parent's edit from its beginning; to the earlier one it is news.
        field.offers(&late, &field.one, &["Changed Fetch"]).await;
        field.offers(&field.one, &late, &["TargetOnly Fetch"]).await;
        field.edit(&field.one, "Load").await;
        field.merge(&field.one, &late, &[]).await;
        field.offers(&field.one, &late, &["TargetOnly Fetch"]).await;
        field.edit(&late, "Load").await;
        field.offers(&field.one, &late, &["TargetOnly Fetch", "TargetOnly Load"]).await;
        field.offers(&late, &field.one, &["Changed Fetch", "Changed Load"]).await;
    }

    async fn grandparents_are_compared_past_the_levels_between(server: Server) {
        let field = Field::new(&server).await;
        let below = fork(&field.client, &field.one, "below").await;
        field.edit(&field.one, "Load").await;
        field.edit(&below, "Fetch").await;
        // What the level between did after the fork is not in the one below it.
        field.offers(&below, &field.root, &["Changed Fetch"]).await;
        field.merge(&below, &field.root, &[]).await;
        field.offers(&below, &field.root, &[]).await;
        // To the level between it is still to be told, and by both alike.
        field.offers(&below, &field.one, &["Changed Fetch", "TargetOnly Load"]).await;
        field.offers(&field.root, &field.one, &["Changed Fetch", "TargetOnly Load"]).await;
        field.merge(&field.root, &field.one, &[]).await;
        field.offers(&below, &field.one, &["TargetOnly Load"]).await;
        field.edit(&field.root, "Report").await;
        field.offers(&field.root, &below, &["Changed Report"]).await;
        field.offers(&below, &field.root, &["TargetOnly Report"]).await;
    }

    async fn what_the_level_between_had_at_the_fork_goes_up_with_the_level_below(server: Server) {
        let field = Field::new(&server).await;
        field.edit(&field.one, "Load").await;
        let below = fork(&field.client, &field.one, "below").await;
        field.offers(&below, &field.one, &[]).await;
        field.offers(&below, &field.root, &["Changed Load"]).await;
        field.merge(&field.one, &field.root, &[]).await;
        field.offers(&below, &field.root, &[]).await;
    }

    async fn strangers_are_compared_with_what_they_agreed_on(server: Server) {
        let field = Field::new(&server).await;
        let stranger = root(&field.client, "stranger").await;
        put(&field.client, &stranger, workflow("Load", "mine();\n"), "*").await.unwrap();
        // They began with nothing, so what both have under one name are two ideas of one thing.
        field.offers(&field.one, &stranger, &["Diverged Load", "New Fetch", "New Report"]).await;
        field.offers(&stranger, &field.one, &["Diverged Load", "TargetOnly Fetch", "TargetOnly Report"]).await;
        let merged = field.merge(&field.one, &stranger, &[("Load", MergeDecision::Overwrite)]).await;
        field.offers(&field.one, &stranger, &[]).await;
        field.offers(&stranger, &field.one, &[]).await;
        // From then on they are compared with that, both ways and whatever a thing is called.
        field.edit(&stranger, "Load").await;
        field.edit(&field.one, "Fetch").await;
        field.offers(&field.one, &stranger, &["Changed Fetch", "TargetOnly Load"]).await;
        field.offers(&stranger, &field.one, &["Changed Load", "TargetOnly Fetch"]).await;
        field.merge(&stranger, &field.one, &[]).await;
        field.offers(&field.one, &stranger, &["Changed Fetch"]).await;
        // The sandbox's parent learns of it from the sandbox.
        field.offers(&field.one, &field.root, &["Changed Fetch", "Changed Load"]).await;
        // Undoing the first merge leaves what was edited since, and offers again what it takes back.
        revert(&field.client, &merged.id, false).await.unwrap();
        field.offers(&field.one, &stranger, &["New Fetch", "New Report"]).await;
    }

    async fn a_selective_merge_leaves_the_rest_as_it_was(server: Server) {
        let field = Field::new(&server).await;
        for name in NAMES {
            field.edit(&field.one, name).await;
        }
        field.merge(&field.one, &field.root, &[("Load", MergeDecision::Leave), ("Report", MergeDecision::Leave)]).await;
        field.offers(&field.one, &field.root, &["Changed Load", "Changed Report"]).await;
        field.edit(&field.root, "Load").await;
        field.offers(&field.one, &field.root, &["Changed Report", "Diverged Load"]).await;
        field.offers(&field.root, &field.one, &["Diverged Load", "TargetOnly Report"]).await;
        field.merge(&field.one, &field.root, &[("Load", MergeDecision::Overwrite)]).await;
        field.offers(&field.one, &field.root, &[]).await;
        field.offers(&field.root, &field.one, &[]).await;
        // Each goes on from what was agreed on, and not from the fork.
        field.edit(&field.root, "Fetch").await;
        field.edit(&field.one, "Load").await;
        field.offers(&field.one, &field.root, &["Changed Load", "TargetOnly Fetch"]).await;
    }

    async fn after_a_sync_only_later_edits_count(server: Server) {
        let field = Field::new(&server).await;
        field.edit(&field.root, "Fetch").await;
        field.edit(&field.one, "Load").await;
        field.merge(&field.root, &field.one, &[]).await;
        field.offers(&field.one, &field.root, &["Changed Load"]).await;
        field.offers(&field.root, &field.one, &["TargetOnly Load"]).await;
        field.edit(&field.one, "Fetch").await;
        field.offers(&field.one, &field.root, &["Changed Fetch", "Changed Load"]).await;
        field.edit(&field.root, "Load").await;
        field.offers(&field.root, &field.one, &["Diverged Load", "TargetOnly Fetch"]).await;
    }

    async fn what_a_revert_took_back_is_offered_again(server: Server) {
        let field = Field::new(&server).await;
        field.edit(&field.one, "Fetch").await;
        field.edit(&field.one, "Load").await;
        let merge = field.merge(&field.one, &field.root, &[]).await;
        field.edit(&field.root, "Load").await;
        let undone = revert(&field.client, &merge.id, false).await.unwrap();
        // What was edited since stays, and so what was agreed on about it.
        field.offers(&field.one, &field.root, &["Changed Fetch", "TargetOnly Load"]).await;
        field.offers(&field.root, &field.one, &["Changed Load", "TargetOnly Fetch"]).await;
        revert(&field.client, &undone.id, false).await.unwrap();
        field.offers(&field.one, &field.root, &["TargetOnly Load"]).await;
        field.edit(&field.one, "Fetch").await;
        field.offers(&field.one, &field.root, &["Changed Fetch", "TargetOnly Load"]).await;
    }

    async fn what_came_by_way_of_a_third_is_not_offered(server: Server) {
        let field = Field::new(&server).await;
        let other = fork(&field.client, &field.root, "other").await;
        field.edit(&field.one, "Fetch").await;
        field.merge(&field.one, &field.root, &[]).await;
        field.merge(&field.root, &other, &[]).await;
        field.offers(&field.one, &other, &[]).await;
        field.offers(&other, &field.one, &[]).await;
        // The two have never told each other: for them, both moved on since they began. Any merge between them says so.
        field.edit(&other, "Fetch").await;
        field.offers(&other, &field.one, &["Diverged Fetch"]).await;
        field.offers(&other, &field.root, &["Changed Fetch"]).await;
    }

    async fn what_both_combined_is_agreed_on_by_both(server: Server) {
        let field = Field::new(&server).await;
        let renamed = |name: &str, mut workflow: sandbar_client::v1::Workflow| {
            name.clone_into(&mut workflow.jobs[0].name);
            workflow
        };
        field.edit(&field.one, "Fetch").await;
        let there = field.named(&field.root, "Fetch").await;
        put(&field.client, &field.root, renamed("renamed", there), "").await.unwrap();
        field.offers(&field.one, &field.root, &["Diverged Fetch"]).await;
        field.merge(&field.one, &field.root, &[("Fetch", MergeDecision::Combine)]).await;
        // The source has nothing more to give; the target's rename is still its own.
        field.offers(&field.one, &field.root, &["TargetOnly Fetch"]).await;
        field.offers(&field.root, &field.one, &["Changed Fetch"]).await;
        field.merge(&field.root, &field.one, &[]).await;
        field.offers(&field.one, &field.root, &[]).await;
        let [one, other] = [field.named(&field.one, "Fetch").await, field.named(&field.root, "Fetch").await];
        assert_eq!((&one.etag, one.jobs[0].name.as_str()), (&other.etag, "renamed"));
    }
}

const NAMES: [&str; 3] = ["Fetch", "Load", "Report"];

/// A root with three workflows and a sandbox.
struct Field {
    client: Client,
    root: String,
    one: String,
}

impl Field {
    async fn new(server: &Server) -> Self {
        let client = server.user("owner").await;
        let root = root(&client, "root").await;
        for name in NAMES {
            put(&client, &root, workflow(name, "begin();\n"), "*").await.unwrap();
        }
        let one = fork(&client, &root, "one").await;
        Self { client, root, one }
    }

    async fn named(&self, project: &str, name: &str) -> sandbar_client::v1::Workflow {
        let there = workflows(&self.client, project).await;
        let id = &there.iter().find(|one| one.name == name).unwrap().id;
        get(&self.client, project, id).await
    }

    /// Adds a line that nobody else adds.
    async fn edit(&self, project: &str, name: &str) {
        let mut workflow = self.named(project, name).await;
        let line = format!("edit('{project}', {});\n", workflow.revision);
        workflow.jobs[0].body.push_str(&line);
        put(&self.client, project, workflow, "").await.unwrap();
    }

    /// Checks what a plan lists, by label and name.
    async fn offers(&self, source: &str, target: &str, expected: &[&str]) {
        let plan = preview(&self.client, source, target, &defaults()).await;
        let mut listed: Vec<_> =
            plan.resources.iter().map(|one| format!("{:?} {}", one.label(), one.name)).collect();
        listed.sort();
        assert_eq!(listed, expected);
    }

    /// Merges the defaults, but for these.
    async fn merge(&self, source: &str, target: &str, decisions: &[(&str, MergeDecision)]) -> Merge {
        let choice = |(name, decision): &(&str, MergeDecision)| MergeChoice {
            resource: Some(merge_choice::Resource::WorkflowName((*name).to_owned())),
            decision: (*decision).into(),
            resolutions: Vec::new(),
        };
        let choices = MergeChoices { choices: decisions.iter().map(choice).collect(), ..defaults() };
        let plan = preview(&self.client, source, target, &choices).await;
        apply(&self.client, applying(source, target, &choices, &plan)).await.unwrap()
    }
}
