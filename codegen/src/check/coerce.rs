//! Implicit conversions, and the unification that infers type arguments.

use super::Checker;
use super::argument::may_be_left_out;
use super::codes;
use super::nodes::Node;
use super::types::{Type, direction_word, instantiate};
use crate::ast::{DeclId, DeclKind, Direction, Expr, ExprKind, Param, TypeParam};

impl<'a> Checker<'a> {
    /// The type with inferred type arguments in place.
    pub(super) fn resolved(&self, ty: &Type) -> Type {
        match ty {
            Type::Var(at) => match self.variables.get(*at as usize) {
                Some(Some(bound)) => self.resolved(bound),
                _ => ty.clone(),
            },
            Type::Struct(..)
            | Type::Header(..)
            | Type::Union(..)
            | Type::Extern(..)
            | Type::Parser(..)
            | Type::Control(..)
            | Type::Package(..) => {
                let all = |types: &super::Types| types.iter().map(|ty| self.resolved(ty)).collect();
                match ty {
                    Type::Struct(id, types) => Type::Struct(*id, all(types)),
                    Type::Header(id, types) => Type::Header(*id, all(types)),
                    Type::Union(id, types) => Type::Union(*id, all(types)),
                    Type::Extern(id, types) => Type::Extern(*id, all(types)),
                    Type::Parser(id, types) => Type::Parser(*id, all(types)),
                    Type::Control(id, types) => Type::Control(*id, all(types)),
                    Type::Package(id, types) => Type::Package(*id, all(types)),
                    _ => ty.clone(),
                }
            }
            Type::Tuple(types) => Type::Tuple(types.iter().map(|ty| self.resolved(ty)).collect()),
            Type::List(types) => Type::List(types.iter().map(|ty| self.resolved(ty)).collect()),
            Type::Stack(element, size) => Type::Stack(self.resolved(element).into(), *size),
            Type::ListOf(element) => Type::ListOf(self.resolved(element).into()),
            Type::Type(inner) => Type::Type(self.resolved(inner).into()),
            _ => ty.clone(),
        }
    }

    /// A fresh type argument to infer.
    pub(super) fn fresh(&mut self) -> Type {
        self.variables.push(None);
        Type::Var(self.variables.len() as u32 - 1)
    }

    /// Makes an expression, whose own type is known, fit the type that its place wants. Reports it if it cannot.
    pub(super) fn coerce(&mut self, expr: &'a Expr, to: &Type) -> bool {
        let to = self.resolved(to);
        let from = self.resolved(&self.typed.ty(expr).clone());
        if from == to || matches!(from, Type::Unknown) || matches!(to, Type::Unknown) {
            return true;
        }
        if let (
            Type::Type(_)
            | Type::Callable
            | Type::Table(_)
            | Type::ApplyResult(_)
            | Type::ActionRun(_),
            Type::Var(_),
        ) = (&from, &to)
        {
            let shown = self.show(&from);
            self.error(
                codes::WRONG_KIND_OF_NAME,
                expr.span,
                format!("{shown} is no value"),
            );
            return false;
        }
        // The branches of a conditional convert, so that constants of any size in them get the width.
        if let (
            ExprKind::Ternary {
                then, otherwise, ..
            },
            false,
        ) = (&expr.kind, from.is_sized() || matches!(from, Type::Bool))
        {
            let fits = self.coerce(then, &to) && self.coerce(otherwise, &to);
            self.typed.set_type(expr.id, self.resolved(&to));
            return fits;
        }
        if let Some(result) = self.coerce_parts(expr, &from, &to) {
            return result;
        }
        if self.converts(&from, &to) {
            let to = self.resolved(&to);
            if from != to {
                self.typed.set_coercion(expr.id, to);
            }
            return true;
        }
        self.report_mismatch(expr, &from, &to);
        false
    }

    fn report_mismatch(&mut self, expr: &Expr, from: &Type, to: &Type) {
        let (shown_from, shown_to) = (self.show(from), self.show(to));
        let hint = match (from, to) {
            (Type::Type(_), _) | (Type::Callable, _) => None,
            _ if self.can_cast(from, to) => Some(format!("write a cast: `({shown_to})`")),
            _ => None,
        };
        self.error(
            codes::TYPE_MISMATCH,
            expr.span,
            format!("expected `{shown_to}`, but this is `{shown_from}`"),
        )
        .hint = hint;
    }

    /// Lists and struct expressions convert part by part. `None`: this is not one, or not to such a type.
    fn coerce_parts(&mut self, expr: &'a Expr, from: &Type, to: &Type) -> Option<bool> {
        match (&expr.kind, to) {
            (
                ExprKind::List(elements),
                Type::Struct(..) | Type::Header(..) | Type::Tuple(_) | Type::List(_),
            ) => {
                let fields = self.typed.fields(to)?;
                let has_rest = matches!(
                    elements.last().map(|last| &last.kind),
                    Some(ExprKind::Default)
                );
                let given = elements.len() - usize::from(has_rest);
                if given > fields.len() || (given < fields.len() && !has_rest) {
                    let shown = self.show(to);
                    self.error(
                        codes::WRONG_FIELDS,
                        expr.span,
                        format!(
                            "`{shown}` has {} fields, but {given} values are given",
                            fields.len()
                        ),
                    );
                    return Some(false);
                }
                let mut fits = true;
                for (element, (_, ty)) in elements.iter().take(given).zip(&fields) {
                    fits &= self.coerce(element, ty);
                }
                self.typed.set_coercion(expr.id, self.resolved(to));
                Some(fits)
            }
            (
                ExprKind::List(elements),
                Type::ListOf(element_type) | Type::Stack(element_type, _),
            ) => {
                let mut fits = true;
                for element in elements {
                    if !matches!(element.kind, ExprKind::Default) {
                        fits &= self.coerce(element, element_type);
                    }
                }
                let has_rest = matches!(
                    elements.last().map(|last| &last.kind),
                    Some(ExprKind::Default)
                );
                let given = elements.len() - usize::from(has_rest);
                if let Type::Stack(_, size) = to
                    && (given > *size as usize || (given < *size as usize && !has_rest))
                {
                    let shown = self.show(to);
                    self.error(
                        codes::WRONG_FIELDS,
                        expr.span,
                        format!("`{shown}` has {size} elements, but {given} values are given"),
                    );
                    fits = false;
                }
                self.typed.set_coercion(expr.id, self.resolved(to));
                Some(fits)
            }
            (
                ExprKind::Struct {
                    fields: given,
                    rest,
                },
                Type::Struct(..) | Type::Header(..),
            ) => {
                let fields = self.typed.fields(to)?;
                let shown = self.show(to);
                // What is wrong inside has been reported.
                if given
                    .iter()
                    .any(|field| *self.typed.ty(&field.value) == Type::Unknown)
                {
                    return Some(false);
                }
                let mut fits = true;
                for (at, field) in given.iter().enumerate() {
                    let known = fields.iter().find(|(name, _)| *name == field.name.name);
                    match known {
                        Some((_, ty)) => fits &= self.coerce(&field.value, ty),
                        None => {
                            let near = super::scope::nearest(
                                field.name.as_str(),
                                fields.iter().map(|(name, _)| &**name),
                            )
                            .map(|near| format!("did you mean `{near}`?"));
                            self.error(
                                codes::UNKNOWN_MEMBER,
                                field.name.span,
                                format!("`{shown}` has no field `{}`", field.name),
                            )
                            .hint = near;
                            fits = false;
                        }
                    }
                    if given[..at]
                        .iter()
                        .any(|other| other.name.name == field.name.name)
                    {
                        self.error(
                            codes::WRONG_FIELDS,
                            field.name.span,
                            format!("the field `{}` is given twice", field.name),
                        );
                        fits = false;
                    }
                }
                if rest.is_none() && fits {
                    let missing: Vec<String> = fields
                        .iter()
                        .filter(|(name, _)| !given.iter().any(|field| field.name.name == *name))
                        .map(|(name, _)| format!("`{name}`"))
                        .collect();
                    if !missing.is_empty() {
                        self.error(
                            codes::WRONG_FIELDS,
                            expr.span,
                            format!("the fields {} of `{shown}` are missing", missing.join(", ")),
                        );
                        fits = false;
                    }
                }
                self.typed.set_coercion(expr.id, self.resolved(to));
                Some(fits)
            }
            (ExprKind::Struct { .. }, Type::Var(_)) => {
                self.error(
                    codes::WRONG_TYPE_ARGUMENTS,
                    expr.span,
                    "nothing says which struct or header this is",
                )
                .hint = Some("cast it: `(name_of_the_struct) { .. }`".to_owned());
                Some(false)
            }
            (ExprKind::Default, Type::ListOf(_) | Type::Extern(..)) => {
                let shown = self.show(to);
                self.error(
                    codes::TYPE_MISMATCH,
                    expr.span,
                    format!("`{shown}` has no default value"),
                );
                Some(false)
            }
            // A generic parameter takes a list as a tuple.
            (ExprKind::List(elements), Type::Var(_)) => {
                let Type::List(types) = from else { return None };
                debug_assert_eq!(types.len(), elements.len());
                Some(self.unify(to, &Type::Tuple(types.clone())))
            }
            _ => None,
        }
    }

    /// Whether a value converts without a cast; type arguments to infer are bound on the way.
    pub(super) fn converts(&mut self, from: &Type, to: &Type) -> bool {
        match (from, to) {
            (_, Type::Var(_)) | (Type::Var(_), _) => self.unify(to, from),
            (Type::Integer, Type::Bit(_) | Type::Int(_))
            | (Type::Bit(_) | Type::Int(_), Type::Integer) => true,
            (Type::Anything, _) => true,
            (Type::InvalidHeader, Type::Header(..) | Type::Union(..)) => true,
            (Type::Enum(_), Type::Bit(_) | Type::Int(_)) => {
                self.typed.representation(from).as_ref() == Some(to)
            }
            (Type::List(own), Type::Tuple(wanted)) | (Type::Tuple(own), Type::List(wanted)) => {
                own.len() == wanted.len()
                    && own
                        .clone()
                        .iter()
                        .zip(wanted.clone().iter())
                        .all(|(own, wanted)| own == wanted || self.converts(own, wanted))
            }
            (Type::List(_), Type::Struct(..) | Type::Header(..)) => {
                let own = self.typed.fields(from).unwrap_or_default();
                let wanted = self.typed.fields(to).unwrap_or_default();
                own.len() == wanted.len()
                    && own
                        .iter()
                        .zip(&wanted)
                        .all(|((_, own), (_, wanted))| own == wanted || self.converts(own, wanted))
            }
            (Type::List(own), Type::ListOf(element)) => {
                let element = (**element).clone();
                own.clone()
                    .iter()
                    .all(|own| *own == element || self.converts(own, &element))
            }
            (Type::Record(own), Type::Struct(..) | Type::Header(..)) => {
                let wanted = self.typed.fields(to).unwrap_or_default();
                own.clone().iter().all(|(name, own)| {
                    wanted
                        .iter()
                        .any(|(other, ty)| other == name && (own == ty || self.converts(own, ty)))
                })
            }
            _ => self.unify(to, from),
        }
    }

    /// Makes two types equal by binding type arguments that are being inferred.
    pub(super) fn unify(&mut self, wanted: &Type, given: &Type) -> bool {
        let (wanted, given) = (self.resolved(wanted), self.resolved(given));
        if wanted == given {
            return true;
        }
        let mut all = |wanted: &[Type], given: &[Type]| {
            wanted.len() == given.len()
                && wanted
                    .iter()
                    .zip(given)
                    .all(|(wanted, given)| self.unify(wanted, given))
        };
        match (&wanted, &given) {
            (Type::Unknown, _) | (_, Type::Unknown) => true,
            (Type::Anything, _) | (_, Type::Anything) => true,
            (Type::Var(at), other) | (other, Type::Var(at)) => {
                let bound = match other {
                    Type::List(types) => Type::Tuple(types.clone()),
                    other => other.clone(),
                };
                self.variables[*at as usize] = Some(bound);
                true
            }
            (Type::Struct(a, x), Type::Struct(b, y))
            | (Type::Header(a, x), Type::Header(b, y))
            | (Type::Union(a, x), Type::Union(b, y))
            | (Type::Extern(a, x), Type::Extern(b, y))
            | (Type::Package(a, x), Type::Package(b, y)) => a == b && all(x, y),
            (Type::Tuple(x), Type::Tuple(y))
            | (Type::List(x), Type::List(y))
            | (Type::Tuple(x), Type::List(y))
            | (Type::List(x), Type::Tuple(y)) => all(x, y),
            (Type::Stack(x, m), Type::Stack(y, n)) => m == n && self.unify(x, y),
            (Type::ListOf(x), Type::ListOf(y)) => self.unify(x, y),
            (Type::Parser(a, x), Type::Parser(b, y))
            | (Type::Control(a, x), Type::Control(b, y)) => self.unify_blocks(*a, x, *b, y),
            _ => false,
        }
    }

    /// A parser or control fits a parser or control type whose parameters have the same directions and types.
    fn unify_blocks(&mut self, a: DeclId, x: &[Type], b: DeclId, y: &[Type]) -> bool {
        if a == b {
            return x.len() == y.len() && x.iter().zip(y).all(|(x, y)| self.unify(x, y));
        }
        let (Some((own, own_params)), Some((other, other_params))) =
            (self.block_params(a), self.block_params(b))
        else {
            return false;
        };
        // A type's last parameters may be left out where they have defaults.
        let left_out = own_params.get(other_params.len()..);
        if !left_out.is_some_and(|params| params.iter().all(may_be_left_out)) {
            return false;
        }
        own_params.iter().zip(other_params).all(|(p, q)| {
            if p.direction != q.direction {
                return false;
            }
            let p = self.typed.decl_type(p.id).cloned().unwrap_or(Type::Unknown);
            let q = self.typed.decl_type(q.id).cloned().unwrap_or(Type::Unknown);
            let (p, q) = (instantiate(&p, own, x), instantiate(&q, other, y));
            self.unify(&p, &q)
        })
    }

    /// Type parameters and parameters of `apply` of a parser or control, or a type of these; those of a package's constructor.
    pub(super) fn block_params(&self, id: DeclId) -> Option<(&'a [TypeParam], &'a [Param])> {
        let ty = match &self.typed.decl(id)?.kind {
            DeclKind::Parser(parser) => &parser.ty,
            DeclKind::Control(control) => &control.ty,
            DeclKind::ParserType(ty) | DeclKind::ControlType(ty) | DeclKind::Package(ty) => ty,
            _ => return None,
        };
        Some((&ty.type_params, &ty.params))
    }

    /// Whether `(to) value` is defined for a value of the type `from`.
    pub(super) fn can_cast(&self, from: &Type, to: &Type) -> bool {
        if from == to {
            return true;
        }
        match (from, to) {
            (Type::Unknown, _) | (_, Type::Unknown) | (_, Type::Anything) => true,
            (Type::Bit(_), Type::Bit(_)) | (Type::Int(_), Type::Int(_)) => true,
            (Type::Bit(a), Type::Int(b)) | (Type::Int(a), Type::Bit(b)) => a == b,
            (Type::Bit(1), Type::Bool) | (Type::Bool, Type::Bit(1)) => true,
            (Type::Integer, Type::Bit(_) | Type::Int(_)) => true,
            (Type::Bit(_) | Type::Int(_), Type::Integer) => true,
            (Type::Integer, Type::Bool) => true,
            (Type::Enum(_), to) if self.typed.representation(from).is_some() => {
                let representation = self.typed.representation(from).unwrap_or(Type::Unknown);
                match to {
                    Type::Enum(_) => self
                        .typed
                        .representation(to)
                        .is_some_and(|to| self.can_cast(&representation, &to)),
                    _ => self.can_cast(&representation, to),
                }
            }
            (from, Type::Enum(_)) => self
                .typed
                .representation(to)
                .is_some_and(|to| self.can_cast(from, &to)),
            (Type::NewType(_), to) => {
                let inner = self.one_step(from);
                self.can_cast(&inner, to)
            }
            // A number of another width or sign is converted first.
            (from, Type::NewType(_)) => {
                let inner = self.one_step(to);
                match inner {
                    Type::NewType(_) => self.can_cast(from, &inner),
                    _ => *from == inner || (*from == Type::Integer && inner.is_sized()),
                }
            }
            (Type::InvalidHeader, Type::Header(..) | Type::Union(..)) => true,
            _ => false,
        }
    }

    fn one_step(&self, ty: &Type) -> Type {
        match ty {
            Type::NewType(id) => self.typed.decl_type(*id).cloned().unwrap_or(Type::Unknown),
            _ => ty.clone(),
        }
    }

    /// Reports an argument for `out` or `inout` that cannot be written.
    pub(super) fn require_writable(&mut self, expr: &'a Expr, direction: Option<Direction>) {
        if let Err(reason) = self.writable(expr) {
            let message = match direction {
                Some(direction) => format!(
                    "an argument for an `{}` parameter must be something that can be written: {reason}",
                    direction_word(direction)
                ),
                None => format!("this cannot be assigned to: {reason}"),
            };
            self.error(codes::NOT_WRITABLE, expr.span, message);
        }
    }

    /// Whether an expression names a place that can be written, and if not, why.
    fn writable(&self, expr: &Expr) -> Result<(), String> {
        match &expr.kind {
            ExprKind::Invalid => Ok(()),
            ExprKind::Path(path) => match self
                .typed
                .reference(expr.id)
                .and_then(|id| self.typed.node(id))
            {
                None => Ok(()),
                Some(Node::Param(param)) => match param.direction {
                    Direction::Out | Direction::InOut => Ok(()),
                    Direction::In => Err(format!("`{}` is an `in` parameter", path.name)),
                    Direction::None => {
                        Err(format!("`{}` is a parameter without direction", path.name))
                    }
                },
                Some(Node::LoopVariable(..)) => Ok(()),
                Some(Node::Decl(decl)) => match decl.kind {
                    DeclKind::Variable(_) => Ok(()),
                    DeclKind::Const(_) => Err(format!("`{}` is a constant", path.name)),
                    _ => Err(format!("`{}` is not a variable", path.name)),
                },
                Some(_) => Err(format!("`{}` is not a variable", path.name)),
            },
            ExprKind::Member { base, member } => match self.typed.ty(base) {
                Type::Unknown => Ok(()),
                Type::Struct(..) | Type::Header(..) | Type::Union(..) => self.writable(base),
                Type::Stack(..) if matches!(member.as_str(), "next" | "last") => {
                    self.writable(base)
                }
                _ => Err(format!("`{member}` is not a field")),
            },
            ExprKind::Index { base, .. } => match self.typed.ty(base) {
                Type::Tuple(_) => self.writable(base),
                Type::List(_) => Err("elements of a list cannot be written".to_owned()),
                _ => self.writable(base),
            },
            ExprKind::Slice { base, .. } | ExprKind::PartSelect { base, .. } => self.writable(base),
            _ => Err("it is a value, not a variable or field".to_owned()),
        }
    }
}
