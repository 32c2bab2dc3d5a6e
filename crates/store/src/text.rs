//! Statements whose text depends on how many values there are. Made once for each number and kept, so that every
//! statement's text is static and prepared once.

use std::{
    collections::HashMap,
    fmt::Write,
    sync::{LazyLock, Mutex, PoisonError},
};

/// Rows of one INSERT at most: 16 columns stay below SQLite's 32,766 bound values.
pub(crate) const ROWS: usize = 1024;
/// Values of one IN list at most.
pub(crate) const LIST: usize = 512;

/// Where the two texts are, as they are too long to be read again for each statement; and the two numbers.
type Key = ([(usize, usize); 2], usize, usize);

static TEXTS: LazyLock<Mutex<HashMap<Key, &'static str>>> = LazyLock::new(Mutex::default);

/// `head ($1, $2), ($3, $4), … tail`: `rows` rows of `columns` values each.
pub(crate) fn rows(head: &'static str, columns: usize, rows: usize, tail: &'static str) -> &'static str {
    kept((head, tail, columns, rows), || {
        let mut text = format!("{head} ");
        for row in 0..rows {
            text.push_str(if row == 0 { "(" } else { ", (" });
            for column in 0..columns {
                let comma = if column == 0 { "" } else { ", " };
                let _ = write!(text, "{comma}${}", row * columns + column + 1);
            }
            text.push(')');
        }
        text.push(' ');
        text.push_str(tail);
        text
    })
}

/// `head ($n, $n+1, …) tail`: a list of `size` values that begins at placeholder `first`.
pub(crate) fn list(head: &'static str, first: usize, size: usize, tail: &'static str) -> &'static str {
    kept((head, tail, first, size), || {
        let values: Vec<_> = (first..first + size).map(|n| format!("${n}")).collect();
        format!("{head} ({}) {tail}", values.join(", "))
    })
}

/// A SELECT of the rows whose last key column is one of `size` values, given from placeholder `first` on; `head` ends with
/// ` IN`. It seeks each value, whatever the statistics say.
///
/// SQLite seeks the values of an IN list, as long as nobody runs ANALYZE. PostgreSQL does so only where it thinks that
/// reading all rows with the leading columns (a whole project) and filtering them would cost more. Its one plan for
/// projects of every size is made for the average project, so in a large one among many small ones it read everything:
/// 111 ms in place of 0.03 for two rows of 11,000. What stands behind OFFSET 0 is planned for one value.
pub(crate) fn seek(postgres: bool, head: &'static str, first: usize, size: usize) -> &'static str {
    if !postgres {
        return list(head, first, size, "");
    }
    kept((head, "seek", first, size), || {
        let values: Vec<_> = (first..first + size).map(|n| format!("(${n})")).collect();
        let (name, select) = head.split_once('\n').unwrap_or(("", head));
        let select = select.trim().trim_end_matches(" IN");
        format!(
            "{name}\nSELECT f.* FROM (SELECT DISTINCT v.x FROM (VALUES {}) AS v (x)) AS w
            CROSS JOIN LATERAL ({select} = w.x OFFSET 0) AS f",
            values.join(", ")
        )
    })
}

/// Cuts into pieces whose sizes are powers of two, the largest `most`, so that few texts do for every number of rows.
pub(crate) fn chunks<T>(mut items: &[T], most: usize) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = most.min(prev_power_of_two(items.len())?);
        let (chunk, rest) = items.split_at_checked(size)?;
        items = rest;
        Some(chunk)
    })
}

/// A statement with one part for each of `count` levels, joined by UNION ALL; `part` makes the text of one.
pub(crate) fn union(name: &'static str, count: usize, part: impl Fn(usize) -> String) -> &'static str {
    kept((name, "", count, 0), || {
        let parts: Vec<_> = (0..count).map(part).collect();
        format!("-- {name}\n{}", parts.join("\nUNION ALL "))
    })
}

/// `size` values: those given, then the last one over and over, which an IN list does not mind.
pub(crate) fn filled<T>(values: &[T], size: usize) -> impl Iterator<Item = &T> {
    values.iter().chain(std::iter::repeat_with(|| values.last()).map_while(|last| last)).take(size)
}

/// The size of the IN list for this many values: the next power of two; the last value is repeated to fill it.
pub(crate) fn list_size(values: usize) -> usize {
    values.next_power_of_two()
}

fn prev_power_of_two(n: usize) -> Option<usize> {
    n.checked_ilog2().map(|exponent| 1 << exponent)
}

fn kept(
    (head, tail, first, count): (&'static str, &'static str, usize, usize),
    make: impl FnOnce() -> String,
) -> &'static str {
    let place = |text: &'static str| (text.as_ptr().addr(), text.len());
    let key = ([place(head), place(tail)], first, count);
    let mut texts = TEXTS.lock().unwrap_or_else(PoisonError::into_inner);
    // Leaked on purpose: there are about a dozen sizes of a dozen statements, and each is used until the program ends.
    texts.entry(key).or_insert_with(|| Box::leak(make().into_boxed_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_numbered_through() {
        assert_eq!(rows("INSERT INTO t VALUES", 2, 2, "END"), "INSERT INTO t VALUES ($1, $2), ($3, $4) END");
        assert_eq!(list("WHERE a IN", 3, 2, "END"), "WHERE a IN ($3, $4) END");
    }

    #[test]
    fn postgres_is_made_to_seek() {
        let head = "-- a.b\n    SELECT x FROM t WHERE y = $1 AND x IN";
        assert_eq!(seek(false, head, 2, 2), list(head, 2, 2, ""));
        assert_eq!(
            seek(true, head, 2, 2).split_whitespace().collect::<Vec<_>>().join(" "),
            "-- a.b SELECT f.* FROM (SELECT DISTINCT v.x FROM (VALUES ($2), ($3)) AS v (x)) AS w \
             CROSS JOIN LATERAL (SELECT x FROM t WHERE y = $1 AND x = w.x OFFSET 0) AS f"
        );
    }

    #[test]
    fn chunks_cover_everything_in_powers_of_two() {
        for n in 0..3000 {
            let items: Vec<_> = (0..n).collect();
            let sizes: Vec<_> = chunks(&items, ROWS).map(<[_]>::len).collect();
            assert!(sizes.iter().all(|size| size.is_power_of_two() && *size <= ROWS));
            assert_eq!(chunks(&items, ROWS).flatten().copied().collect::<Vec<_>>(), items);
        }
    }
}
