//! `StreamChannel`: what a client says on its stream.

use super::arbitration::StreamId;
use super::device::Device;
use dpr_p4runtime::v1::stream_error::Details;
use dpr_p4runtime::v1::stream_message_request::Update;
use dpr_p4runtime::v1::stream_message_response;
use dpr_p4runtime::v1::{
    DigestListAck, DigestListAckError, PacketOut, PacketOutError, StreamError,
    StreamMessageRequest, StreamOtherError,
};
use std::sync::Arc;
use tonic::{Code, Status, Streaming};

/// Serves a stream to its end.
pub async fn serve(
    device: Arc<Device>,
    stream: StreamId,
    mut requests: Streaming<StreamMessageRequest>,
) {
    let mut generation = device.generation.subscribe();
    let status = loop {
        let request = tokio::select! {
            request = requests.message() => request,
            _ = generation.changed() => break Some(Status::unavailable("the target restarts")),
        };
        match request {
            Ok(Some(request)) => {
                if let Err(status) = handle(&device, stream, request).await {
                    break Some(status);
                }
            }
            // The client is done, or gone.
            Ok(None) | Err(_) => break None,
        }
    };
    if let Some(status) = &status {
        tracing::info!(stream, code = ?status.code(), reason = status.message(), "stream ended");
    }
    device.sessions.close(stream, status);
}

/// An error ends the stream.
async fn handle(
    device: &Device,
    stream: StreamId,
    request: StreamMessageRequest,
) -> Result<(), Status> {
    match request.update {
        Some(Update::Arbitration(update)) => {
            let arbitrated = device.sessions.arbitrate(stream, &update);
            let awaits = arbitrated.map_err(|it| Status::new(it.code(), it.to_string()))?;
            if awaits {
                // Whoever has this lock has no Write of an earlier primary beside it.
                drop(device.forwarding.write().await);
                device.sessions.confirm(stream);
                device.digests().forget_sent();
                tracing::info!(stream, "a new primary");
            }
        }
        Some(Update::Packet(packet)) => {
            if let Err((code, message)) = packet_out(device, stream, &packet) {
                let packet_out = Some(packet);
                let details = Details::PacketOut(PacketOutError { packet_out });
                tell_error(device, stream, code, message, details);
            }
        }
        Some(Update::DigestAck(ack)) => {
            if let Err((code, message)) = digest_ack(device, stream, &ack) {
                let digest_list_ack = Some(ack);
                let details = Details::DigestListAck(DigestListAckError { digest_list_ack });
                tell_error(device, stream, code, message, details);
            }
        }
        Some(Update::Other(other)) => {
            let message = format!("this target does not know {}", other.type_url);
            let details = Details::Other(StreamOtherError { other: Some(other) });
            tell_error(device, stream, Code::Unimplemented, message, details);
        }
        None => {
            let details = Details::Other(StreamOtherError { other: None });
            let message = "the message says nothing".to_owned();
            tell_error(device, stream, Code::InvalidArgument, message, details);
        }
    }
    Ok(())
}

fn packet_out(device: &Device, stream: StreamId, packet: &PacketOut) -> Result<(), (Code, String)> {
    if !device.sessions.is_primary(stream) {
        let message = "only the primary sends packets".to_owned();
        return Err((Code::PermissionDenied, message));
    }
    let Some(sender) = &device.packet_out else {
        let message = "this target has no CPU port".to_owned();
        return Err((Code::FailedPrecondition, message));
    };
    let frame = device
        .packet_out_header()
        .prepend(&packet.metadata, &packet.payload);
    let frame = frame.map_err(|error| (Code::InvalidArgument, error.to_string()))?;
    sender.send(&frame).map_err(|_| {
        let message = "the CPU port's queue is full".to_owned();
        (Code::ResourceExhausted, message)
    })
}

/// Of a list that is not known any more nothing is said: acknowledgements may come late.
fn digest_ack(
    device: &Device,
    stream: StreamId,
    ack: &DigestListAck,
) -> Result<(), (Code, String)> {
    if !device.has_digest(ack.digest_id) {
        let message = format!("the program has no digest with id {:#010x}", ack.digest_id);
        return Err((Code::InvalidArgument, message));
    }
    if !device.sessions.is_primary(stream) {
        let message = "only the primary acknowledges digests".to_owned();
        return Err((Code::PermissionDenied, message));
    }
    device.digests().acknowledge(ack.digest_id, ack.list_id);
    Ok(())
}

fn tell_error(device: &Device, stream: StreamId, code: Code, message: String, details: Details) {
    let error = StreamError {
        canonical_code: code as i32,
        message,
        details: Some(details),
        ..StreamError::default()
    };
    let update = stream_message_response::Update::Error(error);
    device.sessions.tell(stream, update);
}
