//! Whether the master keys that a server was given are those of its database.

use std::collections::BTreeMap;

use sandbar_model::Error;
use sandbar_store::{
    credential::{self, WrappedKey},
    master_key, webhook_auth,
};
use secrecy::SecretBox;

use super::{Unopened, bound};
use crate::App;

/// Why a server must not start with the master keys that it was given.
#[derive(Debug, thiserror::Error)]
pub enum KeyProblem {
    /// Some that are in use are not among them.
    #[error(
        "{secrets} credentials and webhook auth methods of this database are encrypted with the master key {key:?}, which is not among those given ({}); give it too, before the current one",
        given.join(", ")
    )]
    Missing {
        /// Which.
        key: String,
        /// How many would be lost.
        secrets: i64,
        /// Those that there are.
        given: Vec<String>,
    },
    /// One has the id of another.
    #[error(
        "the master key {key:?} is not the one that this database knows by that id; give the right one, or call a new one otherwise"
    )]
    Wrong {
        /// Which.
        key: String,
    },
    /// They are not here to be asked.
    #[error("the key service does not answer")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] Error),
}

impl App {
    /// Checks the master keys against the database, which keeps of each that was ever given something encrypted with it;
    /// notes those that are new.
    ///
    /// # Errors
    /// [`KeyProblem`]: the server must not start.
    pub async fn check_master_keys(&self) -> Result<(), KeyProblem> {
        let mut tx = self.db.write().await?;
        let given = self.master_keys.ids();
        for id in &given {
            let nothing = SecretBox::new(Box::new(self.world.random()));
            let proof = self.master_keys.wrap(id, &bound_proof(id), &nothing, self.nonce()).await;
            let proof = proof.map_err(|why| problem(why, id))?;
            master_key::note(&mut tx, id, &proof.bytes, self.now()).await?;
        }
        for (id, proof) in master_key::all(&mut tx).await? {
            if given.contains(&id) {
                let kept = WrappedKey { master: id.clone(), bytes: proof };
                let opened = self.master_keys.unwrap(&kept, &bound_proof(&id)).await;
                opened.map_err(|why| problem(why, &id))?;
            }
        }
        let mut used: BTreeMap<String, i64> = BTreeMap::new();
        let methods = webhook_auth::by_master_key(&mut tx).await?;
        for (key, secrets) in credential::by_master_key(&mut tx).await?.into_iter().chain(methods) {
            *used.entry(key).or_default() += secrets;
        }
        if let Some((key, secrets)) = used.into_iter().find(|(key, _)| !given.contains(key)) {
            return Err(KeyProblem::Missing { key, secrets, given });
        }
        Ok(tx.commit().await?)
    }
}

fn problem(why: Unopened, id: &str) -> KeyProblem {
    match why {
        Unopened::NoKey(key) => KeyProblem::Wrong { key },
        Unopened::Damaged => KeyProblem::Wrong { key: id.to_owned() },
        Unopened::Unavailable(source) => KeyProblem::Unavailable(source),
    }
}

fn bound_proof(id: &str) -> Vec<u8> {
    bound(&[b"proof", id.as_bytes()])
}
