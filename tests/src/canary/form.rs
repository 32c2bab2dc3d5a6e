//! The forms in which something may write a text.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD_NO_PAD},
};

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// As it is.
    Plain,
    /// As a URL has it, with whatever is no letter or digit in hexadecimal digits.
    Url,
    /// Hexadecimal digits, in small letters.
    Hex,
    /// Likewise in large ones.
    LargeHex,
    /// Numbers, as `Debug` shows bytes.
    Numbers,
    /// Base64, after so many bytes of a group of three; its ends, which depend on what is around it, are left out.
    Base64(usize),
}

/// Text that is cut anywhere.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl Form {
    /// All of them.
    pub(super) const ALL: [Self; 8] = [
        Self::Plain,
        Self::Url,
        Self::Hex,
        Self::LargeHex,
        Self::Numbers,
        Self::Base64(0),
        Self::Base64(1),
        Self::Base64(2),
    ];

    #[cfg(test)]
    pub(super) fn is_base64(self) -> bool {
        matches!(self, Self::Base64(_))
    }

    /// A text of ASCII in this form.
    pub(super) fn write(self, text: &str) -> String {
        let joined =
            |form: fn(u8) -> String, between: &str| text.bytes().map(form).collect::<Vec<_>>().join(between);
        match self {
            Self::Plain => text.to_owned(),
            Self::Url => joined(in_url, ""),
            Self::Hex => joined(|byte| format!("{byte:02x}"), ""),
            Self::LargeHex => joined(|byte| format!("{byte:02X}"), ""),
            Self::Numbers => joined(|byte| byte.to_string(), ", "),
            Self::Base64(before) => {
                let bytes = [&vec![0; before], text.as_bytes()].concat();
                let (from, to) = (digits_before(before), bytes.len() * 8 / 6);
                STANDARD_NO_PAD.encode(&bytes)[from..to].to_owned()
            }
        }
    }

    /// At most `count` bytes of what is written in this form from a place on, as far as it is of this form.
    pub(super) fn read(self, bytes: &[u8], at: usize, count: usize) -> Vec<u8> {
        let rest = &bytes[at..];
        match self {
            Self::Plain => rest[..rest.len().min(count)].to_vec(),
            Self::Url => read_url(rest, count),
            Self::Hex | Self::LargeHex => rest.chunks(2).map_while(hex).take(count).collect(),
            Self::Numbers => {
                let text: String = rest
                    .iter()
                    .take(5 * count)
                    .take_while(|byte| byte.is_ascii())
                    .map(|byte| char::from(*byte))
                    .collect();
                text.split(", ").map_while(|number| number.parse().ok()).take(count).collect()
            }
            Self::Base64(before) => {
                let from = at.saturating_sub(digits_before(before));
                let text = &bytes[from..bytes.len().min(from + digits_before(before + count))];
                let decoded = LENIENT.decode(text).unwrap_or_default();
                decoded.into_iter().skip(before).take(count).collect()
            }
        }
    }
}

/// How many digits of base64 so many bytes have a part in.
fn digits_before(bytes: usize) -> usize {
    (bytes * 8).div_ceil(6)
}

fn in_url(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
}

fn read_url(bytes: &[u8], count: usize) -> Vec<u8> {
    let (mut text, mut rest) = (Vec::new(), bytes);
    while text.len() < count {
        rest = match rest {
            [b'%', coded @ ..] if coded.len() >= 2 => {
                text.extend(hex(&coded[..2]));
                &coded[2..]
            }
            [byte, after @ ..] => {
                text.push(*byte);
                after
            }
            [] => break,
        };
    }
    text
}

fn hex(digits: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// The whole text in base64.
#[cfg(test)]
pub(super) fn base64(text: &str) -> String {
    STANDARD_NO_PAD.encode(text)
}
