//! Runs and dataclips go when a project's retention says so, and not before; runs without a worker are seen to.

use sandbar_app::{
    Call, Credentials,
    dataclips::{self, GetDataclip},
    projects::{self, ProfilePatch, SettingsPatch, UpdateProject},
    runs::{self, ClaimRuns, Filter, FinishRun, GetRun, Input, ListRuns, StartRun},
};
use sandbar_model::{
    Error, ProjectId, ResourceId, Role, Run,
    access::PrincipalKind,
    project::RetentionPolicy,
    run::{Ending, RunState},
    time::{DAY, HOUR, MINUTE, SECOND},
};

use super::{work, worker};
use crate::harness::{Bench, Person, cases, refused};

cases! {
    history_goes_when_it_is_old_enough
    what_is_not_to_be_kept_goes_at_once
    what_a_run_pinned_stays_until_the_run_goes
    a_run_whose_worker_went_away_is_seen_to
}

/// A project with a workflow, its owner, and somebody who works for it.
struct Shop {
    owner: Person,
    bot: Person,
    root: ProjectId,
    workflow: ResourceId,
}

impl Bench {
    async fn shop(&self) -> Shop {
        let owner = self.user("owner").await;
        let bot = self.person("bot", PrincipalKind::ServiceAccount, false).await;
        let root = self.root(&owner, "root").await;
        self.join(root, &bot, Role::Editor).await;
        let workflow = self.app.new_id().into();
        self.write(&owner, root, workflow, "w", "one").await;
        Shop { owner, bot, root, workflow }
    }

    async fn keep(&self, shop: &Shop, settings: SettingsPatch) {
        let request = UpdateProject {
            project: shop.root,
            patch: ProfilePatch { settings, ..ProfilePatch::default() },
            etag: String::new(),
            request_id: String::new(),
        };
        projects::update(&self.app, &shop.owner.call, &request).await.unwrap();
    }

    async fn starts(&self, shop: &Shop) -> Run {
        // Runs of one millisecond have no order.
        self.world.pass(SECOND);
        let request = StartRun {
            project: shop.root,
            workflow: shop.workflow,
            trigger: None,
            job: None,
            input: Input::Body("{\"a\": 1}".into()),
            claim: false,
            request_id: String::new(),
        };
        runs::start(&self.app, &shop.owner.call, &request).await.unwrap().run
    }

    /// The call of a worker that has claimed a run.
    async fn claims(&self, shop: &Shop) -> Option<Call> {
        let request = ClaimRuns { project: None, limit: 1, request_id: String::new() };
        let work = runs::claim(&self.app, &shop.bot.call, &request).await.unwrap();
        let secret = &work.first()?.secret;
        Some(Call { credentials: Credentials::bearer(secret.expose()), ..shop.bot.call.clone() })
    }

    /// Starts a run that ends so, and answers it.
    async fn runs(&self, shop: &Shop, outcome: RunState) -> Run {
        self.starts(shop).await;
        let call = self.claims(shop).await.unwrap();
        let request = FinishRun {
            outcome,
            ending: Ending::default(),
            output: Some("{\"b\": 2}".into()),
            steps: Vec::new(),
        };
        runs::finish(&self.app, &call, &request).await.unwrap()
    }

    async fn history(&self, shop: &Shop) -> Vec<RunState> {
        let (project, filter) = (shop.root, Filter::default());
        let request = ListRuns { project, filter, page_size: 0, page_token: String::new() };
        let page = runs::list(&self.app, &shop.owner.call, &request).await.unwrap();
        page.rows.iter().map(|run| run.state).collect()
    }

    /// Lets time pass, and the worker do what is due after it.
    async fn after(&self, micros: i64) {
        self.world.pass(micros);
        work(self, &worker("w")).await;
    }
}

async fn history_goes_when_it_is_old_enough(bench: Bench) {
    let shop = bench.shop().await;
    let days = SettingsPatch {
        history_retention_days: Some(Some(14)),
        dataclip_retention_days: Some(Some(7)),
        ..SettingsPatch::default()
    };
    bench.keep(&shop, days).await;
    let run = bench.runs(&shop, RunState::Failed).await;
    bench.after(6 * DAY).await;
    let clip = GetDataclip { project: shop.root, id: run.dataclip };
    let size = async || {
        let view = dataclips::get(&bench.app, &shop.owner.call, &clip).await?;
        Ok((secrecy_len(&view), view.clip.erase_time.is_some()))
    };
    assert_eq!(size().await.unwrap(), (8, false));
    bench.after(2 * DAY).await;
    assert_eq!(size().await.unwrap(), (0, true));
    assert_eq!(bench.history(&shop).await, [RunState::Failed]);
    bench.after(7 * DAY).await;
    assert!(bench.history(&shop).await.is_empty());
    refused!(size().await, Error::DataclipNotFound { .. });
    for table in ["runs", "dataclips", "run_tokens"] {
        assert_eq!(bench.count(table).await, 0, "{table}");
    }
}

fn secrecy_len(view: &dataclips::DataclipView) -> usize {
    use secrecy::ExposeSecret;
    view.body.expose_secret().len()
}

async fn what_is_not_to_be_kept_goes_at_once(bench: Bench) {
    let shop = bench.shop().await;
    let policy = |policy| SettingsPatch { retention_policy: Some(policy), ..SettingsPatch::default() };
    bench.keep(&shop, policy(RetentionPolicy::RetainWithErrors)).await;
    let good = bench.runs(&shop, RunState::Success).await;
    assert_eq!(good.output, None);
    let request = GetDataclip { project: shop.root, id: good.dataclip };
    let erased = dataclips::get(&bench.app, &shop.owner.call, &request).await.unwrap();
    assert!(erased.clip.erase_time.is_some() && secrecy_len(&erased) == 0);
    let bad = bench.runs(&shop, RunState::Crashed).await;
    assert!(bad.output.is_some());
    bench.starts(&shop).await;
    bench.after(7 * HOUR).await;
    assert_eq!(bench.history(&shop).await, [RunState::Queued, RunState::Crashed]);
    bench.keep(&shop, policy(RetentionPolicy::EraseAll)).await;
    bench.after(7 * HOUR).await;
    assert_eq!(bench.history(&shop).await, [RunState::Queued], "what has not run yet is no history");
    assert_eq!(bench.count("dataclips").await, 1);
}

async fn what_a_run_pinned_stays_until_the_run_goes(bench: Bench) {
    let shop = bench.shop().await;
    bench.starts(&shop).await;
    bench.write(&shop.owner, shop.root, shop.workflow, "w", "two").await;
    bench.after(200 * DAY).await;
    bench.app.forget();
    let request = ClaimRuns { project: None, limit: 1, request_id: String::new() };
    let work = runs::claim(&bench.app, &shop.bot.call, &request).await.unwrap();
    assert_eq!(
        &*work[0].workflow.jobs[0].body, "one",
        "versions of before were pruned, and this was not swept"
    );
    let before = bench.count("contents").await;
    let call = Call { credentials: Credentials::bearer(work[0].secret.expose()), ..shop.bot.call.clone() };
    let outcome = RunState::Success;
    let request = FinishRun { outcome, ending: Ending::default(), output: None, steps: Vec::new() };
    runs::finish(&bench.app, &call, &request).await.unwrap();
    let settings = SettingsPatch { history_retention_days: Some(Some(7)), ..SettingsPatch::default() };
    bench.keep(&shop, settings).await;
    for _ in 0..4 {
        bench.after(8 * DAY).await;
    }
    assert!(bench.history(&shop).await.is_empty());
    assert!(bench.count("contents").await < before, "what only the run needed is garbage");
}

async fn a_run_whose_worker_went_away_is_seen_to(bench: Bench) {
    let shop = bench.shop().await;
    let run = bench.starts(&shop).await;
    let get = GetRun { project: shop.root, id: run.id };
    for attempt in 1..=3 {
        bench.claims(&shop).await.unwrap();
        bench.after(MINUTE).await;
        let found = runs::get(&bench.app, &shop.owner.call, &get).await.unwrap();
        let state = if attempt < 3 { RunState::Queued } else { RunState::Lost };
        assert_eq!((found.attempt, found.state), (attempt, state));
    }
    assert!(bench.claims(&shop).await.is_none());
    assert_eq!(bench.told("run.lose", Some(shop.root)).await, 3);
    assert_eq!(bench.told("run.claim", Some(shop.root)).await, 3);
}
