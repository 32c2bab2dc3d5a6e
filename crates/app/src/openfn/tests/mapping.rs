//! What each key is read as.

use sandbar_model::{
    Error, JobId, ResourceId, TriggerId,
    workflow::{Condition, DEFAULT_ADAPTOR, DEFAULT_CRON, EdgeSource, TriggerKind, Uses},
};
use uuid::Uuid;

use super::{
    super::{Given, Sections},
    Piece, project, read_all, read_workflow,
};

const A: &str = "00000000-0000-4000-8000-00000000000a";
const B: &str = "00000000-0000-4000-8000-00000000000b";
const C: &str = "00000000-0000-4000-8000-00000000000c";

fn id(text: &str) -> Uuid {
    text.parse().unwrap()
}

fn violation(workflow: &str) -> (String, String) {
    match read_workflow(workflow) {
        Err(Error::InvalidFields { violations }) if violations.len() == 1 => {
            (violations[0].field.clone(), violations[0].problem.clone())
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn absent_null_and_given_settings_differ() {
    let (head, _) = read_all(b"{}").unwrap();
    assert_eq!(head, super::Head::default());

    let (head, _) = read_all(br#"{"description": null, "color": null, "concurrency": null, "env": null, "name": null,
        "workflows": null, "collections": {}, "project_credentials": [], "requires_mfa": null, "retention_policy": null}"#).unwrap();
    assert_eq!((head.description.as_deref(), head.color.as_deref()), (Some(""), Some("")));
    assert_eq!((head.concurrency, head.history_retention_days), (Given::Null, Given::Absent));
    assert_eq!((&head.environment, &head.name, head.requires_mfa), (&None, &None, None));
    let sections = Sections { credentials: true, collections: true, ..Sections::default() };
    assert_eq!(head.sections, sections);
}

#[test]
fn a_head_changes_only_what_it_speaks_of() {
    let (full, _) = read_all(
        br#"{"description": "d", "env": "main", "concurrency": 2, "history_retention_period": 30,
        "allow_support_access": true}"#,
    )
    .unwrap();
    let mut profile = project(&full).profile;
    let (head, _) = read_all(
        br##"{"name": "other", "concurrency": null, "color": "#123", "allow_support_access": false}"##,
    )
    .unwrap();
    head.apply(&mut profile);
    assert_eq!(
        (profile.name.as_str(), profile.description.as_str(), profile.color.as_str()),
        ("", "d", "#123")
    );
    assert_eq!((profile.settings.concurrency, profile.settings.history_retention_days), (None, Some(30)));
    assert!(!profile.settings.allow_support_access);
}

#[test]
fn credentials_are_links_or_keychains() {
    let piece = read_workflow(&format!(
        r#"{{"name": "w", "jobs": [{{"id": "{A}", "name": "a", "project_credential_id": "{C}"}},
        {{"id": "{B}", "name": "b", "keychain_credential_id": "{C}", "project_credential_id": null}}]}}"#
    ))
    .unwrap();
    let uses: Vec<_> = piece.workflow.jobs.iter().map(|job| job.uses).collect();
    assert_eq!(
        uses,
        [Some(Uses::CredentialLink(ResourceId(id(C)))), Some(Uses::Keychain(ResourceId(id(C))))]
    );

    let (field, problem) = violation(&format!(
        r#"{{"name": "w", "jobs": {{"J": {{"name": "a", "project_credential_id": "{C}", "keychain_credential_id": "{C}"}}}}}}"#
    ));
    assert_eq!(field, "workflows.w.jobs.J.keychain_credential_id");
    assert!(problem.contains("not both"), "{problem}");
}

#[test]
fn what_is_left_out_has_defaults_and_new_ids() {
    let piece = read_workflow(&format!(
        r#"{{"name": "w", "positions": null, "jobs": {{"j": {{"name": "a"}}}}, "triggers": [{{"type": "cron"}}],
        "edges": [{{"source_job_id": "{A}", "target_job_id": "{B}"}}, {{"source_trigger_id": "{C}", "target_job_id": "{B}"}}]}}"#
    ))
    .unwrap();
    let workflow = piece.workflow;
    assert_eq!(
        (piece.id, piece.delete, piece.enabled.len(), workflow.enable_job_logs),
        (None, false, 0, true)
    );
    let job = &workflow.jobs[0];
    assert_eq!(
        (job.id, job.body.as_str(), job.adaptor.as_str()),
        (JobId(Uuid::from_u128(1)), "", DEFAULT_ADAPTOR)
    );
    let TriggerKind::Cron(cron) = &workflow.triggers[0].kind else { panic!("{workflow:?}") };
    assert_eq!((cron.expression.as_str(), cron.cursor_job), (DEFAULT_CRON, None));
    let edges: Vec<_> =
        workflow.edges.iter().map(|edge| (edge.id.0.as_u128(), edge.condition, edge.enabled)).collect();
    assert_eq!(edges, [(3, Condition::OnJobSuccess, true), (4, Condition::Always, true)]);
}

#[test]
fn edges_keep_what_they_do_not_use() {
    let piece = read_workflow(&format!(
        r#"{{"name": "w", "edges": [{{"source_job_id": "{A}", "target_job_id": "{B}", "condition_type": "on_job_failure",
        "condition_expression": "state.x", "condition_label": "", "enabled": false}}]}}"#
    ))
    .unwrap();
    let edge = &piece.workflow.edges[0];
    assert_eq!(
        (edge.source, edge.condition, edge.enabled),
        (EdgeSource::Job(JobId(id(A))), Condition::OnJobFailure, false)
    );
    assert_eq!((edge.expression.as_deref(), edge.label.as_deref()), (Some("state.x"), Some("")));
}

#[test]
fn an_edge_that_is_never_followed_is_off() {
    let piece = read_workflow(&format!(
        r#"{{"name": "w", "edges": [{{"source_trigger_id": "{A}", "target_job_id": "{B}", "condition_type": "never", "enabled": true}}]}}"#
    ))
    .unwrap();
    let edge = &piece.workflow.edges[0];
    assert_eq!((edge.condition, edge.enabled), (Condition::Always, false));
}

#[test]
fn an_edge_has_one_source() {
    for sources in ["", &format!(r#""source_job_id": "{A}", "source_trigger_id": "{C}","#)] {
        let (field, problem) =
            violation(&format!(r#"{{"name": "w", "edges": [{{{sources} "target_job_id": "{B}"}}]}}"#));
        assert_eq!((field.as_str(), problem.contains("exactly one")), ("workflows.w.edges[0]", true));
    }
}

#[test]
fn what_is_deleted_takes_its_edges_along() {
    let piece = read_workflow(&format!(
        r#"{{"name": "w", "jobs": [{{"id": "{A}", "delete": true}}, {{"id": "{B}", "name": "b", "delete": false}}],
        "triggers": [{{"id": "{C}", "delete": true}}],
        "edges": [{{"source_job_id": "{A}", "target_job_id": "{B}"}}, {{"source_job_id": "{B}", "target_job_id": "{A}"}},
        {{"source_trigger_id": "{C}", "target_job_id": "{B}"}}, {{"source_job_id": "{B}", "target_job_id": null}},
        {{"source_job_id": "{B}", "target_job_id": "{B}", "delete": true}}]}}"#
    ))
    .unwrap();
    let workflow = piece.workflow;
    assert_eq!((workflow.jobs.len(), workflow.triggers.len(), workflow.edges), (1, 0, Vec::new()));
}

#[test]
fn deleted_workflows_are_said_to_go_whatever_else_they_have() {
    let kafka = r#""triggers": {"kafka": {"type": "kafka"}}"#;
    for gone in [r#""delete": true"#, r#""deleted_at": "2025-01-01T00:00:00Z""#] {
        let piece = read_workflow(&format!(r#"{{"id": "{A}", {gone}, {kafka}}}"#)).unwrap();
        assert_eq!(
            (piece.id, piece.delete, piece.workflow.triggers.len()),
            (Some(ResourceId(id(A))), true, 0)
        );
    }
    let kept = read_workflow(r#"{"name": "w", "delete": false, "deleted_at": null}"#).unwrap();
    assert!(!kept.delete);
    let refused = read_workflow(&format!(r#"{{"name": "w", {kafka}}}"#)).unwrap_err();
    assert!(
        matches!(&refused, Error::KafkaUnsupported { trigger } if trigger == "workflows.w.triggers.kafka"),
        "{refused:?}"
    );
}

#[test]
fn other_resources_can_be_deleted_by_id_alone() {
    let (_, pieces) = read_all(format!(
        r#"{{"collections": [{{"id": "{A}", "delete": true}}], "project_credentials": [{{"id": "{B}", "delete": true}}]}}"#
    ).as_bytes())
    .unwrap();
    assert!(
        matches!(
            &pieces[..],
            [Piece::Collection { delete: true, .. }, Piece::CredentialLink { delete: true, .. }]
        ),
        "{pieces:?}"
    );
    let refused =
        read_all(format!(r#"{{"project_credentials": {{"k": {{"id": "{A}"}}}}}}"#).as_bytes()).unwrap_err();
    let Error::InvalidFields { violations } = refused else { panic!("{refused:?}") };
    let fields: Vec<_> = violations.iter().map(|violation| violation.field.as_str()).collect();
    assert_eq!(fields, ["project_credentials.k.name", "project_credentials.k.owner"]);
}

#[test]
fn all_violations_of_a_workflow_are_told_at_once() {
    let refused =
        read_workflow(r#"{"jobs": [{}], "triggers": [{}], "positions": {"here": {"x": 1, "y": 1}}}"#)
            .unwrap_err();
    let Error::InvalidFields { violations } = refused else { panic!("{refused:?}") };
    let fields: Vec<_> = violations.iter().map(|violation| violation.field.as_str()).collect();
    assert_eq!(
        fields,
        [
            "workflows.w.name",
            "workflows.w.positions.here",
            "workflows.w.jobs[0].name",
            "workflows.w.triggers[0].type"
        ]
    );
}

#[test]
fn whether_a_trigger_is_on_travels_beside_the_workflow() {
    let piece = read_workflow(&format!(
        r#"{{"name": "w", "lock_version": 7, "triggers": [{{"id": "{B}", "type": "webhook", "enabled": false}},
        {{"id": "{A}", "type": "cron", "enabled": true}}, {{"id": "{C}", "type": "webhook", "enabled": null}}]}}"#
    ))
    .unwrap();
    assert_eq!(
        piece.enabled.into_iter().collect::<Vec<_>>(),
        [(TriggerId(id(A)), true), (TriggerId(id(B)), false)]
    );
    assert_eq!(piece.lock_version, Some(7));
}

#[test]
fn unknown_keys_are_ignored_everywhere() {
    let extra = r#""version_history": ["cli:a01bf568de3a"], "x": {"y": [1, {"z": null}]}, "inserted_at": 5"#;
    let (_, pieces) = read_all(format!(
        r#"{{{extra}, "parent_id": "?", "workflows": {{"w": {{{extra}, "name": "w", "jobs": [{{{extra}, "name": "j"}}],
        "triggers": [{{{extra}, "type": "webhook", "kafka_configuration": null}}]}}}}, "collections": [{{{extra}, "name": "c"}}]}}"#
    ).as_bytes())
    .unwrap();
    assert_eq!(pieces.len(), 2);
}
