//! What happens without a caller: at the operator's console, and by the worker.

use sandbar_model::{PrincipalId, Project, Result, TokenId};
use sandbar_store::{
    Tx,
    audit::{self, Event, Subject},
};
use uuid::Uuid;

use crate::World;

/// Who stands in the audit trail for what nobody called for. There is no principal of this id, so nobody can be it.
pub const SYSTEM: PrincipalId = PrincipalId(Uuid::nil());

/// Writes down what happened, in the transaction in which it does; to be called last in it.
pub(crate) async fn note(
    tx: &mut Tx,
    world: &dyn World,
    action: &'static str,
    (project, subject): (Option<&Project>, Option<(&'static str, Uuid)>),
    detail: &serde_json::Value,
) -> Result<()> {
    let event = Event {
        id: world.new_id(),
        root: project.map(|project| project.root),
        project: project.map(|project| project.id),
        time: world.now(),
        principal: SYSTEM,
        token: TokenId(Uuid::nil()),
        address: String::new(),
        request_id: String::new(),
        action: action.to_owned(),
        subject: subject.map(|(kind, id)| Subject { kind: kind.to_owned(), id }),
        detail: detail.to_string(),
    };
    audit::append(tx, &event).await?;
    Ok(())
}
