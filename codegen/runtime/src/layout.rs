//! How keys and actions lie in 64-bit words. Generated code packs keys and unpacks actions by the same rule:
//!
//! Fields follow one another from bit 0 of word 0 up. One that does not fit into what remains of a word starts the next; one of
//! more than 64 bits starts a word and has its low words first. A key begins at bit 0. An action has the position in the table's list
//! of actions in the low [`ACTION_BITS`] bits of word 0, its parameters after that.

use crate::Integer;
use std::cmp::Ordering;

/// Bits that tell a table's actions apart.
pub const ACTION_BITS: u32 = 16;

/// Where a field lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// First bit, counted from bit 0 of word 0.
    pub start: u32,
    /// Width in bits.
    pub bits: u32,
}

impl Place {
    /// The first bit after the field.
    pub const fn end(self) -> u32 {
        self.start + self.bits
    }
}

/// Where a field of `bits` bits lies when those before it end at bit `cursor`.
pub const fn next_place(cursor: u32, bits: u32) -> Place {
    let fits = bits <= 64 && cursor % 64 + bits <= 64;
    Place {
        start: if fits {
            cursor
        } else {
            cursor.next_multiple_of(64)
        },
        bits,
    }
}

fn places(from: u32, widths: impl IntoIterator<Item = u32>) -> Vec<Place> {
    let mut cursor = from;
    widths
        .into_iter()
        .map(|bits| {
            let place = next_place(cursor, bits);
            cursor = place.end();
            place
        })
        .collect()
}

/// Where the fields of a key lie.
pub fn key_places(widths: impl IntoIterator<Item = u32>) -> Vec<Place> {
    places(0, widths)
}

/// Where the parameters of an action lie.
pub fn action_places(widths: impl IntoIterator<Item = u32>) -> Vec<Place> {
    places(ACTION_BITS, widths)
}

/// All ones in the low `bits` bits.
pub(crate) const fn ones(bits: u32) -> u128 {
    if bits >= 128 {
        u128::MAX
    } else {
        (1 << bits) - 1
    }
}

/// Writes a value of at most 128 bits into zeroed words; bits that do not fit the place or the words are lost.
pub fn put_word_bits(words: &mut [u64], place: Place, value: u128) {
    let value = value & ones(place.bits);
    let (word, shift) = (place.start as usize / 64, place.start % 64);
    if let Some(low) = words.get_mut(word) {
        *low |= (value as u64) << shift;
    }
    if place.bits > 64
        && let Some(high) = words.get_mut(word + 1)
    {
        *high |= (value >> 64) as u64;
    }
}

/// Reads a value of at most 128 bits from words; 0 beyond their end.
pub fn get_word_bits(words: &[u64], place: Place) -> u128 {
    let (word, shift) = (place.start as usize / 64, place.start % 64);
    let low = words.get(word).copied().unwrap_or(0) >> shift;
    let high = if place.bits > 64 {
        words.get(word + 1).copied().unwrap_or(0)
    } else {
        0
    };
    (u128::from(low) | u128::from(high) << 64) & ones(place.bits)
}

/// As [`put_word_bits`], of any width.
pub fn put_integer(words: &mut [u64], place: Place, value: &Integer) {
    for (index, part) in parts(place).enumerate() {
        put_word_bits(words, part, value.word(index).into());
    }
}

/// As [`get_word_bits`], of any width.
pub fn get_integer(words: &[u64], place: Place) -> Integer {
    if place.bits <= 128 {
        return Integer::new(get_word_bits(words, place));
    }
    let part = |part| get_word_bits(words, part) as u64;
    Integer::from_words(&parts(place).map(part).collect::<Vec<_>>())
}

/// Compares what two lists of words have at a place.
pub(crate) fn compare(a: &[u64], b: &[u64], place: Place) -> Ordering {
    if place.bits <= 64 {
        return get_word_bits(a, place).cmp(&get_word_bits(b, place));
    }
    let word = |words: &[u64], part| get_word_bits(words, part);
    let mut parts = parts(place).rev();
    let differs = parts.find(|part| word(a, *part) != word(b, *part));
    differs.map_or(Ordering::Equal, |part| word(a, part).cmp(&word(b, part)))
}

/// A field's parts in one word each, the lowest first.
fn parts(place: Place) -> impl DoubleEndedIterator<Item = Place> {
    (0..place.bits.div_ceil(64)).map(move |index| Place {
        start: place.start + index * 64,
        bits: (place.bits - index * 64).min(64),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_five_tuple_takes_two_words_and_an_owner_one() {
        let key = key_places([32, 32, 8, 16, 16]);
        assert_eq!(
            key.iter().map(|place| place.start).collect::<Vec<_>>(),
            [0, 32, 64, 72, 88]
        );
        assert_eq!(
            action_places([16, 16, 1]).last().map(|place| place.end()),
            Some(49)
        );
    }

    proptest! {
        #[test]
        fn what_is_put_is_got(fields in prop::collection::vec((1u32..=128, any::<u128>()), 0..8)) {
            let places = key_places(fields.iter().map(|field| field.0));
            let mut words = [0u64; 20];
            for (place, (_, value)) in places.iter().zip(&fields) {
                put_word_bits(&mut words, *place, *value);
            }
            for (place, (bits, value)) in places.iter().zip(&fields) {
                prop_assert_eq!(get_word_bits(&words, *place), value & ones(*bits));
            }
        }

        #[test]
        fn wide_fields_lie_among_others(a: [u8; 30], b: [u8; 30], bits in 129u32..=240, low in 0u32..64) {
            let (a, b) = (Integer::from_be_bytes(&a), Integer::from_be_bytes(&b));
            let all = Integer::ones(bits);
            let (a, b) = (a.and(&all), b.and(&all));
            let place = key_places([low.max(1), bits])[1];
            let mut words = [[0u64; 6]; 2];
            put_integer(&mut words[0], place, &a);
            put_integer(&mut words[1], place, &b);
            prop_assert_eq!(get_integer(&words[0], place), a.clone());
            prop_assert_eq!(compare(&words[0], &words[1], place), a.cmp(&b));
        }
    }
}
