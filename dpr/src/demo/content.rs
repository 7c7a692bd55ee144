//! The content of the demo's web site: bytes that both ends can compute, so that a client can check every one of them.

/// A body: `length` bytes that follow from `key`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Body {
    /// Chooses the bytes.
    pub key: u64,
    /// How many.
    pub length: usize,
}

/// The largest body that the hosts serve.
pub const LARGEST_BODY: usize = 16 << 20;

impl Body {
    /// The path at which the hosts serve it.
    pub fn path(&self) -> String {
        format!("/bytes/{}/{:016x}", self.length, self.key)
    }

    /// What a path names; nothing if there is nothing at it.
    pub fn at_path(path: &str) -> Option<Self> {
        let (length, key) = path.strip_prefix("/bytes/")?.split_once('/')?;
        let body = Self {
            key: u64::from_str_radix(key, 16).ok()?,
            length: length.parse().ok()?,
        };
        (body.length <= LARGEST_BODY).then_some(body)
    }

    /// Writes the bytes from `offset` on to `out`; how many there were, up to the end of either.
    pub fn fill(&self, offset: usize, out: &mut [u8]) -> usize {
        let count = out.len().min(self.length.saturating_sub(offset));
        self.each_piece(offset, count, |at, piece| {
            out[at..at + piece.len()].copy_from_slice(piece)
        });
        count
    }

    /// Whether `bytes` are those at `offset`.
    pub fn matches(&self, offset: usize, bytes: &[u8]) -> bool {
        let mut same = offset + bytes.len() <= self.length;
        self.each_piece(offset, bytes.len(), |at, piece| {
            same &= bytes[at..at + piece.len()] == *piece
        });
        same
    }

    /// Goes through `count` bytes from `offset` in pieces of up to eight: the words of a SplitMix64 sequence, as little endian.
    fn each_piece(&self, offset: usize, count: usize, mut visit: impl FnMut(usize, &[u8])) {
        let mut at = 0;
        while at < count {
            let position = offset + at;
            let word = split_mix(self.key.wrapping_add((position / 8) as u64)).to_le_bytes();
            let first = position % 8;
            let last = (first + count - at).min(8);
            visit(at, &word[first..last]);
            at += last - first;
        }
    }
}

fn split_mix(seed: u64) -> u64 {
    let mut word = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: Body = Body {
        key: 7,
        length: 1000,
    };

    #[test]
    fn pieces_are_the_whole() {
        let mut whole = vec![0; 1000];
        assert_eq!(BODY.fill(0, &mut whole), 1000);
        let mut offset = 0;
        for length in [1, 7, 8, 9, 100, 3, 872] {
            let mut piece = vec![0; length];
            let count = BODY.fill(offset, &mut piece);
            assert_eq!(piece[..count], whole[offset..offset + count]);
            assert!(BODY.matches(offset, &piece[..count]));
            offset += count;
        }
        assert_eq!(offset, 1000);
    }

    #[test]
    fn a_wrong_byte_a_byte_too_many_and_another_key_do_not_match() {
        let mut bytes = vec![0; 1001];
        BODY.fill(0, &mut bytes);
        assert!(!BODY.matches(0, &bytes));
        assert!(BODY.matches(0, &bytes[..1000]));
        assert!(!Body { key: 8, ..BODY }.matches(0, &bytes[..1000]));
        bytes[517] ^= 1;
        assert!(!BODY.matches(0, &bytes[..1000]));
    }

    #[test]
    fn paths_name_bodies() {
        assert_eq!(Body::at_path(&BODY.path()), Some(BODY));
        for wrong in [
            "/",
            "/bytes/",
            "/bytes/12",
            "/bytes/x/1",
            "/bytes/12/x",
            "/bytes/99999999999/1",
        ] {
            assert_eq!(Body::at_path(wrong), None, "{wrong}");
        }
    }
}
