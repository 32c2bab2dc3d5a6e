//! Master keys are rotated under load, and the rotation is killed again and again: whoever reads values notices nothing.
//! Of 2,000 sets of values; `SANDBAR_TEST_CREDENTIALS=1000` makes it 10,000, which takes some minutes.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use futures::{StreamExt, stream};
use rand::{RngExt, rngs::StdRng};
use sandbar_client::{
    Client,
    v1::{
        ClaimRunsRequest, Job, LinkCredentialRequest, PutWorkflowRequest, ResolveCredentialRequest,
        SetCredentialValuesRequest, StartRunRequest, Workflow, job::Uses,
    },
};
use sandbar_tests::{Options, Server, canary, on_both_engines};
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::Instant};

use crate::{
    flow::{new_id, random},
    runs::Runs,
    secrets::create,
};

/// Of each credential.
const ENVIRONMENTS: usize = 10;
/// How many of the credentials a run reads all the time, and somebody changes all the time.
const READ: usize = 20;
const ROTATIONS: usize = 3;

on_both_engines! {
    async fn values_are_read_while_keys_are_rotated_and_that_is_killed(
        mut server: Server = Options::default().arg("--run-lease=1h")
    ) {
        let stage = Runs::build(&server).await;
        let client = server.client(&stage.owner.token);
        let count = std::env::var("SANDBAR_TEST_CREDENTIALS").map_or(200, |count| count.parse().unwrap());
        let ids = many_values(&client, count).await;
        let read = Arc::new(Read::begin(&server, &stage, &ids[..READ]).await);
        let going = Arc::new(AtomicBool::new(true));
        let mut load = JoinSet::new();
        load.spawn(read.clone().forever(going.clone()));
        load.spawn(change_forever(client.clone(), ids[..READ].to_vec(), going.clone()));
        let (mut random, mut interrupted) = (random("rotation"), 0);
        for _ in 0..ROTATIONS {
            interrupted += rotate(&server, count, &mut random).await;
        }
        going.store(false, Ordering::Relaxed);
        let counts: Vec<_> = load.join_all().await;
        assert!(interrupted >= ROTATIONS, "too few were interrupted for this to say anything: {interrupted}");
        assert!(counts.iter().all(|count| *count >= 100), "reads and changes went on beside it: {counts:?}");
        let all = format!("{} credentials opened, 0 damaged\n0 webhook auth methods opened, 0 damaged\n", count + 1);
        assert_eq!(server.keys("verify").await, all);
        server.restart().await;
        read.once(&mut BTreeMap::new()).await;
    }
}

/// The credentials, each with values for each environment. Gives their ids.
async fn many_values(client: &Client, count: usize) -> Vec<String> {
    let make = |number: usize| async move {
        let id = create(client, &format!("c{number}")).await;
        for environment in 0..ENVIRONMENTS {
            let environment = if environment == 0 { "main".to_owned() } else { format!("e{environment}") };
            set(client, &id, &environment, 0).await;
        }
        id
    };
    stream::iter(0..count).map(make).buffer_unordered(16).collect().await
}

async fn set(client: &Client, id: &str, environment: &str, round: u64) {
    let request = SetCredentialValuesRequest {
        credential_id: id.to_owned(),
        environment: environment.to_owned(),
        values: json!({ "of": id, "round": round, "secret": canary::SECRET }).to_string(),
        ..Default::default()
    };
    client.credentials().set_credential_values(request).await.unwrap();
}

/// A new master key, and everything encrypted with it in the end, however often that is killed. Gives how often it was.
async fn rotate(server: &Server, count: usize, random: &mut StdRng) -> usize {
    assert!(server.keys("rotate").await.starts_with("added the master key k"));
    let (mut interrupted, mut longest) = (0, Duration::from_millis(100));
    while interrupted < 3 {
        let after = longest.mul_f64(random.random_range(0.1..1.0));
        if !server.interrupt_keys("rewrap", after).await {
            break;
        }
        interrupted += 1;
        longest *= 3;
    }
    // What the server wrote before it met the new key is dealt with by the second.
    for _ in 0..2 {
        assert!(server.keys("rewrap").await.ends_with(" 0 damaged\n"));
    }
    let status = server.keys("status").await;
    let (current, old): (Vec<_>, Vec<_>) = status.lines().partition(|line| line.ends_with("(current)"));
    assert!(current[0].contains(&format!(" {} credentials, ", count + 1)), "{status}");
    assert!(old.iter().all(|line| line.contains("encrypts 0 credentials, 0 ")), "{status}");
    interrupted
}

/// Sets values again and again, each time later ones. Gives how often.
async fn change_forever(client: Client, ids: Vec<String>, going: Arc<AtomicBool>) -> u64 {
    let mut count = 0;
    while going.load(Ordering::Relaxed) {
        for id in &ids {
            count += 1;
            set(&client, id, "main", count).await;
        }
    }
    count
}

/// A run whose steps use the credentials, each its own.
struct Read {
    run: Client,
    jobs: BTreeMap<String, String>,
    reads: AtomicU64,
}

impl Read {
    async fn begin(server: &Server, stage: &Runs, ids: &[String]) -> Self {
        let client = server.client(&stage.owner.token);
        let (mut jobs, mut steps) = (BTreeMap::new(), Vec::new());
        for (number, credential_id) in ids.iter().enumerate() {
            let request = LinkCredentialRequest {
                project_id: stage.project.clone(),
                credential_id: credential_id.clone(),
                ..Default::default()
            };
            let link = client.credentials().link_credential(request).await.unwrap().credential_link.unwrap();
            let id = new_id();
            jobs.insert(id.clone(), credential_id.clone());
            let (name, uses) = (format!("Step {number}"), Some(Uses::CredentialLinkId(link.id)));
            steps.push(Job { id, name, body: "fetch();".to_owned(), uses, ..Default::default() });
        }
        let workflow_id = new_id();
        let workflow =
            Workflow { id: workflow_id.clone(), name: "Reads".to_owned(), jobs: steps, ..Default::default() };
        let project_id = stage.project.clone();
        let put = PutWorkflowRequest { project_id, workflow: Some(workflow), ..Default::default() };
        client.workflows().put_workflow(put).await.unwrap();
        let project_id = stage.project.clone();
        let start = StartRunRequest { project_id, workflow_id, ..Default::default() };
        client.runs().start_run(start).await.unwrap();
        let worker = server.client(&stage.worker.token);
        let work = worker.runs().claim_runs(ClaimRunsRequest::default()).await.unwrap().work.remove(0);
        Self { run: worker.with_token(work.run_token).unwrap(), jobs, reads: AtomicU64::new(0) }
    }

    /// Reads the values of each once: the right ones, and never older ones than before.
    async fn once(&self, seen: &mut BTreeMap<String, u64>) {
        for (job_id, credential) in &self.jobs {
            let request = ResolveCredentialRequest { job_id: job_id.clone() };
            let answer = self.run.runs().resolve_credential(request).await.unwrap();
            let values: Value = serde_json::from_str(&answer.values).unwrap();
            assert_eq!(values["of"], **credential);
            let round = values["round"].as_u64().unwrap();
            let before = seen.insert(credential.clone(), round).unwrap_or_default();
            assert!(before <= round, "{credential} went back from {before} to {round}");
            self.reads.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Gives how often.
    async fn forever(self: Arc<Self>, going: Arc<AtomicBool>) -> u64 {
        let (mut seen, begun) = (BTreeMap::new(), Instant::now());
        while going.load(Ordering::Relaxed) {
            self.once(&mut seen).await;
        }
        let reads = self.reads.load(Ordering::Relaxed);
        eprintln!("{reads} reads in {:?}", begun.elapsed());
        reads
    }
}
