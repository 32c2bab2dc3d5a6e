//! Both sides' edits inside one keychain, made one: field by field, as of a workflow (3-merge §3).

use std::collections::BTreeMap;

use sandbar_model::{Keychain, ResourceId, Result};
use serde_json::{Value, json};

use crate::combine::{Conflict, Disputes, Resolution, undisputed};

/// The three versions of one keychain.
#[derive(Clone, Copy, Debug)]
pub struct KeychainVersions<'a> {
    /// What the two last agreed on. None: each side made it by itself.
    pub base: Option<&'a Keychain>,
    /// What the source has.
    pub source: &'a Keychain,
    /// What the target has.
    pub target: &'a Keychain,
}

/// What came of combining two versions.
#[derive(Clone, Debug, PartialEq)]
pub struct CombinedKeychain {
    /// Both sides' edits; where a conflict is open, as the target has it.
    pub keychain: Keychain,
    /// Everything that both sides changed to different things, settled or not: name, path, default.
    pub conflicts: Vec<Conflict>,
}

/// Combines two versions of a keychain. `resolutions` say how conflicts are settled, by their path. Of the default only
/// the source's or the target's can be chosen: another link might not be there.
///
/// # Errors
/// [`sandbar_model::Error::ChoiceUnknown`] for a resolution without a conflict at its path, or of another form than the
/// conflict's.
pub fn combine_keychains(
    versions: KeychainVersions<'_>,
    resolutions: &BTreeMap<String, Resolution>,
) -> Result<CombinedKeychain> {
    let Keychain { name: _, json_path: _, default_link: _ } = versions.target;
    let mut disputes = Disputes::new(resolutions);
    let name = word(&mut disputes, ("name", "name"), versions, |one| &one.name)?;
    let json_path = word(&mut disputes, ("json_path", "path"), versions, |one| &one.json_path)?;
    let default_link = default(&mut disputes, versions)?;
    let keychain = Keychain { name, json_path, default_link }.tidy();
    disputes.check_rules(|| keychain.violations(""));
    Ok(CombinedKeychain { conflicts: disputes.finish(true)?, keychain })
}

fn word(
    disputes: &mut Disputes<'_>,
    (field, title): (&str, &str),
    versions: KeychainVersions<'_>,
    of: fn(&Keychain) -> &String,
) -> Result<String> {
    let (base, source, target) = (versions.base.map(of), of(versions.source), of(versions.target));
    if let Some(word) = undisputed(base, source, target) {
        return Ok(word.clone());
    }
    let values = [base, Some(source), Some(target)].map(|side| side.map(|word| json!(word)));
    let own = |value: &Value| {
        let word = value.as_str().map(str::to_owned);
        word.ok_or_else(|| "the value is not one of this field: give a JSON string".to_owned())
    };
    disputes.field((field.to_owned(), title.to_owned()), values, (source.clone(), target.clone()), own)
}

fn default(disputes: &mut Disputes<'_>, versions: KeychainVersions<'_>) -> Result<Option<ResourceId>> {
    let KeychainVersions { base, source, target } = versions;
    let (own, theirs) = (source.default_link, target.default_link);
    let before = base.map(|base| base.default_link);
    if let Some(link) = undisputed(before.as_ref(), &own, &theirs) {
        return Ok(*link);
    }
    let values = [before.flatten(), own, theirs].map(|side| side.map(|id| json!(id)));
    let place = ("default_link_id".to_owned(), "default credential".to_owned());
    disputes.field(place, values, (own, theirs), |_| {
        Err("choose SOURCE or TARGET: another credential can be chosen in the target afterwards".to_owned())
    })
}
