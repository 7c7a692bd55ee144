//! Parser states, and the key sets of `select` and of table entries.

use super::codes;
use super::scope::nearest;
use super::types::Type;
use super::{Checker, Context, Site};
use crate::ast::{Expr, ExprKind, Ident, Parser, State, TransitionKind};

impl<'a> Checker<'a> {
    pub(super) fn states(&mut self, parser: &'a Parser) {
        for state in &parser.states {
            self.declare(&state.name, state.id);
            if matches!(state.name.as_str(), "accept" | "reject") {
                self.error(
                    codes::DUPLICATE_NAME,
                    state.name.span,
                    format!("the state `{}` is part of every parser", state.name),
                );
            }
        }
        if !parser
            .states
            .iter()
            .any(|state| state.name.as_str() == "start")
        {
            self.error(
                codes::NO_START_STATE,
                parser.ty.name.span,
                format!("the parser `{}` has no state `start`", parser.ty.name),
            );
        }
        self.context = Context {
            site: Site::Parser,
            ..Context::default()
        };
        for state in &parser.states {
            self.scopes.push();
            self.statements(&state.statements);
            self.transition(parser, state);
            self.scopes.pop();
        }
        self.context = Context::default();
        self.ends(parser);
    }

    /// Whether some way through the states ends.
    fn ends(&mut self, parser: &'a Parser) {
        let mut reached: Vec<&str> = vec!["start"];
        let mut next = 0;
        while let Some(name) = reached.get(next).copied() {
            next += 1;
            // What is unknown has been reported.
            let Some(state) = parser
                .states
                .iter()
                .find(|state| state.name.as_str() == name)
            else {
                return;
            };
            let targets: Vec<&str> = match state.transition.as_ref().map(|it| &it.kind) {
                None => return,
                Some(TransitionKind::Direct(target)) => vec![target.as_str()],
                Some(TransitionKind::Select { cases, .. }) => {
                    let always = cases.iter().any(|case| {
                        matches!(case.keys.kind, ExprKind::Default | ExprKind::DontCare)
                    });
                    if !always {
                        return;
                    }
                    cases.iter().map(|case| case.state.as_str()).collect()
                }
            };
            for target in targets {
                if matches!(target, "accept" | "reject") {
                    return;
                }
                if !reached.contains(&target) {
                    reached.push(target);
                }
            }
        }
        self.error(
            codes::ENDLESS_PARSER,
            parser.ty.name.span,
            format!(
                "the parser `{}` never comes to `accept` or `reject`",
                parser.ty.name
            ),
        );
    }

    fn transition(&mut self, parser: &'a Parser, state: &'a State) {
        let Some(transition) = &state.transition else {
            return;
        };
        match &transition.kind {
            TransitionKind::Direct(target) => self.state_name(parser, target),
            TransitionKind::Select { subjects, cases } => {
                let types: Vec<Type> = subjects
                    .iter()
                    .map(|subject| {
                        let ty = self.infer(subject);
                        if ty == Type::Integer {
                            self.error(
                                codes::NEEDS_WIDTH,
                                subject.span,
                                "this integer needs a width here",
                            );
                            return Type::Unknown;
                        }
                        if matches!(
                            ty,
                            Type::Struct(..)
                                | Type::Header(..)
                                | Type::Union(..)
                                | Type::Stack(..)
                                | Type::Varbit(_)
                                | Type::String
                                | Type::Void
                                | Type::Extern(..)
                        ) {
                            let shown = self.show(&ty);
                            self.error(
                                codes::BAD_TYPE,
                                subject.span,
                                format!("`select` is not defined for `{shown}`"),
                            )
                            .hint = matches!(ty, Type::Struct(..) | Type::Header(..))
                                .then(|| "select on its fields".to_owned());
                            return Type::Unknown;
                        }
                        ty
                    })
                    .collect();
                for case in cases {
                    self.infer(&case.keys);
                    self.key_set(&case.keys, &types);
                    self.state_name(parser, &case.state);
                }
            }
        }
    }

    fn state_name(&mut self, parser: &'a Parser, target: &'a Ident) {
        let known = |name: &str| {
            matches!(name, "accept" | "reject")
                || parser
                    .states
                    .iter()
                    .any(|state| state.name.as_str() == name)
        };
        if known(target.as_str()) {
            return;
        }
        let names = parser.states.iter().map(|state| state.name.as_str());
        let near = nearest(target.as_str(), names.chain(["accept", "reject"]))
            .map(|near| format!("did you mean `{near}`?"));
        self.error(
            codes::UNKNOWN_STATE,
            target.span,
            format!("the parser `{}` has no state `{target}`", parser.ty.name),
        )
        .hint = near;
    }

    /// Checks the key set of one case against the subjects' types; its own types are known.
    fn key_set(&mut self, keys: &'a Expr, types: &[Type]) {
        match &keys.kind {
            ExprKind::Tuple(elements) if types.len() != 1 || elements.len() == 1 => {
                if elements.len() != types.len() {
                    self.wrong_count(keys, types.len(), elements.len());
                    return;
                }
                for (element, ty) in elements.iter().zip(types) {
                    self.key(element, ty);
                }
            }
            ExprKind::Default | ExprKind::DontCare => {}
            ExprKind::Path(_) if matches!(self.typed.ty(keys), Type::ValueSet(_)) => {
                let Type::ValueSet(element) = self.typed.ty(keys).clone() else {
                    return;
                };
                let count = self.typed.fields(&element).map_or(1, |fields| fields.len());
                if count != types.len() && types.len() != 1 {
                    self.wrong_count(keys, types.len(), count);
                }
            }
            _ if types.len() == 1 => self.key(keys, &types[0]),
            _ => self.wrong_count(keys, types.len(), 1),
        }
    }

    fn wrong_count(&mut self, keys: &Expr, wanted: usize, given: usize) {
        self.error(
            codes::WRONG_KEY_COUNT,
            keys.span,
            format!("{wanted} values are matched, but {given} are given"),
        );
    }

    /// Checks one value, mask or range against the type that it is compared with.
    pub(super) fn key(&mut self, key: &'a Expr, ty: &Type) {
        match &key.kind {
            ExprKind::Default | ExprKind::DontCare => {}
            ExprKind::Tuple(elements) | ExprKind::List(elements)
                if elements.len() == 1 && self.typed.fields(ty).is_none() =>
            {
                self.key(&elements[0], ty);
            }
            ExprKind::Mask {
                value: first,
                mask: second,
            }
            | ExprKind::Range {
                low: first,
                high: second,
            } => {
                let inner = match self.typed.representation(ty) {
                    Some(representation) => representation,
                    None => self.typed.strip_new_types(ty),
                };
                for part in [first, second] {
                    let own = self.typed.ty(part).clone();
                    let fits = own == *ty || self.coerce(part, &inner);
                    if fits && self.constructor_free(part) {
                        self.constant(part, "what a value is compared with");
                    }
                }
            }
            _ if matches!(self.typed.ty(key), Type::ValueSet(_)) => {
                if let Type::ValueSet(element) = self.typed.ty(key).clone()
                    && *element != *ty
                    && !self.converts(&element, ty)
                    && self
                        .typed
                        .fields(&element)
                        .is_none_or(|fields| fields.len() != 1)
                {
                    let (own, wanted) = (self.show(&element), self.show(ty));
                    self.error(
                        codes::TYPE_MISMATCH,
                        key.span,
                        format!("a set of `{own}` cannot match a `{wanted}`"),
                    );
                }
            }
            _ => {
                let own = self.typed.ty(key).clone();
                // A number can stand for a member of an enumeration with that representation.
                let wanted = match (&own, self.typed.representation(ty)) {
                    (Type::Integer | Type::Bit(_) | Type::Int(_), Some(inner)) => inner,
                    _ => ty.clone(),
                };
                let wanted = match (&own, &wanted) {
                    (Type::Integer | Type::Bit(_) | Type::Int(_), Type::NewType(_)) => {
                        self.typed.strip_new_types(&wanted)
                    }
                    _ => wanted,
                };
                // Parts of structures may be what only a target can work out; lowering says so where it cannot.
                let is_structured =
                    self.context.site == Site::Parser && matches!(key.kind, ExprKind::List(_));
                if self.coerce(key, &wanted) && !is_structured && self.constructor_free(key) {
                    self.constant(key, "what a value is compared with");
                }
            }
        }
    }
}
