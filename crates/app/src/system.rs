//! What happens without a caller: at the operator's console, and by the worker.

use sandbar_model::{PrincipalId, Project, Result, TokenId};
use sandbar_store::{
    Tx,
    audit::{self, Event},
};
use uuid::Uuid;

use crate::World;

/// Who stands in the audit trail for what nobody called for. There is no principal of this id, so nobody can be it.
pub const SYSTEM: PrincipalId = PrincipalId(Uuid::nil());

/// Writes down what happened, in the transaction in which it does.
pub(crate) async fn note(
    tx: &mut Tx,
    world: &dyn World,
    action: &'static str,
    project: Option<&Project>,
    detail: &serde_json::Value,
) -> Result<()> {
    let event = Event {
        id: world.new_id(),
        root: project.map(|project| project.root),
        project: project.map(|project| project.id),
        time: world.now(),
        principal: SYSTEM,
        token: TokenId(Uuid::nil()),
        request_id: String::new(),
        action,
        detail: serde_json::json!({ "what": detail }).to_string(),
    };
    audit::insert(tx, &event).await
}
