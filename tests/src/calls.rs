//! What nearly every test does with a server.

use std::path::Path;

use sandbar_client::{
    Client, Code, Error, Reason, Refusal,
    v1::{CreatePrincipalRequest, CreateTokenRequest, ImportHeader, Principal, PrincipalKind},
};

use crate::Server;

/// Somebody with a token.
#[derive(Clone, Debug)]
pub struct User {
    /// The principal's id.
    pub id: String,
    /// Name of the principal.
    pub name: String,
    /// The token.
    pub token: String,
    /// A client with that token.
    pub client: Client,
}

impl Server {
    /// Makes a user and gives a client with a token of theirs.
    pub async fn user(&self, name: &str) -> Client {
        self.principal(name, PrincipalKind::User).await.client
    }

    /// Makes somebody of any kind, with a token.
    pub async fn principal(&self, name: &str, kind: PrincipalKind) -> User {
        let principal = Principal { kind: kind.into(), name: name.to_owned(), ..Principal::default() };
        self.somebody(principal).await
    }

    /// Makes them as they are given, with a token.
    pub async fn somebody(&self, principal: Principal) -> User {
        let (admin, name) = (self.admin(), principal.name.clone());
        let request = CreatePrincipalRequest { principal: Some(principal), ..Default::default() };
        let id = admin.access().create_principal(request).await.unwrap().principal.unwrap().id;
        let request =
            CreateTokenRequest { principal_id: id.clone(), name: "test".into(), ..Default::default() };
        let token = admin.access().create_token(request).await.unwrap().secret;
        User { id, name, client: self.client(&token), token }
    }
}

/// Imports a project state file as a new root, and gives its id.
pub async fn import(client: &Client, path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    let file =
        tokio::fs::File::open(path).await.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let answer = client.projects().import_project(ImportHeader::default(), file, |_| {}).await;
    answer.unwrap_or_else(|error| panic!("{}: {error}", path.display())).project.unwrap().id
}

/// Checks that a call was refused with this reason and code, and gives what the server said.
pub fn expect_refusal<T: std::fmt::Debug>(result: Result<T, Error>, reason: Reason, code: Code) -> Refusal {
    let error = result.expect_err("it must be refused");
    assert_eq!((error.reason(), error.code()), (Some(reason), Some(code)), "{error}");
    error.refusal().unwrap_or_else(|| panic!("not refused by the server: {error}")).clone()
}
