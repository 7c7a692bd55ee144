//! A packet with room in front, so that headers can grow without moving the payload.

/// Bytes that are free in front of a packet that was just received.
pub const HEADROOM: usize = 128;

/// The bytes of one packet. Reusing one for many packets allocates only when a packet is longer than all before it.
#[derive(Clone, Debug)]
pub struct Packet {
    buffer: Vec<u8>,
    start: usize,
}

impl Default for Packet {
    fn default() -> Self {
        Packet::new()
    }
}

impl Packet {
    /// An empty packet.
    pub fn new() -> Self {
        Packet {
            buffer: vec![0; HEADROOM],
            start: HEADROOM,
        }
    }

    /// A packet with these bytes.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let mut packet = Packet::new();
        packet.set_bytes(bytes);
        packet
    }

    /// Replaces the packet's bytes and restores the headroom.
    #[inline]
    pub fn set_bytes(&mut self, bytes: &[u8]) {
        self.buffer.truncate(HEADROOM);
        self.buffer.resize(HEADROOM, 0);
        self.buffer.extend_from_slice(bytes);
        self.start = HEADROOM;
    }

    /// The packet's bytes.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    /// The packet's bytes, to change in place.
    #[inline]
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        self.buffer.get_mut(self.start..).unwrap_or_default()
    }

    /// Length in bytes.
    #[inline]
    pub fn len(&self) -> usize {
        self.buffer.len() - self.start
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Replaces the first `consumed` bytes (what a parser took; at most the length) by `head` (what a deparser emitted). What
    /// follows stays where it is as long as the headroom suffices.
    #[inline]
    pub fn replace_head(&mut self, consumed: usize, head: &[u8]) {
        let payload = self.start + consumed.min(self.len());
        match payload.checked_sub(head.len()) {
            Some(start) => {
                self.buffer[start..payload].copy_from_slice(head);
                self.start = start;
            }
            None => {
                let missing = head.len() - payload + HEADROOM;
                self.buffer.splice(0..0, std::iter::repeat_n(0, missing));
                let payload = payload + missing;
                self.start = payload - head.len();
                self.buffer[self.start..payload].copy_from_slice(head);
            }
        }
    }

    /// Drops what is beyond `len` bytes.
    pub fn truncate(&mut self, len: usize) {
        self.buffer.truncate(self.start + len);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reused_packet_has_its_headroom_again() {
        let mut packet = Packet::from_bytes(&[1, 2, 3, 4]);
        packet.replace_head(1, &[9; 100]);
        assert_eq!(packet.len(), 103);
        packet.set_bytes(&[5, 6]);
        assert_eq!(packet.bytes(), [5, 6]);
        packet.replace_head(0, &[7; HEADROOM]);
        assert_eq!(packet.len(), HEADROOM + 2);
    }

    #[test]
    fn heads_shrink_and_grow_beyond_the_headroom() {
        let mut packet = Packet::from_bytes(&[1, 2, 3, 4]);
        packet.replace_head(2, &[]);
        assert_eq!(packet.bytes(), [3, 4]);
        packet.replace_head(1, &[8; 500]);
        assert_eq!(packet.len(), 501);
        assert_eq!(packet.bytes()[499..], [8, 4]);
        packet.replace_head(1000, &[1]);
        assert_eq!(packet.bytes(), [1]);
        packet.truncate(0);
        assert!(packet.is_empty());
    }
}
