//! P4Info in protobuf's text format.

use crate::config::P4Info;
use prost_reflect::text_format::FormatOptions;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use std::sync::LazyLock;

/// The descriptors of all messages of this crate: protobuf binary, a `google.protobuf.FileDescriptorSet`.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

static P4INFO: LazyLock<MessageDescriptor> = LazyLock::new(|| {
    DescriptorPool::decode(DESCRIPTORS)
        .ok()
        .and_then(|pool| pool.get_message_by_name("p4.config.v1.P4Info"))
        .expect("the build script wrote a descriptor of P4Info")
});

/// Why a text is no P4Info.
#[derive(Debug, thiserror::Error)]
pub enum TextError {
    /// Not in text format, or with fields that P4Info does not have; says where.
    #[error(transparent)]
    Syntax(#[from] prost_reflect::text_format::ParseError),
    /// A message that is not P4Info.
    #[error(transparent)]
    Decode(#[from] prost::DecodeError),
}

/// Reads P4Info's text form.
pub fn parse_p4info(text: &str) -> Result<P4Info, TextError> {
    Ok(DynamicMessage::parse_text_format(P4INFO.clone(), text)?.transcode_to()?)
}

/// P4Info's text form, one field a line.
pub fn print_p4info(p4info: &P4Info) -> Result<String, TextError> {
    let mut message = DynamicMessage::new(P4INFO.clone());
    message.transcode_from(p4info)?;
    let options = FormatOptions::new().pretty(true);
    Ok(message.to_text_format_with_options(&options) + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::match_field::{Match, MatchType};

    const TEXT: &str = r#"
        # proto-message: p4.config.v1.P4Info
        pkg_info { arch: "v1model" }
        tables {
          preamble { id: 33554433 name: "ingress.t" alias: "t" }
          match_fields { id: 1 name: "dst" bitwidth: 32 match_type: LPM }
          action_refs { id: 16777217 scope: DEFAULT_ONLY }
          size: 1024
        }
        type_info { serializable_enums { key: "kind_t" value { underlying_type { bitwidth: 8 } members { name: "a" value: "\001" } } } }
    "#;

    #[test]
    fn p4info_survives_being_printed() {
        let p4info = parse_p4info(TEXT).unwrap();
        let field = &p4info.tables[0].match_fields[0];
        assert_eq!(field.r#match, Some(Match::MatchType(MatchType::Lpm as i32)));
        let kinds = &p4info.type_info.as_ref().unwrap().serializable_enums;
        assert_eq!(kinds["kind_t"].members[0].value, [1]);
        let printed = print_p4info(&p4info).unwrap();
        assert_eq!(parse_p4info(&printed).unwrap(), p4info);
        assert!(printed.contains("match_type: LPM\n"), "{printed}");
    }

    #[test]
    fn an_error_says_where() {
        let error = parse_p4info("tables { preamble { idd: 1 } }").unwrap_err();
        assert!(error.to_string().contains("idd"), "{error}");
    }
}
