//! Numbers as STF writes them: hexadecimal, binary, octal or decimal, and with `*` for digits that do not matter.

use dpr_runtime::Integer;

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

    /// Whether some digits do not matter.
    pub fn has_wildcards(&self) -> bool {
        !self.wild.is_zero()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
