//! Reads one of the document's three sections, entry by entry.

use std::{fmt, marker::PhantomData};

use sandbar_model::Result;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use uuid::Uuid;

use super::{keys::Seen, piece::Piece, read::Taker, wire::Place};

/// An entry of a section.
pub(super) trait Item: DeserializeOwned {
    /// What it becomes. `at` is where it was, for errors.
    fn piece(self, at: &str, make_id: &mut dyn FnMut() -> Uuid) -> Result<Piece>;
}

/// Reads a section, an object or a list, and passes each entry on. Gives false where it is null.
pub(super) struct Section<'a, T, I> {
    taker: &'a mut T,
    name: &'a str,
    item: PhantomData<I>,
}

impl<'a, T, I> Section<'a, T, I> {
    pub(super) fn new(taker: &'a mut T, name: &'a str) -> Self {
        Self { taker, name, item: PhantomData }
    }
}

impl<'de, T: Taker, I: Item> DeserializeSeed<'de> for Section<'_, T, I> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Taker, I: Item> Visitor<'de> for Section<'_, T, I> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} as an object or a list of objects", self.name)
    }

    fn visit_unit<E: Error>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        let mut seen = Seen::default();
        while let Some(key) = map.next_key::<String>()? {
            seen.note(&key)?;
            let at = format!("{}{}", self.name, Place::Key(key));
            self.taker.begin(&at);
            let item = map.next_value_seed(Entry::<I>::at(&at))?;
            self.taker.take(item, &at)?;
        }
        Ok(true)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<bool, A::Error> {
        for index in 0_usize.. {
            let at = format!("{}{}", self.name, Place::Index(index));
            self.taker.begin(&at);
            let Some(item) = list.next_element_seed(Entry::<I>::at(&at))? else { break };
            self.taker.take(item, &at)?;
        }
        Ok(true)
    }
}

/// Reads one entry; its errors say where in the entry they are.
struct Entry<'a, I> {
    at: &'a str,
    item: PhantomData<I>,
}

impl<'a, I> Entry<'a, I> {
    fn at(at: &'a str) -> Self {
        Self { at, item: PhantomData }
    }
}

impl<'de, I: Item> DeserializeSeed<'de> for Entry<'_, I> {
    type Value = I;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<I, D::Error> {
        serde_path_to_error::deserialize(deserializer).map_err(|error| {
            let below = match error.path().to_string() {
                path if path == "." => String::new(),
                path => format!(".{path}"),
            };
            // The parser reads line and column off the end of this text again.
            D::Error::custom(format_args!("{}{below}: {}", self.at, error.inner()))
        })
    }
}
