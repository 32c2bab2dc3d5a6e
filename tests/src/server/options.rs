//! How a server is started.

pub(super) const GRACE: &str = "--grace-period=";
const LOG: &str = "SANDBAR_LOG";
/// But for each step that HTTP/2 takes, which is nine lines of ten: with these the scenarios take a third longer. The tests that
/// are about secrets look at those lines, too.
const EVERYTHING: &str = "trace,h2=debug";

/// How a server is started. The default is the product's, but for the ports and the place of the data.
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub(super) args: Vec<String>,
    env: Vec<(String, String)>,
}

impl Options {
    /// One more flag, such as `--max-depth=2`.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// One more environment variable.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// How long what was deleted can be restored, such as `0s` or `2s`.
    #[must_use]
    pub fn grace(self, period: &str) -> Self {
        self.arg(format!("{GRACE}{period}"))
    }

    /// The environment, with everything logged unless a test wants less.
    pub(super) fn logging(&self) -> Vec<(String, String)> {
        let mut env = self.env.clone();
        if !env.iter().any(|(name, _)| name == LOG) {
            env.push((LOG.to_owned(), EVERYTHING.to_owned()));
        }
        env
    }
}
