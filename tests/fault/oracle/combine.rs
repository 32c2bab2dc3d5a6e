//! What must come of combining two versions of a workflow, worked out word by word.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::content::{Content, Step, line_of, text, trigger_of};

/// How somebody settles a conflict.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum How {
    Source,
    Target,
    /// As JSON, and what it says of a body.
    Own(Value, Vec<String>),
    /// A body's clashes, one by one.
    Clashes(Vec<Choice>),
}

/// How somebody settles one clash.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Choice {
    Source,
    Target,
    Both,
    Own(String),
}

/// What both sides changed to different things.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Conflict {
    Field([Option<Value>; 3]),
    /// The clashes by line, each with base, source and target; and the body with the clashing places empty.
    Body(Vec<(i64, [String; 3])>, Vec<Option<String>>),
    Removed,
}

/// What comes of it.
#[derive(Clone, Debug)]
pub(crate) struct Combined {
    pub(crate) content: Content,
    /// By path, settled or not.
    pub(crate) conflicts: BTreeMap<String, Conflict>,
    /// Both sides kept lines of the base in one place and changed others: a matter of taste that this does not foretell.
    pub(crate) is_odd: bool,
}

/// Combines two versions of the workflow with this id.
pub(crate) fn combine(
    id: &str,
    [base, source, target]: [Option<&Content>; 3],
    settled: &BTreeMap<String, How>,
) -> Combined {
    let (source, target) = (source.unwrap(), target.unwrap());
    let mut work = Work { settled, conflicts: BTreeMap::new(), is_odd: false };
    let name = |content: &Content| json!(content.name);
    let concurrency = |content: &Content| json!(content.concurrency);
    let path = |content: &Content| if content.path.is_empty() { Value::Null } else { json!(content.path) };
    let mut field =
        |at: String, of: &dyn Fn(&Content) -> Value| work.field(at, base.map(of), of(source), of(target));
    let path_at = format!("triggers/{}/custom_path", trigger_of(id));
    let content = Content {
        name: word(&field("name".to_owned(), &name)),
        concurrency: field("concurrency".to_owned(), &concurrency).as_u64().map(|n| n.try_into().unwrap()),
        path: word(&field(path_at, &path)),
        steps: BTreeMap::new(),
        drawn: BTreeMap::new(),
    };
    let content = work.steps(content, [base, Some(source), Some(target)]);
    Combined { content, conflicts: work.conflicts, is_odd: work.is_odd }
}

struct Work<'a> {
    settled: &'a BTreeMap<String, How>,
    conflicts: BTreeMap<String, Conflict>,
    is_odd: bool,
}

impl Work<'_> {
    fn field(&mut self, at: String, base: Option<Value>, source: Value, target: Value) -> Value {
        if let Some(value) = one_sided(base.as_ref(), &source, &target) {
            return value.clone();
        }
        let value = match self.settled.get(&at) {
            None | Some(How::Target) => target.clone(),
            Some(How::Source) => source.clone(),
            Some(How::Own(value, _)) => value.clone(),
            Some(How::Clashes(_)) => panic!("{at} has no clashes"),
        };
        let set = |value: Value| (!value.is_null()).then_some(value);
        let sides = [base.and_then(set), set(source), set(target)];
        self.conflicts.insert(at, Conflict::Field(sides));
        value
    }

    fn steps(&mut self, mut content: Content, sides: [Option<&Content>; 3]) -> Content {
        let ids: Vec<_> = sides[1..].iter().flatten().flat_map(|side| side.steps.keys().cloned()).collect();
        for id in ids {
            let [base, source, target] = sides.map(|side| side.and_then(|side| side.steps.get(&id)));
            let Some(step) = self.step(&id, base, source, target) else { continue };
            let [base_at, source_at, target_at] = sides.map(|side| side.and_then(|side| side.drawn.get(&id)));
            let by_source = (source.is_some() && source_at != base_at) || target.is_none();
            content.drawn.extend((if by_source { source_at } else { target_at }).map(|at| (id.clone(), *at)));
            content.steps.insert(id, step);
        }
        content
    }

    fn step(
        &mut self,
        id: &str,
        base: Option<&Step>,
        source: Option<&Step>,
        target: Option<&Step>,
    ) -> Option<Step> {
        match (base, source, target) {
            (base, Some(source), Some(target)) => Some(self.fields(id, base, source, target)),
            (None, one, other) => one.or(other).cloned(),
            (Some(base), one, other) if one.or(other) == Some(base) => None,
            (Some(_), source, target) => {
                let at = format!("jobs/{id}");
                let taken = self.settled.get(&at) == Some(&How::Source);
                self.conflicts.insert(at, Conflict::Removed);
                if taken { source.cloned() } else { target.cloned() }
            }
        }
    }

    fn fields(&mut self, id: &str, base: Option<&Step>, source: &Step, target: &Step) -> Step {
        let mut field = |name: &str, of: &dyn Fn(&Step) -> Value| {
            word(&self.field(format!("jobs/{id}/{name}"), base.map(of), of(source), of(target)))
        };
        let (name, adaptor) =
            (field("name", &|step| json!(step.name)), field("adaptor", &|step| json!(step.adaptor)));
        let body = base.map(|base| base.body.as_slice());
        Step { name, adaptor, body: self.body(format!("jobs/{id}/body"), body, &source.body, &target.body) }
    }

    fn body(
        &mut self,
        at: String,
        base: Option<&[String]>,
        source: &[String],
        target: &[String],
    ) -> Vec<String> {
        if let Some(body) = one_sided(base, source, target) {
            return body.to_vec();
        }
        // Without a base all lines are new on both sides, and so are one place.
        let Some(base) = base else {
            let clash = (1, [String::new(), text(source), text(target)]);
            let open = source.iter().zip(target).map(|(one, other)| (one == other).then(|| one.clone()));
            self.conflicts.insert(at.clone(), Conflict::Body(vec![clash], open.collect()));
            return match self.settled.get(&at) {
                None | Some(How::Target) => target.to_vec(),
                Some(How::Source) => source.to_vec(),
                Some(How::Own(_, body)) => body.clone(),
                Some(How::Clashes(chosen)) if chosen == &[Choice::Source] => source.to_vec(),
                Some(How::Clashes(chosen)) if chosen == &[Choice::Target] => target.to_vec(),
                Some(How::Clashes(chosen)) => panic!("{chosen:?} leaves no places"),
            };
        };
        let (mut body, mut clashes) = (Vec::new(), Vec::new());
        for place in 0..base.len() {
            let [base_lines, ours, theirs] = [&base[place], &source[place], &target[place]];
            body.push(one_sided(Some(base_lines), ours, theirs).cloned());
            if body[place].is_none() {
                self.is_odd |= base_lines.lines().any(|l| ours.lines().chain(theirs.lines()).any(|k| k == l));
                clashes.push((line_of(base, place), [base_lines, ours, theirs].map(Clone::clone)));
            }
        }
        if clashes.is_empty() {
            return body.into_iter().flatten().collect();
        }
        let result = match self.settled.get(&at) {
            None | Some(How::Target) => target.to_vec(),
            Some(How::Source) => source.to_vec(),
            Some(How::Own(_, own)) => own.clone(),
            Some(How::Clashes(chosen)) => {
                let mut lines = chosen.iter().zip(&clashes).map(|(choice, (_, clash))| choice.of(clash));
                body.iter().map(|place| place.clone().unwrap_or_else(|| lines.next().unwrap())).collect()
            }
        };
        self.conflicts.insert(at, Conflict::Body(clashes, body));
        result
    }
}

impl Choice {
    fn of(&self, [_, source, target]: &[String; 3]) -> String {
        match self {
            Self::Source => source.clone(),
            Self::Target => target.clone(),
            Self::Both => format!("{source}{target}"),
            Self::Own(lines) => lines.clone(),
        }
    }
}

/// None: both changed it, to different things.
fn one_sided<'t, T: PartialEq + ?Sized>(base: Option<&T>, source: &'t T, target: &'t T) -> Option<&'t T> {
    if source == target || base == Some(source) {
        Some(target)
    } else if base == Some(target) {
        Some(source)
    } else {
        None
    }
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
