//! A place in what is told, and the text that a watcher keeps of it.

use sandbar_model::{Error, ProjectId, Result, Revision};
use uuid::Uuid;

use super::Watch;
use crate::Sealer;

/// A place: every event up to a position was told, but for what is left of `range`, which comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// In the tree's chain of events.
    pub(super) position: i64,
    /// How many changes of the event after it were told, too: one event may tell of several projects.
    pub(super) told: usize,
    /// Versions that come next.
    pub(super) range: Option<Range>,
}

/// Versions of a project's resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    /// Whose.
    pub(super) project: ProjectId,
    /// Those after this revision.
    pub(super) after: Revision,
    /// Up to this one.
    pub(super) last: Revision,
}

impl Range {
    /// None: it is empty.
    pub(super) fn rest(self) -> Option<Self> {
        (self.after < self.last).then_some(self)
    }

    /// Both in one, where the other follows without a gap.
    pub(super) fn and(self, other: Self) -> Option<Self> {
        (self.project == other.project && self.last == other.after)
            .then_some(Self { last: other.last, ..self })
    }
}

impl Place {
    /// After an event.
    pub(super) fn after(position: i64) -> Self {
        Self { position, told: 0, range: None }
    }

    /// The text for watchers, who can neither read nor change it.
    pub(super) fn seal(&self, sealer: &Sealer, watch: &Watch) -> String {
        let mut text = format!("{} {}", self.position, self.told);
        if let Some(Range { project, after, last }) = self.range {
            text = format!("{text} {project} {after} {last}");
        }
        sealer.page(&list(watch), &text)
    }

    /// What [`Self::seal`] made for a watch of the same project.
    pub(super) fn open(sealer: &Sealer, watch: &Watch, cursor: &str) -> Result<Self> {
        let text = sealer.cursor(&list(watch), cursor).map_err(|_| Error::InvalidCursor)?;
        read(&text).ok_or(Error::InvalidCursor)
    }
}

fn list(watch: &Watch) -> String {
    format!("watch {} {}", watch.project, watch.tree)
}

fn read(text: &str) -> Option<Place> {
    let mut words = text.split(' ');
    let (position, told) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let range = match words.next() {
        None => None,
        Some(project) => {
            let project = Uuid::try_parse(project).ok()?.into();
            let mut revision = || words.next()?.parse().ok().map(Revision);
            Range { project, after: revision()?, last: revision()? }.rest()
        }
    };
    Some(Place { position, told, range })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::watch::From;

    fn watch(project: u128, tree: bool) -> Watch {
        Watch { project: Uuid::from_u128(project).into(), tree, from: From::Now, until_now: false }
    }

    proptest! {
        #[test]
        fn a_cursor_comes_back_for_its_own_watch_only(
            position in 0..i64::MAX, told in 0_usize..100, after in 0_i64..1000, more in 0_i64..3, noise in ".{0,80}",
        ) {
            let sealer = Sealer::new(b"0123456789abcdef").unwrap();
            let range = Range { project: Uuid::from_u128(9).into(), after: Revision(after), last: Revision(after + more) };
            let place = Place { position, told, range: range.rest() };
            let cursor = place.seal(&sealer, &watch(1, true));
            prop_assert_eq!(Place::open(&sealer, &watch(1, true), &cursor).unwrap(), place);
            for (other, text) in [(watch(1, false), &cursor), (watch(2, true), &cursor), (watch(1, true), &noise)] {
                let opened = Place::open(&sealer, &other, text);
                prop_assert!(matches!(opened, Err(Error::InvalidCursor)) || text.is_empty());
            }
        }
    }
}
