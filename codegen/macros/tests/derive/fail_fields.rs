use dpr_codegen_macros::P4Header;

#[derive(P4Header)]
struct Fields {
    text: String,
    #[p4(bits = 9)]
    too_wide: u8,
    #[p4(width = 3)]
    misspelled: u8,
}

fn main() {}
