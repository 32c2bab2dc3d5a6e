//! What the server says and holds, against what the oracle knows.

use std::collections::BTreeMap;

use sandbar_client::{
    Client, Plan,
    v1::{
        Merge, MergeConflict, MergeDecision, MergeLabel, PlanResource, ResourceKind, Workflow, merge_conflict,
    },
};
use serde_json::{Value, json};

use super::choose::Chosen;
use crate::{
    flow::{get, workflows},
    merging::brief,
    oracle::{
        Held, Subject, Taken,
        combine::Conflict,
        content::{Content, edge_of, trigger_of},
    },
};

/// The etag of every content that was ever seen.
pub(crate) type Etags = BTreeMap<String, String>;

/// Checks that a project holds this, to the byte, and nothing else. Notes the etags.
pub(crate) async fn assert_held(client: &Client, project: &str, held: &Held, etags: &mut Etags, what: &str) {
    let listed = workflows(client, project).await;
    let ids: Vec<_> = listed.iter().map(|one| &one.id).collect();
    assert!(
        ids.len() == held.len() && ids.iter().all(|id| held.contains_key(*id)),
        "{what}: {:?} are there, and not {:?}",
        listed.iter().map(|one| &one.name).collect::<Vec<_>>(),
        held.values().map(|content| &content.name).collect::<Vec<_>>()
    );
    for one in listed {
        let (there, content) = (get(client, project, &one.id).await, &held[&one.id]);
        assert_eq!(there.etag, one.etag, "{what}");
        let known = etags.entry(mark(&one.id, content)).or_insert_with(|| one.etag.clone());
        assert_eq!(*known, one.etag, "{what}: one content has one etag");
        assert_eq!(bare(there), bare(content.workflow(&one.id)), "{what}");
    }
}

/// What names a content of a workflow.
pub(crate) fn mark(id: &str, content: &Content) -> String {
    format!("{id} {content:?}")
}

/// Without what a server adds.
fn bare(mut workflow: Workflow) -> Workflow {
    (workflow.revision, workflow.etag, workflow.updated) = (0, String::new(), None);
    for trigger in &mut workflow.triggers {
        (trigger.enabled, trigger.path_id) = (false, String::new());
    }
    workflow.edges.sort_by(|one, other| one.id.cmp(&other.id));
    workflow
}

/// Checks that a plan lists what it must, and promises what will be.
pub(crate) fn assert_plan(plan: &Plan, expected: &BTreeMap<String, Subject>, chosen: &Chosen, what: &str) {
    let listed: BTreeMap<_, _> = plan.resources.iter().map(|one| (key(one), one)).collect();
    let is_right = plan.resources.len() == expected.len()
        && expected
            .iter()
            .all(|(id, subject)| listed.get(id).is_some_and(|one| one.label() == subject.label));
    assert!(is_right, "{what}: the plan lists {:#?} and not {:#?}", brief(plan), labels(expected));
    let taken = chosen.taken(expected);
    for (id, subject) in expected {
        let (one, decision) = (listed[id], chosen.decisions[id]);
        let what = format!("{what}: {id} {:?}", one.name);
        assert_eq!(one.decision(), decision, "{what}");
        let Subject { base, source, target, .. } = subject;
        let there = [base, source, target].map(Option::is_none);
        assert_eq!(
            [&one.base_etag, &one.source_etag, &one.target_etag].map(String::is_empty),
            there,
            "{what}"
        );
        assert_eq!(one.name, source.as_ref().or(target.as_ref()).unwrap().name, "{what}");
        assert_conflicts(id, one, chosen, &what);
        if let (Some(target), Some(Some(after))) = (target, taken.get(id).map(|taken| &taken.after)) {
            assert_fields(id, one, target, after, &what);
        }
    }
    let count = |label| i64::try_from(expected.values().filter(|one| one.label == label).count()).unwrap();
    let head = &plan.head;
    assert_eq!(
        [head.new_count, head.changed_count, head.deleted_count, head.diverged_count, head.target_only_count],
        [
            MergeLabel::New,
            MergeLabel::Changed,
            MergeLabel::Deleted,
            MergeLabel::Diverged,
            MergeLabel::TargetOnly
        ]
        .map(count),
        "{what}"
    );
    assert_eq!(head.selected_count, i64::try_from(taken.len()).unwrap(), "{what}");
    assert_eq!(head.open_conflict_count, i64::try_from(chosen.open()).unwrap(), "{what}");
}

fn labels(plan: &BTreeMap<String, Subject>) -> Vec<String> {
    let name = |one: &Subject| one.source.as_ref().or(one.target.as_ref()).unwrap().name.clone();
    plan.iter().map(|(id, one)| format!("{:?} {id} {:?}", one.label, name(one))).collect()
}

fn key(one: &PlanResource) -> String {
    let key = one.key.as_ref().unwrap();
    assert_eq!((key.kind, one.target_id.as_str()), (i32::from(ResourceKind::Workflow), ""), "{}", one.name);
    key.id.clone()
}

fn assert_conflicts(id: &str, one: &PlanResource, chosen: &Chosen, what: &str) {
    let none = BTreeMap::new();
    let expected = chosen.combined.get(id).map_or(&none, |combined| &combined.conflicts);
    let paths: Vec<_> = one.conflicts.iter().map(|conflict| &conflict.path).collect();
    assert!(
        paths.len() == expected.len() && paths.iter().all(|path| expected.contains_key(*path)),
        "{what}: conflicts at {paths:?}, and not at {:?}",
        expected.keys()
    );
    let settled = chosen.settled.get(id);
    for conflict in &one.conflicts {
        let what = format!("{what}: {}", conflict.path);
        let is_settled = settled.is_some_and(|settled| settled.contains_key(&conflict.path));
        assert_eq!(conflict.settled, is_settled, "{what}");
        assert_conflict(conflict, &expected[&conflict.path], &what);
    }
}

fn assert_conflict(conflict: &MergeConflict, expected: &Conflict, what: &str) {
    use merge_conflict::Kind;
    let values = [&conflict.base, &conflict.source, &conflict.target]
        .map(|json| json.as_ref().map(|json| serde_json::from_str::<Value>(json).unwrap()));
    match expected {
        Conflict::Field(expected) => {
            assert_eq!((conflict.kind(), &values), (Kind::Field, expected), "{what}");
        }
        Conflict::Body(expected, _) => {
            let clashes: Vec<_> = conflict
                .clashes
                .iter()
                .map(|clash| (clash.line, [clash.base.clone(), clash.source.clone(), clash.target.clone()]))
                .collect();
            assert_eq!((conflict.kind(), &clashes), (Kind::Body, expected), "{what}");
        }
        Conflict::Removed => assert_eq!(conflict.kind(), Kind::Removed, "{what}"),
    }
}

/// Checks that the plan names every field that changes in the target, and no other, with what will be there.
fn assert_fields(id: &str, one: &PlanResource, target: &Content, after: &Content, what: &str) {
    let mut expected = fields(id, target);
    let later = fields(id, after);
    let mut promised: BTreeMap<String, Option<Value>> = BTreeMap::new();
    for (path, value) in &later {
        if expected.remove(path).as_ref() != Some(value) {
            promised.insert(path.clone(), Some(value.clone()));
        }
    }
    promised.extend(expected.into_keys().map(|path| (path, None)));
    // A whole step has a line of its own, and none for each field.
    let whole = |path: &String| {
        let step = path.strip_prefix("jobs/").and_then(|rest| rest.split('/').next());
        step.is_some_and(|step| target.steps.contains_key(step) != after.steps.contains_key(step))
    };
    promised.retain(|path, _| !whole(path) || path.matches('/').count() == 1);
    let said: BTreeMap<_, _> = one.fields.iter().map(|field| (field.path.clone(), field)).collect();
    assert_eq!(
        said.keys().collect::<Vec<_>>(),
        promised.keys().collect::<Vec<_>>(),
        "{what}: the fields that change"
    );
    for (path, value) in promised {
        let field = said[&path];
        let said: Option<Value> = field.source.as_ref().map(|json| serde_json::from_str(json).unwrap());
        match value {
            Some(Value::Array(lines)) => {
                for line in lines.iter().filter_map(Value::as_str) {
                    let there = target.steps.values().any(|step| step.body.iter().any(|b| b.contains(line)));
                    assert!(there || field.body_diff.contains(&format!("+{line}")), "{what}: {path}: {line}");
                }
            }
            Some(Value::Bool(_)) => assert!(said.is_some(), "{what}: {path}"),
            value => assert_eq!(said, value, "{what}: {path}"),
        }
    }
}

/// Everything by its path; bodies as the list of their lines, whole parts as `true`.
fn fields(id: &str, content: &Content) -> BTreeMap<String, Value> {
    let mut fields = BTreeMap::from([("name".to_owned(), json!(content.name))]);
    fields.extend(content.concurrency.map(|number| ("concurrency".to_owned(), json!(number))));
    if !content.path.is_empty() {
        fields.insert(format!("triggers/{}/custom_path", trigger_of(id)), json!(content.path));
    }
    for (id, step) in &content.steps {
        fields.insert(format!("jobs/{id}"), json!(true));
        fields.insert(format!("jobs/{id}/name"), json!(step.name));
        fields.insert(format!("jobs/{id}/adaptor"), json!(step.adaptor));
        let lines: Vec<_> = step.body.iter().flat_map(|place| place.lines()).collect();
        fields.insert(format!("jobs/{id}/body"), json!(lines));
        fields.insert(format!("edges/{}", edge_of(id)), json!(true));
    }
    let drawn = content.drawn.iter();
    fields
        .extend(drawn.map(|(id, at)| (format!("positions/{id}"), json!({ "x": f64::from(*at), "y": 0.5 }))));
    fields
}

/// Checks that the record says what was done.
pub(crate) fn assert_record(
    merge: &Merge,
    (expected, decisions): (&BTreeMap<String, Subject>, &BTreeMap<String, MergeDecision>),
    taken: &BTreeMap<String, Taken>,
    etags: &Etags,
    what: &str,
) {
    let lines: BTreeMap<_, _> =
        merge.resources.iter().map(|line| (line.key.clone().unwrap().id, line)).collect();
    assert_eq!(lines.keys().collect::<Vec<_>>(), taken.keys().collect::<Vec<_>>(), "{what}: the record");
    assert_eq!(merge.resource_count, i64::try_from(taken.len()).unwrap(), "{what}");
    for (id, line) in lines {
        let subject = &expected[&id];
        assert_eq!((line.label(), line.decision()), (subject.label, decisions[&id]), "{what}: {id}");
        let etag = |content: &Option<Content>| match content {
            Some(content) => etags.get(&mark(&id, content)).cloned(),
            None => Some(String::new()),
        };
        assert_eq!(etag(&subject.target).as_ref(), Some(&line.before_etag), "{what}: {id} before");
        // What was edited again at once, nobody has seen.
        let after = etag(&taken[&id].after).unwrap_or_else(|| line.after_etag.clone());
        assert_eq!(after, line.after_etag, "{what}: {id} after");
    }
}
