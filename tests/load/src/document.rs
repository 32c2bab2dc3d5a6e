//! Documents to import, of any number of workflows, made from a real project while they are read.

use std::{
    io,
    path::Path,
    pin::Pin,
    task::{Context, Poll},
};

use serde_json::{Map, Value};
use tokio::io::{AsyncRead, ReadBuf};
use uuid::Uuid;

use crate::Result;

/// Stands for the number of the workflow.
const NUMBER: &str = "@@NUMBER@@";
/// Stands for the last twelve digits of an id.
const TAIL: &str = "@@TAIL@@";
/// Longer workflows of the template are left out, so that the rest have about 9 KB on average, as in 2-storage-measured.
const LONGEST: usize = 30_000;

/// What workflows are made from.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    credentials: String,
    workflows: Vec<Vec<Piece>>,
}

#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    Number,
    Tail,
}

/// A document on its way.
#[derive(Debug)]
pub(crate) struct Document<'a> {
    template: &'a Template,
    count: u64,
    next: u64,
    buffer: Vec<u8>,
    read: usize,
    ended: bool,
}

impl Template {
    /// Takes the workflows of an `OpenFn` project state apart.
    pub(crate) fn read(file: &Path) -> Result<Self> {
        let text = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
        let state: Value = serde_json::from_slice(&text)?;
        let credentials = state.get("project_credentials").cloned().unwrap_or_else(|| Map::new().into());
        let workflows =
            state.get("workflows").and_then(Value::as_object).ok_or("the template has no workflows")?;
        let mut taken = Vec::new();
        for workflow in workflows.values() {
            if workflow.to_string().len() <= LONGEST {
                taken.push(pieces(&marked(workflow.clone())?.to_string()));
            }
        }
        if taken.is_empty() {
            return Err("the template has no workflow that is short enough".into());
        }
        Ok(Self { credentials: credentials.to_string(), workflows: taken })
    }

    /// A document with this many workflows, each with ids, a name and bodies of its own, the same ones each time.
    pub(crate) fn document(&self, name: &str, workflows: u64) -> Document<'_> {
        let head = format!(r#"{{"name":"{name}","project_credentials":{},"workflows":["#, self.credentials)
            .into_bytes();
        Document { template: self, count: workflows, next: 0, buffer: head, read: 0, ended: false }
    }
}

impl Document<'_> {
    fn refill(&mut self) {
        self.buffer.clear();
        self.read = 0;
        let kinds = self.template.workflows.len() as u64;
        let number = self.next;
        let pieces = usize::try_from(number % kinds).ok().and_then(|kind| self.template.workflows.get(kind));
        if let (true, Some(pieces)) = (number < self.count, pieces) {
            if number > 0 {
                self.buffer.push(b',');
            }
            for piece in pieces {
                match piece {
                    Piece::Text(text) => self.buffer.extend_from_slice(text.as_bytes()),
                    Piece::Number => self.buffer.extend_from_slice(format!("{number:06}").as_bytes()),
                    Piece::Tail => self.buffer.extend_from_slice(format!("{number:012x}").as_bytes()),
                }
            }
            self.next += 1;
        } else if !self.ended {
            self.ended = true;
            self.buffer.extend_from_slice(b"]}");
        }
    }
}

impl AsyncRead for Document<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while into.remaining() > 0 {
            if self.read == self.buffer.len() {
                self.refill();
            }
            let rest = self.buffer.get(self.read..).unwrap_or_default();
            let (part, _) = rest.split_at(rest.len().min(into.remaining()));
            if part.is_empty() {
                break;
            }
            into.put_slice(part);
            self.read += part.len();
        }
        Poll::Ready(Ok(()))
    }
}

/// The workflow with marks where each copy differs. Credentials stay those of the document.
fn marked(mut workflow: Value) -> Result<Value> {
    let fields = workflow.as_object_mut().ok_or("a workflow of the template is no object")?;
    append(fields, "name", &format!(" {NUMBER}"));
    for part in ["jobs", "triggers", "edges"] {
        for item in fields.get_mut(part).and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut)
        {
            let Some(item) = item.as_object_mut() else { continue };
            append(item, "body", &format!("\n// copy {NUMBER}\n"));
        }
    }
    mark_ids(&mut workflow);
    Ok(workflow)
}

fn append(fields: &mut Map<String, Value>, key: &str, end: &str) {
    if let Some(Value::String(text)) = fields.get_mut(key) {
        text.push_str(end);
    }
}

fn mark_ids(value: &mut Value) {
    let Value::Object(fields) = value else { return };
    for (key, value) in fields {
        match value {
            Value::String(id)
                if key.ends_with("id") && !key.ends_with("credential_id") && Uuid::try_parse(id).is_ok() =>
            {
                id.truncate(id.len() - 12);
                id.push_str(TAIL);
            }
            value => mark_ids(value),
        }
    }
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (index, between) in text.split(NUMBER).enumerate() {
        if index > 0 {
            pieces.push(Piece::Number);
        }
        for (index, text) in between.split(TAIL).enumerate() {
            if index > 0 {
                pieces.push(Piece::Tail);
            }
            pieces.push(Piece::Text(text.to_owned()));
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use tokio::io::AsyncReadExt;

    use super::*;

    const TEMPLATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/histories/social-sciences/001.json");

    #[tokio::test]
    async fn every_copy_has_its_own_ids_names_and_bodies() {
        let template = Template::read(Path::new(TEMPLATE)).unwrap();
        let mut text = String::new();
        template.document("load-40", 40).read_to_string(&mut text).await.unwrap();
        let state: Value = serde_json::from_str(&text).unwrap();
        let workflows = state["workflows"].as_array().unwrap();
        assert_eq!(workflows.len(), 40);
        let mut seen = HashSet::new();
        for workflow in workflows {
            assert!(seen.insert(workflow["id"].to_string()));
            assert!(seen.insert(workflow["name"].to_string()));
            for job in workflow["jobs"].as_object().unwrap().values() {
                assert!(Uuid::try_parse(job["id"].as_str().unwrap()).is_ok());
                assert!(seen.insert(job["id"].to_string()));
                assert!(seen.insert(job["body"].to_string()));
            }
        }
        let average = text.len() / 40;
        assert!((8_000..11_000).contains(&average), "{average}");
    }

    #[tokio::test]
    async fn the_same_document_each_time() {
        let template = Template::read(Path::new(TEMPLATE)).unwrap();
        let (mut one, mut other) = (Vec::new(), Vec::new());
        template.document("a", 3).read_to_end(&mut one).await.unwrap();
        template.document("a", 3).read_to_end(&mut other).await.unwrap();
        assert_eq!(one, other);
    }
}
