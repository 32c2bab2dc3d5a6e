//! Reading one workflow, which many do at once: they share statements, and nothing else.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use sandbar_app::{
    Limits,
    access::{self, RevokeToken},
    projects::{self, ProfilePatch, SettingsPatch, UpdateProject},
    workflows::{GetWorkflow, Which},
};
use sandbar_model::{Error, ResourceId, access::PrincipalKind};

use super::{scope, *};
use crate::harness::{cases, refused};

cases! {
    readers_at_once_each_get_their_own_answer
    what_is_read_is_never_older_than_the_call
    what_another_server_does_is_read_at_once
    support_users_read_only_where_it_is_allowed
    a_role_in_the_root_reads_no_sandbox
}

fn get(project: ProjectId, id: ResourceId) -> GetWorkflow {
    GetWorkflow { project, which: Which::Id(id), revision: None }
}

impl Bench {
    /// The name of a workflow as somebody reads it.
    async fn read(&self, by: &Person, project: ProjectId, id: ResourceId) -> Result<String> {
        Ok(self.see(by, &get(project, id)).await?.workflow.name.clone())
    }
}

async fn readers_at_once_each_get_their_own_answer(bench: Bench) {
    let mut wanted = Vec::new();
    for number in 0..4 {
        let owner = bench.user(&format!("owner-{number}")).await;
        let stranger = bench.user(&format!("stranger-{number}")).await;
        let root = bench.root(&owner, &format!("root-{number}")).await;
        let (own, _) = bench.workflow(&owner, root, &format!("own {number}")).await;
        let sandbox = bench.sandbox(&owner, root, "sandbox").await;
        let inside = bench.token(owner.id, scope(sandbox, Role::Viewer), None).await;
        let expired = bench.token(owner.id, scope(None, None), Some(bench.app.now())).await;
        let nowhere: ResourceId = bench.app.new_id().into();
        let name = format!("own {number}");
        wanted.push((owner.clone(), root, own, Ok(name.clone())));
        wanted.push((owner.clone(), sandbox, own, Ok(name.clone())));
        wanted.push((inside.clone(), sandbox, own, Ok(name)));
        wanted.push((inside, root, own, Err(format!("there is no project {root}"))));
        wanted.push((stranger, root, own, Err(format!("there is no project {root}"))));
        wanted.push((expired, root, own, Err("token".to_owned())));
        wanted.push((owner, root, nowhere, Err(nowhere.to_string())));
    }
    let mut reading = Vec::new();
    for turn in 0..400 {
        let (by, project, id, expected) = wanted[turn * 11 % wanted.len()].clone();
        let bench = bench.clone();
        reading.push(tokio::spawn(async move { (bench.read(&by, project, id).await, expected) }));
    }
    for read in reading {
        match read.await.unwrap() {
            (Ok(name), wanted) => assert_eq!(wanted, Ok(name)),
            (Err(error), wanted) => {
                let (error, wanted) = (error.to_string(), wanted.unwrap_err());
                assert!(error.contains(&wanted), "{error}: {wanted}");
            }
        }
    }
}

async fn what_is_read_is_never_older_than_the_call(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    let (id, trigger) = bench.workflow(&owner, root, "w").await;
    let stop = Arc::new(AtomicBool::new(false));
    let noise: Vec<_> = (0..8)
        .map(|_| {
            let (bench, owner, stop) = (bench.clone(), owner.clone(), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut reads = 0;
                while !stop.load(Ordering::SeqCst) {
                    bench.read(&owner, root, id).await.unwrap();
                    reads += 1;
                }
                reads
            })
        })
        .collect();
    for turn in 0..50 {
        let name = format!("w {turn}");
        bench.put(&owner, root, id, trigger, &name).await;
        assert_eq!(bench.read(&owner, root, id).await.unwrap(), name);
        let other = bench.token(owner.id, scope(None, None), None).await;
        assert_eq!(bench.read(&other, root, id).await.unwrap(), name);
        let token = access::who_am_i(&bench.app, &other.call).await.unwrap().token.id;
        let revoke = RevokeToken { token, etag: String::new(), request_id: String::new() };
        access::revoke_token(&bench.app, &owner.call, &revoke).await.unwrap();
        refused!(bench.read(&other, root, id).await, Error::TokenInvalid);
    }
    stop.store(true, Ordering::SeqCst);
    for reader in noise {
        assert!(reader.await.unwrap() > 0, "nobody read meanwhile");
    }
}

async fn what_another_server_does_is_read_at_once(bench: Bench) {
    let other = bench.limited(Limits::default());
    let (owner, guest) = (bench.user("owner").await, bench.user("guest").await);
    let root = bench.root(&owner, "root").await;
    let (id, trigger) = bench.workflow(&owner, root, "w").await;
    for turn in 0..20 {
        refused!(bench.read(&guest, root, id).await, Error::ProjectNotFound { .. });
        other.join(root, &guest, Role::Viewer).await;
        let name = format!("w {turn}");
        other.put(&owner, root, id, trigger, &name).await;
        for _ in 0..2 {
            assert_eq!(bench.read(&guest, root, id).await.unwrap(), name);
        }
        other.leave(root, &guest).await;
    }
}

async fn support_users_read_only_where_it_is_allowed(bench: Bench) {
    let owner = bench.user("owner").await;
    let support = bench.person("support", PrincipalKind::Support, false).await;
    let stranger = bench.user("stranger").await;
    let root = bench.root(&owner, "root").await;
    let (id, _) = bench.workflow(&owner, root, "w").await;
    refused!(bench.read(&support, root, id).await, Error::ProjectNotFound { .. });
    let settings = SettingsPatch { allow_support_access: Some(true), ..SettingsPatch::default() };
    let patch = ProfilePatch { settings, ..ProfilePatch::default() };
    let update = UpdateProject { project: root, patch, etag: String::new(), request_id: String::new() };
    projects::update(&bench.app, &owner.call, &update).await.unwrap();
    assert_eq!(bench.read(&support, root, id).await.unwrap(), "w");
    refused!(bench.read(&stranger, root, id).await, Error::ProjectNotFound { .. });
}

async fn a_role_in_the_root_reads_no_sandbox(bench: Bench) {
    let (owner, admin) = (bench.user("owner").await, bench.user("admin").await);
    let root = bench.root(&owner, "root").await;
    let (id, _) = bench.workflow(&owner, root, "w").await;
    let sandbox = bench.sandbox(&owner, root, "sandbox").await;
    bench.join(root, &admin, Role::Admin).await;
    assert_eq!(bench.read(&admin, root, id).await.unwrap(), "w");
    refused!(bench.read(&admin, sandbox, id).await, Error::ProjectNotFound { .. });
}
