//! What principals, tokens and members promise, on both engines.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "all of this is tests, also what clippy does not take for one"
)]

#[path = "../harness/mod.rs"]
mod harness;

mod bootstrap;
mod etags;
mod floor;
mod members;
mod mfa;
mod narrowing;
mod principals;
mod reading;
mod rotation;
mod secrecy;
mod sign_in;
mod tokens;
mod transfer;

use sandbar_app::access::{self, CreateToken, CreatedToken};
use sandbar_model::{
    PrincipalId, ProjectId, Result, Role,
    access::{PrincipalKind, Scope},
};

use harness::{Bench, Person};

/// A request for one's own unlimited token, to be changed.
fn new_token(name: &str) -> CreateToken {
    CreateToken {
        principal: None,
        name: name.to_owned(),
        project: None,
        max_role: None,
        ttl: None,
        mfa: None,
        request_id: String::new(),
    }
}

/// What somebody is limited to.
fn scope(project: impl Into<Option<ProjectId>>, max_role: impl Into<Option<Role>>) -> Scope {
    Scope { project: project.into(), max_role: max_role.into() }
}

impl Bench {
    /// A service administrator.
    async fn operator(&self) -> Person {
        self.person("operator", PrincipalKind::User, true).await
    }

    /// A service account.
    async fn account(&self, name: &str) -> Person {
        self.person(name, PrincipalKind::ServiceAccount, false).await
    }

    async fn make_token(&self, by: &Person, request: &CreateToken) -> Result<CreatedToken> {
        access::create_token(&self.app, &by.says(request), request).await
    }

    /// Somebody with a token that was just made.
    fn bearer(made: &CreatedToken, like: &Person) -> Person {
        let secret = made.secret.as_ref().unwrap();
        let credentials = sandbar_app::Credentials::bearer(secret.expose());
        let id: PrincipalId = made.token.principal;
        Person { id, call: sandbar_app::Call { credentials, ..like.call.clone() } }
    }
}
