//! A drain that is watched until it is over.

use super::{Operators, host_id, host_state, unknown};
use crate::core::{Command, HostState, Input};
use dpr_protocol::admin::v1::{DrainProgress, WatchDrainRequest, drain_progress::Outcome};
use std::time::Duration;
use tokio::{
    sync::mpsc::{UnboundedSender, unbounded_channel},
    time::Instant,
};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::Status;

/// How often it is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

pub(super) type Progress = UnboundedReceiverStream<Result<DrainProgress, Status>>;

/// Drains a host, and says how it goes until it is drained or the deadline passes.
pub(super) async fn watch(
    operators: &Operators,
    request: WatchDrainRequest,
) -> Result<Progress, Status> {
    operators
        .command(request.host.clone(), |host| Command::Drain { host })
        .await?;
    let (sender, receiver) = unbounded_channel();
    let operators = operators.clone();
    tokio::spawn(async move {
        if let Err(status) = follow(&operators, &request, &sender).await {
            // Whoever asked may have gone.
            let _ = sender.send(Err(status));
        }
    });
    Ok(UnboundedReceiverStream::new(receiver))
}

async fn follow(
    operators: &Operators,
    request: &WatchDrainRequest,
    sender: &UnboundedSender<Result<DrainProgress, Status>>,
) -> Result<(), Status> {
    let started = Instant::now();
    let deadline = (request.deadline_ms > 0).then(|| Duration::from_millis(request.deadline_ms));
    let mut said = None;
    loop {
        let (state, buckets, connections, is_at_rest) =
            look(operators, request.host.clone()).await?;
        let elapsed = started.elapsed();
        let outcome = if state == HostState::Drained && connections == 0 && is_at_rest {
            Outcome::Drained
        } else if deadline.is_some_and(|deadline| elapsed >= deadline) {
            Outcome::DeadlinePassed
        } else {
            Outcome::Waiting
        };
        let is_news =
            said.replace((state, buckets, connections)) != Some((state, buckets, connections));
        if is_news || outcome != Outcome::Waiting {
            let progress = DrainProgress {
                outcome: outcome.into(),
                state: host_state(state).into(),
                buckets,
                connections,
                elapsed_ms: elapsed.as_millis() as u64,
            };
            if sender.send(Ok(progress)).is_err() || outcome != Outcome::Waiting {
                return Ok(());
            }
        }
        if !matches!(
            state,
            HostState::Draining | HostState::Drained | HostState::Blind
        ) {
            return Err(Status::aborted(format!(
                "{} is not being drained any more",
                request.host
            )));
        }
        let left = deadline.map(|deadline| deadline.saturating_sub(elapsed));
        tokio::select! {
            () = tokio::time::sleep(left.map_or(LOOK_AGAIN, |left| left.min(LOOK_AGAIN))) => {}
            () = sender.closed() => return Ok(()),
        }
    }
}

/// A host's state, its buckets, its connections that go on, and whether it gets nothing new any more.
async fn look(operators: &Operators, name: String) -> Result<(HostState, u64, u64, bool), Status> {
    operators
        .visit(move |core, _, now| {
            core.handle(Input::Tick, now);
            let id = host_id(core, &name)?;
            let status = core.status();
            let info = status.hosts.iter().find(|info| info.id == id);
            let info = info.ok_or_else(|| unknown(&name))?;
            Ok((
                info.state,
                info.buckets,
                core.live_connections(id),
                core.is_at_rest(id),
            ))
        })
        .await?
}
