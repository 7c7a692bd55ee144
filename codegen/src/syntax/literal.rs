//! The values of integer and string literals.

use std::sync::Arc;

use num_bigint::BigInt;
use num_traits::Num;

use crate::ast::IntLiteral;

/// Literals longer than this are refused: the conversion takes time quadratic in the number of digits.
const MAX_DIGITS: usize = 4096;

/// The value of an integer literal, or what is wrong with it.
pub(super) fn integer(text: &str) -> Result<IntLiteral, String> {
    let (prefix, digits) = split_width(text);
    let (width, signed) = match prefix {
        None => (None, false),
        Some((width, signed)) => {
            let width: u32 = width
                .parse()
                .map_err(|_| format!("`{width}` is not a width"))?;
            if width == 0 && signed {
                return Err("a signed integer has at least one bit".to_owned());
            }
            (Some(width), signed)
        }
    };
    let lower = digits.get(..2).map(str::to_ascii_lowercase);
    let (radix, digits) = match lower.as_deref() {
        Some("0x") => (16, &digits[2..]),
        Some("0o") => (8, &digits[2..]),
        Some("0d") => (10, &digits[2..]),
        Some("0b") => (2, &digits[2..]),
        _ => (10, digits),
    };
    let digits: String = digits.chars().filter(|&digit| digit != '_').collect();
    if digits.is_empty() {
        return Err("an integer without digits".to_owned());
    }
    if digits.len() > MAX_DIGITS {
        return Err(format!("an integer of more than {MAX_DIGITS} digits"));
    }
    if let Some(digit) = digits.chars().find(|digit| !digit.is_digit(radix)) {
        return Err(format!("`{digit}` is not a digit of base {radix}"));
    }
    let value = BigInt::from_str_radix(&digits, radix).map_err(|_| "not an integer".to_owned())?;
    Ok(IntLiteral {
        value,
        width,
        signed,
    })
}

/// Separates `8w` and `8s` from what follows.
fn split_width(text: &str) -> (Option<(&str, bool)>, &str) {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    match text.as_bytes().get(digits) {
        Some(b'w') => (Some((&text[..digits], false)), &text[digits + 1..]),
        Some(b's') => (Some((&text[..digits], true)), &text[digits + 1..]),
        _ => (None, text),
    }
}

/// The content of a string literal with its quotes, with escapes replaced; what else follows a backslash stays.
pub(super) fn string(text: &str) -> Arc<str> {
    let inner = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .unwrap_or(text);
    if !inner.contains('\\') {
        return inner.into();
    }
    let mut content = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            content.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => content.push('\n'),
            Some('t') => content.push('\t'),
            Some(c @ ('"' | '\\')) => content.push(c),
            // A line that is continued.
            Some('\n') => {}
            Some(c) => content.extend(['\\', c]),
            None => content.push('\\'),
        }
    }
    content.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_have_bases_widths_and_separators() {
        for (text, value, width, signed) in [
            ("42", 42, None, false),
            ("0x2A", 42, None, false),
            ("0b10_1010", 42, None, false),
            ("0o52", 42, None, false),
            ("0d42", 42, None, false),
            ("8w0x2a", 42, Some(8), false),
            ("16s42", 42, Some(16), true),
            ("052", 52, None, false),
            ("0w0", 0, Some(0), false),
        ] {
            let literal = integer(text).unwrap();
            assert_eq!(literal.value, BigInt::from(value), "{text}");
            assert_eq!((literal.width, literal.signed), (width, signed), "{text}");
        }
    }

    #[test]
    fn bad_integers_say_why() {
        for (text, part) in [
            ("0x", "without digits"),
            ("8w", "without digits"),
            ("0b12", "`2` is not a digit of base 2"),
            ("12abc", "`a` is not a digit"),
            ("99999999999w1", "not a width"),
            ("0s1", "at least one bit"),
        ] {
            let message = integer(text).unwrap_err();
            assert!(message.contains(part), "{text}: {message}");
        }
    }

    #[test]
    fn strings_lose_quotes_and_escapes() {
        assert_eq!(&*string(r#""a\"b\\c\nd\q""#), "a\"b\\c\nd\\q");
        assert_eq!(&*string("\"a\\\nb\""), "ab");
    }
}
