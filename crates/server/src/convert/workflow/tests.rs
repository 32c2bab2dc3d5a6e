use proptest::{collection, option, prelude::*};
use sandbar_model::{ContentHash, EdgeId, PrincipalId, ProjectId, Revision, Time};

use super::*;
use crate::convert::common::stamp_to_wire;

const PLACE: Place = Place { project: ProjectId(Uuid::from_u128(77)), in_root: false };

fn id<T: From<Uuid> + std::fmt::Debug>() -> impl Strategy<Value = T> {
    any::<u128>().prop_map(|number| T::from(Uuid::from_u128(number)))
}

fn uses() -> impl Strategy<Value = Uses> {
    prop_oneof![id().prop_map(Uses::CredentialLink), id().prop_map(Uses::Keychain)]
}

fn job() -> impl Strategy<Value = Job> {
    (id(), ".*", ".+", ".*", option::of(uses())).prop_map(|(id, name, adaptor, body, uses)| Job {
        id,
        name,
        adaptor,
        body,
        uses,
    })
}

fn webhook() -> impl Strategy<Value = Webhook> {
    let reply = prop_oneof![Just(WebhookReply::BeforeStart), Just(WebhookReply::AfterCompletion)];
    let codes = any::<[Option<u16>; 2]>();
    (option::of(".+"), reply, codes, collection::vec(id(), 0..3)).prop_map(
        |(custom_path, reply, [success_code, error_code], auth_methods)| Webhook {
            custom_path,
            reply,
            success_code,
            error_code,
            auth_methods,
        },
    )
}

fn trigger() -> impl Strategy<Value = Trigger> {
    let cron = (".+", option::of(id())).prop_map(|(expression, cursor_job)| Cron { expression, cursor_job });
    let kind = prop_oneof![webhook().prop_map(TriggerKind::Webhook), cron.prop_map(TriggerKind::Cron)];
    (id(), kind).prop_map(|(id, kind)| Trigger { id, kind })
}

fn edge() -> impl Strategy<Value = Edge> {
    let source = prop_oneof![id().prop_map(EdgeSource::Job), id().prop_map(EdgeSource::Trigger)];
    let condition = prop_oneof![
        Just(Condition::Always),
        Just(Condition::OnJobSuccess),
        Just(Condition::OnJobFailure),
        Just(Condition::JsExpression)
    ];
    (id::<EdgeId>(), source, id(), condition, option::of(".+"), option::of(".+"), any::<bool>()).prop_map(
        |(id, source, target, condition, label, expression, enabled)| Edge {
            id,
            source,
            target,
            condition,
            label,
            expression,
            enabled,
        },
    )
}

fn workflow() -> impl Strategy<Value = Workflow> {
    let position = (-1e6f64..1e6, -1e6f64..1e6).prop_map(|(x, y)| Position { x, y });
    (
        ".*",
        any::<Option<u32>>(),
        any::<bool>(),
        collection::btree_map(id::<Uuid>(), position, 0..4),
        collection::vec(job(), 0..4),
        collection::vec(trigger(), 0..3),
        collection::vec(edge(), 0..4),
    )
        .prop_map(|(name, concurrency, enable_job_logs, positions, jobs, triggers, edges)| Workflow {
            name,
            concurrency,
            enable_job_logs,
            positions,
            jobs,
            triggers,
            edges,
        })
}

fn heading() -> Heading {
    Heading {
        id: ResourceId(Uuid::from_u128(5)),
        revision: Revision(6),
        hash: ContentHash([7; 32]),
        updated: stamp_to_wire(Time(8), PrincipalId(Uuid::from_u128(9)), "Ada"),
    }
}

fn no_ids() -> Uuid {
    panic!("every part has an id")
}

fn read(workflow: wire::Workflow) -> Result<(ResourceId, Workflow)> {
    let mut next = 0;
    let mut fields = Fields::default();
    let read = fields.workflow("workflow", workflow, &mut || {
        next += 1;
        Uuid::from_u128(next)
    })?;
    fields.finish(read)
}

proptest! {
    #[test]
    fn a_workflow_comes_back_as_it_went(workflow in workflow()) {
        use prost::Message;
        let wire = workflow_to_wire(heading(), PLACE, workflow.clone(), &[]);
        let bytes = wire.encode_to_vec();
        let mut fields = Fields::default();
        let wire = wire::Workflow::decode(bytes.as_slice()).unwrap();
        let back = fields.workflow("workflow", wire, &mut no_ids).unwrap();
        prop_assert_eq!(fields.finish(back).unwrap(), (heading().id, workflow));
    }

    #[test]
    fn only_enabled_triggers_are_on_and_only_webhooks_have_a_path(workflow in workflow()) {
        let on: Vec<_> = workflow.triggers.iter().take(1).map(|trigger| trigger.id).collect();
        let wire = workflow_to_wire(heading(), PLACE, workflow.clone(), &on);
        for (trigger, wire) in workflow.triggers.iter().zip(wire.triggers) {
            prop_assert_eq!(wire.enabled, on.contains(&trigger.id));
            let webhook = matches!(trigger.kind, TriggerKind::Webhook(_));
            prop_assert_eq!(wire.path_id.is_empty(), !webhook);
            prop_assert_ne!(wire.path_id, trigger.id.to_string());
        }
    }
}

#[test]
fn what_is_absent_gets_the_contracts_defaults_and_new_ids() {
    let job_id = Uuid::from_u128(99).to_string();
    let given = wire::Workflow {
        name: "w".to_owned(),
        jobs: vec![wire::Job { name: "j".to_owned(), ..Default::default() }],
        triggers: vec![
            wire::Trigger {
                r#type: Some(wire::trigger::Type::Cron(wire::CronTrigger::default())),
                ..Default::default()
            },
            wire::Trigger {
                r#type: Some(wire::trigger::Type::Webhook(wire::WebhookTrigger::default())),
                ..Default::default()
            },
        ],
        edges: vec![wire::Edge {
            source: Some(wire::edge::Source::SourceJobId(job_id.clone())),
            target_job_id: job_id,
            ..Default::default()
        }],
        ..Default::default()
    };
    let (id, workflow) = read(given).unwrap();

    assert_eq!(id.0, Uuid::from_u128(1));
    assert!(workflow.enable_job_logs && workflow.edges[0].enabled);
    assert_eq!(workflow.jobs[0].id.0, Uuid::from_u128(2));
    assert_eq!(workflow.jobs[0].adaptor, "@openfn/language-common@latest");
    let cron = Cron { expression: "0 0 * * *".to_owned(), cursor_job: None };
    assert_eq!(workflow.triggers[0].kind, TriggerKind::Cron(cron));
    assert_eq!(workflow.triggers[1].kind, TriggerKind::Webhook(Webhook::default()));
    assert_eq!(workflow.edges[0].condition, Condition::Always);
    assert_eq!((workflow.edges[0].label.as_deref(), workflow.edges[0].expression.as_deref()), (None, None));
}

#[test]
fn every_fault_is_named_where_it_is() {
    let bad = "x".to_owned();
    let webhook = wire::WebhookTrigger {
        reply: 9,
        success_code: Some(70_000),
        auth_method_ids: vec![bad.clone()],
        ..Default::default()
    };
    let position = wire::Position { x: 0.0, y: 0.0 };
    let spelled = |text: &str| (text.to_owned(), position);
    let given = wire::Workflow {
        id: bad.clone(),
        positions: [
            spelled("0195a7c4-9e63-7d2c-b0a2-5f1d6c3e8a90"),
            spelled("0195A7C4-9E63-7D2C-B0A2-5F1D6C3E8A90"),
        ]
        .into(),
        jobs: vec![wire::Job {
            id: bad.clone(),
            uses: Some(wire::job::Uses::KeychainId(String::new())),
            ..Default::default()
        }],
        triggers: vec![
            wire::Trigger { r#type: Some(wire::trigger::Type::Webhook(webhook)), ..Default::default() },
            wire::Trigger::default(),
        ],
        edges: vec![wire::Edge { condition: 9, ..Default::default() }],
        ..Default::default()
    };
    let Err(Error::InvalidFields { violations }) = read(given) else { panic!("must be refused") };
    let said: Vec<_> = violations.iter().map(|violation| violation.field.as_str()).collect();
    assert_eq!(
        said,
        [
            "workflow.id",
            "workflow.positions[\"0195a7c4-9e63-7d2c-b0a2-5f1d6c3e8a90\"]",
            "workflow.jobs[0].keychain_id",
            "workflow.jobs[0].id",
            "workflow.triggers[0].webhook.reply",
            "workflow.triggers[0].webhook.auth_method_ids[0]",
            "workflow.triggers[0].webhook.success_code",
            "workflow.triggers[1].type",
            "workflow.edges[0].source",
            "workflow.edges[0].condition",
            "workflow.edges[0].target_job_id",
        ]
    );
}

#[test]
fn a_kafka_trigger_has_a_refusal_of_its_own() {
    let kafka = Some(wire::trigger::Type::Kafka(wire::KafkaTrigger {}));
    let trigger = wire::Trigger { id: "k".to_owned(), r#type: kafka, ..Default::default() };
    let given = wire::Workflow { triggers: vec![trigger], ..Default::default() };
    assert!(matches!(read(given), Err(Error::KafkaUnsupported { trigger }) if trigger == "k"));
}

#[test]
fn a_summary_has_its_triggers() {
    let trigger =
        Trigger { id: TriggerId(Uuid::from_u128(3)), kind: TriggerKind::Webhook(Webhook::default()) };
    let root = Place { in_root: true, ..PLACE };
    let summary = summary_to_wire(heading(), root, "w".to_owned(), 4, vec![trigger.clone()], &[trigger.id]);
    assert_eq!((summary.revision, summary.job_count), (6, 4));
    assert_eq!(summary.etag, "07".repeat(32));
    assert!(summary.triggers[0].enabled);
    assert_eq!(summary.triggers[0].path_id, trigger.id.to_string());
    assert_eq!(summary.updated.unwrap().actor.unwrap().name, "Ada");
}
