//! Whose tokens are taken beside the service's own.

#![allow(clippy::doc_markdown, reason = "clap shows these comments in a terminal, where backticks are noise")]

use std::{path::PathBuf, time::Duration};

use clap::Args;
use http::Uri;

use super::{ConfigError, value::duration};

/// An OpenID Connect issuer.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Sign-in (OpenID Connect)")]
pub struct OidcArgs {
    /// Issuer whose tokens (JWT) are taken beside the service's own, exactly as in their claim iss. Who comes with one for
    /// the first time becomes a user. Default: none are taken.
    #[arg(long, env = "SANDBAR_OIDC_ISSUER", value_name = "ISSUER")]
    pub oidc_issuer: Option<String>,
    /// What tokens must be made for, with commas between: one of these must be in their claim aud. Required with an issuer.
    #[arg(long, env = "SANDBAR_OIDC_AUDIENCE", value_name = "AUDIENCES", value_delimiter = ',')]
    pub oidc_audience: Vec<String>,
    /// Where the issuer's public keys are (JWKS): an https URL, or an http one on this machine. Required with an issuer,
    /// unless there is a file.
    #[arg(long, env = "SANDBAR_OIDC_JWKS_URL", value_name = "URL", conflicts_with = "oidc_jwks_file")]
    pub oidc_jwks_url: Option<Uri>,
    /// File with the issuer's public keys (JWKS).
    #[arg(long, env = "SANDBAR_OIDC_JWKS_FILE", value_name = "FILE")]
    pub oidc_jwks_file: Option<PathBuf>,
    /// How often the keys are read again, 1s to 24h. Also when a token names one that is not known, at most every 10s.
    #[arg(long, env = "SANDBAR_OIDC_REFRESH", value_name = "DURATION", default_value = "10m", value_parser = duration("1s", "24h"))]
    pub oidc_refresh: Duration,
    /// Values of the claim amr that say that there was a second factor, with commas between.
    #[arg(
        long,
        env = "SANDBAR_OIDC_MFA",
        value_name = "METHODS",
        default_value = "mfa",
        value_delimiter = ','
    )]
    pub oidc_mfa: Vec<String>,
    /// How far the issuer's clock may be from this one, 0s to 5m.
    #[arg(long, env = "SANDBAR_OIDC_CLOCK_SKEW", value_name = "DURATION", default_value = "30s", value_parser = duration("0s", "5m"))]
    pub oidc_clock_skew: Duration,
}

/// The same, checked.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// See [`OidcArgs::oidc_issuer`].
    pub name: String,
    /// See [`OidcArgs::oidc_audience`]; at least one.
    pub audiences: Vec<String>,
    /// Where its keys are.
    pub keys: KeyPlace,
    /// See [`OidcArgs::oidc_refresh`].
    pub refresh: Duration,
    /// See [`OidcArgs::oidc_mfa`].
    pub mfa: Vec<String>,
    /// See [`OidcArgs::oidc_clock_skew`].
    pub skew: Duration,
}

/// Where an issuer's keys are.
#[derive(Clone, Debug)]
pub enum KeyPlace {
    /// See [`OidcArgs::oidc_jwks_file`].
    File(PathBuf),
    /// See [`OidcArgs::oidc_jwks_url`].
    Url(Uri),
}

impl OidcArgs {
    /// The issuer, if there is one.
    ///
    /// # Errors
    /// [`ConfigError::Contradiction`] for an issuer without audience or keys, for keys that anybody on the way could change,
    /// and for the rest without an issuer.
    pub fn issuer(&self) -> Result<Option<Issuer>, ConfigError> {
        let refuse = |problem: &str| Err(ConfigError::Contradiction(problem.to_owned()));
        let audiences: Vec<_> =
            self.oidc_audience.iter().filter(|audience| !audience.is_empty()).cloned().collect();
        let keys = match (&self.oidc_jwks_file, &self.oidc_jwks_url) {
            (Some(path), _) => Some(KeyPlace::File(path.clone())),
            (None, Some(url)) => Some(KeyPlace::Url(url.clone())),
            (None, None) => None,
        };
        let Some(name) = self.oidc_issuer.clone().filter(|name| !name.is_empty()) else {
            if keys.is_some() || !audiences.is_empty() {
                return refuse(
                    "--oidc-audience and --oidc-jwks-… say whose tokens are taken only with --oidc-issuer",
                );
            }
            return Ok(None);
        };
        if audiences.is_empty() {
            return refuse(
                "--oidc-issuer needs --oidc-audience: without, tokens that the issuer made for others would be taken",
            );
        }
        let Some(keys) = keys else {
            return refuse(
                "--oidc-issuer needs --oidc-jwks-url or --oidc-jwks-file, to check its tokens with",
            );
        };
        if let KeyPlace::Url(url) = &keys
            && !is_safe(url)
        {
            return refuse("--oidc-jwks-url must begin with https://, or be an http URL of this machine");
        }
        let (refresh, mfa, skew) = (self.oidc_refresh, self.oidc_mfa.clone(), self.oidc_clock_skew);
        Ok(Some(Issuer { name, audiences, keys, refresh, mfa, skew }))
    }
}

/// Whether nobody on the way can change what comes from there.
fn is_safe(url: &Uri) -> bool {
    let is_here = matches!(url.host(), Some("localhost" | "127.0.0.1" | "[::1]"));
    match url.scheme_str() {
        Some("https") => url.host().is_some(),
        Some("http") => is_here,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(issuer: &str, audience: &str, url: &str) -> OidcArgs {
        OidcArgs {
            oidc_issuer: (!issuer.is_empty()).then(|| issuer.to_owned()),
            oidc_audience: audience.split(',').map(str::to_owned).collect(),
            oidc_jwks_url: (!url.is_empty()).then(|| url.parse().unwrap()),
            ..OidcArgs::default()
        }
    }

    #[test]
    fn an_issuer_needs_an_audience_and_keys_that_nobody_can_change() {
        let url = "https://id.example/keys";
        for (issuer, audience, url, fine) in [
            ("", "", "", true),
            ("https://id.example", "sandbar", url, true),
            ("https://id.example", "sandbar,other", url, true),
            ("https://id.example", "", url, false),
            ("https://id.example", ",", url, false),
            ("https://id.example", "sandbar", "", false),
            ("", "sandbar", "", false),
            ("", "", url, false),
            ("https://id.example", "sandbar", "http://id.example/keys", false),
            ("https://id.example", "sandbar", "http://127.0.0.1:8000/keys", true),
            ("https://id.example", "sandbar", "http://localhost/keys", true),
            ("https://id.example", "sandbar", "http://127.0.0.1.example/keys", false),
            ("https://id.example", "sandbar", "ftp://id.example/keys", false),
            ("https://id.example", "sandbar", "/keys", false),
        ] {
            assert_eq!(args(issuer, audience, url).issuer().is_ok(), fine, "{issuer} {audience} {url}");
        }
        let issuer = args("https://id.example", "a,,b", url).issuer().unwrap().unwrap();
        assert_eq!(issuer.audiences, ["a", "b"]);
        assert!(args("", "", "").issuer().unwrap().is_none());
    }
}
