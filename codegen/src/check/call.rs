//! Calls and constructor calls: what is called, which argument is for which parameter, and the type arguments.

use std::collections::HashMap;

use super::codes;
use super::nodes::Node;
use super::scope::nearest;
use super::typed::{Bound, Builtin, Call, Callee, Value};
use super::types::Type;
use super::{Checker, Site};
use crate::ast::{
    self, Argument, DeclId, DeclKind, Direction, Expr, ExprId, ExprKind, Ident, MethodKind, Param,
    TypeParam,
};
use crate::source::Span;

/// What arguments are matched with.
struct Target<'a> {
    name: String,
    params: &'a [Param],
    /// Type parameters of the function, method or constructed type.
    type_params: &'a [TypeParam],
    /// The type of the result, before type arguments are put in.
    result: Type,
    /// Type arguments that stand in the receiver's or constructed type.
    outer: Vec<(DeclId, Type)>,
    /// Whether type arguments may stay unknown.
    lenient: bool,
}

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

    fn infer_arguments(&mut self, arguments: &'a [Argument]) {
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
        let base_type = self.infer(base);
        if base_type == Type::Unknown {
            self.infer_arguments(arguments);
            return Type::Unknown;
        }
        if let Some(size) = size_method(member.as_str()) {
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

    fn builtin(
        &mut self,
        expr: &'a Expr,
        base: &'a Expr,
        builtin: Builtin,
        arguments: &'a [Argument],
    ) -> Type {
        let wanted = usize::from(matches!(builtin, Builtin::PushFront | Builtin::PopFront));
        if arguments.len() != wanted {
            self.error(
                codes::WRONG_ARGUMENTS,
                expr.span,
                format!(
                    "{wanted} arguments are expected, but {} are given",
                    arguments.len()
                ),
            );
        }
        self.infer_arguments(arguments);
        if wanted == 1
            && let Some(count) = arguments.first()
        {
            self.constant_int(&count.value, "the number of elements");
        }
        if !matches!(builtin, Builtin::IsValid | Builtin::Size { .. }) {
            self.require_writable(base, None);
        }
        let call = Call {
            callee: Some(Callee::Builtin(builtin)),
            constructor: None,
            type_arguments: Vec::new(),
            arguments: arguments
                .iter()
                .map(|argument| Bound::Value(&argument.value))
                .collect(),
        };
        self.typed.set_call(expr.id, call);
        match builtin {
            Builtin::IsValid => Type::Bool,
            Builtin::Size { .. } => Type::Integer,
            _ => Type::Void,
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
        let Some((_, callee, target)) = choose(candidates, arguments) else {
            self.infer_arguments(arguments);
            return self.no_member(&Type::Extern(id, Type::none()), member, names.into_iter());
        };
        let ty = self.finish(expr, Some(callee), None, target, type_arguments, arguments);
        if (self.typed.name(id), member.as_str()) == ("packet_in", "extract") {
            self.extraction(expr);
        }
        ty
    }

    /// What the language says of calls of functions in core.p4.
    fn known_function(&mut self, expr: &'a Expr, name: &str) {
        match name {
            "verify" if self.context.site != Site::Parser => {
                self.error(
                    codes::NOT_ALLOWED_HERE,
                    expr.span,
                    "`verify` is called in states of parsers only",
                );
            }
            "static_assert" => {
                let arguments = match self.typed.call(expr.id) {
                    Some(call) => call.arguments.clone(),
                    None => return,
                };
                let Some(Bound::Value(check)) = arguments.first() else {
                    return;
                };
                let message = match arguments.get(1) {
                    Some(Bound::Value(text)) => self.typed.eval(text, &super::no_environment).ok(),
                    _ => None,
                };
                if self.constructor_free(check)
                    && let Some(Value::Bool(false)) = self.constant(check, "an assertion")
                {
                    let message = match message {
                        Some(Value::String(text)) => text.to_string(),
                        _ => "the assertion does not hold".to_owned(),
                    };
                    self.error(codes::ASSERTION_FAILED, expr.span, message);
                }
            }
            _ => {}
        }
    }

    /// `extract` takes a header; with a size, one that has a varbit field, else one that has none.
    fn extraction(&mut self, expr: &'a Expr) {
        let Some(call) = self.typed.call(expr.id) else {
            return;
        };
        let ty = call
            .type_arguments
            .first()
            .cloned()
            .unwrap_or(Type::Unknown);
        let sized = call.arguments.len() == 2;
        let message = match &ty {
            Type::Unknown | Type::Param(_) | Type::Var(_) => return,
            Type::Header(..) => {
                let fields = self.typed.fields(&ty).unwrap_or_default();
                let is_varbit = |ty: &Type| matches!(ty, Type::Varbit(_));
                match (sized, fields.iter().filter(|(_, ty)| is_varbit(ty)).count()) {
                    (true, 0) => "has no `varbit` field whose size could be given",
                    (false, 1..) => "has a `varbit` field, whose size must be given",
                    (true, 2..) => "has more than one `varbit` field",
                    _ => return,
                }
            }
            _ => "is no header: only headers can be extracted",
        };
        let shown = self.show(&ty);
        self.error(
            codes::TYPE_MISMATCH,
            expr.span,
            format!("`{shown}` {message}"),
        );
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
            _ => {
                let shown = self.show(ty);
                return self.not_callable(span, &shown, arguments);
            }
        };
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

    /// Matches arguments with parameters and records the call.
    #[allow(clippy::too_many_arguments)]
    fn bind(
        &mut self,
        id: ExprId,
        span: Span,
        callee: Option<Callee>,
        constructor: Option<DeclId>,
        target: Target<'a>,
        given: &[Type],
        arguments: &'a [Argument],
    ) -> Type {
        let mut types: HashMap<DeclId, Type> = target.outer.iter().cloned().collect();
        if !given.is_empty() && given.len() != target.type_params.len() {
            self.error(
                codes::WRONG_TYPE_ARGUMENTS,
                span,
                format!(
                    "`{}` has {} type parameters, but {} are given",
                    target.name,
                    target.type_params.len(),
                    given.len()
                ),
            );
        }
        for (at, param) in target.type_params.iter().enumerate() {
            let ty = match given.get(at) {
                Some(Type::Anything) | None => self.fresh(),
                Some(ty) => ty.clone(),
            };
            types.insert(param.id, ty);
        }
        let with_types = |ty: &Type| ty.substitute(&|id| types.get(&id).cloned());

        self.infer_arguments(arguments);
        let matched = self.match_arguments(span, &target, arguments);
        // Numbers without width come last: the others say which width they get.
        for late in [false, true] {
            for (param, argument) in target.params.iter().zip(&matched) {
                let Some(argument) = argument else { continue };
                if (*self.typed.ty(argument) == Type::Integer) != late {
                    continue;
                }
                let wanted = with_types(self.typed.decl_type(param.id).unwrap_or(&Type::Unknown));
                if self.check_argument(param, argument, &wanted) && callee.is_none() {
                    self.constructor_argument(argument);
                }
            }
        }
        let mut type_arguments: Vec<Type> = Vec::new();
        for param in target.type_params {
            let ty = self.resolved(&with_types(&Type::Param(param.id)));
            if let Type::Var(at) = ty {
                if !target.lenient && matched.iter().all(Option::is_some) {
                    self.error(
                        codes::WRONG_TYPE_ARGUMENTS,
                        span,
                        format!(
                            "the type argument `{}` of `{}` cannot be inferred",
                            param.name, target.name
                        ),
                    )
                    .hint = Some(format!("write it: `{}<..>(..)`", target.name));
                }
                self.variables[at as usize] = Some(Type::Unknown);
                type_arguments.push(Type::Unknown);
            } else {
                type_arguments.push(ty);
            }
        }
        if target.type_params.is_empty() {
            type_arguments = target
                .outer
                .iter()
                .map(|(_, ty)| self.resolved(ty))
                .collect();
        }
        let bound = target
            .params
            .iter()
            .zip(&matched)
            .map(|(param, argument)| match argument {
                Some(argument) if !matches!(argument.kind, ExprKind::DontCare) => {
                    Bound::Value(argument)
                }
                Some(_) => Bound::Nothing,
                None => param.default.as_ref().map_or(Bound::Nothing, Bound::Value),
            })
            .collect();
        self.typed.set_call(
            id,
            Call {
                callee,
                constructor,
                type_arguments,
                arguments: bound,
            },
        );
        let result = with_types(&target.result);
        self.resolved(&result)
    }

    fn match_arguments(
        &mut self,
        span: Span,
        target: &Target<'a>,
        arguments: &'a [Argument],
    ) -> Vec<Option<&'a Expr>> {
        let mut matched: Vec<Option<&'a Expr>> = vec![None; target.params.len()];
        let (mut too_many, mut misnamed) = (false, false);
        for (at, argument) in arguments.iter().enumerate() {
            let place = match &argument.name {
                None if at < target.params.len() => at,
                None => {
                    too_many = true;
                    continue;
                }
                Some(name) => {
                    match target
                        .params
                        .iter()
                        .position(|param| param.name.name == name.name)
                    {
                        Some(place) => place,
                        None => {
                            let near = nearest(
                                name.as_str(),
                                target.params.iter().map(|param| param.name.as_str()),
                            )
                            .map(|near| format!("did you mean `{near}`?"));
                            self.error(
                                codes::UNKNOWN_PARAMETER,
                                name.span,
                                format!("`{}` has no parameter `{name}`", target.name),
                            )
                            .hint = near;
                            misnamed = true;
                            continue;
                        }
                    }
                }
            };
            if matched[place].replace(&argument.value).is_some() {
                misnamed = true;
                self.error(
                    codes::WRONG_ARGUMENTS,
                    argument.span,
                    format!(
                        "the parameter `{}` is given twice",
                        target.params[place].name
                    ),
                );
            }
        }
        let missing: Vec<String> = target
            .params
            .iter()
            .zip(&matched)
            .filter(|(param, argument)| argument.is_none() && !may_be_left_out(param))
            .map(|(param, _)| format!("`{}`", param.name))
            .collect();
        if too_many {
            self.error(
                codes::WRONG_ARGUMENTS,
                span,
                format!(
                    "`{}` takes {} arguments, but {} are given",
                    target.name,
                    target.params.len(),
                    arguments.len()
                ),
            );
        } else if !missing.is_empty() && !misnamed {
            self.error(
                codes::WRONG_ARGUMENTS,
                span,
                format!(
                    "arguments of `{}` are missing: {}",
                    target.name,
                    missing.join(", ")
                ),
            );
        }
        matched
    }

    fn check_argument(&mut self, param: &'a Param, argument: &'a Expr, wanted: &Type) -> bool {
        match param.direction {
            Direction::Out | Direction::InOut => {
                if matches!(argument.kind, ExprKind::DontCare) {
                    if param.direction == Direction::InOut {
                        self.error(
                            codes::NOT_WRITABLE,
                            argument.span,
                            "`_` stands for `out` arguments only",
                        );
                    }
                    return true;
                }
                let own = self.typed.ty(argument).clone();
                if !self.unify(wanted, &own) {
                    let (own, wanted) = (self.show(&own), self.show(wanted));
                    self.error(
                        codes::TYPE_MISMATCH,
                        argument.span,
                        format!(
                            "expected `{wanted}`, but this is `{own}` (nothing converts for `{}`)",
                            super::types::direction_word(param.direction)
                        ),
                    );
                    return false;
                }
                self.require_writable(argument, Some(param.direction));
                true
            }
            Direction::In | Direction::None => self.coerce(argument, wanted),
        }
    }

    /// What a constructor gets is known at compile time, or is itself an object.
    fn constructor_argument(&mut self, argument: &'a Expr) {
        let is_value = matches!(
            self.typed.final_type(argument),
            Type::Bool | Type::Integer | Type::Bit(_) | Type::Int(_) | Type::String | Type::Enum(_)
        );
        if is_value && self.constructor_free(argument) {
            self.constant(argument, "an argument of a constructor");
        }
    }

    /// Checks the arguments that an action gets in a table: in the list of actions those with a direction, else all.
    pub(super) fn bind_action(
        &mut self,
        id: ExprId,
        span: Span,
        action: DeclId,
        arguments: &'a [Argument],
        only_directed: bool,
    ) {
        let Some(Node::Decl(decl)) = self.typed.node(action) else {
            return;
        };
        let DeclKind::Action(ast_action) = &decl.kind else {
            return;
        };
        self.infer_arguments(arguments);
        let count = ast_action
            .params
            .iter()
            .filter(|param| !only_directed || param.direction != Direction::None)
            .count();
        // Directed parameters come first.
        let params = &ast_action.params[..count.min(ast_action.params.len())];
        let target = Target {
            name: ast_action.name.as_str().to_owned(),
            params,
            type_params: &[],
            result: Type::Void,
            outer: Vec::new(),
            lenient: true,
        };
        let matched = self.match_arguments(span, &target, arguments);
        for (param, argument) in params.iter().zip(&matched) {
            let Some(argument) = argument else { continue };
            let wanted = self
                .typed
                .decl_type(param.id)
                .cloned()
                .unwrap_or(Type::Unknown);
            let fits = self.check_argument(param, argument, &wanted);
            if fits && param.direction == Direction::None && self.constructor_free(argument) {
                self.constant(argument, "data of an action");
            }
        }
        let bound = matched
            .iter()
            .zip(params)
            .map(|(argument, param)| match argument {
                Some(argument) => Bound::Value(argument),
                None => param.default.as_ref().map_or(Bound::Nothing, Bound::Value),
            })
            .collect();
        self.typed.set_call(
            id,
            Call {
                callee: Some(Callee::Action(action)),
                constructor: None,
                type_arguments: Vec::new(),
                arguments: bound,
            },
        );
    }
}

fn may_be_left_out(param: &Param) -> bool {
    param.default.is_some()
        || param
            .annotations
            .iter()
            .any(|annotation| annotation.name.as_str() == "optional")
}

/// Whether parameters can take these arguments, by their number and names.
fn accepts(params: &[Param], arguments: &[Argument]) -> bool {
    let named = |argument: &Argument, param: &Param| {
        argument
            .name
            .as_ref()
            .is_some_and(|name| name.name == param.name.name)
    };
    arguments.len() <= params.len()
        && arguments.iter().all(|argument| {
            argument.name.is_none() || params.iter().any(|param| named(argument, param))
        })
        && params.iter().enumerate().all(|(at, param)| {
            may_be_left_out(param)
                || arguments
                    .get(at)
                    .is_some_and(|argument| argument.name.is_none())
                || arguments.iter().any(|argument| named(argument, param))
        })
}

/// The overload that takes the arguments; the first if none does.
fn choose<'a>(
    mut candidates: Vec<(DeclId, Callee, Target<'a>)>,
    arguments: &[Argument],
) -> Option<(DeclId, Callee, Target<'a>)> {
    if candidates.is_empty() {
        return None;
    }
    let at = candidates
        .iter()
        .position(|(_, _, target)| accepts(target.params, arguments))
        .unwrap_or(0);
    Some(candidates.swap_remove(at))
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
