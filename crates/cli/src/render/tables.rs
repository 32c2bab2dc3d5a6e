//! Tables and details of everything that is listed.

use comfy_table::Table;
use jiff::Timestamp;
use sandbar_client::v1::{
    Collection, CollectionItem, ConfigSummary, Keychain, Member, Merge, Principal, Project, Token, Trigger,
    WebhookAuthKind, WebhookAuthMethod, WorkflowRevision, WorkflowSummary, trigger::Type,
};

use super::page::{BOLD, DIM, Page};
use super::report::Names;
use super::time::{absolute, actor, relative, stamp};
use crate::choices::kind_word;
use crate::output::table;
use crate::resolve::Paths;

/// Projects with their paths.
pub(crate) fn projects(projects: &[Project], now: Timestamp) -> Table {
    let paths = Paths::new(projects);
    let row = |project: &Project| {
        let path = paths.of(project);
        let state = match project.purge_time.as_ref() {
            Some(time) => format!("scheduled, gone {}", relative(now, Some(time))),
            None => word(project.state().as_str_name(), "PROJECT_STATE_"),
        };
        let role = word(project.caller_role().as_str_name(), "ROLE_");
        let workflows = project.workflow_count.to_string();
        [path, project.environment.clone(), state, role, workflows, project.id.clone()]
    };
    table(["PROJECT", "ENV", "STATE", "YOU", "WORKFLOWS", "ID"], projects.iter().map(row))
}

/// One project, line by line.
pub(crate) fn project(project: &Project, more: &[(&str, String)], now: Timestamp) -> String {
    let settings = project.settings.unwrap_or_default();
    let days = |days: Option<u32>| days.map_or("for ever".to_owned(), |days| format!("{days} days"));
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let time = |time: &Option<_>| time.as_ref().map(|time| both(now, time));
    let lines = [
        ("id", some(&project.id)),
        ("description", some(&project.description)),
        ("environment", some(&project.environment)),
        ("color", some(&project.color)),
        ("state", some(&word(project.state().as_str_name(), "PROJECT_STATE_"))),
        ("gone for good", time(&project.purge_time)),
        ("expires", time(&project.expire_time)),
        ("parent", some(&project.parent_id)),
        ("forked at", project_fork(project)),
        ("head", Some(format!("revision {}", project.head_revision))),
        ("workflows", Some(project.workflow_count.to_string())),
        ("collections", Some(project.collection_count.to_string())),
        ("your role", some(&word(project.caller_role().as_str_name(), "ROLE_"))),
        ("runs at once", settings.concurrency.map(|limit| limit.to_string())),
        ("support access", Some(yes(settings.allow_support_access))),
        ("second factor", Some(yes(settings.requires_mfa))),
        ("retention", some(&word(settings.retention_policy().as_str_name(), "RETENTION_POLICY_"))),
        ("history kept", Some(days(settings.history_retention_days))),
        ("dataclips kept", Some(days(settings.dataclip_retention_days))),
        ("created", time(&project.create_time)),
        ("updated", time(&project.update_time)),
    ];
    let mut page = Page::default();
    page.line(BOLD, &project.name);
    let lines = lines.into_iter().filter_map(|(name, value)| Some((name, value?)));
    for (name, value) in lines.chain(more.iter().cloned()) {
        page.put(DIM, format_args!("  {name:<15} ")).plain(value).end();
    }
    page.finish()
}

fn project_fork(project: &Project) -> Option<String> {
    (!project.parent_id.is_empty()).then(|| format!("the parent's revision {}", project.fork_revision))
}

/// Workflows with their triggers.
pub(crate) fn workflows(workflows: &[WorkflowSummary], now: Timestamp) -> Table {
    let row = |workflow: &WorkflowSummary| {
        let triggers: Vec<String> = workflow.triggers.iter().map(trigger).collect();
        let updated = workflow.updated.as_ref().map_or("-".to_owned(), |updated| stamp(now, updated));
        let jobs = workflow.job_count.to_string();
        [workflow.name.clone(), jobs, triggers.join(", "), updated, workflow.id.clone()]
    };
    table(["WORKFLOW", "STEPS", "TRIGGERS", "UPDATED", "ID"], workflows.iter().map(row))
}

/// Configs by kind and name.
pub(crate) fn configs(configs: &[ConfigSummary], now: Timestamp) -> Table {
    let row = |config: &ConfigSummary| {
        let updated = config.updated.as_ref().map_or("-".to_owned(), |updated| stamp(now, updated));
        [config.kind.clone(), config.name.clone(), updated, config.id.clone()]
    };
    table(["KIND", "CONFIG", "UPDATED", "ID"], configs.iter().map(row))
}

/// Collections with how much each holds.
pub(crate) fn collections(collections: &[Collection], now: Timestamp) -> Table {
    let row = |one: &Collection| {
        let updated = one.updated.as_ref().map_or("-".to_owned(), |updated| stamp(now, updated));
        let (items, bytes) = (one.item_count.to_string(), one.byte_count.to_string());
        [one.name.clone(), items, bytes, updated, one.id.clone()]
    };
    table(["COLLECTION", "ITEMS", "BYTES", "UPDATED", "ID"], collections.iter().map(row))
}

/// One collection, line by line.
pub(crate) fn collection(one: &Collection, now: Timestamp) -> String {
    let updated = one.updated.as_ref().map_or("-".to_owned(), |updated| stamp(now, updated));
    let mut page = Page::default();
    page.line(BOLD, &one.name);
    for (name, value) in [
        ("id", one.id.clone()),
        ("items", one.item_count.to_string()),
        ("bytes", one.byte_count.to_string()),
        ("revision", one.revision.to_string()),
        ("updated", updated),
    ] {
        page.put(DIM, format_args!("  {name:<15} ")).plain(value).end();
    }
    page.finish()
}

/// How much of a value a list shows.
const SHOWN_VALUE: usize = 80;

/// Items with the beginnings of their values.
pub(crate) fn items(items: &[CollectionItem], now: Timestamp) -> Table {
    let row = |item: &CollectionItem| {
        let line = item.value.lines().next().unwrap_or_default();
        let mut value: String = line.chars().take(SHOWN_VALUE).collect();
        if value.len() < item.value.trim_end().len() {
            value.push('…');
        }
        [item.key.clone(), value, relative(now, item.update_time.as_ref())]
    };
    table(["KEY", "VALUE", "UPDATED"], items.iter().map(row))
}

/// Keychains by name.
pub(crate) fn keychains(keychains: &[Keychain], now: Timestamp) -> Table {
    let row = |keychain: &Keychain| {
        let updated = keychain.updated.as_ref().map_or("-".to_owned(), |updated| stamp(now, updated));
        let default = if keychain.default_credential_link_id.is_empty() {
            "none"
        } else {
            &keychain.default_credential_link_id
        };
        [keychain.name.clone(), keychain.json_path.clone(), default.to_owned(), updated, keychain.id.clone()]
    };
    table(["KEYCHAIN", "PATH", "DEFAULT LINK", "UPDATED", "ID"], keychains.iter().map(row))
}

/// Webhook auth methods.
pub(crate) fn webhook_auth_methods(methods: &[WebhookAuthMethod], now: Timestamp) -> Table {
    let row = |method: &WebhookAuthMethod| {
        let kind = match method.kind() {
            WebhookAuthKind::Basic => "user name and password",
            WebhookAuthKind::ApiKey => "API key",
            WebhookAuthKind::Unspecified => "unknown",
        };
        let made = relative(now, method.create_time.as_ref());
        [method.name.clone(), kind.to_owned(), made, method.id.clone()]
    };
    table(["METHOD", "ASKS FOR", "MADE", "ID"], methods.iter().map(row))
}

/// `webhook on`.
pub(crate) fn trigger(trigger: &Trigger) -> String {
    format!("{} {}", trigger_kind(trigger), if trigger.enabled { "on" } else { "off" })
}

/// `webhook`, `cron` or `kafka`.
pub(crate) fn trigger_kind(trigger: &Trigger) -> &'static str {
    match trigger.r#type {
        Some(Type::Webhook(_)) => "webhook",
        Some(Type::Cron(_)) => "cron",
        Some(Type::Kafka(_)) => "kafka",
        None => "unknown",
    }
}

/// Revisions of a workflow.
pub(crate) fn revisions(revisions: &[WorkflowRevision], now: Timestamp) -> Table {
    let row = |revision: &WorkflowRevision| {
        let did = if revision.etag.is_empty() { "deleted" } else { "wrote" };
        let written = revision.written.clone().unwrap_or_default();
        [
            revision.revision.to_string(),
            did.to_owned(),
            revision.name.clone(),
            actor(written.actor.as_ref()).to_owned(),
            relative(now, written.time.as_ref()),
            revision.project_id.clone(),
        ]
    };
    table(["REVISION", "DID", "NAME", "BY", "WHEN", "PROJECT"], revisions.iter().map(row))
}

/// Merges into and out of a project.
pub(crate) fn merges(merges: &[Merge], names: &dyn Names, now: Timestamp) -> Table {
    let row = |merge: &Merge| {
        let done = merge.stamp.clone().unwrap_or_default();
        [
            merge.id.clone(),
            word(merge.kind().as_str_name(), "KIND_"),
            names.of(&merge.source_id).to_owned(),
            names.of(&merge.target_id).to_owned(),
            merge.resource_count.to_string(),
            actor(done.actor.as_ref()).to_owned(),
            relative(now, done.time.as_ref()),
            if merge.reverted_by_id.is_empty() { String::new() } else { "reverted".to_owned() },
        ]
    };
    table(["MERGE", "KIND", "SOURCE", "TARGET", "WROTE", "BY", "WHEN", ""], merges.iter().map(row))
}

/// The record of one merge.
pub(crate) fn merge(merge: &Merge, now: Timestamp) -> String {
    let mut page = Page::default();
    let kind = word(merge.kind().as_str_name(), "KIND_");
    page.put(BOLD, format_args!("{kind} {}", merge.id)).end();
    page.plain(format_args!("  {} → {}", merge.source_id, merge.target_id)).end();
    let by = merge.stamp.as_ref().map_or_else(String::new, |done| stamp(now, done));
    page.plain(format_args!("  by {by}; the target is now at revision {}", merge.target_revision)).end();
    let notes = [
        (merge.unreviewed, "applied without a preview".to_owned()),
        (merge.retired_source, "the source is scheduled for deletion".to_owned()),
        (!merge.reverts_id.is_empty(), format!("undoes {}", merge.reverts_id)),
        (!merge.reverted_by_id.is_empty(), format!("was undone by {}", merge.reverted_by_id)),
    ];
    for (_, note) in notes.into_iter().filter(|(holds, _)| *holds) {
        page.line(DIM, format_args!("  {note}"));
    }
    for one in &merge.resources {
        let label = word(one.label().as_str_name(), "MERGE_LABEL_");
        let decision = word(one.decision().as_str_name(), "MERGE_DECISION_");
        let kind = kind_word(one.key.as_ref().map(sandbar_client::v1::ResourceKey::kind).unwrap_or_default());
        let name = match (one.before_name.as_str(), one.after_name.as_str()) {
            (before, "") => format!("{before:?} deleted"),
            ("", after) => format!("{after:?} created"),
            (before, after) if before == after => format!("{after:?}"),
            (before, after) => format!("{after:?} (was {before:?})"),
        };
        page.line(super::page::PLAIN, format_args!("    {label:<11} {decision:<9} {kind} {name}"));
    }
    let more = merge.resource_count - i64::try_from(merge.resources.len()).unwrap_or(i64::MAX);
    if more > 0 {
        page.line(DIM, format_args!("    … and {more} more; `sandbar merge show` has them all"));
    }
    page.finish()
}

/// Tokens, without secrets.
pub(crate) fn tokens(tokens: &[Token], now: Timestamp) -> Table {
    let row = |token: &Token| {
        let state = match (&token.revoke_time, &token.expire_time) {
            (Some(time), _) => format!("revoked {}", relative(now, Some(time))),
            (None, Some(time)) => format!("expires {}", relative(now, Some(time))),
            (None, None) => "never expires".to_owned(),
        };
        let project = if token.project_id.is_empty() { "all" } else { &token.project_id };
        let role = word(token.max_role().as_str_name(), "ROLE_");
        let used = token.last_use_time.as_ref().map_or("never".to_owned(), |time| relative(now, Some(time)));
        let mfa = if token.mfa { "yes" } else { "no" };
        [token.name.clone(), project.to_owned(), role, mfa.to_owned(), state, used, token.id.clone()]
    };
    table(["TOKEN", "PROJECT", "AT MOST", "2ND FACTOR", "STATE", "LAST USED", "ID"], tokens.iter().map(row))
}

/// Members of a project.
pub(crate) fn members(members: &[Member]) -> Table {
    let row = |member: &Member| {
        let role = word(member.role().as_str_name(), "ROLE_");
        [member.name.clone(), member.email.clone(), role, member.principal_id.clone()]
    };
    table(["MEMBER", "EMAIL", "ROLE", "ID"], members.iter().map(row))
}

/// Users and service accounts.
pub(crate) fn principals(principals: &[Principal], now: Timestamp) -> Table {
    let row = |one: &Principal| {
        let kind = word(one.kind().as_str_name(), "PRINCIPAL_KIND_");
        let created = relative(now, one.create_time.as_ref());
        [one.name.clone(), kind, one.email.clone(), yes(one.administrator), created, one.id.clone()]
    };
    table(["NAME", "KIND", "EMAIL", "ADMIN", "CREATED", "ID"], principals.iter().map(row))
}

/// `PROJECT_STATE_ACTIVE` as `active`; unspecified as `-`.
pub(crate) fn word(name: &str, prefix: &str) -> String {
    match name.strip_prefix(prefix).unwrap_or(name) {
        "UNSPECIFIED" => "-".to_owned(),
        word => word.to_ascii_lowercase().replace('_', " "),
    }
}

/// `2026-11-22 01:47 UTC (in 3 days)`.
pub(crate) fn both(now: Timestamp, time: &sandbar_client::prost_types::Timestamp) -> String {
    format!("{} ({})", absolute(Some(time)), relative(now, Some(time)))
}

fn yes(it_is: bool) -> String {
    if it_is { "yes".to_owned() } else { "no".to_owned() }
}
