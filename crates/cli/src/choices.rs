//! What a person chooses of a plan: flags to choices.

use clap::Args;
use sandbar_client::v1::{
    MergeChoice, MergeChoices, MergeDecision, MergeResolution, MergeSide, PlanResource, ResourceKey,
    ResourceKind, merge_choice::Resource, merge_resolution::How,
};

use crate::failure::Failure;
use crate::resolve::uuid;

/// The flags that choose. The same ones must come with a preview and with its apply.
///
/// X is a workflow's name or id, or `collection:X`, `credential_link:X`, `config:X` or `workflow:X` with a name or id. A
/// config's name is its `kind/name`, a credential link's `owner|name`.
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
    /// Keep both sides' edits of the workflow or config X although both changed; where both changed the same thing, a conflict is
    /// to be settled with --settle
    #[arg(long, value_name = "X")]
    pub(crate) combine: Vec<String>,
    /// Settle a conflict in what is combined. PATH is as the preview says; HOW is `source`, `target`, a JSON value or
    /// @FILE, with all of a body or, in a config, with the JSON value
    #[arg(long, value_name = "X#PATH=HOW")]
    pub(crate) settle: Vec<String>,
    /// Take X and, apart from what is named, nothing else. X is a workflow's name or id, or KIND:X with the kind
    /// `collection`, `credential_link`, `config` (named `kind/name`) or `workflow`; the same in the other four
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

/// What `--settle` says.
#[derive(Clone, Copy, Debug)]
struct Settled<'t> {
    x: &'t str,
    path: &'t str,
    how: &'t str,
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
            let choice =
                MergeChoice { decision: decision.into(), resource: Some(resource), resolutions: Vec::new() };
            match choices.iter().find(|earlier| earlier.resource == choice.resource) {
                None => choices.push(choice),
                Some(earlier) if earlier.decision == choice.decision => {}
                Some(_) => return Err(Failure::Usage(format!("{text:?} is chosen in two different ways"))),
            }
        }
        for text in &self.settle {
            settle(self.parts(text)?, &mut choices, listing)?;
        }
        let retire_source = match (self.keep_source, self.retire_source) {
            (false, false) => None,
            (_, retire) => Some(retire),
        };
        Ok(MergeChoices { defaults: self.only.is_empty(), choices, retire_source })
    }

    /// `X#PATH=HOW`, taken apart. No path has a # or =, but a name and a value may: where it can be read in several ways,
    /// it means an X that is combined.
    fn parts<'t>(&self, text: &'t str) -> Result<Settled<'t>, Failure> {
        let part = |(at, _): (usize, &str)| {
            let (x, rest) = text.split_at(at);
            let (path, how) = rest.strip_prefix('#')?.split_once('=')?;
            (!path.contains('#')).then_some(Settled { x, path, how })
        };
        let mut ways = text.match_indices('#').filter_map(part).collect::<Vec<_>>().into_iter();
        let combined = ways.clone().find(|way| self.combine.iter().any(|x| x == way.x));
        combined
            .or_else(|| ways.next())
            .ok_or_else(|| Failure::Usage(format!("{text:?} is not of the form X#PATH=HOW")))
    }

    /// The flags as arguments, for a command that a person is to run.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let lists = [
            ("--include", &self.include),
            ("--leave", &self.leave),
            ("--overwrite", &self.overwrite),
            ("--combine", &self.combine),
            ("--settle", &self.settle),
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

    /// Every X with what is to be done with it. One in `--only` and in `--overwrite` or `--combine` is meant by the latter.
    fn named(&self) -> impl Iterator<Item = (MergeDecision, &str)> {
        let decided = |text: &&String| self.overwrite.contains(text) || self.combine.contains(text);
        let only = self.only.iter().filter(move |text| !decided(text));
        let take = self.include.iter().chain(only).map(|text| (MergeDecision::Take, text.as_str()));
        let leave = self.leave.iter().map(|text| (MergeDecision::Leave, text.as_str()));
        let overwrite = self.overwrite.iter().map(|text| (MergeDecision::Overwrite, text.as_str()));
        let combine = self.combine.iter().map(|text| (MergeDecision::Combine, text.as_str()));
        take.chain(leave).chain(overwrite).chain(combine)
    }
}

/// Adds a settled conflict to the choice of X.
fn settle(
    Settled { x, path, how }: Settled<'_>,
    choices: &mut [MergeChoice],
    listing: &[PlanResource],
) -> Result<(), Failure> {
    let resource = find(select(x), listing)?;
    let combined = |choice: &&mut MergeChoice| {
        choice.resource.as_ref() == Some(&resource) && choice.decision() == MergeDecision::Combine
    };
    let Some(choice) = choices.iter_mut().find(combined) else {
        return Err(Failure::Usage(format!("{x:?} is not combined; add --combine {x:?}")));
    };
    let how =
        match how {
            "source" => How::Side(MergeSide::Source.into()),
            "target" => How::Side(MergeSide::Target.into()),
            _ => How::Value(match how.strip_prefix('@') {
                None => how.to_owned(),
                Some(file) => std::fs::read_to_string(file)
                    .map(|text| {
                        if is_config(&resource) { text } else { serde_json::Value::String(text).to_string() }
                    })
                    .map_err(|problem| Failure::Usage(format!("{file} can't be read: {problem}")))?,
            }),
        };
    choice.resolutions.push(MergeResolution { path: path.to_owned(), how: Some(how) });
    Ok(())
}

/// Whether what is settled is JSON: else a file holds a body.
fn is_config(resource: &Resource) -> bool {
    matches!(resource, Resource::Key(key) if key.kind() == ResourceKind::Config)
}

/// The word for a kind, as it is written in a flag.
pub(crate) fn kind_word(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::Workflow => "workflow",
        ResourceKind::Collection => "collection",
        ResourceKind::CredentialLink => "credential_link",
        ResourceKind::Config => "config",
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
    let kinds = [
        ResourceKind::Workflow,
        ResourceKind::Collection,
        ResourceKind::CredentialLink,
        ResourceKind::Config,
    ];
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
        MergeChoice { resource, decision: decision.into(), resolutions: Vec::new() }
    }

    #[test]
    fn conflicts_are_settled_in_what_is_combined() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "a\n\"b\"").unwrap();
        let body = format!("A#1#jobs/1/body=@{}", file.path().display());
        let settle = ["A#1#name=target", "A#1#jobs/1/adaptor=\"a=b\"", &body];
        let flags = ChoiceFlags { combine: list(&["A#1"]), settle: list(&settle), ..Default::default() };
        let choices = flags.choices(&[]).unwrap().choices;
        let resolution = |path: &str, how| MergeResolution { path: path.into(), how: Some(how) };
        let expected = MergeChoice {
            resolutions: vec![
                resolution("name", How::Side(MergeSide::Target.into())),
                resolution("jobs/1/adaptor", How::Value("\"a=b\"".into())),
                resolution("jobs/1/body", How::Value("\"a\\n\\\"b\\\"\"".into())),
            ],
            ..by_name("A#1", MergeDecision::Combine)
        };
        assert_eq!(choices, [expected]);
        for (wrong, problem) in [
            ("A#1#name", "is not of the form X#PATH=HOW"),
            ("B#name=source", "is not combined; add --combine"),
            ("A#1#jobs/1/body=@/nowhere", "can't be read"),
        ] {
            let flags = ChoiceFlags { settle: list(&[wrong]), ..flags.clone() };
            let refusal = flags.choices(&[]).unwrap_err().to_string();
            assert!(refusal.contains(problem), "{refusal}");
        }
    }

    #[test]
    fn a_value_and_a_path_of_a_config_settle_as_they_are() {
        let x = format!("config:{ID}");
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "{\"a\": 1}").unwrap();
        let settle = [
            format!("{x}#value/theme/color=\"#fff=\""),
            format!("{x}#value/steps/id:a/t=source"),
            format!("{x}#value=@{}", file.path().display()),
        ];
        let flags = ChoiceFlags { combine: vec![x], settle: settle.to_vec(), ..Default::default() };
        let choices = flags.choices(&[]).unwrap().choices;
        let settled: Vec<_> = choices[0].resolutions.iter().map(|one| one.path.as_str()).collect();
        assert_eq!(settled, ["value/theme/color", "value/steps/id:a/t", "value"]);
        assert_eq!(choices[0].resolutions[2].how, Some(How::Value("{\"a\": 1}".into())));
        assert_eq!(choices[0].resolutions[0].how, Some(How::Value("\"#fff=\"".into())));
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
        assert_eq!(select(&format!("config:{ID}")), key(ResourceKind::Config));
        assert_eq!(
            select("config:journey/Solar"),
            Selector::Named(ResourceKind::Config, "journey/Solar".to_owned())
        );
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
