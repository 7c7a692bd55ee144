//! Types of what stands after a dot.

use std::sync::Arc;

use super::codes;
use super::nodes::Node;
use super::scope::nearest;
use super::types::Type;
use super::{Checker, Site};
use crate::ast::{DeclKind, Expr, Ident};

impl<'a> Checker<'a> {
    pub(super) fn infer_member(
        &mut self,
        expr: &'a Expr,
        base: &'a Expr,
        member: &'a Ident,
    ) -> Type {
        let base_type = self.infer(base);
        match &base_type {
            Type::Unknown => Type::Unknown,
            Type::Struct(..) | Type::Header(..) | Type::Union(..) | Type::Record(_) => {
                let fields = self.typed.fields(&base_type).unwrap_or_default();
                match fields.iter().find(|(name, _)| *name == member.name) {
                    Some((_, ty)) => ty.clone(),
                    None => {
                        self.no_member(&base_type, member, fields.iter().map(|(name, _)| &**name))
                    }
                }
            }
            Type::Stack(element, _) => match member.as_str() {
                "next" | "last" | "lastIndex"
                    if !matches!(
                        **element,
                        Type::Header(..) | Type::Union(..) | Type::Param(_)
                    ) =>
                {
                    self.only_header_stacks(member)
                }
                "next" | "last" | "lastIndex" if self.context.site != Site::Parser => {
                    self.error(
                        codes::NOT_ALLOWED_HERE,
                        member.span,
                        format!("`{member}` of a stack exists in parsers only"),
                    );
                    Type::Unknown
                }
                "next" | "last" => (**element).clone(),
                "lastIndex" | "size" => Type::Bit(32),
                _ => self.no_member(
                    &base_type,
                    member,
                    [
                        "next",
                        "last",
                        "lastIndex",
                        "size",
                        "push_front",
                        "pop_front",
                    ]
                    .into_iter(),
                ),
            },
            Type::ApplyResult(table) => match member.as_str() {
                "hit" | "miss" => Type::Bool,
                "action_run" if !self.subject_of_switch => {
                    self.error(
                        codes::NOT_ALLOWED_HERE,
                        member.span,
                        "`action_run` is only for `switch` to look at",
                    );
                    Type::Unknown
                }
                "action_run" => Type::ActionRun(*table),
                _ => self.no_member(
                    &base_type,
                    member,
                    ["hit", "miss", "action_run"].into_iter(),
                ),
            },
            Type::Type(inner) => self.infer_type_member(expr, inner, member),
            _ => self.no_member(&base_type, member, std::iter::empty()),
        }
    }

    fn infer_type_member(&mut self, expr: &'a Expr, ty: &Arc<Type>, member: &'a Ident) -> Type {
        match &**ty {
            Type::Unknown => Type::Unknown,
            Type::Error => {
                let typed = &self.typed;
                let found = typed
                    .errors
                    .iter()
                    .copied()
                    .find(|&id| typed.name(id) == member.as_str());
                match found {
                    Some(id) => {
                        self.typed.set_reference(expr.id, id);
                        Type::Error
                    }
                    None => {
                        let names: Vec<&str> =
                            typed.errors.iter().map(|&id| typed.name(id)).collect();
                        self.no_member(&Type::Error, member, names.into_iter())
                    }
                }
            }
            Type::Enum(id) => {
                let members = match self.typed.node(*id) {
                    Some(Node::Decl(decl)) => match &decl.kind {
                        DeclKind::Enum(enumeration) => &enumeration.members[..],
                        _ => &[],
                    },
                    _ => &[],
                };
                match members.iter().find(|other| other.name.name == member.name) {
                    Some(found) => {
                        self.typed.set_reference(expr.id, found.id);
                        (**ty).clone()
                    }
                    None => self.no_member(
                        ty,
                        member,
                        members.iter().map(|member| member.name.as_str()),
                    ),
                }
            }
            other => self.no_member(other, member, std::iter::empty()),
        }
    }

    /// Reports what only stacks of headers have.
    pub(super) fn only_header_stacks(&mut self, member: &Ident) -> Type {
        self.error(
            codes::UNKNOWN_MEMBER,
            member.span,
            format!("only stacks of headers have `{member}`"),
        );
        Type::Unknown
    }

    pub(super) fn no_member<'n>(
        &mut self,
        ty: &Type,
        member: &Ident,
        names: impl Iterator<Item = &'n str>,
    ) -> Type {
        let shown = self.show(ty);
        let near = nearest(member.as_str(), names).map(|near| format!("did you mean `{near}`?"));
        self.error(
            codes::UNKNOWN_MEMBER,
            member.span,
            format!("`{shown}` has no member `{member}`"),
        )
        .hint = near;
        Type::Unknown
    }
}
