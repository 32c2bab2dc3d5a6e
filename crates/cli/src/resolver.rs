//! Walking through the conflicts of a merge with a person: [`question`] says what there is to settle, [`walk`] what the
//! keys do, [`answer`] what becomes of the answers, [`kept`] where they are kept, [`dialog`] brings them together over
//! [`person`], a terminal and an editor.

pub(crate) mod answer;
pub(crate) mod dialog;
mod edit;
pub(crate) mod kept;
mod marks;
mod person;
pub(crate) mod question;
mod show;
mod walk;
