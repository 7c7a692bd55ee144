//! `dpr bench write`: how long a batch of table entries takes from a P4Runtime client over loopback into the tables, and back.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::Args;
use dpr_p4::host_stage::{self, HostStage, flow_state};
use dpr_p4runtime::config::P4Info;
use dpr_p4runtime::v1::p4_runtime_client::P4RuntimeClient;
use dpr_p4runtime::v1::set_forwarding_pipeline_config_request::Action;
use dpr_p4runtime::v1::{self, stream_message_request};
use dpr_p4runtime::{channel, convert, to_uint128};
use dpr_runtime::{EntryFilter, Query, Update};
use dpr_switch::P4RuntimeServer;
use prost::Message;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;

const DEVICE_ID: u64 = 1;
const ELECTION_ID: u128 = 1;

/// What to measure with.
#[derive(Debug, Args)]
pub struct Options {
    /// Entries of `flow_state` in one Write
    #[arg(long, default_value_t = 10_000)]
    entries: u32,
    /// Times that they are inserted and deleted
    #[arg(long, default_value_t = 10)]
    rounds: u32,
}

/// Measures and prints.
pub fn run(options: &Options) -> anyhow::Result<()> {
    tokio::runtime::Runtime::new()?.block_on(measure(options))
}

async fn measure(options: &Options) -> anyhow::Result<()> {
    ensure!(options.rounds > 0, "at least one round");
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let pipeline = Arc::new(HostStage::new());
    let (address, server) = P4RuntimeServer::bind(any, DEVICE_ID, pipeline).await?;
    let mut client = channel::connect(format!("http://{address}")).await?;
    // The stream is what makes the client the primary; it lives until the end.
    let _stream = become_primary(&mut client).await?;
    let entries: Vec<_> = (0..options.entries).map(entry).collect();
    let insertions = request(entries.iter().map(flow_state::Entry::insert));
    let deletions = request(entries.iter().map(flow_state::Entry::delete));
    let query = Query::Tables {
        table: Some(flow_state::ID),
        filter: EntryFilter::All,
    };
    let everything = v1::ReadRequest {
        device_id: DEVICE_ID,
        entities: vec![convert::query_to_proto(&query)],
        ..v1::ReadRequest::default()
    };
    let (mut inserted, mut read, mut deleted) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..options.rounds {
        inserted.push(timed_write(&mut client, insertions.clone()).await?);
        let start = Instant::now();
        let mut messages = client.read(everything.clone()).await?.into_inner();
        let mut found = 0;
        while let Some(message) = messages.message().await? {
            found += message.entities.len();
        }
        read.push(start.elapsed());
        ensure!(found == entries.len(), "{found} entries were read");
        deleted.push(timed_write(&mut client, deletions.clone()).await?);
    }
    println!(
        "{} entries of flow_state in one Write over loopback gRPC, {} rounds",
        entries.len(),
        options.rounds
    );
    for (what, times) in [("insert", inserted), ("read", read), ("delete", deleted)] {
        print(what, times, entries.len());
    }
    server.shutdown().await;
    Ok(())
}

async fn become_primary(
    client: &mut P4RuntimeClient<Channel>,
) -> anyhow::Result<mpsc::Sender<v1::StreamMessageRequest>> {
    let (sender, requests) = mpsc::channel(1);
    let mut told = client
        .stream_channel(ReceiverStream::new(requests))
        .await?
        .into_inner();
    let update = v1::MasterArbitrationUpdate {
        device_id: DEVICE_ID,
        election_id: Some(to_uint128(ELECTION_ID)),
        ..v1::MasterArbitrationUpdate::default()
    };
    let update = Some(stream_message_request::Update::Arbitration(update));
    sender.send(v1::StreamMessageRequest { update }).await?;
    told.message()
        .await?
        .context("the server ended the stream")?;
    let request = v1::SetForwardingPipelineConfigRequest {
        device_id: DEVICE_ID,
        election_id: Some(to_uint128(ELECTION_ID)),
        action: Action::VerifyAndCommit as i32,
        config: Some(v1::ForwardingPipelineConfig {
            p4info: Some(P4Info::decode(&*host_stage::PROGRAM.p4info)?),
            p4_device_config: host_stage::PROGRAM.digest.to_vec(),
            ..v1::ForwardingPipelineConfig::default()
        }),
        ..v1::SetForwardingPipelineConfigRequest::default()
    };
    client.set_forwarding_pipeline_config(request).await?;
    Ok(sender)
}

fn entry(number: u32) -> flow_state::Entry {
    let key = flow_state::Key {
        src: 0x0a00_0000 + number,
        dst: 0xcb00_710a,
        protocol: 6,
        src_port: number as u16,
        dst_port: 80,
    };
    let host = (number % 8 + 1) as u16;
    flow_state::Entry::new(key, flow_state::Action::ServeAt { host })
}

fn request(updates: impl Iterator<Item = Update>) -> v1::WriteRequest {
    v1::WriteRequest {
        device_id: DEVICE_ID,
        election_id: Some(to_uint128(ELECTION_ID)),
        updates: updates
            .map(|update| convert::update_to_proto(&update))
            .collect(),
        ..v1::WriteRequest::default()
    }
}

async fn timed_write(
    client: &mut P4RuntimeClient<Channel>,
    request: v1::WriteRequest,
) -> anyhow::Result<Duration> {
    let start = Instant::now();
    client.write(request).await?;
    Ok(start.elapsed())
}

fn print(what: &str, mut times: Vec<Duration>, entries: usize) {
    times.sort();
    let median = times[times.len() / 2];
    let slowest = times[times.len() - 1];
    let rate = entries as f64 / median.as_secs_f64();
    println!(
        "  {what:<8} median {:>7.1} ms   slowest {:>7.1} ms   {rate:>10.0} entries/s",
        median.as_secs_f64() * 1e3,
        slowest.as_secs_f64() * 1e3
    );
}
