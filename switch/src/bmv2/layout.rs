//! Where headers and metadata lie in the words that a packet carries through a program.
//!
//! All of a packet's state is one list of 64-bit words, so that copying a packet copies that list. Each header is a block: one
//! word that says whether it is valid, then its fields. A field of up to 64 bits has a word; a wider one has several, lowest
//! first; a variable-length one has a word for its length in bits before them. Stacks have a word for their next index.

use super::error::{Failure, Reason};
use super::json::{
    Loaded, MAX_BITS, fail, flag, id, items, list, member, miscounted, number, optional, pair,
    text, text_of, unknown,
};
use serde_json::Value;
use std::collections::HashMap;

/// Words of one packet's state beyond which a program is refused.
const MAX_WORDS: usize = 1 << 18;

/// Bytes of a header with a variable-length field when the program does not say.
const DEFAULT_MAX_LENGTH: u64 = 2048;

/// A field of a header type.
#[derive(Debug)]
pub struct FieldType {
    pub name: String,
    /// Width; of a variable-length field the greatest.
    pub bits: u32,
    pub signed: bool,
    pub saturating: bool,
    pub variable: bool,
    /// The first word of its value, from the header's block on. A variable-length field's length is one word before it.
    pub offset: u32,
}

/// A header type, or a struct of metadata.
#[derive(Debug)]
pub struct HeaderType<'a> {
    pub fields: Vec<FieldType>,
    /// Words of a block.
    pub words: u32,
    /// Width without the variable-length field.
    pub bits: u32,
    /// Bytes of the longest header with its variable-length field.
    pub max_length: u32,
    /// What `extract` computes a variable-length field's width with.
    pub length: Option<&'a Value>,
}

impl HeaderType<'_> {
    /// The position of a field.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }
}

/// A header instance or metadata.
#[derive(Debug)]
pub struct Header {
    pub kind: usize,
    /// The word that says whether it is valid.
    pub base: u32,
    pub metadata: bool,
    /// The headers of the same union, this one left out.
    pub siblings: Vec<u32>,
}

/// A stack of headers or unions.
#[derive(Debug)]
pub struct Stack {
    /// Headers, or unions.
    pub elements: Vec<usize>,
    /// The word with the index of the next element.
    pub next: u32,
}

/// A field of one header, or its validity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldRef {
    /// The first word of its value.
    pub slot: u32,
    /// Width.
    pub bits: u32,
    pub signed: bool,
    pub saturating: bool,
    pub variable: bool,
    /// The word that says whether its header is valid.
    pub valid: u32,
}

impl FieldRef {
    /// Number of words.
    pub fn words(self) -> u32 {
        self.bits.div_ceil(64).max(1)
    }

    /// How many bits a variable-length field has, which is a number in the word before its value.
    pub fn width(self) -> FieldRef {
        FieldRef {
            slot: self.slot.saturating_sub(1),
            bits: 32,
            signed: false,
            saturating: false,
            variable: false,
            valid: self.valid,
        }
    }
}

/// All of a program's headers.
#[derive(Debug, Default)]
pub struct Layout<'a> {
    pub types: Vec<HeaderType<'a>>,
    pub headers: Vec<Header>,
    pub stacks: Vec<Stack>,
    pub unions: Vec<Vec<usize>>,
    pub union_stacks: Vec<Stack>,
    type_names: HashMap<&'a str, usize>,
    header_names: HashMap<&'a str, usize>,
    stack_names: HashMap<&'a str, usize>,
    union_names: HashMap<&'a str, usize>,
    union_stack_names: HashMap<&'a str, usize>,
    union_members: HashMap<&'a str, Vec<&'a str>>,
    union_types: Vec<&'a str>,
    aliases: HashMap<&'a str, (&'a str, &'a str)>,
    /// What a packet starts with.
    pub initial: Vec<u64>,
    /// How many of the words, from the start, are metadata.
    pub metadata_words: usize,
}

fn kind_error<'a>(kind: &'static str) -> impl Fn(&'a Value, &str) -> Failure {
    move |at, name| unknown(at, kind, name)
}

impl<'a> Layout<'a> {
    /// Reads all that the document says about headers.
    pub fn read(root: &'a Value) -> Loaded<Self> {
        let mut layout = Layout::default();
        for value in list(root, "header_types")? {
            let name = text_of(value, "name")?;
            let kind = read_type(value)?;
            layout.type_names.insert(name, layout.types.len());
            layout.types.push(kind);
        }
        let mut ids = HashMap::new();
        let headers = list(root, "headers")?;
        for value in headers {
            let name = text_of(value, "name")?;
            let kind = layout.kind(member(value, "header_type")?)?;
            let position = layout.headers.len();
            if layout.header_names.insert(name, position).is_some() {
                let name = name.to_owned();
                return fail(
                    value,
                    Reason::Twice {
                        kind: "header",
                        name,
                    },
                );
            }
            ids.insert(id(member(value, "id")?)?, position);
            layout.headers.push(Header {
                kind,
                base: 0,
                metadata: flag(value, "metadata"),
                siblings: Vec::new(),
            });
        }
        layout.place(root)?;
        layout.read_stacks(root, &ids)?;
        layout.read_unions(root, &ids)?;
        for alias in list(root, "field_aliases")? {
            if let [from, to] = items(alias)? {
                layout.aliases.insert(text(from)?, pair(to)?);
            }
        }
        Ok(layout)
    }

    /// Gives each header its block, metadata first.
    fn place(&mut self, root: &Value) -> Loaded<()> {
        for metadata in [true, false] {
            for header in &mut self.headers {
                if header.metadata != metadata {
                    continue;
                }
                header.base = self.initial.len() as u32;
                self.initial.push(u64::from(metadata));
                let words = self.types.get(header.kind).map_or(1, |kind| kind.words);
                let end = header.base as usize + words as usize;
                if end > MAX_WORDS {
                    let what = "the size of all headers";
                    let bounds = "smaller";
                    return fail(
                        optional(root, "headers"),
                        Reason::OutOfBounds { what, bounds },
                    );
                }
                self.initial.resize(end, 0);
            }
            if metadata {
                self.metadata_words = self.initial.len();
            }
        }
        Ok(())
    }

    fn next_word(&mut self) -> u32 {
        self.initial.push(0);
        self.initial.len() as u32 - 1
    }

    fn read_stacks(&mut self, root: &'a Value, ids: &HashMap<u32, usize>) -> Loaded<()> {
        for value in list(root, "header_stacks")? {
            let elements = references(value, "header_ids", "header", ids)?;
            let next = self.next_word();
            self.stack_names
                .insert(text_of(value, "name")?, self.stacks.len());
            self.stacks.push(Stack { elements, next });
        }
        Ok(())
    }

    fn read_unions(&mut self, root: &'a Value, ids: &HashMap<u32, usize>) -> Loaded<()> {
        for value in list(root, "header_union_types")? {
            let members = list(value, "headers")?.iter();
            let members: Loaded<Vec<_>> = members.map(|item| Ok(pair(item)?.0)).collect();
            self.union_members.insert(text_of(value, "name")?, members?);
        }
        let mut union_ids = HashMap::new();
        for value in list(root, "header_unions")? {
            let members = references(value, "header_ids", "header", ids)?;
            let bases: Vec<u32> = members.iter().map(|index| self.base(*index)).collect();
            for index in &members {
                if let Some(header) = self.headers.get_mut(*index) {
                    let others = bases.iter().copied().filter(|base| *base != header.base);
                    header.siblings = others.collect();
                }
            }
            union_ids.insert(id(member(value, "id")?)?, self.unions.len());
            self.union_names
                .insert(text_of(value, "name")?, self.unions.len());
            self.union_types.push(text_of(value, "union_type")?);
            self.unions.push(members);
        }
        for value in list(root, "header_union_stacks")? {
            let elements = references(value, "header_union_ids", "header union", &union_ids)?;
            let next = self.next_word();
            self.union_stack_names
                .insert(text_of(value, "name")?, self.union_stacks.len());
            self.union_stacks.push(Stack { elements, next });
        }
        Ok(())
    }

    fn named(names: &HashMap<&str, usize>, value: &'a Value, kind: &'static str) -> Loaded<usize> {
        let name = text(value)?;
        let found = names.get(name).copied();
        found.ok_or_else(|| kind_error(kind)(value, name))
    }

    fn kind(&self, value: &'a Value) -> Loaded<usize> {
        Self::named(&self.type_names, value, "header type")
    }

    /// The header with this name.
    pub fn header(&self, value: &'a Value) -> Loaded<usize> {
        Self::named(&self.header_names, value, "header")
    }

    /// The stack with this name.
    pub fn stack(&self, value: &'a Value) -> Loaded<usize> {
        Self::named(&self.stack_names, value, "header stack")
    }

    /// The union with this name.
    pub fn union(&self, value: &'a Value) -> Loaded<usize> {
        Self::named(&self.union_names, value, "header union")
    }

    /// The stack of unions with this name.
    pub fn union_stack(&self, value: &'a Value) -> Loaded<usize> {
        Self::named(&self.union_stack_names, value, "stack of header unions")
    }

    /// The position of a member in the unions of a stack.
    pub fn union_member(&self, stack: usize, value: &'a Value) -> Loaded<usize> {
        let name = text(value)?;
        let first = self
            .union_stacks
            .get(stack)
            .and_then(|stack| stack.elements.first());
        let kind = first.and_then(|union| self.union_types.get(*union));
        let members = kind.and_then(|kind| self.union_members.get(kind));
        members
            .and_then(|members| members.iter().position(|member| *member == name))
            .ok_or_else(|| unknown(value, "member of the header union", name))
    }

    /// A header's type.
    pub fn type_of(&self, header: usize) -> Option<&HeaderType<'a>> {
        self.types.get(self.headers.get(header)?.kind)
    }

    /// The word that says whether a header is valid.
    pub fn base(&self, header: usize) -> u32 {
        self.headers.get(header).map_or(0, |header| header.base)
    }

    /// A field by its header's name and its own, or an alias of that.
    pub fn find(&self, header: &str, field: &str) -> Option<FieldRef> {
        let alias = self.aliases.get(format!("{header}.{field}").as_str());
        let (header, field) = alias.copied().unwrap_or((header, field));
        let header = *self.header_names.get(header)?;
        self.field_of(header, field)
    }

    fn field_of(&self, header: usize, name: &str) -> Option<FieldRef> {
        let kind = self.type_of(header)?;
        if name == "$valid$" {
            let valid = self.base(header);
            return Some(FieldRef {
                slot: valid,
                bits: 1,
                signed: false,
                saturating: false,
                variable: false,
                valid,
            });
        }
        let field = kind.fields.get(kind.position(name)?)?;
        Some(field.of(self.base(header)))
    }

    /// A field by its header's name and its own.
    pub fn find_exact(&self, header: &str, field: &str) -> Option<FieldRef> {
        self.field_of(self.header_named(header)?, field)
    }

    /// A header by its name.
    pub fn header_named(&self, name: &str) -> Option<usize> {
        self.header_names.get(name).copied()
    }

    /// The field that a pair of names refers to.
    pub fn field(&self, value: &'a Value) -> Loaded<FieldRef> {
        let (header, field) = pair(value)?;
        let found = self.header_names.get(header);
        let index = found.ok_or_else(|| unknown(value, "header", header))?;
        self.field_of(*index, field)
            .ok_or_else(|| unknown(value, "field", &format!("{header}.{field}")))
    }
}

impl FieldType {
    /// This field of the header at a place.
    pub fn of(&self, base: u32) -> FieldRef {
        FieldRef {
            slot: base + self.offset,
            bits: self.bits,
            signed: self.signed,
            saturating: self.saturating,
            variable: self.variable,
            valid: base,
        }
    }
}

fn references(
    value: &Value,
    name: &'static str,
    kind: &'static str,
    ids: &HashMap<u32, usize>,
) -> Loaded<Vec<usize>> {
    let list = items(member(value, name)?)?.iter();
    let found = list.map(|item| {
        let id = id(item)?;
        let found = ids.get(&id).copied();
        found.ok_or_else(|| unknown(item, kind, &id.to_string()))
    });
    found.collect()
}

fn read_type(value: &Value) -> Loaded<HeaderType<'_>> {
    let mut fields = Vec::new();
    let mut bits = 0;
    for field in list(value, "fields")? {
        let parts = items(field)?;
        let [name, width, rest @ ..] = parts else {
            return fail(field, Reason::Expected("a name and a width"));
        };
        let flag = |index: usize| rest.get(index).and_then(Value::as_bool).unwrap_or(false);
        let variable = width.as_str() == Some("*");
        let width = match variable {
            true => 0,
            false => number(width, "a field's width", MAX_BITS)? as u32,
        };
        bits += width;
        fields.push(FieldType {
            name: text(name)?.to_owned(),
            bits: width,
            signed: flag(0),
            saturating: flag(1),
            variable,
            offset: 0,
        });
    }
    let max_length = match optional(value, "max_length") {
        Value::Null => DEFAULT_MAX_LENGTH,
        given => number(given, "a header's length", MAX_BITS / 8)?,
    };
    if fields.iter().filter(|field| field.variable).count() > 1 {
        return miscounted(value, "variable-length fields", 1, 2);
    }
    let mut words = 1;
    for field in &mut fields {
        if field.variable {
            field.bits = (max_length as u32 * 8).saturating_sub(bits);
            words += 1;
        }
        field.offset = words;
        words += field.bits.div_ceil(64).max(1);
    }
    Ok(HeaderType {
        fields,
        words,
        bits,
        max_length: max_length as u32,
        length: Some(optional(value, "length_exp")).filter(|length| !length.is_null()),
    })
}
