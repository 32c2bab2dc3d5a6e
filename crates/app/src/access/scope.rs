//! What one token may do with others: never more than it could do itself.

use sandbar_model::{
    Error, Project, Result, Time,
    access::{Scope, TOKEN_TTL_DEFAULT, token_violations},
};
use sandbar_store::Tx;

use crate::{App, gate::Caller};

/// The scope of a token that is made with another: what is not asked for is as in that one, what is asked for must be
/// no more. That `wanted.project` lies in the scope is the gate's to check.
pub(super) fn narrowed(made_with: Scope, wanted: Scope) -> Result<Scope> {
    let max_role = match (made_with.max_role, wanted.max_role) {
        (Some(limit), Some(role)) if role > limit => {
            let problem =
                format!("must be at most {}: no more than you can do with your own token", limit.word());
            return Err(Error::invalid("max_role", problem));
        }
        (limit, role) => role.or(limit),
    };
    Ok(Scope { project: wanted.project.or(made_with.project), max_role })
}

/// Whether a token that is made with another counts as made with a second factor.
pub(super) fn mfa(caller: &Caller, wanted: Option<bool>) -> Result<bool> {
    if wanted == Some(true) && !caller.mfa && caller.administrator().is_err() {
        let problem = "needs a token that was made with a second factor itself, or a service administrator who vouches for it";
        return Err(Error::invalid("mfa", problem));
    }
    Ok(wanted.unwrap_or(caller.mfa))
}

/// When a token that is made now ends, given its own life (none: 90 days) and the end of the token it is made with.
pub(super) fn end(now: Time, ttl: Option<i64>, made_with: Option<Time>) -> Result<Time> {
    let end = now.plus(ttl.unwrap_or(TOKEN_TTL_DEFAULT));
    match (made_with, ttl) {
        (Some(limit), Some(_)) if end > limit => Err(Error::invalid(
            "ttl",
            "must end no later than the token that this one is made with; leave it out for as long as possible",
        )),
        (Some(limit), None) => Ok(end.min(limit)),
        _ => Ok(end),
    }
}

/// What is wrong with a token's name and life by themselves.
pub(super) fn check(name: &str, ttl: Option<i64>) -> Result<()> {
    token_violations(name, ttl.unwrap_or(TOKEN_TTL_DEFAULT), "").into_result()
}

/// Whether a caller's token reaches as far as `other`, which lies in `project` if it is limited to one.
pub(super) async fn covers(
    app: &App,
    tx: &mut Tx,
    caller: &Caller,
    other: Scope,
    project: Option<&Project>,
) -> Result<bool> {
    let role = caller.scope.max_role.is_none_or(|limit| other.max_role.is_some_and(|role| role <= limit));
    let place = match (caller.scope.project, project) {
        (None, _) => true,
        (Some(limit), Some(project)) => app.views.of(tx, project).await?.level_of(limit).is_some(),
        (Some(_), None) => false,
    };
    Ok(role && place)
}

#[cfg(test)]
mod tests {
    use sandbar_model::{ProjectId, Role, time::DAY};
    use uuid::Uuid;

    use super::*;

    const ROLES: [Option<Role>; 5] =
        [None, Some(Role::Viewer), Some(Role::Editor), Some(Role::Admin), Some(Role::Owner)];

    #[test]
    fn a_role_is_never_widened() {
        for limit in ROLES {
            for wanted in ROLES {
                let made_with = Scope { project: None, max_role: limit };
                let given = narrowed(made_with, Scope { project: None, max_role: wanted });
                match (limit, wanted) {
                    (Some(limit), Some(wanted)) if wanted > limit => {
                        assert!(given.is_err(), "{limit:?} {wanted:?}");
                    }
                    _ => assert_eq!(given.unwrap().max_role, wanted.or(limit), "{limit:?} {wanted:?}"),
                }
            }
        }
    }

    #[test]
    fn a_project_is_inherited() {
        let [one, other] = [1, 2].map(|n| Some(ProjectId(Uuid::from_u128(n))));
        for (limit, wanted, given) in
            [(None, None, None), (one, None, one), (None, other, other), (one, other, other)]
        {
            let scope = |project| Scope { project, max_role: None };
            assert_eq!(narrowed(scope(limit), scope(wanted)).unwrap().project, given);
        }
    }

    #[test]
    fn no_token_outlives_the_one_it_was_made_with() {
        let now = Time(DAY);
        let after = |days: i64| now.plus(days * DAY);
        for (ttl, made_with, expected) in [
            (None, None, Some(90)),
            (Some(5), None, Some(5)),
            (None, Some(10), Some(10)),
            (None, Some(100), Some(90)),
            (Some(10), Some(10), Some(10)),
            (Some(11), Some(10), None),
            (Some(366), None, Some(366)),
        ] {
            let given = end(now, ttl.map(|days| days * DAY), made_with.map(after)).ok();
            assert_eq!(given, expected.map(after), "{ttl:?} {made_with:?}");
        }
    }
}
