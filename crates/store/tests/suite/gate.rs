//! What every call begins with.

use sandbar_model::{
    ContentHash, Error, Kind, Project, ProjectId, Revision, Role,
    access::{Member, Scope, Token, TokenHash},
    project::ProjectRef,
};
use sandbar_store::{
    Db, Tx,
    gate::{self, Bearer, Question, Reading},
    member, project,
    resource::Found,
    token,
};

use crate::{
    engine::cases,
    fixture::{NOW, add_user, family, id, user},
};

cases! { unknown_token_is_nobody tells_token_principal_project_and_roles project_may_be_left_out head_is_the_projects_own }

const HASH: TokenHash = TokenHash([7; 32]);

/// User 2 is viewer of the root, admin of sandbox 20, and has a token limited to the root.
async fn guest(db: &Db) -> ([Project; 4], Token) {
    let projects = family(db).await;
    let mut tx = db.write().await.unwrap();
    add_user(&mut tx, 2).await;
    for (project, role) in [(10, Role::Viewer), (20, Role::Admin)] {
        member::put(&mut tx, id(project), &Member { principal: id(2), role }).await.unwrap();
    }
    let token = Token {
        id: id(100),
        principal: id(2),
        name: "laptop".to_owned(),
        scope: Scope { project: Some(id(10)), max_role: Some(Role::Editor) },
        create_time: NOW,
        expire_time: Some(NOW.plus(10)),
        revoke_time: Some(NOW.plus(5)),
        last_use_time: Some(NOW.plus(1)),
        mfa: true,
    };
    token::insert(&mut tx, &token, &HASH).await.unwrap();
    tx.commit().await.unwrap();
    (projects, token)
}

/// What the gate tells of who bears this token.
fn bearer(token: &Token) -> Bearer {
    let Token { id, principal, scope, expire_time, revoke_time, last_use_time, mfa, .. } = *token;
    Bearer { token: id, principal, scope, expire_time, revoke_time, last_use_time, mfa }
}

async fn unknown_token_is_nobody(db: Db) {
    guest(&db).await;
    let mut tx = db.connection().await.unwrap();
    let stranger = TokenHash([8; 32]);
    assert_eq!(gate::enter(&mut tx, &stranger, Some(id(10))).await.unwrap(), None);
    let found = gate::enter_to_read(&mut tx, &[question(stranger, 10, Kind::Workflow, 500)]).await.unwrap();
    assert_eq!(found, [None]);
}

async fn tells_token_principal_project_and_roles(db: Db) {
    let ([root, one, other, _], token) = guest(&db).await;
    let mut tx = db.write().await.unwrap();
    project::schedule(&mut tx, &[other.id], NOW, NOW.plus(1), NOW).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = db.connection().await.unwrap();
    let scheduled = project::get(&mut tx, other.id).await.unwrap().unwrap();
    assert!(scheduled.scheduled.is_some());
    let wanted: [(Project, Option<Role>, Option<Role>); 3] = [
        (root, Some(Role::Viewer), Some(Role::Viewer)),
        (one, Some(Role::Admin), Some(Role::Viewer)),
        (scheduled, None, Some(Role::Viewer)),
    ];
    for (project, role, root_role) in wanted {
        let entry = gate::enter(&mut tx, &HASH, Some(project.id)).await.unwrap().unwrap();
        assert_eq!(entry.bearer, bearer(&token));
        assert_eq!((entry.kind, entry.administrator), (user(2).kind, user(2).administrator));
        assert_eq!(entry.project, Some(project));
        assert_eq!((entry.role, entry.root_role), (role, root_role));
    }
}

async fn project_may_be_left_out(db: Db) {
    let (_, token) = guest(&db).await;
    let mut tx = db.connection().await.unwrap();
    let missing: ProjectId = id(999);
    for project in [None, Some(missing)] {
        let entry = gate::enter(&mut tx, &HASH, project).await.unwrap().unwrap();
        assert_eq!(entry.bearer, bearer(&token));
        assert_eq!((entry.project, entry.role, entry.root_role), (None, None, None));
    }
}

async fn put_head(tx: &mut Tx, project: u128, resource: u128, content: &[u8]) {
    tx.sql(
        "INSERT INTO heads (project_id, kind, id, first_seq, seq, content_hash, write_time, writer_id)
        VALUES ($1, $2, $3, 3, 4, $4, $5, $6)",
    )
    .bind(id::<ProjectId>(project).0)
    .bind(Kind::Workflow as i64)
    .bind(id::<ProjectId>(resource).0)
    .bind(content)
    .bind(NOW.0)
    .bind(user(1).id.0)
    .execute()
    .await
    .unwrap();
}

async fn head_is_the_projects_own(db: Db) {
    guest(&db).await;
    let mut tx = db.write().await.unwrap();
    put_head(&mut tx, 20, 500, &[9; 32]).await;
    put_head(&mut tx, 20, 501, &[]).await;
    put_head(&mut tx, 10, 502, &[9; 32]).await;
    tx.commit().await.unwrap();
    let mut tx = db.connection().await.unwrap();
    let there = |hash| Some(Found { level: 0, revision: Revision(4), hash, write_time: NOW, writer: id(1) });
    let wanted = [(500, there(Some(ContentHash([9; 32])))), (501, there(None)), (502, None)];
    let whole = gate::enter(&mut tx, &HASH, Some(id(20))).await.unwrap().unwrap();
    let project = whole.project.as_ref().map(ProjectRef::from);
    let there = |head| Some(Reading { bearer: whole.bearer, project, role: whole.role, head });
    let nowhere = Some(Reading { bearer: whole.bearer, project: None, role: None, head: None });
    let mut questions: Vec<_> =
        wanted.map(|(resource, _)| question(HASH, 20, Kind::Workflow, resource)).into();
    let mut answers: Vec<_> = wanted.map(|(_, head)| there(head)).into();
    questions.push(question(HASH, 20, Kind::Collection, 500));
    answers.push(there(None));
    questions.push(question(HASH, 999, Kind::Workflow, 500));
    answers.push(nowhere);
    questions.push(question(TokenHash([8; 32]), 20, Kind::Workflow, 500));
    answers.push(None);
    // Each by itself, and all in one, in any order and as often as they like.
    for (question, answer) in questions.iter().zip(&answers) {
        assert_eq!(gate::enter_to_read(&mut tx, &[*question]).await.unwrap(), [*answer]);
    }
    for turn in 0..questions.len() {
        let all: Vec<_> =
            questions.iter().cycle().skip(turn).take(2 * questions.len() + 1).copied().collect();
        let wanted: Vec<_> = answers.iter().cycle().skip(turn).take(2 * answers.len() + 1).copied().collect();
        assert_eq!(gate::enter_to_read(&mut tx, &all).await.unwrap(), wanted);
    }
    assert_eq!(gate::enter_to_read(&mut tx, &[]).await.unwrap(), []);
    let many = vec![questions[0]; gate::MOST_QUESTIONS + 1];
    assert_eq!(gate::enter_to_read(&mut tx, &many[1..]).await.unwrap().len(), gate::MOST_QUESTIONS);
    assert!(matches!(gate::enter_to_read(&mut tx, &many).await, Err(Error::Bug(_))));
}

fn question(hash: TokenHash, project: u128, kind: Kind, resource: u128) -> Question {
    Question { hash, project: id(project), kind, id: id(resource) }
}
