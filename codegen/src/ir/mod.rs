//! What a program is after lowering: one flat v1model pipeline.
//!
//! Parsers, controls, functions and constructor parameters are instantiated and inlined; structs are flattened into scalar
//! variables and header instances; enums, errors and newtypes are bits; every name that a control plane sees is written out.
//! Back ends are pure functions over [`Program`]. Everything is referred to by id, an index into the vector of its kind.

pub mod dump;
mod expr;
mod stmt;
mod table;
mod types;
pub mod verify;

pub use expr::*;
pub use stmt::*;
pub use table::*;
pub use types::*;

use crate::source::Span;
use num_bigint::BigInt;

/// A lowered program for the v1model architecture.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// The file stem of the root source, such as `host_stage`.
    pub name: String,
    /// `@pkginfo` of the main package.
    pub package: PackageInfo,
    /// All errors in declaration order, `NoError` first. The index is the value of an `error`.
    pub errors: Vec<Named>,
    /// Enums of the source, for back ends that export them. Not those of core.p4 and v1model.p4.
    pub enums: Vec<Enum>,
    /// Top-level constants of integer type with a width, for back ends that export them. Not those of core.p4 and v1model.p4.
    pub constants: Vec<Constant>,
    /// Named types that the control plane meets.
    pub told_types: NamedTypes,
    /// Header types that the program declares, used or not, in source order.
    pub header_types: Vec<HeaderType>,
    /// Header instances, in the order of their declaration in the (flattened) structs.
    pub headers: Vec<Header>,
    /// Header stacks. Their elements are headers too.
    pub stacks: Vec<HeaderStack>,
    /// Header unions. Their members are headers too.
    pub unions: Vec<HeaderUnion>,
    /// Scalars: user metadata, standard metadata, locals.
    pub variables: Vec<Variable>,
    /// Actions that a table can run, and those that are only called: inlined there, they have neither parameters nor body here,
    /// and only the control plane knows them.
    pub actions: Vec<Action>,
    /// Tables, in source order of their controls' instantiation.
    pub tables: Vec<Table>,
    /// Indirect and direct counters.
    pub counters: Vec<Counter>,
    /// Indirect and direct meters.
    pub meters: Vec<Meter>,
    /// Registers.
    pub registers: Vec<Register>,
    /// Action profiles and selectors.
    pub action_profiles: Vec<ActionProfile>,
    /// Digest types, by the struct that is sent.
    pub digests: Vec<Digest>,
    /// Parser value sets.
    pub value_sets: Vec<ValueSet>,
    /// The parser, with sub-parsers inlined.
    pub parser: Parser,
    /// Body of the checksum verification control.
    pub verify_checksum: Block,
    /// Body of the ingress control.
    pub ingress: Block,
    /// Body of the egress control.
    pub egress: Block,
    /// Body of the checksum update control.
    pub compute_checksum: Block,
    /// Body of the deparser: [`StmtKind::Emit`] and control flow.
    pub deparser: Block,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident,)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u32);

        impl $name {
            /// The index into the program's vector of this kind.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

ids! {
    /// Index into [`Program::header_types`].
    HeaderTypeId,
    /// Index into [`Program::headers`].
    HeaderId,
    /// Index into [`Program::stacks`].
    StackId,
    /// Index into [`Program::unions`].
    UnionId,
    /// Index into [`Program::variables`].
    VariableId,
    /// Index into [`Program::actions`].
    ActionId,
    /// Index into [`Program::tables`].
    TableId,
    /// Index into [`Program::counters`].
    CounterId,
    /// Index into [`Program::meters`].
    MeterId,
    /// Index into [`Program::registers`].
    RegisterId,
    /// Index into [`Program::action_profiles`].
    ActionProfileId,
    /// Index into [`Program::digests`].
    DigestId,
    /// Index into [`Program::value_sets`].
    ValueSetId,
    /// Index into [`Parser::states`].
    StateId,
}

/// A name and where it was declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The name.
    pub name: String,
    /// The declaration.
    pub span: Span,
}

/// `@pkginfo(key = value, ...)` entries as text, and what the command line adds.
#[derive(Clone, Debug, Default)]
pub struct PackageInfo {
    /// Keys and values in source order.
    pub entries: Vec<(String, String)>,
}

/// An annotation that a back end may care about: its name and its body as text or expressions.
#[derive(Clone, Debug)]
pub struct Annotation {
    /// The name without `@`.
    pub name: String,
    /// For a structured annotation: positional values. For an unstructured one: the tokens as one string.
    pub values: Vec<AnnotationValue>,
    /// The annotation as it stands in the source, such as `@name("x")`, for P4Info.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

impl Annotation {
    /// The integers in its body, structured or not, such as those of `@field_list(1, 2)`.
    pub fn integers(&self) -> Vec<BigInt> {
        let values = self.values.iter();
        let integers = values.flat_map(|value| match value {
            AnnotationValue::Int(number) => vec![number.clone()],
            AnnotationValue::String(text) => {
                let numbers = text.split(',').map(|number| number.trim().parse());
                numbers.flatten().collect()
            }
            AnnotationValue::Bool(_) | AnnotationValue::Pair(..) => Vec::new(),
        });
        integers.collect()
    }
}

/// One value in an annotation.
#[derive(Clone, Debug, PartialEq)]
pub enum AnnotationValue {
    /// An integer.
    Int(BigInt),
    /// A string, unquoted; or the tokens of an unstructured annotation.
    String(String),
    /// A boolean.
    Bool(bool),
    /// `key = value`.
    Pair(String, Box<AnnotationValue>),
}

/// The type of a scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scalar {
    /// `bool`.
    Bool,
    /// `bit<width>`; for `error` see [`Scalar::ERROR`].
    Bits(u32),
    /// `int<width>`, two's complement.
    Int(u32),
    /// `varbit<max>`: only in headers, whole assignments, checksum data and emit.
    Varbit(u32),
}

impl Scalar {
    /// `error` values are 32 bits wide everywhere after lowering.
    pub const ERROR: Scalar = Scalar::Bits(32);

    /// Width in bits; 1 for `bool`, the maximum for `varbit`.
    pub fn width(self) -> u32 {
        match self {
            Scalar::Bool => 1,
            Scalar::Bits(width) | Scalar::Int(width) | Scalar::Varbit(width) => width,
        }
    }
}

/// An enum of the source. Without a representation, members count from 0 in 32 bits.
#[derive(Clone, Debug)]
pub struct Enum {
    /// Type name.
    pub name: String,
    /// The representation's width; `None` for an enum without one.
    pub width: Option<u32>,
    /// Members and their values.
    pub members: Vec<(String, BigInt)>,
    /// The declaration.
    pub span: Span,
}

/// A top-level constant.
#[derive(Clone, Debug)]
pub struct Constant {
    /// Name.
    pub name: String,
    /// Type.
    pub scalar: Scalar,
    /// Value.
    pub value: BigInt,
    /// The declaration.
    pub span: Span,
}

/// A `header` declaration.
#[derive(Clone, Debug)]
pub struct HeaderType {
    /// Type name, such as `ethernet_t`.
    pub name: String,
    /// Fields in wire order, nested structs flattened with `.`.
    pub fields: Vec<Field>,
    /// `@controller_header` among them.
    pub annotations: Vec<Annotation>,
    /// The declaration.
    pub span: Span,
}

impl HeaderType {
    /// Width in bits without its varbit field, if it has one.
    pub fn fixed_width(&self) -> u32 {
        self.fields
            .iter()
            .filter(|field| !matches!(field.scalar, Scalar::Varbit(_)))
            .map(|field| field.scalar.width())
            .sum()
    }
}

/// A header field.
#[derive(Clone, Debug)]
pub struct Field {
    /// Name.
    pub name: String,
    /// Type.
    pub scalar: Scalar,
    /// The enum whose values it holds, by name.
    pub enum_name: Option<String>,
    /// The `type` that it was declared with, by name.
    pub type_name: Option<String>,
    /// Annotations on the field.
    pub annotations: Vec<Annotation>,
    /// The declaration.
    pub span: Span,
}

/// A header instance, with a validity bit.
#[derive(Clone, Debug)]
pub struct Header {
    /// Path in the source, such as `headers.ip.ipv4` (the parser's parameter name first for headers, the local name else).
    pub name: String,
    /// Its type.
    pub header_type: HeaderTypeId,
    /// Whether it is user metadata or a local rather than part of the parsed headers.
    pub is_metadata: bool,
    /// The declaration.
    pub span: Span,
}

/// A header stack.
#[derive(Clone, Debug)]
pub struct HeaderStack {
    /// Path in the source.
    pub name: String,
    /// The elements, each named `path[i]`.
    pub elements: Vec<HeaderId>,
    /// The element type.
    pub header_type: HeaderTypeId,
    /// The declaration.
    pub span: Span,
}

/// A header union instance: at most one member is valid.
#[derive(Clone, Debug)]
pub struct HeaderUnion {
    /// Path in the source.
    pub name: String,
    /// The members.
    pub members: Vec<HeaderId>,
    /// The declaration.
    pub span: Span,
}

/// What a scalar variable is part of, hence how long it lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// A field of `standard_metadata_t`, by its name there.
    Standard(StandardField),
    /// User metadata: 0 when a packet arrives, carried from the parser to the deparser.
    Metadata,
    /// A local of the parser.
    Parser,
    /// A local of one of the controls; 0 when that control starts, unless the source initialises it.
    Control(ControlKind),
}

/// The five controls of the v1model pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ControlKind {
    /// VerifyChecksum.
    VerifyChecksum,
    /// Ingress.
    Ingress,
    /// Egress.
    Egress,
    /// ComputeChecksum.
    ComputeChecksum,
    /// Deparser.
    Deparser,
}

macro_rules! standard_fields {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $width:literal;)*) => {
        /// The fields of v1model's `standard_metadata_t`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum StandardField { $($(#[$doc])* $variant,)* }

        impl StandardField {
            /// All fields.
            pub const ALL: &'static [StandardField] = &[$(StandardField::$variant,)*];

            /// The field with a name.
            pub fn by_name(name: &str) -> Option<StandardField> {
                StandardField::ALL.iter().copied().find(|field| field.name() == name)
            }

            /// The name in v1model.p4.
            pub fn name(self) -> &'static str {
                match self { $(StandardField::$variant => $name,)* }
            }

            /// Width in bits (`parser_error`: as [`Scalar::ERROR`]).
            pub fn width(self) -> u32 {
                match self { $(StandardField::$variant => $width,)* }
            }
        }
    };
}

standard_fields! {
    /// Port that the packet came from.
    IngressPort = "ingress_port", 9;
    /// Port that ingress asks for; 511 drops.
    EgressSpec = "egress_spec", 9;
    /// Port that the packet leaves by.
    EgressPort = "egress_port", 9;
    /// Why this copy exists.
    InstanceType = "instance_type", 32;
    /// Bytes.
    PacketLength = "packet_length", 32;
    /// Microseconds.
    EnqTimestamp = "enq_timestamp", 32;
    /// Packets.
    EnqQdepth = "enq_qdepth", 19;
    /// Microseconds.
    DeqTimedelta = "deq_timedelta", 32;
    /// Packets.
    DeqQdepth = "deq_qdepth", 19;
    /// Microseconds.
    IngressGlobalTimestamp = "ingress_global_timestamp", 48;
    /// Microseconds.
    EgressGlobalTimestamp = "egress_global_timestamp", 48;
    /// Multicast group; 0 is none.
    McastGrp = "mcast_grp", 16;
    /// Replica id.
    EgressRid = "egress_rid", 16;
    /// 1 when a checksum did not verify.
    ChecksumError = "checksum_error", 1;
    /// The parser's error.
    ParserError = "parser_error", 32;
    /// Queue priority.
    Priority = "priority", 3;
}

/// A scalar variable.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Path in the source, such as `meta.flow.src`, or a local's name; unique within the program.
    pub name: String,
    /// Type.
    pub scalar: Scalar,
    /// What it is part of.
    pub scope: Scope,
    /// The enum whose values it holds, by name.
    pub enum_name: Option<String>,
    /// `@field_list` numbers and other annotations.
    pub annotations: Vec<Annotation>,
    /// The declaration.
    pub span: Span,
}
