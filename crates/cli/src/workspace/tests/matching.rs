//! Which step is which, as `@openfn/project` has it: the cases of its own tests, by their titles.

use std::collections::BTreeMap;

use crate::workspace::edge::Edge;
use crate::workspace::matching;
use crate::workspace::spec::Step;

/// Steps of a graph such as `a-b b-c`; `x=body` gives a body.
fn graph(text: &str, prefix: &str) -> Vec<Step> {
    let mut steps: BTreeMap<String, Step> = BTreeMap::new();
    for pair in text.split(' ') {
        if let Some((id, body)) = pair.split_once('=') {
            steps.entry(id.to_owned()).or_default().expression = Some(body.to_owned());
            continue;
        }
        for id in pair.split('-') {
            steps.entry(id.to_owned()).or_default();
        }
        if let Some((from, to)) = pair.split_once('-') {
            steps.get_mut(from).unwrap().next.insert(to.to_owned(), Edge::default());
        }
    }
    for (id, step) in &mut steps {
        step.id.clone_from(id);
        step.openfn.insert("uuid".to_owned(), format!("{prefix}{id}").into());
    }
    steps.into_values().collect()
}

/// Matches files' steps with the project's: `file:project`, sorted.
fn matched(files: &str, project: &str) -> String {
    let (files, project) = (graph(files, "f-"), graph(project, "p-"));
    let found = matching::steps(&files, &[], &project);
    let pairs: BTreeMap<&str, &str> = found.into_iter().collect();
    pairs.into_iter().map(|(file, project)| format!("{file}:{project}")).collect::<Vec<_>>().join(" ")
}

#[test]
fn steps_are_found_again() {
    for (title, files, project, expected) in [
        ("identical single step", "a", "a", "a:a"),
        ("identical graph", "a-b b-c a-d", "a-b b-c a-d", "a:a b:b c:c d:d"),
        ("lone step renamed", "x", "a", "x:a"),
        ("two renamed leaves map in order", "a-x a-y", "a-b a-c", "a:a x:b y:c"),
        ("renamed inner step", "a-x x-c", "a-b b-c", "a:a c:c x:b"),
        (
            "two renamed siblings with same parent and child",
            "a-x a-y x-d y-d",
            "a-b a-c b-d c-d",
            "a:a d:d x:b y:c",
        ),
        (
            "inner renames across two branches",
            "a-b a-c b-x c-y x-f y-g",
            "a-b a-c b-d c-e d-f e-g",
            "a:a b:b c:c f:f g:g x:d y:e",
        ),
        ("chain with every step renamed", "r-s s-t", "a-b b-c", "r:a s:b t:c"),
        ("files lack a leaf", "a-b", "a-b a-c", "a:a b:b"),
        ("files lack an inner step", "a-c", "a-b b-c", "a:a c:c"),
        ("project has an extra branch", "a-b", "a-b a-c c-d", "a:a b:b"),
        ("step moved to another parent", "a-b a-c c-d", "a-b a-c b-d", "a:a b:b c:c d:d"),
        ("rename plus removed leaf", "a-x x-d", "a-b a-c b-d", "a:a d:d x:b"),
        ("siblings told apart by body", "a-x a-y x=1 y=2", "a-b a-c b=2 c=1", "a:a x:c y:b"),
        ("children moved to a sibling", "a-b a-c c-d c-e", "a-b a-c b-d b-e", "a:a b:b c:c d:d e:e"),
        ("a new step is none of the project's", "a-b b-c", "a-b", "a:a b:b"),
    ] {
        assert_eq!(matched(files, project), expected, "{title}");
    }
}

#[test]
fn a_trigger_is_never_a_step_nor_one_of_another_type() {
    let trigger = |id: &str, kind: &str| Step { id: id.into(), kind: Some(kind.into()), ..Step::default() };
    let job = Step { id: "a".into(), ..Step::default() };
    assert!(matching::steps(&[trigger("cron", "cron")], &[], &[trigger("webhook", "webhook")]).is_empty());
    assert!(matching::steps(&[trigger("webhook", "webhook")], &[], std::slice::from_ref(&job)).is_empty());
    let (old, new) = ([trigger("webhook", "webhook")], [trigger("hook", "webhook")]);
    assert_eq!(matching::steps(&new, &[], &old)["hook"], "webhook");
}

#[test]
fn the_ids_of_the_files_are_those_of_their_base() {
    let base = graph("a-b a-c", "p-");
    // Another step has come, and the numbers behind equal names have moved.
    let mut now = base.clone();
    for (step, id) in now.iter_mut().zip(["a", "c", "b"]) {
        step.id = id.to_owned();
    }
    let files = graph("a-b a-c", "f-");
    let found = matching::steps(&files, &base, &now);
    assert_eq!((found["b"], found["c"]), ("c", "b"));
}
