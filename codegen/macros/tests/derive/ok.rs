use dpr_codegen_macros::P4Header;

#[derive(P4Header, Clone, Copy, Debug, PartialEq)]
struct Mixed {
    #[p4(bits = 4)]
    version: u8,
    #[p4(bits = 20)]
    label: u32,
    wide: u128,
    #[p4(bits = 48)]
    mac: u64,
}

fn main() {
    let mixed = Mixed { version: 6, label: 0xabcde, wide: u128::MAX - 1, mac: 0x1234_5678_9abc };
    let bytes = mixed.encode();
    assert_eq!(bytes.len(), Mixed::LEN);
    assert_eq!(bytes[..3], [0x6a, 0xbc, 0xde]);
    assert_eq!(bytes[19..], [0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc]);
    assert_eq!(Mixed::decode(&bytes), Some(mixed));
    assert_eq!(Mixed::decode(&bytes[1..]), None);
}
