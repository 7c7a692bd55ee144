//! A P4Runtime client for one target: becomes its primary, sees that it runs its program, reads what it holds, and then writes
//! and reads what it is told to. Whatever fails, it begins again.

use crate::core::everything;
use dpr_p4runtime::{
    channel,
    config::P4Info,
    convert, status, to_uint128,
    v1::{
        self, MasterArbitrationUpdate, StreamMessageRequest,
        get_forwarding_pipeline_config_request::ResponseType, p4_runtime_client::P4RuntimeClient,
        set_forwarding_pipeline_config_request::Action, stream_message_request,
        stream_message_response,
    },
};
use dpr_runtime::{Entity, ProgramInfo, Query, Update, WriteError};
use prost::Message;
use std::time::Duration;
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::{Code, Status, Streaming, transport::Channel};

/// No answer for this long is a failure.
const PATIENCE: Duration = Duration::from_secs(10);

/// A target that vanished without a word is noticed within the sum of these.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(2);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(4);

const BACKOFF_MIN: Duration = Duration::from_millis(50);
const BACKOFF_MAX: Duration = Duration::from_secs(2);

/// Which target, and who asks.
#[derive(Clone, Debug)]
pub struct TargetConfig {
    /// As `192.0.2.1:9559`.
    pub address: String,
    /// The device id there.
    pub device_id: u64,
    /// What it is to run.
    pub program: &'static ProgramInfo,
    /// The same as targets take it that run BMv2's JSON.
    pub json: &'static str,
    /// The larger is primary.
    pub election_id: u128,
}

/// What a connected target is to do.
#[derive(Debug)]
pub enum Request {
    /// One Write.
    Write {
        /// To be given back.
        id: u64,
        /// Independent of one another.
        updates: Vec<Update>,
    },
    /// Reads everything.
    ReadAll,
    /// Reads something, for somebody else.
    Query {
        /// What.
        queries: Vec<Query>,
        /// For whom.
        answer: tokio::sync::oneshot::Sender<Vec<Entity>>,
    },
}

/// What happened to a target.
#[derive(Debug)]
pub enum Report {
    /// It is connected and was read; it takes requests until [`Report::Down`].
    Up {
        /// For the requests.
        requests: mpsc::UnboundedSender<Request>,
        /// What it holds.
        entities: Vec<Entity>,
    },
    /// What it holds, read again.
    Contents(Vec<Entity>),
    /// A Write was answered.
    Written {
        /// As given.
        id: u64,
        /// By index.
        errors: Vec<(usize, WriteError)>,
    },
    /// The connection is lost, or the target has another primary.
    Down,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("cannot connect: {0}")]
    Connect(#[from] tonic::transport::Error),
    #[error("{}: {}", .0.code(), .0.message())]
    Status(Box<Status>),
    #[error("no answer")]
    Patience,
    #[error("another controller is its primary")]
    NotPrimary,
    #[error("its stream ended")]
    StreamEnded,
    #[error("the program's P4Info: {0}")]
    P4Info(#[from] prost::DecodeError),
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        Failure::Status(Box::new(status))
    }
}

impl From<tokio::time::error::Elapsed> for Failure {
    fn from(_: tokio::time::error::Elapsed) -> Self {
        Failure::Patience
    }
}

/// Keeps a target connected for as long as somebody listens to the reports.
pub async fn keep_connected(config: TargetConfig, reports: impl Fn(Report) -> bool) {
    let mut backoff = BACKOFF_MIN;
    loop {
        let mut was_up = false;
        let failure = match connect(&config).await {
            Ok(mut connection) => serve(&mut connection, &reports, &mut was_up).await,
            Err(failure) => failure,
        };
        let level_is_info = was_up || backoff == BACKOFF_MIN;
        if level_is_info {
            tracing::info!(target = config.address, %failure, "a P4Runtime target is away");
        } else {
            tracing::debug!(target = config.address, %failure, "a P4Runtime target is away");
        }
        if was_up {
            backoff = BACKOFF_MIN;
            if !reports(Report::Down) {
                return;
            }
        }
        sleep(backoff).await;
        backoff = (backoff * 2).min(BACKOFF_MAX);
    }
}

struct Connection {
    config: TargetConfig,
    client: P4RuntimeClient<Channel>,
    stream: Streaming<v1::StreamMessageResponse>,
    /// The stream lives as long as this.
    _to_stream: mpsc::UnboundedSender<StreamMessageRequest>,
}

async fn connect(config: &TargetConfig) -> Result<Connection, Failure> {
    let endpoint = channel::endpoint(format!("http://{}", config.address))?
        .http2_keep_alive_interval(KEEP_ALIVE_INTERVAL)
        .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
        .keep_alive_while_idle(true);
    let mut client = channel::client(endpoint.connect().await?);
    let (to_stream, receiver) = mpsc::unbounded_channel();
    let arbitration = MasterArbitrationUpdate {
        device_id: config.device_id,
        election_id: Some(to_uint128(config.election_id)),
        ..MasterArbitrationUpdate::default()
    };
    let update = stream_message_request::Update::Arbitration(arbitration);
    // The receiver is in this function.
    let _ = to_stream.send(StreamMessageRequest {
        update: Some(update),
    });
    let stream = timeout(
        PATIENCE,
        client.stream_channel(UnboundedReceiverStream::new(receiver)),
    )
    .await??
    .into_inner();
    let mut connection = Connection {
        config: config.clone(),
        client,
        stream,
        _to_stream: to_stream,
    };
    if !timeout(PATIENCE, connection.next_arbitration()).await?? {
        return Err(Failure::NotPrimary);
    }
    connection.configure().await?;
    Ok(connection)
}

impl Connection {
    /// Waits for the next word on who is primary, and says whether it is this controller.
    async fn next_arbitration(&mut self) -> Result<bool, Failure> {
        loop {
            let message = self.stream.message().await?.ok_or(Failure::StreamEnded)?;
            if let Some(stream_message_response::Update::Arbitration(update)) = message.update {
                return Ok(update
                    .status
                    .is_none_or(|status| status.code == Code::Ok as i32));
            }
        }
    }

    /// A number that says which program the target was given.
    fn cookie(&self) -> u64 {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.config.program.digest[..8]);
        u64::from_be_bytes(bytes)
    }

    /// Pushes the program unless the target has it. Another build with the same tables goes on until the target is restarted: a
    /// controller of another release would have all stages lose what they hold at once.
    async fn configure(&mut self) -> Result<(), Failure> {
        let request = v1::GetForwardingPipelineConfigRequest {
            device_id: self.config.device_id,
            response_type: ResponseType::P4infoAndCookie.into(),
        };
        let config = match timeout(
            PATIENCE,
            self.client.get_forwarding_pipeline_config(request),
        )
        .await?
        {
            Ok(response) => response.into_inner().config.unwrap_or_default(),
            Err(status) if status.code() == Code::FailedPrecondition => Default::default(),
            Err(status) => return Err(status.into()),
        };
        // 0 is that of a program that nobody has pushed.
        let cookie = config.cookie.map_or(0, |cookie| cookie.cookie);
        if cookie == self.cookie() {
            return Ok(());
        }
        let program = self.config.program;
        if cookie != 0 && config.p4info == Some(P4Info::decode(&*program.p4info)?) {
            tracing::warn!(
                target = self.config.address,
                program = %program.name,
                "runs another build with the same tables, and goes on until it is restarted"
            );
            return Ok(());
        }
        tracing::info!(
            target = self.config.address,
            program = %program.name,
            "pushing the program"
        );
        match self.push(self.config.json.as_bytes()).await {
            // The program is built into the target, which is told so by its digest.
            Err(Failure::Status(status)) if status.code() == Code::InvalidArgument => {
                self.push(&program.digest).await
            }
            pushed => pushed,
        }
    }

    async fn push(&mut self, device_config: &[u8]) -> Result<(), Failure> {
        let cookie = self.cookie();
        let config = v1::ForwardingPipelineConfig {
            p4info: Some(P4Info::decode(&*self.config.program.p4info)?),
            p4_device_config: device_config.to_vec(),
            cookie: Some(v1::forwarding_pipeline_config::Cookie { cookie }),
        };
        let request = v1::SetForwardingPipelineConfigRequest {
            device_id: self.config.device_id,
            election_id: Some(to_uint128(self.config.election_id)),
            action: Action::VerifyAndCommit.into(),
            config: Some(config),
            ..v1::SetForwardingPipelineConfigRequest::default()
        };
        timeout(
            PATIENCE,
            self.client.set_forwarding_pipeline_config(request),
        )
        .await??;
        Ok(())
    }

    async fn read(&mut self, queries: &[Query]) -> Result<Vec<Entity>, Failure> {
        let request = v1::ReadRequest {
            device_id: self.config.device_id,
            entities: queries.iter().map(convert::query_to_proto).collect(),
            ..v1::ReadRequest::default()
        };
        let mut responses = timeout(PATIENCE, self.client.read(request))
            .await??
            .into_inner();
        let mut entities = Vec::new();
        while let Some(response) = timeout(PATIENCE, responses.message()).await?? {
            // What the program does not describe is not this controller's business.
            let known = response
                .entities
                .iter()
                .filter_map(|entity| convert::entity(self.config.program, entity).ok());
            entities.extend(known);
        }
        Ok(entities)
    }

    async fn write(&mut self, updates: &[Update]) -> Result<Vec<(usize, WriteError)>, Failure> {
        let request = v1::WriteRequest {
            device_id: self.config.device_id,
            election_id: Some(to_uint128(self.config.election_id)),
            updates: updates.iter().map(convert::update_to_proto).collect(),
            ..v1::WriteRequest::default()
        };
        let status = match timeout(PATIENCE, self.client.write(request)).await? {
            Ok(_) => return Ok(Vec::new()),
            Err(status) => status,
        };
        let errors = status::errors(&status);
        if errors.len() != updates.len() {
            return Err(status.into());
        }
        Ok(errors
            .iter()
            .enumerate()
            .filter(|(_, error)| error.canonical_code != Code::Ok as i32)
            .map(|(index, error)| (index, write_error(&self.config, error)))
            .collect())
    }
}

fn write_error(config: &TargetConfig, error: &v1::Error) -> WriteError {
    match Code::from(error.canonical_code) {
        Code::AlreadyExists => WriteError::AlreadyExists,
        Code::NotFound => WriteError::NotFound,
        code => {
            tracing::warn!(target = config.address, %code, message = error.message, "an update is refused");
            match code {
                Code::ResourceExhausted => WriteError::ResourceExhausted { size: 0 },
                Code::PermissionDenied => WriteError::PermissionDenied { what: "the entity" },
                _ => WriteError::Unimplemented { what: "the update" },
            }
        }
    }
}

/// Serves requests until something fails.
async fn serve(
    connection: &mut Connection,
    reports: &impl Fn(Report) -> bool,
    was_up: &mut bool,
) -> Failure {
    let entities = match connection.read(&everything()).await {
        Ok(entities) => entities,
        Err(failure) => return failure,
    };
    let (sender, mut requests) = mpsc::unbounded_channel();
    *was_up = true;
    if !reports(Report::Up {
        requests: sender,
        entities,
    }) {
        return Failure::StreamEnded;
    }
    loop {
        let request = tokio::select! {
            is_primary = connection.next_arbitration() => match is_primary {
                Ok(true) => continue,
                Ok(false) => return Failure::NotPrimary,
                Err(failure) => return failure,
            },
            request = requests.recv() => request,
        };
        let result = match request {
            None => return Failure::StreamEnded,
            Some(Request::Write { id, updates }) => connection
                .write(&updates)
                .await
                .map(|errors| reports(Report::Written { id, errors })),
            Some(Request::ReadAll) => connection
                .read(&everything())
                .await
                .map(|entities| reports(Report::Contents(entities))),
            Some(Request::Query { queries, answer }) => {
                // Whoever asked may have gone.
                connection
                    .read(&queries)
                    .await
                    .map(|entities| drop(answer.send(entities)))
                    .map(|()| true)
            }
        };
        match result {
            Ok(true) => {}
            Ok(false) => return Failure::StreamEnded,
            Err(failure) => return failure,
        }
    }
}
