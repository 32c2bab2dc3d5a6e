//! What the operations on configs promise, on both engines, beyond what scenarios show from outside.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "all of this is tests, also what clippy does not take for one"
)]

#[path = "../harness/mod.rs"]
mod harness;

mod last;
mod write;

use sandbar_app::{
    Etag,
    configs::{self, DeleteConfig, GetConfig, ListConfigs, PutConfig, Which},
    view::ConfigView,
};
use sandbar_model::{Config, Kind, ProjectId, ResourceId, Result, Revision, config::Reference};
use serde_json::Value;

use harness::{Bench, Person};

fn config(name: &str, value: Value) -> Config {
    Config { kind: "journey".to_owned(), name: name.to_owned(), references: Vec::new(), value }
}

fn referring(name: &str, to: &[(Kind, ResourceId)]) -> Config {
    let references = to.iter().map(|(kind, id)| Reference { kind: *kind, id: *id }).collect();
    Config { references, ..config(name, serde_json::json!({})) }
}

impl Bench {
    async fn write(
        &self,
        by: &Person,
        project: ProjectId,
        id: ResourceId,
        config: Config,
    ) -> Result<ConfigView> {
        self.write_over(by, project, id, config, Etag::Any).await
    }

    async fn write_over(
        &self,
        by: &Person,
        project: ProjectId,
        id: ResourceId,
        config: Config,
        etag: Etag,
    ) -> Result<ConfigView> {
        let request =
            PutConfig { project, id, config, etag, request_id: String::new(), validate_only: false };
        configs::put(&self.app, &by.call, &request).await
    }

    async fn remove(&self, by: &Person, project: ProjectId, id: ResourceId) -> Result<Revision> {
        let request = DeleteConfig { project, id, etag: Etag::Any, request_id: String::new() };
        configs::delete(&self.app, &by.call, &request).await
    }

    /// As it is now, or was at a revision; read from the database.
    async fn read(
        &self,
        by: &Person,
        project: ProjectId,
        id: ResourceId,
        revision: Option<Revision>,
    ) -> Result<Value> {
        self.app.forget();
        let request = GetConfig { project, which: Which::Id(id), revision };
        Ok(configs::get(&self.app, &by.call, &request).await?.config.value)
    }

    /// What a list of all kinds names.
    async fn listed(&self, by: &Person, project: ProjectId) -> Vec<String> {
        let request = ListConfigs { project, kind: String::new(), page_size: 0, page_token: String::new() };
        let page = configs::list(&self.app, &by.call, &request).await.unwrap();
        page.rows.into_iter().map(|row| format!("{}/{}", row.kind, row.name)).collect()
    }
}
