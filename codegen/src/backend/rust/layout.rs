//! Fields in the bytes of a header: network order, the first field in the most significant bits.

use super::code::Code;
use super::scalar::{MAX_WIDTH, container, number, ones, unsigned};
use crate::ir::{HeaderType, Scalar};
use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

/// A fixed-width field's place in its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Index in the type's fields.
    pub(super) field: usize,
    /// First bit.
    pub(super) start: u32,
    /// Width in bits.
    pub(super) width: u32,
}

impl Place {
    /// The first bit after it.
    pub(super) fn end(self) -> u32 {
        self.start + self.width
    }
}

/// The places of a header's fixed-width fields, where varbit fields count as empty.
pub(super) fn places(header_type: &HeaderType) -> Vec<Place> {
    let mut start = 0;
    let mut places = Vec::new();
    for (field, declared) in header_type.fields.iter().enumerate() {
        if let Scalar::Varbit(_) = declared.scalar {
            continue;
        }
        let width = declared.scalar.width();
        places.push(Place {
            field,
            start,
            width,
        });
        start += width;
    }
    places
}

/// The first varbit field, if the type has one.
pub(super) fn varbit_field(header_type: &HeaderType) -> Option<usize> {
    (header_type.fields.iter()).position(|field| matches!(field.scalar, Scalar::Varbit(_)))
}

/// Whether no field's place depends on the packet: a varbit field comes last, and begins at a byte.
pub(super) fn is_regular(header_type: &HeaderType) -> bool {
    match varbit_field(header_type) {
        Some(index) => {
            index + 1 == header_type.fields.len() && header_type.fixed_width().is_multiple_of(8)
        }
        None => true,
    }
}

/// Whole bytes that hold a run of adjacent fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// The fields, in order.
    pub(super) places: Vec<Place>,
}

impl Run {
    fn first_byte(&self) -> u32 {
        self.places.first().map_or(0, |place| place.start / 8)
    }

    fn width(&self) -> u32 {
        self.places.iter().map(|place| place.width).sum()
    }
}

/// The shortest runs of fields that begin and end at bytes.
pub(super) fn runs(places: &[Place]) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut current = Vec::new();
    for &place in places {
        current.push(place);
        if place.end().is_multiple_of(8) {
            runs.push(Run {
                places: std::mem::take(&mut current),
            });
        }
    }
    runs
}

/// Whether [`load`] reads a field.
pub(super) fn is_loaded_whole(place: Place) -> bool {
    let (first, last) = (place.start / 8, (place.end() - 1) / 8);
    (last - first + 1) * 8 <= MAX_WIDTH
}

/// Reads a field from `bytes`, an array that holds the header. `None` if it spreads over more bytes than an integer has.
pub(super) fn load(bytes: &Ident, place: Place) -> Option<Code> {
    let first = place.start / 8;
    let last = (place.end() - 1) / 8;
    let count = last - first + 1;
    if !is_loaded_whole(place) {
        return None;
    }
    let holder = container(count * 8);
    let shift = (last + 1) * 8 - place.end();
    let is_clean = place.start.is_multiple_of(8);
    let mut value = if count == 1 {
        let index = Literal::u32_unsuffixed(first);
        Code::atom(quote!(#bytes[#index]))
    } else {
        let padding = (0..holder / 8 - count).map(|_| quote!(0));
        let taken = (first..=last).map(|index| {
            let index = Literal::u32_unsuffixed(index);
            quote!(#bytes[#index])
        });
        let integer = unsigned(holder);
        Code::atom(quote!(#integer::from_be_bytes([#(#padding,)* #(#taken),*])))
    };
    if shift > 0 {
        let operand = value.operand();
        let shift = Literal::u32_unsuffixed(shift);
        value = Code::compound(quote!(#operand >> #shift));
    }
    if container(place.width) < holder {
        let operand = value.operand();
        let integer = unsigned(place.width);
        value = Code::compound(quote!(#operand as #integer));
    }
    if !is_clean {
        let operand = value.operand();
        let mask = number(ones(place.width));
        value = Code::compound(quote!(#operand & #mask));
    }
    Some(value)
}

/// Writes a run of fields into `bytes`, an array that holds the header. `None` if it is wider than an integer.
pub(super) fn store(
    bytes: &Ident,
    run: &Run,
    value_of: impl Fn(Place) -> TokenStream,
) -> Option<TokenStream> {
    let width = run.width();
    if width > MAX_WIDTH {
        return None;
    }
    let holder = unsigned(width);
    let end = run.places.last()?.end();
    let parts: Vec<TokenStream> = run
        .places
        .iter()
        .map(|&place| {
            let value = value_of(place);
            let widened = if container(place.width) == container(width) {
                value
            } else {
                quote!(#holder::from(#value))
            };
            match end - place.end() {
                0 => widened,
                shift => {
                    let shift = Literal::u32_unsuffixed(shift);
                    quote!((#widened << #shift))
                }
            }
        })
        .collect();
    let value = quote!(#(#parts)|*);
    let first = run.first_byte();
    let targets = (0..width / 8).map(|index| {
        let index = Literal::u32_unsuffixed(first + index);
        quote!(#bytes[#index])
    });
    if width == 8 {
        return Some(quote!(#(#targets)* = #value;));
    }
    let padding = (0..(container(width) - width) / 8).map(|_| quote!(_));
    let value = if parts.len() == 1 {
        value
    } else {
        quote!((#value))
    };
    Some(quote!([#(#padding,)* #(#targets),*] = #value.to_be_bytes();))
}
