//! One packet on its way through a program.

use super::expr::ones;
use super::layout::FieldRef;
use super::sink::Sink;

/// What actions asked to be done with the packet afterwards. Lists are ids of the document's field lists.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    /// No more of this control runs.
    pub exit: bool,
    /// An assertion failed: the packet goes no further.
    pub failed: bool,
    /// A copy to a mirroring session, preserving a list of fields.
    pub clone: Option<(u16, u16)>,
    /// A message to the control plane.
    pub learn: Option<u16>,
    pub resubmit: Option<u16>,
    pub recirculate: Option<u16>,
}

/// A packet's headers and metadata, and what was asked for.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// As the layout says.
    pub words: Vec<u64>,
    /// Bytes that the parser took from the front.
    pub parsed: usize,
    /// Length with the headers that were added and removed so far.
    pub length: u64,
    /// As it came in.
    pub ingress_length: u64,
    /// What is beyond is cut off when the packet leaves.
    pub most_bytes: Option<usize>,
    /// The code of the parser's error.
    pub parser_error: u64,
    pub checksum_error: bool,
    /// Microseconds.
    pub now_us: u64,
    pub marks: Marks,
}

impl State {
    /// As a packet of `length` bytes comes in.
    pub fn reset(&mut self, initial: &[u64], length: usize, now_us: u64) {
        self.words.clear();
        self.words.extend_from_slice(initial);
        self.parsed = 0;
        self.length = length as u64;
        self.ingress_length = length as u64;
        self.most_bytes = None;
        self.parser_error = 0;
        self.checksum_error = false;
        self.now_us = now_us;
        self.marks = Marks::default();
    }

    /// A word.
    #[inline(always)]
    pub fn word(&self, slot: u32) -> u64 {
        self.words.get(slot as usize).copied().unwrap_or(0)
    }

    /// Sets a word.
    #[inline(always)]
    pub fn put(&mut self, slot: u32, value: u64) {
        if let Some(word) = self.words.get_mut(slot as usize) {
            *word = value;
        }
    }

    /// Some words.
    pub fn slice(&self, first: u32, count: u32) -> &[u64] {
        let first = first as usize;
        self.words
            .get(first..first + count as usize)
            .unwrap_or_default()
    }

    /// Some words, to change.
    pub fn slice_mut(&mut self, first: u32, count: u32) -> &mut [u64] {
        let first = first as usize;
        self.words
            .get_mut(first..first + count as usize)
            .unwrap_or_default()
    }

    /// Copies words.
    pub fn copy(&mut self, from: u32, to: u32, count: u32) {
        let (from, to, count) = (from as usize, to as usize, count as usize);
        if from.max(to) + count <= self.words.len() {
            self.words.copy_within(from..from + count, to);
        }
    }

    /// A metadata field, if the program has it.
    pub fn get(&self, field: Option<FieldRef>) -> u64 {
        field.map_or(0, |field| self.word(field.slot))
    }

    /// Sets a metadata field, if the program has it.
    pub fn set(&mut self, field: Option<FieldRef>, value: u64) {
        if let Some(field) = field {
            self.put(field.slot, value & ones(field.bits));
        }
    }
}

/// What a thread keeps from packet to packet, so that nothing is allocated for each.
#[derive(Debug, Default)]
pub struct Scratch {
    /// For headers that leave.
    pub head: Sink,
    /// For what is hashed.
    pub input: Sink,
    /// For keys that do not fit a word.
    pub key: Sink,
}
