//! What ports and the switch counted. Each number is exact; together they are a moment's look.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What one port counted since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PortCounters {
    /// Packets that came in.
    pub received: u64,
    /// Their bytes.
    pub received_bytes: u64,
    /// Packets that went out.
    pub sent: u64,
    /// Their bytes.
    pub sent_bytes: u64,
    /// Packets that should have gone out and were dropped: a full queue, a peer that is not there, a link that is down.
    pub send_failed: u64,
    /// Errors of the port itself while receiving.
    pub receive_errors: u64,
}

/// What the switch dropped since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SwitchCounters {
    /// Packets that the pipeline dropped; its own counters say why.
    pub dropped_by_pipeline: u64,
    /// Packets to a port that the switch does not have.
    pub unknown_port: u64,
    /// Digests of the program that no P4Runtime server took: there is none, or it has too many before them.
    pub unheard_digests: u64,
}

#[derive(Debug, Default)]
pub(crate) struct PortCells {
    received: AtomicU64,
    received_bytes: AtomicU64,
    sent: AtomicU64,
    sent_bytes: AtomicU64,
    send_failed: AtomicU64,
    receive_errors: AtomicU64,
}

impl PortCells {
    pub fn count_received(&self, bytes: usize) {
        self.received.fetch_add(1, Relaxed);
        self.received_bytes.fetch_add(bytes as u64, Relaxed);
    }

    pub fn count_sent(&self, packets: u64, bytes: u64) {
        self.sent.fetch_add(packets, Relaxed);
        self.sent_bytes.fetch_add(bytes, Relaxed);
    }

    pub fn count_send_failed(&self, packets: u64) {
        self.send_failed.fetch_add(packets, Relaxed);
    }

    pub fn count_receive_error(&self) {
        self.receive_errors.fetch_add(1, Relaxed);
    }

    pub fn read(&self) -> PortCounters {
        PortCounters {
            received: self.received.load(Relaxed),
            received_bytes: self.received_bytes.load(Relaxed),
            sent: self.sent.load(Relaxed),
            sent_bytes: self.sent_bytes.load(Relaxed),
            send_failed: self.send_failed.load(Relaxed),
            receive_errors: self.receive_errors.load(Relaxed),
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct SwitchCells {
    dropped_by_pipeline: AtomicU64,
    unknown_port: AtomicU64,
    unheard_digests: AtomicU64,
}

impl SwitchCells {
    pub fn count_dropped(&self) {
        self.dropped_by_pipeline.fetch_add(1, Relaxed);
    }

    pub fn count_unknown_port(&self) {
        self.unknown_port.fetch_add(1, Relaxed);
    }

    pub fn count_unheard(&self, digests: usize) {
        self.unheard_digests.fetch_add(digests as u64, Relaxed);
    }

    pub fn read(&self) -> SwitchCounters {
        SwitchCounters {
            dropped_by_pipeline: self.dropped_by_pipeline.load(Relaxed),
            unknown_port: self.unknown_port.load(Relaxed),
            unheard_digests: self.unheard_digests.load(Relaxed),
        }
    }
}
