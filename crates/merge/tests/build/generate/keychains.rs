//! Edits of keychains, and of links that keychains and steps use.

use sandbar_model::{Document, Keychain, Kind, workflow::Uses};

use super::{keys, pick, workflow};
use crate::build::{state, world::Project};

pub(super) fn delete_link(project: &mut Project, n: usize) {
    let Some(gone) = pick(&keys(project, Kind::CredentialLink), n).copied() else { return };
    project.remove(&gone);
    let_go(project, Uses::CredentialLink(gone.1));
    for k in 0..keys(project, Kind::Keychain).len() {
        edit_keychain(project, k, |one| one.default_link = one.default_link.filter(|link| *link != gone.1));
    }
}

pub(super) fn delete_keychain(project: &mut Project, n: usize) {
    let Some(gone) = pick(&keys(project, Kind::Keychain), n).copied() else { return };
    project.remove(&gone);
    let_go(project, Uses::Keychain(gone.1));
}

fn let_go(project: &mut Project, gone: Uses) {
    for w in 0..keys(project, Kind::Workflow).len() {
        workflow(project, w, |workflow| {
            for job in &mut workflow.jobs {
                job.uses = job.uses.filter(|uses| *uses != gone);
            }
        });
    }
}

pub(super) fn edit_keychain(project: &mut Project, at: usize, change: impl FnOnce(&mut Keychain)) {
    let Some(key) = pick(&keys(project, Kind::Keychain), at).copied() else { return };
    let Document::Keychain(mut one) = (*project[&key].document).clone() else { return };
    change(&mut one);
    project.insert(key, state(Document::Keychain(one)));
}
