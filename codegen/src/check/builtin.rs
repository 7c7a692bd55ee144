//! Calls that the language itself gives a meaning: methods of headers and stacks, and what core.p4 declares.

use super::codes;
use super::typed::{Bound, Builtin, Call, Callee, Value};
use super::types::Type;
use super::{Checker, Site};
use crate::ast::{Argument, Expr};

impl<'a> Checker<'a> {
    pub(super) fn builtin(
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

    /// What the language says of calls of functions in core.p4.
    pub(super) fn known_function(&mut self, expr: &'a Expr, name: &str) {
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
    pub(super) fn extraction(&mut self, expr: &'a Expr) {
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
            Type::Header(id, _) => {
                let fields = self.typed.fields(&ty).unwrap_or_default();
                let is_varbit = |ty: &Type| matches!(ty, Type::Varbit(_));
                match (sized, fields.iter().filter(|(_, ty)| is_varbit(ty)).count()) {
                    (true, 0) => "has no `varbit` field whose size could be given",
                    (false, 1..) => "has a `varbit` field, whose size must be given",
                    (true, 2..) => {
                        let second = (fields.iter().enumerate())
                            .filter(|(_, (_, ty))| is_varbit(ty))
                            .nth(1);
                        let span = (self.typed.aggregate(*id))
                            .and_then(|aggregate| aggregate.fields.get(second?.0))
                            .map_or(expr.span, |field| field.name.span);
                        let shown = self.show(&ty);
                        self.error(
                            codes::BAD_TYPE,
                            span,
                            format!("`{shown}` has more than one `varbit` field"),
                        )
                        .note(expr.span, "here its one size is given");
                        return;
                    }
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

    /// `lookahead` gives a value of a size that is known.
    pub(super) fn lookahead(&mut self, expr: &'a Expr) {
        let Some(ty) =
            (self.typed.call(expr.id)).and_then(|call| call.type_arguments.first().cloned())
        else {
            return;
        };
        let fixed = match &ty {
            Type::Unknown | Type::Param(_) | Type::Var(_) | Type::Anything => true,
            _ => (self.typed.size_in_bits(&ty)).is_some_and(|(least, most)| least == most),
        };
        if !fixed {
            let shown = self.show(&ty);
            self.error(
                codes::BAD_TYPE,
                expr.span,
                format!("`lookahead` needs a type of a fixed size, which `{shown}` is not"),
            );
        }
    }
}
