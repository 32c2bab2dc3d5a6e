//! Whole projects, in and out, as documents. However large one is, it goes through a file, a piece at a time in memory.

mod deploy;
mod export;
mod import;
mod landing;
mod links;
mod shown;
mod spool;
mod versions;

pub use deploy::{DeployProject, admit_deploy, deploy};
pub use export::{Audience, Exported, Form, export};
pub use import::{ImportProject, Imported, admit, import};
pub use spool::{SpoolReader, Spooled};
