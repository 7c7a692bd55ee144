//! The one device of a server: its pipeline with configuration, its clients, its CPU port.

use super::digests::{Digests, List};
use super::forwarding::{Forwarding, Loading};
use super::sessions::Sessions;
use super::write::{Annotation, Annotations};
use crate::controller_header::ControllerHeader;
use crate::port::memory::{MemoryReceiver, MemorySender};
use arc_swap::ArcSwap;
use dpr_p4runtime::config::P4Info;
use dpr_p4runtime::v1::stream_message_response::Update as Told;
use dpr_p4runtime::v1::{DigestList, IdleTimeoutNotification, PacketIn};
use dpr_p4runtime::{convert, election_id, v1};
use dpr_runtime::{Digest, Pipeline, TableEntry};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::mpsc::Receiver;
use tokio::sync::{Notify, RwLock, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use tonic::Status;

/// How often idle entries are looked for, and how exact times since a hit are.
const TICK: Duration = Duration::from_millis(100);

/// Entries in one notification.
const MOST_IDLE: usize = 1000;

/// What streams have to know of the program: the headers of packets to and from the controller, and the digests.
struct Headers {
    packet_out: ControllerHeader,
    packet_in: ControllerHeader,
    /// The program's digests.
    digests: BTreeSet<u32>,
}

impl Headers {
    fn of(p4info: &P4Info) -> Self {
        Headers {
            packet_out: ControllerHeader::of(p4info, "packet_out"),
            packet_in: ControllerHeader::of(p4info, "packet_in"),
            digests: (p4info.digests.iter())
                .filter_map(|digest| Some(digest.preamble.as_ref()?.id))
                .collect(),
        }
    }
}

/// What the RPCs share.
pub struct Device {
    pub id: u64,
    pub sessions: Sessions,
    /// Held for writing during a Write or a change of configuration, for reading during a Read.
    pub forwarding: Arc<RwLock<Forwarding>>,
    /// Towards the pipeline, as if from the CPU port.
    pub packet_out: Option<MemorySender>,
    headers: ArcSwap<Headers>,
    digests: Mutex<Digests>,
    /// That digests are told otherwise than before.
    digests_changed: Notify,
    start: Instant,
    /// Changes when all streams are to end.
    pub generation: watch::Sender<u64>,
}

impl Device {
    pub fn new(
        id: u64,
        pipeline: Arc<dyn Pipeline>,
        p4info: P4Info,
        packet_out: Option<MemorySender>,
        loading: Option<Loading>,
    ) -> Self {
        let headers = ArcSwap::from_pointee(Headers::of(&p4info));
        let forwarding = Forwarding::new(pipeline, Arc::new(p4info));
        let forwarding = match loading {
            Some(loading) => forwarding.loading(loading),
            None => forwarding,
        };
        Device {
            id,
            sessions: Sessions::new(id),
            forwarding: Arc::new(RwLock::new(forwarding)),
            packet_out,
            headers,
            digests: Mutex::default(),
            digests_changed: Notify::new(),
            start: Instant::now(),
            generation: watch::Sender::new(0),
        }
    }

    /// The header of packets from the controller, as the program has it.
    pub fn packet_out_header(&self) -> ControllerHeader {
        self.headers.load().packet_out.clone()
    }

    /// Reads the controller's headers from another program's P4Info.
    pub fn set_headers(&self, p4info: &P4Info) {
        self.headers.store(Arc::new(Headers::of(p4info)));
    }

    /// Whether this is the device.
    pub fn check_id(&self, given: u64) -> Result<(), Status> {
        if given == self.id {
            return Ok(());
        }
        let known = self.id;
        Err(Status::not_found(format!(
            "this server has device {known}, not {given}"
        )))
    }

    /// Whether the client that says so is the primary of its role.
    pub fn check_primary(&self, role: &str, id: Option<&v1::Uint128>) -> Result<(), Status> {
        self.sessions
            .check_primary(role, id.map(election_id))
            .map_err(|denial| Status::new(denial.code(), denial.to_string()))
    }

    /// As after a start: no entries, no configuration, no clients, no election id.
    pub async fn restart(&self) {
        let mut forwarding = self.forwarding.write().await;
        self.sessions.reset();
        self.end_streams();
        forwarding.reset();
        self.configure_digests(&forwarding);
    }

    /// What is to be told of digests.
    pub fn digests(&self) -> MutexGuard<'_, Digests> {
        self.digests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the program has a digest with this id.
    pub fn has_digest(&self, id: u32) -> bool {
        self.headers.load().digests.contains(&id)
    }

    /// Tells digests as the running configuration says.
    pub fn configure_digests(&self, forwarding: &Forwarding) {
        let running = forwarding.running();
        let configs = running.map(|(_, annotations)| annotations.digests().collect());
        self.digests().configure(&configs.unwrap_or_default());
        self.digests_changed.notify_one();
    }

    /// Nanoseconds since the device was made.
    fn now_ns(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Collects digests and hands lists of them to the primaries.
    pub async fn digests_in(self: Arc<Self>, mut receiver: Receiver<Digest>) {
        loop {
            let deadline = self.digests().deadline();
            let due = async {
                match deadline {
                    Some(at) => sleep_until(self.start + Duration::from_nanos(at)).await,
                    None => std::future::pending().await,
                }
            };
            let digest = tokio::select! {
                digest = receiver.recv() => match digest {
                    Some(digest) => Some(digest),
                    // Another server listens.
                    None => return,
                },
                () = due => None,
                () = self.digests_changed.notified() => None,
            };
            let now = self.now_ns();
            let mut lists = Vec::new();
            if let Some(digest) = digest {
                lists.extend(self.digests().handle(now, digest));
            }
            lists.extend(self.digests().poll(now));
            for list in lists {
                self.tell_digests(list).await;
            }
        }
    }

    async fn tell_digests(&self, list: List) {
        let p4info = Arc::clone(self.forwarding.read().await.p4info());
        let data = list.messages.iter().map(|fields| {
            let (id, fields) = (list.digest, fields.clone());
            convert::digest_to_proto(&p4info, &Digest { id, fields })
        });
        let update = Told::Digest(DigestList {
            digest_id: list.digest,
            list_id: list.id,
            data: data.collect(),
            timestamp: since_epoch_ns(),
        });
        if !self.sessions.tell_primaries(&update) {
            // Nobody has it, so that it may be told again.
            self.digests().acknowledge(list.digest, list.id);
            tracing::debug!(digest = list.digest, "a list of digests that nobody takes");
        }
    }

    /// Tells tables whose entries can be idle what time it is, and the primaries of the entries that are.
    pub async fn ages(self: Arc<Self>) {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let mut idle = Vec::new();
            {
                let forwarding = self.forwarding.read().await;
                let Some((pipeline, annotations)) = forwarding.running() else {
                    continue;
                };
                pipeline.age(self.now_ns(), &mut |entry| {
                    idle.push(idle_entry(&entry, annotations));
                });
            }
            for entries in idle.chunks(MOST_IDLE) {
                let update = Told::IdleTimeoutNotification(IdleTimeoutNotification {
                    table_entry: entries.to_vec(),
                    timestamp: since_epoch_ns(),
                });
                if !self.sessions.tell_primaries(&update) {
                    tracing::debug!(entries = entries.len(), "idle entries that nobody hears of");
                }
            }
        }
    }

    /// Ends all streams with `UNAVAILABLE`.
    pub fn end_streams(&self) {
        self.generation.send_modify(|generation| *generation += 1);
    }

    /// Hands packets to the primaries until the CPU port is gone.
    pub async fn packets_in(&self, mut receiver: MemoryReceiver) {
        while let Some(frame) = receiver.receive().await {
            let Some((metadata, payload)) = self.headers.load().packet_in.split(frame.bytes())
            else {
                tracing::debug!(length = frame.len(), "a packet-in shorter than its header");
                continue;
            };
            let packet = PacketIn {
                payload: payload.to_vec(),
                metadata,
            };
            if !self.sessions.tell_primaries(&Told::Packet(packet)) {
                tracing::debug!("a packet-in that nobody takes");
            }
        }
    }
}

/// What a notification says of an entry: its key, what is attached to it, and how long it may be idle.
#[allow(deprecated)]
fn idle_entry(entry: &TableEntry, annotations: &Annotations) -> v1::TableEntry {
    let attached = annotations.get(entry);
    let Annotation {
        metadata,
        controller_metadata,
    } = attached.cloned().unwrap_or_default();
    v1::TableEntry {
        action: None,
        counter_data: None,
        meter_config: None,
        time_since_last_hit: None,
        metadata,
        controller_metadata,
        ..convert::table_entry_to_proto(entry)
    }
}

/// As timestamps of the protocol are.
fn since_epoch_ns() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
    })
}
