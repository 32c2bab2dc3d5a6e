//! What both sides changed to different things, and how a caller settles it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One thing that can't be combined, because both sides have their own idea of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Conflict {
    /// Where, in the words of [`crate::FieldChange::path`]: `name`, `jobs/<id>/adaptor`, `jobs/<id>` for a whole part.
    /// Of a result that breaks a rule, the field that does.
    pub path: String,
    /// The same for a person: `step "Fetch forms" · adaptor`.
    pub title: String,
    /// What kind of conflict it is.
    pub kind: ConflictKind,
    /// What the two last agreed on. None: nothing was there.
    pub base: Option<Value>,
    /// What the source has. None: nothing.
    pub source: Option<Value>,
    /// What the target has. None: nothing.
    pub target: Option<Value>,
    /// Of a body: the places where both changed the same lines, in order.
    pub clashes: Vec<Clash>,
    /// How the caller settled it. None: it is open, and nothing can be written.
    pub resolution: Option<Resolution>,
}

impl Conflict {
    /// For a person: where it is and what it is about.
    pub fn phrase(&self) -> String {
        let Self { path, title, kind, clashes, .. } = self;
        match kind {
            ConflictKind::Field => format!("{title} ({path}): changed on both sides"),
            ConflictKind::Body => {
                format!("{title} ({path}): {} place(s) changed on both sides", clashes.len())
            }
            ConflictKind::Removed => format!("{title} ({path}): removed on one side, changed on the other"),
            ConflictKind::InvalidResult(rule) => format!("{title}: {rule}"),
        }
    }
}

/// The kinds of conflicts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ConflictKind {
    /// A field was changed on both sides, to different values.
    Field,
    /// A step's body was changed on both sides, in the same lines.
    Body,
    /// A part was removed on one side and changed on the other.
    Removed,
    /// What came of combining the two breaks this rule. It can't be settled by itself: settle another conflict otherwise,
    /// or change one of the sides.
    InvalidResult(String),
}

/// What stands in one place of three texts: whole lines, with their ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clash {
    /// The first of its lines in the base, counted from 1.
    pub line: u32,
    /// What the two last agreed on.
    pub base: String,
    /// What the source has there.
    pub source: String,
    /// What the target has there.
    pub target: String,
    /// Up to three lines before it that are settled.
    pub before: String,
    /// Up to three lines after it that are settled.
    pub after: String,
}

/// How a caller settles a conflict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// As the source has it.
    Source,
    /// As the target has it.
    Target,
    /// As the caller has it: of a field its value, of a body its text. A part that one side removed can't be given so.
    Value(Value),
    /// Of a body: each clash by itself, all of them, in order.
    Clashes(Vec<ClashResolution>),
}

/// How a caller settles one clash in a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClashResolution {
    /// As the source has it.
    Source,
    /// As the target has it.
    Target,
    /// The source's lines, then the target's.
    Both,
    /// The caller's own lines, with their ends.
    Text(String),
}
