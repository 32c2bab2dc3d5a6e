//! Every statement says where it is from, so that a slow one in a database's own log leads to its function.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

const VERBS: [&str; 5] = ["SELECT ", "INSERT ", "UPDATE ", "DELETE ", "WITH "];

#[test]
fn every_statement_begins_with_its_functions_name() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut statements = 0;
    let mut wrong = Vec::new();
    for file in sources(&folder) {
        let text = fs::read_to_string(&file).unwrap();
        // What stands below is tests.
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        let module = file.strip_prefix(&folder).unwrap().iter().next().unwrap().to_str().unwrap();
        let module = module.trim_end_matches(".rs");
        let functions = functions(text);
        for (before, literal) in literals(text) {
            let shown = || format!("{}: {}", file.display(), literal.chars().take(80).collect::<String>());
            if let Some(name) = literal.trim_start().strip_prefix("-- ") {
                statements += 1;
                let name = name.split(['\n', '\\']).next().unwrap_or_default().trim();
                // Such as `-- write.versions` for `write::put_versions`; one is composed of a name that it is given.
                let leads_here = name.split_once('.').is_some_and(|(of, word)| {
                    of == module && functions.iter().any(|function| function.contains(word))
                });
                if !leads_here && name != "{name}" {
                    wrong.push(shown());
                }
            } else if VERBS.iter().any(|verb| literal.trim_start().starts_with(verb))
                // A part that its composer puts after a name.
                && !before.trim_end().ends_with("format!(")
            {
                wrong.push(shown());
            }
        }
    }
    assert!(statements > 60, "only {statements} statements were found");
    assert!(wrong.is_empty(), "statements without (or with another) function's name:\n{}", wrong.join("\n"));
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

fn functions(text: &str) -> BTreeSet<&str> {
    text.split("fn ").skip(1).filter_map(|rest| rest.split(['(', '<']).next()).collect()
}

/// The string literals of a source text that has no raw ones, outside comments, each with what stands before it. A line
/// break that is written `\n` begins a part that is put after another.
fn literals(text: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(next) = text[at..].find(['"', '/', '\'']) {
        at += next;
        let here = &text[at..];
        if here.starts_with("//") {
            at += here.find('\n').unwrap_or(here.len());
        } else if here.starts_with("'\"'") {
            at += 3;
        } else if let Some(inside) = here.strip_prefix('"') {
            let end = closing(inside);
            found.push((&text[..at], &inside[..end]));
            at += end + 2;
        } else {
            at += 1;
        }
    }
    found
}

fn closing(inside: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in inside.bytes().enumerate() {
        match byte {
            b'\\' if !escaped => escaped = true,
            b'"' if !escaped => return at,
            _ => escaped = false,
        }
    }
    inside.len()
}
