//! Actions: lists of primitives, read once and run for packets.

mod block;
mod read;
mod run;
mod target;

pub use block::{Block, Shift, Stack, make_valid};
pub use read::{Extern, Reader};
pub use run::{DROP_PORT, Machine, run};
pub use target::Target;

use super::expr::{Number, Word};

/// One step of an action.
#[derive(Debug)]
pub enum Primitive {
    Nothing,
    /// The common assignment: a word, masked.
    Set(u32, u64, Word),
    /// Words as they are: from, to, how many.
    Copy(u32, u32, u32),
    Assign(Target, Number),
    AssignHeader(Block, Block),
    /// A whole stack: a union's or stack's headers one after another.
    Several(Box<[Primitive]>),
    AddHeader(Block),
    RemoveHeader(Block),
    Shift(Shift, Stack, Word),
    Count(usize, Word),
    ReadRegister(Target, usize, Word),
    WriteRegister(usize, Word, Number),
    Meter(usize, Word, Target),
    Random(Target, Word, Word),
    Hash(Target, Word, usize, Word),
    Digest(Word),
    Clone(Word, Word),
    Resubmit(Word),
    Recirculate(Word),
    Truncate(Word),
    Drop(u32, Option<u32>),
    Exit,
    Log(Box<str>, Box<[Number]>),
    Assert(Word),
    Jump(Word),
    JumpIfZero(Word, Word),
}

/// An action.
#[derive(Debug)]
pub struct Action {
    pub name: String,
    /// The document's id.
    pub id: u32,
    /// Names and widths of its parameters.
    pub params: Vec<(String, u32)>,
    pub primitives: Box<[Primitive]>,
}
