//! What the hosts serve, and clients that know which host serves them and check every byte.

use dpr_bmv2_tests::eventually_within;
use dpr_bmv2_tests::namespace::Namespace;
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// The service's port.
pub const PORT: u16 = 80;

/// Bytes of an answer, after the number of the host that gives it.
const PART: usize = 8 << 10;

/// Answers that every connection gets at least: 200 KiB.
const PARTS: u32 = 25;

/// How long a client waits for anything on one connection.
const PATIENCE: Duration = Duration::from_secs(20);

/// Starts a host's server. It ends with the test's process.
pub fn serve(namespace: &Namespace, host: u8, service: (Ipv4Addr, u16)) {
    let listener = namespace
        .call(move || TcpListener::bind(service))
        .expect("the host's address");
    thread::spawn(move || {
        for connection in listener.incoming() {
            // Whoever waits for answers on a broken connection says so.
            thread::spawn(move || connection.and_then(|connection| answer(connection, host)));
        }
    });
}

/// Answers questions, each the number of a part, until the client has no more.
fn answer(mut connection: TcpStream, host: u8) -> io::Result<()> {
    connection.set_nodelay(true)?;
    let mut question = [0; 4];
    loop {
        match connection.read_exact(&mut question) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            read => read?,
        }
        let mut answer = vec![host];
        answer.extend(part(u32::from_be_bytes(question)));
        connection.write_all(&answer)?;
    }
}

fn part(number: u32) -> impl Iterator<Item = u8> {
    (0..PART).map(move |position| (position as u32 ^ number.wrapping_mul(37)) as u8)
}

/// How a connection has gone so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Progress {
    /// No answer yet.
    #[default]
    Waiting,
    /// This host answers; how many answers.
    Served { host: u8, answers: u32 },
    /// All answers were right, and the client is done.
    Finished { host: u8 },
    /// It broke.
    Broken { host: Option<u8>, error: String },
}

impl Progress {
    fn host(&self) -> Option<u8> {
        match self {
            Progress::Waiting => None,
            Progress::Served { host, .. } | Progress::Finished { host } => Some(*host),
            Progress::Broken { host, .. } => *host,
        }
    }
}

#[derive(Debug, Default)]
struct Shared {
    connections: Mutex<Vec<Connection>>,
    /// The clients may end.
    may_end: AtomicBool,
}

#[derive(Debug, Default)]
struct Connection {
    progress: Progress,
    stream: Option<TcpStream>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Clients with a connection each, which ask on and on until they are told to finish.
#[derive(Debug)]
pub struct Crowd {
    shared: Arc<Shared>,
}

impl Crowd {
    /// Connects this many clients to a service, all at once.
    pub fn start(namespace: &Namespace, size: usize, service: (Ipv4Addr, u16)) -> Self {
        let shared = Arc::new(Shared::default());
        lock(&shared.connections).resize_with(size, Connection::default);
        let clients = Arc::clone(&shared);
        namespace.call(move || {
            for index in 0..size {
                let shared = Arc::clone(&clients);
                thread::spawn(move || {
                    let end = talk(&shared, index, service);
                    let connection = &mut lock(&shared.connections)[index];
                    let host = connection.progress.host();
                    connection.progress = match (end, host) {
                        (Ok(()), Some(host)) => Progress::Finished { host },
                        (Ok(()), None) => unreachable!("a client ends after an answer"),
                        (Err(error), host) => Progress::Broken {
                            host,
                            error: error.to_string(),
                        },
                    };
                    connection.stream = None;
                });
            }
        });
        Crowd { shared }
    }

    /// Waits until every connection has got this many answers more, except those of one host.
    pub fn wait_for_answers(&self, more: u32, except: Option<u8>) {
        let is_counted = |progress: &Progress| except.is_none() || progress.host() != except;
        let before = self.answers();
        eventually_within(PATIENCE, "connections without answers", Vec::new(), || {
            let connections = lock(&self.shared.connections);
            let late = connections.iter().zip(&before).filter(|(connection, before)| {
                is_counted(&connection.progress)
                    && !matches!(connection.progress, Progress::Served { answers, .. } if answers >= *before + more)
            });
            late.map(|(connection, _)| connection.progress.clone())
                .collect()
        });
    }

    fn answers(&self) -> Vec<u32> {
        let connections = lock(&self.shared.connections);
        let answers = connections
            .iter()
            .map(|connection| match connection.progress {
                Progress::Served { answers, .. } => answers,
                _ => 0,
            });
        answers.collect()
    }

    /// Which host answers on which connection, by the client's address.
    pub fn servers(&self) -> BTreeMap<SocketAddr, u8> {
        let connections = lock(&self.shared.connections);
        let served = connections.iter().filter_map(|connection| {
            let stream = connection.stream.as_ref()?;
            Some((stream.local_addr().ok()?, connection.progress.host()?))
        });
        served.collect()
    }

    /// Breaks the connections that this host has served.
    pub fn cut_off(&self, host: u8) {
        let connections = lock(&self.shared.connections);
        for connection in connections.iter() {
            if let Some(stream) = connection
                .stream
                .as_ref()
                .filter(|_| connection.progress.host() == Some(host))
            {
                // It may be broken already.
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
    }

    /// Lets all clients finish; how many each host has served. None may break, except on connections to one host.
    pub fn finish(self, except: Option<u8>) -> BTreeMap<u8, usize> {
        self.shared.may_end.store(true, Ordering::Relaxed);
        eventually_within(PATIENCE, "connections that do not end", Vec::new(), || {
            let connections = lock(&self.shared.connections);
            let open = connections.iter().map(|connection| &connection.progress);
            open.filter(|progress| matches!(progress, Progress::Waiting | Progress::Served { .. }))
                .cloned()
                .collect()
        });
        let mut served = BTreeMap::new();
        for connection in lock(&self.shared.connections).iter() {
            match &connection.progress {
                Progress::Finished { host } => *served.entry(*host).or_default() += 1,
                Progress::Broken {
                    host: Some(host), ..
                } if Some(*host) == except => {}
                progress => panic!("a connection broke: {progress:?}"),
            }
        }
        served
    }
}

/// One client: asks for one part after another, and checks that the same host answers with the right bytes.
fn talk(shared: &Shared, index: usize, service: (Ipv4Addr, u16)) -> io::Result<()> {
    let mut stream = TcpStream::connect_timeout(&service.into(), PATIENCE)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    lock(&shared.connections)[index].stream = Some(stream.try_clone()?);
    let mut answer = vec![0; 1 + PART];
    for number in 0u32.. {
        stream.write_all(&number.to_be_bytes())?;
        stream.read_exact(&mut answer)?;
        let host = answer[0];
        if !answer[1..].iter().copied().eq(part(number)) {
            return Err(io::Error::other("other bytes came"));
        }
        note_answer(shared, index, host)?;
        if number + 1 >= PARTS && shared.may_end.load(Ordering::Relaxed) {
            break;
        }
    }
    Ok(())
}

/// Counts an answer, which must be the first host's.
fn note_answer(shared: &Shared, index: usize, host: u8) -> io::Result<()> {
    let progress = &mut lock(&shared.connections)[index].progress;
    let answers = match progress {
        Progress::Served {
            host: before,
            answers,
        } if *before == host => *answers,
        Progress::Waiting => 0,
        other => {
            let message = format!("host {host} answers after {other:?}");
            return Err(io::Error::other(message));
        }
    };
    *progress = Progress::Served {
        host,
        answers: answers + 1,
    };
    Ok(())
}
