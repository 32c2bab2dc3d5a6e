//! What is in the database, whatever the tables are called.

use sandbar_store::Db;
use uuid::Uuid;

/// Every table of ours with each of its columns.
pub async fn columns(db: &Db) -> Vec<(String, String)> {
    let text = match db {
        Db::Sqlite { .. } => {
            "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c
            WHERE m.type = 'table' AND m.name NOT LIKE '\\_sqlx%' ESCAPE '\\' AND m.name NOT LIKE 'sqlite%'"
        }
        Db::Postgres(_) => {
            "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT) FROM information_schema.columns
            WHERE table_schema = 'public' AND table_name NOT LIKE '\\_sqlx%'"
        }
    };
    let columns: Vec<(String, String)> = db.connection().await.unwrap().sql(text).all().await.unwrap();
    assert!(columns.len() > 100, "only {} columns were found", columns.len());
    columns
}

/// How many rows of each table have this id in this column, where there are any.
pub async fn rows_with(db: &Db, column: &str, id: Uuid) -> Vec<(String, i64)> {
    let mut found = Vec::new();
    for (table, name) in columns(db).await {
        if name == column {
            let text: &str = format!("SELECT COUNT(*) FROM {table} WHERE {column} = $1").leak();
            let (count,): (i64,) = db.connection().await.unwrap().sql(text).bind(id).one().await.unwrap();
            if count > 0 {
                found.push((table, count));
            }
        }
    }
    found.sort();
    found
}

/// Every value of every column of every table, with where it is from.
pub async fn dump(db: &Db) -> Vec<(String, Vec<u8>)> {
    let mut values = Vec::new();
    for (table, column) in columns(db).await {
        let text: &str = match db {
            Db::Sqlite { .. } => {
                format!("SELECT CAST({column} AS BLOB) FROM {table} WHERE {column} IS NOT NULL").leak()
            }
            // Of bytes this gives their hexadecimal digits.
            Db::Postgres(_) => format!(
                "SELECT convert_to(CAST({column} AS TEXT), 'UTF8') FROM {table} WHERE {column} IS NOT NULL"
            )
            .leak(),
        };
        let rows: Vec<(Vec<u8>,)> = db.connection().await.unwrap().sql(text).all().await.unwrap();
        values.extend(rows.into_iter().map(|(value,)| (format!("{table}.{column}"), value)));
    }
    values
}
