//! What a person chooses of a plan: flags to choices.

use clap::Args;
use sandbar_client::v1::merge_choice::Resource;
use sandbar_client::v1::{MergeChoice, MergeChoices, MergeDecision, PlanResource, ResourceKey, ResourceKind};

use crate::failure::Failure;
use crate::resolve::uuid;

/// The flags that choose. The same ones must come with a preview and with its apply.
///
/// X is a workflow's name or id, or `collection:X`, `credential_link:X` or `workflow:X` with a name or id.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct ChoiceFlags {
    /// Take X beside the defaults (new and changed ones): for one that was deleted in the source
    #[arg(long, value_name = "X", conflicts_with = "only")]
    pub(crate) include: Vec<String>,
    /// Leave X in the target as it is
    #[arg(long, value_name = "X")]
    pub(crate) leave: Vec<String>,
    /// Replace the target's X by the source's although both changed
    #[arg(long, value_name = "X")]
    pub(crate) overwrite: Vec<String>,
    /// Take X and, apart from what is named, nothing else. X is a workflow's name or id, or KIND:X with the kind
    /// `collection`, `credential_link` or `workflow`; the same in the other three
    #[arg(long, value_name = "X")]
    pub(crate) only: Vec<String>,
    /// Keep the source afterwards
    #[arg(long, conflicts_with = "retire_source")]
    pub(crate) keep_source: bool,
    /// Schedule the source for deletion afterwards. Default: when a sandbox merges into an ancestor
    #[arg(long)]
    pub(crate) retire_source: bool,
}

/// What an X of a flag means.
#[derive(Debug, PartialEq, Eq)]
enum Selector {
    Ready(Resource),
    /// A name of something other than a workflow, which the contract can only name by id.
    Named(ResourceKind, String),
}

impl ChoiceFlags {
    /// Whether the names in them can only be understood with a listing of the plan's resources.
    pub(crate) fn needs_listing(&self) -> bool {
        self.named().any(|(_, text)| matches!(select(text), Selector::Named(..)))
    }

    /// The choices. `listing` may be empty unless [`ChoiceFlags::needs_listing`].
    pub(crate) fn choices(&self, listing: &[PlanResource]) -> Result<MergeChoices, Failure> {
        let mut choices: Vec<MergeChoice> = Vec::new();
        for (decision, text) in self.named() {
            let resource = find(select(text), listing)?;
            let choice = MergeChoice { decision: decision.into(), resource: Some(resource) };
            match choices.iter().find(|earlier| earlier.resource == choice.resource) {
                None => choices.push(choice),
                Some(earlier) if earlier.decision == choice.decision => {}
                Some(_) => return Err(Failure::Usage(format!("{text:?} is chosen in two different ways"))),
            }
        }
        let retire_source = match (self.keep_source, self.retire_source) {
            (false, false) => None,
            (_, retire) => Some(retire),
        };
        Ok(MergeChoices { defaults: self.only.is_empty(), choices, retire_source })
    }

    /// The flags as arguments, for a command that a person is to run.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let lists = [
            ("--include", &self.include),
            ("--leave", &self.leave),
            ("--overwrite", &self.overwrite),
            ("--only", &self.only),
        ];
        let mut arguments = Vec::new();
        for (flag, values) in lists {
            arguments.extend(values.iter().flat_map(|value| [flag.to_owned(), value.clone()]));
        }
        let switches = [("--keep-source", self.keep_source), ("--retire-source", self.retire_source)];
        arguments.extend(switches.iter().filter(|(_, on)| *on).map(|(flag, _)| (*flag).to_owned()));
        arguments
    }

    /// Every X with what is to be done with it. One in both `--only` and `--overwrite` is meant by the latter.
    fn named(&self) -> impl Iterator<Item = (MergeDecision, &str)> {
        let only = self.only.iter().filter(|text| !self.overwrite.contains(text));
        let take = self.include.iter().chain(only).map(|text| (MergeDecision::Take, text.as_str()));
        let leave = self.leave.iter().map(|text| (MergeDecision::Leave, text.as_str()));
        take.chain(leave).chain(self.overwrite.iter().map(|text| (MergeDecision::Overwrite, text.as_str())))
    }
}

/// The word for a kind, as it is written in a flag.
pub(crate) fn kind_word(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::Workflow => "workflow",
        ResourceKind::Collection => "collection",
        ResourceKind::CredentialLink => "credential_link",
        ResourceKind::Unspecified => "resource",
    }
}

/// How to name a resource of a plan in a flag.
pub(crate) fn handle(resource: &PlanResource) -> String {
    let key = resource.key.clone().unwrap_or_default();
    match key.kind() {
        ResourceKind::Workflow if select(&resource.name) == workflow_name(&resource.name) => {
            resource.name.clone()
        }
        kind => format!("{}:{}", kind_word(kind), key.id),
    }
}

fn select(text: &str) -> Selector {
    let kinds = [ResourceKind::Workflow, ResourceKind::Collection, ResourceKind::CredentialLink];
    let prefixed = kinds
        .into_iter()
        .find_map(|kind| Some((kind, text.strip_prefix(kind_word(kind))?.strip_prefix(':')?)));
    let (kind, text) = prefixed.unwrap_or((ResourceKind::Workflow, text));
    match (uuid(text), kind) {
        (Some(id), _) => Selector::Ready(Resource::Key(ResourceKey { kind: kind.into(), id })),
        (None, ResourceKind::Workflow) => workflow_name(text),
        (None, _) => Selector::Named(kind, text.to_owned()),
    }
}

fn workflow_name(name: &str) -> Selector {
    Selector::Ready(Resource::WorkflowName(name.to_owned()))
}

fn find(selector: Selector, listing: &[PlanResource]) -> Result<Resource, Failure> {
    let (kind, name) = match selector {
        Selector::Ready(resource) => return Ok(resource),
        Selector::Named(kind, name) => (kind, name),
    };
    let of_kind = |resource: &&PlanResource| resource.key.as_ref().is_some_and(|key| key.kind() == kind);
    let named: Vec<_> = listing.iter().filter(of_kind).filter(|resource| resource.name == name).collect();
    match named.as_slice() {
        [PlanResource { key: Some(key), .. }] => Ok(Resource::Key(key.clone())),
        [] => Err(Failure::Usage(format!(
            "the plan lists no {} {name:?}; see `sandbar merge preview`",
            kind_word(kind)
        ))),
        _ => Err(Failure::Usage(format!("the plan lists several {name:?}; name one by its id"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0197d1f0-4d1c-7c7e-9d0a-6f3c1b0e2a11";

    fn list(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|&text| text.to_owned()).collect()
    }

    fn by_name(name: &str, decision: MergeDecision) -> MergeChoice {
        let resource = Some(Resource::WorkflowName(name.to_owned()));
        MergeChoice { resource, decision: decision.into() }
    }

    #[test]
    fn no_flags_are_the_defaults() {
        let choices = ChoiceFlags::default().choices(&[]).unwrap();
        assert_eq!(choices, MergeChoices { defaults: true, ..Default::default() });
    }

    #[test]
    fn each_flag_is_a_decision() {
        let flags = ChoiceFlags {
            include: list(&["Gone"]),
            leave: list(&["Draft", "Draft"]),
            overwrite: list(&["Billing"]),
            keep_source: true,
            ..Default::default()
        };
        let choices = flags.choices(&[]).unwrap();
        assert!(choices.defaults);
        assert_eq!(choices.retire_source, Some(false));
        assert_eq!(
            choices.choices,
            [
                by_name("Gone", MergeDecision::Take),
                by_name("Draft", MergeDecision::Leave),
                by_name("Billing", MergeDecision::Overwrite),
            ]
        );
    }

    #[test]
    fn only_starts_from_nothing() {
        let flags = ChoiceFlags {
            only: list(&["Sync", "Billing"]),
            overwrite: list(&["Billing"]),
            retire_source: true,
            ..Default::default()
        };
        let choices = flags.choices(&[]).unwrap();
        assert!(!choices.defaults);
        assert_eq!(choices.retire_source, Some(true));
        assert_eq!(
            choices.choices,
            [by_name("Sync", MergeDecision::Take), by_name("Billing", MergeDecision::Overwrite)]
        );
    }

    #[test]
    fn one_thing_chosen_in_two_ways_is_refused() {
        let flags = ChoiceFlags { include: list(&["A"]), leave: list(&["A"]), ..Default::default() };
        assert_eq!(flags.choices(&[]).unwrap_err().to_string(), "\"A\" is chosen in two different ways");
    }

    #[test]
    fn ids_and_kinds_make_keys() {
        let key = |kind: ResourceKind| {
            Selector::Ready(Resource::Key(ResourceKey { kind: kind.into(), id: ID.into() }))
        };
        assert_eq!(select(ID), key(ResourceKind::Workflow));
        assert_eq!(select(&format!("collection:{ID}")), key(ResourceKind::Collection));
        assert_eq!(select("workflow:collection:x"), workflow_name("collection:x"));
        assert_eq!(select("Sync: daily"), workflow_name("Sync: daily"));
    }

    #[test]
    fn other_kinds_are_found_by_name_in_the_plan() {
        let flags = ChoiceFlags { include: list(&["collection:patients"]), ..Default::default() };
        assert!(flags.needs_listing());
        assert!(flags.choices(&[]).is_err());
        let key = ResourceKey { kind: ResourceKind::Collection.into(), id: ID.into() };
        let listing =
            [PlanResource { key: Some(key.clone()), name: "patients".into(), ..Default::default() }];
        let choices = flags.choices(&listing).unwrap().choices;
        assert_eq!(choices.first().and_then(|choice| choice.resource.clone()), Some(Resource::Key(key)));
    }

    #[test]
    fn flags_come_back_as_arguments() {
        let flags = ChoiceFlags { leave: list(&["A b"]), keep_source: true, ..Default::default() };
        assert_eq!(flags.arguments(), ["--leave", "A b", "--keep-source"]);
    }
}
