//! Runs for people.

use comfy_table::Table;
use jiff::Timestamp;
use sandbar_client::v1::Run;

use super::{
    tables::{both, word},
    time::relative,
    visible,
};
use crate::output::table;

/// Runs, one on a line.
pub(crate) fn list(runs: &[Run], now: Timestamp) -> Table {
    let row = |run: &Run| {
        [
            relative(now, run.create_time.as_ref()),
            state(run),
            run.workflow_name.clone(),
            word(run.cause().as_str_name(), "RUN_CAUSE_"),
            run.ending.clone().unwrap_or_default().message,
            run.id.clone(),
        ]
    };
    table(["STARTED", "STATE", "WORKFLOW", "BY", "MESSAGE", "ID"], runs.iter().map(row))
}

/// One run in a line.
pub(crate) fn line(run: &Run) -> String {
    format!("{}  {}  {}", visible(&run.workflow_name), run.id, state(run))
}

/// One run, line by line.
pub(crate) fn whole(run: &Run, now: Timestamp) -> String {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let time = |time: &Option<_>| time.as_ref().map(|time| both(now, time));
    let ending = run.ending.clone().unwrap_or_default();
    let usage = ending.usage.unwrap_or_default();
    let number = |number: i64| (number > 0).then(|| number.to_string());
    let lines = [
        ("id", some(&run.id)),
        ("workflow", some(&run.workflow_name)),
        ("revision", Some(run.revision.to_string())),
        ("state", Some(state(run))),
        ("started by", some(&run.creator_id)),
        ("started", time(&run.create_time)),
        ("cause", Some(word(run.cause().as_str_name(), "RUN_CAUSE_"))),
        ("trigger", some(&run.trigger_id)),
        ("begins at step", some(&run.job_id)),
        ("begins with", some(&run.dataclip_id)),
        ("worker", some(&run.worker_id)),
        ("attempt", number(run.attempt)),
        ("claimed", time(&run.claim_time)),
        ("asked to stop", time(&run.cancel_time)),
        ("ended", time(&run.finish_time)),
        ("ended with", some(&run.output_dataclip_id)),
        ("steps", number(usage.steps)),
        ("AI tokens", number(usage.ai_tokens)),
        ("message", some(&ending.message)),
    ];
    let said = lines.into_iter().filter_map(|(name, text)| Some((name, text?)));
    let mut lines: Vec<_> = said.map(|(name, text)| format!("{name:<15} {}", visible(&text))).collect();
    if !ending.log_summary.is_empty() {
        lines.push("log".to_owned());
        lines.extend(ending.log_summary.lines().map(|line| format!("  {}", visible(line))));
    }
    lines.join("\n")
}

fn state(run: &Run) -> String {
    let state = word(run.state().as_str_name(), "RUN_STATE_");
    let stopping = run.cancel_time.is_some() && run.finish_time.is_none();
    if stopping { format!("{state}, asked to stop") } else { state }
}

#[cfg(test)]
mod tests {
    use sandbar_client::prost_types::Timestamp as Time;
    use sandbar_client::v1::{RunCause, RunEnding, RunState};

    use super::*;

    fn run() -> Run {
        let at = |seconds: i64| Some(Time { seconds: 1_795_309_323 + seconds, nanos: 0 });
        Run {
            id: "0195a7c4-9e63-7d2c-b0a2-5f1d6c3e8a90".into(),
            workflow_name: "Billing\u{1b}[2J".into(),
            revision: 7,
            state: RunState::Failed.into(),
            cause: RunCause::Webhook.into(),
            trigger_id: "hook".into(),
            attempt: 2,
            create_time: at(0),
            finish_time: at(60),
            ending: Some(RunEnding {
                message: "no such order".into(),
                log_summary: "one\ntwo\u{7}".into(),
                ..Default::default()
            }),
            ..Default::default()
        }
    }

    #[test]
    fn a_run_is_told_line_by_line_and_nothing_steers_the_terminal() {
        let now = Timestamp::from_second(1_795_309_323 + 3600).unwrap();
        insta::assert_snapshot!(whole(&run(), now));
        insta::assert_snapshot!(line(&Run {
            state: RunState::Running.into(),
            cancel_time: Some(Time::default()),
            finish_time: None,
            ..run()
        }));
    }

    #[test]
    fn runs_are_listed() {
        let now = Timestamp::from_second(1_795_309_323 + 3600).unwrap();
        insta::assert_snapshot!(list(&[run()], now).trim_fmt());
    }
}
