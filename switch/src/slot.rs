//! The pipeline of a switch, which may be replaced while packets pass.

use arc_swap::{ArcSwap, ArcSwapOption};
use dpr_runtime::{
    Digest, Ingress, Packet, Pipeline, ProgramInfo, Query, Update, Verdict, Worker, WriteError,
};
use std::borrow::Cow;
use std::sync::Arc;
use tokio::sync::mpsc::{self, Receiver, Sender};

/// Digests that may wait for whoever listens.
const DIGESTS: usize = 4096;

/// What a switch runs, and who hears the digests of it. All clones are about the same pipeline.
#[derive(Clone)]
pub struct PipelineSlot(Arc<Slot>);

struct Slot {
    pipeline: ArcSwap<Arc<dyn Pipeline>>,
    listener: ArcSwapOption<Sender<Digest>>,
}

impl PipelineSlot {
    /// With a pipeline.
    pub fn new(pipeline: Arc<dyn Pipeline>) -> Self {
        PipelineSlot(Arc::new(Slot {
            pipeline: ArcSwap::from_pointee(pipeline),
            listener: ArcSwapOption::empty(),
        }))
    }

    /// Without a program: packets are dropped.
    pub fn empty() -> Self {
        PipelineSlot::new(Arc::new(Empty))
    }

    /// What runs now.
    pub fn load(&self) -> Arc<dyn Pipeline> {
        Arc::clone(&self.0.pipeline.load())
    }

    /// Makes another pipeline run; packets that are on their way leave by the old one.
    pub fn replace(&self, pipeline: Arc<dyn Pipeline>) {
        self.0.pipeline.store(Arc::new(pipeline));
    }

    /// The digests of packets that pass from now on; whoever listened before hears no more.
    pub(crate) fn listen(&self) -> Receiver<Digest> {
        let (sender, receiver) = mpsc::channel(DIGESTS);
        self.0.listener.store(Some(Arc::new(sender)));
        receiver
    }

    /// Tells digests to whoever listens. How many were not heard.
    pub(crate) fn tell(&self, digests: impl ExactSizeIterator<Item = Digest>) -> usize {
        match self.0.listener.load().as_ref() {
            None => digests.len(),
            Some(sender) => digests
                .filter_map(|digest| sender.try_send(digest).err())
                .count(),
        }
    }
}

impl From<Arc<dyn Pipeline>> for PipelineSlot {
    fn from(pipeline: Arc<dyn Pipeline>) -> Self {
        PipelineSlot::new(pipeline)
    }
}

impl<P: Pipeline> From<Arc<P>> for PipelineSlot {
    fn from(pipeline: Arc<P>) -> Self {
        PipelineSlot::new(pipeline)
    }
}

/// No program.
struct Empty;

static NO_PROGRAM: ProgramInfo = ProgramInfo {
    name: Cow::Borrowed("nothing"),
    p4info: Cow::Borrowed(&[]),
    p4info_text: Cow::Borrowed(""),
    digest: [0; 32],
    tables: Cow::Borrowed(&[]),
    actions: Cow::Borrowed(&[]),
    counters: Cow::Borrowed(&[]),
    registers: Cow::Borrowed(&[]),
    meters: Cow::Borrowed(&[]),
    profiles: Cow::Borrowed(&[]),
    digests: Cow::Borrowed(&[]),
    value_sets: Cow::Borrowed(&[]),
};

impl Pipeline for Empty {
    fn program(&self) -> &ProgramInfo {
        &NO_PROGRAM
    }

    fn process(&self, _: &mut Worker, _: Ingress, _: &mut Packet) -> Verdict {
        Verdict::Drop
    }

    fn write(&self, _: &Update) -> Result<(), WriteError> {
        Err(WriteError::Unimplemented {
            what: "writing without a program",
        })
    }

    fn read(&self, _: &Query, _: &mut dyn FnMut(dpr_runtime::Entity)) {}

    fn clear(&self) {}
}
