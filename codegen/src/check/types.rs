//! Types as the checker knows them: names resolved, widths computed, typedefs gone.

use std::fmt::Write as _;
use std::sync::Arc;

use super::nodes::Node;
use super::typed::Typed;
use crate::ast::{DeclId, DeclKind, Direction};

/// Type arguments, or the elements of a tuple.
pub type Types = Arc<[Type]>;

/// A type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// Of something that has been reported as wrong; fits everything, so that one error does not cause others.
    Unknown,
    /// No value.
    Void,
    /// `bool`
    Bool,
    /// `string`
    String,
    /// `error`
    Error,
    /// `match_kind`
    MatchKind,
    /// `int`: an integer of any size.
    Integer,
    /// `bit<width>`
    Bit(u32),
    /// `int<width>`
    Int(u32),
    /// `varbit<max>`
    Varbit(u32),
    /// An enumeration; its representation is a matter of its declaration.
    Enum(DeclId),
    /// A `type` declaration.
    NewType(DeclId),
    /// A struct.
    Struct(DeclId, Types),
    /// A header.
    Header(DeclId, Types),
    /// A header union.
    Union(DeclId, Types),
    /// `element[size]`
    Stack(Arc<Type>, u32),
    /// `tuple<..>`
    Tuple(Types),
    /// Of `{a, b}`.
    List(Types),
    /// Of `{x = a, y = b}`.
    Record(Arc<[(Arc<str>, Type)]>),
    /// `list<element>`
    ListOf(Arc<Type>),
    /// Of `{#}`.
    InvalidHeader,
    /// Of `...` and `_`: takes the type that is wanted.
    Anything,
    /// An extern object.
    Extern(DeclId, Types),
    /// A parser or a parser type.
    Parser(DeclId, Types),
    /// A control or a control type.
    Control(DeclId, Types),
    /// A package.
    Package(DeclId, Types),
    /// A parameter of a generic declaration, inside it.
    Param(DeclId),
    /// A type argument that is being inferred.
    Var(u32),
    /// A table.
    Table(DeclId),
    /// What `table.apply()` returns.
    ApplyResult(DeclId),
    /// What `table.apply().action_run` is.
    ActionRun(DeclId),
    /// A value set with elements of a type.
    ValueSet(Arc<Type>),
    /// An action, function, method or extern function: only to be called.
    Callable,
    /// A type where a value could stand, before a dot.
    Type(Arc<Type>),
}

impl Type {
    /// No type arguments.
    pub fn none() -> Types {
        Arc::from([])
    }

    /// Whether it is `bit<W>` or `int<W>`.
    pub fn is_sized(&self) -> bool {
        matches!(self, Type::Bit(_) | Type::Int(_))
    }

    /// Whether `+`, `<` and the like apply: a number of known or any size.
    pub fn is_numeric(&self) -> bool {
        matches!(self, Type::Bit(_) | Type::Int(_) | Type::Integer)
    }

    /// The type with type parameters replaced.
    pub fn substitute(&self, of: &impl Fn(DeclId) -> Option<Type>) -> Type {
        let all = |types: &Types| -> Types { types.iter().map(|ty| ty.substitute(of)).collect() };
        match self {
            Type::Param(id) => of(*id).unwrap_or_else(|| self.clone()),
            Type::Struct(id, types) => Type::Struct(*id, all(types)),
            Type::Header(id, types) => Type::Header(*id, all(types)),
            Type::Union(id, types) => Type::Union(*id, all(types)),
            Type::Extern(id, types) => Type::Extern(*id, all(types)),
            Type::Parser(id, types) => Type::Parser(*id, all(types)),
            Type::Control(id, types) => Type::Control(*id, all(types)),
            Type::Package(id, types) => Type::Package(*id, all(types)),
            Type::Tuple(types) => Type::Tuple(all(types)),
            Type::List(types) => Type::List(all(types)),
            Type::Record(fields) => Type::Record(
                fields
                    .iter()
                    .map(|(name, ty)| (name.clone(), ty.substitute(of)))
                    .collect(),
            ),
            Type::Stack(element, size) => Type::Stack(Arc::new(element.substitute(of)), *size),
            Type::ListOf(element) => Type::ListOf(Arc::new(element.substitute(of))),
            Type::ValueSet(element) => Type::ValueSet(Arc::new(element.substitute(of))),
            Type::Type(inner) => Type::Type(Arc::new(inner.substitute(of))),
            _ => self.clone(),
        }
    }
}

/// Replaces the type parameters of a declaration by arguments, position by position.
pub fn instantiate(ty: &Type, params: &[crate::ast::TypeParam], arguments: &[Type]) -> Type {
    if params.is_empty() {
        return ty.clone();
    }
    ty.substitute(&|id| {
        let at = params.iter().position(|param| param.id == id)?;
        arguments.get(at).cloned()
    })
}

impl<'a> Typed<'a> {
    /// A type as a user writes it.
    pub fn show(&self, ty: &Type) -> String {
        let mut text = String::new();
        self.write(&mut text, ty);
        text
    }

    fn write(&self, out: &mut String, ty: &Type) {
        // Writing to a String cannot fail.
        match ty {
            Type::Unknown => out.push('?'),
            Type::Void => out.push_str("void"),
            Type::Bool => out.push_str("bool"),
            Type::String => out.push_str("string"),
            Type::Error => out.push_str("error"),
            Type::MatchKind => out.push_str("match_kind"),
            Type::Integer => out.push_str("int"),
            Type::Bit(width) => drop(write!(out, "bit<{width}>")),
            Type::Int(width) => drop(write!(out, "int<{width}>")),
            Type::Varbit(width) => drop(write!(out, "varbit<{width}>")),
            Type::Enum(id) | Type::NewType(id) | Type::Param(id) | Type::Table(id) => {
                out.push_str(self.name(*id))
            }
            Type::Struct(id, types)
            | Type::Header(id, types)
            | Type::Union(id, types)
            | Type::Extern(id, types)
            | Type::Parser(id, types)
            | Type::Control(id, types)
            | Type::Package(id, types) => {
                out.push_str(self.name(*id));
                if !types.is_empty() {
                    self.write_all(out, '<', types, '>');
                }
            }
            Type::Stack(element, size) => {
                self.write(out, element);
                let _ = write!(out, "[{size}]");
            }
            Type::Tuple(types) => {
                out.push_str("tuple");
                self.write_all(out, '<', types, '>');
            }
            Type::List(types) => self.write_all(out, '{', types, '}'),
            Type::Record(fields) => {
                out.push('{');
                for (at, (name, ty)) in fields.iter().enumerate() {
                    out.push_str(if at == 0 { "" } else { ", " });
                    out.push_str(name);
                    out.push_str(" = ");
                    self.write(out, ty);
                }
                out.push('}');
            }
            Type::ListOf(element) => {
                out.push_str("list<");
                self.write(out, element);
                out.push('>');
            }
            Type::InvalidHeader => out.push_str("{#}"),
            Type::Anything => out.push('_'),
            Type::Var(_) => out.push('_'),
            Type::ApplyResult(_) => out.push_str("the result of a table"),
            Type::ActionRun(_) => out.push_str("action_run"),
            Type::ValueSet(element) => {
                out.push_str("value_set<");
                self.write(out, element);
                out.push('>');
            }
            Type::Callable => out.push_str("something to call"),
            Type::Type(inner) => {
                out.push_str("the type ");
                self.write(out, inner);
            }
        }
    }

    fn write_all(&self, out: &mut String, open: char, types: &Types, close: char) {
        out.push(open);
        for (at, ty) in types.iter().enumerate() {
            out.push_str(if at == 0 { "" } else { ", " });
            self.write(out, ty);
        }
        out.push(close);
    }

    /// The representation of a serializable enumeration.
    pub fn representation(&self, ty: &Type) -> Option<Type> {
        match ty {
            Type::Enum(id) => self.decl_type(*id).cloned(),
            _ => None,
        }
    }

    /// What a `type` stands for, all the way down; other types as they are.
    pub fn strip_new_types(&self, ty: &Type) -> Type {
        let mut ty = ty.clone();
        while let Type::NewType(id) = ty {
            ty = self.decl_type(id).cloned().unwrap_or(Type::Unknown);
        }
        ty
    }

    /// The fields of a struct, header or union with its type arguments in place; of a tuple or list by position.
    pub fn fields(&self, ty: &Type) -> Option<Vec<(Arc<str>, Type)>> {
        let (id, arguments) = match ty {
            Type::Struct(id, types) | Type::Header(id, types) | Type::Union(id, types) => {
                (*id, types)
            }
            Type::Tuple(types) | Type::List(types) => {
                return Some(
                    types
                        .iter()
                        .enumerate()
                        .map(|(at, ty)| (Arc::from(at.to_string()), ty.clone()))
                        .collect(),
                );
            }
            Type::Record(fields) => return Some(fields.to_vec()),
            _ => return None,
        };
        let aggregate = self.aggregate(id)?;
        Some(
            aggregate
                .fields
                .iter()
                .map(|field| {
                    let ty = self.decl_type(field.id).unwrap_or(&Type::Unknown);
                    (
                        field.name.name.clone(),
                        instantiate(ty, &aggregate.type_params, arguments),
                    )
                })
                .collect(),
        )
    }

    /// The declaration behind a struct, header or union type.
    pub fn aggregate(&self, id: DeclId) -> Option<&'a crate::ast::Aggregate> {
        match self.node(id) {
            Some(Node::Decl(decl)) => match &decl.kind {
                DeclKind::Struct(aggregate)
                | DeclKind::Header(aggregate)
                | DeclKind::HeaderUnion(aggregate) => Some(aggregate),
                DeclKind::Typedef(alias) | DeclKind::NewType(alias) => match &alias.target {
                    crate::ast::AliasTarget::Decl(inner) => self.aggregate(inner.id),
                    crate::ast::AliasTarget::Type(_) => None,
                },
                _ => None,
            },
            _ => None,
        }
    }

    /// Smallest and largest size in bits: they differ by varbit fields and union members. `None` where a type has no size.
    pub fn size_in_bits(&self, ty: &Type) -> Option<(u64, u64)> {
        Some(match ty {
            Type::Bool => (1, 1),
            Type::Bit(width) | Type::Int(width) => (u64::from(*width), u64::from(*width)),
            Type::Varbit(width) => (0, u64::from(*width)),
            Type::Enum(_) => return self.size_in_bits(&self.representation(ty)?),
            Type::NewType(_) => return self.size_in_bits(&self.strip_new_types(ty)),
            Type::Stack(element, size) => {
                let (least, most) = self.size_in_bits(element)?;
                (least * u64::from(*size), most * u64::from(*size))
            }
            Type::Union(..) => {
                let mut sizes = Vec::new();
                for (_, field) in self.fields(ty)? {
                    sizes.push(self.size_in_bits(&field)?);
                }
                (
                    sizes.iter().map(|size| size.0).min().unwrap_or(0),
                    sizes.iter().map(|size| size.1).max().unwrap_or(0),
                )
            }
            Type::Struct(..) | Type::Header(..) | Type::Tuple(_) | Type::List(_) => {
                let mut total = (0, 0);
                for (_, field) in self.fields(ty)? {
                    let size = self.size_in_bits(&field)?;
                    total = (total.0 + size.0, total.1 + size.1);
                }
                total
            }
            _ => return None,
        })
    }
}

/// How a direction is written.
pub fn direction_word(direction: Direction) -> &'static str {
    match direction {
        Direction::None => "no direction",
        Direction::In => "in",
        Direction::Out => "out",
        Direction::InOut => "inout",
    }
}
