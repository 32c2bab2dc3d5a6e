//! The `JSONPath` of a keychain: RFC 9535, but for what could cost more than the dataclip is large. A run waits for it, and
//! whoever may write a keychain must not be able to hold up the server.

use jsonpath_rust::{
    parser::{
        model::{Comparable, Filter, FilterAtom, JpQuery, Segment, Selector, SingularQuery, Test},
        parse_json_path,
    },
    query::js_path_process,
};
use serde_json::Value;

use crate::text;

/// The longest path, in characters.
pub const MAX_PATH: usize = 255;
/// The most selectors between commas, in all of a path.
pub const MAX_SELECTORS: usize = 16;

/// A path that is allowed.
pub(super) struct Path(JpQuery);

/// Reads a path.
///
/// # Errors
/// What is wrong, as the problem of a field.
pub(super) fn parse(text: &str) -> Result<Path, String> {
    let length = text.chars().count();
    if length == 0 {
        return Err(format!("must not be empty; give it 1 to {MAX_PATH} characters, such as `$.site.id`"));
    }
    if length > MAX_PATH {
        return Err(format!("has {length} characters; at most {MAX_PATH} are allowed"));
    }
    // Before it is parsed: the parser's time doubles with each function in a function.
    if unquoted(text).any(|(before, letter, _)| letter == '(' && is_in_name(before)) {
        return Err(NO_FUNCTION.to_owned());
    }
    // The parser takes blanks inside a name for part of it.
    let is_parted = unquoted(text).any(|(before, letter, after)| {
        letter.is_ascii_whitespace() && is_in_name(before) && is_in_name(after)
    });
    let query = parse_json_path(text).ok().filter(|_| !is_parted).ok_or_else(|| {
        let shown = text::shown(text);
        format!("must be a JSONPath (RFC 9535), such as `$.site.id` or `$['site'][0]`; it is {shown}")
    })?;
    check(&query)?;
    Ok(Path(query))
}

/// The values at a path, in the order of the document.
pub(super) fn values<'a>(path: &Path, dataclip: &'a Value) -> Vec<&'a Value> {
    let found = js_path_process(&path.0, dataclip).unwrap_or_default();
    found.into_iter().map(|one| one.val).collect()
}

/// The characters outside of quotes, each with those before and after it that are not blank.
fn unquoted(text: &str) -> impl Iterator<Item = (char, char, char)> {
    let (mut quote, mut escaped, mut before) = (None, false, ' ');
    text.char_indices().filter_map(move |(at, letter)| {
        let was = (quote, before);
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if letter == '\\' => escaped = true,
            Some(open) if letter == open => quote = None,
            None if letter == '\'' || letter == '"' => quote = Some(letter),
            Some(_) | None => {}
        }
        if !letter.is_ascii_whitespace() {
            before = letter;
        }
        let after = text.get(at + letter.len_utf8()..).unwrap_or_default().trim_start().chars().next();
        was.0.is_none().then_some((was.1, letter, after.unwrap_or(' ')))
    })
}

fn is_in_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_' || !letter.is_ascii()
}

/// Refuses what multiplies: each node of the dataclip may be looked at a bounded number of times.
fn check(query: &JpQuery) -> Result<(), String> {
    let (mut descents, mut selectors) = (0, 0);
    for segment in &query.segments {
        let (below, list) = match segment {
            Segment::Descendant(inner) => (1, selectors_of(inner)),
            Segment::Selector(_) | Segment::Selectors(_) => (0, selectors_of(segment)),
        };
        descents += below;
        if list.len() > 1 {
            selectors += list.len();
        }
        for selector in list {
            if let Selector::Filter(filter) = selector {
                check_filter(filter)?;
            }
        }
    }
    if descents > 1 {
        return Err("descends with `..` more than once; name the places in between".to_owned());
    }
    if selectors > MAX_SELECTORS {
        return Err(format!("has {selectors} selectors between commas; at most {MAX_SELECTORS} are allowed"));
    }
    // Else each of two lists would be walked for each entry of the other.
    let lists = query.segments.iter().filter(|segment| selectors_of(segment).len() > 1).count();
    if lists > 1 {
        return Err("has selectors between commas in more than one place; use one".to_owned());
    }
    Ok(())
}

fn selectors_of(segment: &Segment) -> &[Selector] {
    match segment {
        Segment::Descendant(inner) => selectors_of(inner),
        Segment::Selector(one) => std::slice::from_ref(one),
        Segment::Selectors(list) => list,
    }
}

fn check_filter(filter: &Filter) -> Result<(), String> {
    match filter {
        Filter::Or(all) | Filter::And(all) => all.iter().try_for_each(check_filter),
        Filter::Atom(FilterAtom::Filter { expr, .. }) => check_filter(expr),
        Filter::Atom(FilterAtom::Test { expr, .. }) => match &**expr {
            Test::RelQuery(segments) => check_test(segments),
            Test::AbsQuery(query) => check_test(&query.segments),
            Test::Function(_) => Err(NO_FUNCTION.to_owned()),
        },
        Filter::Atom(FilterAtom::Comparison(comparison)) => {
            let (left, right) = comparison.vals();
            [left, right].into_iter().try_for_each(|side| match side {
                Comparable::Literal(_)
                | Comparable::SingularQuery(SingularQuery::Current(_) | SingularQuery::Root(_)) => Ok(()),
                Comparable::Function(_) => Err(NO_FUNCTION.to_owned()),
            })
        }
    }
}

const NO_FUNCTION: &str = "calls a function, which a keychain's path can't; name the place of the value";

/// What a filter asks for must be one place.
fn check_test(segments: &[Segment]) -> Result<(), String> {
    let is_one =
        |segment: &Segment| matches!(segment, Segment::Selector(Selector::Name(_) | Selector::Index(_)));
    if segments.iter().all(is_one) {
        Ok(())
    } else {
        Err("has a filter that looks at more than one place; name each by keys and numbers".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn problem(text: &str) -> String {
        parse(text).err().unwrap_or_else(|| panic!("{text} is allowed"))
    }

    #[test]
    fn paths_of_the_rfc_are_allowed() {
        for good in [
            "$",
            "$.a",
            "$.a.b_c",
            "$['a b'][\"c\"]",
            "$.été",
            "$[0]",
            "$[-1]",
            "$[1:5:2]",
            "$[::-1]",
            "$.a.*",
            "$[*]",
            "$..a",
            "$..[0]",
            "$..*",
            "$ .a [0]",
            "$[?@.a == 1 && @['b c'] == true ]",
            "$['it\\'s']",
            "$['f(x)']",
            "$[?@.a]",
            "$[?@.a == 'x' && (@['b'] > 1 || !@.c)].d",
            "$[?@.a == $.b[0]]",
            "$['a','b']",
        ] {
            assert!(parse(good).is_ok(), "{good}: {:?}", parse(good).err());
        }
        assert!(parse(&format!("$.{}", "é".repeat(253))).is_ok());
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for bad in [
            "a",
            ".a",
            "$.",
            "$a",
            "$['a'",
            "$[a]",
            "$.a b",
            "$.a\tb",
            "$[?@.a b]",
            "@.a",
            "$[01]",
            "$.-1",
            " $",
            "$ ",
            "$\u{0}",
        ] {
            assert!(problem(bad).contains("must be a JSONPath"), "{bad}: {}", problem(bad));
        }
        assert!(problem("").contains("empty"));
        assert!(problem(&format!("$.{}", "é".repeat(254))).contains("256 characters"));
    }

    #[test]
    fn what_could_take_too_long_is_refused() {
        for (bad, said) in [
            ("$..a..b".to_owned(), "more than once"),
            ("$[*,*][*,*]".to_owned(), "more than one place"),
            (format!("$[{}]", ["*"; 17].join(",")), "17 selectors"),
            ("$[?length(@.a) > 1]".to_owned(), "function"),
            ("$[?match(@.a, 'x')]".to_owned(), "function"),
            (format!("$[?{}", "length(".repeat(34)), "function"),
            ("$[?@..a]".to_owned(), "more than one place"),
            ("$[?@.*]".to_owned(), "more than one place"),
            ("$[?@[?@.a]]".to_owned(), "more than one place"),
            ("$[?$..a]".to_owned(), "more than one place"),
            ("$..[?@[0,1]]".to_owned(), "more than one place"),
        ] {
            assert!(problem(&bad).contains(said), "{bad}: {}", problem(&bad));
        }
        assert!(parse(&format!("$[{}]", ["*"; 16].join(","))).is_ok());
    }

    /// 255 characters that make a parser work: it must not take long to say no. One that tries all ways takes for ever.
    #[test]
    fn no_path_holds_up_its_reader() {
        let start = std::time::Instant::now();
        for piece in [
            "(", "[", "[?", "[?@[", "[?(", "!", "..", "[*,", "[?@.a&&(", "[?@==", "'", "\\", "\"a", "[?$[",
            ":",
        ] {
            for head in ["$", "$[?", "$[?(", "$.."] {
                let text: String = head.chars().chain(piece.chars().cycle()).take(MAX_PATH).collect();
                let _ = parse(&text);
            }
        }
        assert!(start.elapsed() < std::time::Duration::from_secs(20), "{:?}", start.elapsed());
    }

    #[test]
    fn a_large_deep_dataclip_is_walked_once() {
        let deep = (0..100).fold(json!("end"), |inner, _| json!({ "a": inner, "b": 1 }));
        let path = parse("$..a").unwrap_or_else(|problem| panic!("{problem}"));
        let walk = |width: usize| {
            let clip = json!({ "wide": vec![deep.clone(); width] });
            let start = std::time::Instant::now();
            assert_eq!(values(&path, &clip).len(), width * 100);
            start.elapsed()
        };
        // 40 times larger: walking it again for each value would take 1,600 times longer.
        let (small, large) = (walk(5), walk(200));
        assert!(large < small * 400, "{small:?}, {large:?}");
    }
}
