use super::{MemoryPort, PacketSocket, Port, UnixPort};
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::str::FromStr;

/// What a port is on, opened by the thread that will own it.
#[derive(Debug)]
pub enum PortConfig {
    /// A network interface, by name.
    Interface(String),
    /// A UNIX datagram socket.
    Unix {
        /// What the port binds.
        path: PathBuf,
        /// Where it sends.
        peer: PathBuf,
    },
    /// One end of a link in memory.
    Memory(MemoryPort),
}

/// Why a text says no port.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PortConfigError {
    /// Nothing before or after `@`, or no `@`.
    #[error("a port is NUMBER@INTERFACE or NUMBER@unix:PATH[,PEER], not `{0}`")]
    Form(String),
    /// The part before `@`.
    #[error("a port number is 1 to 511, not `{0}`")]
    Number(String),
}

impl PortConfig {
    /// Opens the port. Needs a tokio runtime.
    ///
    /// # Errors
    /// See [`PacketSocket::open`] and [`UnixPort::bind`].
    pub fn open(self) -> io::Result<Box<dyn Port>> {
        Ok(match self {
            PortConfig::Interface(name) => Box::new(PacketSocket::open(&name)?),
            PortConfig::Unix { path, peer } => Box::new(UnixPort::bind(&path, &peer)?),
            PortConfig::Memory(port) => Box::new(port),
        })
    }

    /// Reads `NUMBER@PORT`, where the number is 9 bits wide as in v1model, and not 0 or 511 (the port that drops).
    ///
    /// # Errors
    /// The text is not of this form.
    pub fn parse_numbered(text: &str) -> Result<(u16, Self), PortConfigError> {
        let form = || PortConfigError::Form(text.to_owned());
        let (number, port) = text.split_once('@').ok_or_else(form)?;
        let number = parse_number(number)?;
        Ok((number, port.parse().map_err(|_| form())?))
    }
}

/// A port number.
fn parse_number(text: &str) -> Result<u16, PortConfigError> {
    let number = text.parse().ok();
    number
        .filter(|number| (1..511).contains(number))
        .ok_or_else(|| PortConfigError::Number(text.to_owned()))
}

/// `INTERFACE`, or `unix:PATH` with the peer at `PATH.peer`, or `unix:PATH,PEER`.
impl FromStr for PortConfig {
    type Err = PortConfigError;

    fn from_str(text: &str) -> Result<Self, PortConfigError> {
        let Some(paths) = text.strip_prefix("unix:") else {
            return if text.is_empty() || text.contains(['/', ':']) {
                Err(PortConfigError::Form(text.to_owned()))
            } else {
                Ok(PortConfig::Interface(text.to_owned()))
            };
        };
        let (path, peer) = match paths.split_once(',') {
            Some((path, peer)) => (path, peer.to_owned()),
            None => (paths, format!("{paths}.peer")),
        };
        if path.is_empty() || peer.is_empty() {
            return Err(PortConfigError::Form(text.to_owned()));
        }
        Ok(PortConfig::Unix {
            path: path.into(),
            peer: peer.into(),
        })
    }
}

impl fmt::Display for PortConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PortConfig::Interface(name) => f.write_str(name),
            PortConfig::Unix { path, peer } => {
                write!(f, "unix:{},{}", path.display(), peer.display())
            }
            PortConfig::Memory(_) => f.write_str("memory"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_from_text() {
        for (text, number, shown) in [
            ("1@veth1", 1, "veth1"),
            (
                "510@unix:/tmp/x.sock",
                510,
                "unix:/tmp/x.sock,/tmp/x.sock.peer",
            ),
            ("2@unix:a,b", 2, "unix:a,b"),
        ] {
            let (found, config) = PortConfig::parse_numbered(text).unwrap();
            assert_eq!((found, config.to_string().as_str()), (number, shown));
        }
        for text in [
            "veth1",
            "1@",
            "1@unix:",
            "1@unix:a,",
            "1@/tmp/x",
            "0@a",
            "511@a",
            "x@a",
        ] {
            assert!(PortConfig::parse_numbered(text).is_err(), "{text}");
        }
    }
}
