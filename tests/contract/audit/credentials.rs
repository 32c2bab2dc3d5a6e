//! What the trail tells of credentials, and that it tells no value.

use serde_json::{Value, json};

use super::{Person, Story, VALUE, deed, text, with};

impl Story<'_> {
    pub(super) async fn tell_of_credentials(&mut self, project: &str) {
        let ann = self.ann.clone();
        let create = json!({"credential": {"name": "erp", "schema": "raw"}});
        let made = self.credential(&ann, "CreateCredential", create, "credential.create").await;
        let id = text(&made["credential"]["id"]);
        let of = json!({"credential_id": id});
        let rename = json!({"credential": {"id": id, "name": "erp-2"}, "update_mask": "name"});
        self.credential(&ann, "UpdateCredential", rename, "credential.update").await;
        let values =
            with(&of, &json!({"environment": "main", "values": json!({"password": VALUE}).to_string()}));
        self.credential(&ann, "SetCredentialValues", values, "credential.set_values").await;
        let link = with(&of, &json!({"project_id": project}));
        let linking = deed("CredentialsService/LinkCredential", link, "credential.link", "credential link");
        let made = self.does(&ann, linking).await;
        let link = json!({"project_id": project, "credential_link_id": made["credential_link"]["id"]});
        self.does(
            &ann,
            deed("CredentialsService/UnlinkCredential", link, "credential.unlink", "credential link"),
        )
        .await;
        let values = with(&of, &json!({"environment": "main"}));
        self.credential(&ann, "RemoveCredentialValues", values, "credential.remove_values").await;
        let admin = self.admin.clone();
        let give = with(&of, &json!({"owner_id": self.olga.id}));
        self.credential(&admin, "TransferCredential", give, "credential.transfer").await;
        self.credential(&admin, "DeleteCredential", of, "credential.delete").await;
    }

    async fn credential(&mut self, who: &Person, name: &str, request: Value, action: &str) -> Value {
        let method = format!("CredentialsService/{name}");
        self.does(who, deed(&method, request, action, "credential")).await
    }
}
