//! Whether a cron expression is one, and if not, where.

use croner::parser::{CronParser, Seconds, Year};

/// The five fields, in order.
const FIELDS: [&str; 5] = ["minute", "hour", "day of the month", "month", "day of the week"];

/// The longest expression, in bytes, like a workflow's other short texts. Real ones have about ten.
const MAX_EXPRESSION: usize = 255;

/// What is wrong with an expression, for a person to mend; none when nothing is. Exactly five fields, as in the
/// products that we replace: no seconds, no years, no `@daily`.
pub(super) fn problem(expression: &str) -> Option<String> {
    if expression.len() > MAX_EXPRESSION {
        return Some(format!("has {} bytes; at most {MAX_EXPRESSION} are allowed", expression.len()));
    }
    // Before croner, which would fold letters like `ı` into ASCII ones.
    if !expression.chars().all(|c| c == ' ' || c.is_ascii_graphic()) {
        return Some("may only have ASCII letters, digits, signs and spaces".to_owned());
    }
    let fields: Vec<&str> = expression.split_whitespace().collect();
    if fields.len() != FIELDS.len() {
        return Some(format!(
            "must have five fields (minute, hour, day of the month, month, day of the week); {expression:?} has {}",
            fields.len()
        ));
    }
    let whole = parse(expression).err()?;
    Some(broken_field(&fields).unwrap_or_else(|| format!("{expression:?} is not a cron expression: {whole}")))
}

/// Which field is at fault, found by trying each alone: croner doesn't say.
fn broken_field(fields: &[&str]) -> Option<String> {
    fields.iter().zip(FIELDS).enumerate().find_map(|(at, (field, name))| {
        let mut alone = ["*"; FIELDS.len()];
        *alone.get_mut(at)? = field;
        let problem = parse(&alone.join(" ")).err()?;
        Some(format!("the {name} {field:?} is not valid: {problem}"))
    })
}

fn parse(expression: &str) -> Result<(), String> {
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    parser.parse(expression).map(drop).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::problem;

    #[test]
    fn five_fields_are_an_expression() {
        for good in [
            "0 0 * * *",
            "*/15 * * * *",
            "0 9-17 * * MON-FRI",
            "30 3 1,15 * *",
            "0 0 L * *",
            "0 0 * JAN,jul *",
            "59 23 31 12 7",
            " 0  0 * * * ",
        ] {
            assert_eq!(problem(good), None, "{good}");
        }
    }

    #[test]
    fn the_broken_field_is_named() {
        for (bad, said) in [
            ("", "has 0"),
            ("* * * *", "has 4"),
            ("0 0 0 * * *", "has 6"),
            ("0 0 0 * * * 2026", "has 7"),
            ("@daily", "has 1"),
            ("60 * * * *", "the minute \"60\""),
            ("* 24 * * *", "the hour \"24\""),
            ("* * 0 * *", "the day of the month \"0\""),
            ("* * * 13 *", "the month \"13\""),
            ("* * * * 8", "the day of the week \"8\""),
            ("* * * * frı", "ASCII"),
            ("*\t* * * *", "ASCII"),
            ("x * * * *", "the minute \"x\""),
        ] {
            let problem = problem(bad).unwrap_or_default();
            assert!(problem.contains(said), "{bad:?}: {problem}");
        }
        assert!(
            problem(&format!("0 0 {} * *", "1,".repeat(200))).unwrap_or_default().contains("at most 255")
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(expression in ".{0,40}") {
            problem(&expression);
        }

        #[test]
        fn nothing_like_an_expression_makes_it_panic(expression in "[-0-9*/,#LW?+@a-zA-Z ]{0,24}") {
            problem(&expression);
        }

        #[test]
        fn five_strange_fields_do_not_make_it_panic(fields in prop::collection::vec("[-0-9*/,#LW?+@]{1,6}", 5)) {
            problem(&fields.join(" "));
        }
    }
}
