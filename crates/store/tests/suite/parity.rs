//! The two schemas are one: the same tables, columns, keys and indexes, as their own catalogs tell.

use std::collections::{BTreeMap, BTreeSet};

use sandbar_store::{Db, schema};

use crate::engine::{cases, on_postgres, on_sqlite};

cases! { migrating_again_changes_nothing every_name_sorts_by_byte }

/// What a catalog says of one schema. Types are told in the words of the engine that has fewer.
#[derive(Debug, Default, PartialEq, Eq)]
struct Schema {
    /// (table, column) → type, not null, place in the primary key (0: not in it).
    columns: BTreeMap<(String, String), (String, bool, i64)>,
    /// Name → table, unique, columns, condition.
    indexes: BTreeMap<String, (String, bool, Vec<String>, String)>,
    /// (table, column, table that it refers to, column there).
    references: BTreeSet<(String, String, String, String)>,
}

#[tokio::test]
async fn engines_have_the_same_schema() {
    let (of_sqlite, of_postgres) = (std::sync::Mutex::default(), std::sync::Mutex::default());
    on_sqlite(async |db| *of_sqlite.lock().unwrap() = sqlite(&db).await).await;
    on_postgres(async |db| *of_postgres.lock().unwrap() = postgres(&db).await).await;
    let (of_sqlite, of_postgres): (Schema, Schema) =
        (of_sqlite.into_inner().unwrap(), of_postgres.into_inner().unwrap());
    assert!(of_sqlite.columns.len() > 100, "the catalog was not read");
    assert!(of_sqlite.indexes.len() > 20, "the catalog was not read");
    assert!(of_sqlite.references.len() >= 6, "the catalog was not read");
    assert_eq!(of_sqlite.columns, of_postgres.columns);
    assert_eq!(of_sqlite.indexes, of_postgres.indexes);
    assert_eq!(of_sqlite.references, of_postgres.references);
}

async fn migrating_again_changes_nothing(db: Db) {
    let before = columns(&db).await;
    assert_eq!(schema::version(&db).await.unwrap(), schema::wanted_version());
    schema::migrate(&db).await.unwrap();
    assert_eq!(columns(&db).await, before);
}

/// Cursors and merges of lists rely on it: whatever is sorted or compared must sort alike on both engines.
async fn every_name_sorts_by_byte(db: Db) {
    if let Db::Sqlite { .. } = db {
        let mut tx = db.connection().await.unwrap();
        let texts: Vec<(String,)> =
            tx.sql("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL").all().await.unwrap();
        assert!(texts.len() > 20);
        assert!(texts.iter().all(|(text,)| !text.to_uppercase().contains("COLLATE")));
        return;
    }
    let mut tx = db.connection().await.unwrap();
    let odd: Vec<(String, String)> = tx
        .sql(
            "SELECT CAST(c.relname AS text), CAST(a.attname AS text) FROM pg_index i
            JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY(i.indkey)
            LEFT JOIN pg_collation l ON l.oid = a.attcollation
            WHERE n.nspname = 'public' AND c.relname <> '_sqlx_migrations' AND a.attcollation <> 0
                AND l.collname <> 'C'",
        )
        .all()
        .await
        .unwrap();
    assert_eq!(odd, []);
}

/// Every table with each of its columns.
pub(crate) async fn columns(db: &Db) -> Vec<(String, String)> {
    let schema = match db {
        Db::Sqlite { .. } => sqlite(db).await,
        Db::Postgres(_) => postgres(db).await,
    };
    schema.columns.into_keys().collect()
}

async fn sqlite(db: &Db) -> Schema {
    let mut tx = db.connection().await.unwrap();
    let mut schema = Schema::default();
    let columns: Vec<(String, String, String, bool, i64)> = tx
        .sql(
            "SELECT t.name, c.name, c.type, c.\"notnull\", c.pk
            FROM sqlite_master t JOIN pragma_table_info(t.name) c
            WHERE t.type = 'table' AND t.name NOT IN ('_sqlx_migrations', 'sqlite_sequence')",
        )
        .all()
        .await
        .unwrap();
    for (table, column, of_type, not_null, key) in columns {
        schema.columns.insert((table, column), (of_type, not_null, key));
    }
    let indexes: Vec<(String, String, bool, String, String)> = tx
        .sql(
            "SELECT i.name, t.name, i.\"unique\", c.name, m.sql
            FROM sqlite_master t JOIN pragma_index_list(t.name) i JOIN pragma_index_info(i.name) c
            JOIN sqlite_master m ON m.name = i.name
            WHERE t.type = 'table' AND i.origin = 'c' ORDER BY i.name, c.seqno",
        )
        .all()
        .await
        .unwrap();
    for (index, table, unique, column, text) in indexes {
        let condition = text.split_once(" WHERE ").map_or("", |(_, condition)| condition);
        let entry = schema.indexes.entry(index).or_insert((table, unique, Vec::new(), tidy(condition)));
        entry.2.push(column);
    }
    schema.references = tx
        .sql(
            "SELECT t.name, f.\"from\", f.\"table\", f.\"to\"
            FROM sqlite_master t JOIN pragma_foreign_key_list(t.name) f WHERE t.type = 'table'",
        )
        .all()
        .await
        .unwrap()
        .into_iter()
        .collect();
    schema
}

async fn postgres(db: &Db) -> Schema {
    let mut tx = db.connection().await.unwrap();
    let mut schema = Schema::default();
    let columns: Vec<(String, String, String, bool, i64)> = tx
        .sql(
            "SELECT CAST(c.relname AS text), CAST(a.attname AS text),
                CASE format_type(a.atttypid, NULL) WHEN 'text' THEN 'TEXT' WHEN 'uuid' THEN 'BLOB'
                    WHEN 'bytea' THEN 'BLOB' WHEN 'bigint' THEN 'INTEGER' WHEN 'boolean' THEN 'INTEGER'
                    ELSE format_type(a.atttypid, NULL) END,
                a.attnotnull, CAST(COALESCE(array_position(i.indkey, a.attnum) + 1, 0) AS bigint)
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
            LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
            WHERE n.nspname = 'public' AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
                AND c.relname <> '_sqlx_migrations'",
        )
        .all()
        .await
        .unwrap();
    for (table, column, of_type, not_null, key) in columns {
        schema.columns.insert((table, column), (of_type, not_null, key));
    }
    let indexes: Vec<(String, String, bool, String, String)> = tx
        .sql(
            "SELECT CAST(x.relname AS text), CAST(c.relname AS text), i.indisunique, CAST(a.attname AS text),
                COALESCE(pg_get_expr(i.indpred, i.indrelid), '')
            FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_class c ON c.oid = i.indrelid
            JOIN pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_attribute a ON a.attrelid = x.oid
            WHERE n.nspname = 'public' AND NOT i.indisprimary ORDER BY x.relname, a.attnum",
        )
        .all()
        .await
        .unwrap();
    for (index, table, unique, column, condition) in indexes {
        let entry = schema.indexes.entry(index).or_insert((table, unique, Vec::new(), tidy(&condition)));
        entry.2.push(column);
    }
    schema.references = tx
        .sql(
            "SELECT CAST(c.relname AS text), CAST(a.attname AS text), CAST(r.relname AS text), CAST(b.attname AS text)
            FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid JOIN pg_class r ON r.oid = f.confrelid
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = f.conkey[1]
            JOIN pg_attribute b ON b.attrelid = r.oid AND b.attnum = f.confkey[1]
            WHERE f.contype = 'f'",
        )
        .all()
        .await
        .unwrap()
        .into_iter()
        .collect();
    schema
}

/// A condition without what PostgreSQL adds when it shows one: parentheses and casts.
fn tidy(condition: &str) -> String {
    let text =
        condition.replace(['(', ')'], "").replace("::text", "").replace("::bigint", "").replace('\'', "");
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace("<> \"\"", "<>")
}
