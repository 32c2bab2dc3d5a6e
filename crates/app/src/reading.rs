//! Reading single resources, the most frequent call of all: who comes while others are being answered waits for them, and
//! all who wait are then answered by one statement. What a statement costs beside its rows (the way to the database and
//! back, setting it up) is most of what such a call costs.
//!
//! Nobody is answered from before their call: a statement begins after the last of its questions came.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sandbar_model::Result;
use sandbar_store::{
    Db,
    gate::{self, MOST_QUESTIONS, Question, Reading},
};
use tokio::{runtime::Handle, sync::oneshot};

/// Statements at once. With more they would only hold fewer questions each; with one, the database would be idle while
/// answers are handed out.
const STATEMENTS: usize = 2;

/// Who is being answered, and who waits.
#[derive(Debug)]
pub(crate) struct Readings {
    db: Db,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    statements: usize,
    waiting: Vec<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    question: Question,
    answer: oneshot::Sender<Option<Reading>>,
}

/// One of the [`STATEMENTS`]. When it ends, however that comes, the next one begins for those who wait.
struct Turn(Arc<Readings>);

impl Readings {
    pub(crate) fn new(db: Db) -> Arc<Self> {
        Arc::new(Self { db, state: Mutex::default() })
    }

    /// Who bears the token, and what there is to read. None: nobody has such a token.
    pub(crate) async fn ask(self: &Arc<Self>, question: Question) -> Result<Option<Reading>> {
        let answered = match self.turn_or_wait(question) {
            Ok(_turn) => return self.alone(question).await,
            Err(answer) => answer.await,
        };
        match answered {
            Ok(found) => Ok(found),
            // The statement for all of them failed: each learns by itself why.
            Err(_dropped) => self.alone(question).await,
        }
    }

    fn turn_or_wait(
        self: &Arc<Self>,
        question: Question,
    ) -> std::result::Result<Turn, oneshot::Receiver<Option<Reading>>> {
        let mut state = self.state();
        if state.statements < STATEMENTS {
            state.statements += 1;
            return Ok(Turn(Arc::clone(self)));
        }
        let (answer, answered) = oneshot::channel();
        state.waiting.push(Waiting { question, answer });
        Err(answered)
    }

    async fn alone(&self, question: Question) -> Result<Option<Reading>> {
        let mut tx = self.db.connection().await?;
        Ok(gate::enter_to_read(&mut tx, &[question]).await?.into_iter().next().flatten())
    }

    /// Answers those who wait.
    async fn together(self: Arc<Self>) {
        let waiting = {
            let mut state = self.state();
            let most = state.waiting.len().min(MOST_QUESTIONS);
            state.waiting.drain(..most).collect::<Vec<_>>()
        };
        let _turn = Turn(Arc::clone(&self));
        let questions: Vec<_> = waiting.iter().map(|waiting| waiting.question).collect();
        let Ok(mut tx) = self.db.connection().await else { return };
        let Ok(answers) = gate::enter_to_read(&mut tx, &questions).await else { return };
        drop(tx);
        for (waiting, answer) in waiting.into_iter().zip(answers) {
            // Who gave up meanwhile needs no answer.
            let _given_up = waiting.answer.send(answer);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut state = self.0.state();
        match Handle::try_current() {
            Ok(runtime) if !state.waiting.is_empty() => drop(runtime.spawn(Arc::clone(&self.0).together())),
            // Without a runtime the process is ending, and nobody waits any more.
            _ => state.statements -= 1,
        }
    }
}
