//! Credentials from the wire and to it. Values only ever come in.

use prost_types::FieldMask;
use sandbar_app::credentials::{
    CredentialPatch, CredentialUses, CredentialView, LinkView, MissingCredential, Step, Why, etag,
};
use sandbar_model::credential::{ValueSet, Values};
use secrecy::SecretString;

use super::{Fields, common::stamp_to_wire, time};
use crate::wire;

impl Fields {
    /// A set of values.
    pub fn values(&mut self, field: &str, text: String) -> Option<Values> {
        // From here on it is wiped when dropped.
        Values::parse(SecretString::from(text)).map_err(|problem| self.add(field, problem)).ok()
    }

    /// What an update changes: the fields that the mask names, and no others.
    pub fn credential_patch(&mut self, sent: &wire::Credential, mask: Option<FieldMask>) -> CredentialPatch {
        const POSSIBLE: &str = "name, schema, external_id";
        let paths = mask.unwrap_or_default().paths;
        if paths.is_empty() {
            self.add("update_mask", format!("is required: name the fields to change ({POSSIBLE})"));
        }
        let mut patch = CredentialPatch::default();
        for path in paths {
            match path.as_str() {
                "name" => patch.name = Some(sent.name.clone()),
                "schema" => patch.schema = Some(sent.schema.clone()),
                "external_id" => patch.external_id = Some(sent.external_id.clone()),
                _ => self.add("update_mask", format!("{path:?} can't be changed; possible are {POSSIBLE}")),
            }
        }
        patch
    }
}

/// A credential, with what may be told of its values.
pub fn credential_to_wire(view: CredentialView) -> wire::Credential {
    let etag = etag(&view.credential);
    let one = view.credential;
    wire::Credential {
        id: one.id.to_string(),
        name: one.name,
        schema: one.schema,
        external_id: one.external_id,
        owner: Some(wire::Actor { principal_id: view.owner.id.to_string(), name: view.owner.name }),
        value_sets: view.sets.into_iter().map(set_to_wire).collect(),
        etag,
        create_time: Some(time::to_wire(one.create_time)),
        update_time: Some(time::to_wire(one.update_time)),
    }
}

fn set_to_wire(set: ValueSet) -> wire::CredentialValueSet {
    wire::CredentialValueSet {
        environment: set.environment,
        keys: set.keys,
        update_time: Some(time::to_wire(set.update_time)),
    }
}

/// Where a credential is linked, as far as the caller may know, and in how many projects in all.
pub fn uses_to_wire(uses: CredentialUses) -> (Vec<wire::CredentialUse>, i64) {
    let shown = uses.projects.into_iter().map(|one| wire::CredentialUse {
        project_id: one.project.to_string(),
        project_name: one.name,
        credential_link_id: one.link.to_string(),
    });
    (shown.collect(), i64::try_from(uses.count).unwrap_or(i64::MAX))
}

/// A link as members of its project see it.
pub fn link_to_wire(view: LinkView) -> wire::CredentialLink {
    let (id, name, schema, owner) = match view.credential {
        Some(one) => {
            let owner = wire::Actor { principal_id: one.owner.id.to_string(), name: one.owner.name };
            (one.id.to_string(), one.name, one.schema, Some(owner))
        }
        None => (String::new(), view.link.name, String::new(), None),
    };
    wire::CredentialLink {
        id: view.id.to_string(),
        credential_id: id,
        name,
        schema,
        owner,
        owner_email: view.link.owner,
        revision: view.revision.0,
        etag: view.hash.to_string(),
        updated: Some(stamp_to_wire(view.updated.time, view.updated.actor.id, &view.updated.actor.name)),
    }
}

/// A credential that steps lack.
pub fn missing_to_wire(missing: MissingCredential) -> wire::MissingCredential {
    use wire::missing_credential::Kind;
    let message = missing.say();
    let kind = match missing.why {
        Why::Values => Kind::Values,
        Why::Credential => Kind::Credential,
        Why::Deleted => Kind::Deleted,
        Why::Link => Kind::Link,
    };
    wire::MissingCredential {
        kind: kind.into(),
        credential_link_id: missing.link.to_string(),
        credential_id: missing.credential.map(|id| id.to_string()).unwrap_or_default(),
        name: missing.name,
        owner: missing.owner,
        environment: missing.environment,
        environments_with_values: missing.labels,
        steps: missing.steps.into_iter().map(step_to_wire).collect(),
        step_count: i64::try_from(missing.step_count).unwrap_or(i64::MAX),
        message,
    }
}

fn step_to_wire(step: Step) -> wire::StepReference {
    wire::StepReference {
        workflow_id: step.workflow.to_string(),
        workflow_name: step.workflow_name,
        job_id: step.job.to_string(),
        job_name: step.job_name,
        keychain_name: step.keychain.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_takes_what_it_names() {
        let sent =
            wire::Credential { name: "new".into(), schema: "raw".into(), ..wire::Credential::default() };
        let mask =
            |paths: &[&str]| Some(FieldMask { paths: paths.iter().map(ToString::to_string).collect() });
        let mut fields = Fields::default();
        let patch = fields.credential_patch(&sent, mask(&["name", "external_id"]));
        fields.finish(()).unwrap();
        assert_eq!(
            patch,
            CredentialPatch { name: Some("new".into()), schema: None, external_id: Some(String::new()) }
        );
        for wrong in [None, mask(&["owner"])] {
            let mut fields = Fields::default();
            fields.credential_patch(&sent, wrong);
            assert!(fields.finish(()).unwrap_err().to_string().contains("update_mask"));
        }
    }

    #[test]
    fn values_that_are_none_are_not_told_back() {
        let mut fields = Fields::default();
        assert!(fields.values("values", "hunter2".to_owned()).is_none());
        let said = fields.finish(()).unwrap_err().to_string();
        assert!(said.contains("values: must be") && !said.contains("hunter2"), "{said}");
    }

    #[test]
    fn debug_of_a_request_shows_no_values() {
        let request = wire::SetCredentialValuesRequest {
            values: "hunter2".into(),
            ..wire::SetCredentialValuesRequest::default()
        };
        assert!(!format!("{request:?}").contains("hunter2"));
    }
}
