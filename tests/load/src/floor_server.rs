//! The floors: a bare tonic server that echoes, or does one prepared point select on the same engine with the same
//! settings and pool. No token, no log, no layers.

use std::{
    convert::Infallible,
    net::SocketAddr,
    str::FromStr,
    task::{Context, Poll},
};

use bytes::Bytes;
use clap::Args;
use futures::future::{BoxFuture, FutureExt};
use prost::Message;
use sqlx::{
    PgPool, SqlitePool,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tonic::{
    Request, Response, Status,
    body::Body,
    server::{Grpc, NamedService, UnaryService},
};
use tonic_prost::ProstCodec;
use uuid::Uuid;

use crate::Result;

/// The product's default.
const CONNECTIONS: u32 = 16;

/// What a floor server is told.
#[derive(Clone, Debug, Args)]
pub(crate) struct FloorServerArgs {
    /// Where it listens.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
    /// The database with the table `load_floor`.
    #[arg(long, value_name = "URL")]
    database: String,
}

/// Asks for a row; of the same shape as `GetWorkflowRequest`, so that both servers take in the same bytes.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Question {
    #[prost(string, tag = "1")]
    pub(crate) project_id: String,
    #[prost(string, tag = "2")]
    pub(crate) workflow_id: String,
}

/// What the row holds.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Answer {
    #[prost(bytes = "bytes", tag = "1")]
    pub(crate) value: Bytes,
}

/// A row of the table.
#[derive(Clone, Debug)]
pub(crate) struct FloorRow {
    pub(crate) id: Uuid,
    /// As long as what says which content a workflow has.
    pub(crate) hash: Vec<u8>,
    /// As long as a workflow.
    pub(crate) whole: Vec<u8>,
}

#[derive(Clone, Debug)]
enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// See the subcommand.
pub(crate) async fn run(args: &FloorServerArgs) -> Result<()> {
    let pool = Pool::open(&args.database, false).await?;
    Ok(tonic::transport::Server::builder()
        .tcp_nodelay(true)
        .add_service(Floor { pool })
        .serve(args.listen)
        .await?)
}

/// Makes the table anew, with these rows.
pub(crate) async fn fill(database: &str, rows: &[FloorRow]) -> Result<()> {
    const INSERT: &str = "INSERT INTO load_floor (id, hash, whole) VALUES ($1, $2, $3)";
    let pool = Pool::open(database, true).await?;
    let (id, binary) = if matches!(pool, Pool::Sqlite(_)) { ("BLOB", "BLOB") } else { ("uuid", "bytea") };
    let create = format!(
        "CREATE TABLE load_floor (id {id} NOT NULL PRIMARY KEY, hash {binary} NOT NULL, whole {binary} NOT NULL)"
    );
    for statement in ["DROP TABLE IF EXISTS load_floor", &create] {
        match &pool {
            Pool::Sqlite(pool) => {
                sqlx::raw_sql(sqlx::AssertSqlSafe(statement.to_owned())).execute(pool).await.map(|_| ())?;
            }
            Pool::Postgres(pool) => {
                sqlx::raw_sql(sqlx::AssertSqlSafe(statement.to_owned())).execute(pool).await.map(|_| ())?;
            }
        }
    }
    for row in rows {
        let (id, hash, whole) = (row.id, row.hash.as_slice(), row.whole.as_slice());
        match &pool {
            Pool::Sqlite(pool) => {
                sqlx::query(INSERT).bind(id).bind(hash).bind(whole).execute(pool).await.map(|_| ())?;
            }
            Pool::Postgres(pool) => {
                sqlx::query(INSERT).bind(id).bind(hash).bind(whole).execute(pool).await.map(|_| ())?;
            }
        }
    }
    match pool {
        Pool::Sqlite(pool) => pool.close().await,
        Pool::Postgres(pool) => pool.close().await,
    }
    Ok(())
}

impl Pool {
    /// With the settings of `store/db/open.rs`.
    async fn open(url: &str, writable: bool) -> Result<Self> {
        if url.starts_with("sqlite:") {
            let options = SqliteConnectOptions::from_str(url)?
                .create_if_missing(writable)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .statement_cache_capacity(256)
                .pragma("cache_size", "-65536")
                .pragma("query_only", if writable { "OFF" } else { "ON" });
            let pool = SqlitePoolOptions::new().max_connections(CONNECTIONS).test_before_acquire(false);
            return Ok(Self::Sqlite(pool.connect_with(options).await?));
        }
        let options = PgConnectOptions::from_str(url)?
            .statement_cache_capacity(256)
            .options([("plan_cache_mode", "force_generic_plan")]);
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS).test_before_acquire(false);
        Ok(Self::Postgres(pool.connect_with(options).await?))
    }

    async fn select(&self, statement: &'static str, id: Uuid) -> sqlx::Result<Vec<u8>> {
        match self {
            Self::Sqlite(pool) => sqlx::query_scalar(statement).bind(id).fetch_one(pool).await,
            Self::Postgres(pool) => sqlx::query_scalar(statement).bind(id).fetch_one(pool).await,
        }
    }
}

/// The service, as tonic's code generator would write it.
#[derive(Clone, Debug)]
struct Floor {
    pool: Pool,
}

impl NamedService for Floor {
    const NAME: &'static str = "load.Floor";
}

impl tower::Service<http::Request<Body>> for Floor {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, std::result::Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<std::result::Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let pool = self.pool.clone();
        async move {
            let mut grpc = Grpc::new(ProstCodec::<Answer, Question>::default());
            let response = match request.uri().path() {
                "/load.Floor/Echo" => grpc.unary(Method { pool, statement: None }, request).await,
                "/load.Floor/Select" => {
                    let statement = Some("SELECT hash FROM load_floor WHERE id = $1");
                    grpc.unary(Method { pool, statement }, request).await
                }
                "/load.Floor/SelectWhole" => {
                    let statement = Some("SELECT whole FROM load_floor WHERE id = $1");
                    grpc.unary(Method { pool, statement }, request).await
                }
                _ => Status::unimplemented("no such floor").into_http(),
            };
            Ok(response)
        }
        .boxed()
    }
}

/// None: an echo.
struct Method {
    pool: Pool,
    statement: Option<&'static str>,
}

impl UnaryService<Question> for Method {
    type Response = Answer;
    type Future = BoxFuture<'static, std::result::Result<Response<Answer>, Status>>;

    fn call(&mut self, request: Request<Question>) -> Self::Future {
        let (pool, statement, question) = (self.pool.clone(), self.statement, request.into_inner());
        async move {
            let Some(statement) = statement else {
                return Ok(Response::new(Answer { value: question.workflow_id.into() }));
            };
            let id = Uuid::try_parse(&question.workflow_id).map_err(|_| Status::invalid_argument("no id"))?;
            let value =
                pool.select(statement, id).await.map_err(|error| Status::internal(error.to_string()))?;
            Ok(Response::new(Answer { value: value.into() }))
        }
        .boxed()
    }
}
