//! A request id is for one request: with another body, whichever field is another, the same call is refused and changes
//! nothing.

use sandbar_tests::scenario::{self, Variant};
use serde_json::Value;

use super::{Deed, IMPORT, Person, Story, set};

/// What says that it is the request id.
const REUSED: &str = "was used for a different request";
/// What else may be said before that is looked at: the other thing is not there, is not valid or not for the caller (in the
/// words of the codes), or it is a merge without a plan.
const BEFORE: [&str; 4] =
    ["entity was not found", "invalid argument", "does not have permission", "needs the plan token"];
const OTHER_DOCUMENT: &[u8] = br#"{"name": "orders", "workflows": {}, "description": "other"}"#;

impl Story<'_> {
    /// The same in another project, which there is.
    fn elsewhere(&self, Variant { path, request }: Variant) -> Option<Variant> {
        let names_a_project = matches!(path.rsplit('.').next(), Some("project_id" | "parent_id"));
        names_a_project.then(|| Variant { request: set(&request, &path, self.other.clone().into()), path })
    }

    /// Before it is done: with the id, whose path is given, of what the caller did before.
    pub(super) async fn is_refused_with_an_earlier_id(
        &mut self,
        who: &Person,
        (deed, id): (&Deed<'_>, &str),
        log_id: &str,
    ) {
        let what = format!("{} {}", deed.method, deed.request);
        let earlier = self.last.insert(who.id.clone(), (self.count, what.clone()));
        if let Some((earlier, _)) = earlier.filter(|(_, earlier)| *earlier != what) {
            let reused = set(&deed.request, id, format!("request-{earlier}").into());
            let error = self.call(who, (deed, &reused), log_id).await.expect_err("another request's id");
            assert!(error.contains(REUSED), "{error}");
        }
    }

    /// After it was done: once more with each field of the request changed, one at a time.
    pub(super) async fn is_refused_with_another_body(
        &self,
        who: &Person,
        (deed, request): (&Deed<'_>, &Value),
        log_id: &str,
    ) {
        let (mut reused, mut otherwise) = (Vec::new(), Vec::new());
        let variants = scenario::variants(deed.method, request).unwrap();
        let elsewhere = variants.clone().into_iter().filter_map(|variant| self.elsewhere(variant));
        for variant in variants.iter().cloned().chain(elsewhere) {
            if variant.path.ends_with("request_id") {
                continue;
            }
            let refusal = match self.call(who, (deed, &variant.request), log_id).await {
                Err(refusal) => refusal,
                Ok(answer) => panic!("{} with another {}: {answer}", deed.method, variant.path),
            };
            if refusal.contains(REUSED) {
                reused.push(variant.path);
            } else {
                otherwise.push((variant.path, refusal));
            }
        }
        assert!(!reused.is_empty(), "{} is never refused for its request id: {otherwise:#?}", deed.method);
        for (path, refusal) in otherwise {
            let before = BEFORE.iter().any(|code| refusal.contains(code));
            assert!(before, "{} with another {path}: {refusal}", deed.method);
        }
        if deed.method == IMPORT {
            let call = (deed, request, Some(OTHER_DOCUMENT));
            let refusal = self.call_with(who, call, log_id).await.expect_err("another document");
            assert!(refusal.contains(REUSED), "{refusal}");
        }
    }
}
