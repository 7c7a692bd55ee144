//! The pipeline of a switch, which may be replaced while packets pass.

use arc_swap::ArcSwap;
use dpr_runtime::{
    Ingress, Packet, Pipeline, ProgramInfo, Query, Update, Verdict, Worker, WriteError,
};
use std::borrow::Cow;
use std::sync::Arc;

/// What a switch runs. All clones are about the same pipeline.
#[derive(Clone)]
pub struct PipelineSlot(Arc<ArcSwap<Arc<dyn Pipeline>>>);

impl PipelineSlot {
    /// With a pipeline.
    pub fn new(pipeline: Arc<dyn Pipeline>) -> Self {
        PipelineSlot(Arc::new(ArcSwap::from_pointee(pipeline)))
    }

    /// Without a program: packets are dropped.
    pub fn empty() -> Self {
        PipelineSlot::new(Arc::new(Empty))
    }

    /// What runs now.
    pub fn load(&self) -> Arc<dyn Pipeline> {
        Arc::clone(&self.0.load())
    }

    /// Makes another pipeline run; packets that are on their way leave by the old one.
    pub fn replace(&self, pipeline: Arc<dyn Pipeline>) {
        self.0.store(Arc::new(pipeline));
    }
}

impl From<Arc<dyn Pipeline>> for PipelineSlot {
    fn from(pipeline: Arc<dyn Pipeline>) -> Self {
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
