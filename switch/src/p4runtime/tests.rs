//! The server over loopback gRPC, on a pipeline that is nothing but tables and two moves of a packet.

mod arbitration;
mod config;
mod entities;
mod packets;

use super::saved::Saved;
use super::{P4RuntimeServer, ServerHandle};
use dpr_p4runtime::v1::p4_runtime_client::P4RuntimeClient;
use dpr_p4runtime::v1::set_forwarding_pipeline_config_request::Action;
use dpr_p4runtime::v1::stream_message_response::Update as Told;
use dpr_p4runtime::v1::{self, ForwardingPipelineConfig, stream_message_request};
use dpr_p4runtime::{channel, text, to_uint128};
use dpr_runtime::{
    ActionSchema, ActionScope, CounterSchema, CounterUnit, DefaultAction, Entity, FieldSchema,
    Ingress, MatchKind, Packet, ParamSchema, Pipeline, ProgramInfo, Query, RegisterSchema,
    TableActionSchema, TableSchema, Update, Verdict, Worker, WriteError,
};
use prost::Message;
use std::borrow::Cow::{self, Borrowed};
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Code, Status, Streaming};

const DEVICE: u64 = 3;
const ROUTES: u32 = 0x0200_0001;
const WHO: u32 = 0x0200_0002;
const FIXED: u32 = 0x0200_0003;
const SEND: u32 = 0x0100_0001;
const MISS: u32 = 0x0100_0002;
const SEEN: u32 = 0x1200_0001;
const LAST: u32 = 0x1600_0001;
const CPU: u16 = 510;

const P4INFO: &str = r#"
    pkg_info { arch: "v1model" }
    tables {
      preamble { id: 33554433 name: "ingress.routes" alias: "routes" }
      match_fields { id: 1 name: "dst" bitwidth: 32 match_type: EXACT }
      match_fields { id: 2 name: "port" bitwidth: 16 match_type: TERNARY }
      action_refs { id: 16777217 }
      action_refs { id: 16777218 scope: DEFAULT_ONLY }
      size: 8
    }
    controller_packet_metadata {
      preamble { id: 67108865 name: "packet_in" }
      metadata { id: 1 name: "ingress_port" bitwidth: 9 }
      metadata { id: 2 name: "padding" bitwidth: 7 }
    }
    controller_packet_metadata {
      preamble { id: 67108866 name: "packet_out" }
      metadata { id: 1 name: "egress_port" bitwidth: 9 }
      metadata { id: 2 name: "padding" bitwidth: 7 }
    }
"#;

const fn action(id: u32, name: &'static str, params: &'static [ParamSchema]) -> ActionSchema {
    ActionSchema {
        id,
        name: Borrowed(name),
        alias: Borrowed(name),
        params: Borrowed(params),
    }
}

const SEND_ACTION: ActionSchema = action(
    SEND,
    "send",
    const {
        &[ParamSchema {
            id: 1,
            name: Borrowed("port"),
            bits: 9,
        }]
    },
);
const MISS_ACTION: ActionSchema = action(MISS, "miss", &[]);

const ACTIONS: &[TableActionSchema] = &[
    TableActionSchema {
        action: Cow::Owned(SEND_ACTION),
        scope: ActionScope::Any,
    },
    TableActionSchema {
        action: Cow::Owned(MISS_ACTION),
        scope: ActionScope::DefaultOnly,
    },
];

const fn table(id: u32, name: &'static str, fields: &'static [FieldSchema]) -> TableSchema {
    TableSchema {
        id,
        name: Borrowed(name),
        alias: Borrowed(name),
        size: 8,
        fields: Borrowed(fields),
        actions: Borrowed(ACTIONS),
        default_action: DefaultAction {
            action: 1,
            arguments: Borrowed(&[]),
        },
        const_default: id == FIXED,
        entries: Borrowed(&[]),
        const_entries: false,
        direct_counter: if id == ROUTES {
            Some(0x1300_0001)
        } else {
            None
        },
        direct_meter: None,
        implementation: None,
        has_idle_timeout: false,
    }
}

const DST: FieldSchema = FieldSchema {
    id: 1,
    name: Borrowed("dst"),
    bits: 32,
    kind: MatchKind::Exact,
};
const PORT: FieldSchema = FieldSchema {
    id: 2,
    name: Borrowed("port"),
    bits: 16,
    kind: MatchKind::Ternary,
};

static TABLES: [TableSchema; 3] = [
    table(ROUTES, "routes", const { &[DST, PORT] }),
    table(WHO, "who", &[]),
    table(FIXED, "fixed", const { &[DST] }),
];

static PROGRAM: LazyLock<ProgramInfo> = LazyLock::new(|| ProgramInfo {
    name: "small".into(),
    p4info: text::parse_p4info(P4INFO).unwrap().encode_to_vec().into(),
    p4info_text: P4INFO.into(),
    digest: [0xd1; 32],
    tables: Borrowed(&TABLES),
    actions: vec![SEND_ACTION, MISS_ACTION].into(),
    counters: vec![CounterSchema {
        id: SEEN,
        name: "seen".into(),
        alias: "seen".into(),
        size: 2500,
        unit: CounterUnit::Both,
    }]
    .into(),
    registers: vec![RegisterSchema {
        id: LAST,
        name: "last".into(),
        alias: "last".into(),
        size: 4,
        bits: 64,
    }]
    .into(),
    meters: Borrowed(&[]),
    profiles: Borrowed(&[]),
    digests: Borrowed(&[]),
    value_sets: Borrowed(&[]),
});

/// Tables, and: from the CPU port to the port that the controller header says; from elsewhere to the CPU port.
struct Small(Saved);

impl Small {
    fn new() -> Arc<Self> {
        Arc::new(Small(Saved::new(&PROGRAM)))
    }
}

impl Pipeline for Small {
    fn program(&self) -> &ProgramInfo {
        &PROGRAM
    }

    fn process(&self, _: &mut Worker, ingress: Ingress, packet: &mut Packet) -> Verdict {
        if ingress.port != CPU {
            packet.replace_head(0, &(ingress.port << 7).to_be_bytes());
            return Verdict::Send { port: CPU };
        }
        let &[high, low, ..] = packet.bytes() else {
            return Verdict::Drop;
        };
        packet.replace_head(2, &[]);
        Verdict::Send {
            port: u16::from_be_bytes([high, low]) >> 7,
        }
    }

    fn write(&self, update: &Update) -> Result<(), WriteError> {
        self.0.write(update)
    }

    fn read(&self, query: &Query, visit: &mut dyn FnMut(Entity)) {
        self.0.read(query, visit);
    }

    fn clear(&self) {
        self.0.clear();
    }
}

/// A client with its stream.
struct Client {
    rpc: P4RuntimeClient<Channel>,
    to_server: mpsc::Sender<v1::StreamMessageRequest>,
    from_server: Streaming<v1::StreamMessageResponse>,
    election_id: u128,
}

/// A server without CPU port.
async fn serve(pipeline: Arc<Small>) -> (SocketAddr, ServerHandle) {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    P4RuntimeServer::bind(any, DEVICE, pipeline).await.unwrap()
}

impl Client {
    /// Connects, says nothing yet.
    async fn connect(address: SocketAddr) -> Self {
        let mut rpc = channel::connect(format!("http://{address}")).await.unwrap();
        let (to_server, requests) = mpsc::channel(16);
        let from_server = rpc.stream_channel(ReceiverStream::new(requests)).await;
        Client {
            rpc,
            to_server,
            from_server: from_server.unwrap().into_inner(),
            election_id: 0,
        }
    }

    /// Connects, becomes the primary and pushes the program.
    async fn primary(address: SocketAddr) -> Self {
        let mut client = Client::connect(address).await;
        client.arbitrate(1).await;
        assert_eq!(client.told().await, (Code::Ok, Some(1)));
        client
            .set_config(Action::VerifyAndCommit, Some(config()))
            .await
            .unwrap();
        client
    }

    async fn send(&self, update: stream_message_request::Update) {
        let message = v1::StreamMessageRequest {
            update: Some(update),
        };
        self.to_server.send(message).await.unwrap();
    }

    async fn arbitrate(&mut self, election_id: u128) {
        self.election_id = election_id;
        let update = v1::MasterArbitrationUpdate {
            device_id: DEVICE,
            election_id: Some(to_uint128(election_id)),
            ..v1::MasterArbitrationUpdate::default()
        };
        self.send(stream_message_request::Update::Arbitration(update))
            .await;
    }

    /// The next message on the stream, or how it ended.
    async fn next(&mut self) -> Result<Option<Told>, Status> {
        let message = tokio::time::timeout(Duration::from_secs(10), self.from_server.message());
        let message = message
            .await
            .expect("the server says something within 10 s")?;
        Ok(message.and_then(|message| message.update))
    }

    /// The next arbitration message: status and highest election id.
    async fn told(&mut self) -> (Code, Option<u128>) {
        match self.next().await {
            Ok(Some(Told::Arbitration(update))) => (
                Code::from_i32(update.status.unwrap().code),
                update.election_id.as_ref().map(dpr_p4runtime::election_id),
            ),
            other => panic!("not an arbitration message: {other:?}"),
        }
    }

    async fn set_config(
        &mut self,
        action: Action,
        config: Option<ForwardingPipelineConfig>,
    ) -> Result<(), Status> {
        let request = v1::SetForwardingPipelineConfigRequest {
            device_id: DEVICE,
            election_id: Some(to_uint128(self.election_id)),
            action: action as i32,
            config,
            ..v1::SetForwardingPipelineConfigRequest::default()
        };
        self.rpc
            .set_forwarding_pipeline_config(request)
            .await
            .map(drop)
    }

    async fn write(&mut self, updates: Vec<v1::Update>) -> Result<(), Status> {
        let request = v1::WriteRequest {
            device_id: DEVICE,
            election_id: Some(to_uint128(self.election_id)),
            updates,
            ..v1::WriteRequest::default()
        };
        self.rpc.write(request).await.map(drop)
    }

    /// Writes one update; its error's code and message.
    async fn write_one(
        &mut self,
        kind: v1::update::Type,
        entity: v1::entity::Entity,
    ) -> Result<(), (Code, String)> {
        let status = match self.write(vec![update(kind, entity)]).await {
            Ok(()) => return Ok(()),
            Err(status) => status,
        };
        assert_eq!(status.code(), Code::Unknown, "{status:?}");
        let errors = dpr_p4runtime::status::errors(&status);
        let [error] = errors.as_slice() else {
            panic!("not one error: {errors:?}")
        };
        Err((Code::from_i32(error.canonical_code), error.message.clone()))
    }

    /// What is read before the end, and how it ended.
    async fn read(
        &mut self,
        entities: Vec<v1::entity::Entity>,
    ) -> (Vec<v1::entity::Entity>, Result<usize, Status>) {
        let entities = entities.into_iter().map(|entity| v1::Entity {
            entity: Some(entity),
        });
        let request = v1::ReadRequest {
            device_id: DEVICE,
            entities: entities.collect(),
            ..v1::ReadRequest::default()
        };
        let mut stream = match self.rpc.read(request).await {
            Ok(stream) => stream.into_inner(),
            Err(status) => return (Vec::new(), Err(status)),
        };
        let mut found = Vec::new();
        let mut messages = 0;
        loop {
            match stream.message().await {
                Ok(Some(message)) => {
                    found.extend(message.entities.into_iter().filter_map(|it| it.entity));
                    messages += 1;
                }
                Ok(None) => return (found, Ok(messages)),
                Err(status) => return (found, Err(status)),
            }
        }
    }
}

fn config() -> ForwardingPipelineConfig {
    ForwardingPipelineConfig {
        p4info: Some(text::parse_p4info(P4INFO).unwrap()),
        p4_device_config: PROGRAM.digest.to_vec(),
        cookie: Some(v1::forwarding_pipeline_config::Cookie { cookie: 42 }),
    }
}

fn update(kind: v1::update::Type, entity: v1::entity::Entity) -> v1::Update {
    v1::Update {
        r#type: kind as i32,
        entity: Some(v1::Entity {
            entity: Some(entity),
        }),
    }
}

/// `routes`: dst, any port, to a port.
fn route(dst: u32, priority: i32, port: u16) -> v1::TableEntry {
    v1::TableEntry {
        table_id: ROUTES,
        r#match: vec![v1::FieldMatch {
            field_id: 1,
            field_match_type: Some(v1::field_match::FieldMatchType::Exact(
                v1::field_match::Exact {
                    value: dpr_p4runtime::bytestring::encode(dst),
                },
            )),
        }],
        action: Some(send_to(port)),
        priority,
        ..v1::TableEntry::default()
    }
}

fn send_to(port: u16) -> v1::TableAction {
    let param = v1::action::Param {
        param_id: 1,
        value: dpr_p4runtime::bytestring::encode(port),
    };
    call(SEND, vec![param])
}

fn call(action_id: u32, params: Vec<v1::action::Param>) -> v1::TableAction {
    v1::TableAction {
        r#type: Some(v1::table_action::Type::Action(v1::Action {
            action_id,
            params,
        })),
    }
}
