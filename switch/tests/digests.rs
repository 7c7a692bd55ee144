//! Digests that nobody takes do not pile up in the packet loop.

use dpr_runtime::{
    Digest, Entity, Ingress, Packet, Pipeline, ProgramInfo, Query, Update, Verdict, Worker,
    WriteError,
};
use dpr_switch::port::{self, Port};
use dpr_switch::{PipelineSlot, PortConfig, Switch};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

/// Drops every packet with a digest, and notes how many digests waited at most when one came.
struct Chatty {
    program: ProgramInfo,
    waited: AtomicUsize,
}

impl Pipeline for Chatty {
    fn program(&self) -> &ProgramInfo {
        &self.program
    }

    fn process(&self, worker: &mut Worker, _: Ingress, packet: &mut Packet) -> Verdict {
        self.waited.fetch_max(worker.digests.len(), Relaxed);
        worker.digests.push(Digest {
            id: 1,
            fields: vec![(packet.len() as u64).into()],
        });
        Verdict::Drop
    }

    fn write(&self, _: &Update) -> Result<(), WriteError> {
        Err(WriteError::NotFound)
    }

    fn read(&self, _: &Query, _: &mut dyn FnMut(Entity)) {}

    fn clear(&self) {}
}

#[tokio::test]
async fn they_are_counted_and_let_go() {
    let chatty = Arc::new(Chatty {
        program: PipelineSlot::empty().load().program().clone(),
        waited: AtomicUsize::new(0),
    });
    let (mut outside, inside) = port::memory::link(64);
    let switch = Switch::start(chatty.clone(), vec![(1, PortConfig::Memory(inside))], 1)
        .expect("a free port");
    for _ in 0..50 {
        outside.send(b"anything").expect("room");
    }
    let all = async {
        while switch.counters().dropped_by_pipeline < 50 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), all)
        .await
        .expect("all packets pass");
    assert_eq!(switch.counters().unheard_digests, 50);
    assert_eq!(chatty.waited.load(Relaxed), 0);
}
