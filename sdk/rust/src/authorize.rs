//! The token on every call.

use secrecy::{ExposeSecret, SecretString};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::interceptor::Interceptor;
use tonic::{Request, Status};

use crate::error::Error;

/// Attaches the bearer token to every call. Its Debug never shows the token.
#[derive(Clone)]
pub struct Authorize(MetadataValue<Ascii>);

impl Authorize {
    pub(crate) fn new(token: &SecretString) -> Result<Self, Error> {
        let mut value: MetadataValue<Ascii> =
            format!("Bearer {}", token.expose_secret()).parse().map_err(|_| Error::Token)?;
        value.set_sensitive(true);
        Ok(Self(value))
    }
}

impl Interceptor for Authorize {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

impl std::fmt::Debug for Authorize {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authorize([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_never_shows_in_debug() {
        let authorize = Authorize::new(&SecretString::from("sbr_very_secret")).unwrap();
        assert!(!format!("{authorize:?}").contains("very"));
    }

    #[test]
    fn a_token_with_a_line_break_is_refused_without_being_shown() {
        let error = Authorize::new(&SecretString::from("sbr_very\nsecret")).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("very"));
    }
}
