//! One server with its own data, to be called, killed and restarted.

mod launch;
mod look;
mod options;

use std::{path::PathBuf, sync::Arc, time::Duration};

use sandbar_client::{Client, v1::WhoAmIRequest};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::{
    PurgeWorker,
    collector::Collector,
    database::Database,
    process::{PATIENCE, Process, free_port, get, run},
};

use launch::{SERVER, first_token, launch, master_keys, new_folder, place, traces};
pub(crate) use look::at_metrics;
use options::GRACE;
pub use options::Options;

const PURGE: &str = "sandbar-purge";

/// The two engines that everything must work on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Embedded.
    Sqlite,
    /// A server of its own; see `SANDBAR_TEST_POSTGRES`.
    Postgres,
}

/// A running `sandbar-server`. Dropping it looks for secrets in what it wrote, kills it and removes its data.
#[derive(Debug)]
pub struct Server {
    // In the order of dropping: the process first, then what it works on.
    process: Process,
    client: Option<Client>,
    engine: Engine,
    options: Options,
    port: u16,
    admin_port: u16,
    admin_token: String,
    database: Option<Arc<Database>>,
    collector: Collector,
    folder: TempDir,
}

impl Server {
    /// Starts one on fresh data and waits until it answers.
    pub async fn start(engine: Engine, options: Options) -> Self {
        let folder = new_folder();
        let (database, token) = match engine {
            Engine::Sqlite => (None, None),
            Engine::Postgres => {
                let database = Database::create().await;
                let place = place(folder.path(), Some(&database));
                run(SERVER, &[vec!["migrate".to_owned()], place.clone()].concat()).await;
                let create = ["tokens".to_owned(), "create".to_owned()].to_vec();
                let token = run(SERVER, &[create, place].concat()).await.trim().to_owned();
                (Some(Arc::new(database)), Some(token))
            }
        };
        Self::serve(folder, engine, database, options, token).await
    }

    /// Another server on the same PostgreSQL, with the same keys and options.
    pub async fn another(&self) -> Self {
        let (database, token) = (self.database.clone(), self.admin_token.clone());
        assert!(database.is_some(), "an embedded database has one server");
        Self::serve(new_folder(), self.engine, database, self.options.clone(), Some(token)).await
    }

    /// Without a token: the one that is made at the first start.
    async fn serve(
        folder: TempDir,
        engine: Engine,
        database: Option<Arc<Database>>,
        options: Options,
        token: Option<String>,
    ) -> Self {
        let (port, admin_port) = (free_port(), free_port());
        let collector = Collector::start(&traces(folder.path()));
        let mut process =
            launch(folder.path(), database.as_deref(), &options, &collector, (port, admin_port));
        let admin_token = match token {
            Some(token) => token,
            None => first_token(&mut process, folder.path()).await,
        };
        let client = None;
        let mut server = Self {
            process,
            client,
            engine,
            options,
            port,
            admin_port,
            admin_token,
            database,
            collector,
            folder,
        };
        server.wait_until_it_answers().await;
        server
    }

    /// The URL for clients. It stays the same over restarts.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The engine that it was started on.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// A client of the service administrator's, who has no rights in projects but their own.
    pub fn admin(&self) -> Client {
        self.client.clone().unwrap()
    }

    /// The token of that administrator.
    pub fn admin_token(&self) -> &str {
        &self.admin_token
    }

    /// A client with some token. It connects with its first call, and again after a restart.
    pub fn client(&self, token: &str) -> Client {
        Client::builder().connect_lazy(self.endpoint(), token.to_owned()).unwrap()
    }

    /// What the server has logged since its first start, and where.
    pub fn log(&self) -> (PathBuf, String) {
        let path = self.folder.path().join("server.log");
        let text = std::fs::read_to_string(&path).unwrap();
        (path, text)
    }

    /// What the server and its purge workers have sent as traces and metrics, but for the last moments of one that runs:
    /// protobuf, in which texts are as they are.
    pub fn traces(&self) -> Vec<u8> {
        self.collector.sent()
    }

    /// The database as a URL, as `--database` takes it.
    pub fn database_url(&self) -> String {
        match &self.database {
            Some(database) => database.url(),
            None => format!("sqlite://{}", self.data_dir().join("sandbar.db").display()),
        }
    }

    /// The `--data-dir`: embedded, the database, its key and its first token; else empty.
    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// All that is kept: what `pg_dump` writes and PostgreSQL's write-ahead log since this was started, or every file of the
    /// data folder.
    pub async fn dump(&self) -> Vec<u8> {
        if let Some(database) = &self.database {
            return [database.dump().await, database.wal().await].concat();
        }
        let files = std::fs::read_dir(self.data_dir()).unwrap();
        files.flat_map(|entry| std::fs::read(entry.unwrap().path()).unwrap()).collect()
    }

    /// The id of the process.
    ///
    /// # Panics
    /// When it does not run.
    pub fn pid(&self) -> u32 {
        self.process.id().expect("the server does not run")
    }

    /// A page of the operator's port: `metrics`, `readyz` or `livez`.
    pub async fn operator_page(&self, page: &str) -> String {
        get(self.admin_port, page).await
    }

    /// Takes its life without a word (SIGKILL).
    pub async fn kill9(&mut self) {
        self.process.kill9().await;
    }

    /// Ends it (SIGTERM) and checks that it ends with success.
    pub async fn stop(&mut self) {
        at_metrics(self.admin_port);
        self.process.stop().await;
    }

    /// Starts it again on the same data and port and waits until it answers. One that still runs is stopped first.
    pub async fn restart(&mut self) {
        self.begin_restart().await;
        self.wait_until_it_answers().await;
    }

    /// As [`Server::restart`], with other options from now on.
    pub async fn restart_with(&mut self, options: Options) {
        self.options = options;
        self.restart().await;
    }

    /// Starts a purge worker beside it, with further flags such as `--batch=10`. It looks for work every 100 ms and has
    /// the server's grace period.
    pub fn purge_worker(&self, flags: &[&str]) -> PurgeWorker {
        let port = free_port();
        let mut args = place(self.folder.path(), self.database.as_deref());
        args.extend([format!("--admin-listen=127.0.0.1:{port}"), "--interval=100ms".to_owned()]);
        // Workers and servers must agree on it.
        let grace = self.options.args.iter().filter(|arg| arg.starts_with(GRACE));
        args.extend(grace.filter(|_| !flags.iter().any(|flag| flag.starts_with(GRACE))).cloned());
        args.extend(flags.iter().map(|&flag| flag.to_owned()));
        let log = self.folder.path().join(format!("purge-{port}.log"));
        let env = [self.options.logging(), self.collector.env().into()].concat();
        let process = Process::start(PURGE, &args, &env, &log);
        PurgeWorker { process, port, log }
    }

    /// Runs `sandbar-server keys …` on the same data and keys, beside it, and gives what it says.
    pub async fn keys(&self, command: &str) -> String {
        run(SERVER, &self.keys_args(command)).await
    }

    /// Starts `sandbar-server keys …` and takes its life after a while (SIGKILL). Whether it had not ended by then.
    ///
    /// # Panics
    /// When it ended with an error.
    pub async fn interrupt_keys(&self, command: &str, after: Duration) -> bool {
        let log = self.folder.path().join("keys.log");
        let mut process =
            Process::start(SERVER, &self.keys_args(command), &Options::default().logging(), &log);
        sleep(after).await;
        if let Some(status) = process.ended() {
            assert!(status.success(), "{}", process.last_words());
            return false;
        }
        process.kill9().await;
        true
    }

    fn keys_args(&self, command: &str) -> Vec<String> {
        let mut args = vec!["keys".to_owned(), command.to_owned()];
        args.extend(place(self.folder.path(), self.database.as_deref()));
        args.push(format!("--master-key-file={}", master_keys(self.folder.path()).display()));
        args
    }

    /// Runs a purge worker until nothing is due any more, and ends it.
    pub async fn purge_once(&self) {
        let mut worker = self.purge_worker(&[]);
        worker.wait_until_nothing_is_due().await;
        worker.stop().await;
    }

    async fn begin_restart(&mut self) {
        if self.process.ended().is_none() {
            self.stop().await;
        }
        let ports = (self.port, self.admin_port);
        self.process =
            launch(self.folder.path(), self.database.as_deref(), &self.options, &self.collector, ports);
    }

    async fn wait_until_it_answers(&mut self) {
        let give_up = Instant::now() + PATIENCE;
        let client = self.client(&self.admin_token);
        loop {
            // Another process may have been given the port in between.
            if let Some(status) = self.process.ended() {
                let words = self.process.last_words();
                assert!(words.contains("can't listen on"), "the server ended with {status}:\n{words}");
                assert!(Instant::now() < give_up, "the port stays taken:\n{words}");
                sleep(Duration::from_millis(200)).await;
                Box::pin(self.begin_restart()).await;
            }
            match client.access().who_am_i(WhoAmIRequest {}).await {
                Ok(_) => break,
                Err(error) if Instant::now() > give_up => {
                    panic!("the server does not answer: {error}\n{}", self.process.last_words())
                }
                Err(_) => sleep(Duration::from_millis(20)).await,
            }
        }
        self.client = Some(client);
    }
}
