//! What a tree used, for people.

use jiff::Timestamp;
use sandbar_client::v1::{GetUsageResponse, ProjectUsage, Subscription};

use super::{tables::both, time::absolute};
use crate::output::table;

/// The period and the sums with their limits, then the projects.
pub(crate) fn whole(found: &GetUsageResponse, now: Timestamp) -> String {
    let usage = found.usage.clone().unwrap_or_default();
    let reset = usage.reset_time.as_ref().map_or_else(|| "-".to_owned(), |time| both(now, time));
    let mut lines = vec![
        format!("since      {}", absolute(usage.period_start.as_ref())),
        format!("until      {reset}"),
        format!("runs       {}", of(usage.runs, usage.max_runs)),
        format!("AI tokens  {}", of(usage.ai_tokens, usage.max_ai_tokens)),
    ];
    let row = |one: &ProjectUsage| {
        [one.name.clone(), one.runs.to_string(), one.ai_tokens.to_string(), one.project_id.clone()]
    };
    let mut rows: Vec<_> = found.projects.iter().map(row).collect();
    if found.other_runs > 0 || found.other_ai_tokens > 0 {
        let (runs, tokens) = (found.other_runs.to_string(), found.other_ai_tokens.to_string());
        rows.push(["(others, or gone)".to_owned(), runs, tokens, String::new()]);
    }
    if !rows.is_empty() {
        lines.push(String::new());
        lines.push(table(["PROJECT", "RUNS", "AI TOKENS", "ID"], rows).trim_fmt());
    }
    lines.join("\n")
}

/// What a tree may use, and how many sandboxes it has.
pub(crate) fn allowances(found: &Subscription) -> String {
    let limit = |limit: Option<i64>| limit.map_or_else(|| "no limit".to_owned(), |limit| limit.to_string());
    [
        format!("root       {}", found.root_id),
        format!("sandboxes  {}", of(found.active_sandboxes, found.max_active_sandboxes)),
        format!("runs       {} in a month", limit(found.max_runs)),
        format!("AI tokens  {} in a month", limit(found.max_ai_tokens)),
    ]
    .join("\n")
}

fn of(used: i64, limit: Option<i64>) -> String {
    match limit {
        Some(limit) => format!("{used} of {limit}"),
        None => format!("{used}, no limit"),
    }
}

#[cfg(test)]
mod tests {
    use sandbar_client::prost_types::Timestamp as Time;
    use sandbar_client::v1::Usage;

    use super::*;

    #[test]
    fn allowances_are_told_with_what_has_no_limit() {
        let found = Subscription {
            root_id: "0195a7c4-9e63-7d2c-b0a2-5f1d6c3e8a90".into(),
            max_active_sandboxes: Some(20),
            active_sandboxes: 3,
            max_runs: Some(1000),
            max_ai_tokens: None,
            ..Subscription::default()
        };
        insta::assert_snapshot!(allowances(&found));
    }

    #[test]
    fn usage_is_told_with_its_limits_and_where() {
        let at = |seconds| Some(Time { seconds, nanos: 0 });
        let project = |name: &str, runs| ProjectUsage {
            name: name.into(),
            runs,
            ai_tokens: 40,
            project_id: "0195a7c4-9e63-7d2c-b0a2-5f1d6c3e8a90".into(),
        };
        let usage = Usage {
            period_start: at(1_793_491_200),
            reset_time: at(1_796_083_200),
            runs: 12,
            max_runs: Some(100),
            ai_tokens: 90,
            ..Default::default()
        };
        let found = GetUsageResponse {
            usage: Some(usage),
            projects: vec![project("acme", 7), project("fix\u{1b}[2J", 1)],
            other_runs: 4,
            other_ai_tokens: 10,
        };
        let now = Timestamp::from_second(1_795_309_323).unwrap();
        insta::assert_snapshot!(whole(&found, now));
        insta::assert_snapshot!(whole(&GetUsageResponse::default(), now));
    }
}
