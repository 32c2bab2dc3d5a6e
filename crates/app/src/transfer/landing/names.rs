//! Parts of a workflow in errors: by their names, which people know, and not by their places in a list, which they don't see.

use sandbar_model::{
    Error, Violation,
    field::named,
    workflow::{EdgeSource, TriggerKind, Workflow},
};
use uuid::Uuid;

/// The same error, with `jobs[2]` called `jobs["Transform"]`, a trigger by its type, an edge `from->to`.
pub(super) fn parts<B>(error: Error, workflow: &Workflow<B>) -> Error {
    let Error::InvalidFields { violations } = error else { return error };
    let say = |violation: Violation| Violation { field: field(&violation.field, workflow), ..violation };
    Error::InvalidFields { violations: violations.into_iter().map(say).collect() }
}

fn field<B>(field: &str, workflow: &Workflow<B>) -> String {
    for list in ["jobs", "triggers", "edges"] {
        // Whatever stands in the workflow's own name is in quotes, with those in it escaped.
        let Some((before, rest)) = field.split_once(&format!("\"].{list}[")) else { continue };
        let Some((index, after)) = rest.split_once(']') else { continue };
        let Some(name) = index.parse().ok().and_then(|index| name(workflow, list, index)) else { continue };
        return format!("{before}\"].{}{after}", named(list, &name));
    }
    field.to_owned()
}

fn name<B>(workflow: &Workflow<B>, list: &str, index: usize) -> Option<String> {
    match list {
        "jobs" => workflow.jobs.get(index).map(|job| job.name.clone()),
        "triggers" => workflow.triggers.get(index).map(|trigger| word(&trigger.kind).to_owned()),
        _ => workflow.edges.get(index).map(|edge| {
            let source = match edge.source {
                EdgeSource::Job(job) => called(workflow, job.0),
                EdgeSource::Trigger(trigger) => called(workflow, trigger.0),
            };
            format!("{source}->{}", called(workflow, edge.target.0))
        }),
    }
}

/// What a job or trigger is called; one that there is not, by its id.
fn called<B>(workflow: &Workflow<B>, id: Uuid) -> String {
    let job = workflow.jobs.iter().find(|job| job.id.0 == id).map(|job| job.name.clone());
    let trigger = workflow.triggers.iter().find(|trigger| trigger.id.0 == id);
    job.or_else(|| trigger.map(|trigger| word(&trigger.kind).to_owned())).unwrap_or_else(|| id.to_string())
}

fn word(kind: &TriggerKind) -> &'static str {
    match kind {
        TriggerKind::Webhook(_) => "webhook",
        TriggerKind::Cron(_) => "cron",
    }
}

#[cfg(test)]
mod tests {
    use sandbar_model::{
        EdgeId, JobId, TriggerId,
        workflow::{Condition, Edge, Job, Trigger, Webhook},
    };

    use super::*;

    #[test]
    fn parts_are_called_by_their_names() {
        let (job, trigger) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let workflow = Workflow {
            name: "a].jobs[0]".to_owned(),
            concurrency: None,
            enable_job_logs: true,
            positions: std::collections::BTreeMap::new(),
            jobs: vec![Job {
                id: JobId(job),
                name: "Get \"it\"".to_owned(),
                adaptor: String::new(),
                body: String::new(),
                uses: None,
            }],
            triggers: vec![Trigger {
                id: TriggerId(trigger),
                kind: TriggerKind::Webhook(Webhook::default()),
            }],
            edges: vec![Edge {
                id: EdgeId(Uuid::from_u128(3)),
                source: EdgeSource::Trigger(TriggerId(trigger)),
                target: JobId(job),
                condition: Condition::Always,
                label: None,
                expression: None,
                enabled: true,
            }],
        };
        let said = |text: &str| field(&format!("{}.{text}", named("workflows", &workflow.name)), &workflow);
        for (before, after) in [
            ("name", "name"),
            ("jobs[0].adaptor", r#"jobs["Get \"it\""].adaptor"#),
            ("jobs[7].adaptor", "jobs[7].adaptor"),
            ("triggers[0].webhook.custom_path", r#"triggers["webhook"].webhook.custom_path"#),
            ("edges[0]", r#"edges["webhook->Get \"it\""]"#),
        ] {
            assert_eq!(said(before), format!(r#"workflows["a].jobs[0]"].{after}"#));
        }
    }
}
