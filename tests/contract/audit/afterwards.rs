//! What must hold when everything was done: every call was told of, nothing secret was, and the chains fit.

use sandbar_client::v1::VerifyAuditChainRequest;
use sandbar_tests::{Server, canary::holds};

use super::{Story, VALUE, runs};

impl Story<'_> {
    pub(super) fn all_was_told(&self) {
        let told_of = |name: &str| name != runs::SAYS_NOTHING_NEW;
        let changing = self.methods.iter().filter(|method| !method.reading && told_of(&method.name));
        let untold: Vec<_> = changing.filter(|one| !self.told.contains(&one.name)).collect();
        assert!(untold.is_empty(), "which events do these leave? {untold:#?}");
    }

    /// Gives what was looked for, and must not be found elsewhere either.
    pub(super) async fn nothing_secret_was_told(self) -> Vec<String> {
        let all = format!("{:?}", self.events().await);
        assert_eq!(self.secrets.len(), 5);
        for secret in &self.secrets {
            assert!(secret.starts_with("sbr_") && !all.contains(secret), "a token is in the trail");
        }
        assert!(!all.contains("sbr_") && !all.contains("sbrun_"), "a token is in the trail");
        assert!(!all.contains(VALUE), "a credential's value is in the trail");
        assert!(!all.contains(runs::INPUT), "an item or what a run begins with is in the trail");
        let metrics = self.server.operator_page("metrics").await;
        let secrets = [self.secrets, vec![VALUE.to_owned()]].concat();
        for secret in secrets.iter().map(String::as_str).chain([runs::INPUT]) {
            assert!(!holds(metrics.as_bytes(), secret), "{secret} is in the metrics");
        }
        secrets
    }

    pub(super) async fn every_chain_is_whole(&self) {
        for project_id in self.roots.iter().cloned().chain([String::new()]) {
            let is_other = project_id == self.other;
            let request = VerifyAuditChainRequest { project_id, after: None };
            let found = self.server.admin().audit().verify_all(request).await.unwrap();
            assert!(found.complete && found.broken.is_none(), "{found:?}");
            // Nothing but its making was done to the other project.
            assert!(if is_other { found.checked == 1 } else { found.checked > 2 }, "{found:?}");
        }
    }
}

/// Of a server that has ended: what it logged, what it sent as traces, and what is kept.
pub(super) async fn nothing_secret_was_kept(server: &Server, secrets: &[String]) {
    let ((_, log), traces, kept) = (server.log(), server.traces(), server.dump().await);
    assert!(log.contains("TRACE"), "the log was not looked at");
    assert!(holds(&traces, "CreateProject"), "the traces were not looked at");
    assert!(holds(&kept, "orders"), "what is kept was not looked at");
    // An embedded server's first start prints the first token, once, and keeps it in a file beside the database.
    let log = log.replacen(server.admin_token(), "", 1);
    let kept = String::from_utf8_lossy(&kept).replacen(server.admin_token(), "", 1);
    let places = [("the log", log.as_bytes()), ("the traces", &traces), ("what is kept", kept.as_bytes())];
    for (place, bytes) in places {
        for secret in secrets {
            assert!(!holds(bytes, secret), "{secret} is in {place}");
        }
        assert!(place == "what is kept" || !holds(bytes, runs::INPUT), "an item or an input is in {place}");
    }
}
