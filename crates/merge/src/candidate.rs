//! What a plan is made from.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use sandbar_model::{ContentHash, Document, Error, Kind, ResourceId, Result, claim::Claim};

/// A resource's content somewhere, with the hash that names it.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// The hash of the document's canonical form.
    pub hash: ContentHash,
    /// The content.
    pub document: Arc<Document>,
}

impl State {
    /// A content that was not read from the store, with its hash.
    ///
    /// # Errors
    /// [`Error::Bug`] when a position is not a finite number, which the rules of a workflow refuse.
    pub fn of(document: Document) -> Result<Self> {
        let bytes =
            document.canonical().map_err(|_| Error::Bug("a document without a canonical form in a merge"))?;
        Ok(Self { hash: ContentHash::of(&bytes), document: Arc::new(document) })
    }
}

/// One resource that the source or the target touched since the two last agreed on it. None: absent there.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// With the id, its key.
    pub kind: Kind,
    /// The same in every project of the tree.
    pub id: ResourceId,
    /// What the two last agreed on.
    pub base: Option<State>,
    /// What the source has.
    pub source: Option<State>,
    /// What the target has.
    pub target: Option<State>,
}

/// What a plan has to know about the two projects beside the resources themselves.
#[derive(Clone, Debug)]
pub struct Context {
    /// What the plan is for.
    pub purpose: Purpose,
    /// Whether the two are of one tree: only then are the webhook auth methods of one known in the other.
    pub same_root: bool,
    /// The credential links that the target has now: at least those that a source state uses.
    pub target_links: BTreeSet<ResourceId>,
    /// The keychains that the target has now: at least those that a source state uses.
    pub target_keychains: BTreeSet<ResourceId>,
    /// Whether whoever merges may write the target's keychains. If not, they stay as they are, and the plan says so.
    pub may_write_keychains: bool,
    /// What the target has now of the resources that configs refer to: asked for every reference of a source or target
    /// state.
    pub target_resources: BTreeSet<(Kind, ResourceId)>,
    /// Who holds what in the target now: asked for every claim that a source state makes. Absent: free.
    pub holders: BTreeMap<Claim, ResourceId>,
    /// How many items a collection holds in the target: asked for every collection that the source lacks.
    pub collection_items: BTreeMap<ResourceId, u64>,
    /// The texts of steps that both sides changed, as far as they are known: see [`crate::Plan::wanted`].
    pub bodies: BTreeMap<ContentHash, Arc<str>>,
}

/// What a plan is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Taking the source's changes into the target.
    Merge,
    /// Undoing a merge: base is what it left, source what was before it, target what is now (3-merge §6). What the
    /// merge made goes by default.
    Revert,
}
