//! What sandboxes and merges leave in the trail, and what ends a project.

use serde_json::json;

use super::{Story, WORKFLOW, deed, with};

impl Story<'_> {
    pub(super) async fn tell_of_sandboxes(&mut self, project: &str) {
        let ann = self.ann.clone();
        let create = json!({"parent_id": project, "name": "try"});
        let made =
            self.does(&ann, deed("SandboxesService/CreateSandbox", create, "sandbox.create", "")).await;
        let of = json!({"sandbox_id": made["sandbox"]["id"]});
        let rename = with(&of, &json!({"sandbox": {"name": "tried"}, "update_mask": "name"}));
        self.does(&ann, deed("SandboxesService/UpdateSandbox", rename, "sandbox.update", "")).await;
        self.puts(of["sandbox_id"].as_str().unwrap(), "three();").await;
        let choices = json!({"defaults": true, "retire_source": false});
        let apply = json!({"source_id": of["sandbox_id"], "choices": choices, "allow_unreviewed": true});
        let merged = self.does(&ann, deed("MergeService/ApplyMerge", apply, "merge.apply", "merge")).await;
        let undo = json!({
            "merge_id": merged["merge"]["id"], "choices": {"defaults": true}, "allow_unreviewed": true,
        });
        self.does(&ann, deed("MergeService/RevertMerge", undo, "merge.revert", "merge")).await;
        self.does(&ann, deed("SandboxesService/DeleteSandbox", of.clone(), "sandbox.delete", "")).await;
        self.does(&ann, deed("SandboxesService/RestoreSandbox", of, "sandbox.restore", "")).await;
    }

    pub(super) async fn tell_of_the_end(&mut self, project: &str) {
        let ann = self.ann.clone();
        let of = json!({"project_id": project});
        let workflow = with(&of, &json!({"workflow_id": WORKFLOW}));
        self.does(&ann, deed("WorkflowsService/DeleteWorkflow", workflow, "workflow.delete", "workflow"))
            .await;
        let import = json!({"header": of});
        self.does(&ann, deed("ProjectsService/ImportProject", import, "project.import", "")).await;
        self.does(&ann, deed("ProjectsService/DeleteProject", of.clone(), "project.delete", "")).await;
        self.does(&ann, deed("ProjectsService/RestoreProject", of.clone(), "project.restore", "")).await;
        let heir = with(&of, &json!({"principal_id": self.olga.id, "role": "ROLE_VIEWER"}));
        self.does(&ann, deed("AccessService/SetMember", heir, "member.set", "principal")).await;
        let heir = with(&of, &json!({"principal_id": self.olga.id}));
        let transfer = "AccessService/TransferOwnership";
        self.does(&ann, deed(transfer, heir, "member.transfer_ownership", "principal")).await;
    }
}
