//! Members of a JSON document as the loader asks for them, with what is wrong about them.

use super::error::{Failure, Reason};
use num_bigint::BigInt;
use num_traits::Num;
use serde_json::Value;

/// What reading a part of the document gives.
pub type Loaded<T> = Result<T, Failure>;

/// What an absent list is.
static NOTHING: Value = Value::Null;

/// Widths and lengths beyond this many bits are refused, so that no document makes the engine reserve what it says.
pub const MAX_BITS: u64 = 1 << 16;

/// Cells of one array, or entries of one table, beyond which a document is refused.
pub const MAX_CELLS: u64 = 1 << 26;

/// Fails about a value.
pub fn fail<T>(at: &Value, reason: Reason) -> Loaded<T> {
    Err(Failure::new(at, reason))
}

/// Fails about how many there are of something.
pub fn miscounted<T>(at: &Value, what: &'static str, expected: usize, found: usize) -> Loaded<T> {
    let reason = Reason::Count {
        what,
        expected,
        found,
    };
    fail(at, reason)
}

/// An unknown name.
pub fn unknown(at: &Value, kind: &'static str, name: &str) -> Failure {
    Failure::new(
        at,
        Reason::Unknown {
            kind,
            name: name.to_owned(),
        },
    )
}

/// A member that must be there.
pub fn member<'a>(value: &'a Value, name: &'static str) -> Loaded<&'a Value> {
    value
        .get(name)
        .ok_or_else(|| Failure::new(value, Reason::Missing(name)))
}

/// A member, `null` if it is not there.
pub fn optional<'a>(value: &'a Value, name: &str) -> &'a Value {
    value.get(name).unwrap_or(&NOTHING)
}

/// The items of a list; none if the member is absent or `null`.
pub fn list<'a>(value: &'a Value, name: &str) -> Loaded<&'a [Value]> {
    match optional(value, name) {
        Value::Null => Ok(&[]),
        member => items(member),
    }
}

/// The items of a list.
pub fn items(value: &Value) -> Loaded<&[Value]> {
    match value {
        Value::Array(items) => Ok(items),
        other => fail(other, Reason::Expected("a list")),
    }
}

/// A text.
pub fn text(value: &Value) -> Loaded<&str> {
    value
        .as_str()
        .ok_or_else(|| Failure::new(value, Reason::Expected("a string")))
}

/// A member that is a text.
pub fn text_of<'a>(value: &'a Value, name: &'static str) -> Loaded<&'a str> {
    text(member(value, name)?)
}

/// A number from 0 up to a bound.
pub fn number(value: &Value, what: &'static str, most: u64) -> Loaded<u64> {
    let number = value
        .as_u64()
        .ok_or_else(|| Failure::new(value, Reason::Expected("a number from 0 up")))?;
    if number > most {
        return fail(
            value,
            Reason::OutOfBounds {
                what,
                bounds: "smaller",
            },
        );
    }
    Ok(number)
}

/// An id.
pub fn id(value: &Value) -> Loaded<u32> {
    number(value, "an id", u64::from(u32::MAX)).map(|id| id as u32)
}

/// A member that is true or false; false if it is absent.
pub fn flag(value: &Value, name: &str) -> bool {
    optional(value, name).as_bool().unwrap_or(false)
}

/// A pair of texts, as fields are referred to.
pub fn pair(value: &Value) -> Loaded<(&str, &str)> {
    match items(value)? {
        [first, second] => Ok((text(first)?, text(second)?)),
        other => miscounted(value, "items", 2, other.len()),
    }
}

/// The digits of a hexadecimal text, and whether a sign precedes them.
fn digits(value: &Value) -> Loaded<(&str, bool)> {
    let text = text(value)?;
    let (text, negative) = text
        .strip_prefix('-')
        .map_or((text, false), |text| (text, true));
    let text = text.strip_prefix("0x").unwrap_or(text);
    if text.is_empty()
        || text.len() as u64 > MAX_BITS / 4
        || !text.bytes().all(|byte| byte.is_ascii_hexdigit())
    {
        return fail(value, Reason::Expected("a hexadecimal number"));
    }
    Ok((text, negative))
}

/// A number in hexadecimal.
pub fn hex(value: &Value) -> Loaded<BigInt> {
    let (text, negative) = digits(value)?;
    let magnitude = BigInt::from_str_radix(text, 16)
        .map_err(|_| Failure::new(value, Reason::Expected("a hexadecimal number")))?;
    Ok(if negative { -magnitude } else { magnitude })
}

/// The bytes of a hexadecimal text, leading zeros included.
pub fn hex_bytes(value: &Value) -> Loaded<Vec<u8>> {
    let (text, _) = digits(value)?;
    let nibble = |byte: u8| (byte as char).to_digit(16).unwrap_or(0) as u8;
    let mut bytes = Vec::with_capacity(text.len().div_ceil(2));
    let text = text.as_bytes();
    let (first, rest) = text.split_at(text.len() % 2);
    bytes.extend(first.iter().map(|byte| nibble(*byte)));
    bytes.extend(
        rest.chunks_exact(2)
            .map(|pair| nibble(pair[0]) << 4 | nibble(pair[1])),
    );
    Ok(bytes)
}
