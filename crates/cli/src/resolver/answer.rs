//! Answers, and the choices that they come to.

use sandbar_client::v1::merge_choice::Resource;
use sandbar_client::v1::{
    ClashResolution, ClashResolutions, MergeChoice, MergeChoices, MergeClash, MergeDecision, MergeResolution,
    MergeSide, PlanResource, ResourceKey, clash_resolution, merge_resolution::How,
};
use serde::{Deserialize, Serialize};

use super::question::{Ask, Question};

/// How a question was answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    /// As the source has it.
    Source,
    /// As the target has it.
    Target,
    /// The source's lines, then the target's.
    Both,
    /// The target's lines, then the source's.
    BothTurned,
    /// One's own: of a field its value as JSON text, of a place in a text its lines.
    Own(String),
}

/// The choices with these answers added. A text of which a place is open stays open.
pub(crate) fn choices(
    base: &MergeChoices,
    questions: &[Question],
    answer: impl Fn(usize) -> Option<Answer>,
) -> MergeChoices {
    let mut choices = base.clone();
    let mut at = 0;
    while let Some(question) = questions.get(at) {
        // The places of one text stand together.
        let places = match &question.ask {
            Ask::Clash { conflict, .. } => conflict.clashes.len(),
            _ => 1,
        };
        let answers: Option<Vec<Answer>> = (at..at + places).map(&answer).collect();
        if let Some(answers) = answers {
            settle(&mut choices, question, &answers);
        }
        at += places.max(1);
    }
    choices
}

fn settle(choices: &mut MergeChoices, question: &Question, answers: &[Answer]) {
    let Some(conflict) = question.ask.conflict() else {
        let decision = match answers.first() {
            Some(Answer::Source) => MergeDecision::Overwrite,
            _ => MergeDecision::Leave,
        };
        let resource = Some(Resource::Key(question.key.clone()));
        choices.choices.push(MergeChoice { resource, decision: decision.into(), resolutions: Vec::new() });
        return;
    };
    // Never a side for all of a text: what only the other side changed in it would be lost.
    let how = match (&question.ask, answers) {
        (Ask::Field(_), [one]) => of_field(one),
        (Ask::Text(_), [one]) => {
            let one = of_clash(one, &MergeClash::default());
            let count = usize::try_from(conflict.clash_count).unwrap_or_default();
            How::Clashes(ClashResolutions { clashes: vec![one; count] })
        }
        (_, all) => {
            let clashes = all.iter().zip(&conflict.clashes).map(|(one, clash)| of_clash(one, clash));
            How::Clashes(ClashResolutions { clashes: clashes.collect() })
        }
    };
    let is_it = |choice: &&mut MergeChoice| {
        choice.decision() == MergeDecision::Combine && names(choice, &question.key, &question.name)
    };
    if let Some(choice) = choices.choices.iter_mut().find(is_it) {
        choice.resolutions.push(MergeResolution { path: conflict.path.clone(), how: Some(how) });
    }
}

fn of_field(answer: &Answer) -> How {
    match answer {
        Answer::Own(value) => How::Value(value.clone()),
        Answer::Source | Answer::Both => How::Side(MergeSide::Source.into()),
        Answer::Target | Answer::BothTurned => How::Side(MergeSide::Target.into()),
    }
}

fn of_clash(answer: &Answer, clash: &MergeClash) -> ClashResolution {
    use clash_resolution::How;
    let how = match answer {
        Answer::Source => How::Side(MergeSide::Source.into()),
        Answer::Target => How::Side(MergeSide::Target.into()),
        Answer::Both => How::Side(MergeSide::Both.into()),
        Answer::BothTurned => How::Text(joined(&clash.target, &clash.source)),
        Answer::Own(text) => How::Text(text.clone()),
    };
    ClashResolution { how: Some(how) }
}

/// One after the other. The last line of a text may lack its end, and must not run into the next.
pub(super) fn joined(first: &str, second: &str) -> String {
    let runs_on = !first.is_empty() && !first.ends_with('\n') && !second.is_empty();
    format!("{first}{}{second}", if runs_on { "\n" } else { "" })
}

/// Whether a choice is about this resource.
pub(crate) fn names(choice: &MergeChoice, key: &ResourceKey, name: &str) -> bool {
    match &choice.resource {
        Some(Resource::Key(chosen)) => chosen == key,
        Some(Resource::WorkflowName(chosen)) => {
            chosen == name && key.kind() == sandbar_client::v1::ResourceKind::Workflow
        }
        None => false,
    }
}

/// Whether a resource is named by any of the choices, by either of the keys that it may have.
pub(crate) fn chosen<'c>(choices: &'c MergeChoices, resource: &PlanResource) -> Option<&'c MergeChoice> {
    let key = resource.key.clone().unwrap_or_default();
    let other = ResourceKey { id: resource.target_id.clone(), ..key.clone() };
    choices.choices.iter().find(|choice| {
        names(choice, &key, &resource.name) || (!other.id.is_empty() && names(choice, &other, ""))
    })
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
