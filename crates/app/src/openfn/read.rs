//! Reads a project state document as a stream of pieces.

use std::{
    fmt,
    io::{BufReader, Read},
    rc::Rc,
};

use sandbar_model::{Error, Result};
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, Visitor};
use uuid::Uuid;

use super::{
    head::Head,
    keys::Seen,
    meter::{Meter, Metered},
    piece::Piece,
    section::{Item, Section},
    wire,
};

/// The most bytes that one workflow, or any other single value of the document, may have.
pub const MAX_ITEM_BYTES: u64 = 64 * 1024 * 1024;

/// What a sink answers to end the reading; [`read`] returns the error in it.
#[derive(Debug)]
pub struct Stop(pub Error);

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

/// Reads a document to its end and gives each piece to `sink` as soon as it is complete, in the document's order: jobs may
/// come before the credential links that they use.
///
/// It blocks, and it buffers `input`: call it on a blocking thread, where a bounded channel behind `sink` sets the pace.
/// Memory: the item being read, of at most [`MAX_ITEM_BYTES`], and 8 bytes per key. `make_id` gives ids to jobs, triggers and edges that
/// have none. What was done with the pieces counts only once this returns `Ok`.
///
/// Rules of the model (lengths, graphs, names taken …) are not checked here.
///
/// # Errors
/// [`Error::InvalidDocument`]: not JSON, not UTF-8, cut off, nested deeper than 128, a key twice in one object, a value of
/// a wrong type. [`Error::InvalidFields`]: an entry that the model has no way to say. [`Error::KafkaUnsupported`].
/// [`Error::TooLarge`]: an item of over [`MAX_ITEM_BYTES`] or a body of over 10 MiB. Whatever the sink stopped with.
pub fn read(
    input: impl Read,
    make_id: impl FnMut() -> Uuid,
    sink: impl FnMut(Piece) -> Result<(), Stop>,
) -> Result<Head> {
    read_within(MAX_ITEM_BYTES, input, make_id, sink)
}

/// [`read`] with another limit.
pub(super) fn read_within(
    item_bytes: u64,
    input: impl Read,
    make_id: impl FnMut() -> Uuid,
    sink: impl FnMut(Piece) -> Result<(), Stop>,
) -> Result<Head> {
    let meter = Rc::new(Meter::new(item_bytes));
    let input = BufReader::with_capacity(64 * 1024, Metered::new(input, Rc::clone(&meter)));
    let mut json = serde_json::Deserializer::from_reader(input);
    let mut import = Import { make_id, sink, meter, refusal: None };
    let head = Document(&mut import).deserialize(&mut json).and_then(|head| json.end().map(|()| head));
    head.map_err(|error| import.reason(&error))
}

/// What reading needs from top to bottom.
pub(super) struct Import<M, S> {
    make_id: M,
    sink: S,
    meter: Rc<Meter>,
    /// Why reading was stopped, where the parser's own error can't say it.
    refusal: Option<Error>,
}

/// So that bounds are written once.
pub(super) trait Taker {
    /// From here on, what is read belongs to the item at this place.
    fn begin(&self, at: &str);
    /// Passes an item on.
    fn take<E: de::Error>(&mut self, item: impl Item, at: &str) -> Result<(), E>;
}

impl<M: FnMut() -> Uuid, S: FnMut(Piece) -> Result<(), Stop>> Taker for Import<M, S> {
    fn begin(&self, at: &str) {
        self.meter.begin(at);
    }

    fn take<E: de::Error>(&mut self, item: impl Item, at: &str) -> Result<(), E> {
        let piece = item.piece(at, &mut self.make_id);
        let taken = piece.and_then(|piece| (self.sink)(piece).map_err(|stop| stop.0));
        taken.map_err(|error| {
            self.refusal = Some(error);
            E::custom("stopped")
        })
    }
}

impl<M, S> Import<M, S> {
    fn reason(&mut self, error: &serde_json::Error) -> Error {
        self.refusal.take().or_else(|| self.meter.take_failure()).unwrap_or_else(|| {
            let (line, column) = (error.line(), error.column());
            let said = error.to_string();
            let problem = said.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&said);
            // The parser quotes what it did not expect, which may be a whole body.
            let problem = format!("{problem:.500}");
            Error::InvalidDocument { problem, line, column }
        })
    }
}

/// The whole document.
struct Document<'a, T>(&'a mut T);

impl<'de, T: Taker> DeserializeSeed<'de> for Document<'_, T> {
    type Value = Head;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Head, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, T: Taker> Visitor<'de> for Document<'_, T> {
    type Value = Head;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a project state, which is one JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Head, A::Error> {
        let mut head = Head::default();
        let mut seen = Seen::default();
        self.0.begin("a key");
        while let Some(key) = map.next_key::<String>()? {
            seen.note(&key)?;
            self.0.begin(&key);
            match key.as_str() {
                "project_credentials" => {
                    let section = Section::<_, wire::CredentialLink>::new(self.0, &key);
                    head.sections.credentials = map.next_value_seed(section)?;
                }
                "collections" => {
                    let section = Section::<_, wire::Collection>::new(self.0, &key);
                    head.sections.collections = map.next_value_seed(section)?;
                }
                "workflows" => {
                    let section = Section::<_, wire::Workflow>::new(self.0, &key);
                    head.sections.workflows = map.next_value_seed(section)?;
                }
                "configs" => {
                    let section = Section::<_, wire::Config>::new(self.0, &key);
                    head.sections.configs = map.next_value_seed(section)?;
                }
                "keychains" => {
                    let section = Section::<_, wire::Keychain>::new(self.0, &key);
                    head.sections.keychains = map.next_value_seed(section)?;
                }
                _ => head.read(&key, &mut map)?,
            }
            self.0.begin("a key");
        }
        Ok(head)
    }
}
