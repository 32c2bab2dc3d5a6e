//! Reading and writing keychains, and picking a credential by one (1-domain §7). No operation here answers a secret.

mod delete;
mod get;
mod list;
mod picks;
mod preview;
mod put;
pub(crate) mod resolve;

use sandbar_model::{Document, Error, Keychain, Kind, ProjectId, ResourceId, Result};
use sandbar_store::{Tx, resource::Found};

pub use delete::{DeleteKeychain, delete};
pub use get::{GetKeychain, get};
pub use list::{ListKeychains, list};
pub(crate) use picks::Picks;
pub use preview::{PickView, PickedCredential, PreviewKeychain, preview};
pub use put::{PutKeychain, put};
pub use resolve::{Resolved, resolve};

pub use crate::resources::Which;
use crate::{App, resources, view::KeychainView};

/// What is not there.
fn missing(id: &impl ToString) -> Error {
    resources::missing(Kind::Keychain, id)
}

impl App {
    /// A keychain as it was found.
    async fn keychain_view(
        &self,
        tx: &mut Tx,
        root: ProjectId,
        id: ResourceId,
        found: Found,
    ) -> Result<KeychainView> {
        let hash = found.hash.ok_or_else(|| missing(&id))?;
        let document = self.contents.document(tx, root, hash).await?;
        let keychain = as_keychain(&document)?.clone();
        let updated = self.stamp(tx, found.write_time, found.writer).await?;
        Ok(KeychainView { id, keychain, revision: found.revision, hash, updated })
    }
}

/// The keychain in a document that was read as one.
pub(crate) fn as_keychain(document: &Document) -> Result<&Keychain> {
    document.keychain().ok_or(Error::Bug("a keychain's content is none"))
}
