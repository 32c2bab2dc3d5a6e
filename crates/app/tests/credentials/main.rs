//! What the operations on credentials promise, on both engines, beyond what scenarios show from outside.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "all of this is tests, also what clippy does not take for one"
)]

#[path = "../harness/mod.rs"]
mod harness;

mod canary;
mod keys;
mod race;
mod tamper;

use sandbar_app::{
    Etag,
    credentials::{
        self, CreateCredential, CredentialView, DeleteCredential, LinkCredential, LinkView, SetValues,
    },
};
use sandbar_model::{CredentialId, ProjectId, Result, credential::Values};

use harness::{Bench, Person};

/// What is secret in these tests.
const SECRET: &str = "{\"password\":\"canary-7f3a9\"}";

fn values(text: &str) -> Values {
    Values::parse(text.into()).unwrap()
}

impl Bench {
    async fn credential(&self, owner: &Person, name: &str) -> CredentialId {
        let request = CreateCredential {
            id: None,
            name: name.to_owned(),
            schema: "raw".to_owned(),
            external_id: String::new(),
            request_id: String::new(),
        };
        credentials::create(&self.app, &owner.call, &request).await.unwrap().credential.id
    }

    async fn set(
        &self,
        by: &Person,
        id: CredentialId,
        environment: &str,
        text: &str,
    ) -> Result<CredentialView> {
        let request = SetValues {
            id,
            environment: environment.to_owned(),
            values: values(text),
            etag: String::new(),
            request_id: String::new(),
        };
        credentials::set_values(&self.app, &by.call, &request).await
    }

    async fn link(&self, by: &Person, project: ProjectId, credential: CredentialId) -> Result<LinkView> {
        let request =
            LinkCredential { project, credential, link: None, etag: Etag::Any, request_id: String::new() };
        credentials::link(&self.app, &by.call, &request).await
    }

    async fn delete(&self, by: &Person, id: CredentialId) -> Result<()> {
        let request = DeleteCredential { id, etag: String::new(), force: false, request_id: String::new() };
        credentials::delete(&self.app, &by.call, &request).await
    }

    /// Which credentials do not open.
    async fn damaged(&self) -> Vec<CredentialId> {
        credentials::verify(&self.app, None, 1000).await.unwrap().damaged
    }

    /// Changes the database by hand.
    async fn by_hand(&self, statement: &str) -> u64 {
        let mut tx = self.app.db.write().await.unwrap();
        let changed = tx.sql(statement.to_owned().leak()).execute().await.unwrap();
        tx.commit().await.unwrap();
        changed
    }
}
