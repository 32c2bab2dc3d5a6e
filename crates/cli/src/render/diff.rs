//! Differences of texts: unified as they come, or in two columns.

use anstyle::Style;

use super::count;
use super::page::{CYAN, DIM, GREEN, PLAIN, Page, RED};
use super::visible;

/// Below this width two columns hold too little to be read.
const NARROWEST: usize = 80;
/// What stands before a difference, and before each of its columns.
const MARGIN: usize = 6;

/// How to show a difference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Shape {
    /// Lines below each other, as `diff -u` has them.
    #[default]
    Unified,
    /// Old and new beside each other; below each other where there is too little room.
    SideBySide,
}

/// How much room there is, and what to do with it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    /// How to show a difference.
    pub(crate) shape: Shape,
    /// How wide a line may be.
    pub(crate) width: usize,
}

impl Frame {
    /// The width of each of two columns. None: below each other.
    pub(super) fn column(self) -> Option<usize> {
        let room = self.width.saturating_sub(MARGIN);
        // A number and a bar before each text, and a space between the two.
        (self.shape == Shape::SideBySide && self.width >= NARROWEST).then(|| (room / 2).saturating_sub(1))
    }
}

/// A unified diff, of which at most `lines` are shown.
pub(super) fn diff(page: &mut Page, text: &str, lines: usize, frame: Frame) {
    match frame.column() {
        Some(width) => columns(page, text, lines, width),
        None => text.lines().take(lines).for_each(|line| {
            page.line(style(line), format_args!("      {line}"));
        }),
    }
    let more = text.lines().count().saturating_sub(lines);
    if more > 0 {
        let number = i64::try_from(more).unwrap_or(i64::MAX);
        page.line(DIM, format_args!("      … {}", count(number, "more line", "more lines")));
    }
}

fn style(line: &str) -> Style {
    match line.as_bytes().first() {
        Some(b'+') => GREEN,
        Some(b'-') => RED,
        Some(b'@') => CYAN,
        Some(b' ') => PLAIN,
        _ => DIM,
    }
}

/// One line of a column: its number in its text, and what it holds.
type Cell = (usize, String);

/// Lines that were replaced, each beside what replaced it.
#[derive(Default)]
struct Columns {
    width: usize,
    old: Vec<Cell>,
    new: Vec<Cell>,
    at: (usize, usize),
}

fn columns(page: &mut Page, text: &str, lines: usize, width: usize) {
    let mut columns = Columns { width, ..Columns::default() };
    for line in text.lines().take(lines) {
        columns.line(page, line);
    }
    columns.flush(page);
}

impl Columns {
    fn line(&mut self, page: &mut Page, line: &str) {
        let mut letters = line.chars();
        let sign = letters.next();
        let text = letters.as_str().to_owned();
        match sign {
            Some('-') => {
                self.old.push((self.at.0, text));
                self.at.0 += 1;
            }
            Some('+') => {
                self.new.push((self.at.1, text));
                self.at.1 += 1;
            }
            // Says of the line before that the text ends with it.
            Some('\\') if self.mark_end() => {}
            _ => {
                self.flush(page);
                self.other(page, sign, text, line);
            }
        }
    }

    fn other(&mut self, page: &mut Page, sign: Option<char>, text: String, line: &str) {
        match sign {
            Some(' ') => {
                let (old, new) = self.at;
                row(page, Some(&(old, text.clone())), Some(&(new, text)), [PLAIN, PLAIN], self.width);
                self.at = (old + 1, new + 1);
            }
            Some('@') => {
                self.at = starts(line);
                page.line(CYAN, format_args!("      {line}"));
            }
            _ => {
                page.line(DIM, format_args!("      {line}"));
            }
        }
    }

    /// False: the line before was in both, and has been shown.
    fn mark_end(&mut self) -> bool {
        let last = self.new.last_mut().or(self.old.last_mut());
        last.map(|(_, text)| text.push_str("  (no newline at the end)")).is_some()
    }

    fn flush(&mut self, page: &mut Page) {
        for at in 0..self.old.len().max(self.new.len()) {
            row(page, self.old.get(at), self.new.get(at), [RED, GREEN], self.width);
        }
        self.old.clear();
        self.new.clear();
    }
}

/// Two texts beside each other, line by line.
pub(super) fn beside(page: &mut Page, left: &str, right: &str, width: usize) {
    let cells = |text: &str| text.lines().map(str::to_owned).enumerate().collect::<Vec<_>>();
    let (left, right) = (cells(left), cells(right));
    for at in 0..left.len().max(right.len()) {
        row(page, left.get(at), right.get(at), [RED, GREEN], width);
    }
}

/// One row; texts that are too long go on in the next.
fn row(page: &mut Page, left: Option<&Cell>, right: Option<&Cell>, styles: [Style; 2], width: usize) {
    let number = |cell: Option<&Cell>| cell.map(|(number, _)| number.to_string()).unwrap_or_default();
    let numbers = [number(left), number(right)];
    let sides = [left, right].map(|cell| cell.map_or_else(Vec::new, |(_, text)| wrapped(text, width - 7)));
    let rows = sides.iter().map(Vec::len).max().unwrap_or_default();
    for at in 0..rows {
        page.put(PLAIN, " ".repeat(MARGIN));
        for ((side, style), number) in sides.iter().zip(styles).zip(&numbers) {
            let number = if at == 0 { number.as_str() } else { "" };
            let text = side.get(at).map_or("", String::as_str);
            let room = " ".repeat((width - 7).saturating_sub(columns_of(text)));
            page.put(DIM, format_args!("{number:>5}│")).put(style, text).put(PLAIN, format_args!("{room} "));
        }
        page.trim().end();
    }
}

/// A line in pieces of at most so many columns; at least one.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let text = visible(text).replace('\t', "    ");
    let (mut pieces, mut piece, mut used) = (Vec::new(), String::new(), 0);
    for c in text.chars() {
        let columns = columns_of(c.encode_utf8(&mut [0; 4]));
        if used + columns > width && !piece.is_empty() {
            pieces.push(std::mem::take(&mut piece));
            used = 0;
        }
        piece.push(c);
        used += columns;
    }
    pieces.push(piece);
    pieces
}

fn columns_of(text: &str) -> usize {
    console::measure_text_width(text)
}

/// The numbers of the first lines of a hunk, from `@@ -12,7 +12,8 @@`.
fn starts(header: &str) -> (usize, usize) {
    let number = |sign: char| {
        let rest = header.split(sign).nth(1)?;
        rest.split([',', ' ']).next()?.parse().ok()
    };
    (number('-').unwrap_or_default(), number('+').unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIFF: &str = "@@ -9,4 +9,5 @@\n get('/');\n-old();\n+new();\n+newer('a text that is far too long for one column');\n \
                        end();\n\\ No newline at end of file\n… cut off\n";

    fn shown(shape: Shape, width: usize, lines: usize) -> String {
        let mut page = Page::default();
        diff(&mut page, DIFF, lines, Frame { shape, width });
        anstream::adapter::strip_str(&page.finish()).to_string()
    }

    #[test]
    fn old_and_new_stand_beside_each_other() {
        insta::assert_snapshot!(shown(Shape::SideBySide, 90, usize::MAX));
    }

    #[test]
    fn a_narrow_terminal_has_them_below_each_other() {
        assert_eq!(shown(Shape::SideBySide, 79, usize::MAX), shown(Shape::Unified, 200, usize::MAX));
        assert!(shown(Shape::Unified, 200, 2).ends_with("… 6 more lines\n"));
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for width in 80..130 {
            let widest = shown(Shape::SideBySide, width, usize::MAX).lines().map(columns_of).max();
            assert!(widest.unwrap() <= width, "{width}");
        }
    }

    #[test]
    fn wide_letters_and_tabs_take_the_room_that_they_need() {
        assert_eq!(wrapped("日本語\tx", 4), ["日本", "語  ", "  x"]);
        assert_eq!(wrapped("", 4), [""]);
    }
}
