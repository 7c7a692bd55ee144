//! The beginnings of QUIC packets (RFC 8999), with connection ids in the plaintext form of QUIC-LB: three bits of configuration
//! in the first byte, then two bytes that name the server.

/// A connection id of a server.
fn connection_id(config: u8, server: u16) -> [u8; 8] {
    let [high, low] = server.to_be_bytes();
    [config << 5 | 7, high, low, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5]
}

/// A packet with a long header to the connection id of a server.
pub fn quic_long(config: u8, server: u16) -> Vec<u8> {
    let mut packet = vec![0xc0, 0, 0, 0, 1, 8];
    packet.extend(connection_id(config, server));
    packet.extend([0, 0, 0, 0]);
    packet
}

/// A packet with a short header to the connection id of a server.
pub fn quic_short(config: u8, server: u16) -> Vec<u8> {
    let mut packet = vec![0x40];
    packet.extend(connection_id(config, server));
    packet.extend([0x5a; 16]);
    packet
}
