//! How P4's integers of any width lie in Rust's.
//!
//! A `bit<W>` or `int<W>` is the smallest unsigned integer that holds W bits, beyond 128 a `Wide` of as many words as needed; bits
//! beyond W are always 0.

use crate::ir::Scalar;
use num_bigint::{BigInt, BigUint};
use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

/// The widest scalar that generated code holds in an integer.
pub(super) const MAX_WIDTH: u32 = 128;

/// Width in bits of the Rust integer that holds `width` bits.
pub(super) fn container(width: u32) -> u32 {
    match is_wide(width) {
        true => width.next_multiple_of(64),
        false => width.next_power_of_two().clamp(8, MAX_WIDTH),
    }
}

/// Whether no integer of Rust holds `width` bits.
pub(super) fn is_wide(width: u32) -> bool {
    width > MAX_WIDTH
}

/// The unsigned Rust integer that holds `width` bits.
pub(super) fn unsigned(width: u32) -> TokenStream {
    if is_wide(width) {
        let words = Literal::u32_unsuffixed(width.div_ceil(64));
        return quote!(dpr_runtime::Wide::<#words>);
    }
    let name = format_ident!("u{}", container(width));
    quote!(#name)
}

/// The signed Rust integer that holds `width` bits.
pub(super) fn signed(width: u32) -> TokenStream {
    let name = format_ident!("i{}", container(width));
    quote!(#name)
}

/// The Rust type of a scalar.
pub(super) fn rust_type(scalar: Scalar) -> TokenStream {
    match scalar {
        Scalar::Bool => quote!(bool),
        Scalar::Bits(width) | Scalar::Int(width) => unsigned(width),
        Scalar::Varbit(_) => quote!(dpr_runtime::Varbits),
    }
}

/// The value that everything starts from.
pub(super) fn zero(scalar: Scalar) -> TokenStream {
    match scalar {
        Scalar::Bool => quote!(false),
        Scalar::Varbit(_) => quote!(dpr_runtime::Varbits::EMPTY),
        Scalar::Bits(width) | Scalar::Int(width) if is_wide(width) => {
            quote!(dpr_runtime::Wide::ZERO)
        }
        Scalar::Bits(_) | Scalar::Int(_) => quote!(0),
    }
}

/// Whether every value of the Rust integer is one of the scalar's.
pub(super) fn is_native(width: u32) -> bool {
    container(width) == width
}

/// All ones in `width` bits.
pub(super) fn ones(width: u32) -> u128 {
    u128::MAX >> (MAX_WIDTH - width.clamp(1, MAX_WIDTH))
}

/// A value that is known to fit into 128 bits.
pub(super) fn to_u128(value: &BigUint) -> u128 {
    u128::try_from(value).unwrap_or(u128::MAX)
}

/// Two's complement of a value in `width` bits.
pub(super) fn wrapped(value: &BigInt, width: u32) -> u128 {
    let modulus = BigInt::from(1) << width;
    let wrapped = ((value % &modulus) + &modulus) % &modulus;
    to_u128(wrapped.magnitude())
}

/// A literal without a suffix: decimal when small, else hexadecimal.
pub(super) fn number(value: u128) -> Literal {
    if value < 4096 {
        return Literal::u128_unsuffixed(value);
    }
    format!("{value:#x}")
        .parse()
        .unwrap_or_else(|_| Literal::u128_unsuffixed(value))
}

/// A literal with the type that holds `width` bits.
pub(super) fn typed_number(value: u128, width: u32) -> TokenStream {
    let container = container(width);
    let text = if value < 4096 {
        format!("{value}u{container}")
    } else {
        format!("{value:#x}u{container}")
    };
    let literal: Literal = text
        .parse()
        .unwrap_or_else(|_| Literal::u128_unsuffixed(value));
    quote!(#literal)
}

/// A constant of a scalar.
pub(super) fn constant(value: &BigUint, scalar: Scalar) -> TokenStream {
    match scalar {
        Scalar::Bool if *value == BigUint::ZERO => quote!(false),
        Scalar::Bool => quote!(true),
        _ if is_wide(scalar.width()) => wide_constant(value, scalar.width()),
        _ => typed_number(to_u128(value), scalar.width()),
    }
}

/// A constant of more than 128 bits, as an expression or a pattern.
pub(super) fn wide_constant(value: &BigUint, width: u32) -> TokenStream {
    let mut words = value.to_u64_digits();
    words.resize(width.div_ceil(64) as usize, 0);
    let words = words.into_iter().map(|word| number(word.into()));
    quote!(dpr_runtime::Wide([#(#words),*]))
}

/// All ones in `width` bits, from bit `low` on, of `whole` bits.
pub(super) fn mask_constant(width: u32, low: u32, whole: u32) -> TokenStream {
    let mask = ((BigUint::from(1u8) << width) - 1u8) << low;
    constant(&mask, Scalar::Bits(whole))
}
