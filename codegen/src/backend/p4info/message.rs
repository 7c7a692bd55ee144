//! A protobuf message as a tree, written as binary, as text and as JSON.
//!
//! P4Info is only ever built and written here, field by field in the order of its definition, so a tree of numbered and
//! named fields is all that the encodings need; for JSON, the names of the repeated ones beside it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint};
use std::fmt::Write;

/// A message: its fields in the order of their numbers' definition.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message {
    fields: Vec<(u32, &'static str, Value)>,
}

#[derive(Clone, Debug, PartialEq)]
enum Value {
    Integer(u64),
    Signed(i64),
    Bool(bool),
    Enum(u64, &'static str),
    String(String),
    Bytes(Vec<u8>),
    Message(Message),
}

impl Message {
    /// An empty message.
    pub fn new() -> Self {
        Message::default()
    }

    /// Whether no field is set.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Adds an integer unless it is 0, the default.
    pub fn integer(mut self, number: u32, name: &'static str, value: impl Into<u64>) -> Self {
        let value = value.into();
        if value != 0 {
            self.fields.push((number, name, Value::Integer(value)));
        }
        self
    }

    /// Adds a signed integer of a `oneof`, where 0 is written too.
    pub fn int64(mut self, number: u32, name: &'static str, value: i64) -> Self {
        self.fields.push((number, name, Value::Signed(value)));
        self
    }

    /// Adds a boolean of a `oneof`, where false is written too.
    pub fn set_bool(mut self, number: u32, name: &'static str, value: bool) -> Self {
        self.fields.push((number, name, Value::Bool(value)));
        self
    }

    /// Adds a boolean unless it is false, the default.
    pub fn bool(mut self, number: u32, name: &'static str, value: bool) -> Self {
        if value {
            self.fields.push((number, name, Value::Bool(value)));
        }
        self
    }

    /// Adds an enum's value, given by number and name, unless it is 0, the default.
    pub fn enumerator(
        mut self,
        number: u32,
        name: &'static str,
        value: (u64, &'static str),
    ) -> Self {
        if value.0 != 0 {
            self.fields
                .push((number, name, Value::Enum(value.0, value.1)));
        }
        self
    }

    /// Adds a string unless it is empty, the default.
    pub fn string(self, number: u32, name: &'static str, value: &str) -> Self {
        if value.is_empty() {
            return self;
        }
        self.repeated_string(number, name, [value])
    }

    /// Adds the elements of a repeated string.
    pub fn repeated_string<'a>(
        mut self,
        number: u32,
        name: &'static str,
        values: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        for value in values {
            self.fields
                .push((number, name, Value::String(value.to_owned())));
        }
        self
    }

    /// Adds a field of bytes.
    pub fn bytes(mut self, number: u32, name: &'static str, value: Vec<u8>) -> Self {
        self.fields.push((number, name, Value::Bytes(value)));
        self
    }

    /// Adds a message, or one element of a repeated one.
    pub fn message(mut self, number: u32, name: &'static str, value: Message) -> Self {
        self.fields.push((number, name, Value::Message(value)));
        self
    }

    /// Adds the elements of a repeated message.
    pub fn messages(
        mut self,
        number: u32,
        name: &'static str,
        values: impl IntoIterator<Item = Message>,
    ) -> Self {
        for value in values {
            self = self.message(number, name, value);
        }
        self
    }

    /// The binary encoding.
    pub fn to_binary(&self) -> Vec<u8> {
        let mut buffer = Vec::new();
        self.encode(&mut buffer);
        buffer
    }

    fn encode(&self, buffer: &mut Vec<u8>) {
        for (number, _, value) in &self.fields {
            match value {
                Value::Integer(value) | Value::Enum(value, _) => {
                    encode_key(*number, WireType::Varint, buffer);
                    encode_varint(*value, buffer);
                }
                Value::Signed(value) => {
                    encode_key(*number, WireType::Varint, buffer);
                    encode_varint(value.cast_unsigned(), buffer);
                }
                Value::Bool(value) => {
                    encode_key(*number, WireType::Varint, buffer);
                    encode_varint((*value).into(), buffer);
                }
                Value::String(text) => encode_bytes(*number, text.as_bytes(), buffer),
                Value::Bytes(bytes) => encode_bytes(*number, bytes, buffer),
                Value::Message(message) => encode_bytes(*number, &message.to_binary(), buffer),
            }
        }
    }

    /// The text encoding, two spaces per level.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        self.write(0, &mut text);
        text
    }

    fn write(&self, level: usize, text: &mut String) {
        for (_, name, value) in &self.fields {
            text.push_str(&"  ".repeat(level));
            text.push_str(name);
            match value {
                Value::Integer(value) => _ = writeln!(text, ": {value}"),
                Value::Signed(value) => _ = writeln!(text, ": {value}"),
                Value::Bool(value) => _ = writeln!(text, ": {value}"),
                Value::Enum(_, value) => _ = writeln!(text, ": {value}"),
                Value::String(value) => _ = writeln!(text, ": {}", quoted(value.as_bytes())),
                Value::Bytes(value) => _ = writeln!(text, ": {}", quoted(value)),
                Value::Message(message) => {
                    text.push_str(" {\n");
                    message.write(level + 1, text);
                    text.push_str(&"  ".repeat(level));
                    text.push_str("}\n");
                }
            }
        }
    }
}

/// Fields of P4Info that are repeated.
const REPEATED: &[&str] = &[
    "action_profiles",
    "action_refs",
    "actions",
    "annotation_locations",
    "annotations",
    "controller_packet_metadata",
    "counters",
    "digests",
    "direct_counters",
    "direct_meters",
    "direct_resource_ids",
    "expressions",
    "externs",
    "instances",
    "kv_pairs",
    "match",
    "match_fields",
    "members",
    "metadata",
    "meters",
    "params",
    "platform_properties",
    "registers",
    "structured_annotations",
    "table_ids",
    "tables",
    "value_sets",
];

impl Message {
    /// The JSON encoding of protobuf, two spaces per level.
    pub fn to_json(&self) -> String {
        let mut text = String::new();
        self.write_json(1, &mut text);
        text.push('\n');
        text
    }

    fn write_json(&self, level: usize, text: &mut String) {
        if self.fields.is_empty() {
            text.push_str("{}");
            return;
        }
        text.push('{');
        let mut at = 0;
        while let Some((number, name, first)) = self.fields.get(at) {
            let same = self.fields[at..]
                .iter()
                .take_while(|(other, _, _)| other == number)
                .count();
            let values = &self.fields[at..at + same];
            if at > 0 {
                text.push(',');
            }
            line(level, text);
            text.push_str(&json_string(&camel_case(name)));
            text.push_str(": ");
            let entries: Option<Vec<_>> =
                values.iter().map(|(_, _, value)| value.entry()).collect();
            match entries.filter(|_| *name != "kv_pairs") {
                // A map is written as repeated pairs of a key and a value.
                Some(entries) => {
                    text.push('{');
                    for (index, (key, value)) in entries.into_iter().enumerate() {
                        if index > 0 {
                            text.push(',');
                        }
                        line(level + 1, text);
                        text.push_str(&json_string(key));
                        text.push_str(": ");
                        value.write_json(level + 2, text);
                    }
                    line(level, text);
                    text.push('}');
                }
                None if REPEATED.contains(name) => {
                    text.push('[');
                    for (index, (_, _, value)) in values.iter().enumerate() {
                        if index > 0 {
                            text.push(',');
                        }
                        line(level + 1, text);
                        value.write_json(level + 2, text);
                    }
                    line(level, text);
                    text.push(']');
                }
                None => first.write_json(level + 1, text),
            }
            at += same;
        }
        line(level - 1, text);
        text.push('}');
    }
}

impl Value {
    /// The key and value of a map's entry.
    fn entry(&self) -> Option<(&str, &Value)> {
        match self {
            Value::Message(message) => match message.fields.as_slice() {
                [(1, "key", Value::String(key)), (2, "value", value)] => Some((key, value)),
                _ => None,
            },
            _ => None,
        }
    }

    fn write_json(&self, level: usize, text: &mut String) {
        match self {
            Value::Integer(value) => _ = write!(text, "{value}"),
            Value::Signed(value) => _ = write!(text, "{value}"),
            Value::Bool(value) => _ = write!(text, "{value}"),
            Value::Enum(_, name) => text.push_str(&json_string(name)),
            Value::String(value) => text.push_str(&json_string(value)),
            Value::Bytes(value) => text.push_str(&json_string(&BASE64.encode(value))),
            Value::Message(message) => message.write_json(level, text),
        }
    }
}

fn line(level: usize, text: &mut String) {
    text.push('\n');
    text.push_str(&"  ".repeat(level));
}

/// `match_fields` becomes `matchFields`.
fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let mut text = words.next().unwrap_or("").to_owned();
    for word in words {
        let mut letters = word.chars();
        text.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        text.push_str(letters.as_str());
    }
    text
}

fn json_string(value: &str) -> String {
    let mut text = String::from("\"");
    for letter in value.chars() {
        match letter {
            '"' | '\\' => {
                text.push('\\');
                text.push(letter);
            }
            letter if letter < ' ' => _ = write!(text, "\\u{:04x}", u32::from(letter)),
            letter => text.push(letter),
        }
    }
    text.push('"');
    text
}

fn encode_bytes(number: u32, bytes: &[u8], buffer: &mut Vec<u8>) {
    encode_key(number, WireType::LengthDelimited, buffer);
    buffer.reserve(encoded_len_varint(bytes.len() as u64) + bytes.len());
    encode_varint(bytes.len() as u64, buffer);
    buffer.extend_from_slice(bytes);
}

/// Bytes as the text format writes them: printable ASCII as it is, everything else escaped.
fn quoted(bytes: &[u8]) -> String {
    let mut text = String::from("\"");
    for &byte in bytes {
        match byte {
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b'\t' => text.push_str("\\t"),
            b'"' | b'\'' | b'\\' => {
                text.push('\\');
                text.push(byte.into());
            }
            0x20..=0x7e => text.push(byte.into()),
            _ => _ = write!(text, "\\{byte:03o}"),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Message {
        Message::new()
            .integer(1, "id", 300u32)
            .string(2, "name", "a\"é\n")
            .bool(3, "flag", true)
            .bool(4, "unset", false)
            .enumerator(5, "unit", (3, "BOTH"))
            .message(6, "inner", Message::new().bytes(1, "value", vec![0, b'*']))
            .message(7, "empty", Message::new())
    }

    #[test]
    fn text() {
        let expected = "id: 300\nname: \"a\\\"\\303\\251\\n\"\nflag: true\nunit: BOTH\ninner {\n  value: \"\\000*\"\n}\nempty {\n}\n";
        assert_eq!(example().to_text(), expected);
    }

    #[test]
    fn binary() {
        let expected =
            b"\x08\xac\x02\x12\x05a\"\xc3\xa9\n\x18\x01\x28\x03\x32\x04\x0a\x02\x00*\x3a\x00";
        assert_eq!(example().to_binary(), expected);
    }

    #[test]
    fn json() {
        let map = |key: &str| {
            Message::new().string(1, "key", key).message(
                2,
                "value",
                Message::new().integer(1, "bitwidth", 9u32),
            )
        };
        let message = Message::new()
            .message(1, "pkg_info", Message::new().string(1, "arch", "a\"b"))
            .messages(2, "tables", [Message::new().integer(1, "table_id", 7u32)])
            .messages(3, "structs", [map("one"), map("two")])
            .bytes(4, "value", vec![0, 255]);
        let expected = r#"{
  "pkgInfo": {
    "arch": "a\"b"
  },
  "tables": [
    {
      "tableId": 7
    }
  ],
  "structs": {
    "one": {
      "bitwidth": 9
    },
    "two": {
      "bitwidth": 9
    }
  },
  "value": "AP8="
}
"#;
        assert_eq!(message.to_json(), expected);
    }
}
