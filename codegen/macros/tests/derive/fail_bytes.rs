use dpr_codegen_macros::P4Header;

#[derive(P4Header)]
struct HalfByte {
    #[p4(bits = 4)]
    half: u8,
}

#[derive(P4Header)]
struct Tuple(u8);

#[derive(P4Header)]
enum Choice {
    One,
}

#[derive(P4Header)]
struct Generic<T> {
    field: T,
}

fn main() {}
