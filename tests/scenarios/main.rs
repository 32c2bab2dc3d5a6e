//! The scenarios of this folder, on both engines, and what they must cover. `README.md` describes them.

use std::collections::BTreeSet;

use sandbar_tests::{
    canary::SECRET,
    scenario::{self, File, Step},
};

/// A test per file and engine, and the list of the files.
macro_rules! files {
    ($($name:ident)*) => {
        $(mod $name {
            use sandbar_tests::{Engine, scenario};

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                scenario::run(stringify!($name), Engine::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                scenario::run(stringify!($name), Engine::Postgres).await;
            }
        })*

        const FILES: &[&str] = &[$(stringify!($name)),*];
    };
}

files! {
    access_hidden
    access_members
    access_mfa
    access_throttle
    access_tokens
    audit_trail
    collection_edit
    collection_items
    collection_merge
    config_edit
    config_merge
    config_rules
    credential_links
    credential_values
    etags
    keychain_edit
    keychain_merge
    merge_apply
    merge_combine
    merge_plan
    merge_report
    project_life
    project_transfer
    run_attack
    run_keychain
    run_life
    run_worker
    sandbox_create
    sandbox_end
    sandbox_forbidden
    sandbox_life
    sandbox_see
    usage
    watch
    webhook_auth
    workflow_edit
    workflow_history
    workflow_rules
}

/// What stands where secrets do, and is none: nothing, what is too long or too short, and wrong guesses.
const NO_SECRETS: [&str; 6] = ["\"{}\"", "${filler", "short", "\"wrong\"", "canary-7f3a8", "whatever"];

/// What a caller alone can't bring about, and what tests it instead.
const NOT_BY_CALLS: &[(&str, &str)] = &[
    ("OVERLOADED", "needs hundreds of calls in flight at once: crates/server/tests/server/limits.rs"),
    ("DEADLINE_EXCEEDED", "depends on the clock: crates/server/tests/server/limits.rs"),
    ("STORAGE_UNAVAILABLE", "needs a database that is gone: tests/fault"),
    ("CHANGES_PRUNED", "needs months to pass: crates/app/tests/watch"),
    ("TOO_MANY_WATCHES", "needs many watches at once: tests/fault"),
    ("SERVER_STOPPING", "needs a server that is told to end: tests/fault"),
    ("CREDENTIAL_DAMAGED", "needs a database that was changed by hand: crates/app/tests/credentials"),
    ("MASTER_KEY_MISSING", "needs an operator's mistake: crates/app/tests/credentials"),
    ("INTERNAL", "needs a broken database or a bug"),
    (
        "COLLECTION_AMBIGUOUS",
        "only the HTTP side asks for a collection without its project: tests/openfn/items.rs",
    ),
    ("CONTENTION", "needs other writers that are faster, several times in a row: tests/fault"),
];

/// The fields of requests that name a project.
const PROJECT_FIELDS: &[&str] = &[
    "project_id",
    "parent_id",
    "sandbox_id",
    "source_id",
    "target_id",
    "revision_project_id",
    "header.project_id",
    "trail.project_id",
];

#[test]
fn every_file_is_played() {
    assert_eq!(FILES, scenario::files());
}

#[test]
fn every_call_succeeds_somewhere() {
    let all = all();
    let done: BTreeSet<_> = steps(&all)
        .filter(|step| step.refuse.is_none() && step.expect.is_some())
        .map(|step| &step.call)
        .collect();
    let missing: Vec<_> = scenario::methods().into_iter().filter(|one| !done.contains(&one.name)).collect();
    assert!(missing.is_empty(), "no scenario expects an answer of {:?}", names(&missing));
}

#[test]
fn every_reason_is_given_somewhere_or_named_here_with_why_not() {
    let all = all();
    let given: BTreeSet<String> =
        steps(&all).filter_map(|step| step.refuse.as_ref()).map(|refuse| refuse.reason.clone()).collect();
    let not: BTreeSet<String> = NOT_BY_CALLS.iter().map(|(reason, _)| (*reason).to_owned()).collect();
    let both: Vec<_> = given.intersection(&not).collect();
    assert!(both.is_empty(), "scenarios do bring about {both:?}; take them off the list");
    let known: BTreeSet<String> = scenario::reasons().into_iter().collect();
    let all: BTreeSet<String> = given.union(&not).cloned().collect();
    let missing: Vec<_> = known.difference(&all).collect();
    assert!(
        missing.is_empty(),
        "no scenario is refused with {missing:?}: write one, or say in NOT_BY_CALLS why not"
    );
    let unknown: Vec<_> = all.difference(&known).collect();
    assert!(unknown.is_empty(), "the contract has no {unknown:?}");
}

#[test]
fn every_call_that_names_a_project_hides_those_of_others() {
    let all = all();
    let hidden: BTreeSet<(String, String)> =
        steps(&all).filter_map(|step| Some((step.call.clone(), step.like_missing.clone()?))).collect();
    let missing: Vec<_> = scenario::methods()
        .into_iter()
        .flat_map(|method| method.fields.into_iter().map(move |field| (method.name.clone(), field)))
        // Where an id for something new is given, there is nothing to hide.
        .filter(|pair| {
            !matches!(
                (pair.0.as_str(), pair.1.as_str()),
                ("ProjectsService/CreateProject", "project_id")
                    | ("SandboxesService/CreateSandbox", "sandbox_id")
            )
        })
        .filter(|pair| PROJECT_FIELDS.contains(&pair.1.as_str()) && !hidden.contains(pair))
        .collect();
    assert!(missing.is_empty(), "no scenario compares a foreign project with a missing one in {missing:?}");
}

#[test]
fn every_write_is_repeated_and_every_check_and_page_token_tried() {
    let all = all();
    let with = |of: &Step, path: &str| {
        let body = of.with.clone().unwrap_or_default();
        path.split('.').try_fold(&body, |value, part| value.get(part)).is_some()
    };
    // A repeat must not show the secret again, so the answers differ: access_tokens.yaml says how.
    let repeated = |step: &Step, field: &str| {
        let shows_a_secret = ["AccessService/CreateToken", "AccessService/RotateToken"];
        with(step, field) && (step.repeat || shows_a_secret.contains(&step.call.as_str()))
    };
    let tampered = |step: &Step, field: &str| {
        with(step, field) && step.refuse.as_ref().is_some_and(|refuse| refuse.reason == "INVALID_PAGE_TOKEN")
    };
    let mut missing = Vec::new();
    for method in scenario::methods() {
        for field in &method.fields {
            let tried = |fits: &dyn Fn(&Step, &str) -> bool| {
                steps(&all).any(|step| step.call == method.name && fits(step, field))
            };
            let fine = match field.rsplit('.').next().unwrap_or_default() {
                "request_id" => tried(&repeated),
                "validate_only" => tried(&with),
                "page_token" => tried(&tampered),
                _ => true,
            };
            if !fine {
                missing.push(format!("{} {field}", method.name));
            }
        }
    }
    assert!(missing.is_empty(), "no scenario tries {missing:?}");
}

/// So that what looks for secrets at the end of every server finds all of them.
#[test]
fn every_secret_has_the_mark_by_which_leaks_are_found() {
    let mut without = Vec::new();
    let mut secrets = 0;
    for file in all() {
        for step in scenario::steps(&file).filter(|step| step.with.is_some()) {
            let with = step.with.clone().unwrap_or_default();
            for path in ["values", "api_key", "basic"] {
                let Some(given) = with.get(path) else { continue };
                let named = given.as_str().and_then(|text| text.strip_prefix('$'));
                let secret = named.map_or(given, |name| &file.values[name]).to_string();
                let is_one = !NO_SECRETS.iter().any(|text| secret.contains(text));
                secrets += usize::from(is_one);
                if is_one && !secret.contains(SECRET) {
                    without.push(secret);
                }
            }
        }
    }
    assert!(without.is_empty() && secrets > 50, "{secrets} secrets; {SECRET} is not in {without:?}");
}

#[test]
fn titles_tell_scenarios_apart_and_every_stage_is_used() {
    for (name, file) in FILES.iter().zip(all()) {
        let titles: BTreeSet<_> = file.scenarios.iter().map(|scenario| &scenario.title).collect();
        assert_eq!(titles.len(), file.scenarios.len(), "two scenarios of {name} have one title");
        let used: BTreeSet<_> = file.scenarios.iter().flat_map(|scenario| &scenario.given).collect();
        for stage in file.stages.keys() {
            assert!(used.contains(stage), "{name}: nobody uses the stage {stage:?}");
        }
    }
}

fn all() -> Vec<File> {
    FILES.iter().map(|name| scenario::file(name)).collect()
}

fn steps(files: &[File]) -> impl Iterator<Item = &Step> {
    files.iter().flat_map(scenario::steps)
}

fn names(methods: &[scenario::MethodInfo]) -> Vec<&str> {
    methods.iter().map(|method| method.name.as_str()).collect()
}
