//! Projects as files: a folder with a project checked out in it, in the format of OpenFn's tools.
//!
//! `.projects/<alias>@<hostname>.yaml` is a project as it was when it was synchronised last, with the server's ids. It is
//! checked out to `openfn.yaml`, `workflows/<id>/<id>.yaml` and a `.js` file for each body, which a person edits and keeps in
//! git. A push lays the files over the project as it is now.

pub(crate) mod disk;
pub(crate) mod files;
pub(crate) mod layout;
pub(crate) mod plan;
pub(crate) mod project;
pub(crate) mod read;

mod check;
mod credentials;
mod edge;
mod edits;
mod matching;
mod overlay;
mod slug;
mod spec;
mod state;
mod yaml;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use url::Url;

use self::disk::Folder;
use self::layout::Layout;
use self::project::Project;
use self::read::Local;
pub(crate) use self::slug::{is_id, slug};
use crate::failure::Failure;

/// The largest project file.
const MAX_PROJECT: u64 = 4 * 1024 * 1024 * 1024;
/// The largest of the other files.
const MAX_FILE: u64 = 16 * 1024 * 1024;

/// A workspace.
#[derive(Debug)]
pub(crate) struct Workspace {
    root: Folder,
    /// None: nothing was ever checked out here.
    layout: Option<Layout>,
}

/// A project with the name of its file: `alias@hostname`.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) alias: String,
    pub(crate) project: Project,
}

impl Workspace {
    /// In this folder.
    pub(crate) fn open(folder: &Path) -> Result<Self, Failure> {
        let root = Folder::at(folder);
        let text = root.read(Path::new(layout::FILE), MAX_FILE)?;
        let layout = text.map(|text| Layout::read(&text)).transpose()?;
        Ok(Self { root, layout })
    }

    /// What `openfn.yaml` says, or would.
    pub(crate) fn layout(&self) -> Layout {
        self.layout.clone().unwrap_or_default()
    }

    /// Where a project's file is.
    pub(crate) fn project_file(&self, alias: &str, endpoint: &str) -> PathBuf {
        let name = host(endpoint).map_or_else(|| alias.to_owned(), |host| format!("{alias}@{host}"));
        self.layout().projects().join(format!("{name}.yaml"))
    }

    /// Reads a project file. None: there is none.
    pub(crate) fn project(&self, file: &Path) -> Result<Option<Project>, Failure> {
        let Some(text) = self.root.read(file, MAX_PROJECT)? else { return Ok(None) };
        let mut project: Project = yaml::read(&text, file)?;
        project.tidy();
        let steps = project.workflows.iter().flat_map(|one| &one.steps).map(|step| &step.id);
        // Files are named after them, and a project file may come from anywhere.
        match project.workflows.iter().map(|one| &one.id).chain(steps).find(|id| !is_id(id)) {
            None => Ok(Some(project)),
            Some(id) => {
                let problem = format!(
                    "the id {id:?} can't be the name of a file; remove the file, and pull the project again"
                );
                Err(Failure::Here(format!("{}: {problem}", file.display())))
            }
        }
    }

    /// Every project file.
    pub(crate) fn projects(&self) -> Result<Vec<Kept>, Failure> {
        let mut kept = Vec::new();
        for file in self.root.find(&self.layout().projects(), "yaml")? {
            let stem = file.file_stem().unwrap_or_default().to_string_lossy();
            let alias = stem.split('@').next().unwrap_or_default().to_owned();
            kept.extend(self.project(&file)?.map(|project| Kept { alias, project }));
        }
        Ok(kept)
    }

    /// The project that is checked out, as it was synchronised last. None: nothing is, or nobody knows how it was.
    pub(crate) fn current(&self) -> Result<Option<Kept>, Failure> {
        let Some(layout) = &self.layout else { return Ok(None) };
        let Some(uuid) = layout.project("uuid") else { return Ok(None) };
        if let (Some(alias), Some(endpoint)) = (layout.project("alias"), layout.project("endpoint")) {
            let file = self.project_file(alias, endpoint);
            let project = if is_id(alias) { self.project(&file)? } else { None };
            if let Some(project) = project.filter(|project| project.openfn.uuid == uuid) {
                return Ok(Some(Kept { alias: alias.to_owned(), project }));
            }
        }
        let mut kept = self.projects()?;
        kept.retain(|kept| kept.project.openfn.uuid == uuid);
        match kept.len() {
            0 | 1 => Ok(kept.pop()),
            _ => {
                let aliases: Vec<_> = kept.into_iter().map(|kept| kept.alias).collect();
                let problem = format!(
                    "several project files are of the project that is checked out: {}",
                    aliases.join(", ")
                );
                Err(Failure::Here(format!("{problem}; remove those that are not")))
            }
        }
    }

    /// The workflows that files have.
    pub(crate) fn local(&self, base: Option<&Project>) -> Result<Vec<Local>, Failure> {
        let folder = self.layout().workflows();
        let written = base.into_iter().flat_map(|base| &base.workflows);
        let expected: BTreeSet<PathBuf> = written.map(|one| files::paths(one, &folder).0).collect();
        read::read(&self.root, &folder, &expected)
    }

    /// Files that a checkout of the project wrote, and those that were read as a part of it.
    fn owned(&self, base: Option<&Project>, local: &[Local]) -> BTreeSet<PathBuf> {
        let folder = self.layout().workflows();
        let mut owned = BTreeSet::new();
        for workflow in base.into_iter().flat_map(|base| &base.workflows) {
            let (file, bodies) = files::paths(workflow, &folder);
            owned.insert(file);
            owned.extend(bodies.into_values());
        }
        for local in local {
            owned.insert(local.file.clone());
            owned.extend(local.bodies.values().cloned());
        }
        owned
    }

    /// Writes the files of a project in place of those of another, and `openfn.yaml`. `absorbed`: files that the project has
    /// become equal to, which go too where they are called otherwise. What says the same already is left as it is.
    pub(crate) fn check_out(
        &self,
        base: Option<&Project>,
        next: &Kept,
        absorbed: &[Local],
    ) -> Result<(), Failure> {
        let layout = self.layout();
        let folder = layout.workflows();
        let files = files::files(&next.project, &folder)?;
        let same_already = self.same_already(&next.project);
        let credentials = credentials::added(&self.root, &layout, &next.project)?;
        for (file, text) in &files {
            if !same_already.contains(file) {
                self.root.write(file, text)?;
            }
        }
        for file in self.owned(base, absorbed).into_iter().filter(|file| !files.contains_key(file)) {
            self.root.remove(&file)?;
        }
        if let Some((file, text)) = credentials {
            self.root.write(&file, &text)?;
        }
        self.root.write(Path::new(layout::FILE), &layout.write(&next.project, &next.alias)?)
    }

    /// Workflows' files that say the same in other words, such as with comments, whatever their bodies are.
    fn same_already(&self, next: &Project) -> BTreeSet<PathBuf> {
        let folder = self.layout().workflows();
        let Ok(local) = read::read(&self.root, &folder, &BTreeSet::new()) else { return BTreeSet::new() };
        let known = next.by_id();
        let is = |one: &&Local| {
            let Some(next) = known.get(one.workflow.id.as_str()) else { return false };
            // With its bodies where they belong: else its file has to say where they are.
            (&one.file, &one.bodies) == (&files::paths(next, &folder).0, &files::paths(next, &folder).1)
                && one.workflow.outline() == next.outline()
        };
        local.iter().filter(is).map(|one| one.file.clone()).collect()
    }

    /// Writes a project file.
    pub(crate) fn keep(&self, kept: &Kept) -> Result<(), Failure> {
        let file = self.project_file(&kept.alias, &kept.project.openfn.endpoint);
        self.root.write(&file, &yaml::write(&kept.project)?)
    }
}

/// The name of the host of a server's URL, without its port, as files are named after it.
fn host(endpoint: &str) -> Option<String> {
    Url::parse(endpoint).ok()?.host_str().map(str::to_owned)
}

/// A server's URL as files have it: without a user or password that may be in it.
pub(crate) fn endpoint(server: &str) -> String {
    let Ok(mut url) = Url::parse(server) else { return server.to_owned() };
    let cleared = url.set_username("").and_then(|()| url.set_password(None));
    if cleared.is_err() { server.to_owned() } else { url.as_str().trim_end_matches('/').to_owned() }
}
