//! Where something is in a config.

/// A path, and the same for a person.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// A JSON pointer below the field, without a slash before it. Steps into a list go by what its entries are paired by:
    /// `value/steps/id:intro/title`.
    pub(super) path: String,
    /// `steps[intro].title`.
    pub(super) title: String,
}

impl Place {
    /// A field of the config itself.
    pub(super) fn field(name: &str) -> Self {
        Self { path: name.to_owned(), title: name.to_owned() }
    }

    /// What an object has under a key.
    pub(super) fn key(&self, key: &str) -> Self {
        let title = if self.is_value() { key.to_owned() } else { format!("{}.{key}", self.title) };
        Self { path: format!("{}/{}", self.path, escaped(key)), title }
    }

    /// The entry of a list whose `by` is `id`.
    pub(super) fn entry(&self, by: &str, id: &str) -> Self {
        let path = format!("{}/{by}:{}", self.path, escaped(id));
        Self { path, title: format!("{}[{id}]", self.title) }
    }

    /// The order of a list.
    pub(super) fn order(&self) -> Self {
        Self { path: format!("{}/order", self.path), title: format!("{} · order", self.title) }
    }

    fn is_value(&self) -> bool {
        self.path == "value"
    }
}

/// As RFC 6901 has it, and so that a path has no `=` and no `#`: it can stand before a `=` in a flag, behind a `#`.
fn escaped(step: &str) -> String {
    step.replace('~', "~0").replace('/', "~1").replace('=', "~2").replace('#', "~3")
}
