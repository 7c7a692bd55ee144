//! Limits that both ends of a connection need, and how to connect with them.

use crate::v1::p4_runtime_client::P4RuntimeClient;
use std::time::Duration;
use tonic::transport::{Channel, Endpoint, Error};

/// The largest message: device configurations and large batches are beyond gRPC's default of 4 MiB.
pub const MAX_MESSAGE_BYTES: usize = 128 << 20;

/// The largest status: a failed Write has an error for each of its updates in the trailer.
pub const MAX_METADATA_BYTES: u32 = 64 << 20;

/// HTTP/2 flow control: what may be on its way before the other end has read it.
pub const WINDOW_BYTES: u32 = 8 << 20;

/// Where a P4Runtime server is; `uri` is like `http://127.0.0.1:9559`.
pub fn endpoint(uri: String) -> Result<Endpoint, Error> {
    Ok(Endpoint::from_shared(uri)?
        .connect_timeout(Duration::from_secs(5))
        .tcp_nodelay(true)
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES)
        .http2_max_header_list_size(MAX_METADATA_BYTES))
}

/// A client over a channel, with room for large messages.
pub fn client(channel: Channel) -> P4RuntimeClient<Channel> {
    P4RuntimeClient::new(channel)
        .max_decoding_message_size(MAX_MESSAGE_BYTES)
        .max_encoding_message_size(MAX_MESSAGE_BYTES)
}

/// Connects to a P4Runtime server.
pub async fn connect(uri: String) -> Result<P4RuntimeClient<Channel>, Error> {
    Ok(client(endpoint(uri)?.connect().await?))
}
