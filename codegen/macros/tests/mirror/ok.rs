use dpr_codegen_macros::p4_header;

/// The attribute leaves the structure alone.
#[p4_header("p4/wire.p4", "frame_t")]
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frame {
    pub dst: [u8; 6],
    #[p4(bits = 48)]
    pub src: u64,
    #[p4(bits = 3)]
    class: u8,
    #[p4(bits = 13)]
    label: u16,
    pub r#type: u16,
}

fn main() {
    let frame = Frame { label: 1, ..Frame::default() };
    assert_eq!(frame.clone(), frame);
}
