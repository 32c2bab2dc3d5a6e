//! What answers come to.

use sandbar_client::v1::ResourceKind;

use super::*;
use crate::resolver::walk::tests::{asked, key, plan};

fn base() -> MergeChoices {
    let resource = Some(Resource::Key(key("w")));
    let combine = MergeChoice { resource, decision: MergeDecision::Combine.into(), resolutions: Vec::new() };
    MergeChoices { defaults: true, choices: vec![combine], ..Default::default() }
}

fn with(answers: &[Option<Answer>]) -> MergeChoices {
    choices(&base(), &asked(&plan()), |at| answers.get(at).cloned().flatten())
}

fn resolutions(choices: &MergeChoices) -> Vec<(&str, &How)> {
    let all = choices.choices[0].resolutions.iter();
    all.map(|one| (one.path.as_str(), one.how.as_ref().unwrap())).collect()
}

fn side(side: MergeSide) -> ClashResolution {
    ClashResolution { how: Some(clash_resolution::How::Side(side.into())) }
}

fn text(text: &str) -> ClashResolution {
    ClashResolution { how: Some(clash_resolution::How::Text(text.into())) }
}

#[test]
fn without_answers_nothing_is_added() {
    assert_eq!(with(&[]), base());
}

#[test]
fn each_answer_is_a_resolution_where_it_belongs() {
    use Answer::{Both, BothTurned, Own, Source, Target};
    let choices = with(&[
        Some(Own("3".into())),
        Some(Target),
        Some(BothTurned),
        Some(Own("x\n".into())),
        Some(Both),
        Some(Source),
    ]);
    let places = vec![text("b\na\n"), text("x\n")];
    assert_eq!(
        resolutions(&choices),
        [
            ("name", &How::Value("3".into())),
            ("jobs/1", &How::Side(MergeSide::Target.into())),
            ("jobs/2/body", &How::Clashes(ClashResolutions { clashes: places })),
            ("jobs/3/body", &How::Clashes(ClashResolutions { clashes: vec![side(MergeSide::Both); 500] })),
        ]
    );
    assert_eq!(choices.choices[1].decision(), MergeDecision::Overwrite);
    assert_eq!(choices.choices[1].resource, Some(Resource::Key(key("gone"))));
}

#[test]
fn a_text_of_which_a_place_is_open_stays_open() {
    let choices = with(&[None, None, Some(Answer::Source), None, Some(Answer::Source)]);
    let all = How::Clashes(ClashResolutions { clashes: vec![side(MergeSide::Source); 500] });
    assert_eq!(resolutions(&choices), [("jobs/3/body", &all)]);
}

#[test]
fn one_side_in_all_places_is_not_all_of_that_sides_text() {
    let choices = with(&[None, None, Some(Answer::Source), Some(Answer::Source)]);
    let places = vec![side(MergeSide::Source); 2];
    assert_eq!(resolutions(&choices), [("jobs/2/body", &How::Clashes(ClashResolutions { clashes: places }))]);
}

#[test]
fn a_last_line_without_an_end_does_not_run_into_the_next() {
    assert_eq!(joined("a", "b"), "a\nb");
    assert_eq!(joined("a\n", "b"), "a\nb");
    assert_eq!(joined("", "b"), "b");
    assert_eq!(joined("a", ""), "a");
}

#[test]
fn a_resource_is_known_by_key_name_or_its_id_in_the_target() {
    let named = MergeChoice { resource: Some(Resource::WorkflowName("W".into())), ..Default::default() };
    let resource =
        PlanResource { key: Some(key("w")), name: "W".into(), target_id: "t".into(), ..Default::default() };
    let one = |choice: MergeChoice| MergeChoices { choices: vec![choice], ..Default::default() };
    let keyed = |id| MergeChoice { resource: Some(Resource::Key(key(id))), ..Default::default() };
    assert!(chosen(&one(named.clone()), &resource).is_some());
    assert!(chosen(&one(keyed("w")), &resource).is_some());
    assert!(chosen(&one(keyed("t")), &resource).is_some());
    assert!(chosen(&one(keyed("x")), &resource).is_none());
    let kind = ResourceKind::Collection.into();
    let collection = PlanResource { key: Some(ResourceKey { kind, id: "w".into() }), ..resource };
    assert!(chosen(&one(named), &collection).is_none(), "names are of workflows");
}
