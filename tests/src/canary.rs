//! Looking for secrets where none may be.

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};

/// Whether bytes hold a secret of ASCII: as it is, in hexadecimal digits, in base64, as a URL has it, or as `Debug` shows
/// bytes.
pub fn holds(bytes: &[u8], secret: &str) -> bool {
    let joined =
        |form: fn(u8) -> String, between: &str| secret.bytes().map(form).collect::<Vec<_>>().join(between);
    let mut forms = vec![
        secret.to_owned(),
        joined(in_url, ""),
        joined(|byte| format!("{byte:02x}"), ""),
        joined(|byte| format!("{byte:02X}"), ""),
        joined(|byte| byte.to_string(), ", "),
    ];
    forms.extend((0..3).map(|before| in_base64(before, secret)));
    let text = String::from_utf8_lossy(bytes);
    forms.iter().any(|form| text.contains(form))
}

fn in_url(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
}

/// At one of its three places in a group of bytes, without the ends that depend on what is around it.
fn in_base64(before: usize, secret: &str) -> String {
    let bytes = [&vec![0; before], secret.as_bytes()].concat();
    STANDARD_NO_PAD.encode(&bytes)[(before * 8).div_ceil(6)..bytes.len() * 8 / 6].to_owned()
}

#[test]
fn a_canary_is_found_in_every_form() {
    for form in [
        "x canary-7f3a9 y",
        "canary%2D7f3a9",
        "63616e6172792d3766336139",
        "63616E6172792D3766336139",
        "99, 97, 110, 97, 114, 121, 45, 55, 102, 51, 97, 57",
    ] {
        assert!(holds(form.as_bytes(), "canary-7f3a9"), "{form}");
    }
    for before in ["", "a", "ab", "abc", "{\"p\":\""] {
        let text = STANDARD_NO_PAD.encode(format!("{before}canary-7f3a9\"}}"));
        assert!(holds(text.as_bytes(), "canary-7f3a9"), "{text}");
    }
    assert!(!holds(b"canary-7f3a", "canary-7f3a9"));
}
