//! How two states become one: what a merge would do, said before it is done.
//!
//! [`plan()`] is a pure function over the resources that either side touched since the two last agreed: it labels each
//! ([`Label`], 3-merge §1), applies what the caller decided ([`Choices`], §2), works out what would be written and what
//! stays behind (§4), and binds all of it into one digest ([`Plan::fingerprint`], §5). No I/O, no clock, no randomness.
//!
//! The modules in reading order. [`mod@combine`] makes one of both sides' edits inside one workflow (§3), [`config`] inside
//! one config, [`keychain`] inside one keychain.

pub mod candidate;
mod carry;
mod check;
pub mod choice;
pub mod combine;
pub mod config;
pub mod field;
pub mod item;
pub mod keychain;
pub mod label;
mod links;
mod pair;
mod part;
pub mod plan;
pub mod text;
pub mod warning;

pub use candidate::{Candidate, Context, Purpose, State};
pub use choice::{Choices, Decision, Selector};
pub use field::{BodyChange, FieldChange};
pub use item::{Item, Write};
pub use label::Label;
pub use plan::{Plan, Withheld, plan};
pub use sandbar_model::claim::{Claim, claims};
pub use warning::{Warning, WarningKind};
