//! Types as they are written become types as the checker knows them.

use std::sync::Arc;

use num_traits::ToPrimitive;

use super::Checker;
use super::codes;
use super::nodes::Node;
use super::types::Type;
use crate::ast::{self, AliasTarget, DeclId, DeclKind, TypeKind};
use crate::source::Span;

/// Makes the type that a generic declaration declares.
type Make = fn(DeclId, super::Types) -> Type;

/// The widest number that a program may use; wide enough for any header, and small enough to compute with.
const MAX_WIDTH: u32 = 1 << 20;

impl<'a> Checker<'a> {
    /// The meaning of a type; [`Type::Unknown`] after reporting what is wrong with it.
    pub(super) fn resolve(&mut self, ty: &'a ast::Type) -> Type {
        match &ty.kind {
            TypeKind::Bool => Type::Bool,
            TypeKind::Error => {
                self.needs_errors(ty.span);
                Type::Error
            }
            TypeKind::MatchKind => Type::MatchKind,
            TypeKind::String => Type::String,
            TypeKind::Integer => Type::Integer,
            TypeKind::Void => Type::Void,
            TypeKind::DontCare => Type::Anything,
            TypeKind::Bit(None) => Type::Bit(1),
            TypeKind::Bit(Some(width)) => self.width(width, 0).map_or(Type::Unknown, Type::Bit),
            TypeKind::Int(width) => self.width(width, 1).map_or(Type::Unknown, Type::Int),
            TypeKind::Varbit(width) => self.width(width, 0).map_or(Type::Unknown, Type::Varbit),
            TypeKind::Name(path) => {
                let resolved = self.named(path, &[], ty.span);
                self.is_specialized(resolved, ty.span)
            }
            TypeKind::Specialized { base, arguments } => {
                let arguments: Vec<Type> = arguments.iter().map(|ty| self.resolve(ty)).collect();
                let resolved = self.named(base, &arguments, ty.span);
                self.well_formed(resolved, ty.span)
            }
            TypeKind::Stack { element, size } => {
                let resolved = self.resolve_open(element);
                let size = self.width(size, 0);
                let can_be_many = matches!(
                    resolved,
                    Type::Header(..)
                        | Type::Union(..)
                        | Type::Param(_)
                        | Type::Bit(_)
                        | Type::Int(_)
                        | Type::Bool
                        | Type::Enum(_)
                        | Type::Error
                        | Type::NewType(_)
                        | Type::Struct(..)
                        | Type::Tuple(_)
                        | Type::Stack(..)
                        | Type::Extern(..)
                );
                match (&resolved, size) {
                    (Type::Unknown, _) | (_, None) => Type::Unknown,
                    (_, Some(size)) if can_be_many => Type::Stack(Arc::new(resolved), size),
                    _ => {
                        let shown = self.show(&resolved);
                        self.error(
                            codes::BAD_TYPE,
                            element.span,
                            format!("an array cannot hold values of type `{shown}`"),
                        );
                        Type::Unknown
                    }
                }
            }
            TypeKind::Tuple(elements) => Type::Tuple(
                elements
                    .iter()
                    .map(|ty| match ty.kind {
                        // Constants of such tuples are arguments of externs.
                        TypeKind::MatchKind => Type::MatchKind,
                        _ => self.resolve_value_type(ty, "an element of a tuple"),
                    })
                    .collect(),
            ),
            TypeKind::List(element) => Type::ListOf(Arc::new(self.resolve(element))),
        }
    }

    /// The meaning of a type whose type arguments may be left to be inferred.
    pub(super) fn resolve_open(&mut self, ty: &'a ast::Type) -> Type {
        match &ty.kind {
            TypeKind::Name(path) => self.named(path, &[], ty.span),
            _ => self.resolve(ty),
        }
    }

    fn width(&mut self, expr: &'a ast::Expr, least: u32) -> Option<u32> {
        self.infer(expr);
        let value = self.constant_int(expr, "a width or size")?;
        match value.to_u32() {
            Some(width) if width >= least && width <= MAX_WIDTH => Some(width),
            Some(width) if width > MAX_WIDTH => {
                self.error(
                    codes::TOO_LARGE,
                    expr.span,
                    format!("{width} is more than the {MAX_WIDTH} that are supported"),
                );
                None
            }
            _ => {
                let code = if value < least.into() {
                    codes::NEGATIVE
                } else {
                    codes::TOO_LARGE
                };
                self.error(
                    code,
                    expr.span,
                    format!("{value} is no width or size: it must be at least {least}"),
                );
                None
            }
        }
    }

    fn named(&mut self, path: &'a ast::Path, arguments: &[Type], span: Span) -> Type {
        let found = self.lookup(path);
        match found.as_slice() {
            [] => Type::Unknown,
            [id, ..] => {
                if self.open_extern == Some(*id) {
                    self.error(
                        codes::BAD_TYPE,
                        span,
                        format!("methods of `{}` cannot name `{0}` itself", path.name),
                    );
                    return Type::Unknown;
                }
                self.typed.set_used_type(*id);
                self.type_of_decl(*id, arguments, path.name.as_str(), span)
            }
        }
    }

    /// The type that a declaration declares.
    pub(super) fn type_of_decl(
        &mut self,
        id: DeclId,
        arguments: &[Type],
        name: &str,
        span: Span,
    ) -> Type {
        let decl = match self.typed.node(id) {
            Some(Node::TypeParam(_)) => return Type::Param(id),
            Some(Node::Decl(decl)) => decl,
            _ => {
                self.not_a_type(name, span);
                return Type::Unknown;
            }
        };
        let (params, make): (&[ast::TypeParam], Make) = match &decl.kind {
            DeclKind::Struct(aggregate) => (&aggregate.type_params, Type::Struct),
            DeclKind::Header(aggregate) => (&aggregate.type_params, Type::Header),
            DeclKind::HeaderUnion(aggregate) => (&aggregate.type_params, Type::Union),
            DeclKind::Extern(object) => (&object.type_params, Type::Extern),
            DeclKind::Parser(parser) => (&parser.ty.type_params, Type::Parser),
            DeclKind::ParserType(ty) => (&ty.type_params, Type::Parser),
            DeclKind::Control(control) => (&control.ty.type_params, Type::Control),
            DeclKind::ControlType(ty) => (&ty.type_params, Type::Control),
            DeclKind::Package(ty) => (&ty.type_params, Type::Package),
            DeclKind::Enum(_) => (&[], |id, _| Type::Enum(id)),
            DeclKind::Typedef(alias) => {
                self.no_arguments(arguments, name, span);
                return match &alias.target {
                    AliasTarget::Decl(inner) => self.type_of_decl(inner.id, &[], name, span),
                    AliasTarget::Type(_) => {
                        self.typed.decl_type(id).cloned().unwrap_or(Type::Unknown)
                    }
                };
            }
            DeclKind::NewType(_) => (&[], |id, _| Type::NewType(id)),
            _ => {
                self.not_a_type(name, span);
                return Type::Unknown;
            }
        };
        if params.is_empty() {
            self.no_arguments(arguments, name, span);
            return make(id, Type::none());
        }
        if arguments.is_empty() {
            // To be inferred from the arguments of the constructor or call.
            return make(id, Type::none());
        }
        if arguments.len() != params.len() {
            self.error(
                codes::WRONG_TYPE_ARGUMENTS,
                span,
                format!(
                    "`{name}` has {} type parameters, but {} are given",
                    params.len(),
                    arguments.len()
                ),
            );
            return Type::Unknown;
        }
        make(id, arguments.iter().cloned().collect())
    }

    fn not_a_type(&mut self, name: &str, span: Span) {
        self.error(
            codes::WRONG_KIND_OF_NAME,
            span,
            format!("`{name}` is not a type"),
        );
    }

    fn no_arguments(&mut self, arguments: &[Type], name: &str, span: Span) {
        if !arguments.is_empty() {
            self.error(
                codes::WRONG_TYPE_ARGUMENTS,
                span,
                format!("`{name}` has no type parameters"),
            );
        }
    }

    /// Resolves the type of something that holds a value, and reports types that have none.
    pub(super) fn resolve_value_type(&mut self, ty: &'a ast::Type, what: &str) -> Type {
        let resolved = self.resolve(ty);
        let bad = matches!(
            resolved,
            Type::Void
                | Type::Anything
                | Type::MatchKind
                | Type::Extern(..)
                | Type::Parser(..)
                | Type::Control(..)
                | Type::Package(..)
        );
        if bad {
            let shown = self.show(&resolved);
            self.error(
                codes::BAD_TYPE,
                ty.span,
                format!("{what} cannot have type `{shown}`"),
            );
            return Type::Unknown;
        }
        resolved
    }
}
