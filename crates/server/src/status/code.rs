//! Which gRPC code each reason has.

use tonic::Code;

use crate::wire::Reason;

/// The code of each reason, as `error.proto` states it.
pub(super) const fn code(reason: Reason) -> Code {
    use Reason as R;
    match reason {
        R::TokenMissing | R::TokenInvalid => Code::Unauthenticated,
        R::PermissionDenied
        | R::AdministratorRequired
        | R::TokenLimited
        | R::MfaRequired
        | R::EnvironmentGuarded
        | R::CredentialNotOwned
        | R::WorkerRequired
        | R::RunTokenRequired
        | R::WebhookCredentialsRequired
        | R::CredentialNotUsed => Code::PermissionDenied,
        R::CredentialDamaged => Code::DataLoss,
        R::ProjectNotFound
        | R::ResourceNotFound
        | R::RevisionNotFound
        | R::MergeNotFound
        | R::PrincipalNotFound
        | R::TokenNotFound
        | R::ItemNotFound
        | R::CredentialNotFound
        | R::ValuesNotFound
        | R::TriggerNotFound
        | R::RunNotFound
        | R::DataclipNotFound
        | R::WebhookAuthMethodNotFound
        | R::WebhookNotFound
        | R::NoCredentialPicked => Code::NotFound,
        R::InvalidFields
        | R::InvalidDocument
        | R::InvalidPageToken
        | R::KafkaUnsupported
        | R::RequestIdReused
        | R::NothingSelected
        | R::MergeIntoItself
        | R::ChoiceUnknown
        | R::InvalidCursor
        | R::CannotRetire => Code::InvalidArgument,
        R::ChangesPruned => Code::OutOfRange,
        R::NameTaken | R::IdTaken => Code::AlreadyExists,
        R::EtagMismatch | R::PlanStale | R::Contention => Code::Aborted,
        R::ProjectScheduled
        | R::ProjectNotScheduled
        | R::AncestorScheduled
        | R::NestingDepthReached
        | R::NotASandbox
        | R::CredentialNotLinked
        | R::MemberProtected
        | R::NotARoot
        | R::KeychainNotFound
        | R::ReferenceNotFound
        | R::CredentialInUse
        | R::TooManyEnvironments
        | R::LinkInUse
        | R::LinkInKeychain
        | R::KeychainInUse
        | R::KeychainDefaultNotLinked
        | R::TokenEnded
        | R::PlanRequired
        | R::InvalidResult
        | R::MergeConflicts
        | R::TriggerDisabled
        | R::CredentialsMissing
        | R::RunLeaseLost
        | R::RunFinished
        | R::DataclipErased
        | R::DataclipInUse
        | R::WebhookAuthMethodMissing
        | R::WebhookAuthMethodInUse
        | R::ManagedInParent
        | R::EnvironmentUsedBelow
        | R::CollectionAmbiguous => Code::FailedPrecondition,
        R::TooManyBadTokens
        | R::SandboxAllowanceReached
        | R::RunAllowanceReached
        | R::AiTokenAllowanceReached
        | R::CollectionFull
        | R::TooLarge
        | R::Overloaded
        | R::TooManyWatches => Code::ResourceExhausted,
        R::DeadlineExceeded => Code::DeadlineExceeded,
        R::StorageUnavailable | R::MasterKeyMissing | R::ServerStopping => Code::Unavailable,
        R::Internal | R::Unspecified => Code::Internal,
    }
}
