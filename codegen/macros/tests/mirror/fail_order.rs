use dpr_codegen_macros::p4_header;

#[p4_header("p4/wire.p4", "frame_t")]
struct Swapped {
    src: [u8; 6],
    dst: [u8; 6],
}

#[p4_header("p4/wire.p4", "frame_t")]
struct Short {
    dst: [u8; 6],
    src: [u8; 6],
}

#[p4_header("p4/wire.p4", "frame_t")]
struct Long {
    dst: [u8; 6],
    src: [u8; 6],
    #[p4(bits = 3)]
    class: u8,
    #[p4(bits = 13)]
    label: u16,
    r#type: u16,
    checksum: u16,
}

fn main() {}
