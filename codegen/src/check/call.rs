//! Calls and constructor calls: what is called, which argument is for which parameter, and the type arguments.

use std::sync::Arc;

use super::argument::{Target, accepts, choose};
use super::codes;
use super::typed::{Builtin, Call, Callee};
use super::types::Type;
use super::{Checker, Site};
use crate::ast::{
    self, Argument, DeclId, DeclKind, Expr, ExprId, ExprKind, Ident, MethodKind, Param, TypeParam,
};
use crate::source::Span;

impl<'a> Checker<'a> {
    pub(super) fn infer_call(
        &mut self,
        expr: &'a Expr,
        callee: &'a Expr,
        type_arguments: &'a [ast::Type],
        arguments: &'a [Argument],
    ) -> Type {
        self.typed.set_type(callee.id, Type::Callable);
        match &callee.kind {
            ExprKind::Path(path) => {
                let found = self.lookup(path);
                if found.is_empty() {
                    self.infer_arguments(arguments);
                    return Type::Unknown;
                }
                let candidates: Vec<(DeclId, Callee, Target<'a>)> = found
                    .iter()
                    .filter_map(|&id| self.function_target(id))
                    .collect();
                let Some((id, called, target)) = choose(candidates, arguments) else {
                    return self.not_callable(callee.span, path.name.as_str(), arguments);
                };
                self.typed.set_reference(callee.id, id);
                if matches!(called, Callee::Action(_))
                    && !matches!(self.context.site, Site::Apply | Site::Action)
                {
                    self.error(
                        codes::NOT_ALLOWED_HERE,
                        expr.span,
                        "actions are called in controls and actions only",
                    );
                }
                let ty = self.finish(expr, Some(called), None, target, type_arguments, arguments);
                if matches!(called, Callee::ExternFunction(_)) {
                    self.known_function(expr, path.name.as_str());
                }
                ty
            }
            ExprKind::Member { base, member } => {
                self.infer_method_call(expr, base, member, type_arguments, arguments)
            }
            ExprKind::Invalid => Type::Unknown,
            _ => self.not_callable(callee.span, "this", arguments),
        }
    }

    pub(super) fn infer_arguments(&mut self, arguments: &'a [Argument]) {
        for argument in arguments {
            self.infer(&argument.value);
        }
    }

    fn not_callable(&mut self, span: Span, name: &str, arguments: &'a [Argument]) -> Type {
        self.infer_arguments(arguments);
        self.error(
            codes::NOT_CALLABLE,
            span,
            format!("`{name}` cannot be called"),
        );
        Type::Unknown
    }

    fn function_target(&self, id: DeclId) -> Option<(DeclId, Callee, Target<'a>)> {
        let decl = self.typed.decl(id)?;
        let (callee, params, type_params) = match &decl.kind {
            DeclKind::Function(function) => (
                Callee::Function(id),
                &function.signature.params,
                &function.signature.type_params[..],
            ),
            DeclKind::ExternFunction(signature) => (
                Callee::ExternFunction(id),
                &signature.params,
                &signature.type_params[..],
            ),
            DeclKind::Action(action) => (Callee::Action(id), &action.params, &[][..]),
            _ => return None,
        };
        let target = Target {
            name: self.typed.name(id).to_owned(),
            params,
            type_params,
            result: self.typed.decl_type(id).cloned().unwrap_or(Type::Void),
            outer: Vec::new(),
            lenient: false,
        };
        Some((id, callee, target))
    }

    fn infer_method_call(
        &mut self,
        expr: &'a Expr,
        base: &'a Expr,
        member: &'a Ident,
        type_arguments: &'a [ast::Type],
        arguments: &'a [Argument],
    ) -> Type {
        let size = size_method(member.as_str());
        let base_type = match (&base.kind, size) {
            // The size of an element is known also where the index is out of bounds.
            (ExprKind::Index { base: stack, index }, Some(_)) => {
                self.infer(index);
                match self.infer(stack) {
                    Type::Stack(element, _) => (*element).clone(),
                    _ => self.infer(base),
                }
            }
            _ => self.infer(base),
        };
        self.typed.set_type(base.id, base_type.clone());
        if base_type == Type::Unknown {
            self.infer_arguments(arguments);
            return Type::Unknown;
        }
        if let Some(size) = size {
            let of = match &base_type {
                Type::Type(inner) => inner,
                other => other,
            };
            if self.typed.size_in_bits(of).is_some() {
                return self.builtin(expr, base, size, arguments);
            }
        }
        match &base_type {
            Type::Extern(id, outer) => {
                self.infer_extern_method(expr, *id, outer, member, type_arguments, arguments)
            }
            Type::Table(id) if member.as_str() == "apply" => {
                if self.context.site != Site::Apply {
                    self.error(
                        codes::NOT_ALLOWED_HERE,
                        expr.span,
                        "tables are applied in the `apply` block of a control only",
                    );
                }
                if !arguments.is_empty() {
                    self.error(
                        codes::WRONG_ARGUMENTS,
                        expr.span,
                        "`apply` of a table takes no arguments",
                    );
                }
                let call = Call {
                    callee: Some(Callee::Table(*id)),
                    constructor: None,
                    type_arguments: Vec::new(),
                    arguments: Vec::new(),
                };
                self.typed.set_call(expr.id, call);
                Type::ApplyResult(*id)
            }
            Type::Parser(..) | Type::Control(..) if member.as_str() == "apply" => {
                self.infer_apply(expr, &base_type, false, type_arguments, arguments)
            }
            Type::Type(inner) if member.as_str() == "apply" => match &**inner {
                Type::Parser(..) | Type::Control(..) => {
                    self.infer_apply(expr, inner, true, type_arguments, arguments)
                }
                other => {
                    self.infer_arguments(arguments);
                    self.no_member(&other.clone(), member, std::iter::empty())
                }
            },
            Type::Header(..) | Type::Union(..) | Type::Stack(..) => {
                if let (Type::Stack(element, _), "push_front" | "pop_front") =
                    (&base_type, member.as_str())
                    && !matches!(
                        **element,
                        Type::Header(..) | Type::Union(..) | Type::Param(_)
                    )
                {
                    self.infer_arguments(arguments);
                    return self.only_header_stacks(member);
                }
                let builtin = match (&base_type, member.as_str()) {
                    (Type::Header(..) | Type::Union(..), "isValid") => Builtin::IsValid,
                    (Type::Header(..), "setValid") => Builtin::SetValid,
                    (Type::Header(..), "setInvalid") => Builtin::SetInvalid,
                    (Type::Stack(..), "push_front") => Builtin::PushFront,
                    (Type::Stack(..), "pop_front") => Builtin::PopFront,
                    _ => {
                        self.infer_arguments(arguments);
                        let names = [
                            "isValid",
                            "setValid",
                            "setInvalid",
                            "push_front",
                            "pop_front",
                        ];
                        return self.no_member(&base_type, member, names.into_iter());
                    }
                };
                self.builtin(expr, base, builtin, arguments)
            }
            _ => {
                self.infer_arguments(arguments);
                self.no_member(&base_type, member, std::iter::empty())
            }
        }
    }

    fn infer_extern_method(
        &mut self,
        expr: &'a Expr,
        id: DeclId,
        outer: &[Type],
        member: &'a Ident,
        type_arguments: &'a [ast::Type],
        arguments: &'a [Argument],
    ) -> Type {
        let object = match self.typed.decl(id).map(|decl| &decl.kind) {
            Some(DeclKind::Extern(object)) => object,
            _ => return Type::Unknown,
        };
        let outer: Vec<(DeclId, Type)> = object
            .type_params
            .iter()
            .zip(outer)
            .map(|(param, ty)| (param.id, ty.clone()))
            .collect();
        let mut candidates = Vec::new();
        let mut names = Vec::new();
        for method in &object.methods {
            let MethodKind::Method { signature, .. } = &method.kind else {
                continue;
            };
            names.push(signature.name.as_str());
            if signature.name.name == member.name {
                let target = Target {
                    name: signature.name.as_str().to_owned(),
                    params: &signature.params,
                    type_params: &signature.type_params,
                    result: self
                        .typed
                        .decl_type(method.id)
                        .cloned()
                        .unwrap_or(Type::Void),
                    outer: outer.clone(),
                    lenient: false,
                };
                candidates.push((method.id, Callee::Method(method.id), target));
            }
        }
        let fitting: Vec<DeclId> = candidates
            .iter()
            .filter(|(_, _, target)| accepts(target.params, arguments))
            .map(|(id, _, _)| *id)
            .collect();
        if let [first, second, ..] = fitting[..] {
            self.infer_arguments(arguments);
            let places: Vec<Span> = [first, second]
                .iter()
                .filter_map(|id| Some(self.typed.node(*id)?.ident()?.span))
                .collect();
            let diagnostic = self.error(
                codes::WRONG_ARGUMENTS,
                expr.span,
                format!("more than one method `{member}` takes these arguments"),
            );
            for place in places {
                diagnostic.note(place, "this one");
            }
            return Type::Unknown;
        }
        let Some((_, callee, target)) = choose(candidates, arguments) else {
            self.infer_arguments(arguments);
            return self.no_member(&Type::Extern(id, Type::none()), member, names.into_iter());
        };
        if super::signature::is_block(&target.result) {
            let shown = self.show(&target.result);
            self.infer_arguments(arguments);
            self.error(
                codes::BAD_TYPE,
                expr.span,
                format!("`{member}` returns `{shown}`, which no call can give"),
            );
            return Type::Unknown;
        }
        let open = target.params.iter().any(|param| {
            let ty = self.typed.decl_type(param.id).cloned();
            target.outer.iter().any(|(id, outer)| {
                ty == Some(Type::Param(*id))
                    && matches!(
                        self.resolved(outer),
                        Type::Anything | Type::Var(_) | Type::Unknown
                    )
            })
        });
        if open {
            self.infer_arguments(arguments);
            self.error(
                codes::WRONG_TYPE_ARGUMENTS,
                expr.span,
                format!("`{member}` needs a type that the object is not given"),
            );
            return Type::Unknown;
        }
        let ty = self.finish(expr, Some(callee), None, target, type_arguments, arguments);
        match (self.typed.name(id), member.as_str()) {
            ("packet_in", "extract") => self.extraction(expr),
            ("packet_in", "lookahead") => self.lookahead(expr),
            _ => {}
        }
        ty
    }

    fn infer_apply(
        &mut self,
        expr: &'a Expr,
        ty: &Type,
        direct: bool,
        type_arguments: &'a [ast::Type],
        arguments: &'a [Argument],
    ) -> Type {
        let (id, outer, is_parser) = match ty {
            Type::Parser(id, outer) => (*id, outer, true),
            Type::Control(id, outer) => (*id, outer, false),
            _ => return Type::Unknown,
        };
        let allowed = if is_parser { Site::Parser } else { Site::Apply };
        if self.context.site != allowed {
            let message = if is_parser {
                "parsers are applied in states of parsers only"
            } else {
                "controls are applied in the `apply` block of a control only"
            };
            self.error(codes::NOT_ALLOWED_HERE, expr.span, message);
        }
        let Some((type_params, params)) = self.block_params(id) else {
            return Type::Unknown;
        };
        let outer: Vec<(DeclId, Type)> = type_params
            .iter()
            .zip(outer.iter())
            .map(|(param, ty)| (param.id, ty.clone()))
            .collect();
        let target = Target {
            name: self.typed.name(id).to_owned(),
            params,
            type_params: if outer.is_empty() { type_params } else { &[] },
            result: Type::Void,
            outer,
            lenient: false,
        };
        let callee = if direct {
            Callee::DirectBlock(id)
        } else {
            Callee::Block(id)
        };
        self.finish(expr, Some(callee), None, target, type_arguments, arguments)
    }

    /// A constructor call: checks the arguments and gives the type of the object.
    pub(super) fn infer_construct(
        &mut self,
        expr: ExprId,
        span: Span,
        ty: &Type,
        arguments: &'a [Argument],
    ) -> Type {
        let (id, outer) = match ty {
            Type::Extern(id, outer)
            | Type::Parser(id, outer)
            | Type::Control(id, outer)
            | Type::Package(id, outer) => (*id, outer),
            Type::Unknown => {
                self.infer_arguments(arguments);
                return Type::Unknown;
            }
            // Objects of externs come in arrays, too: `Type(arguments) name[4];`.
            Type::Stack(element, size) if matches!(**element, Type::Extern(..)) => {
                let element = self.infer_construct(expr, span, element, arguments);
                return Type::Stack(Arc::new(element), *size);
            }
            _ => {
                let shown = self.show(ty);
                return self.not_callable(span, &shown, arguments);
            }
        };
        let id = self.overload(id, arguments);
        let Some(decl) = self.typed.decl(id) else {
            return Type::Unknown;
        };
        let name = self.typed.name(id).to_owned();
        let mut constructor = None;
        let (type_params, params): (&'a [TypeParam], &'a [Param]) = match &decl.kind {
            DeclKind::Extern(object) => {
                let constructors: Vec<(DeclId, &'a [Param])> = object
                    .methods
                    .iter()
                    .filter_map(|method| match &method.kind {
                        MethodKind::Constructor { params, .. } => Some((method.id, &params[..])),
                        MethodKind::Method { .. } => None,
                    })
                    .collect();
                let chosen = constructors
                    .iter()
                    .find(|(_, params)| accepts(params, arguments))
                    .or(constructors.first());
                constructor = chosen.map(|(id, _)| *id);
                (
                    &object.type_params,
                    chosen.map_or(&[], |(_, params)| *params),
                )
            }
            DeclKind::Parser(parser) => (&parser.ty.type_params, &parser.constructor_params),
            DeclKind::Control(control) => (&control.ty.type_params, &control.constructor_params),
            DeclKind::Package(package) => (&package.type_params, &package.params),
            _ => return self.not_callable(span, &name, arguments),
        };
        let given: Vec<(DeclId, Type)> = type_params
            .iter()
            .zip(outer.iter())
            .map(|(param, ty)| {
                let ty = match ty {
                    Type::Anything => self.fresh(),
                    ty => ty.clone(),
                };
                (param.id, ty)
            })
            .collect();
        let result_arguments: Vec<Type> = type_params
            .iter()
            .map(|param| Type::Param(param.id))
            .collect();
        let result = match ty {
            Type::Extern(..) => Type::Extern(id, result_arguments.into()),
            Type::Parser(..) => Type::Parser(id, result_arguments.into()),
            Type::Control(..) => Type::Control(id, result_arguments.into()),
            _ => Type::Package(id, result_arguments.into()),
        };
        let lenient = !matches!(ty, Type::Extern(..));
        let target = Target {
            name,
            params,
            type_params: if given.is_empty() { type_params } else { &[] },
            result,
            outer: given,
            lenient,
        };
        self.bind(expr, span, None, constructor, target, &[], arguments)
    }

    /// Of several parsers, controls or packages of one name, the one whose constructor takes the arguments.
    fn overload(&self, id: DeclId, arguments: &'a [Argument]) -> DeclId {
        let takes = |id: DeclId| {
            (self.constructor_params_of(id)).is_none_or(|params| accepts(params, arguments))
        };
        if takes(id) {
            return id;
        }
        let others = self.scopes.find(self.typed.name(id), false);
        let mut fitting = others
            .iter()
            .filter(|other| self.constructor_params_of(**other).is_some() && takes(**other));
        fitting.next().copied().unwrap_or(id)
    }

    fn finish(
        &mut self,
        expr: &'a Expr,
        callee: Option<Callee>,
        constructor: Option<DeclId>,
        target: Target<'a>,
        type_arguments: &'a [ast::Type],
        arguments: &'a [Argument],
    ) -> Type {
        let given: Vec<Type> = type_arguments.iter().map(|ty| self.resolve(ty)).collect();
        self.bind(
            expr.id,
            expr.span,
            callee,
            constructor,
            target,
            &given,
            arguments,
        )
    }
}

fn size_method(name: &str) -> Option<Builtin> {
    let (bytes, max) = match name {
        "minSizeInBits" => (false, false),
        "maxSizeInBits" => (false, true),
        "minSizeInBytes" => (true, false),
        "maxSizeInBytes" => (true, true),
        _ => return None,
    };
    Some(Builtin::Size { bytes, max })
}
