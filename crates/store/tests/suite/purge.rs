//! Removing for good what belonged to a project.

use std::collections::BTreeMap;

use sandbar_model::{
    ContentHash, Item, Kind, ProjectId,
    access::{Scope, Token, TokenHash},
    usage::{Allowances, Period, Used},
};
use sandbar_store::{
    Db, Tx,
    audit::{self, Event},
    collection, dataclip, item, merge_base, merge_record, project, purge, run, token, tree, trigger, usage,
};
use uuid::Uuid;

use crate::{
    engine::cases,
    fixture::{NOW, add_user, family, id},
    merges::{merged, record},
    parity, runs,
};

cases! {
    leaves_nothing_of_the_project
    records_stay_while_one_end_lives
    large_merge_goes_in_batches
    contents_go_with_the_tree
}

/// Some rows of a project in every table that has any.
async fn fill(tx: &mut Tx, project: ProjectId, rows: u8) {
    for number in 0..rows {
        let resource = Uuid::from_u128(number.into());
        for text in [
            "INSERT INTO heads (project_id, kind, id, first_seq, seq, content_hash, write_time, writer_id)
            VALUES ($1, 1 + $3 % 2, $2, 1, $3, $4, 1, $2)",
            "INSERT INTO versions (project_id, kind, id, seq, name, content_hash, prev_hash, write_time, writer_id)
            VALUES ($1, 1 + $3 % 2, $2, $3, '', $4, $4, 1, $2)",
            "INSERT INTO versions (project_id, kind, id, seq, name, content_hash, prev_hash, write_time, writer_id)
            VALUES ($1, 1 + $3 % 2, $2, $3 + 100, '', $4, $4, 1, $2)",
            "INSERT INTO claims (project_id, space, key, id, since_seq, until_seq)
            VALUES ($1, 1, 'held once', $2, $3, $3 + LENGTH($4))",
            "INSERT INTO changes (project_id, seq, first_seq, what, change_time, principal_id)
            VALUES ($1, $3, $3, 'write', LENGTH($4), $2)",
            "INSERT INTO workflow_versions (project_id, workflow_id, number, digest, seq)
            VALUES ($1, $2, $3, '4556f751fece', LENGTH($4))",
        ] {
            let statement = tx.sql(text).bind(project.0).bind(resource).bind(i64::from(number));
            statement.bind([number].as_slice()).execute().await.unwrap();
        }
        let unique = project.0.as_u128() << 8 | u128::from(number);
        let store = Uuid::from_u128(unique);
        collection::open(tx, store, (project, resource.into())).await.unwrap();
        let item = Item { key: "one".to_owned(), value: "{}".to_owned() };
        item::put(tx, store, &[item], NOW).await.unwrap();
        let scope = Scope { project: Some(project), max_role: None };
        let [id, principal] = [unique, id::<Uuid>(1).as_u128()].map(Uuid::from_u128);
        let token = Token {
            id: id.into(),
            principal: principal.into(),
            name: String::new(),
            scope,
            create_time: NOW,
            expire_time: None,
            revoke_time: None,
            last_use_time: None,
            mfa: false,
        };
        let mut hash = [number; 32];
        hash[..16].copy_from_slice(project.0.as_bytes());
        token::insert(tx, &token, &TokenHash(hash)).await.unwrap();
        trigger::set(tx, project, resource.into(), true).await.unwrap();
        run::queue::add(tx, project, project, NOW).await.unwrap();
        let queued = runs::queued(project, unique);
        run::insert(tx, &queued).await.unwrap();
        run::token::replace(tx, &queued, &TokenHash(hash), NOW).await.unwrap();
        dataclip::insert(tx, &runs::clip(project, unique, ""), "{}").await.unwrap();
        let period = Period { start: NOW.plus(number.into()), end: NOW };
        let tree = (crate::fixture::id(10), project);
        assert!(usage::add(tx, tree, period, Used::RUN, Allowances::default()).await.unwrap());
        // Below and above every other project, so that it is the first of a pair and the second.
        for other in [Uuid::from_u128(number.into()), Uuid::from_u128(u128::MAX - u128::from(number))] {
            let base = [1_u128, 2].map(|key| (Kind::Workflow, Uuid::from_u128(key).into(), None));
            merge_base::put_many(tx, project, other.into(), &base).await.unwrap();
        }
    }
    let event = Event {
        id: project.0,
        root: None,
        project: Some(project),
        time: NOW,
        principal: id(1),
        token: id(1),
        address: String::new(),
        request_id: String::new(),
        action: "purge".to_owned(),
        subject: None,
        detail: String::new(),
    };
    audit::append(tx, &event).await.unwrap();
}

/// How many rows of a project there are, by table and column, wherever the catalog knows a column that holds one.
async fn census(tx: &mut Tx, db: &Db, project: ProjectId) -> BTreeMap<String, i64> {
    let mut census = BTreeMap::new();
    for (table, column) in parity::columns(db).await {
        let holds_project = match column.as_str() {
            "project_id" => true,
            "other_id" => table == "merge_bases",
            "source_id" | "target_id" => table == "merges",
            "id" => table == "projects",
            _ => false,
        };
        if holds_project {
            let text = format!("SELECT COUNT(*) FROM {table} WHERE {column} = $1");
            let (rows,): (i64,) = tx.sql(text.leak()).bind(project.0).one().await.unwrap();
            census.insert(format!("{table}.{column}"), rows);
        }
    }
    census
}

async fn purge_all(tx: &mut Tx, project: ProjectId, limit: i64) -> u64 {
    let mut total = 0;
    loop {
        match purge::delete_batch(tx, project, limit).await.unwrap() {
            0 => return total,
            rows => {
                assert!(rows <= limit.unsigned_abs(), "{rows} rows in a batch of {limit}");
                total += rows;
            }
        }
    }
}

async fn leaves_nothing_of_the_project(db: Db) {
    let [_, one, other, below] = family(&db).await;
    let mut tx = db.write().await.unwrap();
    add_user(&mut tx, 2).await;
    for project in [&one, &other, &below] {
        fill(&mut tx, project.id, 20).await;
    }
    // Both ends are gone: their other end never was a project here.
    for (number, source, target) in [(100, 30, 98), (101, 99, 30), (102, 30, 97), (103, 20, 96)] {
        merge_record::insert(&mut tx, &record(number, source, target, 3), &merged(3)).await.unwrap();
    }
    tx.commit().await.unwrap();

    let mut tx = db.write().await.unwrap();
    let before = census(&mut tx, &db, below.id).await;
    assert!(before.len() >= 14, "{before:?}");
    assert!(before.values().all(|rows| *rows > 0), "this test must fill every table: {before:?}");
    let others = [census(&mut tx, &db, one.id).await, census(&mut tx, &db, other.id).await];

    let removed = purge_all(&mut tx, below.id, 7).await;
    assert!(project::delete_row(&mut tx, below.id).await.unwrap());
    tx.commit().await.unwrap();

    let mut tx = db.write().await.unwrap();
    let after = census(&mut tx, &db, below.id).await;
    let left: Vec<_> = after.iter().filter(|(_, rows)| **rows > 0).collect();
    assert_eq!(left, [(&"audit_events.project_id".to_owned(), &1)]);
    // The event and the project stay so far; each merge had three resources, each store an item.
    let gone: i64 = before.values().sum::<i64>() - 2 + 3 * 3 + 20;
    assert_eq!(removed, gone.unsigned_abs());
    let rows: (i64, i64) = tx
        .sql("SELECT (SELECT COUNT(*) FROM merge_resources), (SELECT COUNT(*) FROM collection_items)")
        .one()
        .await
        .unwrap();
    assert_eq!(rows, (3, 40));
    // Nobody else lost anything.
    assert_eq!([census(&mut tx, &db, one.id).await, census(&mut tx, &db, other.id).await], others);
}

async fn records_stay_while_one_end_lives(db: Db) {
    let [root, one, other, below] = family(&db).await;
    let mut tx = db.write().await.unwrap();
    for (number, source, target) in [(100, 30, 20), (101, 20, 30), (102, 20, 10), (103, 21, 20)] {
        merge_record::insert(&mut tx, &record(number, source, target, 2), &merged(2)).await.unwrap();
    }
    let left = async |tx: &mut Tx| {
        let rows: Vec<(Uuid, i64)> = tx
            .sql(
                "SELECT m.id, COUNT(*) FROM merges m JOIN merge_resources r ON r.merge_id = m.id
                GROUP BY m.id ORDER BY m.id",
            )
            .all()
            .await
            .unwrap();
        rows.into_iter().map(|(id, rows)| (id.as_u128() & 0xffff, rows)).collect::<Vec<_>>()
    };
    let expected = [
        (below.id, vec![(100, 2), (101, 2), (102, 2), (103, 2)]),
        (one.id, vec![(102, 2), (103, 2)]),
        (other.id, vec![(102, 2)]),
        (root.id, vec![]),
    ];
    for (project, records) in expected {
        purge_all(&mut tx, project, 1000).await;
        assert!(project::delete_row(&mut tx, project).await.unwrap());
        assert_eq!(left(&mut tx).await, records, "after {project}");
    }
}

async fn large_merge_goes_in_batches(db: Db) {
    family(&db).await;
    let mut tx = db.write().await.unwrap();
    for (number, resources) in [(100, 3), (101, 50), (102, 1), (103, 10)] {
        merge_record::insert(
            &mut tx,
            &record(number, 30, 99, resources),
            &merged(resources.unsigned_abs().into()),
        )
        .await
        .unwrap();
    }
    // 64 resources, 4 records, one member.
    assert_eq!(purge_all(&mut tx, id(30), 10).await, 69);
    let rows: (i64, i64) = tx
        .sql("SELECT (SELECT COUNT(*) FROM merges), (SELECT COUNT(*) FROM merge_resources)")
        .one()
        .await
        .unwrap();
    assert_eq!(rows, (0, 0));
}

async fn contents_go_with_the_tree(db: Db) {
    let mut tx = db.write().await.unwrap();
    let trees: [ProjectId; 2] = [id(10), id(11)];
    for root in trees {
        tree::insert(&mut tx, root, None).await.unwrap();
        for number in 0..25 {
            let hash = ContentHash([number; 32]);
            tx.sql("INSERT INTO contents (root_id, hash, encoding, size, data, touch_time) VALUES ($1, $2, 0, 1, $2, 1)")
                .bind(root.0)
                .bind(hash.0.as_slice())
                .execute()
                .await
                .unwrap();
            tx.sql("INSERT INTO content_parts (root_id, document_hash, part_hash) VALUES ($1, $2, $3)")
                .bind(root.0)
                .bind(hash.0.as_slice())
                .bind([number % 3].as_slice())
                .execute()
                .await
                .unwrap();
        }
    }
    let mut batches = Vec::new();
    loop {
        match purge::delete_contents_batch(&mut tx, trees[0], 20).await.unwrap() {
            0 => break,
            rows => batches.push(rows),
        }
    }
    assert_eq!(batches, [20, 20, 10]);
    for table in [
        "SELECT root_id, COUNT(*) FROM contents GROUP BY root_id",
        "SELECT root_id, COUNT(*) FROM content_parts GROUP BY root_id",
    ] {
        let left: Vec<(Uuid, i64)> = tx.sql(table).all().await.unwrap();
        assert_eq!(left, [(trees[1].0, 25)]);
    }
}
