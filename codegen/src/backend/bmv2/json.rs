//! JSON values in the order in which they are written, and their text.

use crate::source::{SourceMap, Span};
use std::borrow::Cow;

/// A JSON value. Members of objects keep their order, so that the same program gives the same bytes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Number(i64),
    Text(Cow<'static, str>),
    Array(Vec<Json>),
    Object(Vec<(Cow<'static, str>, Json)>),
    /// The object that names a place in the source, written when the sources are at hand.
    Place(Span),
}

/// An object with the given members.
macro_rules! object {
    ($($key:literal: $value:expr),* $(,)?) => {
        $crate::backend::bmv2::json::Json::Object(vec![
            $((::std::borrow::Cow::Borrowed($key), ::std::convert::Into::<$crate::backend::bmv2::json::Json>::into($value))),*
        ])
    };
}

/// An array with the given elements.
macro_rules! array {
    ($($value:expr),* $(,)?) => {
        $crate::backend::bmv2::json::Json::Array(vec![
            $(::std::convert::Into::<$crate::backend::bmv2::json::Json>::into($value)),*
        ])
    };
}

pub(super) use {array, object};

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Json::Bool(value)
    }
}

impl From<i64> for Json {
    fn from(value: i64) -> Self {
        Json::Number(value)
    }
}

impl From<u32> for Json {
    fn from(value: u32) -> Self {
        Json::Number(value.into())
    }
}

impl From<usize> for Json {
    fn from(value: usize) -> Self {
        Json::Number(value as i64)
    }
}

impl From<&'static str> for Json {
    fn from(value: &'static str) -> Self {
        Json::Text(Cow::Borrowed(value))
    }
}

impl From<String> for Json {
    fn from(value: String) -> Self {
        Json::Text(Cow::Owned(value))
    }
}

impl From<Vec<Json>> for Json {
    fn from(value: Vec<Json>) -> Self {
        Json::Array(value)
    }
}

impl<T: Into<Json>> From<Option<T>> for Json {
    fn from(value: Option<T>) -> Self {
        value.map_or(Json::Null, Into::into)
    }
}

impl Json {
    /// The value as text, two spaces per level, with a line break at the end.
    pub(super) fn to_text(&self, sources: &SourceMap) -> String {
        let mut writer = Writer {
            sources,
            text: String::new(),
        };
        writer.value(self, 0);
        writer.text.push('\n');
        writer.text
    }

    fn is_flat(&self) -> bool {
        match self {
            Json::Array(elements) => elements
                .iter()
                .all(|element| !matches!(element, Json::Array(_) | Json::Object(_))),
            _ => false,
        }
    }
}

struct Writer<'s> {
    sources: &'s SourceMap,
    text: String,
}

impl Writer<'_> {
    fn line(&mut self, depth: usize) {
        self.text.push('\n');
        for _ in 0..depth {
            self.text.push_str("  ");
        }
    }

    fn value(&mut self, value: &Json, depth: usize) {
        match value {
            Json::Null => self.text.push_str("null"),
            Json::Bool(true) => self.text.push_str("true"),
            Json::Bool(false) => self.text.push_str("false"),
            Json::Number(number) => self.text.push_str(&number.to_string()),
            Json::Text(text) => self.string(text),
            Json::Array(elements) if elements.is_empty() => self.text.push_str("[]"),
            Json::Array(elements) if value.is_flat() => {
                self.text.push('[');
                for (at, element) in elements.iter().enumerate() {
                    if at > 0 {
                        self.text.push_str(", ");
                    }
                    self.value(element, depth);
                }
                self.text.push(']');
            }
            Json::Array(elements) => {
                self.text.push('[');
                for (at, element) in elements.iter().enumerate() {
                    if at > 0 {
                        self.text.push(',');
                    }
                    self.line(depth + 1);
                    self.value(element, depth + 1);
                }
                self.line(depth);
                self.text.push(']');
            }
            Json::Object(members) if members.is_empty() => self.text.push_str("{}"),
            Json::Object(members) => {
                self.text.push('{');
                for (at, (key, member)) in members.iter().enumerate() {
                    if at > 0 {
                        self.text.push(',');
                    }
                    self.line(depth + 1);
                    self.string(key);
                    self.text.push_str(": ");
                    self.value(member, depth + 1);
                }
                self.line(depth);
                self.text.push('}');
            }
            Json::Place(span) => self.place(*span, depth),
        }
    }

    /// Where something stands in the source: file, line, column and the first line of its text.
    fn place(&mut self, span: Span, depth: usize) {
        let Some(file) = self.sources.files().get(span.file.index()) else {
            self.text.push_str("null");
            return;
        };
        let position = self.sources.position(span);
        let mut lines = self.sources.text(span).lines();
        let mut fragment = lines.next().unwrap_or_default().trim_end().to_owned();
        if lines.next().is_some() {
            fragment.push_str("...");
        }
        let place = object! {
            "filename": file.path.to_string_lossy().into_owned(),
            "line": position.line,
            "column": position.column,
            "source_fragment": fragment,
        };
        self.value(&place, depth);
    }

    fn string(&mut self, text: &str) {
        self.text.push('"');
        for character in text.chars() {
            match character {
                '"' => self.text.push_str("\\\""),
                '\\' => self.text.push_str("\\\\"),
                '\n' => self.text.push_str("\\n"),
                '\r' => self.text.push_str("\\r"),
                '\t' => self.text.push_str("\\t"),
                control if u32::from(control) < 0x20 => {
                    self.text
                        .push_str(&format!("\\u{:04x}", u32::from(control)));
                }
                other => self.text.push(other),
            }
        }
        self.text.push('"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::NoFiles;

    #[test]
    fn text_is_escaped_and_members_keep_their_order() {
        let value = object! {
            "z": array!["a\"\\\n\u{1}", 1u32, true],
            "a": Json::Null,
            "nested": array![object! {}, array![]],
        };
        assert_eq!(
            value.to_text(&SourceMap::new(NoFiles)),
            "{\n  \"z\": [\"a\\\"\\\\\\n\\u0001\", 1, true],\n  \"a\": null,\n  \"nested\": [\n    {},\n    []\n  ]\n}\n"
        );
    }

    #[test]
    fn a_place_is_written_with_the_first_line_of_its_text() {
        let mut sources = SourceMap::new(NoFiles);
        let file = sources.add("a.p4", "x\n  if (y) {\n  }");
        let text = Json::Place(Span::new(file, 4..16)).to_text(&sources);
        assert!(text.contains("\"line\": 2"), "{text}");
        assert!(text.contains("\"column\": 3"), "{text}");
        assert!(text.contains("\"if (y) {...\""), "{text}");
    }
}
