//! People and their tokens, made straight in the store.

use std::fmt::Debug;

use sandbar_app::{Call, Credentials, World};
use sandbar_model::{
    ContentHash, PrincipalId, ProjectId, Role, Time,
    access::{Member, Principal, PrincipalKind, Scope, Token, TokenSecret},
};
use sandbar_store::{member, principal, token};

use super::Bench;

/// Somebody with a token.
#[derive(Clone, Debug)]
pub struct Person {
    /// Who.
    pub id: PrincipalId,
    /// What their calls come with.
    pub call: Call,
}

impl Person {
    /// A call with this request: the same request comes with the same digest.
    pub fn says(&self, request: &impl Debug) -> Call {
        Call { digest: ContentHash::of(format!("{request:?}").as_bytes()), ..self.call.clone() }
    }
}

impl Bench {
    /// A user with an unlimited token.
    pub async fn user(&self, name: &str) -> Person {
        self.person(name, PrincipalKind::User, false).await
    }

    /// Anybody, with an unlimited token.
    pub async fn person(&self, name: &str, kind: PrincipalKind, administrator: bool) -> Person {
        let id = PrincipalId(self.app.new_id());
        let email =
            if kind == PrincipalKind::ServiceAccount { String::new() } else { format!("{name}@example.org") };
        let record = Principal {
            id,
            kind,
            name: name.to_owned(),
            email,
            administrator,
            create_time: self.world.now(),
        };
        let mut tx = self.app.db.write().await.unwrap();
        principal::insert(&mut tx, &record).await.unwrap();
        tx.commit().await.unwrap();
        self.token(id, Scope::default(), None).await
    }

    /// Somebody with another token.
    pub async fn token(&self, principal: PrincipalId, scope: Scope, expire_time: Option<Time>) -> Person {
        self.any_token(principal, scope, expire_time, false).await
    }

    /// Somebody with a token that counts as made with a second factor.
    pub async fn strong(&self, person: &Person) -> Person {
        self.any_token(person.id, Scope::default(), None, true).await
    }

    async fn any_token(
        &self,
        principal: PrincipalId,
        scope: Scope,
        expire_time: Option<Time>,
        mfa: bool,
    ) -> Person {
        let secret = TokenSecret::from_random(self.world.random());
        let record = Token {
            id: self.app.new_id().into(),
            principal,
            name: "test".to_owned(),
            scope,
            mfa,
            create_time: self.world.now(),
            expire_time,
            revoke_time: None,
            last_use_time: None,
        };
        let mut tx = self.app.db.write().await.unwrap();
        token::insert(&mut tx, &record, &secret.hash()).await.unwrap();
        tx.commit().await.unwrap();
        let call = Call {
            credentials: Credentials::bearer(secret.expose()),
            address: "192.0.2.1".to_owned(),
            trace_id: "test".to_owned(),
            digest: ContentHash::of(b""),
            caller: std::sync::Arc::default(),
        };
        Person { id: principal, call }
    }

    /// Makes somebody a member.
    pub async fn join(&self, project: ProjectId, person: &Person, role: Role) {
        let mut tx = self.app.db.write().await.unwrap();
        member::put(&mut tx, project, &Member { principal: person.id, role }).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Ends a membership.
    pub async fn leave(&self, project: ProjectId, person: &Person) {
        let mut tx = self.app.db.write().await.unwrap();
        assert!(member::remove(&mut tx, project, person.id).await.unwrap());
        tx.commit().await.unwrap();
    }
}
