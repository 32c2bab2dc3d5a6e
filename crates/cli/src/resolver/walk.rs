//! What the keys do: a walk through the questions, from the first to behind the last. Pure.

use std::collections::BTreeMap;

use super::answer::Answer;
use super::kept::Kept;
use super::question::{Ask, Question};

/// A key, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// A letter or sign.
    Char(char),
    /// To the next one.
    Next,
    /// To the one before.
    Previous,
    /// Ctrl-C, or the terminal is gone.
    Interrupt,
    /// Anything else.
    Other,
}

/// What is to happen after a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Show where the walk stands.
    Show,
    /// Let the person edit.
    Edit,
    /// Say this, and stay.
    Say(&'static str),
    /// Say what the keys do.
    Help,
    /// Leave; nothing is lost.
    Quit,
}

/// The walk.
#[derive(Clone, Debug, Default)]
pub(super) struct Walk {
    questions: Vec<Question>,
    answers: Vec<Option<Answer>>,
    at: usize,
}

impl Walk {
    /// Begins anew with what was answered before, as far as it fits: only what is still the very same question is
    /// answered already. Gives the titles of what is not.
    pub(super) fn begin(questions: Vec<Question>, before: &BTreeMap<String, Kept>) -> (Self, Vec<String>) {
        let mut unfit: BTreeMap<&str, &Kept> = before.iter().map(|(id, kept)| (id.as_str(), kept)).collect();
        let mut answers = Vec::with_capacity(questions.len());
        for question in &questions {
            let id = question.id();
            let fits = before.get(&id).filter(|kept| kept.seen == question.seen);
            if fits.is_some() {
                unfit.remove(id.as_str());
            }
            answers.push(fits.map(|kept| kept.answer.clone()));
        }
        let unfit = unfit.into_values().map(|kept| kept.title.clone()).collect();
        let mut walk = Self { questions, answers, at: 0 };
        walk.go_to_first_open();
        (walk, unfit)
    }

    /// Where it stands. None: behind the last question.
    pub(super) fn now(&self) -> Option<(&Question, Option<&Answer>)> {
        let question = self.questions.get(self.at)?;
        Some((question, self.answers.get(self.at).and_then(Option::as_ref)))
    }

    /// The number of the question, counted from 1, and how many there are.
    pub(super) fn place(&self) -> (usize, usize) {
        (self.at + 1, self.questions.len())
    }

    pub(super) fn questions(&self) -> &[Question] {
        &self.questions
    }

    pub(super) fn answer(&self, at: usize) -> Option<Answer> {
        self.answers.get(at).cloned().flatten()
    }

    /// How many are not answered.
    pub(super) fn open(&self) -> usize {
        self.answers.iter().filter(|answer| answer.is_none()).count()
    }

    /// What was answered, to be kept.
    pub(super) fn kept(&self) -> BTreeMap<String, Kept> {
        let answered = self.questions.iter().zip(&self.answers).filter_map(|(question, answer)| {
            let kept = Kept { seen: question.seen.clone(), title: question.title(), answer: answer.clone()? };
            Some((question.id(), kept))
        });
        answered.collect()
    }

    /// Goes to the first that is open; behind the last, if none is.
    pub(super) fn go_to_first_open(&mut self) {
        self.at = self.answers.iter().position(Option::is_none).unwrap_or(self.answers.len());
    }

    pub(super) fn go_to_start(&mut self) {
        self.at = 0;
    }

    /// Takes an answer, and goes on.
    pub(super) fn take(&mut self, answer: Answer) {
        if let Some(slot) = self.answers.get_mut(self.at) {
            *slot = Some(answer);
            self.at += 1;
        }
    }

    /// Goes back to a question whose answer turned out to be none.
    pub(super) fn withdraw(&mut self, at: usize) {
        if let Some(slot) = self.answers.get_mut(at) {
            *slot = None;
            self.at = at;
        }
    }

    /// What a key does.
    pub(super) fn press(&mut self, key: Key) -> Step {
        let Some(ask) = self.questions.get(self.at).map(|question| &question.ask) else { return Step::Show };
        let answer = match key {
            Key::Char('s') => Answer::Source,
            Key::Char('t') => Answer::Target,
            Key::Char('b' | 'B') if !ask.takes_both() => {
                return Step::Say("only lines of a text can both be kept");
            }
            Key::Char('b') => Answer::Both,
            Key::Char('B') if matches!(ask, Ask::Text(_)) => {
                return Step::Say(
                    "there is too much of it for that; b keeps the source's lines, then the target's",
                );
            }
            Key::Char('B') => Answer::BothTurned,
            Key::Char('e') if ask.takes_own() => return Step::Edit,
            Key::Char('e') => return Step::Say(no_own(ask)),
            Key::Char('u') => {
                self.withdraw(self.at);
                return Step::Show;
            }
            Key::Char('k') | Key::Next => {
                self.at += 1;
                return Step::Show;
            }
            Key::Char('p') | Key::Previous => return self.back(),
            Key::Char('?' | 'h') => return Step::Help,
            Key::Char('q') | Key::Interrupt => return Step::Quit,
            Key::Char(_) | Key::Other => return Step::Say("no such key; ? lists them"),
        };
        self.take(answer);
        Step::Show
    }

    fn back(&mut self) -> Step {
        match self.at.checked_sub(1) {
            Some(at) => {
                self.at = at;
                Step::Show
            }
            None => Step::Say("this is the first one"),
        }
    }
}

fn no_own(ask: &Ask) -> &'static str {
    match ask {
        Ask::Text(_) => {
            "there is too much of it to be edited here; settle it with --settle X#PATH=@FILE, or choose a side"
        }
        _ => "this is settled by a side only: s or t",
    }
}

#[cfg(test)]
#[path = "walk_tests.rs"]
pub(super) mod tests;
