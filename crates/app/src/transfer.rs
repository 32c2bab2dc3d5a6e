//! Whole projects, in and out, as documents. However large one is, it goes through a file, a piece at a time in memory.

mod export;
mod import;
mod landing;
mod links;
mod spool;

pub use export::{Exported, export};
pub use import::{ImportProject, Imported, admit, import};
pub use spool::{SpoolReader, Spooled};
