//! The environment guard: else an editor could clone production, own the clone, relabel it and read the secrets that
//! production's label picks (1-domain §5).
//!
//! Labels of siblings are free, and so is one that no project uses: all sandboxes are `dev` unless somebody says otherwise,
//! and a refusal would tell of sandboxes that the caller does not see. Values that not every editor may use belong to a
//! label that an ancestor has.

use std::collections::HashMap;

use sandbar_model::{Error, Project, ProjectId, Result, Role, access::Scope, policy};
use sandbar_store::{Tx, member, project};

use crate::gate::Caller;

/// Refuses a label that one of a sandbox's ancestors (nearest first) uses, unless the caller is admin of each that does.
pub(super) async fn check(
    tx: &mut Tx,
    caller: &Caller,
    ancestors: &[Project],
    environment: &str,
) -> Result<()> {
    let same: Vec<_> =
        ancestors.iter().filter(|a| a.profile.environment == environment).map(|a| a.id).collect();
    if same.is_empty() {
        return Ok(());
    }
    let roles = member::roles(tx, caller.id, &same).await?;
    allowed((caller.scope, caller.mfa), ancestors, &roles, environment)
}

/// Refuses a label for a project when a sandbox below it, also one that can be restored, has that label already: nobody
/// who guarded the label allowed that, and what it picks from now on would be the sandbox's owner's to read.
pub(crate) async fn check_below(
    tx: &mut Tx,
    caller: &Caller,
    project: ProjectId,
    environment: &str,
) -> Result<()> {
    let below = project::descendants(tx, project).await?;
    let same: Vec<_> =
        below.iter().filter(|one| one.id != project && one.profile.environment == environment).collect();
    if same.is_empty() {
        return Ok(());
    }
    let ids: Vec<_> = same.iter().map(|one| one.id).collect();
    let roles = member::roles(tx, caller.id, &ids).await?;
    let known = same.iter().filter(|one| roles.contains_key(&one.id));
    Err(Error::EnvironmentUsedBelow {
        environment: environment.to_owned(),
        count: same.len(),
        sandboxes: known.map(|one| one.profile.name.clone()).collect(),
    })
}

/// Decides with the roles as the token lowers them: outside its project it gives none, and without a second factor none
/// where one is required.
fn allowed(
    (scope, mfa): (Scope, bool),
    ancestors: &[Project],
    roles: &HashMap<ProjectId, Role>,
    environment: &str,
) -> Result<()> {
    let mut above = ancestors.iter();
    while let Some(ancestor) = above.next() {
        if ancestor.profile.environment != environment {
            continue;
        }
        let in_scope = scope
            .project
            .is_none_or(|limit| limit == ancestor.id || above.clone().any(|higher| higher.id == limit));
        let role = roles.get(&ancestor.id).copied();
        let standing = policy::standing(role, None, false, scope.max_role, in_scope);
        if standing.role.is_none_or(|role| role < Role::Admin) {
            return Err(Error::EnvironmentGuarded {
                environment: environment.to_owned(),
                ancestor: ancestor.id,
            });
        }
        if ancestor.profile.settings.requires_mfa && !mfa {
            return Err(Error::MfaRequired { project: ancestor.id });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::projects::sample::{id, root, sandbox};

    /// 3 is below 2 is below 1; 1 and 3 are `main`.
    fn may(roles: &[(u128, Role)], scope: Scope, environment: &str) -> Option<ProjectId> {
        let root = root(1);
        let middle = sandbox(2, &root, "middle");
        let mut lowest = sandbox(3, &middle, "lowest");
        lowest.profile.environment = "main".to_owned();
        let ancestors = [lowest, middle, root];
        let roles = roles.iter().map(|(number, role)| (id(*number), *role)).collect();
        match allowed((scope, false), &ancestors, &roles, environment) {
            Ok(()) => None,
            Err(Error::EnvironmentGuarded { ancestor, .. }) => Some(ancestor),
            Err(error) => panic!("{error:?}"),
        }
    }

    #[test]
    fn a_free_label_is_free() {
        assert_eq!(may(&[], Scope::default(), "staging"), None);
    }

    #[test]
    fn a_label_needs_an_admin_of_every_ancestor_that_uses_it() {
        let scope = Scope::default();
        assert_eq!(may(&[(1, Role::Admin), (3, Role::Owner)], scope, "main"), None);
        assert_eq!(may(&[(1, Role::Editor), (3, Role::Owner)], scope, "main"), Some(id(1)));
        assert_eq!(may(&[(1, Role::Owner)], scope, "main"), Some(id(3)));
        assert_eq!(may(&[(1, Role::Owner), (3, Role::Owner)], scope, "dev"), Some(id(2)));
    }

    #[test]
    fn a_token_takes_away_what_it_does_not_reach() {
        let owner = [(1, Role::Owner), (2, Role::Owner), (3, Role::Owner)];
        let low = Scope { project: None, max_role: Some(Role::Editor) };
        assert_eq!(may(&owner, low, "dev"), Some(id(2)));
        let within = |number| Scope { project: Some(id(number)), max_role: None };
        assert_eq!(may(&owner, within(1), "main"), None);
        assert_eq!(may(&owner, within(2), "dev"), None);
        assert_eq!(may(&owner, within(3), "dev"), Some(id(2)));
        assert_eq!(may(&owner, within(2), "main"), Some(id(1)));
    }
}
