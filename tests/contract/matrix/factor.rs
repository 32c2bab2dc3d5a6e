//! The same calls on projects that require a second factor, by callers who have none: every one of them is refused to whoever
//! belongs to the project, but for those that are named here.

use std::fmt::Write;

use serde_json::json;

use super::{
    cell,
    stage::{Stage, WITHOUT, text},
    table::TABLE,
};

/// What is not refused, and why.
const NOT_REFUSED: &[&str] = &[
    // Needs none anywhere.
    "ProjectsService/RestoreProject",
    "SandboxesService/RestoreSandbox",
    // Nothing that a role in the project gives.
    "ProjectsService/UpdateSubscription",
    // One's own token.
    "AccessService/RotateToken",
    "AccessService/RevokeToken",
    // Seen from its other side, which requires none.
    "MergeService/GetMerge",
    "MergeService/GetMergeChanges",
];

pub(super) async fn compare_all(stage: &Stage, wrong: &mut String) {
    let places = &stage.places[..2];
    let administrator = stage.callers.last().unwrap().1.clone().unwrap();
    let owner = stage.does(&places[0].owner, "AccessService/WhoAmI", json!({})).await;
    let strong = json!({"principal_id": text(&owner["principal"]["id"]), "mfa": true});
    let strong = stage.token_of(&administrator, strong).await.0;
    let settings = json!({"settings": {"requires_mfa": true}});
    let mask = "settings.requiresMfa";
    let root = json!({"project_id": places[0].project, "project": settings, "update_mask": mask});
    stage.does(&strong, "ProjectsService/UpdateProject", root).await;
    let sandbox = json!({"sandbox_id": places[1].project, "sandbox": settings, "update_mask": mask});
    stage.does(&strong, "SandboxesService/UpdateSandbox", sandbox).await;
    for (method, rows) in TABLE.iter().filter(|(method, _)| !NOT_REFUSED.contains(method)) {
        for (place, row) in places.iter().zip(rows) {
            // What the service's administrator sees is nothing of the project's.
            let expected = format!("{WITHOUT}ffff.f{}", row.chars().last().unwrap());
            let mut given = String::new();
            for (_, token) in &stage.callers {
                given.push(cell(stage, method, Some(place), token.as_deref()).await.unwrap_or('?'));
            }
            if given != expected {
                let _ = writeln!(
                    wrong,
                    "{method} on {} that requires a second factor: {given:?} in place of {expected:?}",
                    place.name
                );
            }
        }
    }
}
