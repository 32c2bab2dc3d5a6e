//! What is not a project state is refused, precisely, and never with a panic.

use std::io::{self, Read};

use proptest::prelude::*;
use sandbar_model::{Error, workflow::MAX_BODY_BYTES};

use super::{
    super::{Stop, read, read::read_within},
    histories, ids, read_all,
};

/// Problem, line and column.
fn refusal(document: impl AsRef<[u8]>) -> (String, usize, usize) {
    match read_all(document.as_ref()) {
        Err(Error::InvalidDocument { problem, line, column }) => (problem, line, column),
        other => panic!("{other:?}"),
    }
}

#[test]
fn broken_documents_are_refused_with_the_place() {
    let uuid = "00000000-0000-4000-8000-00000000000a";
    for (document, problem, line, column) in [
        ("", "EOF while parsing a value", 1, 0),
        ("[]", "invalid type: sequence, expected a project state, which is one JSON object", 1, 1),
        ("{\n\"name\": \"a\"\n", "EOF while parsing an object", 3, 0),
        ("{\"workflows\": {\"w\": {\"name\": \"a", "workflows.w.name: EOF while parsing a string", 1, 31),
        ("{} x", "trailing characters", 1, 4),
        ("{\"name\": 1}", "name: invalid type: integer `1`, expected a string", 1, 11),
        ("{\"concurrency\": 1e400}", "concurrency: number out of range", 1, 22),
        (
            "{\"concurrency\": 4294967296}",
            "concurrency: invalid value: integer `4294967296`, expected u32",
            1,
            27,
        ),
        ("{\"name\": \"a\",\n \"name\": \"b\"}", "the key `name` is there twice in one object", 2, 8),
        ("{\"x\": 1, \"x\": 1}", "the key `x` is there twice in one object", 1, 13),
        (
            "{\"workflows\": {\"a\": {\"name\": \"a\"}, \"a\": {}}}",
            "the key `a` is there twice in one object",
            1,
            39,
        ),
        (
            "{\"workflows\": [{\"name\": \"a\", \"name\": \"b\"}]}",
            "workflows[0]: duplicate field `name`",
            1,
            36,
        ),
        (
            "{\"workflows\": [{\"jobs\": {\"j\": {}, \"j\": {}}}]}",
            "workflows[0].jobs: the key `j` is there twice in one object",
            1,
            38,
        ),
        (
            "{\"workflows\": 3}",
            "invalid type: integer `3`, expected workflows as an object or a list of objects",
            1,
            16,
        ),
    ] {
        assert_eq!(refusal(document), (problem.to_owned(), line, column), "{document}");
    }
    let (problem, ..) = refusal(format!(
        r#"{{"workflows": {{"w": {{"edges": {{"e": {{"target_job_id": "{uuid}", "condition_type": "maybe"}}}}}}}}}}"#
    ));
    assert!(
        problem.starts_with(
            "workflows.w.edges.e.condition_type: unknown variant `maybe`, expected one of `always`"
        ),
        "{problem}"
    );
}

#[test]
fn a_refusal_does_not_repeat_a_whole_body() {
    let long = "é".repeat(100_000);
    for document in [
        format!(r#"{{"workflows": [{{"concurrency": "{long}"}}]}}"#),
        format!(r#"{{"{long}": 1, "{long}": 1}}"#),
        format!(r#"{{"workflows": {{"{long}": {{"{long}": 1, "jobs": 1}}}}}}"#),
    ] {
        assert!(refusal(document).0.chars().count() <= 500);
    }
    let refused = read_all(format!(r#"{{"collections": {{"{long}": {{}}}}}}"#).as_bytes()).unwrap_err();
    let Error::InvalidFields { violations } = refused else { panic!("{refused:?}") };
    assert!(violations[0].field.len() < 300);
}

#[test]
fn ids_are_uuids() {
    let (problem, line, _) = refusal("{\"workflows\": {\"w\": {\"jobs\": [{\n\"id\": \"7\"}]}}}");
    assert!(problem.starts_with("workflows.w.jobs[0].id: ") && line == 2, "{problem}");
}

#[test]
fn too_deep_is_refused_where_it_is_kept_and_no_harm_where_it_is_skipped() {
    let deep = "[".repeat(100_000);
    let (problem, ..) = refusal(format!("{{\"ignored\": {deep}"));
    assert!(problem.starts_with("EOF while parsing a list"), "{problem}");
    for place in [
        "{\"workflows\": [{\"jobs\": ",
        "{\"workflows\": [{\"deleted_at\": ",
        "{\"workflows\": ",
        "{\"name\": ",
    ] {
        refusal(format!("{place}{deep}"));
    }
}

#[test]
fn other_encodings_are_refused_even_where_text_is_skipped() {
    for before in [
        "{\"name\": \"",
        "{\"ignored\": \"",
        "{\"ignored\": {\"é\n",
        "\n\n{\"workflows\": [{\"inserted_at\": \"",
    ] {
        let mut document = before.as_bytes().to_vec();
        let place = document.len() - document.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        document.extend(b"\xe9t\xe9\"}");
        let lines = before.matches('\n').count() + 1;
        assert_eq!(
            refusal(&document),
            ("it is not UTF-8 here; save it as UTF-8".to_owned(), lines, place + 1)
        );
    }
    let utf16: Vec<u8> = "{\"a\": 1}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    refusal(&utf16);
}

#[test]
fn characters_may_be_cut_anywhere_between_two_reads() {
    /// Gives one byte at a time.
    struct Trickle<'a>(&'a [u8]);
    impl Read for Trickle<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let mut byte = &self.0[..self.0.len().min(1)];
            self.0 = &self.0[byte.len()..];
            byte.read(buffer)
        }
    }
    let head = read(Trickle("{\"name\": \"é € 😀\"}".as_bytes()), ids(), |_| Ok(())).unwrap();
    assert_eq!(head.name.as_deref(), Some("é € 😀"));
    for bad in [&b"{\"x\": \"\xf0\x9f\x98\"}"[..], b"{\"x\": \"\xf0\x9f\x98", b"{\"x\": \"\xed\xa0\x80\"}"] {
        assert!(read(Trickle(bad), ids(), |_| Ok(())).is_err());
    }
}

#[test]
fn a_body_has_a_limit() {
    let workflow = |bytes: usize| {
        format!(
            r#"{{"workflows": {{"w": {{"name": "w", "jobs": {{"j": {{"name": "j", "body": "{}"}}}}}}}}}}"#,
            "x".repeat(bytes)
        )
    };
    assert!(read_all(workflow(MAX_BODY_BYTES).as_bytes()).is_ok());
    let refused = read_all(workflow(MAX_BODY_BYTES + 1).as_bytes()).unwrap_err();
    assert!(
        matches!(&refused, Error::TooLarge { what, .. } if what == "workflows.w.jobs.j.body"),
        "{refused:?}"
    );
}

#[test]
fn an_item_has_a_limit_even_where_it_never_ends() {
    const LIMIT: u64 = 1_000_000;
    for (before, item) in [
        ("{\"workflows\": {\"w\": {\"name\": \"", "workflows.w"),
        ("{\"workflows\": [{\"name\": \"a\"}, {\"x\": \"", "workflows[1]"),
        ("{\"workflows\": {\"w\": {\"x\": [\"", "workflows.w"),
        ("{\"workflows\": {\"", "workflows"),
        ("{\"ignored\": \"", "ignored"),
        ("{\"", "a key"),
    ] {
        let endless = before.as_bytes().chain(io::repeat(b'x'));
        let refused = read_within(LIMIT, endless, ids(), |_| Ok(())).unwrap_err();
        let Error::TooLarge { what, limit_bytes: LIMIT } = refused else { panic!("{refused:?}") };
        assert_eq!(what, format!("{item} in the document"));
    }
}

#[test]
fn many_items_within_the_limit_are_no_trouble() {
    let workflows =
        r#"{"name": "a", "jobs": [{"name": "j", "body": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}]}, "#
            .repeat(3_000);
    let document = format!(r#"{{"workflows": [{workflows}{{"name": "last"}}], "collections": []}}"#);
    let mut taken = 0;
    read_within(100_000, document.as_bytes(), ids(), |_| {
        taken += 1;
        Ok(())
    })
    .unwrap();
    assert_eq!(taken, 3_001);
}

#[test]
fn many_small_parts_are_refused_before_they_fill_the_memory() {
    let many = format!(r#"{{"workflows": [{{"jobs": [{}{{}}]}}]}}"#, "{},".repeat(20_000));
    let (problem, ..) = refusal(many);
    assert_eq!(problem, "workflows[0].jobs: more than 20000 entries; split the workflow");
}

#[test]
fn a_broken_connection_is_told_and_a_stop_is_passed_on() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the caller hung up"))
        }
    }
    let refused = read(b"{\n\"name\": ".chain(Broken), ids(), |_| Ok(())).unwrap_err();
    assert!(
        matches!(&refused, Error::InvalidDocument { problem, line: 2, column: 8 } if problem == "it broke off: the caller hung up"),
        "{refused:?}"
    );
    let mut taken = 0;
    let document: &[u8] = br#"{"collections": [{"name": "a"}, {"name": "b"}, {"name": "c"}]}"#;
    let stopped = read(document, ids(), |_| {
        taken += 1;
        if taken == 2 { Err(Stop(Error::Contention)) } else { Ok(()) }
    });
    assert!(matches!(stopped, Err(Error::Contention)) && taken == 2, "{stopped:?}");
}

/// Snippets that are likely to hurt.
const SNIPPETS: [&str; 14] = [
    "null",
    "[]",
    "{}",
    "1e999",
    "-1",
    "\"",
    "\\",
    "{",
    "]",
    "\u{0}",
    "\"id\": \"x\",",
    "\"name\": null,",
    "true",
    ",",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut document = b"{\"workflows\": ".to_vec();
        document.extend(&bytes);
        prop_assert!(read_all(&bytes).is_err());
        prop_assert!(read_all(&document).is_err());
    }

    #[test]
    fn random_changes_to_a_real_document_never_panic(
        edits in proptest::collection::vec((any::<prop::sample::Index>(), 0_usize..40, 0..SNIPPETS.len()), 1..4),
    ) {
        let mut document = REAL.with(Clone::clone);
        for (place, cut, snippet) in edits {
            let start = place.index(document.len());
            let end = (start + cut).min(document.len());
            document.splice(start..end, SNIPPETS[snippet].bytes());
        }
        match read_all(&document) {
            Ok(_) | Err(Error::InvalidDocument { line: 1.., .. } | Error::InvalidFields { .. }) => {}
            Err(other) => prop_assert!(false, "{other:?}"),
        }
    }
}

thread_local! {
    static REAL: Vec<u8> = histories().into_values().min_by_key(Vec::len).unwrap();
}
