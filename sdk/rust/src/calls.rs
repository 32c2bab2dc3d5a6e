//! Every unary call of the contract, one line each.

use tonic::codec::CompressionEncoding;

use crate::v1::{
    self, access_service_client::AccessServiceClient, audit_service_client::AuditServiceClient,
    collections_service_client::CollectionsServiceClient, configs_service_client::ConfigsServiceClient,
    credentials_service_client::CredentialsServiceClient, keychains_service_client::KeychainsServiceClient,
    merge_service_client::MergeServiceClient, projects_service_client::ProjectsServiceClient,
    runs_service_client::RunsServiceClient, sandboxes_service_client::SandboxesServiceClient,
    watch_service_client::WatchServiceClient,
    webhook_auth_methods_service_client::WebhookAuthMethodsServiceClient,
    workflows_service_client::WorkflowsServiceClient,
};
use crate::{Client, Error, MAX_MESSAGE_BYTES, new_request_id};

/// Makes the handle of one service. A `read` is retried; a `write` too, under one `request_id`, filled in where it is
/// empty; a `once` gets a `request_id` but is never sent twice; a `same` has none, and comes to the same when it is retried.
macro_rules! service {
    ($(#[$about:meta])* $handle:ident $raw:ident { $($(#[$doc:meta])* $kind:ident $method:ident $request:ident $response:ident;)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug)]
        pub struct $handle<'a> {
            pub(crate) client: &'a Client,
        }

        impl<'a> $handle<'a> {
            pub(crate) fn new(client: &'a Client) -> Self {
                Self { client }
            }

            /// The raw client with the limits that this one promises.
            pub(crate) fn raw(service: crate::Service) -> $raw<crate::Service> {
                $raw::new(service)
                    .max_decoding_message_size(MAX_MESSAGE_BYTES)
                    .max_encoding_message_size(MAX_MESSAGE_BYTES)
                    .accept_compressed(CompressionEncoding::Gzip)
            }

            $(
                $(#[$doc])*
                pub async fn $method(&self, request: v1::$request) -> Result<v1::$response, Error> {
                    let (request, retry) = prepare!($kind request);
                    let call = async |service, request| {
                        Self::raw(service).$method(request).await.map(tonic::Response::into_inner)
                    };
                    self.client.run(request, retry, call).await
                }
            )*
        }
    };
}

macro_rules! prepare {
    (read $request:ident) => {
        ($request, true)
    };
    (same $request:ident) => {
        ($request, true)
    };
    (write $request:ident) => {
        (prepare!(@identify $request), true)
    };
    (once $request:ident) => {
        (prepare!(@identify $request), false)
    };
    (@identify $request:ident) => {{
        let mut request = $request;
        if request.request_id.is_empty() {
            request.request_id = new_request_id();
        }
        request
    }};
}

/// Makes the handles of all services, and the list of what they cover.
macro_rules! services {
    ($($(#[$about:meta])* $handle:ident $raw:ident $service:literal { $($(#[$doc:meta])* $kind:ident $method:ident $rpc:literal $request:ident $response:ident;)* })*) => {
        $(service! { $(#[$about])* $handle $raw { $($(#[$doc])* $kind $method $request $response;)* } })*

        /// The full names of the unary calls that this client covers.
        pub const METHODS: &[&str] = &[$($(concat!("sandbar.v1.", $service, ".", $rpc)),*),*];
    };
}

services! {
    /// Root projects, import and export. From [`Client::projects`].
    Projects ProjectsServiceClient "ProjectsService" {
        /// Makes a root project, empty, owned by the caller. Needs a token that is not limited to one project.
        write create_project "CreateProject" CreateProjectRequest CreateProjectResponse;
        /// Answers a root or a sandbox. Works on scheduled ones.
        read get_project "GetProject" GetProjectRequest GetProjectResponse;
        /// Lists every project that the caller may see, by name, sandboxes included, scheduled ones on request.
        read list_projects "ListProjects" ListProjectsRequest ListProjectsResponse;
        /// Changes name, description, color, environment or settings of a root. Needs admin. Sandboxes: `UpdateSandbox`.
        write update_project "UpdateProject" UpdateProjectRequest UpdateProjectResponse;
        /// Schedules a root and its whole tree for deletion. Needs owner.
        write delete_project "DeleteProject" DeleteProjectRequest DeleteProjectResponse;
        /// Clears the schedule of a root and of its scheduled descendants. Needs owner.
        write restore_project "RestoreProject" RestoreProjectRequest RestoreProjectResponse;
        /// The allowances of a root. Needs to see the project.
        read get_subscription "GetSubscription" GetSubscriptionRequest GetSubscriptionResponse;
        /// Sets the allowances of a root. Needs a service administrator.
        write update_subscription "UpdateSubscription" UpdateSubscriptionRequest UpdateSubscriptionResponse;
        /// What a root and its sandboxes used in a period, together and one by one. Needs to see the project.
        read get_usage "GetUsage" GetUsageRequest GetUsageResponse;
        /// Counts AI tokens that are used beside runs, if so many are left or they are spent already. Needs a worker.
        write record_usage "RecordUsage" RecordUsageRequest RecordUsageResponse;
    }

    /// Sandboxes. From [`Client::sandboxes`].
    Sandboxes SandboxesServiceClient "SandboxesService" {
        /// Clones a project at its head, at a cost that does not depend on what it holds. Needs editor on the parent, as a
        /// direct member. Every trigger of the sandbox is off.
        write create_sandbox "CreateSandbox" CreateSandboxRequest CreateSandboxResponse;
        /// Answers one sandbox with what a person wants to know about it. Works on scheduled ones.
        read get_sandbox "GetSandbox" GetSandboxRequest GetSandboxResponse;
        /// Lists the sandboxes directly below a project that the caller may see, by name; scheduled ones on request.
        read list_sandboxes "ListSandboxes" ListSandboxesRequest ListSandboxesResponse;
        /// Gives the whole tree that a project belongs to, as far as the caller may see it, parents before children.
        read get_sandbox_tree "GetSandboxTree" GetSandboxTreeRequest GetSandboxTreeResponse;
        /// Changes name, description, color, environment, settings or expiry. Needs admin on it or on the tree's root.
        write update_sandbox "UpdateSandbox" UpdateSandboxRequest UpdateSandboxResponse;
        /// Schedules a sandbox and its descendants for deletion after the grace period. Needs admin on it or on the root.
        write delete_sandbox "DeleteSandbox" DeleteSandboxRequest DeleteSandboxResponse;
        /// Takes a scheduled sandbox and its scheduled descendants back. Needs what deleting needs.
        write restore_sandbox "RestoreSandbox" RestoreSandboxRequest RestoreSandboxResponse;
    }

    /// Workflows, their triggers and their history. From [`Client::workflows`].
    Workflows WorkflowsServiceClient "WorkflowsService" {
        /// Lists a project's workflows by name, without step bodies.
        read list_workflows "ListWorkflows" ListWorkflowsRequest ListWorkflowsResponse;
        /// Answers one workflow, whole: as it is now or as it was at a revision.
        read get_workflow "GetWorkflow" GetWorkflowRequest GetWorkflowResponse;
        /// Makes a workflow or replaces it. Saving one unchanged takes no revision. Needs editor.
        write put_workflow "PutWorkflow" PutWorkflowRequest PutWorkflowResponse;
        /// Needs editor.
        write delete_workflow "DeleteWorkflow" DeleteWorkflowRequest DeleteWorkflowResponse;
        /// Turns a trigger on or off in this project. It is state, not content: it never shows up as a change. Needs editor.
        write set_trigger_enabled "SetTriggerEnabled" SetTriggerEnabledRequest SetTriggerEnabledResponse;
        /// Lists a workflow's revisions, newest first, through the fork into the parent's.
        read list_workflow_revisions "ListWorkflowRevisions" ListWorkflowRevisionsRequest ListWorkflowRevisionsResponse;
        /// Writes a workflow as it was at a revision as its newest one; also brings a deleted one back. Needs editor.
        write restore_workflow_revision "RestoreWorkflowRevision" RestoreWorkflowRevisionRequest RestoreWorkflowRevisionResponse;
    }

    /// Collections and their items. From [`Client::collections`].
    Collections CollectionsServiceClient "CollectionsService" {
        /// Lists a project's collections by name, with how much each holds.
        read list_collections "ListCollections" ListCollectionsRequest ListCollectionsResponse;
        /// Answers one collection, with how much it holds.
        read get_collection "GetCollection" GetCollectionRequest GetCollectionResponse;
        /// Makes a collection, without items. Needs admin.
        write create_collection "CreateCollection" CreateCollectionRequest CreateCollectionResponse;
        /// Renames a collection; its items stay. Needs admin.
        write update_collection "UpdateCollection" UpdateCollectionRequest UpdateCollectionResponse;
        /// Deletes a collection with its items in this project, for good. Needs admin.
        write delete_collection "DeleteCollection" DeleteCollectionRequest DeleteCollectionResponse;
        /// Answers one item.
        read get_item "GetItem" GetItemRequest GetItemResponse;
        /// Lists items by key. A page may be empty and not the last.
        read list_items "ListItems" ListItemsRequest ListItemsResponse;
        /// Makes items or replaces their values, all of them or none. Needs editor.
        write put_items "PutItems" PutItemsRequest PutItemsResponse;
        /// Deletes items by their keys, or all that fit, in one transaction. Needs editor.
        write delete_items "DeleteItems" DeleteItemsRequest DeleteItemsResponse;
    }

    /// Configs: JSON documents of a product's own kinds. From [`Client::configs`].
    Configs ConfigsServiceClient "ConfigsService" {
        /// Lists a project's configs by kind and name, without their values.
        read list_configs "ListConfigs" ListConfigsRequest ListConfigsResponse;
        /// Answers one config, whole: as it is now or as it was at a revision.
        read get_config "GetConfig" GetConfigRequest GetConfigResponse;
        /// Makes a config or replaces it. Saving one unchanged takes no revision; the order of keys is no change. Needs editor.
        write put_config "PutConfig" PutConfigRequest PutConfigResponse;
        /// Needs editor. What refers to it keeps its reference; a merge warns of those that lead nowhere.
        write delete_config "DeleteConfig" DeleteConfigRequest DeleteConfigResponse;
    }

    /// Keychains: which of a project's credentials a step signs in with. From [`Client::keychains`].
    Keychains KeychainsServiceClient "KeychainsService" {
        /// Lists a project's keychains by name.
        read list_keychains "ListKeychains" ListKeychainsRequest ListKeychainsResponse;
        /// Answers one keychain: as it is now or as it was at a revision.
        read get_keychain "GetKeychain" GetKeychainRequest GetKeychainResponse;
        /// Makes a keychain or replaces it. Needs admin.
        write put_keychain "PutKeychain" PutKeychainRequest PutKeychainResponse;
        /// Refused while a step uses it. Needs admin.
        write delete_keychain "DeleteKeychain" DeleteKeychainRequest DeleteKeychainResponse;
        /// Says which credential the keychain would pick for a dataclip, and why. Changes nothing.
        read preview_keychain "PreviewKeychain" PreviewKeychainRequest PreviewKeychainResponse;
    }

    /// Credentials, their values in each environment, and the projects that link them. From [`Client::credentials`].
    Credentials CredentialsServiceClient "CredentialsService" {
        /// Makes a credential of the caller's, without values.
        write create_credential "CreateCredential" CreateCredentialRequest CreateCredentialResponse;
        /// Answers one credential, and where it is linked.
        read get_credential "GetCredential" GetCredentialRequest GetCredentialResponse;
        /// Lists the caller's credentials by name. A service administrator may list everybody's.
        read list_credentials "ListCredentials" ListCredentialsRequest ListCredentialsResponse;
        /// Changes name, schema or external id. Only its owner.
        write update_credential "UpdateCredential" UpdateCredentialRequest UpdateCredentialResponse;
        /// Gives a credential with its values to another user or service account. Its links stay.
        write transfer_credential "TransferCredential" TransferCredentialRequest TransferCredentialResponse;
        /// Deletes a credential with its values, for good. Refused while projects link it, unless forced.
        write delete_credential "DeleteCredential" DeleteCredentialRequest DeleteCredentialResponse;
        /// Sets the values for an environment. Only its owner. No call answers them.
        write set_credential_values "SetCredentialValues" SetCredentialValuesRequest SetCredentialValuesResponse;
        /// Removes the values for an environment. Only its owner.
        write remove_credential_values "RemoveCredentialValues" RemoveCredentialValuesRequest RemoveCredentialValuesResponse;
        /// Lists a project's credential links.
        read list_credential_links "ListCredentialLinks" ListCredentialLinksRequest ListCredentialLinksResponse;
        /// Lets a project use a credential of the caller's. Needs editor.
        write link_credential "LinkCredential" LinkCredentialRequest LinkCredentialResponse;
        /// Takes a credential from a project. Refused while a step uses it. Needs editor.
        write unlink_credential "UnlinkCredential" UnlinkCredentialRequest UnlinkCredentialResponse;
        /// Lists, all at once, every credential that a project's steps use and that has no values for its environment.
        read preflight_credentials "PreflightCredentials" PreflightCredentialsRequest PreflightCredentialsResponse;
    }

    /// Merges. From [`Client::merges`].
    Merges MergeServiceClient "MergeService" {
        /// Does what a preview said, in one transaction, or nothing.
        write apply_merge "ApplyMerge" ApplyMergeRequest ApplyMergeResponse;
        /// Undoes a merge, as previewed. It is a merge itself and can be undone. Needs editor on the merge's target.
        write revert_merge "RevertMerge" RevertMergeRequest RevertMergeResponse;
        /// The record of one merge, key by key.
        read get_merge "GetMerge" GetMergeRequest GetMergeResponse;
        /// The merges into and out of a project, newest first.
        read list_merges "ListMerges" ListMergesRequest ListMergesResponse;
    }

    /// Callers, tokens and members. From [`Client::access`].
    Access AccessServiceClient "AccessService" {
        /// Who the token belongs to and what it is limited to.
        read who_am_i "WhoAmI" WhoAmIRequest WhoAmIResponse;
        /// Makes a user or service account. Needs a service administrator.
        write create_principal "CreatePrincipal" CreatePrincipalRequest CreatePrincipalResponse;
        /// Lists users and service accounts by name. Needs a service administrator.
        read list_principals "ListPrincipals" ListPrincipalsRequest ListPrincipalsResponse;
        /// Makes a token: one's own; one for a service account limited to a project (needs admin there); or any one (needs a
        /// service administrator). It is never wider than the token it was made with.
        once create_token "CreateToken" CreateTokenRequest CreateTokenResponse;
        /// Makes a token in place of another one, which goes on for a while.
        once rotate_token "RotateToken" RotateTokenRequest RotateTokenResponse;
        /// Lists tokens without their secrets: one's own, or those limited to a project (needs admin there).
        read list_tokens "ListTokens" ListTokensRequest ListTokensResponse;
        /// Ends a token at once, on every server.
        write revoke_token "RevokeToken" RevokeTokenRequest RevokeTokenResponse;
        /// Lists a project's members.
        read list_members "ListMembers" ListMembersRequest ListMembersResponse;
        /// Adds a member or changes its role. Needs admin. Ownership can't be given or taken here.
        write set_member "SetMember" SetMemberRequest SetMemberResponse;
        /// Needs admin, or is one's own leaving.
        write remove_member "RemoveMember" RemoveMemberRequest RemoveMemberResponse;
        /// Makes another member the owner, and its owner until now an admin. Needs the owner.
        write transfer_ownership "TransferOwnership" TransferOwnershipRequest TransferOwnershipResponse;
    }

    /// Runs and dataclips. From [`Client::runs`].
    Runs RunsServiceClient "RunsService" {
        /// Puts a run of a workflow, as it is now, into the project's queue. Needs editor.
        write start_run "StartRun" StartRunRequest StartRunResponse;
        /// Answers one run.
        read get_run "GetRun" GetRunRequest GetRunResponse;
        /// Lists a project's runs, newest first.
        read list_runs "ListRuns" ListRunsRequest ListRunsResponse;
        /// Takes a run out of the queue, or asks the worker that has it to stop. Needs editor.
        write cancel_run "CancelRun" CancelRunRequest CancelRunResponse;
        /// Gives queued runs to a worker, with a run token for each: see [`Client::with_token`].
        write claim_runs "ClaimRuns" ClaimRunsRequest ClaimRunsResponse;
        /// Keeps a run for another while. By run token.
        same heartbeat_run "HeartbeatRun" HeartbeatRunRequest HeartbeatRunResponse;
        /// Reads the values of the credential that a step of the run uses. By run token.
        same resolve_credential "ResolveCredential" ResolveCredentialRequest ResolveCredentialResponse;
        /// Says how a run ended. By run token.
        same finish_run "FinishRun" FinishRunRequest FinishRunResponse;
        /// Makes a dataclip with a name. Needs editor.
        write create_dataclip "CreateDataclip" CreateDataclipRequest CreateDataclipResponse;
        /// Answers one dataclip with its body.
        read get_dataclip "GetDataclip" GetDataclipRequest GetDataclipResponse;
        /// Lists a project's dataclips, newest first, without their bodies.
        read list_dataclips "ListDataclips" ListDataclipsRequest ListDataclipsResponse;
        /// Gives a dataclip a name, so that it is kept, or takes it away. Needs editor.
        write name_dataclip "NameDataclip" NameDataclipRequest NameDataclipResponse;
        /// Erases a dataclip's body for good. Needs editor.
        write delete_dataclip "DeleteDataclip" DeleteDataclipRequest DeleteDataclipResponse;
    }

    /// What webhook triggers ask of who calls them. From [`Client::webhook_auth`].
    WebhookAuth WebhookAuthMethodsServiceClient "WebhookAuthMethodsService" {
        /// Makes a method. It guards nothing until a trigger names it. Needs admin on the root.
        write create_webhook_auth_method "CreateWebhookAuthMethod" CreateWebhookAuthMethodRequest CreateWebhookAuthMethodResponse;
        /// Answers one method of a project's root, without its secret.
        read get_webhook_auth_method "GetWebhookAuthMethod" GetWebhookAuthMethodRequest GetWebhookAuthMethodResponse;
        /// Lists the methods of a project's root by name.
        read list_webhook_auth_methods "ListWebhookAuthMethods" ListWebhookAuthMethodsRequest ListWebhookAuthMethodsResponse;
        /// Renames a method. Triggers keep it. Needs admin on the root.
        write update_webhook_auth_method "UpdateWebhookAuthMethod" UpdateWebhookAuthMethodRequest UpdateWebhookAuthMethodResponse;
        /// Deletes a method that no trigger of the tree names. Needs admin on the root.
        write delete_webhook_auth_method "DeleteWebhookAuthMethod" DeleteWebhookAuthMethodRequest DeleteWebhookAuthMethodResponse;
        /// Says which trigger a call of a webhook is for, if it may pass. For a gateway, which is a worker.
        read authenticate_webhook "AuthenticateWebhook" AuthenticateWebhookRequest AuthenticateWebhookResponse;
    }

    /// Who did what. From [`Client::audit`].
    Audit AuditServiceClient "AuditService" {
        /// Events, newest first. Needs admin on the project or on the tree's root, or a service administrator.
        read list_audit_events "ListAuditEvents" ListAuditEventsRequest ListAuditEventsResponse;
        /// Checks a part of a chain of events; go on from the answer's `head` until it is `complete`, or see
        /// [`Audit::verify_all`].
        read verify_audit_chain "VerifyAuditChain" VerifyAuditChainRequest VerifyAuditChainResponse;
    }

    /// Changes as they happen. From [`Client::watches`].
    Watches WatchServiceClient "WatchService" {}
}
