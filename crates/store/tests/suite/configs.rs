//! Configs are kept as every resource is: through forks, by name within their kind, with every digit.

use sandbar_model::{
    Collection, Config, Document, Kind, Project, ResourceId, claim::Claim, config::Reference, json,
    project::Fork,
};
use sandbar_store::{
    Db, Tx, claim,
    content::Contents,
    flatten, project, resource,
    view::{View, Views},
    write::{Outcome, Write, Writer},
};

use crate::{
    engine::cases,
    fixture::{self, NOW, id},
};

cases! {
    a_config_is_read_through_the_fork_with_every_digit
    names_are_unique_within_a_kind_and_a_kind_stands_together
    a_child_that_is_flattened_keeps_its_configs
}

const VALUE: &str = "{\"a\":[18446744073709551615,5e-324],\"z\":\"\\u0000\"}";

fn put(resource: ResourceId, kind: &str, name: &str, text: &str) -> Write {
    let config = Config {
        kind: kind.to_owned(),
        name: name.to_owned(),
        references: vec![Reference { kind: Kind::Workflow, id: id(77) }],
        value: json::parse(text).unwrap(),
    };
    Write { kind: Kind::Config, id: resource, document: Some(Document::Config(config)) }
}

async fn write(tx: &mut Tx, project: &mut Project, writes: Vec<Write>) -> Outcome {
    let view = Views::default().of(tx, &*project).await.unwrap();
    let by = project.creator;
    let counts = (project.workflow_count, project.collection_count);
    let outcome = Writer { project, view: &view, now: NOW, writer: by }.write(tx, writes).await.unwrap();
    assert_eq!((project.workflow_count, project.collection_count), counts, "configs are counted nowhere");
    project::set_head_and_counts(tx, project.id, project.head, 0, 0, NOW).await.unwrap();
    outcome
}

/// The text of a config's value, read from the database.
async fn value(tx: &mut Tx, view: &View, resource: ResourceId) -> Option<String> {
    let hash = resource::resolve(tx, view, Kind::Config, resource).await.unwrap()?.hash?;
    let document = Contents::default().document(tx, view.root, hash).await.unwrap();
    let Document::Config(config) = &*document else { panic!("{document:?}") };
    assert_eq!(config.references.len(), 1);
    Some(json::canonical(&config.value))
}

async fn names(tx: &mut Tx, view: &View) -> Vec<String> {
    let page = resource::page(tx, view, Kind::Config, "", 100).await.unwrap();
    page.rows.into_iter().map(|row| row.name).collect()
}

async fn a_config_is_read_through_the_fork_with_every_digit(db: Db) {
    let [mut root, ..] = fixture::family(&db).await;
    let mut tx = db.write().await.unwrap();
    let written = write(&mut tx, &mut root, vec![put(id(1), "journey", "a", VALUE)]).await.written;
    let mut sandbox = fixture::add_sandbox(&mut tx, 50, &root).await;
    let below = fixture::add_sandbox(&mut tx, 51, &sandbox).await;
    write(&mut tx, &mut root, vec![put(id(1), "journey", "a", "{}")]).await;
    let view = Views::default().of(&mut tx, &below).await.unwrap();
    assert_eq!(value(&mut tx, &view, id(1)).await.as_deref(), Some(VALUE));
    // The same in another form is the same.
    let again = put(id(1), "journey", "a", " {\"z\": \"\\u0000\", \"a\": [18446744073709551615, 5.0e-324]}");
    assert!(write(&mut tx, &mut sandbox, vec![again]).await.written.is_empty());
    write(&mut tx, &mut sandbox, vec![put(id(1), "journey", "a", "{\"b\":1}")]).await;
    assert_eq!(value(&mut tx, &view, id(1)).await.as_deref(), Some(VALUE), "below forked before");
    let unmerged = resource::unmerged(&mut tx, sandbox.id, 10).await.unwrap();
    assert_eq!(
        unmerged.iter().map(|u| (u.kind, u.id, u.base)).collect::<Vec<_>>(),
        [(Kind::Config, id(1), written[0].after)]
    );
}

async fn names_are_unique_within_a_kind_and_a_kind_stands_together(db: Db) {
    let [mut root, ..] = fixture::family(&db).await;
    let mut tx = db.write().await.unwrap();
    let collection = Document::Collection(Collection { name: "journey/a".to_owned() });
    let first = vec![
        put(id(1), "journey", "b", "{}"),
        put(id(2), "journey-part", "a", "{}"),
        put(id(3), "journey", "a", "{}"),
        put(id(4), "theme", "a", "{}"),
        // What another kind of resource is called is its own business.
        Write { kind: Kind::Collection, id: id(5), document: Some(collection) },
    ];
    let view = Views::default().of(&mut tx, &root).await.unwrap();
    let by = root.creator;
    let outcome =
        Writer { project: &mut root, view: &view, now: NOW, writer: by }.write(&mut tx, first).await.unwrap();
    assert_eq!((outcome.written.len(), outcome.clashes.len()), (5, 0));
    assert_eq!(names(&mut tx, &view).await, ["journey-part/a", "journey/a", "journey/b", "theme/a"]);
    let outcome = write(&mut tx, &mut root, vec![put(id(9), "journey", "b", "{}")]).await;
    assert_eq!(outcome.clashes[0].claim, Claim::Name(Kind::Config, "journey/b".to_owned()));
    let said = claim::taken(&outcome.clashes[0].claim).to_string();
    assert!(said.contains("\"journey/b\" is taken by another config"), "{said}");
    // A config may change its kind, which frees its name there.
    assert_eq!(write(&mut tx, &mut root, vec![put(id(1), "form", "b", "{}")]).await.written.len(), 1);
    assert_eq!(write(&mut tx, &mut root, vec![put(id(9), "journey", "b", "{}")]).await.written.len(), 1);
}

async fn a_child_that_is_flattened_keeps_its_configs(db: Db) {
    let [mut root, ..] = fixture::family(&db).await;
    let mut tx = db.write().await.unwrap();
    write(&mut tx, &mut root, vec![put(id(1), "journey", "a", VALUE), put(id(2), "journey", "b", "{}")])
        .await;
    let mut middle = fixture::add_sandbox(&mut tx, 50, &root).await;
    write(&mut tx, &mut middle, vec![put(id(2), "theme", "c", "{\"m\":1}")]).await;
    let child = fixture::add_sandbox(&mut tx, 51, &middle).await;
    let view = Views::default().of(&mut tx, &middle).await.unwrap();
    let above = View { root: view.root, levels: view.inherited().to_vec() };
    flatten::flatten(&mut tx, &middle, &child, &above).await.unwrap();
    project::move_up(&mut tx, &child, Fork { parent: root.id, ..middle.fork.unwrap() }, 1, NOW)
        .await
        .unwrap();
    let child = project::get(&mut tx, child.id).await.unwrap().unwrap();
    let view = Views::default().of(&mut tx, &child).await.unwrap();
    assert_eq!(view.levels.len(), 2);
    assert_eq!(names(&mut tx, &view).await, ["journey/a", "theme/c"]);
    assert_eq!(value(&mut tx, &view, id(1)).await.as_deref(), Some(VALUE));
    assert_eq!(value(&mut tx, &view, id(2)).await.as_deref(), Some("{\"m\":1}"));
}
