//! Who may make, list and end which tokens, and that an ended one is refused at once.

use sandbar_app::access::{self, CreateToken, ListTokens, RevokeToken};
use sandbar_model::{
    Error, PrincipalId, ProjectId, Result, Role, TokenId,
    access::{PrincipalKind, Scope, Token},
    time::{DAY, HOUR, MINUTE},
};
use uuid::Uuid;

use super::{new_token, scope};
use crate::harness::{Bench, Person, START, cases, refused};

cases! {
    others_tokens_need_an_administrator_or_a_project
    an_ended_token_is_refused_at_once
    who_may_revoke_what
    a_limited_token_tells_of_no_other_project
    tokens_are_listed_oldest_first
    a_token_for_a_scheduled_project_is_refused
    use_is_noted_about_once_a_minute
}

async fn revoke(bench: &Bench, by: &Person, token: TokenId) -> Result<Token> {
    let request = RevokeToken { token, etag: String::new(), request_id: String::new() };
    access::revoke_token(&bench.app, &by.call, &request).await
}

async fn own(bench: &Bench, person: &Person) -> TokenId {
    access::who_am_i(&bench.app, &person.call).await.unwrap().token.id
}

async fn list(bench: &Bench, by: &Person, project: Option<ProjectId>) -> Result<Vec<TokenId>> {
    let request = ListTokens { project, page_size: 0, page_token: String::new() };
    let page = access::list_tokens(&bench.app, &by.call, &request).await?;
    Ok(page.rows.into_iter().map(|token| token.id).collect())
}

async fn others_tokens_need_an_administrator_or_a_project(bench: Bench) {
    let (owner, editor) = (bench.user("owner").await, bench.user("editor").await);
    let (account, operator) = (bench.account("ci").await, bench.operator().await);
    let root = bench.root(&owner, "root").await;
    bench.join(root, &editor, Role::Editor).await;
    let wanted = |principal: PrincipalId, project| CreateToken {
        principal: Some(principal),
        project,
        ..new_token("t")
    };
    let nobody = PrincipalId(Uuid::from_u128(1));
    let no_project = ProjectId(Uuid::from_u128(1));
    refused!(bench.make_token(&owner, &wanted(account.id, None)).await, Error::AdministratorRequired);
    refused!(bench.make_token(&owner, &wanted(editor.id, None)).await, Error::AdministratorRequired);
    refused!(bench.make_token(&owner, &wanted(editor.id, Some(root))).await, Error::AdministratorRequired);
    refused!(
        bench.make_token(&editor, &wanted(account.id, Some(root))).await,
        Error::PermissionDenied { .. }
    );
    refused!(bench.make_token(&owner, &wanted(nobody, Some(root))).await, Error::PrincipalNotFound { id } if id == nobody);
    refused!(
        bench.make_token(&owner, &wanted(account.id, Some(no_project))).await,
        Error::ProjectNotFound { .. }
    );
    refused!(bench.make_token(&operator, &wanted(nobody, None)).await, Error::PrincipalNotFound { .. });
    refused!(
        bench.make_token(&operator, &wanted(owner.id, Some(no_project))).await,
        Error::ProjectNotFound { .. }
    );
    let own_elsewhere = CreateToken { project: Some(root), ..new_token("t") };
    refused!(bench.make_token(&account, &own_elsewhere).await, Error::ProjectNotFound { .. });
    bench.make_token(&owner, &wanted(account.id, Some(root))).await.unwrap();
    let made = bench.make_token(&operator, &wanted(owner.id, None)).await.unwrap();
    let as_owner = access::who_am_i(&bench.app, &Bench::bearer(&made, &owner).call).await.unwrap();
    assert_eq!(as_owner.principal.id, owner.id);
    let lowered = bench.token(operator.id, scope(None, Role::Admin), None).await;
    refused!(bench.make_token(&lowered, &wanted(owner.id, None)).await, Error::AdministratorRequired);
}

async fn an_ended_token_is_refused_at_once(bench: Bench) {
    let owner = bench.user("owner").await;
    let root = bench.root(&owner, "root").await;
    // Another server of the same service, which has seen the token before.
    let other = bench.limited(bench.app.limits);
    for ends_by_time in [true, false] {
        let end = bench.app.now().plus(HOUR);
        let bearer = bench.token(owner.id, Scope::default(), Some(end)).await;
        for server in [&bench, &other] {
            access::who_am_i(&server.app, &bearer.call).await.unwrap();
        }
        if ends_by_time {
            bench.world.pass(HOUR);
        } else {
            let revoked = revoke(&bench, &owner, own(&bench, &bearer).await).await.unwrap();
            assert_eq!(revoked.revoke_time, Some(bench.app.now()));
        }
        for server in [&bench, &other] {
            refused!(access::who_am_i(&server.app, &bearer.call).await, Error::TokenInvalid);
            refused!(list(server, &bearer, Some(root)).await, Error::TokenInvalid);
            refused!(server.make_token(&bearer, &new_token("t")).await, Error::TokenInvalid);
        }
    }
}

async fn who_may_revoke_what(bench: Bench) {
    let (owner, admin, editor) =
        (bench.user("owner").await, bench.user("admin").await, bench.user("editor").await);
    let (stranger, operator) = (bench.user("stranger").await, bench.operator().await);
    let root = bench.root(&owner, "root").await;
    bench.join(root, &admin, Role::Admin).await;
    bench.join(root, &editor, Role::Editor).await;
    let sandbox = bench.sandbox(&owner, root, "sandbox").await;
    let limited_to = |project, role| bench.token(owner.id, scope(project, role), None);
    let anywhere = limited_to(None, None).await;
    let (here, below) = (limited_to(Some(root), None).await, limited_to(Some(sandbox), None).await);
    let viewer = limited_to(None, Some(Role::Viewer)).await;
    // Who, which, whether.
    for (by, of, may) in [
        (&stranger, &anywhere, false),
        (&stranger, &here, false),
        (&editor, &here, false),
        (&admin, &anywhere, false),
        (&admin, &here, true),
        (&here, &anywhere, false),
        (&below, &here, false),
        (&here, &below, true),
        (&viewer, &anywhere, false),
        (&viewer, &here, false),
        (&viewer, &viewer, true),
        (&below, &below, true),
        (&owner, &anywhere, true),
        (&operator, &anywhere, true),
    ] {
        let (by_again, of_again) = (bench.token_like(by).await, bench.token_like(of).await);
        // One's own token is that very one.
        let by = if std::ptr::eq(by, of) { &of_again } else { &by_again };
        let token = own(&bench, &of_again).await;
        let done = revoke(&bench, by, token).await;
        match done {
            Ok(token) => assert!(may && token.revoke_time.is_some(), "{token:?}"),
            Err(Error::TokenNotFound { id }) => assert!(!may && id == token, "{id} {may}"),
            Err(error) => panic!("{error:?}"),
        }
    }
    let nowhere = TokenId(Uuid::from_u128(1));
    refused!(revoke(&bench, &operator, nowhere).await, Error::TokenNotFound { id } if id == nowhere);
}

impl Bench {
    /// Another token of the same principal with the same limits.
    async fn token_like(&self, person: &Person) -> Person {
        let identity = access::who_am_i(&self.app, &person.call).await.unwrap();
        self.token(person.id, identity.token.scope, None).await
    }
}

async fn a_limited_token_tells_of_no_other_project(bench: Bench) {
    let (owner, viewer) = (bench.user("owner").await, bench.user("viewer").await);
    let (root, other) = (bench.root(&owner, "root").await, bench.root(&owner, "other").await);
    bench.join(root, &viewer, Role::Viewer).await;
    let limited = bench.token(owner.id, scope(root, None), None).await;
    let elsewhere = bench.token(owner.id, scope(other, None), None).await;
    refused!(list(&bench, &limited, None).await, Error::TokenLimited);
    refused!(list(&bench, &limited, Some(other)).await, Error::ProjectNotFound { .. });
    refused!(list(&bench, &viewer, Some(root)).await, Error::PermissionDenied { .. });
    assert_eq!(list(&bench, &limited, Some(root)).await.unwrap(), [own(&bench, &limited).await]);
    let mut all = [own(&bench, &owner).await, own(&bench, &limited).await, own(&bench, &elsewhere).await];
    // Made in one millisecond, so that their ids tell no order.
    all.sort_unstable();
    assert_eq!(list(&bench, &owner, None).await.unwrap(), all);
}

async fn tokens_are_listed_oldest_first(bench: Bench) {
    let owner = bench.user("owner").await;
    let mut made = vec![own(&bench, &owner).await];
    for _ in 0..4 {
        bench.world.pass(MINUTE);
        made.push(bench.make_token(&owner, &new_token("t")).await.unwrap().token.id);
    }
    revoke(&bench, &owner, made[2]).await.unwrap();
    let (mut seen, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListTokens { project: None, page_size: 2, page_token };
        let page = access::list_tokens(&bench.app, &owner.call, &request).await.unwrap();
        seen.extend(page.rows);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen.iter().map(|token| token.id).collect::<Vec<_>>(), made);
    let revoked: Vec<_> = seen.iter().map(|token| token.revoke_time.is_some()).collect();
    assert_eq!(revoked, [false, false, true, false, false]);
    let root = bench.root(&owner, "root").await;
    let request = ListTokens { project: None, page_size: 2, page_token: String::new() };
    let page_token = access::list_tokens(&bench.app, &owner.call, &request).await.unwrap().next_page_token;
    let elsewhere = ListTokens { project: Some(root), page_size: 2, page_token };
    refused!(access::list_tokens(&bench.app, &owner.call, &elsewhere).await, Error::InvalidPageToken);
}

async fn a_token_for_a_scheduled_project_is_refused(bench: Bench) {
    let (owner, operator) = (bench.user("owner").await, bench.operator().await);
    let root = bench.root(&owner, "root").await;
    let before = bench.token(owner.id, scope(root, None), None).await;
    let before = own(&bench, &before).await;
    let delete = sandbar_app::projects::DeleteProject {
        project: root,
        etag: String::new(),
        request_id: String::new(),
    };
    sandbar_app::projects::delete(&bench.app, &owner.call, &delete).await.unwrap();
    for by in [&owner, &operator] {
        let request = CreateToken { project: Some(root), ..new_token("t") };
        refused!(bench.make_token(by, &request).await, Error::ProjectScheduled { .. });
    }
    // It can come back, so its tokens can be stopped.
    assert!(revoke(&bench, &owner, before).await.unwrap().revoke_time.is_some());
}

async fn use_is_noted_about_once_a_minute(bench: Bench) {
    let user = bench.person("user", PrincipalKind::User, false).await;
    let noted = async || access::who_am_i(&bench.app, &user.call).await.unwrap().token.last_use_time;
    assert_eq!(noted().await, None);
    bench.app.note_token_uses().await.unwrap();
    assert_eq!(noted().await, Some(START));
    bench.world.pass(MINUTE - 1);
    noted().await;
    bench.app.note_token_uses().await.unwrap();
    assert_eq!(noted().await, Some(START));
    bench.world.pass(DAY);
    noted().await;
    bench.app.note_token_uses().await.unwrap();
    assert_eq!(noted().await, Some(START.plus(MINUTE - 1 + DAY)));
}
