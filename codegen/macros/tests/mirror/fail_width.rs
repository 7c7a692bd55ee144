use dpr_codegen_macros::p4_header;

#[p4_header("p4/wire.p4", "frame_t")]
struct Frame {
    dst: u64,
    src: [u8; 6],
    #[p4(bits = 4)]
    class: u8,
    #[p4(bits = 13)]
    label: u16,
    r#type: u16,
}

#[p4_header("p4/wire.p4", "options_t")]
struct Options {
    kind: u8,
    data: [u8; 40],
}

fn main() {}
