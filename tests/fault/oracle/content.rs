//! What one workflow says, in as few words as a merge can get wrong: each of them is written once and nowhere else.

use std::collections::BTreeMap;

use rand::{RngExt, rngs::StdRng};
use sandbar_client::v1::{
    Edge, EdgeCondition, Job, Position, Trigger, WebhookReply, WebhookTrigger, Workflow, edge, trigger,
};
use uuid::Uuid;

/// How many places a step's body has. Lines that nobody ever changes stand between them, so that each merges by itself.
pub(crate) const PLACES: usize = 4;

/// One version of a workflow.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Content {
    pub(crate) name: String,
    pub(crate) concurrency: Option<u32>,
    /// The custom path of its one trigger. Empty: none.
    pub(crate) path: String,
    /// By id. The first one stays for ever.
    pub(crate) steps: BTreeMap<String, Step>,
    /// Where each step is drawn.
    pub(crate) drawn: BTreeMap<String, u32>,
}

/// One step, and the edge that leads to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Step {
    pub(crate) name: String,
    pub(crate) adaptor: String,
    /// What stands in each place: whole lines, or nothing.
    pub(crate) body: Vec<String>,
}

/// Words that nobody wrote before, and ids.
#[derive(Debug)]
pub(crate) struct Words {
    pub(crate) random: StdRng,
    next: u32,
}

impl Words {
    pub(crate) fn new(random: StdRng) -> Self {
        Self { random, next: 0 }
    }

    pub(crate) fn number(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    pub(crate) fn word(&mut self, what: &str) -> String {
        format!("{what}-{}", self.number())
    }

    pub(crate) fn id(&mut self) -> String {
        Uuid::from_u128(self.random.random()).to_string()
    }

    /// One line or two, with either kind of line end.
    pub(crate) fn lines(&mut self) -> String {
        let count = if self.random.random_bool(0.2) { 2 } else { 1 };
        (0..count)
            .map(|_| match self.number() {
                number if number.is_multiple_of(3) => format!("edit({number}); // größer\r\n"),
                number => format!("edit({number});\n"),
            })
            .collect()
    }

    pub(crate) fn one_of(&mut self, count: usize) -> usize {
        self.random.random_range(0..count)
    }

    pub(crate) fn chance(&mut self, chance: f64) -> bool {
        self.random.random_bool(chance)
    }

    /// A workflow of some steps.
    pub(crate) fn content(&mut self) -> Content {
        let mut content = Content {
            name: self.word("workflow"),
            concurrency: None,
            path: String::new(),
            steps: BTreeMap::new(),
            drawn: BTreeMap::new(),
        };
        for _ in 0..3 {
            self.add_step(&mut content);
        }
        content
    }

    fn add_step(&mut self, content: &mut Content) {
        let body = (0..PLACES).map(|_| if self.chance(0.7) { self.lines() } else { String::new() }).collect();
        // Sorted behind the others, so that the first one stays the first.
        let id = loop {
            let id = self.id();
            if content.steps.keys().next().is_none_or(|first| *first < id) {
                break id;
            }
        };
        content.drawn.insert(id.clone(), self.number());
        content.steps.insert(id, Step { name: self.word("step"), adaptor: self.adaptor(), body });
    }

    fn adaptor(&mut self) -> String {
        format!("@openfn/language-http@{}.0.0", self.number())
    }

    /// Changes one thing or a few.
    pub(crate) fn edit(&mut self, content: &mut Content) {
        for _ in 0..=self.one_of(3) {
            match self.one_of(14) {
                0 => content.name = self.word("workflow"),
                1 => content.concurrency = Some(self.number()),
                2 => content.path = self.word("path"),
                3 => self.add_step(content),
                4 => self.remove_step(content),
                _ => self.edit_step(content),
            }
        }
    }

    /// Changes what nobody but this side, 0 or 1, ever changes. A workflow's name is one side's, its other fields are the
    /// other's; so is a step, or each of its places.
    pub(crate) fn edit_own(&mut self, id: &str, content: &mut Content, side: usize) {
        if self.chance(0.2) {
            if owner(id, 2) == side {
                content.name = self.word("workflow");
            } else {
                content.concurrency = Some(self.number());
            }
        }
        if content.steps.len() < 8 && self.chance(0.1) {
            self.add_step(content);
        }
        for at in (0..content.steps.len()).rev() {
            let (lines, name, adaptor) = (self.lines(), self.word("step"), self.adaptor());
            let (half, what, removes) = (self.one_of(PLACES / 2), self.one_of(6), self.chance(0.05));
            let (id, step) = content.steps.iter_mut().nth(at).unwrap();
            let (id, is_shared) = (id.clone(), owner(id, 4) > 1);
            let place = if is_shared { 2 * half + side } else { 2 * half };
            match what {
                _ if !is_shared && owner(&id, 4) != side => {}
                _ if !is_shared && removes && at > 0 => {
                    content.steps.remove(&id);
                    content.drawn.remove(&id);
                }
                0 if side == 0 => step.name = name,
                0 => step.adaptor = adaptor,
                1 => step.body[place].clear(),
                2 => step.body[place] = lines,
                _ => {}
            }
        }
    }

    fn remove_step(&mut self, content: &mut Content) {
        if content.steps.len() > 1 {
            let at = 1 + self.one_of(content.steps.len() - 1);
            let id = content.steps.keys().nth(at).unwrap().clone();
            content.steps.remove(&id);
            content.drawn.remove(&id);
        }
    }

    fn edit_step(&mut self, content: &mut Content) {
        let at = self.one_of(content.steps.len());
        let (name, adaptor, lines, drawn) = (self.word("step"), self.adaptor(), self.lines(), self.number());
        let what = self.one_of(10);
        let (place, removes) = (self.one_of(PLACES), self.chance(0.2));
        let (id, step) = content.steps.iter_mut().nth(at).unwrap();
        match what {
            0 => step.name = name,
            1 => step.adaptor = adaptor,
            2 => drop(content.drawn.insert(id.clone(), drawn)),
            _ if removes => step.body[place].clear(),
            _ => step.body[place] = lines,
        }
    }
}

impl Content {
    /// As it is saved.
    pub(crate) fn workflow(&self, id: &str) -> Workflow {
        let trigger = trigger_of(id);
        let webhook = WebhookTrigger {
            custom_path: self.path.clone(),
            reply: WebhookReply::BeforeStart.into(),
            ..WebhookTrigger::default()
        };
        let drawn = |(id, at): (&String, &u32)| (id.clone(), Position { x: f64::from(*at), y: 0.5 });
        Workflow {
            id: id.to_owned(),
            name: self.name.clone(),
            concurrency: self.concurrency,
            enable_job_logs: Some(true),
            positions: self.drawn.iter().map(drawn).collect(),
            jobs: self.steps.iter().map(|(id, step)| step.job(id)).collect(),
            triggers: vec![Trigger {
                id: trigger.clone(),
                r#type: Some(trigger::Type::Webhook(webhook)),
                ..Trigger::default()
            }],
            edges: self.steps.keys().map(|step| edge_to(&trigger, step)).collect(),
            ..Workflow::default()
        }
    }
}

impl Step {
    fn job(&self, id: &str) -> Job {
        Job {
            id: id.to_owned(),
            name: self.name.clone(),
            adaptor: self.adaptor.clone(),
            body: text(&self.body),
            ..Job::default()
        }
    }
}

/// Whose of so many something is, for ever.
fn owner(id: &str, count: usize) -> usize {
    id.bytes().last().map_or(0, usize::from) % count
}

/// The text of a body.
pub(crate) fn text(body: &[String]) -> String {
    let places = body.iter().enumerate().map(|(place, lines)| format!("// place {place}\n{lines}"));
    places.chain(["// end".to_owned()]).collect()
}

/// In which line of the text a place begins, counted from 1.
pub(crate) fn line_of(body: &[String], place: usize) -> i64 {
    let before = body[..place].iter().map(|lines| 1 + lines.lines().count()).sum::<usize>();
    i64::try_from(before + 2).unwrap()
}

/// The id of a workflow's trigger.
pub(crate) fn trigger_of(workflow: &str) -> String {
    sibling(workflow, 1)
}

/// The id of the edge to a step.
pub(crate) fn edge_of(step: &str) -> String {
    sibling(step, 2)
}

fn sibling(id: &str, which: u128) -> String {
    Uuid::from_u128(id.parse::<Uuid>().unwrap().as_u128() ^ (which << 64)).to_string()
}

fn edge_to(trigger: &str, step: &str) -> Edge {
    Edge {
        id: edge_of(step),
        source: Some(edge::Source::SourceTriggerId(trigger.to_owned())),
        target_job_id: step.to_owned(),
        condition: EdgeCondition::Always.into(),
        enabled: Some(true),
        ..Edge::default()
    }
}
