//! What was measured, for people and for machines.

use std::{
    io::{self, Write},
    time::Duration,
};

use comfy_table::{ContentArrangement, Table, presets};
use serde_json::{Value, json};

use crate::{Engine, Result, machine};

/// How long each of many calls took.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sample(Vec<Duration>);

impl Sample {
    /// Adds one.
    pub(crate) fn push(&mut self, took: Duration) {
        self.0.push(took);
    }

    /// Adds those of another.
    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// How many.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The value that `part` of all are not above, in microseconds: 0.5 is the median. 0 when there are none.
    pub(crate) fn quantile(&self, part: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let index = ((sorted.len().saturating_sub(1)) as f64 * part).round() as usize;
        sorted.get(index).map_or(0.0, |took| took.as_secs_f64() * 1e6)
    }

    /// See [`Sample::quantile`].
    pub(crate) fn median(&self) -> f64 {
        self.quantile(0.5)
    }
}

/// The median of plain numbers; 0 when there are none.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

/// What a ratio shall be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wanted {
    AtMost(f64),
    AtLeast(f64),
}

/// The figures of one subcommand.
#[derive(Debug)]
pub(crate) struct Report {
    engine: Option<Engine>,
    table: Table,
    lines: Vec<Value>,
    ratios: Vec<String>,
    before: String,
}

impl Report {
    /// Begins one, with the heads of the table's columns.
    pub(crate) fn new(engine: Engine, columns: &[&str]) -> Self {
        Self { engine: Some(engine), ..Self::without_engine(columns) }
    }

    /// Begins one of something that has nothing to do with a database.
    pub(crate) fn without_engine(columns: &[&str]) -> Self {
        let mut table = Table::new();
        table.load_style(presets::ASCII_MARKDOWN).set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(columns);
        Self { engine: None, table, lines: Vec::new(), ratios: Vec::new(), before: machine::load() }
    }

    /// Adds a row to the table, and its figure as a line.
    pub(crate) fn row(&mut self, cells: &[String], figure: &str, values: Value) {
        self.table.add_row(cells);
        self.lines.push(self.line(figure, values));
    }

    /// Adds a ratio and what is wanted of it.
    pub(crate) fn ratio(&mut self, figure: &str, what: &str, value: f64, wanted: Wanted) {
        let (met, sign, bound) = match wanted {
            Wanted::AtMost(bound) => (value <= bound, "at most", bound),
            Wanted::AtLeast(bound) => (value >= bound, "at least", bound),
        };
        let word = if met { "met" } else { "MISSED" };
        self.ratios.push(format!("{what}: {value:.2} (wanted: {sign} {bound}; {word})"));
        self.lines.push(
            self.line(figure, json!({ "ratio": value, "wanted": format!("{sign} {bound}"), "met": met })),
        );
    }

    fn line(&self, figure: &str, mut values: Value) -> Value {
        if let Some(fields) = values.as_object_mut() {
            fields.insert("figure".into(), figure.into());
            fields.extend(self.engine.map(|engine| ("engine".to_owned(), engine.word().into())));
        }
        values
    }

    /// Prints everything, with how busy the machine was before and after.
    pub(crate) fn print(self, title: &str) -> Result<()> {
        let mut out = io::stdout().lock();
        let (before, after) = (self.before, machine::load());
        let engine = self.engine.map(|engine| format!(", {}", engine.word())).unwrap_or_default();
        writeln!(out, "\n## {title}{engine}\n\n{}\n", self.table)?;
        for ratio in self.ratios {
            writeln!(out, "- {ratio}")?;
        }
        writeln!(out, "- load of the machine: {before} before, {after} after\n")?;
        for mut line in self.lines {
            if let Some(fields) = line.as_object_mut() {
                fields.insert("load".into(), json!([before, after]));
            }
            writeln!(out, "{line}")?;
        }
        out.flush()?;
        Ok(())
    }
}

/// Microseconds as a person reads them.
pub(crate) fn micros(value: f64) -> String {
    if value >= 10_000.0 { format!("{:.1} ms", value / 1000.0) } else { format!("{value:.0} µs") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_of_the_sorted_values() {
        let mut sample = Sample::default();
        for micros in [5, 1, 4, 2, 3] {
            sample.push(Duration::from_micros(micros));
        }
        assert_eq!([0.0, 0.5, 1.0].map(|part| micros(sample.quantile(part))), ["1 µs", "3 µs", "5 µs"]);
        assert!(Sample::default().median() < f64::EPSILON);
    }

    #[test]
    fn a_missed_ratio_says_so() {
        let mut report = Report::new(Engine::Sqlite, &["a"]);
        report.ratio("x", "x", 1.31, Wanted::AtMost(1.3));
        report.ratio("y", "y", 0.7, Wanted::AtLeast(0.7));
        assert!(report.ratios[0].ends_with("MISSED)") && report.ratios[1].ends_with("; met)"));
        assert_eq!(report.lines[0]["met"], false);
    }
}
