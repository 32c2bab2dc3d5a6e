//! The fields of each part, combined one by one. The patterns name every field, so that a new one can't be forgotten here.

use sandbar_model::{
    ContentHash, Result,
    workflow::{Cron, Edge, Job, Trigger, TriggerKind, Webhook},
};

use super::{disputes::undisputed, settle::Settling};
use crate::part::Part;

/// A part that two sides can have edited.
pub(super) trait Combine: Part + Clone + PartialEq {
    /// Both sides' edits. The two are one part: their ids are equal.
    fn combine(
        settling: &mut Settling<'_>,
        base: Option<&Self>,
        source: &Self,
        target: &Self,
    ) -> Result<Self>;
}

/// The fields of `$source` and `$target`, each combined, under its name and what a person calls it.
macro_rules! combined {
    ($settling:ident, $at:expr, $base:expr, $source:expr, $target:expr, $($field:ident: $title:literal),+) => {
        ($($settling.field(&$at.field(stringify!($field), $title), $base.map(|base| &base.$field), &$source.$field, &$target.$field)?),+)
    };
}

/// What the paths and titles of a part's fields begin with.
pub(super) struct At {
    path: String,
    title: String,
}

impl At {
    pub(super) fn part<P: Part>(settling: &Settling<'_>, part: &P) -> Self {
        Self { path: format!("{}/{}", P::SEGMENT, part.uuid()), title: part.title(settling.names) }
    }

    pub(super) fn field(&self, name: &str, title: &str) -> (String, String) {
        (format!("{}/{name}", self.path), format!("{} · {title}", self.title))
    }
}

impl Combine for Job<ContentHash> {
    fn combine(
        settling: &mut Settling<'_>,
        base: Option<&Self>,
        source: &Self,
        target: &Self,
    ) -> Result<Self> {
        if let Some(settled) = undisputed(base, source, target) {
            return Ok(settled.clone());
        }
        let at = At::part(settling, source);
        let Self { id, name: _, adaptor: _, body: _, uses: _ } = target;
        let (name, adaptor, uses) = combined!(settling, at, base, source, target,
            name: "name", adaptor: "adaptor", uses: "credential");
        let body =
            settling.body(&at.field("body", "body"), base.map(|base| base.body), source.body, target.body)?;
        Ok(Self { id: *id, name, adaptor, body, uses })
    }
}

impl Combine for Trigger {
    fn combine(
        settling: &mut Settling<'_>,
        base: Option<&Self>,
        source: &Self,
        target: &Self,
    ) -> Result<Self> {
        let at = At::part(settling, source);
        let base = base.map(|base| &base.kind);
        let kind = match (&source.kind, &target.kind) {
            (TriggerKind::Webhook(source), TriggerKind::Webhook(target)) => {
                let base = base.and_then(|kind| match kind {
                    TriggerKind::Webhook(base) => Some(base),
                    TriggerKind::Cron(_) => None,
                });
                TriggerKind::Webhook(webhook(settling, &at, base, source, target)?)
            }
            (TriggerKind::Cron(source), TriggerKind::Cron(target)) => {
                let base = base.and_then(|kind| match kind {
                    TriggerKind::Cron(base) => Some(base),
                    TriggerKind::Webhook(_) => None,
                });
                TriggerKind::Cron(cron(settling, &at, base, source, target)?)
            }
            (source, target) => settling.field(&at.field("type", "type"), base, source, target)?,
        };
        Ok(Self { id: target.id, kind })
    }
}

fn webhook(
    settling: &mut Settling<'_>,
    at: &At,
    base: Option<&Webhook>,
    source: &Webhook,
    target: &Webhook,
) -> Result<Webhook> {
    let Webhook { custom_path: _, reply: _, success_code: _, error_code: _, auth_methods } = target;
    let (custom_path, reply, success_code, error_code) = combined!(settling, at, base, source, target,
        custom_path: "custom path", reply: "reply", success_code: "success code", error_code: "error code");
    // What guards a webhook that the target has is the target's business (3-merge §4).
    Ok(Webhook { custom_path, reply, success_code, error_code, auth_methods: auth_methods.clone() })
}

fn cron(
    settling: &mut Settling<'_>,
    at: &At,
    base: Option<&Cron>,
    source: &Cron,
    target: &Cron,
) -> Result<Cron> {
    let Cron { expression: _, cursor_job: _ } = target;
    let (expression, cursor_job) = combined!(settling, at, base, source, target,
        expression: "schedule", cursor_job: "cursor step");
    Ok(Cron { expression, cursor_job })
}

impl Combine for Edge {
    fn combine(
        settling: &mut Settling<'_>,
        base: Option<&Self>,
        source: &Self,
        target: &Self,
    ) -> Result<Self> {
        if let Some(settled) = undisputed(base, source, target) {
            return Ok(settled.clone());
        }
        let at = At::part(settling, source);
        let Self { id, source: _, target: _, condition: _, label: _, expression: _, enabled: _ } = target;
        let (start, end, condition, label, expression, enabled) = combined!(settling, at, base, source, target,
            source: "start", target: "end", condition: "condition", label: "label", expression: "expression",
            enabled: "enabled");
        Ok(Self { id: *id, source: start, target: end, condition, label, expression, enabled })
    }
}
