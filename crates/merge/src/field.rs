//! Every difference between what the target has and what it would have, for a person to read.

use std::collections::{BTreeMap, BTreeSet};

use sandbar_model::{ContentHash, Document, JobId, TriggerId, workflow::StoredWorkflow};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    config,
    part::{Field, Names, Part, collection_fields, keychain_fields, link_fields, workflow_fields},
};

/// One difference. See `FieldChange` in `merge.proto`.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldChange {
    /// Where, in the words of `workflow.proto`: `name`, `jobs/<id>/adaptor`, `jobs/<id>` for a whole part,
    /// `positions/<id>`; in a config `value/steps/id:intro/title`.
    pub path: String,
    /// The same for a person: `step "Fetch forms" · adaptor`.
    pub title: String,
    /// What the two last agreed on. None: nothing was there.
    pub base: Option<Value>,
    /// What an apply would replace. Of a whole step, without its body.
    pub target: Option<Value>,
    /// What an apply would write.
    pub source: Option<Value>,
    /// The bodies, where the difference is in one.
    pub body: Option<BodyChange>,
    /// Whether the source's differs from the base.
    pub changed_in_source: bool,
    /// Whether the target's differs from the base.
    pub changed_in_target: bool,
}

/// The bodies of a step by hash. None: no such step there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BodyChange {
    /// What the two last agreed on.
    pub base: Option<ContentHash>,
    /// What an apply would replace.
    pub target: Option<ContentHash>,
    /// What an apply would write.
    pub source: Option<ContentHash>,
}

/// The differences between target and source, in the order of a workflow's fields; of parts by id. Of something that was
/// done, the target's is what was before, and the source's what came.
pub fn changes(
    base: Option<&Document>,
    target: Option<&Document>,
    source: Option<&Document>,
) -> Vec<FieldChange> {
    let mut changes = Changes::default();
    let fields = |document: Option<&Document>| document.map_or_else(Vec::new, head);
    changes.fields("", "", fields(base), fields(target), fields(source));
    let configs = [base, target, source].map(|side| side.and_then(Document::config));
    for (path, title, values) in config::changes(configs) {
        changes.add(path, title, values);
    }
    let [base, target, source] = [base, target, source].map(|side| side.and_then(Document::workflow));
    let names = Names::of([base, target, source].into_iter().flatten());
    changes.parts([base, target, source].map(|side| side.map(|w| w.jobs.as_slice())), &names);
    changes.parts([base, target, source].map(|side| side.map(|w| w.triggers.as_slice())), &names);
    changes.parts([base, target, source].map(|side| side.map(|w| w.edges.as_slice())), &names);
    changes.positions([base, target, source], &names);
    changes.0
}

#[derive(Default)]
struct Changes(Vec<FieldChange>);

impl Changes {
    fn add(&mut self, path: String, title: String, [base, target, source]: [Option<Value>; 3]) {
        if target != source {
            let (changed_in_source, changed_in_target) = (source != base, target != base);
            let body = None;
            self.0.push(FieldChange {
                path,
                title,
                base,
                target,
                source,
                body,
                changed_in_source,
                changed_in_target,
            });
        }
    }

    /// The lists hold the same names in the same order, but for sides where the whole is absent, and for a trigger
    /// whose type changed.
    fn fields(&mut self, path: &str, title: &str, base: Vec<Field>, target: Vec<Field>, source: Vec<Field>) {
        let titles: Vec<_> = titles(&target, &source);
        let mut sides = [base, target, source].map(|fields| {
            fields.into_iter().map(|field| (field.name, field.value)).collect::<BTreeMap<_, _>>()
        });
        for (name, words) in titles {
            let values = sides.each_mut().map(|side| side.remove(name).flatten());
            self.add(format!("{path}{name}"), format!("{title}{words}"), values);
        }
    }

    fn parts<P: Part>(&mut self, sides: [Option<&[P]>; 3], names: &Names) {
        let [base, target, source] = sides.map(|side| {
            side.into_iter().flatten().map(|part| (part.uuid(), part)).collect::<BTreeMap<_, _>>()
        });
        let ids: BTreeSet<_> = target.keys().chain(source.keys()).copied().collect();
        for id in ids {
            let sides = [base.get(&id), target.get(&id), source.get(&id)].map(Option::<&&P>::copied);
            let [_, in_target, in_source] = sides;
            let Some(shown) = in_source.or(in_target) else { continue };
            let (path, title) = (format!("{}/{id}", P::SEGMENT), shown.title(names));
            if in_target.is_some() && in_source.is_some() {
                let [base, target, source] = sides.map(|side| side.map_or_else(Vec::new, Part::fields));
                self.fields(&format!("{path}/"), &format!("{title} · "), base, target, source);
                self.body(format!("{path}/body"), format!("{title} · body"), sides);
            } else {
                self.whole(path, title, sides);
            }
        }
    }

    fn body<P: Part>(&mut self, path: String, title: String, sides: [Option<&P>; 3]) {
        let [base, target, source] = sides.map(|side| side.and_then(Part::body));
        if target != source {
            let body = Some(BodyChange { base, target, source });
            self.0.push(FieldChange {
                path,
                title,
                base: None,
                target: None,
                source: None,
                body,
                changed_in_source: source != base,
                changed_in_target: target != base,
            });
        }
    }

    fn whole<P: Part>(&mut self, path: String, title: String, sides: [Option<&P>; 3]) {
        let [base_body, target_body, source_body] = sides.map(|side| side.and_then(Part::body));
        let [base, target, source] = sides.map(|side| side.map(whole));
        let body = BodyChange { base: base_body, target: target_body, source: source_body };
        self.0.push(FieldChange {
            path,
            title,
            changed_in_source: source != base || source_body != base_body,
            changed_in_target: target != base || target_body != base_body,
            base,
            target,
            source,
            body: (body != BodyChange::default()).then_some(body),
        });
    }

    fn positions(&mut self, sides: [Option<&StoredWorkflow>; 3], names: &Names) {
        let [_, target, source] = sides;
        let ids: BTreeSet<Uuid> =
            [target, source].into_iter().flatten().flat_map(|side| side.positions.keys().copied()).collect();
        for id in ids {
            let values = sides.map(|side| {
                side.and_then(|side| side.positions.get(&id)).map(|at| json!({ "x": at.x, "y": at.y }))
            });
            let node = names.node(JobId(id), TriggerId(id));
            self.add(format!("positions/{id}"), format!("position of {node}"), values);
        }
    }
}

/// The names of fields on either side, in order, with their titles.
fn titles(target: &[Field], source: &[Field]) -> Vec<(&'static str, &'static str)> {
    let mut titles: Vec<_> = target.iter().map(|field| (field.name, field.title)).collect();
    for field in source {
        if !titles.contains(&(field.name, field.title)) {
            titles.push((field.name, field.title));
        }
    }
    titles
}

/// Every field of a part but its body.
pub(crate) fn whole<P: Part>(part: &P) -> Value {
    let id = ("id".to_owned(), json!(part.uuid()));
    let fields = part.fields().into_iter();
    let values = fields.filter_map(|field| field.value.map(|value| (field.name.to_owned(), value)));
    Value::Object(std::iter::once(id).chain(values).collect())
}

fn head(document: &Document) -> Vec<Field> {
    match document {
        Document::Workflow(workflow) => workflow_fields(workflow),
        Document::Collection(collection) => collection_fields(collection),
        Document::CredentialLink(link) => link_fields(link),
        Document::Keychain(keychain) => keychain_fields(keychain),
        // All of a config is compared by path.
        Document::Config(_) => Vec::new(),
    }
}
