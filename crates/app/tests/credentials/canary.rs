//! What was set is nowhere in the database in clear, in whatever form, and can't be guessed from what is kept of a request.

use sandbar_app::{
    App, Limits, Sealer,
    credentials::{self, SetValues},
};
use sandbar_store::{Db, PoolSize, schema};

use crate::{
    SECRET,
    harness::{Bench, cases, master_keys},
    values,
};

cases! { no_table_holds_a_value }

/// The canary as something may write it.
fn forms() -> Vec<String> {
    let canary = "canary-7f3a9";
    let hex = canary.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    // "canary-7f3a9" in base64, at each of its three places in a group of bytes, without the ends that depend on the rest.
    let base64 = ["Y2FuYXJ5LTdmM2E5", "NhbmFyeS03ZjNhO", "jYW5hcnktN2YzYT"];
    [canary.to_owned(), canary.replace('-', "%2D"), hex.to_uppercase(), hex]
        .into_iter()
        .chain(base64.map(str::to_owned))
        .collect()
}

async fn fill(bench: &Bench) {
    let ann = bench.user("ann").await;
    let id = bench.credential(&ann, "one").await;
    bench.set(&ann, id, "main", SECRET).await.unwrap();
    // Under a request id, replaced, and refused.
    let request = SetValues {
        id,
        environment: "dev".to_owned(),
        values: values(SECRET),
        etag: String::new(),
        request_id: "once".to_owned(),
    };
    credentials::set_values(&bench.app, &ann.call, &request).await.unwrap();
    bench.set(&ann, id, "dev", "{}").await.unwrap();
    bench.set(&ann, id, "Not A Label", SECRET).await.unwrap_err();
    let bob = bench.user("bob").await;
    bench.set(&bob, id, "main", SECRET).await.unwrap_err();
}

async fn no_table_holds_a_value(bench: Bench) {
    fill(&bench).await;
    let mut tx = bench.app.db.connection().await.unwrap();
    let sqlite = bench.app.db.engine() == "sqlite";
    let tables: Vec<(String,)> = tx
        .sql(if sqlite {
            "SELECT name FROM sqlite_master WHERE type = 'table'"
        } else {
            "SELECT CAST(tablename AS text) FROM pg_tables WHERE schemaname = 'public'"
        })
        .all()
        .await
        .unwrap();
    assert!(tables.len() > 15);
    let mut rows = 0;
    for (table,) in tables {
        let text: Vec<String> = if sqlite {
            let columns: Vec<(String,)> =
                tx.sql(format!("SELECT name FROM pragma_table_info('{table}')").leak()).all().await.unwrap();
            // Texts as they are, bytes in hexadecimal digits.
            let parts: Vec<_> = columns.iter().map(|(name,)| format!("quote({name})")).collect();
            let select = format!("SELECT {} FROM {table}", parts.join(" || '|' || "));
            let found: Vec<(String,)> = tx.sql(select.leak()).all().await.unwrap();
            found.into_iter().map(|(text,)| text).collect()
        } else {
            let found: Vec<(String,)> = tx
                .sql(format!("SELECT CAST(row_to_json(t) AS text) FROM {table} t").leak())
                .all()
                .await
                .unwrap();
            found.into_iter().map(|(text,)| text).collect()
        };
        rows += text.len();
        for form in forms() {
            assert!(!text.iter().any(|row| row.contains(&form)), "{form} is in {table}");
        }
    }
    assert!(rows > 10, "nothing was looked at");
}

#[tokio::test]
async fn no_file_of_sqlite_holds_a_value_nor_does_its_log() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/test.db", folder.path().display());
    let db = Db::open(&url, PoolSize::default()).await.unwrap();
    schema::migrate(&db).await.unwrap();
    let bench = Bench::new(db.clone());
    fill(&bench).await;
    let scan = || {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let entry = entry.unwrap();
            let bytes = std::fs::read(entry.path()).unwrap();
            for form in forms() {
                let there = bytes.windows(form.len()).any(|part| part == form.as_bytes());
                assert!(!there, "{form} is in {:?}", entry.file_name());
            }
            names.push(entry.file_name().into_string().unwrap());
        }
        names
    };
    assert!(scan().contains(&"test.db-wal".to_owned()), "the log was not looked at");
    db.close().await;
    assert!(scan().contains(&"test.db".to_owned()));
}

#[tokio::test]
async fn a_request_can_not_be_guessed_from_what_is_kept_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let kept = async |number: u32, key: &[u8]| {
        let url = format!("sqlite://{}/{number}.db", folder.path().display());
        let db = Db::open(&url, PoolSize::default()).await.unwrap();
        schema::migrate(&db).await.unwrap();
        let bench = Bench::new(db.clone());
        // The same people, ids and requests each time: only the server's key differs.
        let app = App::new(
            db.clone(),
            std::sync::Arc::clone(&bench.world) as _,
            Sealer::new(key).unwrap(),
            master_keys(),
            Limits::default(),
        );
        let bench = Bench { app: std::sync::Arc::new(app), ..bench };
        fill(&bench).await;
        let mut tx = db.connection().await.unwrap();
        let rows: Vec<(Vec<u8>,)> = tx.sql("SELECT fingerprint FROM idempotency").all().await.unwrap();
        assert_eq!(rows.len(), 1);
        rows
    };
    assert_eq!(kept(1, b"one key, long enough").await, kept(2, b"one key, long enough").await);
    assert_ne!(kept(3, b"one key, long enough").await, kept(4, b"another key, as long").await);
}
