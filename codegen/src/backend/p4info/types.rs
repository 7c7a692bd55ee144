//! Types as P4Info describes them.

use super::Message;
use crate::ir::{ApplyBranch, ExternCall, NamedTypes, NewType, Scalar, Stmt, StmtKind, TypeSpec};
use num_bigint::BigInt;

/// A `P4DataTypeSpec`.
pub(super) fn data_type(spec: &TypeSpec) -> Message {
    let of = |number, name, message| Message::new().message(number, name, message);
    match spec {
        TypeSpec::Scalar(Scalar::Bool) => of(2, "bool", Message::new()),
        TypeSpec::Scalar(scalar) => of(1, "bitstring", bitstring(*scalar)),
        TypeSpec::Tuple(members) => {
            let members = members.iter().map(data_type);
            of(3, "tuple", Message::new().messages(1, "members", members))
        }
        TypeSpec::Struct(name) => of(4, "struct", named(name)),
        TypeSpec::Header(name) => of(5, "header", named(name)),
        TypeSpec::HeaderUnion(name) => of(6, "header_union", named(name)),
        TypeSpec::HeaderStack(name, size) => of(
            7,
            "header_stack",
            of(1, "header", named(name)).integer(2, "size", *size),
        ),
        TypeSpec::HeaderUnionStack(name, size) => of(
            8,
            "header_union_stack",
            of(1, "header_union", named(name)).integer(2, "size", *size),
        ),
        TypeSpec::Enum(name) => of(9, "enum", named(name)),
        TypeSpec::Error => of(10, "error", Message::new()),
        TypeSpec::SerializableEnum(name) => of(11, "serializable_enum", named(name)),
        TypeSpec::NewType(name) => of(12, "new_type", named(name)),
    }
}

/// A `P4NamedType`.
pub(super) fn named(name: &str) -> Message {
    Message::new().string(1, "name", name)
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

/// `P4TypeInfo`: what the names of types that other parts mention stand for.
pub(super) fn type_info(types: &NamedTypes) -> Message {
    let member = |name: &str, number, field, message| {
        Message::new()
            .string(1, "name", name)
            .message(number, field, message)
    };
    let structs = types.structs.iter().map(|(name, fields)| {
        let members =
            (fields.iter()).map(|(name, spec)| member(name, 2, "type_spec", data_type(spec)));
        map_entry(name, Message::new().messages(1, "members", members))
    });
    let headers = types.headers.iter().map(|(name, fields)| {
        let members =
            (fields.iter()).map(|(name, scalar)| member(name, 2, "type_spec", bitstring(*scalar)));
        map_entry(name, Message::new().messages(1, "members", members))
    });
    let unions = types.header_unions.iter().map(|(name, members)| {
        let members =
            (members.iter()).map(|(name, header)| member(name, 2, "header", named(header)));
        map_entry(name, Message::new().messages(1, "members", members))
    });
    let enums = types.enums.iter().map(|(name, members)| {
        let members = members.iter().map(|name| named(name));
        map_entry(name, Message::new().messages(1, "members", members))
    });
    let serializable = types
        .serializable_enums
        .iter()
        .map(|(name, (width, members))| {
            let members = members.iter().map(|(name, value)| {
                let value = super::padded(&unsigned(value, *width), *width);
                Message::new()
                    .string(1, "name", name)
                    .bytes(2, "value", value)
            });
            let underlying = Message::new().integer(1, "bitwidth", *width);
            let value = Message::new()
                .message(1, "underlying_type", underlying)
                .messages(2, "members", members);
            map_entry(name, value)
        });
    let new_types =
        (types.new_types.iter()).map(|(name, new_type)| map_entry(name, representation(new_type)));
    let message = Message::new()
        .messages(1, "structs", structs)
        .messages(2, "headers", headers)
        .messages(3, "header_unions", unions)
        .messages(4, "enums", enums);
    let message = match types.errors.is_empty() {
        true => message,
        false => {
            let members = types.errors.iter().map(String::as_str);
            let errors = Message::new().repeated_string(1, "members", members);
            message.message(5, "error", errors)
        }
    };
    message
        .messages(6, "serializable_enums", serializable)
        .messages(7, "new_types", new_types)
}

/// A `P4NewTypeSpec`.
fn representation(new_type: &NewType) -> Message {
    let message = match &new_type.translation {
        None => Message::new().message(1, "original_type", data_type(&new_type.original)),
        Some(translation) => {
            let told = Message::new().string(1, "uri", &translation.uri);
            let told = match translation.width {
                Some(width) => told.integer(2, "sdn_bitwidth", width),
                None => told.message(3, "sdn_string", Message::new()),
            };
            Message::new().message(2, "translated_type", told)
        }
    };
    message
        .repeated_string(3, "annotations", super::texts(&new_type.annotations))
        .messages(
            4,
            "structured_annotations",
            super::structured(&new_type.annotations),
        )
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

/// Whether extern functions, not methods of objects, are called in a block.
pub(super) fn calls_functions(block: &[Stmt]) -> bool {
    block.iter().any(|stmt| match &stmt.kind {
        StmtKind::Extern(call) => !matches!(
            call,
            ExternCall::CounterCount { .. }
                | ExternCall::DirectCounterCount { .. }
                | ExternCall::MeterExecute { .. }
                | ExternCall::DirectMeterRead { .. }
                | ExternCall::RegisterRead { .. }
                | ExternCall::RegisterWrite { .. }
                | ExternCall::ActionProfileUse { .. }
        ),
        StmtKind::If(_, then, otherwise) => calls_functions(then) || calls_functions(otherwise),
        StmtKind::Switch(_, cases, default) => {
            cases.iter().any(|(_, block)| calls_functions(block)) || calls_functions(default)
        }
        StmtKind::Scope(block) => calls_functions(block),
        StmtKind::Loop { body, update } => calls_functions(body) || calls_functions(update),
        StmtKind::Apply(_, branch) => match branch {
            ApplyBranch::None => false,
            ApplyBranch::Hit { hit, miss } => calls_functions(hit) || calls_functions(miss),
            ApplyBranch::Action { cases, default } => {
                cases.iter().any(|(_, block)| calls_functions(block)) || calls_functions(default)
            }
        },
        _ => false,
    })
}
