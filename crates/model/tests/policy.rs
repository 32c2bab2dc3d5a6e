//! The table of 1-domain §6, cell by cell.

use sandbar_model::policy::{Action, Refusal, Role, Standing, may, may_work, standing};

const ROLES: [Option<Role>; 5] =
    [None, Some(Role::Viewer), Some(Role::Editor), Some(Role::Admin), Some(Role::Owner)];

/// One row per action. In a group, one letter per role in the project: none, viewer, editor, admin, owner. `Y` may, `n`
/// may not and is told which role it takes, `.` may not and isn't told that the project exists.
///
/// The groups: by that role alone; also admin or owner of the tree's root (`R`); also a support user of a project that
/// allows support; both. A lesser role in the root gives nothing, so it belongs to the groups without `R`.
#[rustfmt::skip]
const TABLE: [(Action, Role, [&str; 4]); 18] = [
    //                                        role alone  R        support  both
    (Action::See,               Role::Viewer, [".YYYY", ".YYYY", "YYYYY", "YYYYY"]),
    (Action::CreateSandbox,     Role::Editor, [".nYYY", ".nYYY", "nnYYY", "nnYYY"]),
    (Action::Write,             Role::Editor, [".nYYY", ".nYYY", "nnYYY", "nnYYY"]),
    (Action::WriteItems,        Role::Editor, [".nYYY", ".nYYY", "nnYYY", "nnYYY"]),
    (Action::LinkCredentials,   Role::Editor, [".nYYY", ".nYYY", "nnYYY", "nnYYY"]),
    (Action::ManageSandbox,     Role::Admin,  [".nnYY", "YYYYY", "nnnYY", "YYYYY"]),
    (Action::MergeFrom,         Role::Admin,  [".nnYY", "YYYYY", "nnnYY", "YYYYY"]),
    (Action::MergeInto,         Role::Editor, [".nYYY", ".nYYY", "nnYYY", "nnYYY"]),
    (Action::ManageSettings,    Role::Admin,  [".nnYY", ".nnYY", "nnnYY", "nnnYY"]),
    (Action::ManageMembers,     Role::Admin,  [".nnYY", ".nnYY", "nnnYY", "nnnYY"]),
    (Action::ManageCollections, Role::Admin,  [".nnYY", ".nnYY", "nnnYY", "nnnYY"]),
    (Action::TransferOwnership, Role::Owner,  [".nnnY", ".nnnY", "nnnnY", "nnnnY"]),
    (Action::ManageKeychains,   Role::Admin,  [".nnYY", ".nnYY", "nnnYY", "nnnYY"]),
    (Action::ManageWebhookAuth, Role::Admin,  [".nnYY", ".nnYY", "nnnYY", "nnnYY"]),
    (Action::ManageTokens,      Role::Admin,  [".nnYY", ".nnYY", "nnnYY", "nnnYY"]),
    (Action::DeleteRoot,        Role::Owner,  [".nnnY", ".nnnY", "nnnnY", "nnnnY"]),
    (Action::ReadAudit,         Role::Admin,  [".nnYY", "YYYYY", "nnnYY", "YYYYY"]),
    (Action::StartRuns,         Role::Editor, [".nYYY", ".nYYY", "nnYYY", "nnYYY"]),
];

#[test]
fn every_cell_of_the_table_holds() {
    assert_eq!(TABLE.map(|(action, ..)| action), Action::ALL, "a row for each action, in order");
    let mut cells = 0;
    for (action, needs, groups) in TABLE {
        for (at, role) in ROLES.into_iter().enumerate() {
            for root_role in ROLES {
                for support in [false, true] {
                    let group = usize::from(root_role >= Some(Role::Admin)) + 2 * usize::from(support);
                    let expected = match groups[group].as_bytes()[at] {
                        b'Y' => Ok(()),
                        b'n' => Err(Refusal::Needs(needs)),
                        _ => Err(Refusal::Hidden),
                    };
                    let given = may(Standing { role, root_role, support }, action);
                    assert_eq!(
                        given, expected,
                        "{action:?} as {role:?}, in the root {root_role:?}, support {support}"
                    );
                    cells += 1;
                }
            }
        }
    }
    assert_eq!(cells, 900);
}

#[test]
fn only_service_accounts_that_edit_the_root_take_runs() {
    for role in ROLES {
        for root_role in ROLES {
            for support in [false, true] {
                let standing = Standing { role, root_role, support };
                let no =
                    if role.is_some() || support { Refusal::Needs(Role::Editor) } else { Refusal::Hidden };
                let account = if root_role >= Some(Role::Editor) { Ok(()) } else { Err(no) };
                assert_eq!(may_work(true, standing), account, "{standing:?}");
                assert_eq!(may_work(false, standing), Err(no), "{standing:?}");
            }
        }
    }
}

#[test]
fn a_token_without_limits_leaves_a_standing_as_it_is() {
    for role in ROLES {
        for root_role in ROLES {
            for support in [false, true] {
                assert_eq!(
                    standing(role, root_role, support, None, true),
                    Standing { role, root_role, support }
                );
            }
        }
    }
}

#[test]
fn a_role_limit_lowers_both_roles_and_raises_none() {
    let owner = Some(Role::Owner);
    let viewer = Some(Role::Viewer);
    for limit in ROLES.into_iter().flatten() {
        let lowered = Standing { role: Some(limit), root_role: Some(limit), support: true };
        assert_eq!(standing(owner, owner, true, Some(limit), true), lowered);
        let low = Standing { role: viewer, root_role: viewer, support: false };
        assert_eq!(standing(viewer, viewer, false, Some(limit), true), low);
        assert_eq!(standing(None, None, false, Some(limit), true), Standing::default());
    }
}

#[test]
fn outside_its_project_a_token_gives_nothing() {
    for limit in ROLES {
        let nothing = standing(Some(Role::Owner), Some(Role::Owner), true, limit, false);
        assert_eq!(nothing, Standing::default());
        for action in Action::ALL {
            assert_eq!(may(nothing, action), Err(Refusal::Hidden));
        }
    }
}

#[test]
fn numbers_of_roles_are_kept() {
    for role in ROLES.into_iter().flatten() {
        assert_eq!(Role::from_number(role as i64), Some(role));
    }
    for number in [i64::MIN, 0, 5] {
        assert_eq!(Role::from_number(number), None);
    }
}
