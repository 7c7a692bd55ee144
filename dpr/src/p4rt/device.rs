//! A target over gRPC: each call returns when it is done.

use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use dpr_p4runtime::config::P4Info;
use dpr_p4runtime::schema::program_info;
use dpr_p4runtime::v1::get_forwarding_pipeline_config_request::ResponseType;
use dpr_p4runtime::v1::p4_runtime_client::P4RuntimeClient;
use dpr_p4runtime::v1::set_forwarding_pipeline_config_request::Action;
use dpr_p4runtime::v1::stream_message_request::Update as Said;
use dpr_p4runtime::v1::stream_message_response::Update as Heard;
use dpr_p4runtime::v1::{self, ForwardingPipelineConfig};
use dpr_p4runtime::{channel, convert, election_id, status, to_uint128};
use dpr_runtime::{Entity, ProgramInfo, Query, Update};
use dpr_stf::{Control, Refusal};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Code, Status, Streaming};

/// No answer for this long is a failure.
const PATIENCE: Duration = Duration::from_secs(10);

/// A target.
#[derive(Debug)]
pub struct Device {
    runtime: Runtime,
    rpc: P4RuntimeClient<Channel>,
    id: u64,
    address: String,
}

/// A target and its program, to be read.
#[derive(Debug)]
pub struct Reader<'d> {
    device: &'d Device,
    p4info: P4Info,
    program: ProgramInfo,
}

/// A target whose primary this client is.
#[derive(Debug)]
pub struct Primary<'d> {
    device: &'d Device,
    election_id: u128,
    to_server: mpsc::Sender<v1::StreamMessageRequest>,
    from_server: Streaming<v1::StreamMessageResponse>,
    /// `None` as long as the target has no program.
    reader: Option<Reader<'d>>,
    nothing: (P4Info, ProgramInfo),
}

/// What a status says, in the words of the first item that failed if it is about several.
fn explain(what: &str, status: &Status) -> anyhow::Error {
    let failed = status::errors(status).into_iter();
    let failed = failed.map(|item| (Code::from_i32(item.canonical_code), item.message));
    let (code, message) = failed
        .into_iter()
        .find(|(code, _)| *code != Code::Ok)
        .unwrap_or_else(|| (status.code(), status.message().to_owned()));
    anyhow!("{what}: {code:?}: {message}")
}

impl Device {
    /// Connects to a server at an address such as `127.0.0.1:9559`.
    pub fn connect(address: &str, id: u64) -> anyhow::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let connected = runtime.block_on(channel::connect(format!("http://{address}")));
        Ok(Device {
            rpc: connected.with_context(|| format!("no P4Runtime server answers on {address}"))?,
            runtime,
            id,
            address: address.to_owned(),
        })
    }

    /// Waits for an answer, though not for ever.
    fn wait<T>(
        &self,
        what: &str,
        answer: impl Future<Output = Result<T, Status>>,
    ) -> anyhow::Result<T> {
        let answer = async { tokio::time::timeout(PATIENCE, answer).await };
        match self.runtime.block_on(answer) {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(status)) => Err(explain(what, &status)),
            Err(_) => bail!("{what}: {} does not answer", self.address),
        }
    }

    /// The program's P4Info; `None` if the target has no program.
    fn find_p4info(&self) -> anyhow::Result<Option<P4Info>> {
        let request = v1::GetForwardingPipelineConfigRequest {
            device_id: self.id,
            response_type: ResponseType::P4infoAndCookie as i32,
        };
        let mut rpc = self.rpc.clone();
        let answer = self.wait("GetForwardingPipelineConfig", async {
            match rpc.get_forwarding_pipeline_config(request).await {
                Err(status) if status.code() == Code::FailedPrecondition => Ok(None),
                answer => answer.map(Some),
            }
        })?;
        Ok(answer.and_then(|answer| answer.into_inner().config?.p4info))
    }

    /// The program's P4Info.
    pub fn p4info(&self) -> anyhow::Result<P4Info> {
        self.find_p4info()?.with_context(|| {
            format!(
                "{} runs no program yet; `dpr p4rt push` gives it one",
                self.address
            )
        })
    }

    /// The target, to be read.
    pub fn reader(&self) -> anyhow::Result<Reader<'_>> {
        Ok(Reader::new(self, self.p4info()?))
    }
}

impl<'d> Reader<'d> {
    fn new(device: &'d Device, p4info: P4Info) -> Self {
        Reader {
            device,
            program: program_info(&p4info),
            p4info,
        }
    }
}

impl Reader<'_> {
    /// The program.
    pub fn program(&self) -> &ProgramInfo {
        &self.program
    }

    /// Reads all that a query selects.
    pub fn read(&self, query: &Query) -> Result<Vec<Entity>, Refusal> {
        let request = v1::ReadRequest {
            device_id: self.device.id,
            entities: vec![convert::query_to_proto(query)],
            ..v1::ReadRequest::default()
        };
        let mut rpc = self.device.rpc.clone();
        let messages = self.device.wait("Read", async {
            let mut stream = rpc.read(request).await?.into_inner();
            let mut messages = Vec::new();
            while let Some(message) = stream.message().await? {
                messages.extend(message.entities);
            }
            Ok(messages)
        });
        let messages = messages.map_err(|error| Refusal::Other(error.to_string()))?;
        let entities = messages
            .iter()
            .map(|entity| convert::entity(&self.program, entity));
        entities
            .collect::<Result<_, _>>()
            .map_err(|error| Refusal::Other(format!("the target's answer: {error}")))
    }
}

impl<'d> Primary<'d> {
    /// Becomes the primary.
    pub fn of(device: &'d Device, id: u128) -> anyhow::Result<Self> {
        let (to_server, requests) = mpsc::channel(64);
        let mut rpc = device.rpc.clone();
        let arbitration = v1::MasterArbitrationUpdate {
            device_id: device.id,
            election_id: Some(to_uint128(id)),
            ..v1::MasterArbitrationUpdate::default()
        };
        let (from_server, heard) = device.wait("StreamChannel", async {
            // The receiver is in this function.
            let _ = to_server
                .send(v1::StreamMessageRequest {
                    update: Some(Said::Arbitration(arbitration)),
                })
                .await;
            let stream = rpc.stream_channel(ReceiverStream::new(requests)).await?;
            let mut stream = stream.into_inner();
            let heard = stream.message().await?;
            Ok((stream, heard))
        })?;
        match heard.and_then(|message| message.update) {
            Some(Heard::Arbitration(update))
                if update.status.as_ref().is_none_or(|status| status.code == 0) => {}
            Some(Heard::Arbitration(update)) => bail!(
                "another client is the primary of device {} with election id {}; a larger --election-id takes over",
                device.id,
                update.election_id.as_ref().map_or(0, election_id)
            ),
            _ => bail!("{} does not say who its primary is", device.address),
        }
        let reader = device.find_p4info()?;
        Ok(Primary {
            device,
            election_id: id,
            to_server,
            from_server,
            reader: reader.map(|p4info| Reader::new(device, p4info)),
            nothing: (P4Info::default(), program_info(&P4Info::default())),
        })
    }

    /// The program's P4Info; empty if there is no program.
    pub fn p4info(&self) -> &P4Info {
        match &self.reader {
            Some(reader) => &reader.p4info,
            None => &self.nothing.0,
        }
    }

    /// Gives the target a program.
    pub fn push(&self, config: ForwardingPipelineConfig) -> anyhow::Result<()> {
        let request = v1::SetForwardingPipelineConfigRequest {
            device_id: self.device.id,
            election_id: Some(to_uint128(self.election_id)),
            action: Action::VerifyAndCommit as i32,
            config: Some(config),
            ..v1::SetForwardingPipelineConfigRequest::default()
        };
        let mut rpc = self.device.rpc.clone();
        let set = rpc.set_forwarding_pipeline_config(request);
        self.device.wait("SetForwardingPipelineConfig", set)?;
        Ok(())
    }

    /// Says something on the stream.
    pub fn say(&mut self, update: Said) -> anyhow::Result<()> {
        let message = v1::StreamMessageRequest {
            update: Some(update),
        };
        let sent = self.device.runtime.block_on(self.to_server.send(message));
        sent.context("the server has ended the stream")
    }

    /// What comes next on the stream; `None` at its end, or at a signal to end.
    pub fn hear(&mut self) -> anyhow::Result<Option<Heard>> {
        let from_server = &mut self.from_server;
        let message = self.device.runtime.block_on(async {
            tokio::select! {
                message = from_server.message() => message,
                _ = tokio::signal::ctrl_c() => Ok(None),
            }
        });
        let message = message.map_err(|status| explain("StreamChannel", &status))?;
        Ok(message.and_then(|message| message.update))
    }

    /// Waits until the server has read all that was said: it answers on the same stream, in order. What it finds wrong with it
    /// is an error.
    pub fn flush(&mut self) -> anyhow::Result<()> {
        self.say(Said::Arbitration(v1::MasterArbitrationUpdate {
            device_id: self.device.id,
            election_id: Some(to_uint128(self.election_id)),
            ..v1::MasterArbitrationUpdate::default()
        }))?;
        let mut wrong = None;
        loop {
            let from_server = &mut self.from_server;
            let message = self.device.wait("StreamChannel", from_server.message())?;
            match message.and_then(|message| message.update) {
                Some(Heard::Error(error)) => {
                    wrong = Some(format!(
                        "{:?}: {}",
                        Code::from_i32(error.canonical_code),
                        error.message
                    ));
                }
                Some(Heard::Arbitration(_)) => break,
                Some(_) => {}
                None => bail!("the server has ended the stream"),
            }
        }
        wrong.map_or(Ok(()), |wrong| bail!("{wrong}"))
    }
}

impl Control for &Primary<'_> {
    fn program(&self) -> &ProgramInfo {
        match &self.reader {
            Some(reader) => &reader.program,
            None => &self.nothing.1,
        }
    }

    fn write(&self, update: &Update) -> Result<(), Refusal> {
        let request = v1::WriteRequest {
            device_id: self.device.id,
            election_id: Some(to_uint128(self.election_id)),
            updates: vec![convert::update_to_proto(update)],
            ..v1::WriteRequest::default()
        };
        let mut rpc = self.device.rpc.clone();
        let written = self.device.wait("Write", async {
            match rpc.write(request).await {
                Ok(_) => Ok(None),
                Err(status) => match status::errors(&status).into_iter().next() {
                    Some(error) => Ok(Some(error)),
                    None => Err(status),
                },
            }
        });
        match written {
            Ok(None) => Ok(()),
            Ok(Some(error)) => match Code::from_i32(error.canonical_code) {
                Code::AlreadyExists => Err(Refusal::AlreadyExists),
                code => Err(Refusal::Other(format!("{code:?}: {}", error.message))),
            },
            Err(error) => Err(Refusal::Other(error.to_string())),
        }
    }

    fn read(&self, query: &Query) -> Result<Vec<Entity>, Refusal> {
        match &self.reader {
            Some(reader) => reader.read(query),
            None => Ok(Vec::new()),
        }
    }
}
