//! Types with type arguments: whether what comes of them is a type that there can be.

use super::Checker;
use super::codes;
use super::decl::Holder;
use super::nodes::Node;
use super::types::{Type, Types};
use crate::ast::{DeclId, DeclKind, TypeParam};
use crate::source::Span;

impl<'a> Checker<'a> {
    /// Reports `error` where nothing declares errors.
    pub(super) fn needs_errors(&mut self, span: Span) {
        if self.typed.errors.is_empty() {
            self.error(codes::UNKNOWN_NAME, span, "nothing declares errors here")
                .hint = Some("include core.p4, or declare some: `error { .. }`".to_owned());
        }
    }

    /// A type by its name alone: what is generic needs its type arguments.
    pub(super) fn is_specialized(&mut self, ty: Type, span: Span) -> Type {
        let Some((id, arguments)) = generic_parts(&ty) else {
            return ty;
        };
        let params = self.type_params_of(id);
        if params.is_empty() || !arguments.is_empty() {
            return ty;
        }
        let (name, count) = (self.typed.name(id), params.len());
        let plural = if count == 1 { "" } else { "s" };
        let hint = format!("write `{name}<{}>`", vec!["..."; count].join(", "));
        self.error(
            codes::WRONG_TYPE_ARGUMENTS,
            span,
            format!("`{name}` needs {count} type argument{plural}"),
        )
        .hint = Some(hint);
        Type::Unknown
    }

    fn type_params_of(&self, id: DeclId) -> &'a [TypeParam] {
        let Some(Node::Decl(decl)) = self.typed.node(id) else {
            return &[];
        };
        match &decl.kind {
            DeclKind::Struct(aggregate)
            | DeclKind::Header(aggregate)
            | DeclKind::HeaderUnion(aggregate) => &aggregate.type_params,
            DeclKind::Extern(object) => &object.type_params,
            DeclKind::Parser(parser) => &parser.ty.type_params,
            DeclKind::Control(control) => &control.ty.type_params,
            DeclKind::ParserType(ty) | DeclKind::ControlType(ty) | DeclKind::Package(ty) => {
                &ty.type_params
            }
            _ => &[],
        }
    }

    /// Checks a type that has been given type arguments.
    pub(super) fn well_formed(&mut self, ty: Type, span: Span) -> Type {
        let Some((id, arguments)) = generic_parts(&ty) else {
            return ty;
        };
        if arguments.iter().any(|argument| contains(argument, id)) {
            let name = self.typed.name(id);
            self.error(
                codes::BAD_TYPE,
                span,
                format!("`{name}` contains itself as a type argument"),
            );
            return Type::Unknown;
        }
        let holder = match &ty {
            Type::Struct(..) => Holder::Struct,
            Type::Header(..) => Holder::Header,
            Type::Union(..) => Holder::Union,
            _ => return ty,
        };
        let no_value = arguments.iter().find(|argument| {
            matches!(
                argument,
                Type::Anything
                    | Type::Void
                    | Type::Parser(..)
                    | Type::Control(..)
                    | Type::Package(..)
            )
        });
        if let Some(argument) = no_value {
            let shown = self.show(argument);
            self.error(
                codes::BAD_TYPE,
                span,
                format!(
                    "{} cannot have the type argument `{shown}`",
                    holder.described()
                ),
            );
            return Type::Unknown;
        }
        let bad = self
            .typed
            .fields(&ty)
            .unwrap_or_default()
            .into_iter()
            .find(|(_, field)| !self.fits_in(holder, field));
        if let Some((name, field)) = bad {
            let (shown, field) = (self.show(&ty), self.show(&field));
            self.error(
                codes::BAD_TYPE,
                span,
                format!("the field `{name}` of `{shown}` cannot have type `{field}`"),
            );
            return Type::Unknown;
        }
        ty
    }
}

/// What a type with type arguments is made of.
fn generic_parts(ty: &Type) -> Option<(DeclId, &Types)> {
    match ty {
        Type::Struct(id, types)
        | Type::Header(id, types)
        | Type::Union(id, types)
        | Type::Extern(id, types)
        | Type::Parser(id, types)
        | Type::Control(id, types)
        | Type::Package(id, types) => Some((*id, types)),
        _ => None,
    }
}

/// Whether a type is made with the declaration, at any depth of its type arguments.
fn contains(ty: &Type, id: DeclId) -> bool {
    match ty {
        Type::Tuple(types) => types.iter().any(|ty| contains(ty, id)),
        Type::Stack(inner, _) | Type::ListOf(inner) => contains(inner, id),
        _ => generic_parts(ty)
            .is_some_and(|(own, types)| own == id || types.iter().any(|ty| contains(ty, id))),
    }
}
