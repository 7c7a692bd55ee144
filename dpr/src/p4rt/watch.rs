//! What a target tells its primary unasked.

use std::fmt::Write as _;
use std::io::Write;

use dpr_p4runtime::config::P4Info;
use dpr_p4runtime::convert;
use dpr_p4runtime::v1::p4_data::Data;
use dpr_p4runtime::v1::stream_message_request::Update as Said;
use dpr_p4runtime::v1::stream_message_response::Update as Heard;
use dpr_p4runtime::v1::{
    DigestList, DigestListAck, IdleTimeoutNotification, P4Data, PacketIn, PacketMetadata,
};
use dpr_runtime::{DigestConfig, Entity, Integer, Operation, ProgramInfo, Update};
use dpr_stf::{Control, Refusal, show};

use super::device::Primary;
use super::info::controller_header;

/// Digests come at the latest after a tenth of a second, and again after a second if they are not acknowledged.
const DIGESTS: DigestConfig = DigestConfig {
    max_timeout_ns: 100_000_000,
    max_list_size: 100,
    ack_timeout_ns: 1_000_000_000,
};

/// Prints a line for each packet, digest and idle entry, until a signal, the end of the stream, or so many of them.
pub fn watch(
    mut primary: Primary<'_>,
    count: Option<u64>,
    output: &mut impl Write,
) -> anyhow::Result<()> {
    ask_for_digests(&primary)?;
    // So that scripts know that from now on nothing is missed.
    writeln!(output, "# watching")?;
    output.flush()?;
    let mut left = count;
    while left != Some(0) {
        let Some(heard) = primary.hear()? else {
            return Ok(());
        };
        let lines = match heard {
            Heard::Packet(packet) => vec![packet_in(primary.p4info(), &packet)],
            Heard::Digest(list) => {
                let lines = digests((&primary).program(), &list);
                primary.say(Said::DigestAck(DigestListAck {
                    digest_id: list.digest_id,
                    list_id: list.list_id,
                }))?;
                lines
            }
            Heard::IdleTimeoutNotification(notification) => {
                idle((&primary).program(), &notification)
            }
            Heard::Arbitration(update) => match update.status {
                Some(status) if status.code != 0 => anyhow::bail!("another client took over"),
                _ => Vec::new(),
            },
            Heard::Error(error) => anyhow::bail!("the target says: {}", error.message),
            Heard::Other(_) => Vec::new(),
        };
        for line in lines {
            writeln!(output, "{line}")?;
            left = left.map(|left| left.saturating_sub(1));
        }
        output.flush()?;
    }
    // An acknowledgement may be on its way.
    primary.flush()
}

fn ask_for_digests(primary: &Primary<'_>) -> anyhow::Result<()> {
    for digest in primary.program().digests.iter() {
        let update = Update {
            operation: Operation::Insert,
            entity: Entity::Digest {
                id: digest.id,
                config: Some(DIGESTS),
            },
        };
        match primary.write(&update) {
            // Somebody has configured it to their liking.
            Ok(()) | Err(Refusal::AlreadyExists) => {}
            Err(refusal) => anyhow::bail!("digest {}: {refusal}", digest.name),
        }
    }
    Ok(())
}

fn packet_in(p4info: &P4Info, packet: &PacketIn) -> String {
    let known = controller_header(p4info, "packet_in");
    let mut text = "packet_in".to_owned();
    for PacketMetadata { metadata_id, value } in &packet.metadata {
        let field = known.iter().find(|(id, _, _)| id == metadata_id);
        let name = field.map_or_else(|| metadata_id.to_string(), |(_, name, _)| name.clone());
        let _ = write!(text, " {name}:{}", number(value));
    }
    text.push(' ');
    for byte in &packet.payload {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn digests(program: &ProgramInfo, list: &DigestList) -> Vec<String> {
    let schema = program.digest(list.digest_id);
    let name = schema.map_or_else(|| list.digest_id.to_string(), |it| it.name.to_string());
    let lines = list.data.iter().map(|data| {
        let values: Vec<&P4Data> = match &data.data {
            Some(Data::Struct(members) | Data::Tuple(members)) => members.members.iter().collect(),
            _ => vec![data],
        };
        let mut text = format!("digest {name}");
        for (position, value) in values.into_iter().enumerate() {
            let field = schema.and_then(|schema| schema.fields.get(position));
            let field = field.map_or("", |field| &*field.name);
            let value = match &value.data {
                Some(Data::Bitstring(value)) => number(value),
                Some(Data::Bool(value)) => value.to_string(),
                other => format!("{other:?}"),
            };
            let _ = write!(text, " {field}:{value}");
        }
        text
    });
    lines.collect()
}

fn idle(program: &ProgramInfo, notification: &IdleTimeoutNotification) -> Vec<String> {
    let entries = notification.table_entry.iter().map(|entry| {
        let entry = convert::table_entry(program, entry);
        entry.map_or_else(
            |error| format!("idle: {error}"),
            |entry| format!("idle: {}", show(program, &Entity::Table(entry))),
        )
    });
    entries.collect()
}

fn number(value: &[u8]) -> String {
    format!("{:#x}", Integer::from_be_bytes(value))
}
