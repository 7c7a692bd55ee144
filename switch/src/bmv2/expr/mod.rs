//! Expressions: numbers without bounds, as the format has them, computed in 64-bit words wherever that gives the same.
//!
//! [`ast`] is what the document says, [`bounds`] what values a number can have, [`compile`] decides from that whether a word is
//! enough; [`word`] and [`wide`] compute.

pub mod ast;
mod bounds;
mod compile;
mod wide;
mod word;

pub use compile::{Number, element, number, truth};
pub use wide::put_wide;
pub use word::{Element, Word};

use dpr_runtime::Registers;

/// What an expression may look at.
#[derive(Clone, Copy)]
pub struct Scope<'s> {
    /// The packet's state.
    pub words: &'s [u64],
    /// The words of the table entry whose action runs.
    pub arguments: &'s [u64],
    /// All registers.
    pub registers: &'s [Registers],
}

impl Scope<'_> {
    /// A word of the packet's state.
    #[inline(always)]
    pub fn word(&self, slot: u32) -> u64 {
        self.words.get(slot as usize).copied().unwrap_or(0)
    }

    /// The bits of the arguments from one of a word on.
    #[inline(always)]
    fn argument(&self, word: u32, shift: u32) -> u64 {
        self.arguments.get(word as usize).copied().unwrap_or(0) >> shift
    }
}

/// All ones in the low `bits` bits.
#[inline(always)]
pub const fn ones(bits: u32) -> u64 {
    if bits >= 64 {
        u64::MAX
    } else {
        (1 << bits) - 1
    }
}
