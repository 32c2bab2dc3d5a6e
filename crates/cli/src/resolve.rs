//! Which project a UUID, a name or a path means.

use std::collections::HashMap;

use sandbar_client::v1::{Project, ProjectState};

use crate::failure::Failure;

/// Which one a name means that both an active and a scheduled project have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prefer {
    /// For everything but restoring.
    Active,
    /// For restoring.
    Scheduled,
}

/// The project that a name, or a path `root/sandbox/sub` from the topmost project that the caller sees, means.
pub(crate) fn project<'a>(
    projects: &'a [Project],
    reference: &str,
    prefer: Prefer,
) -> Result<&'a Project, Failure> {
    let paths = Paths::new(projects);
    let fits = |project: &&Project| {
        if reference.contains('/') {
            paths.of(project) == reference.trim_matches('/')
        } else {
            project.name == reference
        }
    };
    let (preferred, other): (Vec<&Project>, Vec<&Project>) = projects
        .iter()
        .filter(fits)
        .partition(|project| is_scheduled(project) == (prefer == Prefer::Scheduled));
    let found = if preferred.is_empty() { other } else { preferred };
    match found.as_slice() {
        [one] => Ok(one),
        [] => Err(Failure::Here(format!(
            "you see no project {reference:?}; see `sandbar project list`, and check that the token may see it"
        ))),
        several => Err(Failure::Usage(ambiguous(reference, several, &paths))),
    }
}

/// The reference as an id, if it is a UUID.
pub(crate) fn uuid(reference: &str) -> Option<String> {
    uuid::Uuid::try_parse(reference).ok().map(|id| id.to_string())
}

/// Whether a project is scheduled for deletion.
pub(crate) fn is_scheduled(project: &Project) -> bool {
    project.state() == ProjectState::Scheduled
}

fn ambiguous(reference: &str, found: &[&Project], paths: &Paths<'_>) -> String {
    let line = |project: &&Project| {
        let scheduled = if is_scheduled(project) { "  (scheduled for deletion)" } else { "" };
        format!("\n  {}  {}{scheduled}", project.id, paths.of(project))
    };
    let lines: String = found.iter().map(line).collect();
    format!("{reference:?} fits {} projects; name the one you mean by its id:{lines}", found.len())
}

/// The paths of projects, as far as their ancestors are among them.
pub(crate) struct Paths<'a>(HashMap<&'a str, &'a Project>);

impl<'a> Paths<'a> {
    /// Of these projects.
    pub(crate) fn new(projects: &'a [Project]) -> Self {
        Self(projects.iter().map(|project| (project.id.as_str(), project)).collect())
    }

    /// The names from the topmost ancestor that is known down to the project, with slashes between.
    pub(crate) fn of(&self, project: &Project) -> String {
        let mut names = vec![project.name.as_str()];
        let mut parent = self.0.get(project.parent_id.as_str());
        // A tree is never deeper than it has projects: a broken answer can't hang the command.
        while let Some(project) = parent.filter(|_| names.len() <= self.0.len()) {
            names.push(&project.name);
            parent = self.0.get(project.parent_id.as_str());
        }
        names.reverse();
        names.join("/")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn make(id: &str, parent: &str, name: &str, state: ProjectState) -> Project {
        Project {
            id: id.to_owned(),
            parent_id: parent.to_owned(),
            name: name.to_owned(),
            state: state.into(),
            ..Default::default()
        }
    }

    fn forest() -> Vec<Project> {
        use ProjectState::{Active, Scheduled};
        vec![
            make("1", "", "acme", Active),
            make("2", "1", "fix", Active),
            make("3", "2", "deep", Active),
            make("4", "", "other", Active),
            make("5", "4", "fix", Active),
            make("6", "1", "old", Scheduled),
            make("7", "1", "twice", Scheduled),
            make("8", "1", "twice", Active),
            make("9", "hidden", "orphan", Active),
        ]
    }

    fn id(reference: &str, prefer: Prefer) -> Result<String, String> {
        let projects = forest();
        project(&projects, reference, prefer)
            .map(|project| project.id.clone())
            .map_err(|failure| failure.to_string())
    }

    #[test]
    fn names_and_paths_find_projects() {
        assert_eq!(id("deep", Prefer::Active), Ok("3".to_owned()));
        assert_eq!(id("acme/fix", Prefer::Active), Ok("2".to_owned()));
        assert_eq!(id("acme/fix/deep", Prefer::Active), Ok("3".to_owned()));
        assert_eq!(id("orphan", Prefer::Active), Ok("9".to_owned()));
        assert!(id("fix/deep", Prefer::Active).is_err());
    }

    #[test]
    fn a_name_that_fits_several_is_an_error_that_lists_them() {
        insta::assert_snapshot!(id("fix", Prefer::Active).unwrap_err(), @r#"
        "fix" fits 2 projects; name the one you mean by its id:
          2  acme/fix
          5  other/fix
        "#);
    }

    #[test]
    fn a_name_used_again_means_the_active_one_unless_it_is_to_be_restored() {
        assert_eq!(id("twice", Prefer::Active), Ok("8".to_owned()));
        assert_eq!(id("twice", Prefer::Scheduled), Ok("7".to_owned()));
        assert_eq!(id("old", Prefer::Active), Ok("6".to_owned()));
    }

    #[test]
    fn only_uuids_are_ids() {
        assert_eq!(
            uuid("0197D1F0-4D1C-7C7E-9D0A-6F3C1B0E2A11").as_deref(),
            Some("0197d1f0-4d1c-7c7e-9d0a-6f3c1b0e2a11")
        );
        assert_eq!(uuid("acme"), None);
    }
}
