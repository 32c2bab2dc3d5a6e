//! What is asked of each call: something that changes nothing that matters. It is only a check, carries an etag or plan of
//! nothing, or is put back.

use serde_json::{Value, json};
use uuid::Uuid;

use super::stage::{
    COLLECTION, CONFIG, KEYCHAIN, OTHER, Place, Stage, TRIGGER, WORKFLOW, config, keychain, with, workflow,
};

impl Stage {
    /// What is asked.
    pub(super) fn request(&self, method: &str, place: Option<&Place>) -> Value {
        let (service, name) = method.split_once('/').unwrap();
        let Some(place) = place else { return self.plain(name) };
        let project = &place.project;
        match service {
            "ProjectsService" => of_projects(name, project),
            "SandboxesService" => of_sandboxes(name, project),
            "WorkflowsService" => of_workflows(name, project),
            "CollectionsService" => of_collections(name, project),
            "ConfigsService" => of_configs(name, project),
            "KeychainsService" => of_keychains(name, project),
            "RunsService" => of_runs(name, project),
            "WebhookAuthMethodsService" => of_webhooks(name, project),
            "CredentialsService" => self.of_links(name, project),
            "MergeService" => of_merges(name, place),
            "AccessService" => self.of_access(name, place),
            "WatchService" => json!({"project_id": project, "until_now": true}),
            "AuditService" if name == "VerifyAuditChain" => json!({"project_id": project}),
            "AuditService" => json!({"trail": {"project_id": project}}),
            _ => panic!("what does one ask {method}?"),
        }
    }

    fn plain(&self, name: &str) -> Value {
        #[expect(clippy::disallowed_methods, reason = "tests make names")]
        let new = Uuid::now_v7().to_string();
        let one = json!({"credential_id": self.credential, "etag": "of nothing"});
        match name {
            "CreateProject" => json!({"project": {"name": new}, "validate_only": true}),
            "CreatePrincipal" => json!({"principal": {"kind": "PRINCIPAL_KIND_USER", "name": new}}),
            "CreateCredential" => json!({"credential": {"name": new, "schema": "raw"}}),
            "GetCredential" => json!({"credential_id": self.credential}),
            "UpdateCredential" => {
                let renamed = json!({"id": self.credential, "name": new});
                json!({"credential": renamed, "update_mask": "name", "etag": "of nothing"})
            }
            "TransferCredential" => with(one, &json!({"owner_id": self.extra})),
            "SetCredentialValues" => with(one, &json!({"environment": "main", "values": "{}"})),
            "RemoveCredentialValues" => with(one, &json!({"environment": "main"})),
            "DeleteCredential" => one,
            "ResolveCredential" => json!({"job_id": OTHER}),
            _ => json!({}),
        }
    }

    fn of_links(&self, name: &str, project: &str) -> Value {
        match name {
            "LinkCredential" => json!({"project_id": project, "credential_id": self.credential}),
            // There is none of this id.
            "UnlinkCredential" => json!({"project_id": project, "credential_link_id": OTHER}),
            _ => json!({"project_id": project}),
        }
    }

    fn of_access(&self, name: &str, place: &Place) -> Value {
        let (project, extra) = (&place.project, &self.extra);
        match name {
            "CreateToken" => json!({"project_id": project, "name": "its"}),
            "RevokeToken" | "RotateToken" => json!({"token_id": place.token}),
            "SetMember" => json!({"project_id": project, "principal_id": extra, "role": "ROLE_VIEWER"}),
            // Nobody has this id.
            "TransferOwnership" => json!({"project_id": project, "principal_id": OTHER}),
            "RemoveMember" => json!({"project_id": project, "principal_id": extra}),
            _ => json!({"project_id": project}),
        }
    }
}

fn of_projects(name: &str, project: &str) -> Value {
    match name {
        "UpdateProject" => {
            json!({"project_id": project, "project": {"description": "x"}, "update_mask": "description"})
        }
        "DeleteProject" => json!({"project_id": project, "etag": "of nothing"}),
        "UpdateSubscription" => json!({"project_id": project, "max_active_sandboxes": 1000}),
        "RecordUsage" => json!({"project_id": project, "ai_tokens": 1}),
        "ImportProject" => json!({"header": {"project_id": project, "validate_only": true}}),
        _ => json!({"project_id": project}),
    }
}

fn of_sandboxes(name: &str, project: &str) -> Value {
    match name {
        "CreateSandbox" => {
            json!({"parent_id": project, "name": "another", "environment": "try", "validate_only": true})
        }
        "ListSandboxes" => json!({"parent_id": project}),
        "GetSandboxTree" => json!({"project_id": project}),
        "UpdateSandbox" => {
            json!({"sandbox_id": project, "sandbox": {"description": "x"}, "update_mask": "description"})
        }
        "DeleteSandbox" => json!({"sandbox_id": project, "etag": "of nothing"}),
        _ => json!({"sandbox_id": project}),
    }
}

fn of_workflows(name: &str, project: &str) -> Value {
    let one = json!({"project_id": project, "workflow_id": WORKFLOW});
    match name {
        "ListWorkflows" => json!({"project_id": project}),
        "PutWorkflow" => workflow(project, WORKFLOW, "Sync", "one();"),
        "DeleteWorkflow" => with(one, &json!({"etag": "of nothing"})),
        "SetTriggerEnabled" => with(one, &json!({"trigger_id": TRIGGER, "enabled": true})),
        "RestoreWorkflowRevision" => with(one, &json!({"revision": 1})),
        _ => one,
    }
}

fn of_collections(name: &str, project: &str) -> Value {
    let one = json!({"project_id": project, "collection_id": COLLECTION});
    match name {
        "ListCollections" => json!({"project_id": project}),
        "CreateCollection" => {
            json!({"project_id": project, "collection": {"name": "another"}, "validate_only": true})
        }
        "UpdateCollection" => with(one, &json!({"name": "other", "etag": "of nothing"})),
        "DeleteCollection" => with(one, &json!({"etag": "of nothing"})),
        "GetItem" => with(one, &json!({"key": "k"})),
        "PutItems" => with(one, &json!({"items": [{"key": "k", "value": "2"}], "validate_only": true})),
        "DeleteItems" => with(one, &json!({"keys": ["no such key"]})),
        _ => one,
    }
}

fn of_configs(name: &str, project: &str) -> Value {
    match name {
        "ListConfigs" => json!({"project_id": project}),
        "PutConfig" => config(project),
        "DeleteConfig" => json!({"project_id": project, "config_id": CONFIG, "etag": "of nothing"}),
        _ => json!({"project_id": project, "config_id": CONFIG}),
    }
}

fn of_keychains(name: &str, project: &str) -> Value {
    let one = json!({"project_id": project, "keychain_id": KEYCHAIN});
    match name {
        "ListKeychains" => json!({"project_id": project}),
        "PutKeychain" => keychain(project),
        "DeleteKeychain" => with(one, &json!({"etag": "of nothing"})),
        "PreviewKeychain" => with(one, &json!({"dataclip": "{}"})),
        _ => one,
    }
}

fn of_webhooks(name: &str, project: &str) -> Value {
    // There is none of this id.
    let one = json!({"project_id": project, "method_id": OTHER});
    match name {
        "CreateWebhookAuthMethod" => {
            let method = json!({"name": "one"});
            json!({"project_id": project, "method": method, "api_key": "canary-7f3a9", "validate_only": true})
        }
        "ListWebhookAuthMethods" => json!({"project_id": project}),
        "UpdateWebhookAuthMethod" => with(one, &json!({"name": "other"})),
        "AuthenticateWebhook" => json!({"project_id": project, "path": TRIGGER}),
        _ => one,
    }
}

fn of_runs(name: &str, project: &str) -> Value {
    let of = json!({"project_id": project});
    // There is no run and no dataclip of this id.
    let (run, clip) = (with(of.clone(), &json!({"run_id": OTHER})), json!({"dataclip_id": OTHER}));
    match name {
        "StartRun" => with(of, &json!({"workflow_id": WORKFLOW})),
        "GetRun" | "CancelRun" => run,
        "CreateDataclip" => with(of, &json!({"kind": "DATACLIP_KIND_GLOBAL", "name": "one", "body": "{}"})),
        "GetDataclip" | "DeleteDataclip" => with(of, &clip),
        "NameDataclip" => with(with(of, &clip), &json!({"name": "one"})),
        _ => of,
    }
}

fn of_merges(name: &str, place: &Place) -> Value {
    let sides = json!({"source_id": place.project, "target_id": place.target});
    match name {
        "PreviewMerge" => sides,
        "ApplyMerge" => with(sides, &json!({"plan_token": "of nothing"})),
        "ListMerges" => json!({"project_id": place.project}),
        "RevertMerge" => json!({"merge_id": place.merge, "plan_token": "of nothing"}),
        _ => json!({"merge_id": place.merge}),
    }
}
