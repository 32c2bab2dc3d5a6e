//! What trees used, to the wire.

use sandbar_app::usage::{ProjectUsage, Usage, UsageView};

use super::time;
use crate::wire;

/// What a tree used and may.
pub fn usage_to_wire(usage: &Usage) -> wire::Usage {
    wire::Usage {
        root_id: usage.root.to_string(),
        period_start: Some(time::to_wire(usage.period.start)),
        reset_time: Some(time::to_wire(usage.period.end)),
        runs: usage.used.runs,
        max_runs: usage.allowances.max_runs,
        ai_tokens: usage.used.ai_tokens,
        max_ai_tokens: usage.allowances.max_ai_tokens,
    }
}

/// Likewise, with where.
pub fn usage_view_to_wire(view: UsageView) -> wire::GetUsageResponse {
    let project = |one: ProjectUsage| wire::ProjectUsage {
        project_id: one.project.to_string(),
        name: one.name,
        runs: one.used.runs,
        ai_tokens: one.used.ai_tokens,
    };
    wire::GetUsageResponse {
        usage: Some(usage_to_wire(&view.usage)),
        projects: view.projects.into_iter().map(project).collect(),
        other_runs: view.others.runs,
        other_ai_tokens: view.others.ai_tokens,
    }
}
