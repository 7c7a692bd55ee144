//! The ring of received frames that a packet socket shares with the kernel (Linux' `Documentation/networking/packet_mmap.rst`,
//! `TPACKET_V2`: unlike version 3 it hands over each frame at once).

use super::options;
use libc::{c_int, tpacket2_hdr};
use socket2::Socket;
use std::io;
use std::os::fd::AsRawFd;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU32, Ordering};

/// A slot: some room for the kernel's header, then the frame.
const SLOT_BYTES: usize = 2048;

/// Frames that may wait; at 500,000 a second, for 16 ms.
const SLOTS: usize = 8192;

/// What the kernel allocates in one piece.
const BLOCK_BYTES: usize = 64 << 10;

/// Not in the C library's headers.
const PACKET_COPY_THRESH: c_int = 7;
const PACKET_VERSION: c_int = 10;

/// Bytes of a frame in front of an 802.1Q tag: both addresses.
pub const VLAN_TAG_AT: usize = 12;

/// The EtherType of 802.1Q tags, unless the kernel says another.
const VLAN: u16 = 0x8100;

/// Received frames. The memory is the kernel's and this process' in turn, slot by slot.
pub struct Ring {
    memory: NonNull<u8>,
    next: usize,
}

// SAFETY: the memory belongs to this ring alone, and goes where it goes.
unsafe impl Send for Ring {}

/// A frame in a slot.
#[derive(Debug)]
pub struct Frame<'r> {
    /// As much as the slot holds.
    pub bytes: &'r [u8],
    /// Its length.
    length: usize,
    /// Whether the socket has it whole, as its next one to be read.
    pub is_queued: bool,
    /// The tag that the kernel took off.
    pub vlan: Option<[u8; 4]>,
}

impl Frame<'_> {
    /// Whether the slot was too short for it.
    pub fn is_cut(&self) -> bool {
        self.bytes.len() < self.length || self.is_queued
    }
}

impl Ring {
    /// The ring of a socket that is not yet bound to an interface.
    ///
    /// # Errors
    /// The kernel has no memory for it.
    pub fn new(socket: &Socket) -> io::Result<Self> {
        let version = libc::tpacket_versions::TPACKET_V2 as c_int;
        options::set(socket, PACKET_VERSION, &version)?;
        // Frames that are longer than a slot are kept whole beside the ring.
        let on: c_int = 1;
        options::set(socket, PACKET_COPY_THRESH, &on)?;
        let request = libc::tpacket_req {
            tp_block_size: BLOCK_BYTES as u32,
            tp_block_nr: (SLOTS * SLOT_BYTES / BLOCK_BYTES) as u32,
            tp_frame_size: SLOT_BYTES as u32,
            tp_frame_nr: SLOTS as u32,
        };
        options::set(socket, libc::PACKET_RX_RING, &request)?;
        // SAFETY: a new mapping of a length that the ring has, at a place that the kernel chooses.
        let memory = unsafe {
            libc::mmap(
                ptr::null_mut(),
                SLOTS * SLOT_BYTES,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                socket.as_raw_fd(),
                0,
            )
        };
        match NonNull::new(memory.cast::<u8>()) {
            Some(memory) if memory.as_ptr().cast() != libc::MAP_FAILED => {
                Ok(Ring { memory, next: 0 })
            }
            _ => Err(io::Error::last_os_error()),
        }
    }

    fn slot(&self) -> NonNull<u8> {
        // SAFETY: `next` is less than the number of slots, so that the place lies within the mapping.
        unsafe { self.memory.add(self.next * SLOT_BYTES) }
    }

    /// The slot's first word, which says whose it is.
    fn status(&self) -> &AtomicU32 {
        // SAFETY: the mapping is aligned to pages and slots to their size, and lives as long as this; both sides use the word as
        // an atomic one.
        unsafe { self.slot().cast::<AtomicU32>().as_ref() }
    }

    /// The oldest frame, if there is one.
    #[inline]
    pub fn peek(&self) -> Option<Frame<'_>> {
        let status = self.status().load(Ordering::Acquire);
        if status & libc::TP_STATUS_USER == 0 {
            return None;
        }
        // SAFETY: the kernel has written the header before the status, and leaves the slot alone until it is released.
        let header = unsafe { self.slot().cast::<tpacket2_hdr>().read() };
        let start = usize::from(header.tp_mac).min(SLOT_BYTES);
        let kept = (header.tp_snaplen as usize).min(SLOT_BYTES - start);
        // SAFETY: it lies within the slot, and the slot is this process' until it is released, for which the ring is borrowed again.
        let bytes = unsafe { std::slice::from_raw_parts(self.slot().add(start).as_ptr(), kept) };
        let vlan = (status & libc::TP_STATUS_VLAN_VALID != 0).then(|| {
            let kind = match status & libc::TP_STATUS_VLAN_TPID_VALID {
                0 => VLAN,
                _ => header.tp_vlan_tpid,
            };
            let ([a, b], [c, d]) = (kind.to_be_bytes(), header.tp_vlan_tci.to_be_bytes());
            [a, b, c, d]
        });
        Some(Frame {
            bytes,
            length: header.tp_len as usize,
            is_queued: status & libc::TP_STATUS_COPY != 0,
            vlan,
        })
    }

    /// Gives the slot of the oldest frame back to the kernel.
    #[inline]
    pub fn release(&mut self) {
        self.status()
            .store(libc::TP_STATUS_KERNEL, Ordering::Release);
        self.next = (self.next + 1) % SLOTS;
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // SAFETY: it was mapped with this length, and nothing refers to it any more. A failure would leave the mapping as it is.
        unsafe { libc::munmap(self.memory.as_ptr().cast(), SLOTS * SLOT_BYTES) };
    }
}
