//! Reading single resources, the most frequent call of all. On PostgreSQL, who comes while another is being answered waits
//! for that, and all who wait are then answered by one statement: what a statement costs beside its rows (the way to the
//! database and back, setting it up) is most of what such a call costs.
//!
//! On SQLite no statement is needed for what was asked before, as long as nothing was committed since: the file tells that
//! for less than a statement costs.
//!
//! Nobody is answered from before their call: a statement begins after the last of its questions came, and an answer that is
//! remembered is what a statement would give now.

use std::{
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use moka::sync::Cache;
use sandbar_model::Result;
use sandbar_store::{
    Db,
    db::Commits,
    gate::{self, MOST_QUESTIONS, Question, Reading},
};
use tokio::{runtime::Handle, sync::oneshot, task::coop, time::timeout};

/// How long a statement keeps others from beginning. One connection that is stuck must not hold up everybody.
const PATIENCE: Duration = Duration::from_millis(250);

/// When those who wait for a statement have long given up.
const LONGEST: Duration = Duration::from_mins(1);

/// How many answers are remembered; together some megabytes.
const MOST_REMEMBERED: u64 = 10_000;

/// Who is being answered, and who waits.
#[derive(Debug)]
pub(crate) struct Readings {
    db: Db,
    state: Mutex<State>,
    /// Answers, with what was committed at least when they were read.
    remembered: Cache<Question, (Commits, Reading)>,
}

#[derive(Debug, Default)]
struct State {
    /// Statements under way that others wait for: one, or none.
    statements: usize,
    waiting: Vec<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    question: Question,
    answer: oneshot::Sender<Option<Reading>>,
}

/// The right to the statement. When it ends, however that comes, the next one begins for those who wait.
struct Turn(Arc<Readings>);

impl Turn {
    /// Does the statement that this is the turn of.
    async fn with<T>(self, statement: impl Future<Output = T>) -> T {
        let mut statement = pin!(statement);
        if let Ok(done) = timeout(PATIENCE, &mut statement).await {
            return done;
        }
        drop(self);
        statement.await
    }
}

impl Readings {
    pub(crate) fn new(db: Db) -> Arc<Self> {
        Arc::new(Self { db, state: Mutex::default(), remembered: Cache::new(MOST_REMEMBERED) })
    }

    /// Who bears the token, and what there is to read. None: nobody has such a token.
    pub(crate) async fn ask(self: &Arc<Self>, question: Question) -> Result<Option<Reading>> {
        if self.db.shares_statements() {
            // On the heap, so that a read on SQLite need not have room for it.
            return Box::pin(self.ask_with_others(question)).await;
        }
        let Some(now) = self.db.commits() else { return self.alone(question).await };
        match self.remembered.get(&question) {
            Some((then, reading)) if then == now => {
                // Whoever reads on and on without ever waiting must let others have their turn, too.
                coop::consume_budget().await;
                Ok(Some(reading))
            }
            _ => self.anew(question, now).await,
        }
    }

    /// Asks, and remembers the answer. It may be newer than `now`, which was asked for before; then it is not found again.
    async fn anew(&self, question: Question, now: Commits) -> Result<Option<Reading>> {
        let answer = self.alone(question).await?;
        // Of tokens that nobody has, nothing is kept: strangers could fill the memory.
        if let Some(reading) = answer {
            self.remembered.insert(question, (now, reading));
        }
        Ok(answer)
    }

    async fn ask_with_others(self: &Arc<Self>, question: Question) -> Result<Option<Reading>> {
        let answered = match self.turn_or_wait(question) {
            Ok(turn) => return turn.with(self.alone(question)).await,
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
        if state.statements == 0 {
            state.statements = 1;
            return Ok(Turn(Arc::clone(self)));
        }
        let (answer, answered) = oneshot::channel();
        state.waiting.push(Waiting { question, answer });
        Err(answered)
    }

    async fn alone(&self, question: Question) -> Result<Option<Reading>> {
        Ok(self.asked(&[question]).await?.into_iter().next().flatten())
    }

    async fn asked(&self, questions: &[Question]) -> Result<Vec<Option<Reading>>> {
        let mut tx = self.db.connection().await?;
        gate::enter_to_read(&mut tx, questions).await
    }

    /// Answers those who wait.
    async fn together(self: Arc<Self>) {
        let waiting = {
            let mut state = self.state();
            let most = state.waiting.len().min(MOST_QUESTIONS);
            state.waiting.drain(..most).collect::<Vec<_>>()
        };
        let questions: Vec<_> = waiting.iter().map(|waiting| waiting.question).collect();
        let statement = Turn(Arc::clone(&self)).with(self.asked(&questions));
        let Ok(Ok(answers)) = timeout(LONGEST, statement).await else { return };
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

#[cfg(test)]
mod tests {
    use sandbar_model::{Kind, access::TokenHash};
    use sandbar_store::db::PoolSize;
    use uuid::Uuid;

    use super::*;

    fn question() -> Question {
        Question {
            hash: TokenHash([0; 32]),
            project: Uuid::nil().into(),
            kind: Kind::Workflow,
            id: Uuid::nil().into(),
        }
    }

    #[tokio::test]
    async fn a_statement_that_is_stuck_does_not_hold_up_everybody() {
        let home = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", home.path().join("empty.db").display());
        let db = Db::open(&url, PoolSize::default()).await.unwrap();
        let readings = Readings::new(db);

        let turn = readings.turn_or_wait(question()).ok().unwrap();
        let stuck = tokio::spawn(turn.with(std::future::pending::<()>()));
        // That the database has no tables yet is an answer too, and one that only a statement can bring.
        assert!(readings.ask_with_others(question()).await.is_err());
        assert_eq!(readings.state().statements, 0, "what was let go counts no more");
        stuck.abort();
    }
}
