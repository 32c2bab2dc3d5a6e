//! Cases about whole projects: what a plan lists, says and does, round by round.

use std::collections::BTreeMap;

use sandbar_merge::{Choices, Context, Decision, Item, Plan, Purpose, Selector, Write, plan};
use sandbar_model::{Kind, ResourceId};
use serde_json::{Value, json};

use super::{
    Outcome, combining, entries, list, only,
    read::{Reader, path_of, resolutions},
    same, words,
};
use crate::build::world::{Project, World};

const KEYS: [&str; 21] = [
    "rule",
    "base",
    "source",
    "target",
    "strangers",
    "editor",
    "then",
    "turned",
    "revert",
    "start",
    "choose",
    "settle",
    "plan",
    "fields",
    "withheld",
    "warnings",
    "conflicts",
    "refused",
    "result",
    "says",
    "blocked",
];

pub fn check(case: &Value) -> Outcome {
    let mut rounds = Rounds {
        same_root: case["strangers"] != true,
        may_write_keychains: case["editor"] != true,
        ..Rounds::default()
    };
    rounds.world.base = rounds.read.project(&case["base"]);
    rounds.round(case)?;
    for (number, round) in list(&case["then"]).as_array().unwrap().iter().enumerate() {
        rounds.round(round).map_err(|failure| format!("then, {}: {failure}", number + 1))?;
    }
    Ok(())
}

/// The two projects, with what the last plan wrote.
#[derive(Default)]
struct Rounds {
    read: Reader,
    world: World,
    items: BTreeMap<ResourceId, u64>,
    same_root: bool,
    may_write_keychains: bool,
    writes: Vec<Write>,
    before: Project,
}

impl Rounds {
    fn round(&mut self, round: &Value) -> Outcome {
        only(round, &KEYS);
        self.change(round);
        let world = self.compared(round["revert"] == true);
        let choices = self.choices(round);
        let plan = match self.plan(&world, round["revert"] == true, &choices) {
            Err(refusal) => {
                let says = round["refused"].as_str().is_some_and(|word| refusal.contains(word));
                return same("refused", &(says, refusal.as_str()), &(true, refusal.as_str()));
            }
            Ok(plan) => plan,
        };
        same("refused", &Value::Null, &round["refused"])?;
        self.shown(&plan, round)?;
        let blocked = plan.blocked().map(|refusal| refusal.to_string());
        let expected = round["blocked"].as_str();
        let as_said = blocked.as_deref().zip(expected).is_some_and(|(got, wanted)| got.contains(wanted));
        if blocked.is_some() != expected.is_some() || (expected.is_some() && !as_said) {
            return Err(format!("blocked:\n  got    {blocked:?}\n  wanted {expected:?}"));
        }
        if blocked.is_none() {
            self.apply(world, &plan, round["revert"] == true);
        }
        let wanted = &round["result"];
        let wanted = if wanted.is_null() { self.before.clone() } else { self.read.project(wanted) };
        same("result", &self.world.target, &wanted)
    }

    /// Takes over what the case says of the two sides now.
    fn change(&mut self, round: &Value) {
        if round["turned"] == true {
            self.world = std::mem::take(&mut self.world).turned();
        }
        if let Some(source) = round.get("source") {
            self.world.source = self.read.project(source);
        }
        if let Some(target) = round.get("target") {
            self.world.target = self.read.project(target);
            let count = |(key, count): (&String, &Value)| {
                (self.read.resource(&format!("collections/{key}")), count.as_u64().unwrap())
            };
            self.items = entries(&target["items"]).map(count).collect();
        }
    }

    /// The three states that a plan is made from.
    fn compared(&mut self, revert: bool) -> World {
        let before = std::mem::replace(&mut self.before, self.world.target.clone());
        if revert { World::revert(&self.writes, &before, &self.world.target) } else { self.world.clone() }
    }

    fn plan(&self, world: &World, revert: bool, choices: &Choices) -> Result<Plan, String> {
        let mut context = Context {
            may_write_keychains: self.may_write_keychains,
            same_root: self.same_root,
            purpose: if revert { Purpose::Revert } else { Purpose::Merge },
            collection_items: self.items.clone(),
            ..self.world.context()
        };
        loop {
            let plan = plan(world.candidates(), &context, choices).map_err(|refusal| refusal.to_string())?;
            if plan.wanted.is_empty() {
                return Ok(plan);
            }
            context.bodies.extend(plan.wanted.iter().map(|hash| (*hash, self.read.text(*hash).unwrap())));
        }
    }

    fn choices(&self, round: &Value) -> Choices {
        let decision = |word: &Value| match word.as_str() {
            Some("take") => Decision::Take,
            Some("overwrite") => Decision::Overwrite,
            Some("combine") => Decision::Combine,
            Some("leave") => Decision::Leave,
            _ => panic!("{word} is no decision"),
        };
        let chosen = entries(&round["choose"]);
        let settled = entries(&round["settle"]);
        Choices {
            defaults: round["start"] != "nothing",
            choices: chosen.map(|(key, word)| (self.selector(key), decision(word))).collect(),
            resolutions: settled.map(|(key, how)| (self.selector(key), resolutions(how, key))).collect(),
        }
    }

    /// `workflows/key`, or `called Name`.
    fn selector(&self, key: &str) -> Selector {
        if let Some(name) = key.strip_prefix("called ") {
            return Selector::WorkflowName(name.to_owned());
        }
        let kind = match key.split('/').next() {
            Some("workflows") => Kind::Workflow,
            Some("collections") => Kind::Collection,
            Some("links") => Kind::CredentialLink,
            Some("keychains") => Kind::Keychain,
            _ => panic!("{key} is no resource"),
        };
        Selector::Key(kind, self.read.resource(key))
    }

    fn shown(&self, plan: &Plan, round: &Value) -> Outcome {
        let key = |item: &Item| self.read.key_of(item.id);
        let per_item = |what: &dyn Fn(&Item) -> Value| -> Value {
            let all = plan.items.iter().map(|item| (key(item), what(item)));
            Value::Object(all.filter(|(_, said)| *said != json!([])).collect())
        };
        let absent = json!({});
        let or_none = |name: &str| round.get(name).unwrap_or(&absent).clone();
        same("plan", &sorted(&per_item(&|item| json!(self.line(item)))), &sorted(&or_none("plan")))?;
        let kinds =
            |item: &Item| json!(item.warnings.iter().map(|warning| json!(warning.kind)).collect::<Vec<_>>());
        same("warnings", &sorted(&per_item(&kinds)), &sorted(&or_none("warnings"))).map_err(|failure| {
            format!("{failure}\n  {:?}", plan.items.iter().map(|i| &i.warnings).collect::<Vec<_>>())
        })?;
        let messages: Vec<_> =
            plan.items.iter().flat_map(|item| &item.warnings).map(|w| &w.message).collect();
        for word in words(&round["says"]) {
            same("says", &messages.iter().any(|message| message.contains(word)), &true)?;
        }
        let withheld: Vec<_> = plan.withheld.iter().map(|one| self.read.key_of(one.id)).collect();
        same("withheld", &json!(withheld), &list(&round["withheld"]))?;
        for item in &plan.items {
            let open: Vec<_> = item.open_conflicts().collect();
            combining::conflicts(&open, &round["conflicts"][key(item)], &key(item))?;
        }
        for (resource, expected) in entries(&round["fields"]) {
            let item = plan.items.iter().find(|item| key(item) == *resource).expect("it is listed");
            let paths: Vec<_> = item.fields().into_iter().map(|field| field.path).collect();
            let wanted: Vec<_> = words(expected).map(|path| path_of(path, resource)).collect();
            same("fields", &paths, &wanted)?;
        }
        Ok(())
    }

    /// `changed, take`, and what else there is to say.
    fn line(&self, item: &Item) -> String {
        let word = |value: Value| value.as_str().expect("a word").replace('_', " ");
        let mut line = format!("{}, {}", word(json!(item.label)), word(json!(item.decision)));
        if let Some(before) = &item.renamed_from {
            line.extend([", renamed from ", before]);
        }
        if item.id != item.target_id {
            line.extend([", is ", &self.read.key_of(item.target_id)]);
        }
        line
    }

    fn apply(&mut self, mut compared: World, plan: &Plan, revert: bool) {
        compared.apply(plan);
        self.writes = plan.writes().collect();
        if revert {
            for write in &self.writes {
                match compared.target.get(&(write.kind, write.id)) {
                    Some(state) => self.world.target.insert((write.kind, write.id), state.clone()),
                    None => self.world.target.remove(&(write.kind, write.id)),
                };
            }
        } else {
            self.world = compared;
        }
    }
}

/// In the order of keys, as the order of a plan is no matter of a case.
fn sorted(value: &Value) -> BTreeMap<String, Value> {
    entries(value).map(|(key, value)| (key.clone(), value.clone())).collect()
}
