//! Numbers as STF writes them: hexadecimal, binary, octal or decimal, and with `*` for digits that do not matter. Addresses are
//! dpr's own.

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number {
    /// Its value; digits that do not matter count as 0.
    pub value: u128,
    /// Ones at the digits that do not matter.
    pub wild: u128,
    /// How many digits it has.
    pub digits: u32,
    /// How they are written.
    pub base: Base,
}

impl Number {
    /// Reads a number. `None` if the text is none, has a `*` among decimal digits, or is wider than 128 bits.
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
            value: 0,
            wild: 0,
            digits: 0,
            base,
        };
        let radix = base.digit_bits().map_or(10, |bits| 1 << bits);
        for digit in digits.chars() {
            let (value, wild) = match digit {
                '*' => (0, base.digit_bits().map(|bits| (1 << bits) - 1)?),
                digit => (digit.to_digit(radix)?, 0),
            };
            number.value = shifted(number.value, radix, value)?;
            number.wild = shifted(number.wild, radix, wild)?;
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
            value,
            wild: 0,
            digits,
            base: Base::Hexadecimal,
        })
    }

    /// Whether some digits do not matter.
    pub fn has_wildcards(&self) -> bool {
        self.wild != 0
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

fn shifted(value: u128, radix: u32, digit: u32) -> Option<u128> {
    value.checked_mul(radix.into())?.checked_add(digit.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_numbers() {
        let read = |text| Number::parse_address(text).map(|number| number.value);
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
            Number::parse(text)
                .map(|number| (number.value, number.wild, number.digits, number.base))
        };
        assert_eq!(read("0x0aF"), Some((0xaf, 0, 3, Base::Hexadecimal)));
        assert_eq!(read("0b1*0"), Some((4, 2, 3, Base::Binary)));
        assert_eq!(read("0x**01"), Some((1, 0xff00, 4, Base::Hexadecimal)));
        assert_eq!(read("0o17"), Some((15, 0, 2, Base::Octal)));
        assert_eq!(read("042"), Some((42, 0, 3, Base::Decimal)));
        for wrong in ["", "0x", "4*", "0b2", "12a", "0x1_0"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        assert_eq!(read(&format!("0x{}", "f".repeat(33))), None);
    }
}
