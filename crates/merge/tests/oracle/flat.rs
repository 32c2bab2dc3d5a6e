//! A workflow as a list of what is where.

use std::collections::{BTreeMap, BTreeSet};

use sandbar_model::workflow::{EdgeSource, StoredWorkflow, TriggerKind, Uses};

use super::Canon;

/// Every field by its path, in words that all versions share.
pub struct Flat {
    pub fields: BTreeMap<String, String>,
    /// Steps and triggers.
    pub nodes: BTreeSet<String>,
    /// What each edge leads from and to.
    pub ends: BTreeMap<String, [String; 2]>,
    pub positions: BTreeMap<String, String>,
}

pub fn flat(workflow: &StoredWorkflow, canon: &Canon, credential: &dyn Fn(Uses) -> String) -> Flat {
    let mut fields = BTreeMap::new();
    let mut add = |path: String, value: &dyn std::fmt::Debug| fields.insert(path, format!("{value:?}"));
    add("name".to_owned(), &workflow.name);
    add("concurrency".to_owned(), &workflow.concurrency);
    add("enable_job_logs".to_owned(), &workflow.enable_job_logs);
    for job in &workflow.jobs {
        let at = |field| format!("jobs/{}/{field}", canon.node(job.id.0));
        add(at("name"), &job.name);
        add(at("adaptor"), &job.adaptor);
        add(at("uses"), &job.uses.map(credential));
        add(at("body"), &job.body);
    }
    for trigger in &workflow.triggers {
        let at = |field| format!("triggers/{}/{field}", canon.node(trigger.id.0));
        match &trigger.kind {
            TriggerKind::Webhook(webhook) => {
                add(at("custom_path"), &webhook.custom_path);
                add(at("reply"), &webhook.reply);
                add(at("success_code"), &webhook.success_code);
                add(at("error_code"), &webhook.error_code);
            }
            TriggerKind::Cron(cron) => {
                add(at("expression"), &cron.expression);
                add(at("cursor_job"), &cron.cursor_job.map(|job| canon.node(job.0)));
            }
        }
    }
    let mut ends = BTreeMap::new();
    for edge in &workflow.edges {
        let part = format!("edges/{}", canon.edge(edge.id.0));
        let at = |field| format!("{part}/{field}");
        let source = match edge.source {
            EdgeSource::Job(id) => canon.node(id.0),
            EdgeSource::Trigger(id) => canon.node(id.0),
        };
        add(at("source"), &source);
        add(at("target"), &canon.node(edge.target.0));
        add(at("condition"), &edge.condition);
        add(at("label"), &edge.label);
        add(at("expression"), &edge.expression);
        add(at("enabled"), &edge.enabled);
        ends.insert(part, [source, canon.node(edge.target.0)]);
    }
    let nodes = workflow.jobs.iter().map(|job| job.id.0).chain(workflow.triggers.iter().map(|t| t.id.0));
    Flat {
        nodes: nodes.map(|id| canon.node(id)).collect(),
        positions: workflow.positions.iter().map(|(id, at)| (canon.node(*id), format!("{at:?}"))).collect(),
        fields,
        ends,
    }
}
