//! Fields one after another, bit by bit, as headers and checksums have them.

/// Collects bits. What does not fill the last byte is padded with zeros at its end.
#[derive(Debug, Default)]
pub struct Sink {
    bytes: Vec<u8>,
    /// The last bits, which do not fill a word yet.
    pending: u64,
    /// How many they are; less than 64.
    bits: u32,
}

impl Sink {
    /// Forgets everything but the memory.
    #[inline]
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.pending = 0;
        self.bits = 0;
    }

    /// Appends the low `bits` bits, at most 64, of a word that has no others.
    #[inline]
    pub fn push(&mut self, word: u64, bits: u32) {
        let room = 64 - self.bits;
        if bits < room {
            self.pending = self.pending << bits | word;
            self.bits += bits;
            return;
        }
        let left = bits - room;
        let full = self.pending.checked_shl(room).unwrap_or(0) | word >> left;
        self.bytes.extend_from_slice(&full.to_be_bytes());
        self.pending = word & super::expr::ones(left);
        self.bits = left;
    }

    /// Appends a number of so many bits that lies in words, lowest first.
    pub fn push_words(&mut self, words: &[u64], bits: u32) {
        let count = bits.div_ceil(64) as usize;
        for position in (0..count).rev() {
            let word = words.get(position).copied().unwrap_or(0);
            let width = (bits - position as u32 * 64).min(64);
            self.push(word & super::expr::ones(width), width);
        }
    }

    /// Appends whole bytes, after padding what is before them.
    pub fn push_bytes(&mut self, bytes: &[u8]) {
        self.pad();
        self.bytes.extend_from_slice(bytes);
    }

    fn pad(&mut self) {
        if self.bits > 0 {
            // Eight bytes are one store, as fewer are not; those too many go again.
            let end = self.bytes.len() + self.bits.div_ceil(8) as usize;
            let bytes = (self.pending << (64 - self.bits)).to_be_bytes();
            self.bytes.extend_from_slice(&bytes);
            self.bytes.truncate(end);
            self.pending = 0;
            self.bits = 0;
        }
    }

    /// All that was appended.
    pub fn bytes(&mut self) -> &[u8] {
        self.pad();
        &self.bytes
    }
}

/// Reads `bits` bits, at most 64, from bit `at` on; what is beyond the end counts as 0.
#[inline]
pub fn read_word(bytes: &[u8], at: usize, bits: u32) -> u64 {
    let (first, skip) = (at / 8, (at % 8) as u32);
    if let Some(eight) = bytes.get(first..).and_then(<[u8]>::first_chunk::<8>)
        && skip + bits <= 64
        && bits > 0
    {
        return u64::from_be_bytes(*eight) << skip >> (64 - bits);
    }
    dpr_runtime::get_bits(bytes, at, bits) as u64
}

/// Reads a number of so many bits into words, lowest first.
pub fn read_words(bytes: &[u8], at: usize, bits: u32, words: &mut [u64]) {
    let mut left = bits;
    for word in words {
        let width = left.min(64);
        left -= width;
        *word = match width {
            0 => 0,
            width => read_word(bytes, at + left as usize, width),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_pushed_is_read(fields in prop::collection::vec((1u32..=200, prop::array::uniform4(any::<u64>())), 0..8)) {
            let mut sink = Sink::default();
            for (bits, words) in &fields {
                sink.push_words(words, *bits);
            }
            let total: u32 = fields.iter().map(|(bits, _)| bits).sum();
            let bytes = sink.bytes().to_vec();
            prop_assert_eq!(bytes.len(), total.div_ceil(8) as usize);
            let mut at = 0;
            for (bits, words) in &fields {
                let mut read = [0; 4];
                read_words(&bytes, at, *bits, &mut read);
                let width = |word: u32| bits.saturating_sub(word * 64).min(64);
                let expected = [0u32, 1, 2, 3].map(|word| match width(word) {
                    0 => 0,
                    width => words[word as usize] & super::super::expr::ones(width),
                });
                prop_assert_eq!(read, expected);
                at += *bits as usize;
            }
        }
    }
}
