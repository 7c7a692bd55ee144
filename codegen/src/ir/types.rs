//! Types as the control plane is told of them: by name, with what the names stand for.

use super::{Annotation, Scalar};
use num_bigint::BigInt;
use std::collections::BTreeMap;

/// A type as the source names it, typedefs resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypeSpec {
    /// `bool`, `bit<W>`, `int<W>`, `varbit<W>`.
    Scalar(Scalar),
    /// `error`.
    Error,
    /// A struct, by name.
    Struct(String),
    /// A header, by name.
    Header(String),
    /// A header union, by name.
    HeaderUnion(String),
    /// A header stack: the element's name and the size.
    HeaderStack(String, u32),
    /// A stack of header unions: the element's name and the size.
    HeaderUnionStack(String, u32),
    /// An enum without representation, by name.
    Enum(String),
    /// An enum with a representation, by name.
    SerializableEnum(String),
    /// `type ... name`.
    NewType(String),
    /// A tuple or list.
    Tuple(Vec<TypeSpec>),
}

impl Default for TypeSpec {
    fn default() -> Self {
        TypeSpec::Tuple(Vec::new())
    }
}

/// The named types that the control plane meets in keys, data of actions, controller headers, registers and digests.
#[derive(Clone, Debug, Default)]
pub struct NamedTypes {
    /// Fields of structs.
    pub structs: BTreeMap<String, Vec<(String, TypeSpec)>>,
    /// Fields of headers, nested structs flattened.
    pub headers: BTreeMap<String, Vec<(String, Scalar)>>,
    /// Members of header unions and the names of their types.
    pub header_unions: BTreeMap<String, Vec<(String, String)>>,
    /// Members of enums without representation.
    pub enums: BTreeMap<String, Vec<String>>,
    /// Enums with a representation: its width, and the members' values.
    pub serializable_enums: BTreeMap<String, (u32, Vec<(String, BigInt)>)>,
    /// `type` declarations.
    pub new_types: BTreeMap<String, NewType>,
    /// The members of `error`, if it is among them.
    pub errors: Vec<String>,
}

/// A `type` declaration.
#[derive(Clone, Debug)]
pub struct NewType {
    /// What it stands for in the end.
    pub original: TypeSpec,
    /// `@p4runtime_translation`.
    pub translation: Option<Translation>,
    /// Other annotations.
    pub annotations: Vec<Annotation>,
}

/// How P4Runtime shows values of a type (`@p4runtime_translation`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Translation {
    /// Names the translation.
    pub uri: String,
    /// Width in bits of what the controller sees; `None` for a string.
    pub width: Option<u32>,
}

impl NamedTypes {
    /// Width in bits that the controller sees of a scalar whose declared type has a name: that of its translation; 0 for a
    /// string and for an enum without representation.
    pub fn told_width(&self, type_name: Option<&str>, scalar: Scalar) -> u32 {
        let Some(name) = type_name else {
            return scalar.width();
        };
        match self.new_types.get(name) {
            Some(NewType {
                translation: Some(translation),
                ..
            }) => translation.width.unwrap_or(0),
            None if self.enums.contains_key(name) => 0,
            _ => scalar.width(),
        }
    }
}
