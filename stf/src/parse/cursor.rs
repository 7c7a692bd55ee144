//! A place in one line, and the words that can follow it.

use super::{Place, SyntaxError};
use crate::Number;
use dpr_runtime::Integer;
use std::str::FromStr;

/// What is left of a line.
pub(super) struct Cursor<'t> {
    line: u32,
    /// Up to a comment.
    text: &'t str,
    /// In bytes.
    at: usize,
}

impl<'t> Cursor<'t> {
    pub(super) fn new(line: u32, text: &'t str) -> Self {
        let mut quoted = false;
        let comment = text.find(|character| {
            quoted ^= character == '"';
            character == '#' && !quoted
        });
        Cursor {
            line,
            text: text.get(..comment.unwrap_or(text.len())).unwrap_or(text),
            at: 0,
        }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip_space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    /// Where the next word begins.
    pub(super) fn place(&mut self) -> Place {
        self.skip_space();
        let before = self.text.get(..self.at).unwrap_or_default();
        Place {
            line: self.line,
            column: 1 + u32::try_from(before.chars().count()).unwrap_or(u32::MAX - 1),
        }
    }

    /// That something else should be here.
    pub(super) fn error<T>(&mut self, expected: &str) -> Result<T, SyntaxError> {
        let found = match self.word() {
            "" => "the end of the line".to_owned(),
            word => format!("`{word}`"),
        };
        self.wrong(format!("expected {expected}, found {found}"))
    }

    /// That what is here is wrong.
    pub(super) fn wrong<T>(&mut self, message: String) -> Result<T, SyntaxError> {
        Err(SyntaxError {
            place: self.place(),
            message,
        })
    }

    /// Everything to the next white space; nothing is taken.
    pub(super) fn word(&mut self) -> &'t str {
        self.skip_space();
        self.rest().split_whitespace().next().unwrap_or_default()
    }

    /// The next character; nothing is taken.
    pub(super) fn peek(&mut self) -> Option<char> {
        self.skip_space();
        self.rest().chars().next()
    }

    /// Takes `sign` if it is next.
    pub(super) fn take(&mut self, sign: &str) -> bool {
        self.skip_space();
        let found = self.rest().starts_with(sign);
        if found {
            self.at += sign.len();
        }
        found
    }

    /// Takes `sign`, which must be next.
    pub(super) fn expect(&mut self, sign: &str) -> Result<(), SyntaxError> {
        match self.take(sign) {
            true => Ok(()),
            false => self.error(&format!("`{sign}`")),
        }
    }

    /// Checks that nothing follows.
    pub(super) fn end(&mut self) -> Result<(), SyntaxError> {
        match self.peek() {
            None => Ok(()),
            Some(_) => self.error("the end of the line"),
        }
    }

    /// Takes characters as long as they are accepted.
    pub(super) fn take_while(&mut self, accept: impl Fn(char) -> bool) -> &'t str {
        self.skip_space();
        let rest = self.rest();
        let length = rest.find(|character| !accept(character));
        let taken = rest.get(..length.unwrap_or(rest.len())).unwrap_or_default();
        self.at += taken.len();
        taken
    }

    /// Takes a word of letters, digits, `_` and `$` that does not begin with a digit, or what is in quotes.
    fn name_part(&mut self) -> Result<&'t str, SyntaxError> {
        if self.take("\"") {
            let name = self.take_while(|character| character != '"');
            self.expect("\"")?;
            return Ok(name);
        }
        match self.peek() {
            Some(first) if is_name(first) && !first.is_ascii_digit() => {
                Ok(self.take_while(is_name))
            }
            _ => self.error("a name"),
        }
    }

    /// Takes parts with dots between them, and indexes in brackets: `hdr.tags[1].id`.
    pub(super) fn name(&mut self) -> Result<String, SyntaxError> {
        let mut name = self.name_part()?.to_owned();
        loop {
            if self.take("[") {
                let index = self.integer::<u32>("an index")?;
                self.expect("]")?;
                name.push_str(&format!("[{index}]"));
            } else if self.rest().starts_with('.') {
                self.at += 1;
                name.push('.');
                name.push_str(self.name_part()?);
            } else {
                return Ok(name);
            }
        }
    }

    /// Takes a number, maybe with digits that do not matter.
    pub(super) fn wild_number(&mut self) -> Result<Number, SyntaxError> {
        let start = self.place();
        if let Some(number) = self.address() {
            return Ok(number);
        }
        if !self.peek().is_some_and(|first| first.is_ascii_digit()) {
            return self.error("a number");
        }
        let text =
            self.take_while(|character| character.is_ascii_alphanumeric() || character == '*');
        Number::parse(text).ok_or_else(|| SyntaxError {
            place: start,
            message: format!("`{text}` is no number of at most 128 bits"),
        })
    }

    /// Takes an IP or Ethernet address, if one is next.
    fn address(&mut self) -> Option<Number> {
        self.skip_space();
        let rest = self.rest();
        let end = rest.find(|sign: char| !sign.is_ascii_hexdigit() && !".:".contains(sign));
        let text = rest.get(..end.unwrap_or(rest.len()))?;
        let number = Number::parse_address(text)?;
        self.at += text.len();
        Some(number)
    }

    /// Takes a number.
    pub(super) fn number(&mut self) -> Result<Number, SyntaxError> {
        let place = self.place();
        let number = self.wild_number()?;
        match number.has_wildcards() {
            true => Err(SyntaxError {
                place,
                message: "a number with `*` is for matches only".to_owned(),
            }),
            false => Ok(number),
        }
    }

    /// Takes a number that fits into a type.
    pub(super) fn integer<T: TryFrom<Integer>>(&mut self, what: &str) -> Result<T, SyntaxError> {
        let place = self.place();
        if !self.peek().is_some_and(|first| first.is_ascii_digit()) {
            return self.error(what);
        }
        let number = self.number()?;
        T::try_from(number.value.clone()).map_err(|_| SyntaxError {
            place,
            message: format!("{} is too large for {what}", number.value),
        })
    }

    /// Takes digits with a point.
    pub(super) fn decimal<T: FromStr>(&mut self, what: &str) -> Result<T, SyntaxError> {
        let place = self.place();
        let text = self.take_while(|character| character.is_ascii_digit() || character == '.');
        text.parse().map_err(|_| SyntaxError {
            place,
            message: format!("expected {what}"),
        })
    }
}

fn is_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '$')
}
