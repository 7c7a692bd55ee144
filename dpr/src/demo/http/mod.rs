//! HTTP/1.1 (RFC 9112) as far as the demo speaks it: GET with keep-alive, bodies by `Content-Length`.

mod reader;
mod server;

pub use reader::{ResponseReader, Step};
pub use server::Server;

/// No request and no response head is longer.
pub const LONGEST_HEAD: usize = 2048;

/// How many header fields a head may have.
const MOST_FIELDS: usize = 16;

/// The value of a header field, if it is there and text.
fn field<'a>(fields: &'a [httparse::Header<'a>], name: &str) -> Option<&'a str> {
    let field = fields
        .iter()
        .find(|field| field.name.eq_ignore_ascii_case(name))?;
    std::str::from_utf8(field.value).ok()
}
