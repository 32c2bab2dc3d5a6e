//! Credentials, links, and what a preflight finds missing. There is never a value to show.

use comfy_table::Table;
use jiff::Timestamp;
use sandbar_client::v1::{
    Credential, CredentialLink, GetCredentialResponse, MissingCredential, PreflightCredentialsResponse,
    StepReference,
};

use super::page::{BOLD, DIM, Page};
use super::time::{relative, stamp};
use crate::output::table;
use crate::render::visible;

/// Credentials with the environments for which they have values.
pub(crate) fn list(credentials: &[Credential], now: Timestamp) -> Table {
    let row = |one: &Credential| {
        let owner = one.owner.as_ref().map(|owner| owner.name.clone()).unwrap_or_default();
        let updated = relative(now, one.update_time.as_ref());
        [one.name.clone(), one.schema.clone(), environments(one), owner, updated, one.id.clone()]
    };
    table(["CREDENTIAL", "SCHEMA", "VALUES FOR", "OWNER", "UPDATED", "ID"], credentials.iter().map(row))
}

/// A project's links.
pub(crate) fn links(links: &[CredentialLink], now: Timestamp) -> Table {
    let row = |link: &CredentialLink| {
        let owner = link.owner.as_ref().map_or(&link.owner_email, |owner| &owner.name).clone();
        let behind = if link.credential_id.is_empty() { "nothing" } else { "a credential" };
        let updated = link.updated.as_ref().map_or("-".to_owned(), |updated| stamp(now, updated));
        [link.name.clone(), link.schema.clone(), owner, behind.to_owned(), updated, link.id.clone()]
    };
    table(["CREDENTIAL", "SCHEMA", "OWNER", "BEHIND IT", "LINKED", "ID"], links.iter().map(row))
}

/// One credential after a change of it.
pub(crate) fn line(credential: &Credential) -> String {
    format!("{}  {}  values for {}", visible(&credential.name), credential.id, environments(credential))
}

/// One credential, line by line.
pub(crate) fn whole(found: &GetCredentialResponse, now: Timestamp) -> String {
    let one = found.credential.clone().unwrap_or_default();
    let owner = one.owner.as_ref().map(|owner| owner.name.clone()).unwrap_or_default();
    let mut page = Page::default();
    page.line(BOLD, &one.name);
    let mut lines = vec![("id", one.id.clone()), ("schema", one.schema.clone()), ("owner", owner)];
    if !one.external_id.is_empty() {
        lines.push(("external id", one.external_id.clone()));
    }
    for set in &one.value_sets {
        let set_at = relative(now, set.update_time.as_ref());
        lines.push(("values", format!("{}: {} (set {set_at})", set.environment, set.keys.join(", "))));
    }
    if one.value_sets.is_empty() {
        lines.push(("values", "none".to_owned()));
    }
    for used in &found.uses {
        lines.push(("linked in", format!("{}  {}", used.project_name, used.project_id)));
    }
    let named = i64::try_from(found.uses.len()).unwrap_or(i64::MAX);
    if found.use_count > named {
        lines.push(("linked in", format!("{} more projects", found.use_count - named)));
    }
    for (name, value) in lines {
        page.put(DIM, format_args!("  {name:<12} ")).plain(value).end();
    }
    page.finish()
}

/// What is missing, with the steps that need it.
pub(crate) fn preflight(told: &PreflightCredentialsResponse) -> String {
    let mut page = Page::default();
    for missing in &told.missing {
        page.line(BOLD, &missing.name);
        page.put(DIM, "  ").plain(&missing.message).end();
        for step in &missing.steps {
            page.put(DIM, "  step ").plain(named(step)).end();
        }
        let more = more(missing);
        if more > 0 {
            page.put(DIM, format_args!("  and {more} more steps")).end();
        }
    }
    page.finish()
}

fn more(missing: &MissingCredential) -> i64 {
    missing.step_count - i64::try_from(missing.steps.len()).unwrap_or(i64::MAX)
}

fn environments(credential: &Credential) -> String {
    if credential.value_sets.is_empty() {
        return "none".to_owned();
    }
    let labels: Vec<_> = credential.value_sets.iter().map(|set| set.environment.as_str()).collect();
    labels.join(", ")
}

fn named(step: &StepReference) -> String {
    let through = if step.keychain_name.is_empty() {
        String::new()
    } else {
        format!(", through the keychain {}", step.keychain_name)
    };
    format!("{} of {}{through}", step.job_name, step.workflow_name)
}

#[cfg(test)]
mod tests {
    use sandbar_client::prost_types::Timestamp as WireTime;
    use sandbar_client::v1::{
        Actor, CredentialUse, CredentialValueSet, StepReference, missing_credential::Kind,
    };

    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap()
    }

    fn credential() -> Credential {
        let time = Some(WireTime { seconds: 1_799_990_000, nanos: 0 });
        let set = |environment: &str, keys: &[&str]| CredentialValueSet {
            environment: environment.into(),
            keys: keys.iter().map(ToString::to_string).collect(),
            update_time: time,
        };
        Credential {
            id: "0195a7c4-9e63-7d2c-b0a2-5f1d6c3e8a90".into(),
            name: "DHIS2\u{1b}[31m".into(),
            schema: "@openfn/language-dhis2".into(),
            external_id: "tenant-7".into(),
            owner: Some(Actor { principal_id: "p".into(), name: "ann".into() }),
            value_sets: vec![set("dev", &["password", "username"]), set("main", &["password"])],
            etag: "3".into(),
            create_time: time,
            update_time: time,
        }
    }

    #[test]
    fn a_credential_shows_names_and_uses_and_no_value() {
        let used = CredentialUse {
            project_id: "p1".into(),
            project_name: "orders".into(),
            credential_link_id: "l".into(),
        };
        let found = GetCredentialResponse { credential: Some(credential()), uses: vec![used], use_count: 3 };
        insta::assert_snapshot!(anstream::adapter::strip_str(&whole(&found, now())).to_string());
        insta::assert_snapshot!(list(&[credential()], now()).trim_fmt());
        insta::assert_snapshot!(line(&credential()));
    }

    #[test]
    fn links_tell_what_stands_behind_them() {
        let real = CredentialLink {
            id: "l1".into(),
            credential_id: "c1".into(),
            name: "DHIS2".into(),
            schema: "raw".into(),
            owner: Some(Actor { principal_id: "p".into(), name: "ann".into() }),
            owner_email: "ann@example.org".into(),
            ..Default::default()
        };
        let imported = CredentialLink {
            id: "l2".into(),
            name: "Mail".into(),
            owner_email: "bob@example.org".into(),
            ..Default::default()
        };
        insta::assert_snapshot!(links(&[real, imported], now()).trim_fmt());
    }

    #[test]
    fn a_preflight_names_each_credential_with_its_steps() {
        let step = |job: &str| StepReference {
            workflow_id: "w".into(),
            workflow_name: "Sync".into(),
            job_id: "j".into(),
            job_name: job.into(),
            keychain_name: String::new(),
        };
        let missing = MissingCredential {
            kind: Kind::Values.into(),
            name: "DHIS2".into(),
            environment: "main".into(),
            environments_with_values: vec!["dev".into()],
            steps: vec![step("Fetch"), step("Load")],
            step_count: 5,
            message: "the credential \"DHIS2\" of ann has no values for the environment \"main\"".into(),
            ..Default::default()
        };
        let told = PreflightCredentialsResponse { environment: "main".into(), missing: vec![missing] };
        insta::assert_snapshot!(anstream::adapter::strip_str(&preflight(&told)).to_string());
    }
}
