//! Field lists of hashes and checksums: fields one after another, bit by bit, the last byte filled up with 0.

use super::code::Code;
use super::context::{Context, Frame};
use super::expr::expr;
use super::layout::{Place, places};
use super::scalar::{MAX_WIDTH, is_wide};
use crate::ir::{Data, Expr, ExprKind, HashAlgorithm, HeaderId, HeaderRef, Scalar};
use crate::source::Span;
use proc_macro2::{Literal, TokenStream};
use quote::quote;

/// A piece of a field list: a value of a known width, bytes of the packet, or the pieces of a header if that is valid.
enum Piece {
    Value(Code, Scalar),
    Bytes(TokenStream),
    Header(TokenStream, Vec<Piece>),
}

impl Piece {
    /// Its width, if it is a value that an integer of Rust holds.
    fn width(&self) -> Option<u32> {
        match self {
            Piece::Value(_, scalar) => Some(scalar.width()).filter(|width| !is_wide(*width)),
            Piece::Bytes(_) | Piece::Header(..) => None,
        }
    }
}

/// The pieces of a field list. A whole header counts as its fields, of which none is there if it is not valid.
fn pieces(cx: &Context<'_>, frame: Frame<'_>, data: &[Data]) -> Vec<Piece> {
    let piece = |piece: &Data| match piece {
        Data::Expr(value) => match value.scalar {
            Scalar::Varbit(_) => Piece::Bytes(varbit_bytes(cx, frame, value)),
            scalar => Piece::Value(expr(cx, frame, value), scalar),
        },
        Data::Header(id) => {
            let locals = cx.locals.header(*id);
            let fields = cx.header_type(*id).fields.iter().zip(&locals.fields);
            let fields = fields.map(|(field, local)| match field.scalar {
                Scalar::Varbit(_) => Piece::Bytes(bytes_of(&quote!(#local))),
                scalar => Piece::Value(Code::atom(quote!(#local)), scalar),
            });
            let valid = &locals.valid;
            Piece::Header(quote!(#valid), fields.collect())
        }
    };
    data.iter().map(piece).collect()
}

/// Any field list, bit by bit: an expression for its bytes.
fn list_of(pieces: &[Piece], with_payload: bool) -> TokenStream {
    let pushes = pieces.iter().map(push);
    let payload =
        with_payload.then(|| quote!(list.push_bytes(data.get(at..).unwrap_or_default());));
    quote!({
        let mut list = dpr_runtime::BitList::default();
        #(#pushes)*
        #payload
        list.into_bytes()
    })
}

fn push(piece: &Piece) -> TokenStream {
    match piece {
        Piece::Value(value, scalar) => {
            let (value, width) = (value.bare(), Literal::u32_unsuffixed(scalar.width()));
            match super::scalar::container(scalar.width()) {
                MAX_WIDTH => quote!(list.push(#value, #width);),
                wide if is_wide(wide) => quote!(list.push_wide(#value, #width);),
                _ => quote!(list.push(u128::from(#value), #width);),
            }
        }
        Piece::Bytes(bytes) => quote!(list.push_bytes(#bytes);),
        Piece::Header(valid, fields) => {
            let fields = fields.iter().map(push);
            quote!(if #valid { #(#fields)* })
        }
    }
}

/// The bytes of a varbit value.
pub(super) fn varbit_bytes(cx: &Context<'_>, frame: Frame<'_>, value: &Expr) -> TokenStream {
    bytes_of(&expr(cx, frame, value).operand())
}

/// The bytes of a varbit.
pub(super) fn bytes_of(varbit: &TokenStream) -> TokenStream {
    quote!(&#varbit.bytes(data))
}

/// An expression for the hash of a field list, as a `u64`, and how many bits it can have.
pub(super) fn hash(
    cx: &Context<'_>,
    frame: Frame<'_>,
    algorithm: HashAlgorithm,
    data: &[Data],
    with_payload: bool,
    span: Span,
) -> (TokenStream, u32) {
    let (function, bits) = match algorithm {
        HashAlgorithm::Crc32 => (quote!(crc32), 32),
        HashAlgorithm::Crc16 => (quote!(crc16), 16),
        HashAlgorithm::Crc32Custom => (quote!(crc32_custom), 32),
        HashAlgorithm::Crc16Custom => (quote!(crc16_custom), 16),
        HashAlgorithm::Csum16 => (quote!(csum16), 16),
        HashAlgorithm::Xor16 => (quote!(xor16), 16),
        HashAlgorithm::Identity => (quote!(identity), 64),
        HashAlgorithm::Random => return (quote!(worker.random(0, u64::MAX)), 64),
    };
    let _ = span;
    let pieces = pieces(cx, frame, data);
    let total: u32 = pieces.iter().filter_map(Piece::width).sum();
    let is_fixed = pieces.iter().all(|piece| piece.width().is_some());
    let call = if !is_fixed || with_payload {
        let list = list_of(&pieces, with_payload);
        quote!(dpr_runtime::hash::#function(&#list))
    } else if total <= MAX_WIDTH {
        hash_of_integer(&pieces, total, &function)
    } else {
        hash_of_writer(&pieces, total, &function)
    };
    match bits {
        64 => (call, bits),
        _ => (quote!(u64::from(#call)), bits),
    }
}

/// Up to 128 bits are put together in one integer.
fn hash_of_integer(pieces: &[Piece], total: u32, function: &TokenStream) -> TokenStream {
    let mut end = 0;
    let parts = pieces.iter().filter_map(|piece| {
        let Piece::Value(value, scalar) = piece else {
            return None;
        };
        end += scalar.width();
        let operand = value.operand();
        let value = value.bare();
        let widened = match super::scalar::container(scalar.width()) {
            MAX_WIDTH => operand,
            _ => quote!(u128::from(#value)),
        };
        Some(match MAX_WIDTH - end {
            0 => widened,
            shift => {
                let shift = Literal::u32_unsuffixed(shift);
                quote!((#widened << #shift))
            }
        })
    });
    let parts: Vec<_> = parts.collect();
    let length = Literal::u32_unsuffixed(total.div_ceil(8));
    match parts.is_empty() {
        true => quote!(dpr_runtime::hash::#function(&[])),
        false => quote!(dpr_runtime::hash::#function(&(#(#parts)|*).to_be_bytes()[..#length])),
    }
}

fn hash_of_writer(pieces: &[Piece], total: u32, function: &TokenStream) -> TokenStream {
    let pushes = pieces.iter().filter_map(|piece| {
        let Piece::Value(value, scalar) = piece else {
            return None;
        };
        let value = value.bare();
        let width = Literal::u32_unsuffixed(scalar.width());
        let widened = match super::scalar::container(scalar.width()) {
            MAX_WIDTH if *scalar != Scalar::Bool => quote!(#value),
            _ => quote!(u128::from(#value)),
        };
        Some(quote!(writer.push(#widened, #width);))
    });
    let length = Literal::u32_unsuffixed(total.div_ceil(8));
    quote!({
        let mut writer = dpr_runtime::BitWriter::<#length>::new();
        #(#pushes)*
        dpr_runtime::hash::#function(writer.bytes())
    })
}

/// An expression for the internet checksum (RFC 1071) of a field list: a `u16`.
///
/// The ones' complement sum of 16-bit words is a sum modulo 2^16 - 1, so a field counts as itself, shifted to where it ends in its
/// word; everything is added up in 64 bits and folded once.
pub(super) fn internet_checksum(
    cx: &Context<'_>,
    frame: Frame<'_>,
    data: &[Data],
    with_payload: bool,
    span: Span,
) -> TokenStream {
    let _ = span;
    let pieces = pieces(cx, frame, data);
    // Varbits of a whole number of words do not move what follows; only the packet says whether one is such.
    let last = pieces.len().saturating_sub(1);
    let (mut end, mut is_plain) = (0, true);
    for (index, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Value(_, scalar) => {
                end += scalar.width();
                is_plain &= !is_wide(scalar.width());
            }
            Piece::Bytes(_) => is_plain &= index == last && !with_payload && end % 16 == 0,
            Piece::Header(..) => is_plain = false,
        }
    }
    if !is_plain || (with_payload && end % 16 != 0) {
        let list = list_of(&pieces, with_payload);
        return quote!(dpr_runtime::checksum::internet(&#list));
    }
    let mut terms = Vec::new();
    let mut end = 0;
    for piece in &pieces {
        match piece {
            Piece::Value(value, scalar) => {
                end += scalar.width();
                terms.extend(terms_of(value, *scalar, end));
            }
            Piece::Bytes(bytes) => {
                terms.push(quote!(u64::from(dpr_runtime::checksum::sum(#bytes))));
            }
            Piece::Header(..) => {}
        }
    }
    if with_payload {
        terms.push(quote!(u64::from(dpr_runtime::checksum::sum(
            data.get(at..).unwrap_or_default()
        ))));
    }
    finish(&terms)
}

fn finish(terms: &[TokenStream]) -> TokenStream {
    match terms {
        [] => quote!(u16::MAX),
        _ => quote!(!dpr_runtime::checksum::fold(#(#terms)+*)),
    }
}

/// What a value that ends at bit `end` of the data adds to the sum. A value of more than 32 bits adds in two or more parts.
fn terms_of(value: &Code, scalar: Scalar, end: u32) -> Vec<TokenStream> {
    let shift = (16 - end % 16) % 16;
    let width = scalar.width();
    let shifted = |code: TokenStream| match shift {
        0 => code,
        shift => {
            let shift = Literal::u32_unsuffixed(shift);
            quote!((#code << #shift))
        }
    };
    if width <= 32 || scalar == Scalar::Bool {
        let value = value.bare();
        return vec![shifted(quote!(u64::from(#value)))];
    }
    let operand = value.operand();
    (0..width.div_ceil(32))
        .map(|part| {
            let low = Literal::u32_unsuffixed(part * 32);
            let part = if part == 0 {
                quote!(#operand)
            } else {
                quote!((#operand >> #low))
            };
            shifted(quote!(u64::from(#part as u32)))
        })
        .collect()
}

/// If a field list is a header just as it came in, but for its checksum field, and perhaps a varbit field of another header behind
/// it: an expression for its checksum that reads the packet.
pub(super) fn checksum_of_bytes(
    cx: &Context<'_>,
    frame: Frame<'_>,
    condition: &Expr,
    data: &[Data],
    checksum: &Expr,
) -> Option<TokenStream> {
    let ExprKind::Field(HeaderRef::Instance(header), checksum_field) = checksum.kind else {
        return None;
    };
    let ExprKind::IsValid(HeaderRef::Instance(valid)) = condition.kind else {
        return None;
    };
    if valid != header
        || cx.usage.changed_early.contains(&header)
        || cx.usage.extracted.get(&header) != Some(&1)
    {
        return None;
    }
    let header_type = cx.header_type(header);
    let places = places(header_type);
    let checksum_place = *places
        .iter()
        .find(|place| place.field == checksum_field as usize)?;
    let length = places.last()?.end() / 8;
    let is_word = checksum_place.width == 16 && checksum_place.start % 16 == 0;
    if !is_word || !length.is_multiple_of(2) || places.len() != header_type.fields.len() {
        return None;
    }
    let mut rest = data.iter();
    for place in places.iter().filter(|place| **place != checksum_place) {
        match rest.next()? {
            Data::Expr(value) if is_field(value, header, *place) => {}
            _ => return None,
        }
    }
    let bytes = &cx.locals.header(header).bytes;
    let mut terms: Vec<TokenStream> = (0..length)
        .step_by(4)
        .map(|first| {
            let count = (length - first).min(4);
            let indices = (first..first + count).map(Literal::u32_unsuffixed);
            let integer = super::scalar::unsigned(count * 8);
            quote!(u64::from(#integer::from_be_bytes([#(#bytes[#indices]),*])))
        })
        .collect();
    match (rest.next(), rest.next()) {
        (None, _) => {}
        (Some(Data::Expr(value)), None) if matches!(value.scalar, Scalar::Varbit(_)) => {
            let bytes = varbit_bytes(cx, frame, value);
            terms.push(quote!(u64::from(dpr_runtime::checksum::sum(#bytes))));
        }
        _ => return None,
    }
    // The checksum itself is in the sum; where it lies in its 32-bit word says how much to take away.
    let own = expr(cx, frame, checksum);
    let own = own.bare();
    let is_low = checksum_place.start % 32 == 16
        || (checksum_place.start / 8 + 2 == length && length % 4 == 2);
    let own = if is_low {
        quote!(u64::from(#own))
    } else {
        quote!((u64::from(#own) << 16))
    };
    Some(quote!(!dpr_runtime::checksum::fold(#(#terms)+* - #own)))
}

fn is_field(value: &Expr, header: HeaderId, place: Place) -> bool {
    matches!(value.kind, ExprKind::Field(HeaderRef::Instance(id), field) if id == header && field as usize == place.field)
}

/// Headers whose bytes as they came are read again after parsing: those that [`checksum_of_bytes`] reads.
pub(super) fn reads_bytes(cx: &Context<'_>, header: HeaderId) -> bool {
    cx.program
        .verify_checksum
        .iter()
        .any(|stmt| match &stmt.kind {
            crate::ir::StmtKind::Extern(crate::ir::ExternCall::VerifyChecksum {
                checksum, ..
            }) => {
                matches!(checksum.kind, ExprKind::Field(HeaderRef::Instance(id), _) if id == header)
            }
            _ => false,
        })
}
