//! A folder and the files below it. Nothing here reads or writes outside of the folder: paths lead down only, and symbolic
//! links are refused.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Component, Path, PathBuf};

use crate::failure::Failure;

/// The most files and folders that are looked at in search of workflows.
const MAX_ENTRIES: usize = 200_000;
/// How deep folders are looked into.
const MAX_DEPTH: usize = 8;

/// A folder.
#[derive(Clone, Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// At this path.
    pub(crate) fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Where a file of it is.
    pub(crate) fn path(&self, file: &Path) -> PathBuf {
        self.0.join(file)
    }

    /// The content of a file of at most so many bytes. None: there is no such file.
    pub(crate) fn read(&self, file: &Path, limit: u64) -> Result<Option<String>, Failure> {
        self.check(file)?;
        let path = self.path(file);
        let failed = |error: io::Error| Failure::file("read", file, &error);
        let opened = match fs::File::open(&path) {
            Ok(opened) => opened,
            Err(error) if missing(&error) => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        if !opened.metadata().map_err(failed)?.is_file() {
            return Err(Failure::Here(format!("{} is not a file", file.display())));
        }
        let mut bytes = Vec::new();
        opened.take(limit + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > limit {
            return Err(Failure::Here(format!("{} is larger than {limit} bytes", file.display())));
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            Failure::Here(format!("{} is not UTF-8 at byte {at}; save it as UTF-8", file.display()))
        })?;
        Ok(Some(text))
    }

    /// Writes a file, whole or not at all, unless this is what it has.
    pub(crate) fn write(&self, file: &Path, text: &str) -> Result<(), Failure> {
        self.check(file)?;
        let path = self.path(file);
        let failed = |error: io::Error| Failure::file("write", file, &error);
        let there = match fs::read(&path) {
            Ok(there) if there == text.as_bytes() => return Ok(()),
            Ok(_) => Some(fs::metadata(&path).map_err(failed)?.permissions()),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(failed(error)),
        };
        let folder = path.parent().unwrap_or(&self.0);
        fs::create_dir_all(folder).map_err(failed)?;
        let mut part = part(file, there).tempfile_in(folder).map_err(failed)?;
        part.write_all(text.as_bytes()).map_err(failed)?;
        part.persist(&path).map_err(|error| failed(error.error))?;
        Ok(())
    }

    /// Removes a file, and the folders that are empty then.
    pub(crate) fn remove(&self, file: &Path) -> Result<(), Failure> {
        self.check(file)?;
        match fs::remove_file(self.path(file)) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(Failure::file("remove", file, &error)),
        }
        let folders = file.ancestors().skip(1).filter(|folder| folder.components().next().is_some());
        for folder in folders {
            // One that is not empty stays.
            if fs::remove_dir(self.path(folder)).is_err() {
                break;
            }
        }
        Ok(())
    }

    /// Every file below a folder that ends so, sorted. Hidden folders, `node_modules` and symbolic links are passed over.
    pub(crate) fn find(&self, folder: &Path, ending: &str) -> Result<Vec<PathBuf>, Failure> {
        self.check(folder)?;
        let mut found = Vec::new();
        let mut seen = 0;
        let mut folders = vec![(folder.to_owned(), 0)];
        while let Some((folder, depth)) = folders.pop() {
            for entry in self.entries(&folder)? {
                let entry = entry.map_err(|error| Failure::file("read", &folder, &error))?;
                let kind = entry.file_type().map_err(|error| Failure::file("read", &folder, &error))?;
                let name = entry.file_name();
                let path = folder.join(&name);
                seen += 1;
                if seen > MAX_ENTRIES {
                    let problem = format!("{} has more than {MAX_ENTRIES} files", folder.display());
                    return Err(Failure::Here(problem));
                }
                let name = name.to_string_lossy();
                if kind.is_dir() && depth < MAX_DEPTH && !name.starts_with('.') && name != "node_modules" {
                    folders.push((path, depth + 1));
                } else if kind.is_file() && path.extension().is_some_and(|its| its == ending) {
                    found.push(path);
                }
            }
        }
        found.sort();
        Ok(found)
    }

    fn entries(&self, folder: &Path) -> Result<Vec<io::Result<fs::DirEntry>>, Failure> {
        match fs::read_dir(self.path(folder)) {
            Ok(entries) => Ok(entries.collect()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(Failure::file("read", folder, &error)),
        }
    }

    /// Refuses a path that does not lead down, or over a symbolic link.
    fn check(&self, file: &Path) -> Result<(), Failure> {
        if !leads_down(file) {
            return Err(Failure::Here(format!("{} is outside of its folder", file.display())));
        }
        let mut path = self.0.clone();
        for component in file.components() {
            path.push(component);
            if path.symlink_metadata().is_ok_and(|found| found.is_symlink()) {
                let shown = path.strip_prefix(&self.0).unwrap_or(&path).display().to_string();
                return Err(Failure::Here(format!(
                    "{shown} is a symbolic link; files of a workspace are not looked for behind those"
                )));
            }
        }
        Ok(())
    }
}

/// Whether a relative path stays below where it begins.
pub(crate) fn leads_down(path: &Path) -> bool {
    path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

fn missing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// Makes the file that becomes another: one that was there stays as it may be read, a new one may be read as others, but for
/// the one that is to hold secrets.
#[cfg(unix)]
fn part(file: &Path, there: Option<Permissions>) -> tempfile::Builder<'static, 'static> {
    use std::os::unix::fs::PermissionsExt;
    let is_secret = file.file_stem().is_some_and(|name| name == "credentials");
    // What the person's umask takes away is taken away.
    let usual = Permissions::from_mode(if is_secret { 0o600 } else { 0o666 });
    let mut builder = tempfile::Builder::new();
    builder.permissions(there.unwrap_or(usual));
    builder
}

/// Makes the file that becomes another.
#[cfg(not(unix))]
fn part(_: &Path, _: Option<Permissions>) -> tempfile::Builder<'static, 'static> {
    tempfile::Builder::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, Folder) {
        let temporary = tempfile::tempdir().unwrap();
        let folder = Folder::at(&temporary.path().join("workspace"));
        fs::create_dir(folder.path(Path::new(""))).unwrap();
        (temporary, folder)
    }

    #[test]
    fn a_file_is_as_it_was_written_and_its_folders_go_with_it() {
        let (_temporary, folder) = folder();
        let file = Path::new("a/b/c.js");
        for text in ["x", "", "\n", "a\r\nb", "no newline at the end"] {
            folder.write(file, text).unwrap();
            assert_eq!(folder.read(file, 100).unwrap().as_deref(), Some(text));
        }
        assert!(folder.read(file, 3).unwrap_err().to_string().contains("larger than 3 bytes"));
        fs::write(folder.path(Path::new("a/own.txt")), "").unwrap();
        folder.remove(file).unwrap();
        folder.remove(file).unwrap();
        assert!(!folder.path(Path::new("a/b")).exists(), "empty");
        assert!(folder.path(Path::new("a/own.txt")).exists(), "not ours");
        assert_eq!(folder.read(file, 100).unwrap(), None);
    }

    #[test]
    fn nothing_leads_out_of_the_folder() {
        let (temporary, folder) = folder();
        fs::write(temporary.path().join("secret.js"), "secret").unwrap();
        std::os::unix::fs::symlink(temporary.path(), folder.path(Path::new("link"))).unwrap();
        std::os::unix::fs::symlink(temporary.path().join("secret.js"), folder.path(Path::new("file.js")))
            .unwrap();
        let absolute = temporary.path().join("secret.js");
        for file in
            ["../secret.js", "a/../../secret.js", "link/secret.js", "file.js", absolute.to_str().unwrap()]
        {
            let file = Path::new(file);
            assert!(folder.read(file, 100).is_err(), "{}", file.display());
            assert!(folder.write(file, "changed").is_err(), "{}", file.display());
            assert!(folder.remove(file).is_err(), "{}", file.display());
        }
        assert_eq!(fs::read_to_string(temporary.path().join("secret.js")).unwrap(), "secret");
        assert!(folder.find(Path::new(""), "js").unwrap().is_empty());
    }

    #[test]
    fn only_the_file_for_secrets_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let (_temporary, folder) = folder();
        for (file, others) in [("credentials.yaml", false), ("openfn.yaml", true)] {
            folder.write(Path::new(file), "").unwrap();
            let mode = fs::metadata(folder.path(Path::new(file))).unwrap().permissions().mode();
            assert_eq!(mode & 0o044 != 0, others, "{file} {mode:o}");
        }
    }
}
