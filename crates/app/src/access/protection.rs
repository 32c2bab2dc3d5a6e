//! Whom a tree protects (1-domain §6): the owner of each project, and in every sandbox the admins of what lies above it.

use std::collections::HashMap;

use sandbar_model::{Error, PrincipalId, Project, ProjectId, Result, Role};
use sandbar_store::{Tx, member, project};

/// A member's place as it is and as it shall be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Move {
    /// Who.
    pub(super) principal: PrincipalId,
    /// None: no member yet.
    pub(super) from: Option<Role>,
    /// None: a member no more.
    pub(super) to: Option<Role>,
}

impl Move {
    /// Refuses what would leave a project without its owner, or take from an admin of an ancestor what they are in the
    /// sandbox. Nobody is excepted, not even they themselves: the floor is there so that whoever answers for an
    /// ancestor can always see what is made of it.
    pub(super) fn check(self, above: &HashMap<ProjectId, Role>) -> Result<()> {
        if self.from == Some(Role::Owner) && self.to != Some(Role::Owner) {
            return Err(self.protected(
                "the owner can be neither removed nor given another role, and can't leave, but can make another \
                 member the owner; a project always has exactly one",
            ));
        }
        let loses = self.from.is_some() && self.to < self.from;
        if loses && above.values().any(|role| *role >= Role::Admin) {
            return Err(self.protected(
                "an admin of a project above this sandbox can be neither removed from it nor downgraded in it; \
                 change their role in that project first",
            ));
        }
        Ok(())
    }

    fn protected(self, problem: &'static str) -> Error {
        Error::MemberProtected { problem, principal: self.principal }
    }
}

/// What somebody is in the projects above a sandbox.
pub(super) async fn roles_above(
    tx: &mut Tx,
    sandbox: &Project,
    principal: PrincipalId,
) -> Result<HashMap<ProjectId, Role>> {
    if !sandbox.is_sandbox() {
        return Ok(HashMap::new());
    }
    let above: Vec<_> =
        project::ancestors(tx, sandbox.id).await?.into_iter().map(|project| project.id).collect();
    member::roles(tx, principal, &above).await
}

#[cfg(test)]
mod tests {
    use sandbar_model::ProjectId;
    use uuid::Uuid;

    use super::*;

    const ROLES: [Option<Role>; 5] =
        [None, Some(Role::Viewer), Some(Role::Editor), Some(Role::Admin), Some(Role::Owner)];

    fn check(from: Option<Role>, to: Option<Role>, above: Option<Role>) -> bool {
        let principal = PrincipalId(Uuid::from_u128(1));
        let above = above.map(|role| (ProjectId(Uuid::from_u128(2)), role)).into_iter().collect();
        Move { principal, from, to }.check(&above).is_ok()
    }

    #[test]
    fn the_owner_stays() {
        for above in ROLES {
            for to in ROLES {
                assert_eq!(check(Some(Role::Owner), to, above), to == Some(Role::Owner), "{to:?}");
            }
        }
    }

    #[test]
    fn who_answers_for_an_ancestor_loses_nothing_below_it() {
        for above in ROLES {
            let floor = above >= Some(Role::Admin);
            for from in ROLES.into_iter().filter(|role| *role != Some(Role::Owner)) {
                for to in ROLES {
                    assert_eq!(
                        check(from, to, above),
                        !(floor && to < from),
                        "{from:?} to {to:?} below {above:?}"
                    );
                }
            }
        }
    }
}
