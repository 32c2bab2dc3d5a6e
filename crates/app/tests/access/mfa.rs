//! A second factor: which tokens count as made with one, and what a project that requires it refuses to the others.

use sandbar_app::{
    access::{self, CreateToken, RotateToken},
    projects::{self, GetProject, ProfilePatch, SettingsPatch, UpdateProject},
    watch::{self, From, Watch},
    workflows::{GetWorkflow, Which},
};
use sandbar_model::{Error, ProjectId, Result, Role};

use super::new_token;
use crate::harness::{Bench, Person, cases, fields, refused};

cases! {
    a_token_is_no_stronger_than_the_one_it_was_made_with
    rotating_makes_nothing_stronger
    the_fast_way_to_a_resource_asks_too
    a_watch_ends_when_the_project_begins_to_require_it
}

async fn require(bench: &Bench, by: &Person, project: ProjectId, requires: bool) -> Result<()> {
    let settings = SettingsPatch { requires_mfa: Some(requires), ..SettingsPatch::default() };
    let patch = ProfilePatch { settings, ..ProfilePatch::default() };
    let request = UpdateProject { project, patch, etag: String::new(), request_id: String::new() };
    projects::update(&bench.app, &by.says(&request), &request).await.map(drop)
}

async fn a_token_is_no_stronger_than_the_one_it_was_made_with(bench: Bench) {
    let weak = bench.user("user").await;
    let strong = bench.strong(&weak).await;
    let operator = bench.operator().await;
    for (by, wanted, given) in [
        (&weak, None, Some(false)),
        (&weak, Some(false), Some(false)),
        (&weak, Some(true), None),
        (&strong, None, Some(true)),
        (&strong, Some(false), Some(false)),
        (&strong, Some(true), Some(true)),
        (&operator, None, Some(false)),
        (&operator, Some(true), Some(true)),
    ] {
        let request = CreateToken { mfa: wanted, ..new_token("t") };
        let made = bench.make_token(by, &request).await;
        match given {
            None => assert_eq!(fields(made), ["mfa"]),
            Some(given) => assert_eq!(made.unwrap().token.mfa, given, "{wanted:?}"),
        }
    }
}

async fn rotating_makes_nothing_stronger(bench: Bench) {
    let weak = bench.user("user").await;
    let strong = bench.strong(&weak).await;
    let id = access::who_am_i(&bench.app, &strong.call).await.unwrap().token.id;
    let request =
        RotateToken { token: Some(id), overlap: None, etag: String::new(), request_id: String::new() };
    let by_weak = access::rotate_token(&bench.app, &weak.says(&request), &request).await;
    refused!(by_weak, Error::TokenNotFound { .. });
    let rotated = access::rotate_token(&bench.app, &strong.says(&request), &request).await.unwrap();
    assert!(rotated.token.mfa && rotated.previous.mfa);
}

async fn the_fast_way_to_a_resource_asks_too(bench: Bench) {
    let weak = bench.user("owner").await;
    let strong = bench.strong(&weak).await;
    let stranger = bench.user("stranger").await;
    let root = bench.root(&weak, "root").await;
    let (id, _) = bench.workflow(&weak, root, "w").await;
    let get = GetWorkflow { project: root, which: Which::Id(id), revision: None };
    bench.see(&weak, &get).await.unwrap();
    require(&bench, &strong, root, true).await.unwrap();
    refused!(bench.see(&weak, &get).await, Error::MfaRequired { project } if project == root);
    refused!(bench.see(&stranger, &get).await, Error::ProjectNotFound { .. });
    bench.see(&strong, &get).await.unwrap();
    require(&bench, &strong, root, false).await.unwrap();
    bench.see(&weak, &get).await.unwrap();
    let get = GetProject { project: root };
    projects::get(&bench.app, &weak.call, &get).await.unwrap();
}

async fn a_watch_ends_when_the_project_begins_to_require_it(bench: Bench) {
    let weak = bench.user("owner").await;
    let strong = bench.strong(&weak).await;
    let root = bench.root(&weak, "root").await;
    let viewer = bench.user("viewer").await;
    bench.join(root, &viewer, Role::Viewer).await;
    let request = Watch { project: root, tree: true, from: From::Now, until_now: false };
    let mut watching = watch::watch(&bench.app, viewer.call.clone(), &request).await.unwrap();
    watching.next().await.unwrap().unwrap();
    require(&bench, &strong, root, true).await.unwrap();
    refused!(watching.next().await, Error::MfaRequired { .. });
    refused!(watch::watch(&bench.app, viewer.call.clone(), &request).await, Error::MfaRequired { .. });
    watch::watch(&bench.app, strong.call.clone(), &request).await.unwrap();
}
