//! Files with conflict markers, as `git` writes them, and reading back what a person made of one.

/// The three versions of something between markers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Marked {
    /// What the person gets to edit.
    pub(super) text: String,
    markers: [String; 4],
    ends: Ends,
}

/// Whether the sides end their last line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    Both,
    None,
    Mixed,
}

impl Marked {
    /// The versions between markers that are longer than anything like them in the versions.
    pub(super) fn new(base: &str, source: &str, target: &str) -> Self {
        let lines = || [base, source, target].into_iter().flat_map(str::lines);
        let taken = |length: &usize| {
            lines()
                .any(|line| ['<', '|', '=', '>'].iter().any(|sign| line.starts_with(&repeat(*sign, *length))))
        };
        let longest = lines().map(str::len).max().unwrap_or_default().max(7);
        let length = (7..=longest).find(|length| !taken(length)).unwrap_or(longest + 1);
        let markers = ['<', '|', '=', '>'].map(|sign| repeat(sign, length));
        let [ours, middle, divide, theirs] = &markers;
        let [base_lines, source_lines, target_lines] = [base, source, target].map(ended);
        let text = format!(
            "{ours} target\n{target_lines}{middle} base\n{base_lines}{divide}\n{source_lines}{theirs} source\n"
        );
        let sides = [source, target].into_iter().filter(|side| !side.is_empty());
        let ends: Vec<bool> = sides.map(|side| side.ends_with('\n')).collect();
        let ends = match (ends.contains(&true), ends.contains(&false)) {
            (true, true) => Ends::Mixed,
            (false, true) => Ends::None,
            _ => Ends::Both,
        };
        Self { text, markers, ends }
    }

    /// What was made of it; the last line ends as those of both sides do, since editors like to end it anyhow.
    ///
    /// # Errors
    /// Why it settles nothing.
    pub(super) fn read(&self, edited: &str) -> Result<String, &'static str> {
        if edited == self.text {
            return Err("nothing was changed, so nothing is settled");
        }
        if edited.lines().any(|line| self.markers.iter().any(|marker| line.starts_with(marker))) {
            return Err("there are conflict markers left; take out those lines and what shall not hold");
        }
        let ended = edited.ends_with('\n') || edited.is_empty();
        Ok(match self.ends {
            Ends::Both if !ended => format!("{edited}\n"),
            Ends::None => {
                let cut = edited.strip_suffix('\n').unwrap_or(edited);
                cut.strip_suffix('\r').unwrap_or(cut).to_owned()
            }
            Ends::Both | Ends::Mixed => edited.to_owned(),
        })
    }
}

fn repeat(sign: char, length: usize) -> String {
    sign.to_string().repeat(length)
}

fn ended(text: &str) -> String {
    if text.is_empty() || text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_versions_stand_between_markers() {
        let marked = Marked::new("b\n", "s\n", "t\n");
        assert_eq!(marked.text, "<<<<<<< target\nt\n||||||| base\nb\n=======\ns\n>>>>>>> source\n");
        assert_eq!(marked.read("s\nt\n").unwrap(), "s\nt\n");
        assert_eq!(marked.read("").unwrap(), "");
        assert!(marked.read(&marked.text).unwrap_err().contains("nothing was changed"));
        for left in ["<<<<<<< target\nt\n", "t\n=======\n", "t\n>>>>>>> source"] {
            assert!(marked.read(left).unwrap_err().contains("markers left"), "{left}");
        }
    }

    #[test]
    fn what_looks_like_a_marker_is_none() {
        let marked = Marked::new("", "Title\n=======\n", ">>>>>>>>> quoted\n");
        assert!(marked.text.starts_with("<<<<<<<<<< target\n"), "{}", marked.text);
        assert_eq!(
            marked.read("Title\n=======\n>>>>>>>>> quoted\n").unwrap(),
            "Title\n=======\n>>>>>>>>> quoted\n"
        );
    }

    #[test]
    fn the_last_line_ends_as_the_sides_do() {
        assert_eq!(Marked::new("", "s\n", "t\n").read("x").unwrap(), "x\n");
        assert_eq!(Marked::new("", "s", "t").read("x\r\n").unwrap(), "x");
        assert_eq!(Marked::new("", "s", "").read("x\n").unwrap(), "x");
        assert_eq!(Marked::new("", "s\n", "t").read("x").unwrap(), "x");
        assert_eq!(Marked::new("", "s\n", "t").read("x\n").unwrap(), "x\n");
        assert!(Marked::new("", "s", "t").text.contains("t\n|||"));
    }
}
