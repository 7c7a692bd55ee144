//! Which types parameters and results can have.

use super::Checker;
use super::codes;
use super::types::Type;
use crate::ast::{DeclKind, Extern, MethodKind, Param, Signature};

/// What parameters are of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Something that is called or applied.
    Call,
    /// The constructor of an extern.
    ExternConstructor,
    /// The constructor of a parser.
    ParserConstructor,
    /// The constructor of a control.
    ControlConstructor,
}

impl<'a> Checker<'a> {
    /// Reports parsers, controls and packages as parameters where there can be none.
    pub(super) fn parameter_kinds(&mut self, params: &'a [Param], place: Place) {
        for param in params {
            let ty = self
                .typed
                .decl_type(param.id)
                .cloned()
                .unwrap_or(Type::Unknown);
            let fits = match (&ty, place) {
                (Type::Package(..), _) => false,
                (Type::Parser(id, _), Place::ParserConstructor)
                | (Type::Control(id, _), Place::ControlConstructor) => matches!(
                    self.typed.decl(*id).map(|decl| &decl.kind),
                    Some(DeclKind::ParserType(_) | DeclKind::ControlType(_))
                ),
                (Type::Parser(..) | Type::Control(..), _) => false,
                _ => true,
            };
            if !fits {
                let shown = self.show(&ty);
                self.error(
                    codes::BAD_TYPE,
                    param.span,
                    format!("this parameter cannot have type `{shown}`"),
                );
            }
        }
    }

    /// Parameters may be left out only of what has no body.
    pub(super) fn no_optional(&mut self, params: &'a [Param]) {
        for param in params {
            let optional = param
                .annotations
                .iter()
                .find(|annotation| annotation.name.as_str() == "optional");
            if let Some(optional) = optional {
                self.error(
                    codes::NOT_ALLOWED_HERE,
                    optional.span,
                    format!(
                        "`{}` cannot be optional: what it is a parameter of has a body",
                        param.name
                    ),
                )
                .hint = Some("give it a default: `in bit<8> x = 0`".to_owned());
            }
        }
    }

    /// Reports results that exist at compile time only. What a method of an extern does with parsers and controls is
    /// the architecture's affair, as long as nothing calls it.
    pub(super) fn result_type(&mut self, signature: &'a Signature, result: &Type, is_method: bool) {
        let bad = match result {
            Type::Integer | Type::String | Type::MatchKind | Type::Anything => true,
            _ => !is_method && is_block(result),
        };
        if bad {
            let shown = self.show(result);
            self.error(
                codes::BAD_TYPE,
                signature.result.span,
                format!("`{}` cannot return `{shown}`", signature.name),
            );
        }
    }

    /// Methods and constructors of one name are told apart by the number or the names of their parameters.
    pub(super) fn same_methods(&mut self, object: &'a Extern) {
        let parts: Vec<_> = object
            .methods
            .iter()
            .map(|method| match &method.kind {
                MethodKind::Constructor { name, params } => (name, params, true),
                MethodKind::Method { signature, .. } => (&signature.name, &signature.params, false),
            })
            .collect();
        for (at, (name, params, is_constructor)) in parts.iter().enumerate() {
            let names = |params: &[Param]| -> Vec<std::sync::Arc<str>> {
                params.iter().map(|param| param.name.name.clone()).collect()
            };
            let before = parts[..at].iter().find(|(other, others, other_is)| {
                other_is == is_constructor
                    && (*is_constructor || other.name == name.name)
                    && names(others) == names(params)
            });
            if let Some((before, _, _)) = before {
                self.error(
                    codes::DUPLICATE_NAME,
                    name.span,
                    format!("`{name}` is declared twice with the same parameters"),
                )
                .note(before.span, "first declared here");
            }
        }
    }
}

/// Whether a type is of something that is instantiated at compile time, other than an extern.
pub(super) fn is_block(ty: &Type) -> bool {
    matches!(ty, Type::Parser(..) | Type::Control(..) | Type::Package(..))
}
