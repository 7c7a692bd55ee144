//! What programs tell their control plane, as the types of P4Info say (specification, section "Representation of Arbitrary P4
//! Types").

use crate::bytestring::encode;
use crate::config::{P4DataTypeSpec, P4Info, P4TypeInfo, p4_data_type_spec::TypeSpec};
use crate::v1::{P4Data, P4StructLike, p4_data::Data};
use dpr_runtime::{Digest, Integer};

/// A message of a digest, as one member of a digest list. Without its type it is a structure of all its values.
pub fn digest_to_proto(p4info: &P4Info, digest: &Digest) -> P4Data {
    let known = |it: &&crate::config::Digest| {
        (it.preamble.as_ref()).is_some_and(|preamble| preamble.id == digest.id)
    };
    let found = p4info.digests.iter().find(known);
    let found = found.and_then(|it| it.type_spec.as_ref());
    let mut values = digest.fields.iter();
    let typed = found.and_then(|spec| data(spec, p4info.type_info.as_ref(), &mut values));
    match typed {
        Some(typed) if values.next().is_none() => typed,
        _ => structure(digest.fields.iter().map(bits).collect()),
    }
}

fn bits(value: &Integer) -> P4Data {
    P4Data {
        data: Some(Data::Bitstring(encode(value.clone()))),
    }
}

fn structure(members: Vec<P4Data>) -> P4Data {
    P4Data {
        data: Some(Data::Struct(P4StructLike { members })),
    }
}

/// The next values as a type; `None` if there are not enough of them, or the type is not told.
fn data<'v>(
    spec: &P4DataTypeSpec,
    types: Option<&P4TypeInfo>,
    values: &mut impl Iterator<Item = &'v Integer>,
) -> Option<P4Data> {
    let data = match spec.type_spec.as_ref()? {
        TypeSpec::Struct(named) => {
            let members = types?.structs.get(&named.name)?.members.iter();
            let members = members.map(|member| data(member.type_spec.as_ref()?, types, values));
            return Some(structure(members.collect::<Option<_>>()?));
        }
        TypeSpec::Tuple(tuple) => {
            let members = tuple.members.iter().map(|spec| data(spec, types, values));
            Data::Tuple(P4StructLike {
                members: members.collect::<Option<_>>()?,
            })
        }
        TypeSpec::Bool(_) => Data::Bool(*values.next()? != Integer::from(0u8)),
        TypeSpec::SerializableEnum(_) => Data::EnumValue(encode(values.next()?.clone())),
        TypeSpec::Bitstring(_) | TypeSpec::NewType(_) => {
            Data::Bitstring(encode(values.next()?.clone()))
        }
        _ => return None,
    };
    Some(P4Data { data: Some(data) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::parse_p4info;

    fn p4info(type_spec: &str) -> P4Info {
        parse_p4info(&format!(
            r#"digests {{ preamble {{ id: 5 name: "d" }} type_spec {{ {type_spec} }} }}
            type_info {{ structs {{ key: "one_t" value {{
                members {{ name: "only" type_spec {{ bitstring {{ bit {{ bitwidth: 9 }} }} }} }}
            }} }} }}"#
        ))
        .unwrap()
    }

    fn message(values: &[u32]) -> Digest {
        Digest {
            id: 5,
            fields: values.iter().map(|value| (*value).into()).collect(),
        }
    }

    #[test]
    fn values_are_told_by_the_type_of_the_digest() {
        let bit = |value: u8| bits(&value.into());
        for (type_spec, values, expected) in [
            (
                r#"struct { name: "one_t" }"#,
                &[7][..],
                structure(vec![bit(7)]),
            ),
            ("bitstring { bit { bitwidth: 9 } }", &[7], bit(7)),
            (
                "tuple { members { bool {} } members { bitstring { bit { bitwidth: 9 } } } }",
                &[1, 7],
                P4Data {
                    data: Some(Data::Tuple(P4StructLike {
                        members: vec![
                            P4Data {
                                data: Some(Data::Bool(true)),
                            },
                            bit(7),
                        ],
                    })),
                },
            ),
            // The type does not fit what is told.
            (
                r#"struct { name: "one_t" }"#,
                &[7, 8],
                structure(vec![bit(7), bit(8)]),
            ),
            (
                r#"struct { name: "other_t" }"#,
                &[7],
                structure(vec![bit(7)]),
            ),
        ] {
            let told = digest_to_proto(&p4info(type_spec), &message(values));
            assert_eq!(told, expected, "{type_spec}");
        }
    }
}
