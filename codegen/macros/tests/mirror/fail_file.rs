use dpr_codegen_macros::p4_header;

#[p4_header("p4/wire.p4", "trailer_t")]
struct Trailer {
    checksum: u32,
}

#[p4_header("p4/broken.p4", "frame_t")]
struct Frame {
    dst: [u8; 6],
}

#[p4_header("p4/nowhere.p4", "frame_t")]
struct Nowhere {
    dst: [u8; 6],
}

fn main() {}
