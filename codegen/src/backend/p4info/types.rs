//! Types as P4Info describes them.

use super::Message;
use crate::ir::{AnnotationValue, Enum, Program, Scalar};
use num_bigint::BigInt;
use std::collections::BTreeSet;

/// A `P4DataTypeSpec`.
pub(super) fn data_type(scalar: Scalar) -> Message {
    match scalar {
        Scalar::Bool => Message::new().message(2, "bool", Message::new()),
        _ => Message::new().message(1, "bitstring", bitstring(scalar)),
    }
}

/// A `P4BitstringLikeTypeSpec`.
fn bitstring(scalar: Scalar) -> Message {
    let width = |name| Message::new().integer(1, name, scalar.width());
    match scalar {
        Scalar::Bool | Scalar::Bits(_) => Message::new().message(1, "bit", width("bitwidth")),
        Scalar::Int(_) => Message::new().message(2, "int", width("bitwidth")),
        Scalar::Varbit(_) => Message::new().message(3, "varbit", width("max_bitwidth")),
    }
}

/// The types that other parts name: structs of digests, and the enums with a representation that tables, actions and
/// controller headers use.
pub(super) fn type_info(program: &Program) -> Message {
    let mut digests: Vec<_> = program.digests.iter().collect();
    digests.sort_by(|a, b| a.control.local.cmp(&b.control.local));
    digests.dedup_by(|a, b| a.control.local == b.control.local);
    let structs = digests.into_iter().map(|digest| {
        let members = digest.fields.iter().map(|(name, scalar)| {
            Message::new()
                .string(1, "name", name)
                .message(2, "type_spec", data_type(*scalar))
        });
        map_entry(
            &digest.control.local,
            Message::new().messages(1, "members", members),
        )
    });
    let used = types_in_use(program);
    let mut enums: Vec<&Enum> = (program.enums.iter())
        .filter(|declared| used.contains(declared.name.as_str()))
        .collect();
    enums.sort_by(|a, b| a.name.cmp(&b.name));
    let enums = enums.into_iter().filter_map(|declared| {
        let width = declared.width?;
        let members = declared.members.iter().map(|(name, value)| {
            Message::new().string(1, "name", name).bytes(
                2,
                "value",
                super::padded(&unsigned(value, width), width),
            )
        });
        let value = Message::new()
            .message(
                1,
                "underlying_type",
                Message::new().integer(1, "bitwidth", width),
            )
            .messages(2, "members", members);
        Some(map_entry(&declared.name, value))
    });
    Message::new()
        .messages(1, "structs", structs)
        .messages(6, "serializable_enums", enums)
}

/// An entry of a map field.
fn map_entry(key: &str, value: Message) -> Message {
    Message::new()
        .string(1, "key", key)
        .message(2, "value", value)
}

/// Two's complement of a value in `width` bits.
fn unsigned(value: &BigInt, width: u32) -> num_bigint::BigUint {
    let modulus = BigInt::from(1) << width;
    let wrapped = ((value % &modulus) + &modulus) % &modulus;
    wrapped.magnitude().clone()
}

fn types_in_use(program: &Program) -> BTreeSet<&str> {
    let keys = (program.tables.iter())
        .flat_map(|table| &table.keys)
        .filter_map(|key| key.type_name.as_deref());
    let parameters = (program.actions.iter())
        .flat_map(|action| &action.parameters)
        .filter_map(|parameter| parameter.type_name.as_deref());
    let controller_fields = (program.header_types.iter())
        .filter(|header_type| {
            (header_type.annotations.iter()).any(|annotation| {
                annotation.name == "controller_header"
                    && matches!(annotation.values.first(), Some(AnnotationValue::String(_)))
            })
        })
        .flat_map(|header_type| &header_type.fields)
        .filter_map(|field| field.enum_name.as_deref());
    keys.chain(parameters).chain(controller_fields).collect()
}
