//! Listing configs by kind and name, without their values.

use sandbar_model::{Kind, ProjectId, Result, Violations, config, policy::Action};
use sandbar_store::resource;

use crate::{
    App, Call,
    view::{ConfigSummary, Page, stamp},
};

/// Asks for a page of configs.
#[derive(Clone, Debug)]
pub struct ListConfigs {
    /// Where.
    pub project: ProjectId,
    /// Only those of this kind; empty: all.
    pub kind: String,
    /// At most this many; 0: 50.
    pub page_size: i32,
    /// From the page before; empty: the first.
    pub page_token: String,
}

/// Lists a project's configs by kind and name. Costs what the page holds, not what the project holds.
///
/// # Errors
/// The gate's; [`sandbar_model::Error::InvalidPageToken`]; [`sandbar_model::Error::InvalidFields`] for what is no kind.
pub async fn list(app: &App, call: &Call, request: &ListConfigs) -> Result<Page<ConfigSummary>> {
    let mut tx = app.db.read().await?;
    let entry = app.enter(&mut tx, call, request.project, Action::See).await?;
    // A kind's configs are next to each other in the order of `kind/name`.
    let prefix = prefix(&request.kind)?;
    let seal = format!("configs {} {}", request.project, request.kind);
    let (after, limit) = (app.sealer.cursor(&seal, &request.page_token)?, app.page_size(request.page_size)?);
    let start = if after.is_empty() { &prefix } else { &after };
    let view = app.views.of(&mut tx, &entry.project).await?;
    // One more than fits tells whether there is a next page of this kind.
    let mut listed = resource::page(&mut tx, &view, Kind::Config, start, limit.saturating_add(1)).await?.rows;
    listed.retain(|row| row.name.starts_with(&prefix));
    let is_last = listed.len() <= limit;
    listed.truncate(limit);
    let next = listed.last().filter(|_| !is_last).map(|row| app.sealer.page(&seal, &row.name));
    let ids: Vec<_> = listed.iter().map(|row| row.id).collect();
    let found = resource::resolve_many(&mut tx, &view, Kind::Config, ids).await?;
    let names = app.names(&mut tx, found.values().map(|found| found.writer).collect()).await?;
    let rows = listed.into_iter().filter_map(|row| {
        let found = found.get(&row.id)?;
        let (kind, name) = config::parts(&row.name);
        Some(ConfigSummary {
            id: row.id,
            kind: kind.to_owned(),
            name: name.to_owned(),
            revision: found.revision,
            hash: found.hash?,
            updated: stamp(&names, found.write_time, found.writer),
        })
    });
    Ok(Page { rows: rows.collect(), next_page_token: next.unwrap_or_default() })
}

/// What the keys of a kind's configs begin with.
fn prefix(kind: &str) -> Result<String> {
    if kind.is_empty() {
        return Ok(String::new());
    }
    let mut found = Violations::default();
    config::check_kind(&mut found, "kind".to_owned(), kind);
    found.into_result().map(|()| config::key(kind, ""))
}
