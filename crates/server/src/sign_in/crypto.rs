//! Checks signatures with ring, which is in the program for TLS and encryption anyway, so that there is one library of that
//! kind. Only with public keys: what is shared with the issuer can sign nothing.

use jsonwebtoken::{
    Algorithm, DecodingKey, DecodingKeyKind,
    crypto::{CryptoProvider, JwtVerifier, KeyUtils},
    errors::{ErrorKind, Result},
    signature::{self, Verifier},
};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents,
    UnparsedPublicKey, VerificationAlgorithm,
};

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(ErrorKind::UnsupportedAlgorithm.into()),
    verifier_factory: verifier,
    // Only making key sets of private keys asks for these.
    key_utils: KeyUtils::new_unimplemented(),
};

/// Has signatures checked in this way from now on.
pub(super) fn install() {
    // A second time it is installed already.
    let _installed_before = PROVIDER.install_default();
}

/// How a signature is checked.
#[derive(Clone, Copy)]
enum Check {
    Rsa(&'static RsaParameters),
    Point(&'static dyn VerificationAlgorithm),
}

fn check(algorithm: Algorithm) -> Option<Check> {
    Some(match algorithm {
        Algorithm::RS256 => Check::Rsa(&RSA_PKCS1_2048_8192_SHA256),
        Algorithm::RS384 => Check::Rsa(&RSA_PKCS1_2048_8192_SHA384),
        Algorithm::RS512 => Check::Rsa(&RSA_PKCS1_2048_8192_SHA512),
        Algorithm::PS256 => Check::Rsa(&RSA_PSS_2048_8192_SHA256),
        Algorithm::PS384 => Check::Rsa(&RSA_PSS_2048_8192_SHA384),
        Algorithm::PS512 => Check::Rsa(&RSA_PSS_2048_8192_SHA512),
        Algorithm::ES256 => Check::Point(&ECDSA_P256_SHA256_FIXED),
        Algorithm::ES384 => Check::Point(&ECDSA_P384_SHA384_FIXED),
        Algorithm::EdDSA => Check::Point(&ED25519),
        _ => return None,
    })
}

struct ByRing {
    algorithm: Algorithm,
    check: Check,
    key: DecodingKey,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the library wants it so")]
fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    let check = check(*algorithm).ok_or(ErrorKind::UnsupportedAlgorithm)?;
    Ok(Box::new(ByRing { algorithm: *algorithm, check, key: key.clone() }))
}

impl Verifier<Vec<u8>> for ByRing {
    fn verify(&self, message: &[u8], signed: &Vec<u8>) -> std::result::Result<(), signature::Error> {
        match (self.check, self.key.kind()) {
            (Check::Rsa(parameters), DecodingKeyKind::RsaModulusExponent { n, e }) => {
                RsaPublicKeyComponents { n, e }.verify(parameters, message, signed)
            }
            (Check::Point(parameters), DecodingKeyKind::SecretOrDer(point)) => {
                UnparsedPublicKey::new(parameters, point).verify(message, signed)
            }
            _ => return Err(signature::Error::new()),
        }
        .map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for ByRing {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(algorithm: Algorithm, key: &DecodingKey, text: &str) -> bool {
        install();
        let (message, signed) = text.rsplit_once('.').unwrap();
        jsonwebtoken::crypto::verify(signed, message.as_bytes(), key, algorithm).unwrap()
    }

    fn changed(text: &str) -> String {
        let (message, signed) = text.rsplit_once('.').unwrap();
        let other = if message.ends_with('A') { 'B' } else { 'A' };
        format!("{}{other}.{signed}", &message[..message.len() - 1])
    }

    /// The examples of RFC 7515 (A.2, A.3) and RFC 8037 (A.4).
    #[test]
    fn the_examples_of_the_standards_hold() {
        let rsa = DecodingKey::from_rsa_components(
            "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
            "AQAB",
        )
        .unwrap();
        let signed_by_rsa = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
        let p256 = DecodingKey::from_ec_components(
            "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        )
        .unwrap();
        let signed_by_p256 = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
        let ed25519 = DecodingKey::from_ed_components("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        let signed_by_ed25519 = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        let examples = [
            (Algorithm::RS256, rsa, signed_by_rsa),
            (Algorithm::ES256, p256, signed_by_p256),
            (Algorithm::EdDSA, ed25519, signed_by_ed25519),
        ];
        for (number, (algorithm, key, text)) in examples.iter().enumerate() {
            assert!(holds(*algorithm, key, text), "{algorithm:?}");
            assert!(!holds(*algorithm, key, &changed(text)), "{algorithm:?}");
            let (_, wrong, _) = &examples[(number + 1) % examples.len()];
            assert!(!holds(*algorithm, wrong, text), "{algorithm:?}");
        }
    }

    #[test]
    fn nothing_is_checked_with_a_shared_secret_or_signed_here() {
        install();
        let secret = DecodingKey::from_secret(b"shared");
        assert!(jsonwebtoken::crypto::verify("", b"", &secret, Algorithm::HS256).is_err());
        let own = jsonwebtoken::EncodingKey::from_secret(b"shared");
        assert!(jsonwebtoken::crypto::sign(b"", &own, Algorithm::HS256).is_err());
    }
}
