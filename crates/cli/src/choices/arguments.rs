//! Choices back to flags.

use sandbar_client::v1::{
    MergeChoice, MergeChoices, MergeDecision, MergeResolution, MergeSide, clash_resolution,
    merge_choice::Resource, merge_resolution::How,
};

use super::{kind_word, select, workflow_name};

/// The longest value of one's own that is put into a command for a person to copy.
const LONGEST: usize = 1000;

/// The flags that say the same. None: flags can't say it, or not in a command that a person would want to read.
pub(crate) fn arguments_of(choices: &MergeChoices) -> Option<Vec<String>> {
    let mut arguments = Vec::new();
    // Without --only the flags start from the defaults.
    if !choices.defaults && choices.choices.is_empty() {
        return None;
    }
    for choice in &choices.choices {
        let handle = handle(choice)?;
        if !choices.defaults {
            arguments.extend(["--only".to_owned(), handle.clone()]);
        }
        let flag = match choice.decision() {
            MergeDecision::Take if choices.defaults => Some("--include"),
            MergeDecision::Take => None,
            // Beside --only it would be chosen in two ways.
            MergeDecision::Leave if !choices.defaults => return None,
            MergeDecision::Leave => Some("--leave"),
            MergeDecision::Overwrite => Some("--overwrite"),
            MergeDecision::Combine => Some("--combine"),
            MergeDecision::Unspecified => return None,
        };
        arguments.extend(flag.into_iter().flat_map(|flag| [flag.to_owned(), handle.clone()]));
        for resolution in &choice.resolutions {
            arguments.extend(["--settle".to_owned(), settle(&handle, resolution)?]);
        }
    }
    match choices.retire_source {
        Some(true) => arguments.push("--retire-source".to_owned()),
        Some(false) => arguments.push("--keep-source".to_owned()),
        None => {}
    }
    Some(arguments)
}

fn handle(choice: &MergeChoice) -> Option<String> {
    Some(match choice.resource.as_ref()? {
        Resource::Key(key) => format!("{}:{}", kind_word(key.kind()), key.id),
        Resource::WorkflowName(name) if select(name) == workflow_name(name) => name.clone(),
        Resource::WorkflowName(name) => format!("workflow:{name}"),
    })
}

fn settle(handle: &str, resolution: &MergeResolution) -> Option<String> {
    let how = match resolution.how.as_ref()? {
        How::Side(side) => side_word(*side)?.to_owned(),
        // JSON begins with none of the words that are taken for something else.
        How::Value(value) if value.len() <= LONGEST => value.clone(),
        How::Value(_) => return None,
        How::Clashes(clashes) => {
            let sides = clashes.clashes.iter().map(|clash| match clash.how.as_ref()? {
                clash_resolution::How::Side(side) => side_word(*side),
                clash_resolution::How::Text(_) => None,
            });
            format!("clashes:{}", sides.collect::<Option<Vec<_>>>()?.join(","))
        }
    };
    Some(format!("{handle}#{}={how}", resolution.path))
}

fn side_word(side: i32) -> Option<&'static str> {
    match MergeSide::try_from(side).ok()? {
        MergeSide::Source => Some("source"),
        MergeSide::Target => Some("target"),
        MergeSide::Both => Some("both"),
        MergeSide::Unspecified => None,
    }
}
