//! What a person gets to see on the way.

use sandbar_client::v1::MergeConflict;

use super::answer::Answer;
use super::question::{Ask, Question};
use super::walk::Walk;
use crate::render::conflicts::{clash, sides};
use crate::render::count;
use crate::render::diff::Frame;
use crate::render::page::{BOLD, CYAN, DIM, GREEN, PLAIN, Page, YELLOW};

/// What the keys do.
pub(super) const HELP: &str = "\
  s  the source's holds          t  the target's holds
  b  both: source, then target   B  both: target, then source
  e  edit in $VISUAL or $EDITOR  u  take the answer back
  k  skip (or Enter, →)          p  previous (or ←)
  ?  this help                   q  quit; what was decided is kept";

/// The question where the walk stands, and how it was answered so far.
pub(super) fn question(walk: &Walk, changed: &str, frame: Frame) -> String {
    let mut page = Page::default();
    let Some((question, answer)) = walk.now() else { return String::new() };
    let (at, all) = walk.place();
    page.end()
        .put(YELLOW.bold(), format_args!("{at} of {all}"))
        .put(PLAIN, "  ")
        .line(BOLD, question.title());
    if !changed.is_empty() {
        page.line(DIM, format_args!("    {changed}"));
    }
    match &question.ask {
        Ask::Whole => {
            page.line(
                PLAIN,
                "    both sides changed it, and it can't be combined: the target's is left as it is (t), or",
            );
            page.line(PLAIN, "    the source's replaces it (s), which may mean that it is deleted");
        }
        Ask::Field(conflict) => sides(&mut page, conflict),
        Ask::Clash { .. } => question.ask.clash().into_iter().for_each(|one| clash(&mut page, one, frame)),
        Ask::Text(conflict) => text(&mut page, conflict, frame),
    }
    if let Some(answer) = answer {
        page.put(GREEN, "    settled: ").line(GREEN, said(answer));
    }
    page.put(CYAN, keys(question)).plain(" ");
    page.finish()
}

fn text(page: &mut Page, conflict: &MergeConflict, frame: Frame) {
    let shown = conflict.clashes.iter().take(3);
    shown.for_each(|one| clash(page, one, frame));
    let places = count(conflict.clash_count, "place", "places");
    page.line(DIM, format_args!("      … {places} in all, too much to be shown: one answer for all of them"));
}

/// How a question was answered.
pub(super) fn said(answer: &Answer) -> String {
    match answer {
        Answer::Source => "source".to_owned(),
        Answer::Target => "target".to_owned(),
        Answer::Both => "both, the source's first".to_owned(),
        Answer::BothTurned => "both, the target's first".to_owned(),
        Answer::Own(own) => {
            let first = own.lines().next().unwrap_or_default();
            let more = i64::try_from(own.lines().count()).unwrap_or(i64::MAX) - 1;
            if more > 0 {
                format!("{first} … and {}", count(more, "line", "lines"))
            } else {
                first.to_owned()
            }
        }
    }
}

fn keys(question: &Question) -> String {
    let both = if question.ask.takes_both() { ", [b]oth" } else { "" };
    let edit = if question.ask.takes_own() { ", [e]dit" } else { "" };
    format!("[s]ource, [t]arget{both}{edit}, s[k]ip, [p]revious, [q]uit, [?]")
}

/// All questions with their answers.
pub(super) fn summary(walk: &Walk) -> String {
    let mut page = Page::default();
    page.end();
    for (at, question) in walk.questions().iter().enumerate() {
        match walk.answer(at) {
            Some(answer) => page
                .put(GREEN, "  settled  ")
                .plain(question.title())
                .line(DIM, format_args!(": {}", said(&answer))),
            None => page.put(YELLOW, "  open     ").plain(question.title()).end(),
        };
    }
    page.finish()
}
