//! Who may write (P4Runtime specification, section "Client Arbitration and Controller Replication"), without any I/O: what clients
//! say goes in, what they are to be told comes out.
//!
//! Any role name may be used and has access to the whole pipeline; role configurations are not understood and refused.

use dpr_p4runtime::v1::{MasterArbitrationUpdate, Role as RoleMessage};
use dpr_p4runtime::{election_id, rpc, to_uint128};
use std::collections::BTreeMap;
use tonic::Code;

/// Tells the streams of a server apart.
pub type StreamId = u64;

/// Streams that one role may have.
const MAX_STREAMS_PER_ROLE: usize = 64;

/// Why a stream is ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Not this device.
    #[error("this server has device {known}, not {given}")]
    UnknownDevice {
        /// As given.
        given: u64,
        /// What there is.
        known: u64,
    },
    /// Another live client of the role has the election id.
    #[error("election id {0:#x} is in use by another client of this role")]
    ElectionIdInUse(u128),
    /// A role configuration.
    #[error("this target knows no role configurations: leave role.config unset for full access")]
    RoleConfig,
    /// Too many clients.
    #[error("a role has at most {MAX_STREAMS_PER_ROLE} clients at once")]
    TooManyStreams,
    /// A live client names another device.
    #[error("a stream cannot change its device")]
    DeviceChanged,
    /// A live client names another role.
    #[error("a stream cannot change its role: close it and open another")]
    RoleChanged,
}

impl Rejection {
    /// The canonical code that the specification gives it.
    pub fn code(&self) -> Code {
        match self {
            Rejection::UnknownDevice { .. } => Code::NotFound,
            Rejection::ElectionIdInUse(_) | Rejection::RoleConfig => Code::InvalidArgument,
            Rejection::TooManyStreams => Code::ResourceExhausted,
            Rejection::DeviceChanged | Rejection::RoleChanged => Code::FailedPrecondition,
        }
    }
}

/// Why a client may not write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// Nobody ever asked for this role.
    #[error("there is no role `{0}`")]
    UnknownRole(String),
    /// The role has another primary, or none.
    #[error("{}", match .0 {
        Some(given) => format!("the client with election id {given:#x} is not the primary"),
        None => "a client without election id is never the primary".to_owned(),
    })]
    NotPrimary(Option<u128>),
}

impl Denial {
    /// The canonical code that the specification gives it.
    pub fn code(&self) -> Code {
        match self {
            Denial::UnknownRole(_) => Code::NotFound,
            Denial::NotPrimary(_) => Code::PermissionDenied,
        }
    }
}

/// What a client is to be told.
#[derive(Clone, Debug, PartialEq)]
pub struct Notification {
    /// The client's stream.
    pub stream: StreamId,
    /// What it is told.
    pub update: MasterArbitrationUpdate,
}

/// What follows from a client's message.
#[derive(Debug, Default, PartialEq)]
pub struct Change {
    /// To be told at once.
    pub notifications: Vec<Notification>,
    /// Whether the client is the new primary: once the Writes that have begun are done, [`Arbitration::confirm`] lets it write.
    pub awaits_confirmation: bool,
}

#[derive(Debug, Default)]
struct Role {
    highest: Option<u128>,
    primary: Option<Primary>,
    clients: BTreeMap<StreamId, Option<u128>>,
}

#[derive(Clone, Copy, Debug)]
struct Primary {
    stream: StreamId,
    election_id: u128,
    /// Earlier primaries' Writes are done.
    confirmed: bool,
}

/// The roles of a device and their clients.
#[derive(Debug)]
pub struct Arbitration {
    device_id: u64,
    roles: BTreeMap<String, Role>,
    role_of: BTreeMap<StreamId, String>,
}

impl Arbitration {
    /// Without any client.
    pub fn new(device_id: u64) -> Self {
        Arbitration {
            device_id,
            roles: BTreeMap::new(),
            role_of: BTreeMap::new(),
        }
    }

    /// A client's message: its first makes it live, later ones change its election id.
    ///
    /// # Errors
    /// The stream is to be ended, and if it was live, [`Arbitration::disconnect`]ed.
    pub fn update(
        &mut self,
        stream: StreamId,
        message: &MasterArbitrationUpdate,
    ) -> Result<Change, Rejection> {
        let given_role = message.role.as_ref();
        let name = given_role.map_or("", |role| role.name.as_str());
        let known = self.role_of.get(&stream);
        match known {
            None if message.device_id != self.device_id => {
                return Err(Rejection::UnknownDevice {
                    given: message.device_id,
                    known: self.device_id,
                });
            }
            Some(_) if message.device_id != self.device_id => return Err(Rejection::DeviceChanged),
            Some(role) if role != name => return Err(Rejection::RoleChanged),
            _ => {}
        }
        if given_role.is_some_and(|role| role.config.is_some()) {
            return Err(Rejection::RoleConfig);
        }
        let id = message.election_id.as_ref().map(election_id);
        let is_new = known.is_none();
        if let Some(role) = self.roles.get(name) {
            let taken = |(other, theirs): (&StreamId, &Option<u128>)| {
                *other != stream && theirs.is_some() && *theirs == id
            };
            if let (Some(id), true) = (id, role.clients.iter().any(taken)) {
                return Err(Rejection::ElectionIdInUse(id));
            }
            if is_new && role.clients.len() >= MAX_STREAMS_PER_ROLE {
                return Err(Rejection::TooManyStreams);
            }
        }
        self.role_of.insert(stream, name.to_owned());
        let role = self.roles.entry(name.to_owned()).or_default();
        role.clients.insert(stream, id);
        Ok(role.elect(self.device_id, name, stream, id))
    }

    /// Lets a new primary write, if it still is the primary, and tells it.
    pub fn confirm(&mut self, stream: StreamId) -> Option<Notification> {
        let name = self.role_of.get(&stream)?;
        let role = self.roles.get_mut(name)?;
        role.primary
            .as_mut()
            .filter(|primary| primary.stream == stream)?
            .confirmed = true;
        Some(role.notification(self.device_id, name, stream))
    }

    /// Forgets a client; its role is without primary if it was that.
    pub fn disconnect(&mut self, stream: StreamId) -> Vec<Notification> {
        let Some(name) = self.role_of.remove(&stream) else {
            return Vec::new();
        };
        let Some(role) = self.roles.get_mut(&name) else {
            return Vec::new();
        };
        role.clients.remove(&stream);
        if role.primary.is_none_or(|primary| primary.stream != stream) {
            return Vec::new();
        }
        role.primary = None;
        role.notify_all(self.device_id, &name)
    }

    /// Whether a client with this election id may write in this role.
    ///
    /// # Errors
    /// It may not.
    pub fn check_primary(&self, role: &str, id: Option<u128>) -> Result<(), Denial> {
        let primary = match self.roles.get(role) {
            Some(role) => role.primary,
            None if role.is_empty() => None,
            None => return Err(Denial::UnknownRole(role.to_owned())),
        };
        let allowed = primary.is_some_and(|it| it.confirmed && Some(it.election_id) == id);
        allowed.then_some(()).ok_or(Denial::NotPrimary(id))
    }

    /// Whether the stream is its role's primary.
    pub fn is_primary(&self, stream: StreamId) -> bool {
        self.primaries().any(|primary| primary == stream)
    }

    /// The primary of each role.
    pub fn primaries(&self) -> impl Iterator<Item = StreamId> + '_ {
        let confirmed = |role: &Role| role.primary.filter(|it| it.confirmed).map(|it| it.stream);
        self.roles.values().filter_map(confirmed)
    }
}

impl Role {
    fn elect(&mut self, device_id: u64, name: &str, stream: StreamId, id: Option<u128>) -> Change {
        let was_primary = self.primary.is_some_and(|primary| primary.stream == stream);
        if let Some(election_id) = id.filter(|id| Some(*id) >= self.highest) {
            self.highest = Some(election_id);
            let stays = self.primary.is_some_and(|primary| {
                primary.stream == stream && primary.election_id == election_id && primary.confirmed
            });
            self.primary = Some(Primary {
                stream,
                election_id,
                confirmed: stays,
            });
            let mut notifications = self.notify_all(device_id, name);
            if !stays {
                notifications.retain(|notification| notification.stream != stream);
            }
            return Change {
                notifications,
                awaits_confirmation: !stays,
            };
        }
        let notifications = if was_primary {
            self.primary = None;
            self.notify_all(device_id, name)
        } else {
            vec![self.notification(device_id, name, stream)]
        };
        Change {
            notifications,
            awaits_confirmation: false,
        }
    }

    fn notify_all(&self, device_id: u64, name: &str) -> Vec<Notification> {
        let clients = self.clients.keys();
        clients
            .map(|stream| self.notification(device_id, name, *stream))
            .collect()
    }

    fn notification(&self, device_id: u64, name: &str, stream: StreamId) -> Notification {
        let (code, message) = match self.primary {
            Some(primary) if primary.stream == stream => (Code::Ok, "you are the primary"),
            Some(_) => (Code::AlreadyExists, "another client is the primary"),
            None => (Code::NotFound, "there is no primary"),
        };
        let role = RoleMessage {
            name: name.to_owned(),
            ..RoleMessage::default()
        };
        Notification {
            stream,
            update: MasterArbitrationUpdate {
                device_id,
                role: (!name.is_empty()).then_some(role),
                election_id: self.highest.map(to_uint128),
                status: Some(rpc::Status {
                    code: code as i32,
                    message: message.to_owned(),
                    details: Vec::new(),
                }),
            },
        }
    }
}

#[cfg(test)]
#[path = "arbitration_tests.rs"]
mod tests;
