//! How values are written: durations such as `7d` and `90s`, sizes such as `16MiB`, ratios.

use std::{net::IpAddr, time::Duration};

use bytesize::ByteSize;
use clap::builder::TypedValueParser;
use ipnet::IpNet;

/// A duration between two others, both included.
pub(super) fn duration(least: &'static str, most: &'static str) -> impl TypedValueParser<Value = Duration> {
    clap::builder::StringValueParser::new().try_map(move |text| -> Result<Duration, String> {
        let parse = |text: &str| humantime::parse_duration(text).map_err(|error| error.to_string());
        let given = parse(&text).map_err(|error| format!("{error}; write for example 90s, 15m or 7d"))?;
        if given < parse(least)? || given > parse(most)? {
            return Err(format!("it must be between {least} and {most}"));
        }
        Ok(given)
    })
}

/// A number of bytes between two others, both included.
pub(super) fn size(least: ByteSize, most: ByteSize) -> impl TypedValueParser<Value = ByteSize> {
    clap::builder::StringValueParser::new().try_map(move |text| -> Result<ByteSize, String> {
        let given: ByteSize =
            text.parse().map_err(|error| format!("{error}; write for example 16MiB or a number of bytes"))?;
        if given < least || given > most {
            return Err(format!("it must be between {least} and {most}"));
        }
        Ok(given)
    })
}

/// A network, or a single address.
pub(super) fn network(text: &str) -> Result<IpNet, String> {
    let one = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse()
        .or_else(|_| one())
        .map_err(|_| "it must be an address or a network like 10.0.0.0/8".to_owned())
}

/// A number between 0 and 1.
pub(super) fn ratio(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(ratio) if (0.0..=1.0).contains(&ratio) => Ok(ratio),
        _ => Err("it must be a number between 0 and 1".to_owned()),
    }
}
