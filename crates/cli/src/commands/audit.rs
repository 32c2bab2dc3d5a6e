//! `audit …`: who did what, and whether what is written of it is as it was written.

use clap::{Args, Subcommand};
use jiff::Timestamp;
use sandbar_client::prost_types;
use sandbar_client::v1::{
    AuditFilter, AuditHead, AuditTrail, ExportAuditEventsRequest, ListAuditEventsRequest,
    VerifyAuditChainRequest,
};

use crate::args::duration;
use crate::failure::Failure;
use crate::json::to_json;
use crate::output::result;
use crate::render::audit;
use crate::session::Session;

/// `audit …`.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// List what was done, newest first
    List {
        #[command(flatten)]
        trail: Trail,
        #[command(flatten)]
        filter: Filter,
        /// At most this many
        #[arg(long, default_value_t = 50, value_name = "N")]
        limit: usize,
    },
    /// Print what was done as JSON lines, oldest first, one event on each
    Export {
        #[command(flatten)]
        trail: Trail,
        #[command(flatten)]
        filter: Filter,
        /// Only events after this position: to go on where the last export ended
        #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "POSITION")]
        after: i64,
    },
    /// Check that nobody changed, removed, inserted or moved an event of a tree since it was written
    ///
    /// Fails where something is wrong. It ends with a head, POSITION:HASH. Whoever keeps that elsewhere and gives it as
    /// --after later learns also whether everything up to there was rewritten, or cut off.
    Verify {
        /// A project of the tree
        #[arg(required_unless_present = "service")]
        project: Option<String>,
        /// What belongs to no tree instead: users, service accounts, tokens of no project
        #[arg(long, conflicts_with = "project")]
        service: bool,
        /// Only what comes after it, and that it is still there
        #[arg(long, value_name = "POSITION:HASH", value_parser = head)]
        after: Option<AuditHead>,
    },
}

/// Whose events.
#[derive(Args, Debug)]
pub(crate) struct Trail {
    /// The project; of one that is gone, its id
    #[arg(required_unless_present = "service")]
    project: Option<String>,
    /// Those of every project in its tree
    #[arg(long, conflicts_with = "service")]
    tree: bool,
    /// What belongs to no tree instead: users, service accounts, tokens of no project
    #[arg(long, conflicts_with = "project")]
    service: bool,
}

/// Which of them.
#[derive(Args, Debug)]
pub(crate) struct Filter {
    /// Only by this user or service account
    #[arg(long, default_value = "", hide_default_value = true, value_name = "ID")]
    by: String,
    /// Only this, such as `member.set`
    #[arg(long, default_value = "", hide_default_value = true)]
    action: String,
    /// Only from then on: a time such as 2026-11-22T10:00:00Z, or how long ago, such as 7d
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Only before then
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    /// Only what was done to this workflow, config, trigger, token, principal or merge
    #[arg(long, default_value = "", hide_default_value = true, value_name = "ID")]
    subject: String,
}

/// Runs one.
pub(crate) async fn run(session: &Session, command: AuditCommand) -> Result<(), Failure> {
    match command {
        AuditCommand::List { trail, filter, limit } => list(session, trail, filter, limit).await,
        AuditCommand::Export { trail, filter, after } => {
            let request = ExportAuditEventsRequest {
                trail: Some(trail.read(session).await?),
                filter: Some(filter.read(session.now)?),
                after_position: after,
            };
            let mut events = session.client.audit().export_audit_events(request);
            while let Some(event) = events.next().await {
                result(&to_json(&event?)?.to_string())?;
            }
            Ok(())
        }
        AuditCommand::Verify { project, service: _, after } => verify(session, project, after).await,
    }
}

async fn list(session: &Session, trail: Trail, filter: Filter, limit: usize) -> Result<(), Failure> {
    let request = ListAuditEventsRequest {
        trail: Some(trail.read(session).await?),
        filter: Some(filter.read(session.now)?),
        page_size: i32::try_from(limit.clamp(1, 500)).unwrap_or(500),
        ..Default::default()
    };
    let mut events = session.client.list(request);
    let mut found = Vec::new();
    while found.len() < limit
        && let Some(event) = events.next().await
    {
        found.push(event?);
    }
    session.out.list(&found, |events| audit::events(events, session.now))
}

async fn verify(session: &Session, project: Option<String>, after: Option<AuditHead>) -> Result<(), Failure> {
    let project_id = match project {
        Some(project) => session.project(&project).await?,
        None => String::new(),
    };
    let request = VerifyAuditChainRequest { project_id, after };
    let found = session.client.audit().verify_all(request).await?;
    session.out.show(&found, || audit::verdict(&found))?;
    match &found.broken {
        None => Ok(()),
        Some(broken) => Err(Failure::Here(audit::problem(broken))),
    }
}

impl Trail {
    async fn read(self, session: &Session) -> Result<AuditTrail, Failure> {
        let project_id = match self.project {
            Some(project) => session.project(&project).await?,
            None => String::new(),
        };
        Ok(AuditTrail { project_id, tree: self.tree })
    }
}

impl Filter {
    fn read(self, now: Timestamp) -> Result<AuditFilter, Failure> {
        Ok(AuditFilter {
            principal_id: self.by,
            action: self.action,
            since: instant(self.since, now)?,
            until: instant(self.until, now)?,
            subject_id: self.subject,
        })
    }
}

/// A time, or one so long ago, if one was given.
pub(super) fn instant(
    text: Option<String>,
    now: Timestamp,
) -> Result<Option<prost_types::Timestamp>, Failure> {
    text.map(|text| when(&text, now)).transpose()
}

/// A time, or one so long ago.
pub(super) fn when(text: &str, now: Timestamp) -> Result<prost_types::Timestamp, Failure> {
    let ago = || now.checked_sub(duration(text).ok()?).ok();
    let time: Option<Timestamp> = text.parse().ok().or_else(ago);
    let time = time.ok_or_else(|| {
        Failure::Usage(format!(
            "{text:?} is no time; write one such as 2026-11-22T10:00:00Z, or how long ago, such as 7d"
        ))
    })?;
    Ok(prost_types::Timestamp { seconds: time.as_second(), nanos: time.subsec_nanosecond() })
}

/// `12:` and 64 hexadecimal digits.
fn head(text: &str) -> Result<AuditHead, String> {
    let parsed = text.split_once(':').and_then(|(position, hash)| {
        let position = position.parse().ok().filter(|position| *position > 0)?;
        let is_hash = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hash.then(|| AuditHead { position, hash: hash.to_owned() })
    });
    parsed.ok_or_else(|| "write it as `audit verify` printed it: POSITION:HASH".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read_as_they_are_printed() {
        let hash = "0a".repeat(32);
        let wanted = AuditHead { position: 12, hash: hash.clone() };
        assert_eq!(head(&format!("12:{hash}")), Ok(wanted));
        for text in
            ["", "12", "12:", "0:", &format!("0:{hash}"), &format!("-1:{hash}"), &format!("12:{hash}0")]
        {
            assert!(head(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times_are_points_or_how_long_ago() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        assert_eq!(when("1h", now).unwrap().seconds, 1_800_000_000 - 3_600);
        assert_eq!(when("1970-01-02T00:00:00Z", now).unwrap().seconds, 86_400);
        assert_eq!(when("yesterday-ish", now).unwrap_err().exit_code(), 2);
    }
}
