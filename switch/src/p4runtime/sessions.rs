//! The streams of a server's clients, and what they are told.

use super::arbitration::{Arbitration, Denial, Notification, Rejection, StreamId};
use dpr_p4runtime::v1::stream_message_response::Update;
use dpr_p4runtime::v1::{MasterArbitrationUpdate, StreamMessageResponse};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tonic::Status;

/// Messages that may wait for a client.
const QUEUE: usize = 4096;

/// Places in the queue that packets, digests and idle entries leave free for what must not be lost.
const RESERVED: usize = 256;

/// What a client receives.
pub type Outgoing = Result<StreamMessageResponse, Status>;

/// All streams of a server.
#[derive(Debug)]
pub struct Sessions {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    device_id: u64,
    arbitration: Arbitration,
    senders: BTreeMap<StreamId, Sender<Outgoing>>,
    next: StreamId,
}

impl Sessions {
    pub fn new(device_id: u64) -> Self {
        let inner = Inner {
            device_id,
            arbitration: Arbitration::new(device_id),
            senders: BTreeMap::new(),
            next: 0,
        };
        Sessions {
            inner: Mutex::new(inner),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new stream, which is live once its first arbitration message is accepted.
    pub fn open(&self) -> (StreamId, Receiver<Outgoing>) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let mut inner = self.lock();
        let stream = inner.next;
        inner.next += 1;
        inner.senders.insert(stream, sender);
        (stream, receiver)
    }

    /// Ends a stream, with a status if it is the server that ends it.
    pub fn close(&self, stream: StreamId, status: Option<Status>) {
        let mut inner = self.lock();
        if let (Some(sender), Some(status)) = (inner.senders.remove(&stream), status) {
            // A client that is gone needs no reason.
            let _ = sender.try_send(Err(status));
        }
        let notifications = inner.arbitration.disconnect(stream);
        inner.notify(notifications);
    }

    /// A client's arbitration message. Whether [`Sessions::confirm`] is to follow when the Writes in flight are done.
    pub fn arbitrate(
        &self,
        stream: StreamId,
        update: &MasterArbitrationUpdate,
    ) -> Result<bool, Rejection> {
        let mut inner = self.lock();
        let change = inner.arbitration.update(stream, update)?;
        inner.notify(change.notifications);
        Ok(change.awaits_confirmation)
    }

    /// Lets a new primary write.
    pub fn confirm(&self, stream: StreamId) {
        let mut inner = self.lock();
        let notification = inner.arbitration.confirm(stream);
        inner.notify(notification);
    }

    /// See [`Arbitration::check_primary`].
    pub fn check_primary(&self, role: &str, election_id: Option<u128>) -> Result<(), Denial> {
        self.lock().arbitration.check_primary(role, election_id)
    }

    /// See [`Arbitration::is_primary`].
    pub fn is_primary(&self, stream: StreamId) -> bool {
        self.lock().arbitration.is_primary(stream)
    }

    /// Tells one client something.
    pub fn tell(&self, stream: StreamId, update: Update) {
        self.lock().tell(stream, update);
    }

    /// Tells the primaries something that may be lost. Whether any of them had room for it.
    pub fn tell_primaries(&self, update: &Update) -> bool {
        let inner = self.lock();
        let mut is_taken = false;
        for stream in inner.arbitration.primaries() {
            let Some(sender) = inner.senders.get(&stream) else {
                continue;
            };
            if sender.capacity() > RESERVED {
                is_taken |= sender.try_send(Ok(response(update.clone()))).is_ok();
            }
        }
        is_taken
    }

    /// Forgets all clients and election ids. Their streams end when their tasks notice.
    pub fn reset(&self) {
        let mut inner = self.lock();
        inner.arbitration = Arbitration::new(inner.device_id);
    }
}

impl Inner {
    fn notify(&self, notifications: impl IntoIterator<Item = Notification>) {
        for notification in notifications {
            self.tell(
                notification.stream,
                Update::Arbitration(notification.update),
            );
        }
    }

    fn tell(&self, stream: StreamId, update: Update) {
        let Some(sender) = self.senders.get(&stream) else {
            return;
        };
        if let Err(error) = sender.try_send(Ok(response(update))) {
            tracing::warn!(stream, %error, "a client does not hear what it should");
        }
    }
}

fn response(update: Update) -> StreamMessageResponse {
    StreamMessageResponse {
        update: Some(update),
    }
}
