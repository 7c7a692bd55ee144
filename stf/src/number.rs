//! Numbers as STF writes them: hexadecimal, binary, octal or decimal, and with `*` for digits that do not matter. Addresses are
//! dpr's own.

use dpr_runtime::Integer;
use std::net::{Ipv4Addr, Ipv6Addr};

/// How a number's digits are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    /// No prefix.
    Decimal,
    /// `0x`.
    Hexadecimal,
    /// `0o`.
    Octal,
    /// `0b`.
    Binary,
}

impl Base {
    /// Bits of one digit; `None` for decimal digits, which have no whole number of them.
    pub fn digit_bits(self) -> Option<u32> {
        match self {
            Base::Decimal => None,
            Base::Hexadecimal => Some(4),
            Base::Octal => Some(3),
            Base::Binary => Some(1),
        }
    }
}

/// A number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number {
    /// Its value; digits that do not matter count as 0.
    pub value: Integer,
    /// Ones at the digits that do not matter.
    pub wild: Integer,
    /// How many digits it has.
    pub digits: u32,
    /// How they are written.
    pub base: Base,
}

impl Number {
    /// Reads a number. `None` if the text is none or has a `*` among decimal digits.
    pub fn parse(text: &str) -> Option<Number> {
        let lower = text.to_ascii_lowercase();
        let (base, digits) = if let Some(digits) = lower.strip_prefix("0x") {
            (Base::Hexadecimal, digits)
        } else if let Some(digits) = lower.strip_prefix("0b") {
            (Base::Binary, digits)
        } else if let Some(digits) = lower.strip_prefix("0o") {
            (Base::Octal, digits)
        } else {
            (Base::Decimal, lower.as_str())
        };
        if digits.is_empty() {
            return None;
        }
        let mut number = Number {
            value: Integer::ZERO,
            wild: Integer::ZERO,
            digits: 0,
            base,
        };
        let radix = base.digit_bits().map_or(10, |bits| 1 << bits);
        for digit in digits.chars() {
            let (value, wild): (u32, u32) = match digit {
                '*' => (0, base.digit_bits().map(|bits| (1 << bits) - 1)?),
                digit => (digit.to_digit(radix)?, 0),
            };
            number.value = number.value.mul_add(radix.into(), value.into());
            number.wild = number.wild.mul_add(radix.into(), wild.into());
            number.digits += 1;
        }
        Some(number)
    }

    /// Reads an address: `192.0.2.1` (32 bits), `2001:db8::1` (128 bits) or `00:00:5e:00:53:01` (48 bits).
    pub fn parse_address(text: &str) -> Option<Number> {
        let (value, digits) = if let Ok(address) = text.parse::<Ipv4Addr>() {
            (u128::from(address.to_bits()), 8)
        } else if let Ok(address) = text.parse::<Ipv6Addr>() {
            (address.to_bits(), 32)
        } else {
            (mac(text)?, 12)
        };
        Some(Number {
            value: Integer::new(value),
            wild: Integer::ZERO,
            digits,
            base: Base::Hexadecimal,
        })
    }

    /// Whether some digits do not matter.
    pub fn has_wildcards(&self) -> bool {
        !self.wild.is_zero()
    }
}

fn mac(text: &str) -> Option<u128> {
    let mut value = 0;
    let mut pairs = 0;
    for pair in text.split(':') {
        if pair.len() != 2 || !pair.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        value = value << 8 | u128::from(u8::from_str_radix(pair, 16).ok()?);
        pairs += 1;
    }
    (pairs == 6).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_numbers() {
        let read = |text: &str| Number::parse_address(text)?.value.to_u128();
        assert_eq!(read("192.0.2.1"), Some(0xc000_0201));
        assert_eq!(read("2001:db8::1"), Some(0x2001_0db8 << 96 | 1));
        assert_eq!(read("00:00:5e:00:53:01"), Some(0x5e00_5301));
        for wrong in [
            "10",
            "10.0.0",
            "1.2.3.4.5",
            "0:1:2:3:4:5",
            "00:00:5e:00:53:+1",
            "a",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn each_base_has_its_digits() {
        let read = |text| {
            Number::parse(text).and_then(|number| {
                Some((
                    number.value.to_u128()?,
                    number.wild.to_u128()?,
                    number.digits,
                    number.base,
                ))
            })
        };
        assert_eq!(read("0x0aF"), Some((0xaf, 0, 3, Base::Hexadecimal)));
        assert_eq!(read("0b1*0"), Some((4, 2, 3, Base::Binary)));
        assert_eq!(read("0x**01"), Some((1, 0xff00, 4, Base::Hexadecimal)));
        assert_eq!(read("0o17"), Some((15, 0, 2, Base::Octal)));
        assert_eq!(read("042"), Some((42, 0, 3, Base::Decimal)));
        for wrong in ["", "0x", "4*", "0b2", "12a", "0x1_0"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        let wide = Number::parse(&format!("0x{}", "f".repeat(40)));
        assert_eq!(wide.map(|number| number.value), Some(Integer::ones(160)));
    }
}
