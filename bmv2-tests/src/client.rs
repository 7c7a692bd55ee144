use crate::eventually::PATIENCE;
use crate::target::Program;
use dpr_p4runtime::config::P4Info;
use dpr_p4runtime::v1::p4_runtime_client::P4RuntimeClient;
use dpr_p4runtime::v1::set_forwarding_pipeline_config_request::Action;
use dpr_p4runtime::v1::stream_message_response::Update as Told;
use dpr_p4runtime::v1::{self, stream_message_request};
use dpr_p4runtime::{channel, convert, status, to_uint128};
use dpr_runtime::{CounterValue, Entity, EntryFilter, Query, TableEntry, Update};
use prost::Message;
use std::fmt;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Code, Status, Streaming};

/// A P4Runtime client for tests: each call returns when it is done.
#[derive(Debug)]
pub struct Client {
    // Dropped in this order: the stream ends before the runtime that drives it.
    rpc: P4RuntimeClient<Channel>,
    to_server: mpsc::Sender<v1::StreamMessageRequest>,
    from_server: Streaming<v1::StreamMessageResponse>,
    runtime: Runtime,
    program: Program,
    device_id: u64,
    election_id: u128,
}

/// The updates of a Write that failed.
#[derive(Clone, Debug)]
pub struct WriteFailure {
    /// Position, code and message of each that failed. Empty if the Write failed as a whole.
    pub updates: Vec<(usize, Code, String)>,
    /// What the Write as a whole says.
    pub status: Status,
}

impl fmt::Display for WriteFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.status.code(), self.status.message())?;
        for (position, code, message) in &self.updates {
            write!(f, "\n  update {position}: {code:?}: {message}")?;
        }
        Ok(())
    }
}

impl std::error::Error for WriteFailure {}

impl Client {
    /// Connects to a server, as `http://127.0.0.1:9559` or `unix:/run/p4runtime`, and becomes the primary.
    pub(crate) fn primary(uri: &str, device_id: u64, program: Program, election_id: u128) -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime for the client");
        let update = v1::MasterArbitrationUpdate {
            device_id,
            election_id: Some(to_uint128(election_id)),
            ..v1::MasterArbitrationUpdate::default()
        };
        let arbitration = v1::StreamMessageRequest {
            update: Some(stream_message_request::Update::Arbitration(update)),
        };
        let (rpc, to_server, from_server) = runtime.block_on(async {
            let connected = channel::connect(uri.to_owned()).await;
            let mut rpc = connected.unwrap_or_else(|error| panic!("{uri}: {error:?}"));
            let (to_server, requests) = mpsc::channel(64);
            // A server need not answer a stream before it has something to say.
            let sent = to_server.send(arbitration).await;
            assert!(sent.is_ok(), "the receiver is here");
            let stream = rpc.stream_channel(ReceiverStream::new(requests)).await;
            let stream = stream.unwrap_or_else(|status| panic!("StreamChannel: {status}"));
            (rpc, to_server, stream.into_inner())
        });
        let mut client = Client {
            rpc,
            to_server,
            from_server,
            runtime,
            program,
            device_id,
            election_id,
        };
        match client.hear() {
            Told::Arbitration(update) if update.status.as_ref().is_some_and(|it| it.code == 0) => {}
            other => panic!("not the primary: {other:?}"),
        }
        client
    }

    /// Pushes the program that the client was made for.
    pub fn push(&mut self, cookie: u64) {
        let p4info = P4Info::decode(&*self.program.info.p4info);
        let config = v1::ForwardingPipelineConfig {
            p4info: Some(p4info.expect("the program has a P4Info")),
            p4_device_config: self.program.device_config.to_vec(),
            cookie: Some(v1::forwarding_pipeline_config::Cookie { cookie }),
        };
        let pushed = self.set_config(config);
        pushed.unwrap_or_else(|status| panic!("SetForwardingPipelineConfig: {status}"));
    }

    /// The program that it was made for, or was told to push.
    pub(crate) fn program(&self) -> Program {
        self.program
    }

    /// Pushes another program, and speaks of that from then on.
    pub(crate) fn run(&mut self, program: Program) {
        self.program = program;
        self.push(1);
    }

    /// Pushes any configuration.
    pub fn set_config(&mut self, config: v1::ForwardingPipelineConfig) -> Result<(), Status> {
        let request = v1::SetForwardingPipelineConfigRequest {
            device_id: self.device_id,
            election_id: Some(to_uint128(self.election_id)),
            action: Action::VerifyAndCommit as i32,
            config: Some(config),
            ..v1::SetForwardingPipelineConfigRequest::default()
        };
        let set = self.rpc.set_forwarding_pipeline_config(request);
        self.runtime.block_on(set).map(drop)
    }

    /// Writes a batch.
    pub fn try_write(&mut self, updates: &[Update]) -> Result<(), WriteFailure> {
        let request = v1::WriteRequest {
            device_id: self.device_id,
            election_id: Some(to_uint128(self.election_id)),
            updates: updates.iter().map(convert::update_to_proto).collect(),
            ..v1::WriteRequest::default()
        };
        let written = self.runtime.block_on(self.rpc.write(request));
        written.map(drop).map_err(|status| {
            let errors = status::errors(&status).into_iter().enumerate();
            let errors = errors.map(|(position, error)| {
                (
                    position,
                    Code::from_i32(error.canonical_code),
                    error.message,
                )
            });
            WriteFailure {
                updates: errors.filter(|(_, code, _)| *code != Code::Ok).collect(),
                status,
            }
        })
    }

    /// Writes a batch, all of which must succeed.
    pub fn write(&mut self, updates: &[Update]) {
        if let Err(failure) = self.try_write(updates) {
            panic!("Write: {failure}");
        }
    }

    /// Reads entities of the program.
    pub fn read(&mut self, query: &Query) -> Vec<Entity> {
        let request = v1::ReadRequest {
            device_id: self.device_id,
            entities: vec![convert::query_to_proto(query)],
            ..v1::ReadRequest::default()
        };
        let (rpc, program) = (&mut self.rpc, self.program.info);
        self.runtime.block_on(async {
            let mut stream = match rpc.read(request).await {
                Ok(stream) => stream.into_inner(),
                Err(status) => panic!("Read {query:?}: {status}"),
            };
            let mut found = Vec::new();
            while let Some(message) = stream.message().await.expect("a Read goes to its end") {
                for entity in &message.entities {
                    found.push(
                        convert::entity(program, entity)
                            .expect("the target's entities are the program's"),
                    );
                }
            }
            found
        })
    }

    /// The entries of a table.
    pub fn entries(&mut self, table: u32) -> Vec<TableEntry> {
        let query = Query::Tables {
            table: Some(table),
            filter: EntryFilter::All,
        };
        let entities = self.read(&query).into_iter();
        let entries = entities.filter_map(|entity| match entity {
            Entity::Table(entry) => Some(entry),
            _ => None,
        });
        entries.collect()
    }

    /// All cells of a counter.
    pub fn counters(&mut self, counter: u32) -> Vec<CounterValue> {
        let query = Query::Counters {
            counter: Some(counter),
            index: None,
        };
        let entities = self.read(&query).into_iter();
        let cells = entities.filter_map(|entity| match entity {
            Entity::Counter { value, .. } => Some(value),
            _ => None,
        });
        cells.collect()
    }

    /// Says something on the stream.
    pub fn tell(&self, update: stream_message_request::Update) {
        let message = v1::StreamMessageRequest {
            update: Some(update),
        };
        let sent = self.runtime.block_on(self.to_server.send(message));
        assert!(sent.is_ok(), "the stream has ended");
    }

    /// The next message on the stream.
    pub fn hear(&mut self) -> Told {
        let from_server = &mut self.from_server;
        let message = self
            .runtime
            .block_on(async { tokio::time::timeout(PATIENCE, from_server.message()).await });
        let message =
            message.unwrap_or_else(|_| panic!("nothing on the stream within {PATIENCE:?}"));
        match message {
            Ok(Some(v1::StreamMessageResponse {
                update: Some(update),
            })) => update,
            other => panic!("the stream ended: {other:?}"),
        }
    }
}
