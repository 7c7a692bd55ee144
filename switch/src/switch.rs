//! The packet loop: one thread owns the ports of a switch and sends what comes in through the pipeline.

use crate::counters::{PortCells, SwitchCells};
use crate::port::Sent;
use crate::{PipelineSlot, Port, PortConfig, PortCounters, SwitchCounters};
use dpr_runtime::{Ingress, Packet, Pipeline, Verdict, Worker};
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::sync::mpsc;
use std::task::{Context, Poll};
use std::thread::{self, JoinHandle};
use std::time::Instant;
use tokio::sync::oneshot;

/// Packets of one port before the next port has its turn.
const BATCH: usize = 64;

/// Errors without a packet between them after which a port receives no more.
const MAX_ERRORS_IN_A_ROW: u32 = 100;

/// Why a switch does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Two ports with one number.
    #[error("port {0} is given twice")]
    PortTwice(u16),
    /// A port cannot be opened.
    #[error("port {number} ({config}): {error}")]
    Port {
        /// Its number.
        number: u16,
        /// What it is on.
        config: String,
        /// Why.
        error: io::Error,
    },
    /// No thread or no event loop.
    #[error("the packet loop does not start: {0}")]
    Loop(#[from] io::Error),
}

/// A running packet loop. It ends when this is dropped; the pipeline and its tables live on with their other owners.
#[derive(Debug)]
pub struct Switch {
    ports: BTreeMap<u16, Arc<PortCells>>,
    counters: Arc<SwitchCells>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Switch {
    /// Opens the ports and starts the loop. `seed` is for the pipeline's random numbers.
    ///
    /// # Errors
    /// A port is given twice or cannot be opened.
    pub fn start(
        pipeline: Arc<dyn Pipeline>,
        ports: Vec<(u16, PortConfig)>,
        seed: u64,
    ) -> Result<Self, StartError> {
        Switch::start_slot(pipeline.into(), ports, seed)
    }

    /// The same with a pipeline that may be replaced; the ports stay open meanwhile.
    ///
    /// # Errors
    /// As [`Switch::start`].
    pub fn start_slot(
        slot: PipelineSlot,
        ports: Vec<(u16, PortConfig)>,
        seed: u64,
    ) -> Result<Self, StartError> {
        let counters = Arc::new(SwitchCells::default());
        let mut cells = BTreeMap::new();
        for (number, _) in &ports {
            let fresh = Arc::new(PortCells::default());
            if cells.insert(*number, fresh).is_some() {
                return Err(StartError::PortTwice(*number));
            }
        }
        let (stop, stopped) = oneshot::channel();
        let (opened, is_open) = mpsc::channel();
        let (thread_cells, thread_counters) = (cells.clone(), Arc::clone(&counters));
        let run = move || {
            let runtime = match tokio::runtime::Builder::new_current_thread()
                .enable_io()
                .build()
            {
                Ok(runtime) => runtime,
                Err(error) => return drop(opened.send(Err(StartError::Loop(error)))),
            };
            runtime.block_on(async {
                let ports = match open(ports, &thread_cells) {
                    Ok(ports) => ports,
                    Err(error) => return drop(opened.send(Err(error))),
                };
                drop(opened.send(Ok(())));
                let mut packets = PacketLoop {
                    pipeline: slot.load(),
                    slot,
                    worker: Worker::seeded(seed),
                    by_number: by_number(&ports),
                    ports,
                    counters: thread_counters,
                    packet: Packet::new(),
                    start: Instant::now(),
                };
                packets.run(stopped).await;
            });
        };
        let thread = thread::Builder::new()
            .name("packets".to_owned())
            .spawn(run)?;
        let ended = || StartError::Loop(io::Error::from(io::ErrorKind::UnexpectedEof));
        is_open.recv().map_err(|_| ended())??;
        Ok(Switch {
            ports: cells,
            counters,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// What the switch dropped.
    pub fn counters(&self) -> SwitchCounters {
        self.counters.read()
    }

    /// What each port counted, by number.
    pub fn port_counters(&self) -> impl Iterator<Item = (u16, PortCounters)> + '_ {
        self.ports
            .iter()
            .map(|(number, cells)| (*number, cells.read()))
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(Err(_)) = self.thread.take().map(JoinHandle::join) {
            tracing::error!("the packet loop panicked");
        }
    }
}

struct OpenPort {
    number: u16,
    port: Box<dyn Port>,
    cells: Arc<PortCells>,
    errors_in_a_row: u32,
    /// Whether frames wait to be sent.
    is_holding: bool,
}

impl OpenPort {
    fn send(&mut self, frame: &[u8]) {
        match self.port.send(frame) {
            Ok(Sent::Now) => self.cells.count_sent(1, frame.len() as u64),
            Ok(Sent::Queued) => self.is_holding = true,
            Err(error) => self.count_failed(1, &error),
        }
    }

    fn flush(&mut self) {
        if std::mem::take(&mut self.is_holding) {
            let flushed = self.port.flush();
            self.cells.count_sent(flushed.sent, flushed.sent_bytes);
            if let Some(error) = flushed.error {
                self.count_failed(flushed.failed, &error);
            }
        }
    }

    fn count_failed(&self, frames: u64, error: &io::Error) {
        self.cells.count_send_failed(frames);
        tracing::trace!(port = self.number, frames, %error, "dropped");
    }
}

fn open(
    ports: Vec<(u16, PortConfig)>,
    cells: &BTreeMap<u16, Arc<PortCells>>,
) -> Result<Vec<OpenPort>, StartError> {
    let open_one = |(number, config): (u16, PortConfig)| {
        let shown = config.to_string();
        let port = config.open().map_err(|error| StartError::Port {
            number,
            config: shown,
            error,
        })?;
        Ok(OpenPort {
            number,
            port,
            cells: cells.get(&number).map(Arc::clone).unwrap_or_default(),
            errors_in_a_row: 0,
            is_holding: false,
        })
    };
    ports.into_iter().map(open_one).collect()
}

/// Positions by port number, so that sending looks nothing up in a map.
fn by_number(ports: &[OpenPort]) -> Vec<Option<usize>> {
    let highest = ports.iter().map(|port| usize::from(port.number)).max();
    let mut positions = vec![None; highest.map_or(0, |highest| highest + 1)];
    for (position, port) in ports.iter().enumerate() {
        positions[usize::from(port.number)] = Some(position);
    }
    positions
}

struct PacketLoop {
    slot: PipelineSlot,
    /// What is in the slot, for one batch.
    pipeline: Arc<dyn Pipeline>,
    worker: Worker,
    ports: Vec<OpenPort>,
    by_number: Vec<Option<usize>>,
    counters: Arc<SwitchCells>,
    packet: Packet,
    start: Instant,
}

impl PacketLoop {
    async fn run(&mut self, mut stopped: oneshot::Receiver<()>) {
        poll_fn(|context| {
            use std::future::Future;
            use std::pin::Pin;
            if Pin::new(&mut stopped).poll(context).is_ready() {
                return Poll::Ready(());
            }
            let mut busy = false;
            for position in 0..self.ports.len() {
                busy |= self.serve(position, context);
                self.ports.iter_mut().for_each(OpenPort::flush);
            }
            // Whoever has more to do comes again at once, after the event loop had a look at the sockets.
            if busy {
                context.waker().wake_by_ref();
            }
            Poll::Pending
        })
        .await;
    }

    /// A batch of packets of one port. Whether there may be more.
    fn serve(&mut self, position: usize, context: &mut Context<'_>) -> bool {
        let now_us = self.start.elapsed().as_micros() as u64;
        self.pipeline = self.slot.load();
        for _ in 0..BATCH {
            let port = &mut self.ports[position];
            if port.errors_in_a_row >= MAX_ERRORS_IN_A_ROW {
                return false;
            }
            match port.port.poll_receive(context, &mut self.packet) {
                Poll::Pending => return false,
                Poll::Ready(Ok(())) => {
                    port.errors_in_a_row = 0;
                    port.cells.count_received(self.packet.len());
                    let ingress = Ingress {
                        port: port.number,
                        now_us,
                    };
                    self.forward(ingress);
                }
                Poll::Ready(Err(error)) => {
                    port.cells.count_receive_error();
                    port.errors_in_a_row += 1;
                    if port.errors_in_a_row == 1 {
                        tracing::warn!(port = port.number, %error, "receiving");
                    } else if port.errors_in_a_row == MAX_ERRORS_IN_A_ROW {
                        tracing::error!(port = port.number, %error, "receiving no more");
                    }
                    return true;
                }
            }
        }
        true
    }

    fn forward(&mut self, ingress: Ingress) {
        let verdict = self
            .pipeline
            .process(&mut self.worker, ingress, &mut self.packet);
        if !self.worker.digests.is_empty() {
            let unheard = self.slot.tell(self.worker.digests.drain(..));
            self.counters.count_unheard(unheard);
        }
        let number = match verdict {
            Verdict::Send { port } => port,
            Verdict::Drop => return self.counters.count_dropped(),
            Verdict::Several => {
                let mut outputs = std::mem::take(&mut self.worker.outputs);
                for output in outputs.drain(..) {
                    self.packet = output.packet;
                    self.send(output.port);
                }
                self.worker.outputs = outputs;
                return;
            }
        };
        self.send(number);
    }

    /// Sends the packet that was processed.
    fn send(&mut self, number: u16) {
        let position = self.by_number.get(usize::from(number)).copied().flatten();
        let Some(port) = position.and_then(|position| self.ports.get_mut(position)) else {
            return self.counters.count_unknown_port();
        };
        port.send(self.packet.bytes());
    }
}
