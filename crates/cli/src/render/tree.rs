//! A tree of projects, drawn.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use sandbar_client::v1::Project;

use super::page::{BOLD, DIM, PLAIN, Page};
use super::time::relative;
use crate::resolve::is_scheduled;

/// Draws projects with their sandboxes below them. One whose parent is not among them stands at the left.
pub(crate) fn tree(projects: &[Project], now: Timestamp) -> String {
    let ids: HashSet<&str> = projects.iter().map(|project| project.id.as_str()).collect();
    let mut children: HashMap<&str, Vec<&Project>> = HashMap::new();
    for project in projects {
        let parent = ids.get(project.parent_id.as_str()).copied().unwrap_or("");
        children.entry(parent).or_default().push(project);
    }
    let mut drawing = Drawing { page: Page::default(), children, now };
    for top in drawing.children.remove("").unwrap_or_default() {
        drawing.project(top, "", "");
    }
    drawing.page.finish()
}

struct Drawing<'a> {
    page: Page,
    children: HashMap<&'a str, Vec<&'a Project>>,
    now: Timestamp,
}

impl<'a> Drawing<'a> {
    /// Draws one project after `branch`, and what is below it after `indent`. Taking its children out of the map
    /// makes sure that a broken answer can't draw for ever.
    fn project(&mut self, project: &'a Project, branch: &str, indent: &str) {
        self.page.put(DIM, branch);
        self.label(project);
        let children = self.children.remove(project.id.as_str()).unwrap_or_default();
        let last = children.len().saturating_sub(1);
        for (index, child) in children.into_iter().enumerate() {
            let (branch, below) =
                if index == last { ("└── ", "    ") } else { ("├── ", "│   ") };
            self.project(child, &format!("{indent}{branch}"), &format!("{indent}{below}"));
        }
    }

    fn label(&mut self, project: &Project) {
        let (name, rest) = if is_scheduled(project) { (DIM, DIM) } else { (BOLD, PLAIN) };
        self.page.put(name, &project.name).put(rest, format_args!("  {}", project.environment));
        if is_scheduled(project) {
            let gone = relative(self.now, project.purge_time.as_ref());
            self.page.put(DIM, format_args!("  scheduled, gone {gone}"));
        } else if project.expire_time.is_some() {
            let expires = relative(self.now, project.expire_time.as_ref());
            self.page.put(rest, format_args!("  active, expires {expires}"));
        } else {
            self.page.put(rest, "  active");
        }
        self.page.put(DIM, format_args!("  {}", project.id)).end();
    }
}

#[cfg(test)]
mod tests {
    use sandbar_client::prost_types;
    use sandbar_client::v1::ProjectState;

    use super::*;

    fn make(id: &str, parent: &str, name: &str) -> Project {
        Project {
            id: id.into(),
            parent_id: parent.into(),
            name: name.into(),
            environment: if parent.is_empty() { "main".into() } else { "dev".into() },
            state: ProjectState::Active.into(),
            ..Default::default()
        }
    }

    fn drawn() -> String {
        let day = |days: i64| Some(prost_types::Timestamp { seconds: days * 86_400, nanos: 0 });
        let mut gone = make("id-4", "id-1", "old-idea");
        gone.state = ProjectState::Scheduled.into();
        gone.purge_time = day(5);
        let mut short = make("id-3", "id-2", "deep");
        short.expire_time = day(2);
        let projects = [
            make("id-1", "", "acme"),
            make("id-2", "id-1", "fix"),
            short,
            gone,
            make("id-5", "id-1", "next"),
            make("id-6", "unseen", "orphan"),
        ];
        tree(&projects, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_tree_is_drawn() {
        insta::assert_snapshot!(anstream::adapter::strip_str(&drawn()).to_string());
    }

    #[test]
    fn scheduled_ones_are_dimmed() {
        let text = drawn();
        let line = text.lines().find(|line| line.contains("old-idea")).unwrap();
        assert!(line.contains("\u{1b}[2mold-idea"), "{line:?}");
    }

    #[test]
    fn projects_that_are_each_others_parents_end() {
        let circle = [make("a", "b", "a"), make("b", "a", "b"), make("c", "", "c")];
        assert_eq!(tree(&circle, Timestamp::UNIX_EPOCH).lines().count(), 1);
    }
}
