//! Merging as these tests do it: everything that the source has to give, and every promise about it looked at.

use std::collections::BTreeMap;

use sandbar_client::{
    Client, Error, Plan, Reason,
    v1::{
        ApplyMergeRequest, GetMergeRequest, Merge, MergeChoice, MergeChoices, MergeDecision, MergeLabel,
        MergeWarning, PlanResource, PreviewMergeRequest, PreviewRevertRequest, ResourceKind,
        RevertMergeRequest, merge_choice, merge_warning,
    },
};

use serde_json::Value;

use crate::flow::{Holdings, holdings};

/// The defaults; the source stays.
pub(crate) fn defaults() -> MergeChoices {
    MergeChoices { defaults: true, choices: Vec::new(), retire_source: Some(false) }
}

/// Everything that the source has to give, whatever the target's own edits.
pub(crate) fn everything(plan: &Plan) -> MergeChoices {
    let choice = |one: &PlanResource| {
        let decision = match one.label() {
            MergeLabel::Diverged => MergeDecision::Overwrite,
            MergeLabel::Deleted => MergeDecision::Take,
            _ => return None,
        };
        let resource = Some(merge_choice::Resource::Key(one.key.clone().unwrap()));
        Some(MergeChoice { resource, decision: decision.into(), resolutions: Vec::new() })
    };
    MergeChoices { choices: plan.resources.iter().filter_map(choice).collect(), ..defaults() }
}

pub(crate) async fn preview(client: &Client, source: &str, target: &str, choices: &MergeChoices) -> Plan {
    try_preview(client, source, target, choices).await.unwrap()
}

pub(crate) async fn try_preview(
    client: &Client,
    source: &str,
    target: &str,
    choices: &MergeChoices,
) -> Result<Plan, Error> {
    let (source_id, target_id) = (source.to_owned(), target.to_owned());
    let request = PreviewMergeRequest { source_id, target_id, choices: Some(choices.clone()) };
    client.merges().preview_merge(request).await
}

/// Applies a plan of [`preview`].
pub(crate) fn applying(source: &str, target: &str, choices: &MergeChoices, plan: &Plan) -> ApplyMergeRequest {
    ApplyMergeRequest {
        source_id: source.to_owned(),
        target_id: target.to_owned(),
        choices: Some(choices.clone()),
        plan_token: plan.head.plan_token.clone(),
        ..ApplyMergeRequest::default()
    }
}

pub(crate) async fn apply(client: &Client, request: ApplyMergeRequest) -> Result<Merge, Error> {
    client.merges().apply_merge(request).await.map(|answer| answer.merge.unwrap())
}

/// Those that an apply writes.
pub(crate) fn selected(plan: &Plan) -> Vec<&PlanResource> {
    let taken =
        |one: &&PlanResource| matches!(one.decision(), MergeDecision::Take | MergeDecision::Overwrite);
    plan.resources.iter().filter(taken).collect()
}

/// A merge with all that is known of it.
#[derive(Debug)]
pub(crate) struct Merged {
    pub(crate) merge: Merge,
    pub(crate) before: Holdings,
    pub(crate) after: Holdings,
}

/// Merges everything and checks what was promised: the record and the target are as the plan said, both agree on all that
/// was selected, the rest of the target stays, and there is nothing left to merge. None: there was nothing to give.
pub(crate) async fn merge_everything(
    client: &Client,
    source: &str,
    target: &str,
    what: &str,
) -> Option<Merged> {
    let choices = everything(&preview(client, source, target, &defaults()).await);
    let plan = preview(client, source, target, &choices).await;
    let before = holdings(client, target).await;
    if selected(&plan).is_empty() {
        let refused = apply(client, applying(source, target, &choices, &plan)).await.unwrap_err();
        assert_eq!(refused.reason(), Some(Reason::NothingSelected), "{what}: {refused}");
        assert_eq!(holdings(client, target).await, before, "{what}");
        return None;
    }
    let merge = apply(client, applying(source, target, &choices, &plan)).await;
    let merge = merge.unwrap_or_else(|error| panic!("{what}: {error}\n{:#?}", brief(&plan)));
    let after = holdings(client, target).await;
    let given = holdings(client, source).await;
    assert_recorded(&merge, &plan, !given.links_otherwise(&before), what);
    assert_agreed(&plan, (&given, &before, &after), what);
    assert_nothing_left(client, source, target, what).await;
    Some(Merged { merge, before, after })
}

/// The record says what the plan said. `alike`: each credential has the same link on both sides, so that what was taken is
/// the source's to the byte.
pub(crate) fn assert_recorded(merge: &Merge, plan: &Plan, alike: bool, what: &str) {
    let lines: BTreeMap<_, _> = merge
        .resources
        .iter()
        .map(|one| {
            let key = one.key.as_ref().unwrap();
            ((key.kind, key.id.clone()), one)
        })
        .collect();
    assert_eq!(lines.len(), selected(plan).len(), "{what}");
    assert_eq!(merge.resource_count, plan.head.selected_count, "{what}");
    for planned in selected(plan) {
        let line =
            lines.get(&target_key(planned)).unwrap_or_else(|| panic!("{what}: {} is missing", planned.name));
        assert_eq!(
            (line.label, line.decision),
            (planned.label, planned.decision),
            "{what}: {}",
            planned.name
        );
        assert_eq!(line.before_etag, planned.target_etag, "{what}: {}", planned.name);
        if alike && !stays_apart(plan, planned) {
            assert_eq!(line.after_etag, planned.source_etag, "{what}: {}", planned.name);
        }
    }
}

/// Whether the plan warns that something of the resource can't follow, so that the two differ in that afterwards.
pub(crate) fn stays_apart(plan: &Plan, one: &PlanResource) -> bool {
    let about = |warning: &&MergeWarning| {
        warning.kind() == merge_warning::Kind::CredentialNotLinked && warning.resource == one.key
    };
    plan.head.warnings.iter().any(|warning| about(&warning))
}

/// Whether the plan warns that it would be refused.
pub(crate) fn is_blocked(plan: &Plan) -> bool {
    let refuses = [merge_warning::Kind::NameTaken, merge_warning::Kind::InvalidResult];
    plan.head.warnings.iter().any(|warning| refuses.contains(&warning.kind()))
}

/// Undoes a merge with the defaults, as previewed.
pub(crate) async fn revert(client: &Client, merge: &str, restore_source: bool) -> Result<Merge, Error> {
    let choices = MergeChoices { retire_source: None, ..defaults() };
    let request = PreviewRevertRequest { merge_id: merge.into(), choices: Some(choices.clone()) };
    let plan = client.merges().preview_revert(request).await?;
    let request = RevertMergeRequest {
        merge_id: merge.into(),
        choices: Some(choices),
        plan_token: plan.head.plan_token,
        restore_source,
        ..RevertMergeRequest::default()
    };
    client.merges().revert_merge(request).await.map(|answer| answer.merge.unwrap())
}

/// Undoes a merge on an untouched target, and undoes that: each time it is as it was before, etag for etag.
pub(crate) async fn there_and_back(client: &Client, target: &str, merged: &Merged, what: &str) {
    let reverted = revert(client, &merged.merge.id, false).await.unwrap_or_else(|e| panic!("{what}: {e}"));
    assert_eq!(holdings(client, target).await, merged.before, "{what}: undone");
    let again = revert(client, &reverted.id, false).await.unwrap_or_else(|e| panic!("{what}: {e}"));
    assert_eq!(holdings(client, target).await, merged.after, "{what}: the undo undone");
    assert_eq!(again.reverts_id, reverted.id, "{what}");
    let request = GetMergeRequest { merge_id: merged.merge.id.clone() };
    let record = client.merges().get_merge(request).await.unwrap().merge.unwrap();
    assert_eq!(record.reverted_by_id, reverted.id, "{what}");
}

/// What the plan lists, in short.
pub(crate) fn brief(plan: &Plan) -> Vec<String> {
    let line = |one: &PlanResource| {
        let key = one.key.as_ref().unwrap();
        format!("{:?} {:?} {} {} {:?}", one.label(), one.decision(), key.kind, key.id, one.name)
    };
    plan.resources.iter().map(line).collect()
}

fn target_key(one: &PlanResource) -> (i32, String) {
    let key = one.key.as_ref().unwrap();
    let id = if one.target_id.is_empty() { &key.id } else { &one.target_id };
    (key.kind, id.clone())
}

/// A workflow under another id, that of its namesake in the target.
fn same(content: Option<&Value>, id: &str) -> Option<Value> {
    let mut content = content?.clone();
    content["id"] = id.into();
    Some(content)
}

fn assert_agreed(plan: &Plan, (source, before, after): (&Holdings, &Holdings, &Holdings), what: &str) {
    let (mut expected, mut agreed) = (before.clone(), after.clone());
    for one in selected(plan) {
        let (key, target) = (one.key.as_ref().unwrap(), target_key(one).1);
        let there = if key.kind == i32::from(ResourceKind::Workflow) {
            let (given, taken) = (source.workflows.get(&key.id), agreed.workflows.remove(&target));
            let (given_content, taken_content) =
                (source.contents.get(&key.id), agreed.contents.remove(&target));
            assert_eq!(taken.is_some(), given.is_some(), "{what}: {:?}", one.name);
            if !stays_apart(plan, one) {
                assert_eq!(
                    same(taken_content.as_ref(), &target),
                    same(given_content, &target),
                    "{what}: {:?}",
                    one.name
                );
            }
            if !stays_apart(plan, one) && !source.links_otherwise(after) {
                assert_eq!(taken.as_ref(), given, "{what}: {:?}", one.name);
                assert_eq!(taken.unwrap_or_default(), one.source_etag, "{what}: {:?}", one.name);
            }
            expected.contents.remove(&target);
            expected.workflows.remove(&target).is_some()
        } else {
            let section = if key.kind == i32::from(ResourceKind::Collection) {
                "collections"
            } else {
                "project_credentials"
            };
            let here = |id: &str| (section, id.to_owned());
            let (given, taken) = (source.others.get(&here(&key.id)), agreed.others.remove(&here(&target)));
            assert_eq!(taken.is_some(), given.is_some(), "{what}: {:?}", one.name);
            if let (Some(given), Some(taken)) = (given, taken) {
                assert_eq!((&given["name"], &given["owner"]), (&taken["name"], &taken["owner"]), "{what}");
            }
            expected.others.remove(&here(&target)).is_some()
        };
        assert_eq!(there, !one.target_etag.is_empty(), "{what}: {:?}", one.name);
    }
    assert_eq!(agreed, expected, "{what}: what was not selected stays");
}

async fn assert_nothing_left(client: &Client, source: &str, target: &str, what: &str) {
    let plan = preview(client, source, target, &defaults()).await;
    let left = plan.resources.iter().find(|one| one.label() != MergeLabel::TargetOnly);
    assert!(left.is_none(), "{what}: there is more to merge: {:#?}", brief(&plan));
}
