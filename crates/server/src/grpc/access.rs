//! `AccessService`.

use sandbar_app::{
    Etag,
    access::{
        self, CreatePrincipal, CreateToken, ListMembers, ListPrincipals, ListTokens, RemoveMember,
        RevokeToken, RotateToken, SetMember, TransferOwnership,
    },
};
use tonic::Request;

use super::{Answer, Grpc, change, read};
use crate::{
    convert::{
        Fields,
        access::{member_to_wire, principal_to_wire, token_to_wire},
    },
    status::from_error,
    wire::{self, access_service_server::AccessService},
};

#[tonic::async_trait]
impl AccessService for Grpc {
    async fn who_am_i(&self, request: Request<wire::WhoAmIRequest>) -> Answer<wire::WhoAmIResponse> {
        let (call, _) = read(request)?;
        let identity = access::who_am_i(&self.app, &call).await;
        call.answer(identity.map(|identity| wire::WhoAmIResponse {
            principal: Some(principal_to_wire(identity.principal)),
            token: Some(token_to_wire(identity.token)),
        }))
    }

    async fn create_principal(
        &self,
        request: Request<wire::CreatePrincipalRequest>,
    ) -> Answer<wire::CreatePrincipalResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let new = fields.new_principal("principal", m.principal);
        let new = fields.finish(new).map_err(from_error)?;
        let request = CreatePrincipal {
            kind: new.kind,
            name: new.name,
            email: new.email,
            administrator: new.administrator,
            request_id: m.request_id,
        };
        let made = access::create_principal(&self.app, &call, &request).await;
        call.answer(
            made.map(|made| wire::CreatePrincipalResponse { principal: Some(principal_to_wire(made)) }),
        )
    }

    async fn list_principals(
        &self,
        request: Request<wire::ListPrincipalsRequest>,
    ) -> Answer<wire::ListPrincipalsResponse> {
        let (call, m) = read(request)?;
        let request = ListPrincipals { page_size: m.page_size, page_token: m.page_token };
        let page = access::list_principals(&self.app, &call, &request).await;
        call.answer(page.map(|page| wire::ListPrincipalsResponse {
            principals: page.rows.into_iter().map(principal_to_wire).collect(),
            next_page_token: page.next_page_token,
        }))
    }

    async fn create_token(
        &self,
        request: Request<wire::CreateTokenRequest>,
    ) -> Answer<wire::CreateTokenResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let scope = fields.scope(&m.project_id, m.max_role);
        let request = CreateToken {
            principal: fields.optional_id("principal_id", &m.principal_id),
            name: m.name,
            project: scope.project,
            max_role: scope.max_role,
            ttl: fields.optional_micros("ttl", m.ttl.as_ref()),
            mfa: m.mfa,
            request_id: m.request_id,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let made = access::create_token(&self.app, &call, &request).await;
        call.answer(made.map(|made| wire::CreateTokenResponse {
            token: Some(token_to_wire(made.token)),
            secret: made.secret.map(|secret| secret.expose().to_owned()).unwrap_or_default(),
        }))
    }

    async fn list_tokens(
        &self,
        request: Request<wire::ListTokensRequest>,
    ) -> Answer<wire::ListTokensResponse> {
        let (call, m) = read(request)?;
        let mut fields = Fields::default();
        let project = fields.optional_id("project_id", &m.project_id);
        let request = ListTokens { project, page_size: m.page_size, page_token: m.page_token };
        let request = fields.finish(request).map_err(from_error)?;
        let page = access::list_tokens(&self.app, &call, &request).await;
        call.answer(page.map(|page| wire::ListTokensResponse {
            tokens: page.rows.into_iter().map(token_to_wire).collect(),
            next_page_token: page.next_page_token,
        }))
    }

    async fn rotate_token(
        &self,
        request: Request<wire::RotateTokenRequest>,
    ) -> Answer<wire::RotateTokenResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let request = RotateToken {
            token: fields.optional_id("token_id", &m.token_id),
            overlap: fields.optional_micros("overlap", m.overlap.as_ref()),
            etag: m.etag,
            request_id: m.request_id,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let rotated = access::rotate_token(&self.app, &call, &request).await;
        call.answer(rotated.map(|rotated| wire::RotateTokenResponse {
            token: Some(token_to_wire(rotated.token)),
            secret: rotated.secret.map(|secret| secret.expose().to_owned()).unwrap_or_default(),
            previous: Some(token_to_wire(rotated.previous)),
        }))
    }

    async fn revoke_token(
        &self,
        request: Request<wire::RevokeTokenRequest>,
    ) -> Answer<wire::RevokeTokenResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let request =
            RevokeToken { token: fields.id("token_id", &m.token_id), etag: m.etag, request_id: m.request_id };
        let request = fields.finish(request).map_err(from_error)?;
        let revoked = access::revoke_token(&self.app, &call, &request).await;
        call.answer(revoked.map(|token| wire::RevokeTokenResponse { token: Some(token_to_wire(token)) }))
    }

    async fn list_members(
        &self,
        request: Request<wire::ListMembersRequest>,
    ) -> Answer<wire::ListMembersResponse> {
        let (call, m) = read(request)?;
        let mut fields = Fields::default();
        let project = fields.id("project_id", &m.project_id);
        let request = ListMembers { project, page_size: m.page_size, page_token: m.page_token };
        let request = fields.finish(request).map_err(from_error)?;
        let page = access::list_members(&self.app, &call, &request).await;
        call.answer(page.map(|page| wire::ListMembersResponse {
            members: page.rows.into_iter().map(member_to_wire).collect(),
            next_page_token: page.next_page_token,
        }))
    }

    async fn set_member(&self, request: Request<wire::SetMemberRequest>) -> Answer<wire::SetMemberResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let request = SetMember {
            project: fields.id("project_id", &m.project_id),
            principal: fields.id("principal_id", &m.principal_id),
            role: fields.role("role", m.role),
            etag: Etag::parse(&m.etag),
            request_id: m.request_id,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let set = access::set_member(&self.app, &call, &request).await;
        call.answer(set.map(|member| wire::SetMemberResponse { member: Some(member_to_wire(member)) }))
    }

    async fn remove_member(
        &self,
        request: Request<wire::RemoveMemberRequest>,
    ) -> Answer<wire::RemoveMemberResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let request = RemoveMember {
            project: fields.id("project_id", &m.project_id),
            principal: fields.id("principal_id", &m.principal_id),
            etag: m.etag,
            request_id: m.request_id,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let removed = access::remove_member(&self.app, &call, &request).await;
        call.answer(removed.map(|()| wire::RemoveMemberResponse {}))
    }

    async fn transfer_ownership(
        &self,
        request: Request<wire::TransferOwnershipRequest>,
    ) -> Answer<wire::TransferOwnershipResponse> {
        let (call, m) = change(request)?;
        let mut fields = Fields::default();
        let request = TransferOwnership {
            project: fields.id("project_id", &m.project_id),
            principal: fields.id("principal_id", &m.principal_id),
            etag: m.etag,
            request_id: m.request_id,
        };
        let request = fields.finish(request).map_err(from_error)?;
        let owner = access::transfer_ownership(&self.app, &call, &request).await;
        call.answer(owner.map(|owner| wire::TransferOwnershipResponse { owner: Some(member_to_wire(owner)) }))
    }
}
