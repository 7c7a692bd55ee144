//! Which argument is for which parameter, and the type arguments.

use std::collections::HashMap;

use super::Checker;
use super::codes;
use super::nodes::Node;
use super::scope::nearest;
use super::typed::{Bound, Call, Callee};
use super::types::Type;
use crate::ast::{Argument, DeclId, DeclKind, Direction, Expr, ExprId, ExprKind, Param, TypeParam};
use crate::source::Span;

/// What arguments are matched with.
pub(super) struct Target<'a> {
    pub(super) name: String,
    pub(super) params: &'a [Param],
    /// Type parameters of the function, method or constructed type.
    pub(super) type_params: &'a [TypeParam],
    /// The type of the result, before type arguments are put in.
    pub(super) result: Type,
    /// Type arguments that stand in the receiver's or constructed type.
    pub(super) outer: Vec<(DeclId, Type)>,
    /// Whether type arguments may stay unknown.
    pub(super) lenient: bool,
}

impl<'a> Checker<'a> {
    /// Matches arguments with parameters and records the call.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn bind(
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
        let mut all_fit = true;
        for late in [false, true] {
            for (param, argument) in target.params.iter().zip(&matched) {
                let Some(argument) = argument else { continue };
                if (*self.typed.ty(argument) == Type::Integer) != late {
                    continue;
                }
                let wanted = with_types(self.typed.decl_type(param.id).unwrap_or(&Type::Unknown));
                let fits = self.check_argument(param, argument, &wanted);
                all_fit &= fits;
                let constructs = callee.is_none() || matches!(target.result, Type::Extern(..));
                if fits && constructs && param.direction == Direction::None {
                    self.constructor_argument(argument);
                }
            }
        }
        let mut type_arguments: Vec<Type> = Vec::new();
        for type_param in target.type_params {
            let ty = self.resolved(&with_types(&Type::Param(type_param.id)));
            if let Type::Var(at) = ty {
                let is_known = matched
                    .iter()
                    .flatten()
                    .all(|argument| *self.typed.ty(argument) != Type::Unknown);
                // A default argument may be of a type that only other arguments could tell.
                let is_open = target.params.iter().zip(&matched).any(|(param, argument)| {
                    let default = param.default.as_ref().filter(|_| argument.is_none());
                    default.is_some_and(|default| {
                        let ty = self.typed.ty(default);
                        let known =
                            ty.substitute(&|id| (id == type_param.id).then_some(Type::Void));
                        known != *ty
                    })
                });
                let strict = !target.lenient && matched.iter().all(Option::is_some);
                if all_fit && is_known && (strict || is_open) {
                    self.error(
                        codes::WRONG_TYPE_ARGUMENTS,
                        span,
                        format!(
                            "the type argument `{}` of `{}` cannot be inferred",
                            type_param.name, target.name
                        ),
                    )
                    .hint = Some(format!("write it: `{}<..>(..)`", target.name));
                }
                self.variables[at as usize] = Some(Type::Unknown);
                type_arguments.push(Type::Unknown);
            } else {
                self.value_argument(callee, &target, type_param, &matched, &ty);
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

    /// What a call passes is a value of a size that is known: no number without width, no parser or control.
    fn value_argument(
        &mut self,
        callee: Option<Callee>,
        target: &Target<'a>,
        type_param: &TypeParam,
        matched: &[Option<&'a Expr>],
        ty: &Type,
    ) {
        let message = match ty {
            _ if callee.is_none() => return,
            Type::Integer => "nothing says how wide this integer is",
            Type::String => "a text cannot be passed here",
            Type::Parser(..) | Type::Control(..) | Type::Package(..) => "this cannot be passed",
            _ => return,
        };
        let argument = target
            .params
            .iter()
            .zip(matched)
            .find_map(|(param, argument)| {
                let wanted = self.typed.decl_type(param.id)?;
                (*wanted == Type::Param(type_param.id)).then_some(*argument)?
            });
        let Some(argument) = argument else { return };
        let hint = (*ty == Type::Integer)
            .then(|| "write the width before it, such as `8w1`, or cast it".to_owned());
        self.error(codes::NEEDS_WIDTH, argument.span, message).hint = hint;
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
            Direction::In | Direction::None if matches!(argument.kind, ExprKind::DontCare) => {
                self.error(
                    codes::TYPE_MISMATCH,
                    argument.span,
                    "`_` stands for `out` arguments only",
                );
                false
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
        if is_value && self.constructor_free(argument) && !self.is_pure_call(argument) {
            self.constant(argument, "an argument for a parameter without direction");
        }
    }

    /// Whether an expression calls an extern function that an architecture evaluates while it compiles: `@pure`.
    fn is_pure_call(&self, expr: &Expr) -> bool {
        let Some(Callee::ExternFunction(id)) =
            self.typed.call(expr.id).and_then(|call| call.callee)
        else {
            return false;
        };
        self.typed.decl(id).is_some_and(|decl| {
            (decl.annotations.iter()).any(|annotation| annotation.name.as_str() == "pure")
        })
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

/// Whether a parameter has a default or is optional.
pub(super) fn may_be_left_out(param: &Param) -> bool {
    param.default.is_some()
        || param
            .annotations
            .iter()
            .any(|annotation| annotation.name.as_str() == "optional")
}

/// Whether parameters can take these arguments, by their number and names.
pub(super) fn accepts(params: &[Param], arguments: &[Argument]) -> bool {
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
pub(super) fn choose<'a>(
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
