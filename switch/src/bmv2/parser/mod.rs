//! The parser: states that take headers from a packet's front.

mod read;
mod run;
mod value_set;

pub use read::read;
pub use run::run;
pub use value_set::ValueSet;

use super::action::{Primitive, Target};
use super::expr::{Number, Word};
use super::layout::FieldRef;

/// The codes of the errors that the parser itself finds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Errors {
    pub packet_too_short: u64,
    pub stack_out_of_bounds: u64,
    pub header_too_short: u64,
    pub parser_timeout: u64,
    pub invalid_argument: u64,
}

/// A parser.
#[derive(Debug, Default)]
pub struct Parser {
    pub states: Vec<ParseState>,
    /// The first state; none accepts at once.
    pub start: Option<usize>,
    pub errors: Errors,
}

/// A state.
#[derive(Debug)]
pub struct ParseState {
    ops: Box<[Op]>,
    key: Box<[KeyPart]>,
    /// Bytes of the key, each part padded to whole bytes.
    key_bytes: u32,
    cases: Box<[Case]>,
    default: Option<usize>,
}

/// A header as `extract` fills it.
#[derive(Clone, Debug)]
pub struct Extracted {
    /// Its fields with their places in the header, in bits.
    fields: Box<[(FieldRef, u32)]>,
    base: u32,
    siblings: Box<[u32]>,
    /// Width without the variable-length field.
    bits: u32,
    max_length: u32,
}

/// What a state does.
#[derive(Debug)]
enum Op {
    Extract(Extracted),
    ExtractVariable(Extracted, Word),
    /// To the next element: by element, and the word with the next index.
    ExtractNext(Box<[Extracted]>, u32, Option<Word>),
    Set(Target, Number),
    /// From so many bits after what was taken on, so many bits.
    SetLookahead(FieldRef, u32, u32),
    Primitive(Primitive),
    Verify(Word, Word),
    /// Bits.
    Advance(Word),
}

/// A part of a state's key.
#[derive(Debug)]
enum KeyPart {
    Field(FieldRef),
    /// A field that is chosen while running, and its width.
    Computed(Number, u32),
    Lookahead(u32, u32),
}

/// Where a key leads.
#[derive(Debug)]
enum Case {
    /// A key of up to eight bytes: value, mask.
    Word(u64, u64, Option<usize>),
    Bytes(Box<[u8]>, Box<[u8]>, Option<usize>),
    /// Value set, and a mask over the padded key.
    Set(usize, Option<Box<[u8]>>, Option<usize>),
}
