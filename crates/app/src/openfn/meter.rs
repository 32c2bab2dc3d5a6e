//! What is measured and checked of the document's bytes before they are parsed.

use std::{
    cell::{Cell, RefCell},
    io::{self, Read},
    rc::Rc,
};

use sandbar_model::Error;

/// Counts the bytes of the item being read, and keeps why reading was stopped.
pub(super) struct Meter {
    /// The most bytes that an item may have. What keeps memory bounded.
    limit: u64,
    item: RefCell<String>,
    bytes: Cell<u64>,
    failure: RefCell<Option<Error>>,
}

impl Meter {
    pub(super) fn new(limit: u64) -> Self {
        Self { limit, item: RefCell::default(), bytes: Cell::new(0), failure: RefCell::default() }
    }

    /// From here on, bytes count as those of this item.
    pub(super) fn begin(&self, item: &str) {
        item.clone_into(&mut self.item.borrow_mut());
        self.bytes.set(0);
    }

    /// Why reading was stopped, if it was.
    pub(super) fn take_failure(&self) -> Option<Error> {
        self.failure.take()
    }

    fn fail(&self, error: Error) -> io::Error {
        self.failure.replace(Some(error));
        io::Error::other("stopped")
    }
}

/// A document's bytes, passed on once they are known to be UTF-8 and not too many for one item.
///
/// The parser checks the text that it keeps, but not what it skips; a document of another encoding is refused as a whole.
pub(super) struct Metered<R> {
    input: R,
    meter: Rc<Meter>,
    line: usize,
    column: usize,
    /// The first bytes of a character that the last read cut.
    cut: Vec<u8>,
}

impl<R: Read> Metered<R> {
    pub(super) fn new(input: R, meter: Rc<Meter>) -> Self {
        Self { input, meter, line: 1, column: 0, cut: Vec::new() }
    }

    fn invalid(&self, problem: String) -> io::Error {
        self.meter.fail(Error::InvalidDocument { problem, line: self.line, column: self.column })
    }

    fn pass(&mut self, text: &[u8]) {
        if let Some(newline) = text.iter().rposition(|byte| *byte == b'\n') {
            self.line += text.split(|byte| *byte == b'\n').skip(1).count();
            self.column = text.len() - newline - 1;
        } else {
            self.column += text.len();
        }
    }

    /// Completes the character that the last read cut; gives the bytes after it.
    fn mend<'a>(&mut self, mut chunk: &'a [u8]) -> io::Result<&'a [u8]> {
        while !self.cut.is_empty() {
            let Some((byte, rest)) = chunk.split_first() else { break };
            self.cut.push(*byte);
            chunk = rest;
            match std::str::from_utf8(&self.cut) {
                Ok(_) => {
                    let whole = std::mem::take(&mut self.cut);
                    self.pass(&whole);
                }
                Err(error) if error.error_len().is_some() => return Err(self.not_utf8()),
                Err(_) => {}
            }
        }
        Ok(chunk)
    }

    fn check(&mut self, chunk: &[u8]) -> io::Result<()> {
        let chunk = self.mend(chunk)?;
        let Err(error) = std::str::from_utf8(chunk) else {
            self.pass(chunk);
            return Ok(());
        };
        let (good, bad) = chunk.split_at_checked(error.valid_up_to()).unwrap_or_default();
        self.pass(good);
        if error.error_len().is_some() {
            return Err(self.not_utf8());
        }
        self.cut = bad.to_vec();
        Ok(())
    }

    fn not_utf8(&mut self) -> io::Error {
        self.column += 1;
        self.invalid("it is not UTF-8 here; save it as UTF-8".to_owned())
    }
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match self.input.read(buffer) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                return Err(self.invalid(format!("it broke off: {error}")));
            }
            other => other?,
        };
        let bytes = self.meter.bytes.get() + read as u64;
        self.meter.bytes.set(bytes);
        if bytes > self.meter.limit {
            let what = format!("{:.300} in the document", self.meter.item.borrow());
            return Err(self.meter.fail(Error::TooLarge { what, limit_bytes: self.meter.limit }));
        }
        self.check(buffer.get(..read).unwrap_or_default())?;
        Ok(read)
    }
}
