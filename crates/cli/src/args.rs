//! What every command takes, and how flags are read.

use std::time::Duration;

use clap::{Args, ValueEnum};
use jiff::{SpanRelativeTo, fmt::friendly::SpanParser};
use sandbar_client::secrecy::SecretString;

/// What every command takes.
#[derive(Args, Debug)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Globals {
    /// The server's URL, such as `https://sandbar.example.com`. Default: that of the context
    #[arg(long, global = true, env = "SANDBAR_SERVER", hide_env_values = true, value_name = "URL")]
    pub(crate) server: Option<String>,

    /// The API token. Default: that of the context. Other users of this machine can see arguments: prefer the
    /// environment, or `sandbar login`
    #[arg(long, global = true, env = "SANDBAR_TOKEN", hide_env_values = true, value_parser = secret)]
    pub(crate) token: Option<SecretString>,

    /// The stored context to use, by name. Default: the current one
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) context: Option<String>,

    /// How to print results
    #[arg(short, long, global = true, value_enum, default_value_t = Format::Table)]
    pub(crate) output: Format,

    /// When to colour. `auto` colours on a terminal and obeys `NO_COLOR`
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub(crate) color: Color,

    /// How long a call may take, such as 10s or 2m. Import and export take as long as they need
    #[arg(long, global = true, default_value = "30s", value_parser = duration)]
    pub(crate) timeout: Duration,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Table,
    /// For programs: `snake_case` names, RFC 3339 times, lower-case words.
    Json,
}

/// When output is coloured.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Also into files and pipes.
    Always,
    /// Nowhere.
    Never,
}

impl Color {
    /// Makes every stream of the process follow it.
    pub(crate) fn write_global(self) {
        match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        }
        .write_global();
    }
}

/// A length of time such as `90s`, `2m`, `1h 30m` or `7d`; a day has 24 hours.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let parse = || {
        let span = SpanParser::new().parse_span(text).ok()?;
        let length = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
        Duration::try_from(length).ok().filter(|length| !length.is_zero())
    };
    parse().ok_or_else(|| "write a length of time such as 90s, 2m, 1h 30m or 7d".to_owned())
}

// clap wants a Result from a value parser.
#[expect(clippy::unnecessary_wraps)]
fn secret(text: &str) -> Result<SecretString, String> {
    Ok(SecretString::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read() {
        assert_eq!(duration("7d"), Ok(Duration::from_hours(7 * 24)));
        assert_eq!(duration("1h 30m"), Ok(Duration::from_mins(90)));
        assert!(duration("0s").is_err());
        assert!(duration("-1h").is_err());
        assert!(duration("soon").is_err());
    }
}
