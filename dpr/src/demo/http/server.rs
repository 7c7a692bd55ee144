//! The web server on each host: one value of [`Server`] per connection.

use super::{LONGEST_HEAD, MOST_FIELDS, field};
use crate::demo::content::Body;

/// What is being sent.
#[derive(Debug)]
struct Response {
    head: Vec<u8>,
    body: Body,
    /// How much of head and body together has been taken.
    sent: usize,
    closes: bool,
}

impl Response {
    fn is_sent(&self) -> bool {
        self.sent == self.head.len() + self.body.length
    }
}

/// The server's side of a connection: request bytes in, response bytes out. Requests are answered one after the other.
#[derive(Debug, Default)]
pub struct Server {
    input: Vec<u8>,
    response: Option<Response>,
    is_done: bool,
}

impl Server {
    /// Takes what the client sent.
    pub fn receive(&mut self, bytes: &[u8]) {
        if !self.is_done {
            self.input.extend_from_slice(bytes);
        }
        self.advance();
    }

    /// Writes the next bytes of the response to `out`; how many.
    pub fn transmit(&mut self, out: &mut [u8]) -> usize {
        let mut count = 0;
        while count < out.len() {
            let Some(response) = &mut self.response else {
                break;
            };
            let head = response.head.len();
            let taken = if response.sent < head {
                let taken = (head - response.sent).min(out.len() - count);
                out[count..count + taken]
                    .copy_from_slice(&response.head[response.sent..response.sent + taken]);
                taken
            } else {
                response.body.fill(response.sent - head, &mut out[count..])
            };
            response.sent += taken;
            count += taken;
            if response.is_sent() {
                self.is_done |= response.closes;
                self.response = None;
                self.advance();
            }
        }
        count
    }

    /// Whether there is something to send.
    pub fn has_output(&self) -> bool {
        self.response.is_some()
    }

    /// Whether the server wants to close: it has sent all that it will send on this connection.
    pub fn is_done(&self) -> bool {
        self.is_done
    }

    /// Starts on the next request, if one is there whole and nothing is being sent.
    fn advance(&mut self) {
        if self.response.is_some() || self.is_done || self.input.is_empty() {
            return;
        }
        let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
        let mut request = httparse::Request::new(&mut fields);
        match request.parse(&self.input) {
            Ok(httparse::Status::Complete(length)) => {
                let closes = field(request.headers, "connection")
                    .is_some_and(|value| value.eq_ignore_ascii_case("close"));
                let body = match (request.method, request.path) {
                    (Some("GET"), Some(path)) => Body::at_path(path).ok_or("404 Not Found"),
                    _ => Err("405 Method Not Allowed"),
                };
                self.input.drain(..length);
                self.respond(body, closes);
            }
            Ok(httparse::Status::Partial) if self.input.len() <= LONGEST_HEAD => {}
            Ok(httparse::Status::Partial) | Err(_) => {
                self.input.clear();
                self.respond(Err("400 Bad Request"), true);
            }
        }
    }

    fn respond(&mut self, body: Result<Body, &str>, closes: bool) {
        let status = body.err().unwrap_or("200 OK");
        let body = body.unwrap_or(Body { key: 0, length: 0 });
        let connection = if closes { "close" } else { "keep-alive" };
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/octet-stream\r\nContent-Length: {}\r\nConnection: {connection}\r\n\r\n",
            body.length
        );
        self.response = Some(Response {
            head: head.into_bytes(),
            body,
            sent: 0,
            closes,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(server: &mut Server) -> String {
        let mut out = Vec::new();
        let mut piece = [0; 13];
        while server.has_output() {
            let count = server.transmit(&mut piece);
            out.extend_from_slice(&piece[..count]);
        }
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn answers_a_request_that_comes_in_pieces() {
        let mut server = Server::default();
        for byte in b"GET /bytes/0/1 HTTP/1.1\r\nHost: demo\r\n\r\n" {
            assert!(!server.has_output());
            server.receive(&[*byte]);
        }
        let answer = answer(&mut server);
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.contains("Content-Length: 0\r\n"), "{answer}");
        assert!(!server.is_done());
    }

    #[test]
    fn keeps_the_order_of_pipelined_requests_and_closes_when_asked() {
        let mut server = Server::default();
        server.receive(
            b"GET /bytes/3/1 HTTP/1.1\r\n\r\nGET /bytes/5/1 HTTP/1.1\r\nConnection: close\r\n\r\n",
        );
        let answer = answer(&mut server);
        let first = answer.find("Content-Length: 3").expect("the first answer");
        let second = answer.find("Content-Length: 5").expect("the second answer");
        assert!(first < second);
        assert!(server.is_done());
    }

    #[test]
    fn refuses_what_it_does_not_have_or_understand() {
        for (request, status) in [
            ("GET /else HTTP/1.1\r\n\r\n".to_owned(), "404"),
            ("PUT /bytes/1/1 HTTP/1.1\r\n\r\n".to_owned(), "405"),
            ("\u{1}nonsense\r\n\r\n".to_owned(), "400"),
            (
                format!("GET /{} HTTP/1.1\r\n", "x".repeat(LONGEST_HEAD)),
                "400",
            ),
        ] {
            let mut server = Server::default();
            server.receive(request.as_bytes());
            let answer = answer(&mut server);
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status} ")),
                "{request}: {answer}"
            );
        }
    }
}
