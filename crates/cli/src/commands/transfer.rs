//! `project import` and `project export`: whole projects in and out, as they stream.

use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sandbar_client::v1::{ImportHeader, ImportProjectResponse};
use tokio::fs::File;
use tokio::io::{stdin, stdout};

use crate::failure::Failure;
use crate::output::note;
use crate::render::page::{BOLD, CYAN, DIM, GREEN, Page, RED};
use crate::session::Session;

/// `project import`.
#[derive(Args, Debug)]
pub(crate) struct ImportArgs {
    /// The document, or - for standard input
    file: PathBuf,
    /// The project to make equal to the document. Without it a new root is made, named as the document says
    #[arg(long)]
    project: Option<String>,
    /// Check everything and change nothing
    #[arg(long)]
    validate_only: bool,
}

/// `project export`.
#[derive(Args, Debug)]
pub(crate) struct ExportArgs {
    /// The project
    project: String,
    /// Where to write the document; - for standard output
    #[arg(default_value = "-")]
    file: PathBuf,
}

/// Streams a document to the server and says what it changed.
pub(crate) async fn import(session: &Session, args: ImportArgs) -> Result<(), Failure> {
    let project_id = match &args.project {
        Some(reference) => session.project(reference).await?,
        None => String::new(),
    };
    let header = ImportHeader { project_id, validate_only: args.validate_only, ..Default::default() };
    let projects = session.client.projects();
    let answer = if is_standard(&args.file) {
        let bar = bar(None);
        projects.import_project(header, stdin(), |bytes| bar.set_position(bytes)).await?
    } else {
        let unreadable = |error| Failure::file("read", &args.file, &error);
        let file = File::open(&args.file).await.map_err(unreadable)?;
        let bar = bar(Some(file.metadata().await.map_err(unreadable)?.len()));
        projects.import_project(header, file, |bytes| bar.set_position(bytes)).await?
    };
    session.out.show(&answer, || imported(&answer, args.validate_only))
}

/// Streams a project into a file, which appears only once it is whole, or to standard output.
pub(crate) async fn export(session: &Session, args: ExportArgs) -> Result<(), Failure> {
    let project_id = session.project(&args.project).await?;
    let projects = session.client.projects();
    let bar = bar(None);
    if is_standard(&args.file) {
        projects.export_project(project_id, stdout(), |bytes| bar.set_position(bytes)).await?;
        return Ok(());
    }
    let unwritable = |error| Failure::file("write", &args.file, &error);
    let directory = args.file.parent().filter(|path| !path.as_os_str().is_empty());
    let part = tempfile::NamedTempFile::new_in(directory.unwrap_or(Path::new("."))).map_err(unwritable)?;
    let file = File::from_std(part.reopen().map_err(unwritable)?);
    let bytes = projects.export_project(project_id, file, |bytes| bar.set_position(bytes)).await?;
    part.persist(&args.file).map_err(|error| unwritable(error.error))?;
    bar.finish_and_clear();
    note(&format!("{bytes} bytes written to {}", args.file.display()))
}

fn imported(answer: &ImportProjectResponse, validate_only: bool) -> String {
    let project = answer.project.clone().unwrap_or_default();
    let mut page = Page::default();
    page.put(BOLD, &project.name).put(DIM, format_args!("  {}", project.id)).end();
    page.plain("  resources: ").put(GREEN, format_args!("{} created", answer.created)).plain(", ");
    page.put(CYAN, format_args!("{} updated", answer.updated)).plain(", ");
    page.put(RED, format_args!("{} deleted", answer.deleted)).plain(", ");
    page.put(DIM, format_args!("{} unchanged", answer.unchanged)).end();
    if validate_only {
        page.line(DIM, "  Only checked: nothing was changed.");
    }
    page.finish()
}

fn is_standard(file: &Path) -> bool {
    file.as_os_str() == "-"
}

/// A bar on standard error, hidden where that is no terminal.
fn bar(length: Option<u64>) -> ProgressBar {
    let template = match length {
        Some(_) => "{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}",
        None => "{spinner} {bytes} {bytes_per_sec}",
    };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr()).with_style(style)
}

#[cfg(test)]
mod tests {
    use sandbar_client::v1::Project;

    use super::*;

    #[test]
    fn an_import_says_what_it_changed() {
        let answer = ImportProjectResponse {
            project: Some(Project { id: "p-1".into(), name: "acme".into(), ..Default::default() }),
            created: 1,
            updated: 2,
            deleted: 3,
            unchanged: 4,
            document_bytes: 5,
        };
        let text = imported(&answer, true);
        insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string(), @r"
        acme  p-1
          resources: 1 created, 2 updated, 3 deleted, 4 unchanged
          Only checked: nothing was changed.
        ");
    }
}
