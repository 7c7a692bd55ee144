//! Hashes and checksums over fields.

use super::error::Reason;
use super::expr::Word;
use super::json::{Loaded, fail, hex, list, member, number, text_of};
use super::layout::{FieldRef, Layout};
use super::sink::Sink;
use super::state::State;
use dpr_runtime::hash;
use serde_json::Value;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A hash function by the name that the format has for it.
#[derive(Debug)]
pub enum Algorithm {
    Crc32,
    Crc16,
    CrcCcitt,
    Checksum,
    Xor16,
    Xor32,
    Identity,
    /// Counts up.
    RoundRobin(AtomicU64),
}

impl Algorithm {
    /// By its name.
    pub fn read(value: &Value) -> Loaded<Self> {
        Ok(match text_of(value, "algo")? {
            "crc32" | "crc32_custom" => Algorithm::Crc32,
            "crc16" | "crc16_custom" => Algorithm::Crc16,
            "crcCCITT" => Algorithm::CrcCcitt,
            "csum16" | "cksum16" => Algorithm::Checksum,
            "xor16" => Algorithm::Xor16,
            "xor32" => Algorithm::Xor32,
            "identity" => Algorithm::Identity,
            "round_robin" => Algorithm::RoundRobin(AtomicU64::new(0)),
            other => {
                let name = other.to_owned();
                let what = "the hash algorithm";
                return fail(member(value, "algo")?, Reason::Unsupported { what, name });
            }
        })
    }

    /// The hash of some bytes.
    pub fn output(&self, bytes: &[u8]) -> u64 {
        match self {
            Algorithm::Crc32 => hash::crc32(bytes).into(),
            Algorithm::Crc16 => hash::crc16(bytes).into(),
            Algorithm::CrcCcitt => crc_ccitt(bytes).into(),
            Algorithm::Checksum => hash::csum16(bytes).into(),
            Algorithm::Xor16 => hash::xor16(bytes).into(),
            Algorithm::Xor32 => xor32(bytes).into(),
            Algorithm::Identity => hash::identity(bytes),
            Algorithm::RoundRobin(next) => next.fetch_add(1, Relaxed),
        }
    }
}

/// CRC-16/CCITT-FALSE: polynomial 0x1021, from all ones.
fn crc_ccitt(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xffff, |remainder, byte| {
        (0..8).fold(remainder ^ u16::from(*byte) << 8, |remainder, _| {
            remainder << 1 ^ if remainder & 0x8000 != 0 { 0x1021 } else { 0 }
        })
    })
}

/// All 32-bit words in network order combined by exclusive or, the last one padded with zeros.
fn xor32(bytes: &[u8]) -> u32 {
    bytes.chunks(4).fold(0, |all, chunk| {
        let mut word = [0; 4];
        word[..chunk.len()].copy_from_slice(chunk);
        all ^ u32::from_be_bytes(word)
    })
}

/// The fields of a header as they lie on the wire.
#[derive(Debug, Default)]
pub struct Fields {
    fields: Box<[FieldRef]>,
    /// The word that says whether the header is valid.
    pub valid: u32,
}

impl Fields {
    /// Of a header.
    pub fn of(layout: &Layout<'_>, header: usize) -> Self {
        let valid = layout.base(header);
        let fields = layout.type_of(header).map_or(&[][..], |kind| &kind.fields);
        Fields {
            fields: fields.iter().map(|field| field.of(valid)).collect(),
            valid,
        }
    }

    /// Appends the header if it is valid.
    #[inline]
    pub fn push(&self, state: &State, sink: &mut Sink) {
        if state.word(self.valid) != 0 {
            for field in &self.fields {
                push_field(*field, state, sink);
            }
        }
    }
}

#[inline]
fn push_field(field: FieldRef, state: &State, sink: &mut Sink) {
    if field.variable {
        let bits = state.word(field.width().slot) as u32;
        sink.push_words(state.slice(field.slot, field.words()), bits.min(field.bits));
    } else if field.bits <= 64 {
        sink.push(state.word(field.slot), field.bits);
    } else {
        sink.push_words(state.slice(field.slot, field.words()), field.bits);
    }
}

/// What is hashed.
#[derive(Debug)]
enum Input {
    /// Left out if its header is not valid.
    Field(FieldRef),
    Header(Fields),
    Constant(Vec<u64>, u32),
    /// What the parser left of the packet.
    Payload,
}

/// A hash function and what it is computed over.
#[derive(Debug)]
pub struct Calculation {
    algorithm: Algorithm,
    inputs: Vec<Input>,
}

impl Calculation {
    /// As the document describes it, for calculations and for selectors.
    pub fn read<'a>(layout: &Layout<'a>, value: &'a Value) -> Loaded<Self> {
        let mut inputs = Vec::new();
        for input in list(value, "input")? {
            let content = input.get("value").unwrap_or(input);
            inputs.push(match text_of(input, "type")? {
                "field" => Input::Field(layout.field(content)?),
                "header" => Input::Header(Fields::of(layout, layout.header(content)?)),
                "hexstr" => {
                    let bits = number(member(input, "bitwidth")?, "a width", 1 << 16)? as u32;
                    let mut words = vec![0; bits.div_ceil(64) as usize];
                    super::expr::put_wide(&mut words, bits, &hex(content)?);
                    Input::Constant(words, bits)
                }
                "payload" => Input::Payload,
                other => {
                    let name = other.to_owned();
                    let what = "the input";
                    return fail(input, Reason::Unsupported { what, name });
                }
            });
        }
        // The payload comes last wherever it is named.
        inputs.sort_by_key(|input| matches!(input, Input::Payload));
        Ok(Calculation {
            algorithm: Algorithm::read(value)?,
            inputs,
        })
    }

    /// The hash for a packet.
    pub fn output(&self, state: &State, packet: &[u8], sink: &mut Sink) -> u64 {
        sink.clear();
        for input in &self.inputs {
            match input {
                Input::Field(field) if state.word(field.valid) == 0 => {}
                Input::Field(field) => push_field(*field, state, sink),
                Input::Header(fields) => fields.push(state, sink),
                Input::Constant(words, bits) => sink.push_words(words, *bits),
                Input::Payload => sink.push_bytes(packet.get(state.parsed..).unwrap_or_default()),
            }
        }
        self.algorithm.output(sink.bytes())
    }
}

/// A checksum in a header's field.
#[derive(Debug)]
pub struct Checksum {
    pub target: FieldRef,
    pub calculation: usize,
    /// Whether it is looked at; always if absent.
    pub condition: Option<Word>,
    pub verify: bool,
    pub update: bool,
}
