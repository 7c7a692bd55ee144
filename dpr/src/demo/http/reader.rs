//! The client's side: reads a response and checks every byte of its body.

use thiserror::Error;

use super::{LONGEST_HEAD, MOST_FIELDS, field};
use crate::demo::content::Body;

/// Why a response is not the one that was asked for.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ResponseError {
    /// The head is no HTTP/1.1, or too long.
    #[error("the response is not HTTP/1.1")]
    NotHttp,
    /// Another status than 200.
    #[error("the response has status {0}")]
    Status(u16),
    /// The announced length is missing or not that of the body asked for.
    #[error("the response has another length than it should")]
    Length,
    /// A byte of the body is not what it should be.
    #[error("the body is wrong near byte {0}")]
    Body(usize),
    /// Bytes follow that belong to no response.
    #[error("bytes follow the response")]
    Surplus,
}

/// How far a response is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// More is to come.
    Incomplete,
    /// All of it is there, and right.
    Complete,
}

/// Reads one response at a time.
#[derive(Debug)]
pub struct ResponseReader {
    expected: Body,
    head: Vec<u8>,
    /// Bytes of the body that were right, once the head is read.
    received: Option<usize>,
}

impl ResponseReader {
    /// For the response to a request for a body.
    pub fn new(expected: Body) -> Self {
        Self {
            expected,
            head: Vec::new(),
            received: None,
        }
    }

    /// Takes bytes from the server.
    pub fn receive(&mut self, bytes: &[u8]) -> Result<Step, ResponseError> {
        match self.received {
            Some(received) => self.check(received, bytes),
            None => {
                self.head.extend_from_slice(bytes);
                match self.head_length()? {
                    Some(length) => {
                        let head = std::mem::take(&mut self.head);
                        self.check(0, &head[length..])
                    }
                    None if self.head.len() > LONGEST_HEAD => Err(ResponseError::NotHttp),
                    None => Ok(Step::Incomplete),
                }
            }
        }
    }

    fn head_length(&self) -> Result<Option<usize>, ResponseError> {
        let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
        let mut response = httparse::Response::new(&mut fields);
        match response.parse(&self.head) {
            Ok(httparse::Status::Complete(length)) => {
                match response.code {
                    Some(200) => {}
                    other => return Err(ResponseError::Status(other.unwrap_or_default())),
                }
                let announced = field(response.headers, "content-length")
                    .and_then(|value| value.parse::<usize>().ok());
                if announced != Some(self.expected.length) {
                    return Err(ResponseError::Length);
                }
                Ok(Some(length))
            }
            Ok(httparse::Status::Partial) => Ok(None),
            Err(_) => Err(ResponseError::NotHttp),
        }
    }

    fn check(&mut self, received: usize, bytes: &[u8]) -> Result<Step, ResponseError> {
        let wanted = self.expected.length - received;
        if bytes.len() > wanted {
            return Err(ResponseError::Surplus);
        }
        if !self.expected.matches(received, bytes) {
            return Err(ResponseError::Body(received));
        }
        self.received = Some(received + bytes.len());
        Ok(if bytes.len() == wanted {
            Step::Complete
        } else {
            Step::Incomplete
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::http::Server;

    const BODY: Body = Body {
        key: 99,
        length: 300,
    };

    fn response() -> Vec<u8> {
        let mut server = Server::default();
        server.receive(format!("GET {} HTTP/1.1\r\n\r\n", BODY.path()).as_bytes());
        let mut out = vec![0; 1000];
        let count = server.transmit(&mut out);
        out.truncate(count);
        out
    }

    #[test]
    fn accepts_the_right_bytes_in_any_pieces() {
        for size in [1, 10, 1000] {
            let mut reader = ResponseReader::new(BODY);
            let mut steps = response()
                .chunks(size)
                .map(|piece| reader.receive(piece))
                .collect::<Vec<_>>();
            assert_eq!(steps.pop(), Some(Ok(Step::Complete)));
            assert!(steps.iter().all(|step| *step == Ok(Step::Incomplete)));
        }
    }

    #[test]
    fn rejects_wrong_bytes() {
        let mut bytes = response();
        *bytes.last_mut().expect("a body") ^= 1;
        assert!(matches!(
            ResponseReader::new(BODY).receive(&bytes),
            Err(ResponseError::Body(_))
        ));
        let mut bytes = response();
        bytes.push(0);
        assert_eq!(
            ResponseReader::new(BODY).receive(&bytes),
            Err(ResponseError::Surplus)
        );
        let other = Body {
            length: 299,
            ..BODY
        };
        assert_eq!(
            ResponseReader::new(other).receive(&response()),
            Err(ResponseError::Length)
        );
        let refused = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(
            ResponseReader::new(BODY).receive(refused),
            Err(ResponseError::Status(404))
        );
        assert_eq!(
            ResponseReader::new(BODY).receive(b"\x01\x02\r\n\r\n"),
            Err(ResponseError::NotHttp)
        );
    }
}
