//! Frames that leave together.

use crate::port::Flushed;
use libc::{iovec, mmsghdr};
use socket2::Socket;
use std::io;
use std::os::fd::AsRawFd;

/// Frames of one system call.
const BATCH: usize = 64;

/// How long sending waits for the interface, once for each batch.
const PATIENCE_MS: libc::c_int = 1;

/// Frames that wait for the others of their batch.
#[derive(Debug, Default)]
pub struct SendQueue {
    bytes: Vec<u8>,
    /// Where in `bytes` each frame ends.
    ends: Vec<usize>,
    flushed: Flushed,
}

impl SendQueue {
    /// Adds a frame; sends if there are as many as may wait.
    pub fn push(&mut self, socket: &Socket, frame: &[u8]) {
        self.bytes.extend_from_slice(frame);
        self.ends.push(self.bytes.len());
        if self.ends.len() == BATCH {
            self.send(socket);
        }
    }

    /// Sends all frames, and says what became of all that were added since this was asked last.
    pub fn flush(&mut self, socket: &Socket) -> Flushed {
        self.send(socket);
        std::mem::take(&mut self.flushed)
    }

    fn send(&mut self, socket: &Socket) {
        let count = self.ends.len();
        let mut parts: [iovec; BATCH] = [iovec {
            iov_base: std::ptr::null_mut(),
            iov_len: 0,
        }; BATCH];
        // SAFETY: all of it may be zero.
        let mut messages: [mmsghdr; BATCH] = unsafe { std::mem::zeroed() };
        let mut start = 0;
        for ((end, part), message) in self.ends.iter().zip(&mut parts).zip(&mut messages) {
            let frame = self.bytes.get_mut(start..*end).unwrap_or_default();
            part.iov_base = frame.as_mut_ptr().cast();
            part.iov_len = frame.len();
            message.msg_hdr.msg_iov = part;
            message.msg_hdr.msg_iovlen = 1;
            start = *end;
        }
        let mut left = messages.get_mut(..count).unwrap_or_default();
        let mut is_patient = true;
        while !left.is_empty() {
            // SAFETY: each message has one part, which lies in `bytes`; all of them outlive the call.
            let sent = unsafe {
                libc::sendmmsg(
                    socket.as_raw_fd(),
                    left.as_mut_ptr(),
                    left.len() as libc::c_uint,
                    libc::MSG_DONTWAIT,
                )
            };
            let done = match usize::try_from(sent) {
                Ok(sent) => {
                    let messages = left.iter().take(sent);
                    let bytes = messages.map(|message| u64::from(message.msg_len)).sum();
                    self.flushed.count_sent(sent as u64, bytes);
                    sent
                }
                Err(_) => {
                    let error = io::Error::last_os_error();
                    match error.kind() {
                        io::ErrorKind::Interrupted => 0,
                        io::ErrorKind::WouldBlock if is_patient => {
                            is_patient = false;
                            wait_for_room(socket);
                            0
                        }
                        _ => {
                            self.flushed.count_failed(error);
                            1
                        }
                    }
                }
            };
            left = left.get_mut(done..).unwrap_or_default();
        }
        self.bytes.clear();
        self.ends.clear();
    }
}

/// Until the interface takes more, or patience ends; the next attempt shows which.
fn wait_for_room(socket: &Socket) {
    let mut socket = libc::pollfd {
        fd: socket.as_raw_fd(),
        events: libc::POLLOUT,
        revents: 0,
    };
    // SAFETY: one descriptor, which outlives the call.
    unsafe { libc::poll(&raw mut socket, 1, PATIENCE_MS) };
}
