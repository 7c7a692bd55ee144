//! The header in front of packets to and from the controller (`@controller_header`), as fields of a message: P4Runtime
//! specification, section "Packet I/O".

use dpr_p4runtime::bytestring::{ValueError, decode};
use dpr_p4runtime::config::P4Info;
use dpr_p4runtime::v1::PacketMetadata;
use dpr_runtime::Integer;

/// The fields of one controller header, in wire order. A program without such a header has one without fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ControllerHeader {
    fields: Vec<Field>,
    bytes: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Field {
    id: u32,
    name: String,
    start: usize,
    bits: u32,
}

/// What is wrong with a packet's metadata.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// A field that the header does not have.
    #[error("packet_out has no metadata field with id {0}")]
    Unknown(u32),
    /// A field that is not there, or there twice.
    #[error("metadata field {0} is to be given once")]
    NotOnce(String),
    /// A bad value.
    #[error("metadata field {name}: {error}")]
    Value {
        /// The field.
        name: String,
        /// What is bad about it.
        error: ValueError,
    },
}

impl ControllerHeader {
    /// The header that P4Info calls `name`: `packet_in` or `packet_out`.
    pub fn of(p4info: &P4Info, name: &str) -> Self {
        let found = p4info.controller_packet_metadata.iter().find(|header| {
            let preamble = header.preamble.as_ref();
            preamble.is_some_and(|preamble| preamble.name == name)
        });
        let mut start = 0;
        let fields = found.into_iter().flat_map(|header| &header.metadata);
        let fields = fields.map(|field| {
            let bits = u32::try_from(field.bitwidth).unwrap_or(0);
            start += bits as usize;
            Field {
                id: field.id,
                name: field.name.clone(),
                start: start - bits as usize,
                bits,
            }
        });
        ControllerHeader {
            fields: fields.collect(),
            bytes: start.div_ceil(8),
        }
    }

    /// The header's bytes in front of the payload.
    pub fn prepend(
        &self,
        metadata: &[PacketMetadata],
        payload: &[u8],
    ) -> Result<Vec<u8>, MetadataError> {
        let is_known = |id| self.fields.iter().any(|field| field.id == id);
        if let Some(unknown) = metadata.iter().find(|given| !is_known(given.metadata_id)) {
            return Err(MetadataError::Unknown(unknown.metadata_id));
        }
        let mut frame = vec![0; self.bytes];
        for field in &self.fields {
            let mut given = metadata
                .iter()
                .filter(|given| given.metadata_id == field.id);
            let (Some(only), None) = (given.next(), given.next()) else {
                return Err(MetadataError::NotOnce(field.name.clone()));
            };
            let value = decode(&only.value, field.bits).map_err(|error| MetadataError::Value {
                name: field.name.clone(),
                error,
            })?;
            value.put_bits(&mut frame, field.start, field.bits);
        }
        frame.extend_from_slice(payload);
        Ok(frame)
    }

    /// The fields and the payload of a frame; `None` if it is shorter than the header.
    pub fn split<'a>(&self, frame: &'a [u8]) -> Option<(Vec<PacketMetadata>, &'a [u8])> {
        let (header, payload) = frame.split_at_checked(self.bytes)?;
        let fields = self.fields.iter().map(|field| PacketMetadata {
            metadata_id: field.id,
            value: Integer::from_bits(header, field.start, field.bits).to_be_bytes(),
        });
        Some((fields.collect(), payload))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> ControllerHeader {
        let text = r#"
            controller_packet_metadata {
              preamble { id: 67108865 name: "packet_out" }
              metadata { id: 1 name: "egress_port" bitwidth: 9 }
              metadata { id: 2 name: "queue" bitwidth: 5 }
              metadata { id: 7 name: "padding" bitwidth: 2 }
            }
        "#;
        let p4info = dpr_p4runtime::text::parse_p4info(text).unwrap();
        assert_eq!(
            ControllerHeader::of(&p4info, "packet_in"),
            ControllerHeader::default()
        );
        ControllerHeader::of(&p4info, "packet_out")
    }

    fn metadata(fields: &[(u32, u128)]) -> Vec<PacketMetadata> {
        let fields = fields.iter().map(|(id, value)| PacketMetadata {
            metadata_id: *id,
            value: Integer::from(*value).to_be_bytes(),
        });
        fields.collect()
    }

    #[test]
    fn fields_lie_in_wire_order_whatever_the_order_given() {
        let given = metadata(&[(7, 0), (2, 0b10001), (1, 0x101)]);
        let frame = header().prepend(&given, &[9, 9]).unwrap();
        assert_eq!(frame, [0b1000_0000, 0b1100_0100, 9, 9]);
        let (fields, payload) = header().split(&frame).unwrap();
        assert_eq!(fields, metadata(&[(1, 0x101), (2, 0b10001), (7, 0)]));
        assert_eq!(payload, [9, 9]);
        assert_eq!(header().split(&frame[..1]), None);
    }

    #[test]
    fn metadata_is_each_field_once_and_fits() {
        let error = |fields: &[(u32, u128)]| {
            let error = header().prepend(&metadata(fields), &[]).unwrap_err();
            error.to_string()
        };
        assert_eq!(
            error(&[(3, 1)]),
            "packet_out has no metadata field with id 3"
        );
        assert_eq!(
            error(&[(1, 1), (7, 0)]),
            "metadata field queue is to be given once"
        );
        assert_eq!(
            error(&[(1, 512), (2, 1), (7, 0)]),
            "metadata field egress_port: the value does not fit into 9 bits"
        );
    }
}
