//! The dialog: looks at the merge, walks through it with the person, tries every value of their own, shows what would come
//! of it all, and applies exactly that.

use std::collections::BTreeMap;
use std::path::PathBuf;

use sandbar_client::v1::merge_choice::Resource;
use sandbar_client::v1::merge_conflict::Kind;
use sandbar_client::v1::{
    MergeChoice, MergeChoices, MergeConflict, MergeDecision, MergeLabel, PlanResource, ResourceKey,
};
use sandbar_client::{Plan, Reason};

use super::answer::{Answer, choices, chosen};
use super::edit;
use super::kept::{Kept, Saved, new_path};
use super::person::{self, Person};
use super::question::questions;
use super::show;
use super::walk::{Key, Step, Walk};
use crate::choices::{ChoiceFlags, arguments_of};
use crate::commands::merge::subject::Subject;
use crate::failure::Failure;
use crate::render::diff::Frame;
use crate::render::plan::{can_be_combined, side};
use crate::session::Session;

/// Walks through the conflicts of a merge, or of undoing one.
pub(crate) async fn resolve(
    session: &Session,
    subject: &Subject,
    flags: &ChoiceFlags,
    frame: Frame,
) -> Result<(), Failure> {
    let person = Person::here()?;
    let saved = match &flags.choices {
        Some(path) => Saved::load(path)?,
        None => None,
    };
    let (start, before) = match saved {
        Some(saved) => {
            flags.only_file()?;
            (saved.start, saved.answers)
        }
        None => (subject.choices(session, &flags.without_file()).await?, BTreeMap::new()),
    };
    let file = flags.choices.clone();
    let (walk, plan) = (Walk::default(), None);
    let mut dialog =
        Dialog { session, subject, person, frame, file, start, before, whole: Vec::new(), walk, plan };
    let done = dialog.run().await;
    // Whatever ended it, what was decided is not lost.
    if !matches!(done, Ok(true)) {
        dialog.keep()?;
    }
    match done {
        Ok(true) => Ok(()),
        Ok(false) => Err(Failure::Here("nothing was changed".to_owned())),
        Err(failure) => Err(failure),
    }
}

struct Dialog<'a> {
    session: &'a Session,
    subject: &'a Subject,
    person: Person,
    frame: Frame,
    file: Option<PathBuf>,
    /// What is chosen beside the answers.
    start: MergeChoices,
    /// What was answered at an earlier look.
    before: BTreeMap<String, Kept>,
    /// The diverged resources that can't be combined, and that nobody decided on.
    whole: Vec<ResourceKey>,
    walk: Walk,
    /// As it was looked at last.
    plan: Option<Plan>,
}

/// How a walk ended.
enum End {
    Quit,
    Through,
}

impl Dialog<'_> {
    /// True: applied. False: the person left.
    async fn run(&mut self) -> Result<bool, Failure> {
        if let Some(sides) = self.subject.sides() {
            person::say(sides)?;
        }
        self.look().await?;
        loop {
            match self.walk_through().await? {
                End::Quit => return Ok(false),
                End::Through => {}
            }
            if let Some(applied) = self.conclude().await? {
                return Ok(applied);
            }
        }
    }

    /// Looks at the merge as it is now: what diverged is combined, unless something else was chosen for it.
    async fn look(&mut self) -> Result<(), Failure> {
        self.before = self.saved().answers;
        if self.start.defaults {
            // What is to be combined is found anew: it may be different things now.
            self.start
                .choices
                .retain(|one| one.decision() != MergeDecision::Combine || !one.resolutions.is_empty());
        }
        let mut plan = self.subject.ask(self.session, self.start.clone()).await?;
        self.whole.clear();
        let count = self.start.choices.len();
        for resource in plan.resources.iter().filter(|one| one.label() == MergeLabel::Diverged) {
            let Some(key) = resource.key.clone().filter(|_| self.is_mine(resource)) else { continue };
            if can_be_combined(resource) {
                let decision = MergeDecision::Combine.into();
                let resource = Some(Resource::Key(key));
                self.start.choices.push(MergeChoice { resource, decision, resolutions: Vec::new() });
            } else {
                self.whole.push(key);
            }
        }
        if self.start.choices.len() > count {
            plan = self.subject.ask(self.session, self.start.clone()).await?;
        }
        let settled = |resource: &_, conflict: &MergeConflict| {
            let choice = chosen(&self.start, resource);
            choice.is_some_and(|choice| choice.resolutions.iter().any(|one| one.path == conflict.path))
        };
        let (walk, unfit) = Walk::begin(questions(&plan, &self.whole, settled), &self.before);
        for title in &unfit {
            person::say(&format!(
                "{title}: what you decided does not fit any more; it is asked again or settled"
            ))?;
        }
        self.before = walk.kept();
        (self.walk, self.plan) = (walk, Some(plan));
        Ok(())
    }

    /// Whether it is for the walk to decide on a diverged resource: nobody has, and not only what is named is wanted.
    fn is_mine(&self, resource: &PlanResource) -> bool {
        self.start.defaults && chosen(&self.start, resource).is_none()
    }

    async fn walk_through(&mut self) -> Result<End, Failure> {
        while self.walk.now().is_some() {
            person::show(&show::question(&self.walk, &self.changed(), self.frame))?;
            let step = loop {
                let key = self.person.key()?;
                match self.walk.press(key) {
                    Step::Say(text) => person::say(text)?,
                    Step::Help => person::show(&format!("{}\n", show::HELP))?,
                    step => break step,
                }
            };
            match step {
                Step::Quit => return Ok(End::Quit),
                Step::Edit => self.edit().await?,
                _ => {}
            }
            self.save_to_file()?;
        }
        Ok(End::Through)
    }

    /// Who changed the resource of the question last on each side.
    fn changed(&self) -> String {
        let key = self.walk.now().map(|(question, _)| &question.key);
        let resources = self.plan.iter().flat_map(|plan| &plan.resources);
        let Some(resource) = resources.into_iter().find(|one| one.key.as_ref() == key) else {
            return String::new();
        };
        let sides = [
            side("target", resource.target_changed.as_ref(), self.session.now),
            side("source", resource.source_changed.as_ref(), self.session.now),
        ];
        sides.into_iter().flatten().collect::<Vec<_>>().join("; ")
    }

    /// A value of one's own, taken when the server takes it.
    async fn edit(&mut self) -> Result<(), Failure> {
        let Some((question, before)) = self.walk.now() else { return Ok(()) };
        let own = edit::own(&question.ask, before);
        let own = match own {
            Ok(own) => own,
            Err(problem) => return person::say(&problem),
        };
        let at = self.walk.place().0 - 1;
        if let Some(problem) = self.problem_with(at, &Answer::Own(own.clone())).await? {
            return person::say(&format!("{problem}; edit it again, or choose a side"));
        }
        self.walk.take(Answer::Own(own));
        Ok(())
    }

    /// Asks the server what would come of one answer; what is open counts as settled for the target meanwhile.
    async fn problem_with(&self, at: usize, answer: &Answer) -> Result<Option<String>, Failure> {
        let all = |answer: Option<&Answer>| {
            let of = |one: usize| match answer {
                Some(answer) if one == at => Some(answer.clone()),
                None if one == at => Some(Answer::Target),
                _ => Some(self.walk.answer(one).unwrap_or(Answer::Target)),
            };
            choices(&self.start, self.walk.questions(), of)
        };
        let with = match self.subject.ask(self.session, all(Some(answer))).await {
            Ok(plan) => broken(&plan),
            Err(Failure::Call(error)) if error.reason() == Some(Reason::ChoiceUnknown) => {
                return Ok(Some(error.to_string()));
            }
            Err(failure) => return Err(failure),
        };
        if with.is_empty() {
            return Ok(None);
        }
        // What is broken without it as well is none of its business.
        let without = broken(&self.subject.ask(self.session, all(None)).await?);
        Ok(with.into_iter().find(|rule| !without.contains(rule)))
    }

    fn chosen(&self) -> MergeChoices {
        choices(&self.start, self.walk.questions(), |at| self.walk.answer(at))
    }

    /// Shows what would come of it all and asks. None: there is more to settle.
    async fn conclude(&mut self) -> Result<Option<bool>, Failure> {
        let chosen = self.chosen();
        let plan = self.subject.ask(self.session, chosen.clone()).await?;
        let report =
            self.subject.report_of(self.session, &plan, &self.again(&plan.head.plan_token), self.frame);
        person::show(&format!("{report}{}", show::summary(&self.walk)))?;
        let open = plan.head.open_conflict_count;
        let can = open == 0 && plan.head.selected_count > 0;
        loop {
            person::show(match (can, self.walk.questions().is_empty()) {
                (true, true) => "Apply exactly this? [y]es, [q]uit ",
                (true, false) => "Apply exactly this? [y]es, [r]eview what was settled, [q]uit ",
                (false, true) => "There is nothing that could be applied. [q]uit ",
                (false, false) => "It can't be applied yet. [r]eview, [q]uit ",
            })?;
            match self.person.key()? {
                Key::Char('y') if can => return self.apply(chosen, plan.head.plan_token).await,
                Key::Char('r' | 'p') | Key::Previous if !self.walk.questions().is_empty() => {
                    if self.walk.open() > 0 {
                        self.walk.go_to_first_open();
                    } else {
                        self.walk.go_to_start();
                    }
                    return Ok(None);
                }
                Key::Char('q' | 'n') | Key::Interrupt => return Ok(Some(false)),
                _ => {}
            }
        }
    }

    /// None: it has moved meanwhile, and there may be more to settle.
    async fn apply(&mut self, chosen: MergeChoices, token: String) -> Result<Option<bool>, Failure> {
        match self.subject.apply(self.session, chosen, token).await {
            Ok(()) => Ok(Some(true)),
            Err(Failure::Call(error)) if error.reason() == Some(Reason::PlanStale) => {
                person::say(&format!("{error}"))?;
                person::say("Looking again; what you decided stays where it still fits.")?;
                self.look().await?;
                Ok(None)
            }
            Err(failure) => Err(failure),
        }
    }

    /// The command that does the same without questions.
    fn again(&self, token: &str) -> String {
        let mut words = match (&self.file, arguments_of(&self.chosen())) {
            (Some(file), _) => vec!["--choices".to_owned(), file.display().to_string()],
            (None, Some(flags)) => flags,
            // Where it will be if the person quits here.
            (None, None) => vec!["--choices".to_owned(), new_path().display().to_string()],
        };
        words.extend(["--plan".to_owned(), token.to_owned()]);
        self.subject.command(&self.session.again, &words)
    }

    fn save_to_file(&self) -> Result<(), Failure> {
        match &self.file {
            Some(file) => self.saved().save(file),
            None => Ok(()),
        }
    }

    fn saved(&self) -> Saved {
        let mut answers = self.before.clone();
        // A question that was asked again has the newer answer, or none.
        answers.retain(|id, _| !self.walk.questions().iter().any(|question| question.id() == *id));
        answers.extend(self.walk.kept());
        Saved { choices: self.chosen(), start: self.start.clone(), answers }
    }

    /// Says how to go on later.
    fn keep(&mut self) -> Result<(), Failure> {
        let saved = self.saved();
        if saved.answers.is_empty() && self.file.is_none() {
            return Ok(());
        }
        let file = self.file.clone().unwrap_or_else(new_path);
        saved.save(&file)?;
        let choices = ["--choices".to_owned(), file.display().to_string()];
        let resume = self.subject.resolve_command(&self.session.again, &choices);
        let apply = self.subject.command(&self.session.again, &choices);
        person::say(&format!("What you decided is in {}. Go on with", file.display()))?;
        person::show(&format!("    {resume}\n"))?;
        if self.walk.open() == 0 {
            person::show(&format!("  or preview and apply it with\n    {apply}\n"))?;
            if let Some(flags) = arguments_of(&saved.choices) {
                let same = self.subject.command(&self.session.again, &flags);
                person::show(&format!("  which is the same as\n    {same}\n"))?;
            }
        }
        Ok(())
    }
}

/// The rules that what is combined would break.
fn broken(plan: &Plan) -> Vec<String> {
    let conflicts = plan
        .resources
        .iter()
        .flat_map(|resource| resource.conflicts.iter().map(move |conflict| (resource, conflict)));
    let broken = conflicts.filter(|(_, conflict)| conflict.kind() == Kind::InvalidResult);
    broken
        .map(|(resource, conflict)| {
            format!("{:?} would break a rule: {}: {}", resource.name, conflict.title, conflict.rule)
        })
        .collect()
}
