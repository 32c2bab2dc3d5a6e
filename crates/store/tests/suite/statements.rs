//! Every statement says where it is from, so that a slow one in a database's own log leads to its function.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

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
        for literal in literals(text) {
            let shown = || format!("{}: {}", file.display(), literal.chars().take(80).collect::<String>());
            let start = literal.trim_start_matches("\\n").trim_start();
            if let Some(name) = start.strip_prefix("-- ") {
                statements += 1;
                let name = name.split(['\n', '\\']).next().unwrap_or_default().trim();
                let known = name.split_once('.').is_some_and(|(of, function)| {
                    of == module && functions.contains(function)
                });
                if !known && name != "{name}" {
                    wrong.push(shown());
                }
            } else if ["SELECT ", "INSERT ", "UPDATE ", "DELETE ", "WITH "].iter().any(|verb| start.starts_with(verb)) {
                // Parts of composed statements come after a name.
                let composed = ["text::union(", "concat!(", "format!("].iter().any(|way| text.contains(way));
                if !composed {
                    wrong.push(shown());
                }
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

/// The string literals of a source text without raw strings: what stands between quotes, outside comments.
fn literals(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['"', '/', '\'']) {
        let (_, here) = rest.split_at(at);
        if here.starts_with("//") {
            rest = here.split_once('\n').map_or("", |(_, after)| after);
        } else if here.starts_with("'\"'") {
            rest = &here[3..];
        } else if let Some(inside) = here.strip_prefix('"') {
            let end = closing(inside);
            found.push(&inside[..end]);
            rest = inside.get(end + 1..).unwrap_or_default();
        } else {
            rest = &here[1..];
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
