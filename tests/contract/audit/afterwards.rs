//! What must hold when everything was done: every call was told of, nothing secret was, and the chains fit.

use sandbar_client::v1::VerifyAuditChainRequest;
use sandbar_tests::canary::holds;

use super::{Story, VALUE, runs};

impl Story<'_> {
    pub(super) fn all_was_told(&self) {
        let told_of = |name: &str| name != runs::SAYS_NOTHING_NEW;
        let changing = self.methods.iter().filter(|method| !method.reading && told_of(&method.name));
        let untold: Vec<_> = changing.filter(|one| !self.told.contains(&one.name)).collect();
        assert!(untold.is_empty(), "which events do these leave? {untold:#?}");
    }

    pub(super) async fn nothing_secret_was_told(&self) {
        let all = format!("{:?}", self.events().await);
        assert_eq!(self.secrets.len(), 5);
        for secret in &self.secrets {
            assert!(secret.starts_with("sbr_") && !all.contains(secret), "a token is in the trail");
        }
        assert!(!all.contains("sbr_") && !all.contains("sbrun_"), "a token is in the trail");
        assert!(!all.contains(VALUE), "a credential's value is in the trail");
        assert!(!all.contains(runs::INPUT), "an item or what a run begins with is in the trail");
        let (_, log) = self.server.log();
        assert!(log.contains("TRACE"), "the log was not looked at");
        // An embedded server's first start prints the first token, once.
        let log = log.replacen(self.server.admin_token(), "", 1);
        let metrics = self.server.operator_page("metrics").await;
        for secret in self.secrets.iter().map(String::as_str).chain([VALUE, runs::INPUT]) {
            assert!(!holds(log.as_bytes(), secret), "{secret} is in the log");
            assert!(!holds(metrics.as_bytes(), secret), "{secret} is in the metrics");
        }
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
