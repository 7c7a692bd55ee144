//! Which values a number can have.

use super::ast::{Binary, Data};
use num_traits::ToPrimitive;

/// Smallest and largest value; absent if they do not fit 127 bits.
pub type Bounds = Option<(i128, i128)>;

/// How a word stands for a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// From 0 up.
    Unsigned,
    /// In two's complement.
    Signed,
}

/// How one word can stand for all numbers between bounds, if it can.
pub fn sign(bounds: Bounds) -> Option<Sign> {
    let (low, high) = bounds?;
    if low >= 0 && high <= i128::from(u64::MAX) {
        Some(Sign::Unsigned)
    } else if low >= i128::from(i64::MIN) && high <= i128::from(i64::MAX) {
        Some(Sign::Signed)
    } else {
        None
    }
}

fn unsigned(bits: u32) -> Bounds {
    (bits <= 126).then(|| (0, (1i128 << bits) - 1))
}

fn signed(bits: u32) -> Bounds {
    (1..=126).contains(&bits).then(|| {
        let half = 1i128 << (bits - 1);
        (-half, half - 1)
    })
}

/// The bounds of a number.
pub fn bounds(data: &Data) -> Bounds {
    match data {
        Data::Const(value) => value.to_i128().map(|value| (value, value)),
        Data::Field(field) | Data::Element(_, field) => match field.signed {
            true => signed(field.bits),
            false => unsigned(field.bits),
        },
        Data::Argument(place) => unsigned(place.bits),
        Data::Register(_, bits, _) => unsigned(*bits),
        Data::Not(inner) => bounds(inner).map(|(low, high)| (!high, !low)),
        Data::Choice(parts) => {
            let (left, right) = (bounds(&parts.1)?, bounds(&parts.2)?);
            Some((left.0.min(right.0), left.1.max(right.1)))
        }
        Data::FromTruth(_) => Some((0, 1)),
        Data::Next(..) => Some((-1, i128::from(u32::MAX))),
        Data::Binary(op, sides) => binary(*op, &sides.0, &sides.1),
    }
}

/// The width that a cast's right side says.
pub fn width(data: &Data) -> Option<u32> {
    match data {
        Data::Const(width) => width.to_u32().filter(|width| *width > 0),
        _ => None,
    }
}

fn binary(op: Binary, left: &Data, right: &Data) -> Bounds {
    match op {
        Binary::Signed | Binary::SaturateSigned => return signed(width(right)?),
        Binary::SaturateUnsigned => return unsigned(width(right)?),
        Binary::And => return and(bounds(left), bounds(right)),
        _ => {}
    }
    let (l, r) = (bounds(left)?, bounds(right)?);
    match op {
        Binary::Add => Some((l.0.checked_add(r.0)?, l.1.checked_add(r.1)?)),
        Binary::Sub => Some((l.0.checked_sub(r.1)?, l.1.checked_sub(r.0)?)),
        Binary::Mul => corners(l, r, i128::checked_mul),
        Binary::ShiftLeft => {
            let most = u32::try_from(r.1)
                .ok()
                .filter(|most| *most <= 126 && r.0 >= 0)?;
            corners(l, (1, 1i128 << most), i128::checked_mul)
        }
        Binary::ShiftRight if r.0 >= 0 => {
            let least = r.0.min(127) as u32;
            let low = if l.0 < 0 { l.0 } else { 0 };
            let high = if l.1 < 0 { -1 } else { l.1 >> least };
            Some((low, high))
        }
        Binary::Div if l.0 >= 0 && r.0 >= 0 => Some((0, l.1)),
        Binary::Mod if l.0 >= 0 && r.0 >= 0 => Some((0, l.1.min(r.1))),
        Binary::Or | Binary::Xor => {
            let bits =
                [l.0, l.1, r.0, r.1].map(|value| 128 - (value ^ (value >> 127)).leading_zeros());
            let bits = bits.into_iter().max().unwrap_or(0);
            let most = (1i128.checked_shl(bits).filter(|_| bits < 127)?) - 1;
            let low = if l.0 < 0 || r.0 < 0 { !most } else { 0 };
            Some((low, most))
        }
        _ => None,
    }
}

fn and(left: Bounds, right: Bounds) -> Bounds {
    let positive = |bounds: Bounds| bounds.filter(|(low, _)| *low >= 0).map(|(_, high)| high);
    match (positive(left), positive(right)) {
        (Some(left), Some(right)) => Some((0, left.min(right))),
        (Some(only), None) | (None, Some(only)) => Some((0, only)),
        (None, None) => {
            let (left, right) = (left?, right?);
            let low = left.0.min(right.0);
            let bits = 128 - (!low).leading_zeros();
            let least = (bits < 127).then(|| !((1i128 << bits) - 1))?;
            Some((least, left.1.max(right.1)))
        }
    }
}

fn corners(
    left: (i128, i128),
    right: (i128, i128),
    op: impl Fn(i128, i128) -> Option<i128>,
) -> Bounds {
    let corners = [
        op(left.0, right.0)?,
        op(left.0, right.1)?,
        op(left.1, right.0)?,
        op(left.1, right.1)?,
    ];
    Some((*corners.iter().min()?, *corners.iter().max()?))
}
