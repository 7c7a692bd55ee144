//! What becomes of a packet of which several copies leave: multicast groups and clone sessions, as packets read them without locks.

use crate::{Entity, Invalid, Operation, Packet, Query, Replica, WriteError};
use arc_swap::{ArcSwap, Guard};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How often one arrival may pass ingress and egress, copies included: what recirculates for ever is dropped then.
pub const MAX_PASSES: u32 = 512;

/// The largest number of a clone session: the target keeps 15 bits of it.
pub const MAX_SESSION: u32 = 0x7fff;

/// Where a packet enters the pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// At the parser.
    Ingress,
    /// At the parser, as a clone that passes no ingress.
    Clone {
        /// What says where the clones go.
        session: u32,
        /// Where the packet came from that is cloned.
        port: u16,
    },
    /// At egress.
    Egress {
        /// Where it leaves.
        port: u16,
    },
}

/// What one pass of a packet through the pipeline starts from.
#[derive(Clone, Debug)]
pub struct Pass<S> {
    /// Where it enters.
    pub stage: Stage,
    /// The packet as it came to the parser.
    pub packet: Packet,
    /// Most bytes that leave.
    pub most: usize,
    /// Headers and metadata.
    pub state: S,
}

/// A clone session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CloneSession {
    /// One clone for each.
    pub replicas: Vec<Replica>,
    /// Carried, and without effect.
    pub class_of_service: u32,
    /// Bytes that are kept of a clone; 0 is all.
    pub packet_length_bytes: u32,
}

type Map<T> = BTreeMap<u32, Arc<T>>;

/// The packet replication engine of one pipeline. Packets read it without a lock; writers take turns.
#[derive(Debug, Default)]
pub struct Replication {
    groups: ArcSwap<Map<Vec<Replica>>>,
    sessions: ArcSwap<Map<CloneSession>>,
    writer: Mutex<()>,
}

/// A group or session as it was when it was asked for.
pub struct Found<T: 'static> {
    map: Guard<Arc<Map<T>>>,
    id: u32,
}

impl<T> Found<T> {
    /// It, if there is one of that number.
    pub fn get(&self) -> Option<&T> {
        self.map.get(&self.id).map(AsRef::as_ref)
    }
}

impl Replication {
    /// Without groups and sessions.
    pub fn new() -> Self {
        Replication::default()
    }

    /// The replicas of a multicast group, in the order in which they were written.
    pub fn group(&self, id: u32) -> Found<Vec<Replica>> {
        let map = self.groups.load();
        Found { map, id }
    }

    /// A clone session.
    pub fn session(&self, id: u32) -> Found<CloneSession> {
        let map = self.sessions.load();
        Found { map, id }
    }

    /// Changes a multicast group or a clone session; `Unimplemented` for any other entity.
    pub fn write(&self, operation: Operation, entity: &Entity) -> Result<(), WriteError> {
        let _turn = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        match entity {
            Entity::MulticastGroup { id, replicas } => {
                check("multicast group", *id, u32::from(u16::MAX))?;
                change(&self.groups, operation, *id, || unique(replicas))
            }
            Entity::CloneSession {
                id,
                replicas,
                class_of_service,
                packet_length_bytes,
            } => {
                check("clone session", *id, MAX_SESSION)?;
                change(&self.sessions, operation, *id, || {
                    Ok(CloneSession {
                        replicas: unique(replicas)?,
                        class_of_service: *class_of_service,
                        packet_length_bytes: *packet_length_bytes,
                    })
                })
            }
            _ => Err(WriteError::Unimplemented {
                what: "this entity of the packet replication engine",
            }),
        }
    }

    /// Shows this engine's part of a query, by number.
    pub fn answer(&self, query: &Query, visit: &mut dyn FnMut(Entity)) {
        match query {
            Query::MulticastGroups { id } => {
                for (&id, replicas) in selected(&self.groups.load(), *id) {
                    let replicas = replicas.to_vec();
                    visit(Entity::MulticastGroup { id, replicas });
                }
            }
            Query::CloneSessions { id } => {
                for (&id, session) in selected(&self.sessions.load(), *id) {
                    visit(Entity::CloneSession {
                        id,
                        replicas: session.replicas.clone(),
                        class_of_service: session.class_of_service,
                        packet_length_bytes: session.packet_length_bytes,
                    });
                }
            }
            _ => {}
        }
    }

    /// Removes all groups and sessions.
    pub fn clear(&self) {
        let _turn = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        self.groups.store(Arc::default());
        self.sessions.store(Arc::default());
    }
}

fn selected<T>(map: &Map<T>, id: Option<u32>) -> impl Iterator<Item = (&u32, &Arc<T>)> {
    map.iter()
        .filter(move |(number, _)| id.is_none_or(|id| id == **number))
}

fn check(what: &'static str, id: u32, most: u32) -> Result<(), Invalid> {
    if (1..=most).contains(&id) {
        Ok(())
    } else {
        let id = id.into();
        Err(Invalid::BadNumber { what, id })
    }
}

/// Replicas of which no two are the same.
fn unique(replicas: &[Replica]) -> Result<Vec<Replica>, WriteError> {
    let mut seen = std::collections::BTreeSet::new();
    match replicas.iter().find(|replica| !seen.insert(**replica)) {
        Some(twice) => Err(Invalid::DuplicateReplica {
            port: twice.port,
            instance: twice.instance,
        }
        .into()),
        None => Ok(replicas.to_vec()),
    }
}

fn change<T>(
    map: &ArcSwap<Map<T>>,
    operation: Operation,
    id: u32,
    value: impl FnOnce() -> Result<T, WriteError>,
) -> Result<(), WriteError> {
    let mut next = Map::clone(&map.load());
    match (operation, next.contains_key(&id)) {
        (Operation::Insert, true) => return Err(WriteError::AlreadyExists),
        (Operation::Modify | Operation::Delete, false) => return Err(WriteError::NotFound),
        (Operation::Insert | Operation::Modify, _) => {
            next.insert(id, Arc::new(value()?));
        }
        (Operation::Delete, true) => {
            next.remove(&id);
        }
    }
    map.store(Arc::new(next));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: [Replica; 2] = [
        Replica {
            port: 3,
            instance: 1,
        },
        Replica {
            port: 2,
            instance: 0,
        },
    ];

    fn group(id: u32, replicas: &[Replica]) -> Entity {
        let replicas = replicas.to_vec();
        Entity::MulticastGroup { id, replicas }
    }

    #[test]
    fn groups_come_and_go() {
        let engine = Replication::new();
        assert_eq!(engine.group(7).get(), None);
        assert_eq!(engine.write(Operation::Insert, &group(7, &TWO)), Ok(()));
        assert_eq!(
            engine.write(Operation::Insert, &group(7, &TWO)),
            Err(WriteError::AlreadyExists)
        );
        assert_eq!(engine.group(7).get(), Some(&TWO.to_vec()));
        let mut read = Vec::new();
        engine.answer(&Query::MulticastGroups { id: None }, &mut |entity| {
            read.push(entity);
        });
        assert_eq!(read, [group(7, &TWO)]);
        assert_eq!(engine.write(Operation::Delete, &group(7, &[])), Ok(()));
        assert_eq!(
            engine.write(Operation::Modify, &group(7, &TWO)),
            Err(WriteError::NotFound)
        );
    }

    #[test]
    fn what_is_no_group_or_session_is_refused() {
        let engine = Replication::new();
        for (entity, what) in [
            (group(0, &TWO), "multicast group"),
            (group(0x1_0000, &TWO), "multicast group"),
            (
                Entity::CloneSession {
                    id: MAX_SESSION + 1,
                    replicas: TWO.to_vec(),
                    class_of_service: 0,
                    packet_length_bytes: 0,
                },
                "clone session",
            ),
        ] {
            let refused = engine.write(Operation::Insert, &entity);
            let Err(WriteError::InvalidArgument(Invalid::BadNumber { what: found, .. })) = refused
            else {
                panic!("{refused:?} for {entity:?}");
            };
            assert_eq!(found, what);
        }
        assert_eq!(
            engine.write(Operation::Insert, &group(1, &[TWO[0], TWO[1], TWO[0]])),
            Err(Invalid::DuplicateReplica {
                port: 3,
                instance: 1
            }
            .into())
        );
    }
}
