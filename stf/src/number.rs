//! Numbers as STF writes them: hexadecimal, binary, octal or decimal, and with `*` for digits that do not matter.

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

    /// Whether some digits do not matter.
    pub fn has_wildcards(&self) -> bool {
        self.wild != 0
    }
}

fn shifted(value: u128, radix: u32, digit: u32) -> Option<u128> {
    value.checked_mul(radix.into())?.checked_add(digit.into())
}

#[cfg(test)]
mod tests {
    use super::*;

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
