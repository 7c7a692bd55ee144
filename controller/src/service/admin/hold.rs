//! A host that is held while its stage is replaced.

use super::{Operators, host_id};
use crate::core::{Command, Core, HostId};
use dpr_protocol::admin::v1::{HoldReply, HoldRequest, ReleaseReply, ReleaseRequest};
use std::time::Duration;
use tokio::time::Instant;
use tonic::Status;

/// How often it is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// How long a request waits that names no deadline.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) async fn hold(operators: &Operators, request: HoldRequest) -> Result<HoldReply, Status> {
    let name = request.host;
    operators
        .command(name.clone(), |host| Command::Hold { host })
        .await?;
    let is_so = wait(operators, &name, request.deadline_ms, Core::is_at_rest).await?;
    if !is_so {
        return Err(Status::deadline_exceeded(format!(
            "the front router still sprays to {name}, or buckets are on their way from or to it; it stays held"
        )));
    }
    let connections = operators
        .visit(move |core, _, _| host_id(core, &name).map(|id| core.live_connections(id)))
        .await??;
    Ok(HoldReply { connections })
}

pub(super) async fn release(
    operators: &Operators,
    request: ReleaseRequest,
) -> Result<ReleaseReply, Status> {
    let name = request.host;
    operators
        .command(name.clone(), |host| Command::Release { host })
        .await?;
    let is_so = wait(operators, &name, request.deadline_ms, Core::is_in_service).await?;
    if !is_so {
        return Err(Status::deadline_exceeded(format!(
            "the stage of {name} is not ready, or the front router does not spray to it yet; it is not held any more"
        )));
    }
    Ok(ReleaseReply {})
}

/// Waits until something holds of a host; says whether it does before the deadline.
async fn wait(
    operators: &Operators,
    name: &str,
    deadline_ms: u64,
    holds: fn(&Core, HostId) -> bool,
) -> Result<bool, Status> {
    let patience = match deadline_ms {
        0 => PATIENCE,
        deadline_ms => Duration::from_millis(deadline_ms),
    };
    let started = Instant::now();
    loop {
        let name = name.to_owned();
        let is_so = operators
            .visit(move |core, _, _| host_id(core, &name).map(|id| holds(core, id)))
            .await??;
        if is_so || started.elapsed() >= patience {
            return Ok(is_so);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
