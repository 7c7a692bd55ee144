//! A switch with a program, its server, and a client that is its primary.

use dpr_p4runtime::config::P4Info;
use dpr_p4runtime::convert::{self, query_to_proto, update_to_proto};
use dpr_p4runtime::v1::p4_runtime_client::P4RuntimeClient;
use dpr_p4runtime::v1::set_forwarding_pipeline_config_request::Action;
use dpr_p4runtime::v1::stream_message_request::Update as Said;
use dpr_p4runtime::v1::stream_message_response::Update as Told;
use dpr_p4runtime::v1::{self, ForwardingPipelineConfig};
use dpr_p4runtime::{channel, status, to_uint128};
use dpr_runtime::{
    ActionCall, Entity, FieldMatch, MatchValue, Operation, ProgramInfo, Query, TableActionRef,
    TableEntry, Update,
};
use dpr_stf_programs::PROGRAMS;
use dpr_switch::bmv2::JsonLoader;
use dpr_switch::port::Port;
use dpr_switch::port::memory::{self, MemoryPort};
use dpr_switch::{P4RuntimeServer, PipelineSlot, PortConfig, ServerHandle, Switch};
use prost::Message;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Code, Streaming};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// The switch's device id.
const DEVICE: u64 = 1;

/// The ports, by number from 1.
const PORTS: u16 = 4;

pub struct Target {
    /// Of the engine.
    pub name: &'static str,
    pub program: ProgramInfo,
    rpc: P4RuntimeClient<Channel>,
    to_server: mpsc::Sender<v1::StreamMessageRequest>,
    from_server: Streaming<v1::StreamMessageResponse>,
    config: ForwardingPipelineConfig,
    ports: BTreeMap<u16, MemoryPort>,
    _switch: Switch,
    _server: ServerHandle,
}

/// A program on every engine.
pub async fn targets(program: &str) -> [Target; 2] {
    [generated(program).await, bmv2(program).await]
}

async fn generated(name: &str) -> Target {
    let build = PROGRAMS.iter().find(|(other, _)| *other == name);
    let (_, build) = build.unwrap_or_else(|| panic!("there is no program {name}"));
    let slot = PipelineSlot::new(build());
    let program = slot.load().program().clone();
    let config = ForwardingPipelineConfig {
        p4info: Some(P4Info::decode(&*program.p4info).unwrap()),
        p4_device_config: program.digest.to_vec(),
        cookie: None,
    };
    let (switch, ports) = switch(&slot);
    let bound = P4RuntimeServer::bind(any(), DEVICE, slot).await;
    connect("generated Rust", program, config, switch, ports, bound).await
}

async fn bmv2(name: &str) -> Target {
    let (engine, json, p4info) = super::common::engine(name);
    let program = dpr_runtime::Pipeline::program(&engine).clone();
    let config = ForwardingPipelineConfig {
        p4info: Some(p4info),
        p4_device_config: json,
        cookie: None,
    };
    let slot = PipelineSlot::empty();
    let (switch, ports) = switch(&slot);
    let loader = Arc::new(JsonLoader);
    let bound = P4RuntimeServer::bind_loadable(any(), DEVICE, slot, loader, None, None).await;
    connect("BMv2's JSON", program, config, switch, ports, bound).await
}

fn any() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn switch(slot: &PipelineSlot) -> (Switch, BTreeMap<u16, MemoryPort>) {
    let links = (1..=PORTS).map(|number| {
        let (inside, outside) = memory::link(256);
        ((number, PortConfig::Memory(inside)), (number, outside))
    });
    let (inside, outside) = links.unzip::<_, _, Vec<_>, BTreeMap<_, _>>();
    let switch = Switch::start_slot(slot.clone(), inside, 1).unwrap();
    (switch, outside)
}

async fn connect(
    name: &'static str,
    program: ProgramInfo,
    config: ForwardingPipelineConfig,
    switch: Switch,
    ports: BTreeMap<u16, MemoryPort>,
    bound: std::io::Result<(SocketAddr, ServerHandle)>,
) -> Target {
    let (address, server) = bound.unwrap();
    let mut rpc = channel::connect(format!("http://{address}")).await.unwrap();
    let (to_server, requests) = mpsc::channel(16);
    let from_server = rpc.stream_channel(ReceiverStream::new(requests)).await;
    let mut target = Target {
        name,
        program,
        rpc,
        to_server,
        from_server: from_server.unwrap().into_inner(),
        config: config.clone(),
        ports,
        _switch: switch,
        _server: server,
    };
    let arbitration = v1::MasterArbitrationUpdate {
        device_id: DEVICE,
        election_id: Some(to_uint128(1)),
        ..v1::MasterArbitrationUpdate::default()
    };
    target.say(Said::Arbitration(arbitration)).await;
    assert!(matches!(target.told().await, Told::Arbitration(_)));
    target.set(Action::VerifyAndCommit).await;
    target
}

impl Target {
    /// Configures the program.
    pub async fn set(&mut self, action: Action) {
        let with_config = action != Action::Commit;
        let request = v1::SetForwardingPipelineConfigRequest {
            device_id: DEVICE,
            election_id: Some(to_uint128(1)),
            action: action as i32,
            config: with_config.then(|| self.config.clone()),
            ..v1::SetForwardingPipelineConfigRequest::default()
        };
        let done = self.rpc.set_forwarding_pipeline_config(request).await;
        done.unwrap_or_else(|status| panic!("{}: {status}", self.name));
    }

    /// Says something on the stream.
    pub async fn say(&self, update: Said) {
        let update = Some(update);
        let message = v1::StreamMessageRequest { update };
        self.to_server.send(message).await.unwrap();
    }

    /// What the stream says next.
    pub async fn told(&mut self) -> Told {
        let message = tokio::time::timeout(PATIENCE, self.from_server.message()).await;
        let message = message.unwrap_or_else(|_| panic!("{}: nothing is told", self.name));
        message.unwrap().unwrap().update.unwrap()
    }

    /// Writes a message; what became of it.
    pub async fn write_raw(&mut self, kind: v1::update::Type, entity: v1::Entity) -> Code {
        let update = v1::Update {
            r#type: kind as i32,
            entity: Some(entity),
        };
        let request = v1::WriteRequest {
            device_id: DEVICE,
            election_id: Some(to_uint128(1)),
            updates: vec![update],
            ..v1::WriteRequest::default()
        };
        match self.rpc.write(request).await {
            Ok(_) => Code::Ok,
            Err(status) => {
                let errors = status::errors(&status);
                let [error] = errors.as_slice() else {
                    panic!("{}: {status}", self.name)
                };
                Code::from_i32(error.canonical_code)
            }
        }
    }

    async fn write(&mut self, operation: Operation, entity: &Entity) -> Code {
        let update = Update {
            operation,
            entity: entity.clone(),
        };
        let message = update_to_proto(&update);
        let entity = message.entity.clone().unwrap();
        self.write_raw(message.r#type(), entity).await
    }

    pub async fn insert(&mut self, entity: &Entity) -> Code {
        self.write(Operation::Insert, entity).await
    }

    pub async fn modify(&mut self, entity: &Entity) -> Code {
        self.write(Operation::Modify, entity).await
    }

    pub async fn delete(&mut self, entity: &Entity) -> Code {
        self.write(Operation::Delete, entity).await
    }

    /// What a request selects, or why it is refused.
    pub async fn read_raw(&mut self, request: v1::Entity) -> Result<Vec<v1::Entity>, Code> {
        let request = v1::ReadRequest {
            device_id: DEVICE,
            entities: vec![request],
            ..v1::ReadRequest::default()
        };
        let mut stream = self.rpc.read(request).await.unwrap().into_inner();
        let mut found = Vec::new();
        loop {
            match stream.message().await {
                Ok(Some(message)) => found.extend(message.entities),
                Ok(None) => return Ok(found),
                Err(status) => {
                    let errors = status::errors(&status);
                    return Err(Code::from_i32(errors.first().unwrap().canonical_code));
                }
            }
        }
    }

    /// The same in the neutral model.
    pub async fn read(&mut self, query: Query) -> Result<Vec<Entity>, Code> {
        let found = self.read_raw(query_to_proto(&query)).await?;
        let found = found.iter().map(|it| convert::entity(&self.program, it));
        Ok(found.collect::<Result<_, _>>().unwrap())
    }

    /// Sends a packet into a port.
    pub fn send(&mut self, port: u16, bytes: &[u8]) {
        self.ports.get_mut(&port).unwrap().send(bytes).unwrap();
    }

    /// The next packet out of a port.
    pub async fn receive(&mut self, port: u16) -> Vec<u8> {
        let port = self.ports.get_mut(&port).unwrap();
        let packet = tokio::time::timeout(PATIENCE, port.receive()).await;
        let packet = packet.unwrap_or_else(|_| panic!("{}: no packet comes", self.name));
        packet.unwrap().bytes().to_vec()
    }

    /// Whether packets wait at a port. What was sent before a packet that has been received has arrived.
    pub fn is_silent(&mut self, port: u16) -> bool {
        self.ports.get_mut(&port).unwrap().try_receive().is_none()
    }

    fn table(&self, name: &str) -> &dpr_runtime::TableSchema {
        let mut tables = self.program.tables.iter();
        tables.find(|it| it.alias == name).unwrap()
    }

    /// The id of an action profile.
    pub fn profile(&self, name: &str) -> u32 {
        let mut profiles = self.program.profiles.iter();
        profiles.find(|it| it.alias == name).unwrap().id
    }

    /// A call of an action with its arguments in order.
    pub fn call(&self, name: &str, arguments: &[u32]) -> ActionCall {
        let mut actions = self.program.actions.iter();
        let action = actions.find(|it| it.alias == name).unwrap();
        let ids = action.params.iter().map(|param| param.id);
        let values = arguments.iter().map(|value| (*value).into());
        ActionCall {
            action: action.id,
            arguments: ids.zip(values).collect(),
        }
    }

    /// An entry with one exact field.
    pub fn entry(&self, table: &str, key: u32, action: impl Into<TableActionRef>) -> TableEntry {
        let table = self.table(table);
        let field = table.fields[0].id;
        let kind = MatchValue::Exact(key.into());
        TableEntry {
            table: table.id,
            matches: vec![FieldMatch { field, kind }],
            action: Some(action.into()),
            ..TableEntry::default()
        }
    }
}

/// A packet of two operands and a result.
pub fn operands(left: u16, right: u16, result: u32) -> Vec<u8> {
    let mut bytes = left.to_be_bytes().to_vec();
    bytes.extend(right.to_be_bytes());
    bytes.extend(result.to_be_bytes());
    bytes
}
