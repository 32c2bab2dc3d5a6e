//! What a person chooses of a plan: flags to choices.

mod arguments;

use std::path::PathBuf;

use clap::Args;
use sandbar_client::v1::{
    ClashResolution, ClashResolutions, MergeChoice, MergeChoices, MergeDecision, MergeResolution, MergeSide,
    PlanResource, ResourceKey, ResourceKind, clash_resolution, merge_choice::Resource, merge_resolution::How,
};

use crate::failure::Failure;
use crate::resolve::uuid;
use crate::resolver::kept::Saved;

pub(crate) use arguments::arguments_of;

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
    /// Settle a conflict in what is combined. PATH is as the preview says; HOW is `source`, `target`, a JSON value
    /// or @FILE, with all of a body or, in a config, with the JSON value; or, of a body, `clashes:` and one of `source`,
    /// `target`, `both` for each place, with commas between
    #[arg(long, value_name = "X#PATH=HOW")]
    pub(crate) settle: Vec<String>,
    /// Take X and, apart from what is named, nothing else. X is a workflow's name or id, or KIND:X with the kind
    /// `collection`, `credential_link`, `config` (named `kind/name`) or `workflow`; the same in the other four
    #[arg(long, value_name = "X")]
    pub(crate) only: Vec<String>,
    /// Keep the source afterwards
    #[arg(long, conflicts_with = "retire_source")]
    pub(crate) keep_source: bool,
    /// All that is chosen, from a file that `sandbar merge resolve` wrote; instead of the other flags
    #[arg(long, value_name = "FILE")]
    pub(crate) choices: Option<PathBuf>,
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
        if let Some(file) = &self.choices {
            self.only_file()?;
            let missing = || Failure::Usage(format!("there is no file {}", file.display()));
            return Ok(Saved::load(file)?.ok_or_else(missing)?.choices);
        }
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

    /// What is chosen is in a file, and only there.
    pub(crate) fn only_file(&self) -> Result<(), Failure> {
        if self.without_file().arguments().is_empty() {
            return Ok(());
        }
        Err(Failure::Usage(
            "--choices names a file that says all that is chosen; leave out the other flags".to_owned(),
        ))
    }

    /// The other flags.
    pub(crate) fn without_file(&self) -> Self {
        Self { choices: None, ..self.clone() }
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
        let file = self.choices.iter().map(|file| file.display().to_string());
        arguments.extend(file.flat_map(|file| ["--choices".to_owned(), file]));
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
            _ if how.starts_with("clashes:") => clashes(how)?,
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

/// `clashes:source,target,both`.
fn clashes(how: &str) -> Result<How, Failure> {
    let sides = how.strip_prefix("clashes:").unwrap_or_default().split(',').map(|side| match side {
        "source" => Ok(MergeSide::Source),
        "target" => Ok(MergeSide::Target),
        "both" => Ok(MergeSide::Both),
        _ => Err(Failure::Usage(format!("{side:?} is neither source, target nor both"))),
    });
    let clash = |side: MergeSide| ClashResolution { how: Some(clash_resolution::How::Side(side.into())) };
    let clashes = sides.map(|side| side.map(clash)).collect::<Result<_, _>>()?;
    Ok(How::Clashes(ClashResolutions { clashes }))
}

/// Whether what is settled is JSON: else a file holds a body.
fn is_config(resource: &Resource) -> bool {
    matches!(resource, Resource::Key(key) if matches!(key.kind(), ResourceKind::Config | ResourceKind::Keychain))
}

/// The word for a kind, as it is written in a flag.
pub(crate) fn kind_word(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::Workflow => "workflow",
        ResourceKind::Collection => "collection",
        ResourceKind::CredentialLink => "credential_link",
        ResourceKind::Config => "config",
        ResourceKind::Keychain => "keychain",
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
        ResourceKind::Keychain,
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

/// What an X means without a listing. None: it takes one.
pub(crate) fn selected(text: &str) -> Option<Resource> {
    match select(text) {
        Selector::Ready(resource) => Some(resource),
        Selector::Named(..) => None,
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
#[path = "choices/tests.rs"]
mod tests;
