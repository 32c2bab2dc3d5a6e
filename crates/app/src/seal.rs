//! Tokens that a caller carries from one call to the next, sealed so that nobody can make or change one.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sandbar_model::{ContentHash, Error, Result, Revision};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// The longest token that is looked at, in bytes: a cursor is a name of at most 255 characters.
const MAX_TOKEN: usize = 2048;
const MAC: usize = 16;
/// The least bytes of a plan token's payload; after them come the counts of items.
const PLAN: usize = 8 + 8 + 32;

/// Seals page and plan tokens. Every server of one service needs the same key.
pub struct Sealer {
    key: Hmac<Sha256>,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer(…)")
    }
}

/// What a plan token binds an apply to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PlanToken {
    /// Where source and target stood, so that a stale plan can say what moved.
    pub(crate) source: Revision,
    pub(crate) target: Revision,
    /// Of everything that the plan looked at.
    pub(crate) digest: ContentHash,
    /// How many items the plan said would go: see [`crate::merges::lost`].
    pub(crate) lost: Vec<u64>,
}

impl Sealer {
    /// With a key derived from a secret of any length.
    ///
    /// # Errors
    /// [`Error::InvalidFields`] for a secret of fewer than 16 bytes.
    pub fn new(secret: &[u8]) -> Result<Self> {
        if secret.len() < 16 {
            return Err(Error::invalid("key", "must have at least 16 bytes"));
        }
        let key = Hmac::new_from_slice(secret).map_err(|_| Error::Bug("HMAC takes keys of any length"))?;
        Ok(Self { key })
    }

    /// A page token: where the next page of this list begins. `list` names the list and everything that filters it.
    pub(crate) fn page(&self, list: &str, cursor: &str) -> String {
        self.seal(&["page", list], cursor.as_bytes())
    }

    /// The cursor in a page token; empty for the first page.
    pub(crate) fn cursor(&self, list: &str, token: &str) -> Result<String> {
        if token.is_empty() {
            return Ok(String::new());
        }
        let bytes = self.open(&["page", list], token).ok_or(Error::InvalidPageToken)?;
        String::from_utf8(bytes).map_err(|_| Error::InvalidPageToken)
    }

    pub(crate) fn plan(&self, plan: &PlanToken) -> String {
        let mut bytes = Vec::with_capacity(PLAN);
        bytes.extend(plan.source.0.to_be_bytes());
        bytes.extend(plan.target.0.to_be_bytes());
        bytes.extend(plan.digest.0);
        bytes.extend(plan.lost.iter().flat_map(|count| count.to_be_bytes()));
        self.seal(&["plan"], &bytes)
    }

    /// None: this service did not make it.
    pub(crate) fn open_plan(&self, token: &str) -> Option<PlanToken> {
        let bytes = self.open(&["plan"], token)?;
        let (source, rest) = bytes.split_first_chunk::<8>()?;
        let (target, rest) = rest.split_first_chunk::<8>()?;
        let (digest, rest) = rest.split_first_chunk::<32>()?;
        let (lost, rest) = rest.as_chunks::<8>();
        if !rest.is_empty() {
            return None;
        }
        Some(PlanToken {
            source: Revision(i64::from_be_bytes(*source)),
            target: Revision(i64::from_be_bytes(*target)),
            digest: ContentHash(*digest),
            lost: lost.iter().map(|count| u64::from_be_bytes(*count)).collect(),
        })
    }

    /// What a repeat of a request is known by. Nobody without the key can tell which request it was made of.
    pub(crate) fn fingerprint(&self, action: &str, digest: &ContentHash) -> ContentHash {
        ContentHash(self.whole_mac(&["request", action], &digest.0))
    }

    fn seal(&self, purpose: &[&str], payload: &[u8]) -> String {
        let mut bytes = payload.to_vec();
        bytes.extend(self.mac(purpose, payload));
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    fn open(&self, purpose: &[&str], token: &str) -> Option<Vec<u8>> {
        if token.len() > MAX_TOKEN {
            return None;
        }
        let mut bytes = BASE64_URL_SAFE_NO_PAD.decode(token).ok()?;
        let mac = bytes.split_off(bytes.len().checked_sub(MAC)?);
        bool::from(mac.ct_eq(&self.mac(purpose, &bytes))).then_some(bytes)
    }

    fn mac(&self, purpose: &[&str], payload: &[u8]) -> [u8; MAC] {
        let mut short = [0; MAC];
        short.iter_mut().zip(self.whole_mac(purpose, payload)).for_each(|(to, from)| *to = from);
        short
    }

    fn whole_mac(&self, purpose: &[&str], payload: &[u8]) -> [u8; 32] {
        let mut mac = self.key.clone();
        // Each part with its length, so that no two different lists of parts are the same bytes.
        for part in purpose.iter().map(|part| part.as_bytes()).chain([payload]) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sealer() -> Sealer {
        Sealer::new(b"0123456789abcdef").unwrap()
    }

    #[test]
    fn a_page_token_opens_for_its_own_list_only() {
        let token = sealer().page("workflows of p", "Sync");
        assert_eq!(sealer().cursor("workflows of p", &token).unwrap(), "Sync");
        assert!(matches!(sealer().cursor("workflows of q", &token), Err(Error::InvalidPageToken)));
        let other = Sealer::new(b"another key, long").unwrap();
        assert!(matches!(other.cursor("workflows of p", &token), Err(Error::InvalidPageToken)));
    }

    #[test]
    fn a_plan_token_comes_back() {
        for lost in [vec![], vec![3], vec![u64::MAX; crate::merges::lost::SLOTS]] {
            let (source, target) = (Revision(7), Revision(i64::MAX));
            let plan = PlanToken { source, target, digest: ContentHash([9; 32]), lost };
            assert_eq!(sealer().open_plan(&sealer().plan(&plan)), Some(plan));
        }
        assert_eq!(sealer().open_plan(&sealer().page("plan", "x")), None);
    }

    #[test]
    fn a_short_key_is_refused() {
        assert!(Sealer::new(b"short").is_err());
    }

    proptest! {
        #[test]
        fn nothing_else_opens(token in ".{0,200}", flip in 0_usize..60) {
            prop_assert!(sealer().open_plan(&token).is_none());
            prop_assert!(token.is_empty() || sealer().cursor("list", &token).is_err());
            let mut sealed = sealer().page("list", "a cursor").into_bytes();
            let at = flip % sealed.len();
            sealed[at] = if sealed[at] == b'A' { b'B' } else { b'A' };
            prop_assert!(sealer().cursor("list", std::str::from_utf8(&sealed).unwrap()).is_err());
        }
    }
}
