//! The parts of a workflow: jobs, triggers, edges. Each takes of the files what differs.

use serde_json::{Map, Value, json};

use super::{Laying, Sign, called, optional};
use crate::workspace::edge::Edge;
use crate::workspace::spec::Step;

impl Laying<'_, '_, '_> {
    pub(super) fn job(&mut self, step: &Step, id: &str) -> Value {
        let Some(fresh) = self.fresh_step(step) else {
            self.tell(Sign::Add, called(step));
            return self.new_job(step, id);
        };
        let mut job = object(self.entry_of("jobs", id));
        let mut changed = Vec::new();
        if step.name.is_some() && step.name != fresh.name {
            job.insert("name".to_owned(), json!(step.name));
            changed.push(format!("name (was {})", fresh.name.as_deref().unwrap_or_default()));
        }
        if step.adaptor.is_some() && step.adaptor != fresh.adaptor {
            job.insert("adaptor".to_owned(), json!(step.adaptor));
            changed.push("adaptor".to_owned());
        }
        if step.configuration != fresh.configuration {
            let link = self.link(step);
            if link.is_some() {
                job.remove("keychain_credential_id");
            }
            job.insert("project_credential_id".to_owned(), optional(link.as_deref()));
            changed.push("credential".to_owned());
        }
        if step.body() != fresh.body() {
            job.insert("body".to_owned(), step.body().into());
            changed.push("body".to_owned());
        }
        self.edited(step, &changed);
        job.into()
    }

    fn new_job(&mut self, step: &Step, id: &str) -> Value {
        let mut job = Map::new();
        job.insert("id".to_owned(), id.into());
        job.insert("name".to_owned(), step.name.as_deref().unwrap_or(&step.id).into());
        job.insert("body".to_owned(), step.body().into());
        if let Some(adaptor) = &step.adaptor {
            job.insert("adaptor".to_owned(), adaptor.as_str().into());
        }
        job.insert("project_credential_id".to_owned(), optional(self.link(step).as_deref()));
        job.into()
    }

    /// The id of the link that a step names.
    fn link(&mut self, step: &Step) -> Option<String> {
        let title = step.configuration.as_deref()?;
        if let Some(id) = self.overlay.links.id(title) {
            return Some(id.to_owned());
        }
        let name = title.split_once('|').map_or(title, |(_, name)| name);
        let linked = match self.overlay.links.titles().as_slice() {
            [] => "none".to_owned(),
            titles => titles.join(", "),
        };
        let how = format!("`{} {}`", self.overlay.how_to_link, crate::render::shell([name]));
        let problem = format!(
            "the credential {title:?} is not linked in the project; link it with {how}, or name one that is: {linked}"
        );
        self.wrong(step, &problem);
        None
    }

    pub(super) fn trigger(&mut self, step: &Step, id: &str) -> Value {
        let Some(fresh) = self.fresh_step(step) else {
            self.tell(Sign::Add, called(step));
            return self.new_trigger(step, id);
        };
        let base = self.base.iter().find(|base| base.uuid() == fresh.uuid());
        let mut trigger = object(self.entry_of("triggers", id));
        // Said only where it changes: somebody may turn it on or off just now.
        trigger.remove("enabled");
        let mut changed = Vec::new();
        let settings =
            settings(step).into_iter().zip(settings(fresh)).zip(base.map_or_else(Default::default, settings));
        for (((key, said), (_, there)), (_, before)) in settings {
            if said == there {
                continue;
            }
            if !said.is_null() {
                trigger.insert(key.to_owned(), said);
            } else if !before.is_null() && key != "cron_expression" {
                trigger.remove(key);
            } else {
                // Files of other tools know nothing of it.
                continue;
            }
            changed.push(key.to_owned());
        }
        self.edited(step, &changed);
        self.switch(step, fresh.enabled, &mut trigger);
        trigger.into()
    }

    fn new_trigger(&mut self, step: &Step, id: &str) -> Value {
        let mut trigger = Map::new();
        trigger.insert("id".to_owned(), id.into());
        trigger.insert("type".to_owned(), json!(step.kind));
        trigger.extend(
            settings(step)
                .into_iter()
                .filter(|(_, said)| !said.is_null())
                .map(|(key, said)| (key.to_owned(), said)),
        );
        if self.overlay.is_sandbox {
            self.stays(step, false);
        } else if let Some(enabled) = step.enabled {
            trigger.insert("enabled".to_owned(), enabled.into());
        }
        trigger.into()
    }

    /// Turns a trigger on or off, but for a sandbox's: nothing must begin to run twice because files came from production.
    fn switch(&mut self, step: &Step, there: Option<bool>, trigger: &mut Map<String, Value>) {
        let Some(said) = step.enabled.filter(|said| Some(*said) != there) else { return };
        if self.overlay.is_sandbox {
            self.stays(step, there.unwrap_or_default());
            return;
        }
        trigger.insert("enabled".to_owned(), said.into());
        let what = format!("{}: {}", called(step), if said { "on" } else { "off" });
        self.tell(Sign::Edit, what);
    }

    fn stays(&mut self, step: &Step, there: bool) {
        let Some(said) = step.enabled.filter(|said| *said != there) else { return };
        let (now, then) = if said { ("off", "on") } else { ("on", "off") };
        let workflow = self.local.workflow.title();
        self.overlay.notes.push(format!(
            "the trigger {} of {workflow:?} stays {now}: a push turns none of a sandbox's triggers {then}; \
             `sandbar workflow trigger {then}` does",
            step.id
        ));
    }

    pub(super) fn edge(
        &mut self,
        step: &Step,
        target: &str,
        edge: &Edge,
        (from, to, there): (&str, &str, Option<&Value>),
    ) -> Value {
        let what = format!("{} → {target}", step.id);
        let before = self.fresh_step(step).and_then(|step| {
            let target = self.matched.get(target)?;
            step.next.get(*target)
        });
        let mut entry = object(there);
        match before {
            Some(before) if said(before) == said(edge) => return entry.into(),
            Some(_) => self.tell(Sign::Edit, what),
            None => {
                entry.insert("id".to_owned(), (self.overlay.make_id)().into());
                self.tell(Sign::Add, what);
            }
        }
        let source = if step.is_trigger() { "source_trigger_id" } else { "source_job_id" };
        let (kind, expression) = edge.condition_type(step.usual_condition());
        let members = [
            (source, from.into()),
            ("target_job_id", to.into()),
            ("condition_type", kind.into()),
            ("condition_expression", optional(expression)),
            ("condition_label", optional(edge.label.as_deref())),
            ("enabled", edge.is_enabled().into()),
        ];
        entry.extend(members.map(|(key, value)| (key.to_owned(), value)));
        entry.into()
    }

    fn edited(&mut self, step: &Step, changed: &[String]) {
        if !changed.is_empty() {
            self.tell(Sign::Edit, format!("{}: {}", called(step), changed.join(", ")));
        }
    }
}

/// What files say of an edge.
fn said(edge: &Edge) -> (bool, Option<&str>, Option<&str>) {
    (edge.disabled, edge.condition.as_deref(), edge.label.as_deref())
}

/// What files say of a trigger, but for whether it is on; null where nothing.
fn settings(step: &Step) -> [(&'static str, Value); 5] {
    [
        ("custom_path", json!(step.custom_path)),
        ("cron_expression", json!(step.cron_expression)),
        ("cron_cursor_job_id", json!(step.cron_cursor_job_id)),
        ("webhook_reply", json!(step.webhook_reply)),
        ("webhook_response_config", json!(step.webhook_response_config)),
    ]
}

fn object(entry: Option<&Value>) -> Map<String, Value> {
    entry.and_then(Value::as_object).cloned().unwrap_or_default()
}
