//! Plays the scenarios of a file against one server and reports everything that is not as it should be.

use std::{collections::BTreeMap, path::Path, time::Duration};

use sandbar_client::v1::{PrincipalKind, WhoAmIRequest};
use serde_json::{Value, json};
use tonic::{
    Code, Status,
    transport::{Channel, Endpoint},
};
use tonic_types::StatusExt;

use super::{
    Act, Actor, As, File, Refuse, Scenario, Shared, Step, file, matching, shared,
    values::{Values, at, replace},
    wire,
};
use crate::{
    Engine, Options, Server,
    canary::{Place, leaks},
};

/// Plays a file (by its name without `.yaml`) on an engine.
///
/// # Panics
/// When anything is not as a scenario says; with all that isn't.
pub async fn run(name: &str, engine: Engine) {
    let (file, shared) = (file(name), shared());
    let only = std::env::var("SANDBAR_SCENARIO").unwrap_or_default();
    let options = file.server.iter().fold(Options::default(), Options::arg);
    let mut server = Server::start(engine, options).await;
    let mut failures = Vec::new();
    for scenario in file.scenarios.iter().filter(|scenario| scenario.title.contains(&only)) {
        let channel = Endpoint::from_shared(server.endpoint()).unwrap().connect_lazy();
        let mut play =
            Play { server: &mut server, channel, values: Values::default(), tokens: BTreeMap::new() };
        if let Err(failure) = play.scenario(&file, &shared, scenario).await {
            failures.push(format!("{name}.yaml › {}\n{failure}", scenario.title));
        }
    }
    server.stop().await;
    assert!(failures.is_empty(), "{} failed on {engine:?}:\n\n{}", failures.len(), failures.join("\n\n"));
}

struct Play<'a> {
    server: &'a mut Server,
    channel: Channel,
    values: Values,
    tokens: BTreeMap<String, String>,
}

impl Play<'_> {
    async fn scenario(&mut self, file: &File, shared: &Shared, scenario: &Scenario) -> Result<(), String> {
        for (name, value) in shared.values.iter().chain(&file.values) {
            self.values.write(name, value.clone());
        }
        let mut steps = Vec::new();
        for stage in &scenario.given {
            let found = file.stages.get(stage).or_else(|| shared.stages.get(stage));
            let found = found.ok_or_else(|| format!("  there is no stage {stage:?}"))?;
            steps.extend(found.iter().map(|step| (format!("given {stage:?}"), step)));
        }
        steps.extend(scenario.steps.iter().enumerate().map(|(at, step)| (format!("step {}", at + 1), step)));
        self.cast(shared, &steps).await;
        for (place, step) in steps {
            let about = if step.say.is_empty() { String::new() } else { format!(" ({})", step.say) };
            self.step(step)
                .await
                .map_err(|problem| format!("  {place}: {}{about}\n    {problem}", step.call))?;
        }
        Ok(())
    }

    /// Makes those of the cast whom the steps name.
    async fn cast(&mut self, shared: &Shared, steps: &[(String, &Step)]) {
        let text: Vec<_> = steps.iter().map(|(_, step)| serde_json::to_string(step).unwrap()).collect();
        let text = text.join("\n");
        for (name, actor) in &shared.actors {
            let named = [format!("\"as\":\"{name}\""), format!("${name}."), format!("${{{name}.")];
            if named.iter().any(|one| text.contains(one)) {
                self.appear(name, *actor).await;
            }
        }
    }

    async fn appear(&mut self, name: &str, actor: Actor) {
        let kind = match actor {
            Actor::User => PrincipalKind::User,
            Actor::ServiceAccount => PrincipalKind::ServiceAccount,
            Actor::Support => PrincipalKind::Support,
            Actor::Administrator => {
                let who = self.server.admin().access().who_am_i(WhoAmIRequest {}).await.unwrap();
                let who = who.principal.unwrap();
                self.values.set(name, json!({ "id": who.id, "name": who.name }));
                self.tokens.insert(name.to_owned(), self.server.admin_token().to_owned());
                return;
            }
        };
        let user = self.server.principal(name, kind).await;
        self.values.set(name, json!({ "id": user.id, "name": user.name }));
        self.tokens.insert(name.to_owned(), user.token);
    }

    async fn step(&mut self, step: &Step) -> Result<(), String> {
        match (step.act, step.wait) {
            (Some(Act::Purge), _) => self.server.purge_once().await,
            (Some(Act::Restart), _) => self.server.restart().await,
            (None, Some(seconds)) => tokio::time::sleep(Duration::from_secs_f64(seconds)).await,
            (None, None) => return self.call_and_check(step).await,
        }
        Ok(())
    }

    async fn call_and_check(&mut self, step: &Step) -> Result<(), String> {
        let request = self.values.fill(step.with.as_ref().unwrap_or(&json!({})))?;
        let document = self.document(step)?;
        let token = self.token(&step.actor)?;
        let with = wire::Call {
            method: &step.call,
            token: token.as_deref(),
            request: &request,
            document: document.as_deref(),
            log_id: None,
        };
        let answer = wire::call(&self.channel, &with).await?;
        if let Err(status) = &answer {
            let told = leaks(format!("{status:?}").as_bytes(), Place::Log(""));
            assert!(told.is_empty(), "{} tells secrets back: {told:?}", step.call);
        }
        self.check(step, &answer)?;
        if step.repeat {
            check_same(&answer, &wire::call(&self.channel, &with).await?)?;
        }
        if let (Some(path), Err(status)) = (&step.like_missing, &answer) {
            self.check_like_missing(path, &with, status).await?;
        }
        for (name, path) in &step.save {
            let answer = answer.as_ref().map_err(|_| "a refusal has nothing to save".to_owned())?;
            let value = at(answer, path).ok_or_else(|| format!("the answer has no {path}: {answer}"))?;
            self.values.set(name, value.clone());
        }
        Ok(())
    }

    fn document(&mut self, step: &Step) -> Result<Option<Vec<u8>>, String> {
        if let Some(path) = &step.document_file {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
            return std::fs::read(&path).map(Some).map_err(|error| format!("{}: {error}", path.display()));
        }
        let document = step.document.as_ref().map(|document| self.values.fill(document)).transpose()?;
        Ok(document.map(|document| match document {
            Value::String(text) => text.into_bytes(),
            other => other.to_string().into_bytes(),
        }))
    }

    fn token(&mut self, actor: &As) -> Result<Option<String>, String> {
        match actor {
            As::Actor(name) if name == "nobody" => Ok(None),
            As::Actor(name) => {
                let token =
                    self.tokens.get(name).ok_or_else(|| format!("{name:?} is not one of the cast"))?;
                Ok(Some(token.clone()))
            }
            As::Token { token } => {
                let token = self.values.fill(&Value::String(token.clone()))?;
                Ok(token.as_str().map(str::to_owned))
            }
        }
    }

    fn check(&mut self, step: &Step, answer: &Result<Value, Status>) -> Result<(), String> {
        let problems = match (answer, &step.refuse) {
            (Ok(answer), None) => match &step.expect {
                Some(expected) => matching::differences(&self.values.fill(expected)?, Some(answer), ""),
                None => Vec::new(),
            },
            (Err(status), Some(refuse)) => self.refusal(refuse, status)?,
            (Err(status), None) => vec![format!("refused: {:?}", seen(status))],
            (Ok(answer), Some(refuse)) => vec![format!("not refused with {}: {answer}", refuse.reason)],
        };
        if problems.is_empty() { Ok(()) } else { Err(problems.join("\n    ")) }
    }

    fn refusal(&mut self, refuse: &Refuse, status: &Status) -> Result<Vec<String>, String> {
        let details = status.get_error_details();
        let mut expected = json!({ "code": refuse.code, "reason": refuse.reason, "domain": "sandbar.dev" });
        for (key, value) in &refuse.metadata {
            expected["metadata"][key] = self.values.fill(value)?;
        }
        if let Some(message) = &refuse.message {
            expected["message"] = self.values.fill(message)?;
        }
        if let Some(fields) = &refuse.fields {
            expected["fields"] = json!({ "$unordered": fields });
        }
        let mut problems = matching::differences(&expected, Some(&seen(status)), "");
        if details.error_info().is_none() {
            problems.push("the refusal has no ErrorInfo".to_owned());
        }
        Ok(problems)
    }

    async fn check_like_missing(
        &self,
        path: &str,
        with: &wire::Call<'_>,
        status: &Status,
    ) -> Result<(), String> {
        let there = at(with.request, path).and_then(Value::as_str);
        let there = there.ok_or_else(|| format!("the request has no {path}"))?;
        let mut other = with.request.clone();
        #[expect(clippy::disallowed_methods, reason = "tests make ids")]
        let missing = uuid::Uuid::now_v7().to_string();
        replace(&mut other, path, missing.clone().into())?;
        let Err(nothing) = wire::call(&self.channel, &wire::Call { request: &other, ..*with }).await? else {
            return Err(format!("a missing {path} is not refused"));
        };
        let (one, other) = (mask(status, there), mask(&nothing, &missing));
        if one == other {
            Ok(())
        } else {
            Err(format!("not answered like a missing one: {one}\n    but {other}"))
        }
    }
}

/// A repeat of a request must be answered as the request was.
fn check_same(answer: &Result<Value, Status>, again: &Result<Value, Status>) -> Result<(), String> {
    let same = match (answer, again) {
        (Ok(one), Ok(other)) => one == other,
        (Err(one), Err(other)) => wire::visible(one) == wire::visible(other),
        _ => false,
    };
    if same {
        Ok(())
    } else {
        Err(format!("the repeat is answered otherwise: {answer:?}\n    then {again:?}"))
    }
}

/// What can be seen of a refusal, with an id in it made unknown.
fn mask(status: &Status, id: &str) -> String {
    wire::visible(status).replace(id, "<id>")
}

/// A refusal as scenarios speak of it.
fn seen(status: &Status) -> Value {
    let details = status.get_error_details();
    let info = details.error_info();
    let violations = details.bad_request().map(|bad| bad.field_violations.clone()).unwrap_or_default();
    json!({
        "code": code_name(status.code()),
        "message": status.message(),
        "reason": info.map(|info| info.reason.clone()),
        "domain": info.map(|info| info.domain.clone()),
        "metadata": info.map(|info| info.metadata.clone()),
        "fields": violations.iter().map(|one| one.field.clone()).collect::<Vec<_>>(),
    })
}

fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
