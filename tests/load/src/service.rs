//! The server that is measured: a process of its own, as it would be in earnest.

use std::{
    fs::{self, File},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use sandbar_client::Client;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::{Engine, Result, Setting};

/// A database of the load program: where it is, and how a server is started on it.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    server: PathBuf,
    /// Data of SQLite, and the server's log.
    pub(crate) folder: PathBuf,
    /// What the server is given.
    pub(crate) url: String,
    /// Further flags of the server.
    flags: Vec<String>,
}

/// A running server. It is ended with this value.
#[derive(Debug)]
pub(crate) struct Service {
    /// Where it listens.
    pub(crate) url: String,
    /// A token of a service administrator.
    pub(crate) token: String,
    /// To call it.
    pub(crate) client: Client,
    process: Process,
}

/// A process that is ended with this value.
#[derive(Debug)]
pub(crate) struct Process(Child);

impl Database {
    /// The database of this name; `fresh`: without what was there before.
    pub(crate) async fn open(setting: &Setting, name: &str, fresh: bool) -> Result<Self> {
        let folder = setting.work.join(format!("{}-{name}", setting.engine.word()));
        if fresh && folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        let url = match setting.engine {
            Engine::Sqlite => format!("sqlite://{}", folder.join("sandbar.db").display()),
            Engine::Postgres => postgres(&setting.postgres, &format!("sandbar_load_{name}"), fresh).await?,
        };
        let server = match &setting.server {
            Some(path) => path.clone(),
            None => std::env::current_exe()?.with_file_name("sandbar-server"),
        };
        let database = Self { server, folder, url, flags: Vec::new() };
        database.say(&["migrate"])?;
        Ok(database)
    }

    /// The same, for servers with these flags.
    pub(crate) fn with(self, flags: &[&str]) -> Self {
        Self { flags: flags.iter().map(|&flag| flag.to_owned()).collect(), ..self }
    }

    /// Starts a server and waits until it answers.
    pub(crate) async fn serve(&self) -> Result<Service> {
        let token = self.say(&["tokens", "create", "--name", "load"])?.trim().to_owned();
        let (address, admin) = (free_address()?, free_address()?);
        let log = File::create(self.folder.join("server.log"))?;
        let child = self
            .command()
            .args(["serve", "--listen", &address, "--admin-listen", &admin])
            .args(&self.flags)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(|error| format!("{}: {error}", self.server.display()))?;
        let process = Process(child);
        let url = format!("http://{address}");
        let started = Instant::now();
        loop {
            let builder = Client::builder().deadline(Duration::from_mins(10)).retries(0);
            match builder.connect(url.clone(), token.clone()).await {
                Ok(client) => return Ok(Service { url, token, client, process }),
                Err(error) if started.elapsed() > Duration::from_secs(30) => return Err(error.into()),
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }

    /// What the server's command prints.
    fn say(&self, arguments: &[&str]) -> Result<String> {
        let output = self
            .command()
            .args(arguments)
            .env("SANDBAR_LOG", "warn")
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| format!("{}: {error}; build it first", self.server.display()))?;
        if !output.status.success() {
            return Err(format!("sandbar-server {} failed", arguments.join(" ")).into());
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.server);
        command.env("SANDBAR_DATA_DIR", &self.folder).env("SANDBAR_DATABASE", &self.url);
        command.env("SANDBAR_KEY", "5a".repeat(32)).stdin(Stdio::null());
        command.env("SANDBAR_MASTER_KEYS", format!("k1:{}", "5a".repeat(32)));
        command
    }
}

impl Service {
    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }
}

impl Process {
    /// Starts this program once more, with other arguments.
    pub(crate) fn again(arguments: &[&str], log: &Path) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        Ok(Self(command.args(arguments).stdin(Stdio::null()).stderr(File::create(log)?).spawn()?))
    }

    /// Its number.
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may be gone already; then there is nothing to end.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// An address of this machine where nobody listens.
pub(crate) fn free_address() -> Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

/// Makes a database on a PostgreSQL server, if it is not there, and gives its URL.
async fn postgres(server: &str, name: &str, fresh: bool) -> Result<String> {
    let mut connection = PgConnection::connect(server).await?;
    if fresh {
        sqlx::query(AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")))
            .execute(&mut connection)
            .await?;
    }
    let there: Option<i32> = sqlx::query_scalar("SELECT 1 FROM pg_database WHERE datname = $1")
        .bind(name)
        .fetch_optional(&mut connection)
        .await?;
    if there.is_none() {
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut connection).await?;
    }
    let (head, parameters) = server.split_once('?').unwrap_or((server, ""));
    let (host, _) = head.rsplit_once('/').ok_or("the URL of PostgreSQL ends with a database")?;
    Ok(format!("{host}/{name}?{parameters}"))
}
