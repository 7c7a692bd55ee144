//! `Read`: what the requests of a batch select (P4Runtime specification, sections "P4 Entity Messages" and "Read RPC").

mod objects;
mod tables;

use super::write::{Annotations, REGISTERS, refused};
use dpr_p4runtime::convert::ConvertError;
use dpr_p4runtime::{status, v1};
use dpr_runtime::Pipeline;
use tonic::Code;
use v1::entity::Entity as Kind;

/// Entities in one message of the response.
const CHUNK: usize = 1000;

/// What was read, in messages of bounded size.
#[derive(Debug, Default)]
pub struct Chunks {
    full: Vec<v1::ReadResponse>,
    open: Vec<v1::Entity>,
}

impl Chunks {
    fn push(&mut self, kind: Kind) {
        self.open.push(v1::Entity { entity: Some(kind) });
        if self.open.len() == CHUNK {
            let entities = std::mem::take(&mut self.open);
            self.full.push(v1::ReadResponse { entities });
        }
    }

    /// The messages; at least one, so that a client that waits for one has it.
    pub fn into_responses(mut self) -> Vec<v1::ReadResponse> {
        if !self.open.is_empty() || self.full.is_empty() {
            let entities = self.open;
            self.full.push(v1::ReadResponse { entities });
        }
        self.full
    }
}

/// Does one request of a batch.
pub fn read(
    pipeline: &dyn Pipeline,
    annotations: &Annotations,
    request: &v1::Entity,
    chunks: &mut Chunks,
) -> Result<(), v1::Error> {
    let what = "entity.entity";
    let kind = request.entity.as_ref();
    match kind.ok_or_else(|| refused(&ConvertError::NotSet { what }))? {
        Kind::TableEntry(entry) => tables::entries(pipeline, annotations, entry, chunks),
        Kind::DirectCounterEntry(entry) => tables::direct_counters(pipeline, entry, chunks),
        Kind::DirectMeterEntry(entry) => tables::direct_meters(pipeline, entry, chunks),
        Kind::CounterEntry(entry) => objects::counters(pipeline, entry, chunks),
        Kind::MeterEntry(entry) => objects::meters(pipeline, entry, chunks),
        Kind::ActionProfileMember(entry) => objects::members(pipeline, entry, chunks),
        Kind::ActionProfileGroup(entry) => objects::groups(pipeline, entry, chunks),
        Kind::PacketReplicationEngineEntry(entry) => {
            objects::replication(pipeline, annotations, entry, chunks)
        }
        Kind::ValueSetEntry(entry) => objects::value_sets(pipeline, entry, chunks),
        Kind::DigestEntry(entry) => objects::digests(pipeline, annotations, entry, chunks),
        Kind::RegisterEntry(_) => Err(refused(&REGISTERS)),
        Kind::ExternEntry(_) => Err(refused(&ConvertError::Unsupported {
            what: "extern entries",
        })),
    }
}

fn refuse_meter_counters(asked: bool) -> Result<(), v1::Error> {
    match asked {
        true => Err(status::error(
            Code::Unimplemented,
            "meters count no packets by their colour",
        )),
        false => Ok(()),
    }
}
