//! Why a program is not loaded.

/// Why a program's JSON is not loaded: where it is wrong and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct LoadError {
    /// The place in the document, such as `$.pipelines[0].tables[2].key[0]`.
    pub path: String,
    /// What is wrong there.
    pub reason: Reason,
}

/// What is wrong in one place of a program's JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Not JSON at all.
    #[error("line {line}, column {column}: {message}")]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What the reader of JSON says.
        message: String,
    },
    /// A member that must be there is not.
    #[error("has no member `{0}`")]
    Missing(&'static str),
    /// Another kind of value.
    #[error("is not {0}")]
    Expected(&'static str),
    /// A name or an id that nothing in the document has.
    #[error("there is no {kind} `{name}`")]
    Unknown {
        /// What was looked for.
        kind: &'static str,
        /// Its name or id.
        name: String,
    },
    /// Two things with one name or id.
    #[error("{kind} `{name}` is there twice")]
    Twice {
        /// What.
        kind: &'static str,
        /// Its name or id.
        name: String,
    },
    /// A number that is out of bounds.
    #[error("{what} is to be {bounds}")]
    OutOfBounds {
        /// What it counts or measures.
        what: &'static str,
        /// What is allowed.
        bounds: &'static str,
    },
    /// Another number of things than there must be.
    #[error("{what}: {expected} are needed, {found} are there")]
    Count {
        /// What is counted.
        what: &'static str,
        /// As it should be.
        expected: usize,
        /// As it is.
        found: usize,
    },
    /// Something that this engine does not do.
    #[error("{what} `{name}` is not supported")]
    Unsupported {
        /// What it is.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// A version of the format that this engine does not read.
    #[error("format version {0} is not 2.x")]
    Version(String),
}

/// A reason and the value in the document that it is about; the path is worked out only when something fails.
#[derive(Debug)]
pub struct Failure {
    at: *const serde_json::Value,
    reason: Reason,
}

impl Failure {
    /// About a value of the document.
    pub fn new(at: &serde_json::Value, reason: Reason) -> Self {
        Failure {
            at: std::ptr::from_ref(at),
            reason,
        }
    }

    /// With the path of the value, which is searched by its address.
    pub fn locate(self, root: &serde_json::Value) -> LoadError {
        let mut path = String::from("$");
        if !find(root, self.at, &mut path) {
            path.truncate(1);
        }
        LoadError {
            path,
            reason: self.reason,
        }
    }
}

fn find(value: &serde_json::Value, wanted: *const serde_json::Value, path: &mut String) -> bool {
    use serde_json::Value;
    use std::fmt::Write as _;
    if std::ptr::eq(value, wanted) {
        return true;
    }
    let length = path.len();
    let mut step = |step: std::fmt::Arguments<'_>, child: &Value| {
        // Writing to a string does not fail.
        let _ = path.write_fmt(step);
        let found = find(child, wanted, path);
        if !found {
            path.truncate(length);
        }
        found
    };
    match value {
        Value::Array(items) => items
            .iter()
            .enumerate()
            .any(|(index, item)| step(format_args!("[{index}]"), item)),
        Value::Object(members) => members
            .iter()
            .any(|(name, member)| step(format_args!(".{name}"), member)),
        _ => false,
    }
}
