//! Whether a packet is what was expected, and where it is not.

use crate::{Expectation, Nibble};
use std::fmt::Write;

/// Bytes in a row of a difference.
const ROW: usize = 16;

impl Expectation {
    /// Compares; `None` if the packet is as expected, else what differs, in several lines.
    pub fn difference(&self, packet: &[u8]) -> Option<String> {
        let found: Vec<u8> = packet
            .iter()
            .flat_map(|byte| [byte >> 4, byte & 15])
            .collect();
        let expected = self.nibbles.len();
        let wrong = |at: usize| match (self.nibbles.get(at), found.get(at)) {
            (Some(Nibble::Is(value)), Some(digit)) => value != digit,
            (Some(Nibble::Any), Some(_)) | (None, None) => false,
            (Some(_), None) => true,
            (None, Some(_)) => self.exact_length,
        };
        let end = match self.exact_length {
            true => expected.max(found.len()),
            false => expected,
        };
        let places: Vec<usize> = (0..end).filter(|at| wrong(*at)).collect();
        let first = *places.first()?;
        let mut text = String::new();
        if found.len() < expected || (self.exact_length && found.len() > expected) {
            let beyond = if self.exact_length { "" } else { " or more" };
            let _ = writeln!(
                text,
                "it has {} bytes instead of {}{beyond}",
                packet.len(),
                expected.div_ceil(2)
            );
        }
        let _ = writeln!(text, "it differs from byte {} on", first / 2);
        let rows = end.div_ceil(2 * ROW);
        for row in (0..rows).filter(|row| places.iter().any(|at| at / (2 * ROW) == *row)) {
            let digits = row * 2 * ROW..(row + 1) * 2 * ROW;
            let line = |digit: &dyn Fn(usize) -> char| {
                let mut line = String::new();
                for at in digits.clone() {
                    if at != digits.start && at % 2 == 0 {
                        line.push(' ');
                    }
                    line.push(digit(at));
                }
                line.trim_end().to_owned()
            };
            let expected = line(&|at| match self.nibbles.get(at) {
                Some(Nibble::Is(value)) => hex(*value),
                Some(Nibble::Any) => '*',
                None => ' ',
            });
            let found = line(&|at| found.get(at).map_or(' ', |value| hex(*value)));
            let marks = line(&|at| if wrong(at) { '^' } else { ' ' });
            let _ = writeln!(text, "{:04x}  expected  {expected}", row * ROW);
            let _ = writeln!(text, "      found     {found}");
            let _ = writeln!(text, "                {marks}");
        }
        Some(text)
    }
}

fn hex(nibble: u8) -> char {
    char::from_digit(nibble.into(), 16).unwrap_or('?')
}

/// Bytes as hex digits in groups of four bytes.
pub(crate) fn hex_bytes(bytes: &[u8]) -> String {
    let groups = bytes.chunks(4).map(|group| {
        group.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    });
    groups.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Command, Script};

    fn expectation(text: &str) -> Expectation {
        let script = Script::parse(&format!("expect 0 {text}")).expect("an expectation");
        match script
            .commands
            .into_iter()
            .next()
            .map(|command| command.node)
        {
            Some(Command::Expect {
                packet: Some(packet),
                ..
            }) => packet,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_packet_may_be_longer_unless_its_end_is_given() {
        assert_eq!(expectation("0102").difference(&[1, 2, 3]), None);
        assert_eq!(expectation("0102$").difference(&[1, 2]), None);
        let longer = expectation("0102$").difference(&[1, 2, 3]);
        assert!(longer.is_some_and(|text| text.starts_with("it has 3 bytes instead of 2\n")));
        let shorter = expectation("0102").difference(&[1]);
        assert!(
            shorter.is_some_and(|text| text.starts_with("it has 1 bytes instead of 2 or more"))
        );
    }

    #[test]
    fn rows_that_differ_are_shown_with_marks() {
        let mut packet = [0x11; 40];
        packet[17] = 0x12;
        let expected = format!("{} 1* *1", "11".repeat(16));
        let shown = expectation(&expected).difference(&packet);
        assert_eq!(
            shown.as_deref(),
            Some(
                "it differs from byte 17 on\n\
                 0010  expected  1* *1\n      \
                       found     11 12 11 11 11 11 11 11 11 11 11 11 11 11 11 11\n                    \
                                     ^\n"
            )
        );
    }
}
