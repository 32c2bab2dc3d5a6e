//! However large the project is, a few workflows at most are held at once.

use std::{
    cell::Cell,
    io::{self, Read, Write},
    rc::Rc,
};

use sandbar_model::{Error, ResourceId};
use uuid::Uuid;

use super::{
    super::{Head, Shape, Stamps, Stop, read},
    Piece, StateWriter, ids, project,
};

const WORKFLOWS: usize = 10_000;
/// More than a thousand bytes each, so that the buffer of 64 KiB holds fewer than 64.
const BODY: usize = 1_000;

/// A document that is made while it is read, workflow by workflow.
struct Document {
    made: Rc<Cell<usize>>,
    text: Vec<u8>,
    read: usize,
}

impl Document {
    fn new(made: Rc<Cell<usize>>) -> Self {
        Self { made, text: b"{\"workflows\": {".to_vec(), read: 0 }
    }

    fn make_next(&mut self) {
        let made = self.made.get();
        let comma = if made == 0 { "" } else { "," };
        self.read = 0;
        self.text = match made {
            WORKFLOWS => b"}}".to_vec(),
            made if made > WORKFLOWS => Vec::new(),
            made => format!(
                r#"{comma}"w{made}": {{"name": "w{made}", "jobs": {{"j": {{"name": "j", "body": "{}"}}}}}}"#,
                "x".repeat(BODY)
            )
            .into_bytes(),
        };
        self.made.set(made + 1);
    }
}

impl Read for Document {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.read == self.text.len() {
            self.make_next();
        }
        let read = (&self.text[self.read..]).read(buffer)?;
        self.read += read;
        Ok(read)
    }
}

#[test]
fn ten_thousand_workflows_are_taken_one_by_one() {
    let made = Rc::new(Cell::new(0));
    let (mut taken, mut held) = (0, 0);
    read(Document::new(Rc::clone(&made)), ids(), |piece| {
        assert!(matches!(piece, Piece::Workflow(piece) if piece.workflow.jobs[0].body.len() == BODY));
        taken += 1;
        held = held.max(made.get() - taken);
        Ok(())
    })
    .unwrap();
    assert_eq!(taken, WORKFLOWS);
    assert!(held < 64, "{held} workflows were read ahead");
}

#[test]
fn a_slow_taker_sets_the_pace() {
    let (sender, receiver) = std::sync::mpsc::sync_channel(4);
    let reader = std::thread::spawn(move || {
        read(Document::new(Rc::default()), ids(), |piece| {
            sender.send(piece).map_err(|_| Stop(Error::Contention))
        })
    });
    assert_eq!(receiver.iter().take(100).count(), 100);
    drop(receiver);
    assert!(matches!(reader.join().unwrap(), Err(Error::Contention)));
}

#[test]
fn ten_thousand_workflows_are_written_as_they_come() {
    /// Counts what it is given.
    struct Counter(Rc<Cell<usize>>);
    impl Write for Counter {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.set(self.0.get() + bytes.len());
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let workflow =
        super::read_workflow(r#"{"name": "Always the same", "jobs": [{"name": "j"}]}"#).unwrap().workflow;
    let written = Rc::new(Cell::new(0));
    let mut writer =
        StateWriter::begin(Counter(Rc::clone(&written)), &project(&Head::default()), Shape::Keyed).unwrap();
    for number in 0..WORKFLOWS {
        let id = ResourceId(Uuid::from_u128(number as u128));
        writer.workflow(id, &workflow, &|_| false, Stamps::default()).unwrap();
        // What is held back is one buffer of 64 KiB.
        assert!(written.get() + 64 * 1024 >= number * 300);
    }
    writer.finish().unwrap();
    assert!(written.get() > WORKFLOWS * 300);
}
