//! Types of expressions.

use std::sync::Arc;

use super::codes;
use super::eval::no_environment;
use super::nodes::Node;
use super::types::Type;
use super::{Checker, Site};
use crate::ast::{BinaryOp, DeclId, DeclKind, Expr, ExprKind, Path};

impl<'a> Checker<'a> {
    /// Finds and records the type of an expression by itself, whatever its place wants.
    pub(super) fn infer(&mut self, expr: &'a Expr) -> Type {
        let ty = self.infer_kind(expr);
        self.typed.set_type(expr.id, ty.clone());
        ty
    }

    /// Finds the type of an expression and converts it to the type that its place wants.
    pub(super) fn check(&mut self, expr: &'a Expr, wanted: &Type) {
        self.infer(expr);
        self.coerce(expr, wanted);
    }

    fn infer_kind(&mut self, expr: &'a Expr) -> Type {
        match &expr.kind {
            ExprKind::Int(literal) => match (literal.width, literal.signed) {
                (None, _) => Type::Integer,
                (Some(width), false) => Type::Bit(width),
                (Some(width), true) => Type::Int(width),
            },
            ExprKind::Bool(_) => Type::Bool,
            ExprKind::String(_) => Type::String,
            ExprKind::This => {
                if !self.in_instance {
                    self.error(
                        codes::NOT_ALLOWED_HERE,
                        expr.span,
                        "`this` has a meaning only in the methods of an instance",
                    );
                }
                Type::Unknown
            }
            ExprKind::Path(path) => self.infer_path(expr, path),
            ExprKind::Type(ty) => Type::Type(Arc::new(self.resolve_open(ty))),
            ExprKind::Member { base, member } => self.infer_member(expr, base, member),
            ExprKind::Index { base, index } => self.infer_index(expr, base, index),
            ExprKind::Slice { base, high, low } => self.infer_slice(base, high, low),
            ExprKind::PartSelect { base, low, width } => self.infer_part_select(base, low, width),
            ExprKind::Unary { op, operand } => self.infer_unary(expr, *op, operand),
            ExprKind::Binary {
                op,
                op_span,
                left,
                right,
            } => self.infer_binary(*op, *op_span, left, right),
            ExprKind::Ternary {
                condition,
                then,
                otherwise,
            } => {
                self.check(condition, &Type::Bool);
                let then_type = self.infer(then);
                let other_type = self.infer(otherwise);
                match (&then_type, &other_type) {
                    (
                        Type::Integer | Type::List(_) | Type::Record(_) | Type::InvalidHeader,
                        other,
                    ) => {
                        if self.coerce(then, other) {
                            other_type
                        } else {
                            Type::Unknown
                        }
                    }
                    _ if self.coerce(otherwise, &then_type) => then_type,
                    _ => Type::Unknown,
                }
            }
            ExprKind::Cast { ty, operand } => {
                let to = self.resolve_open(ty);
                self.infer_cast(expr, &to, operand)
            }
            ExprKind::Call {
                callee,
                type_arguments,
                arguments,
            } => self.infer_call(expr, callee, type_arguments, arguments),
            ExprKind::Construct { ty, arguments } => {
                let resolved = self.resolve_open(ty);
                if self.context.site == Site::Action {
                    self.error(
                        codes::NOT_ALLOWED_HERE,
                        expr.span,
                        "objects cannot be constructed in actions",
                    );
                }
                if let Type::Extern(id, _) = &resolved {
                    self.no_abstract_methods(*id, expr.span);
                }
                self.infer_construct(expr.id, ty.span, &resolved, arguments)
            }
            ExprKind::List(elements) => {
                let types: Vec<Type> = elements.iter().map(|element| self.infer(element)).collect();
                Type::List(types.into())
            }
            ExprKind::Struct { fields, .. } => {
                let fields: Vec<(Arc<str>, Type)> = fields
                    .iter()
                    .map(|field| {
                        let ty = self.infer(&field.value);
                        (field.name.name.clone(), ty)
                    })
                    .collect();
                Type::Record(fields.into())
            }
            ExprKind::InvalidHeader => Type::InvalidHeader,
            ExprKind::Tuple(elements) => {
                let types: Vec<Type> = elements.iter().map(|element| self.infer(element)).collect();
                Type::List(types.into())
            }
            ExprKind::Mask { value, mask } => {
                self.infer(mask);
                self.infer(value)
            }
            ExprKind::Range { low, high } => {
                self.infer(high);
                self.infer(low)
            }
            ExprKind::DontCare | ExprKind::Default => Type::Anything,
            ExprKind::Invalid => Type::Unknown,
        }
    }

    fn infer_path(&mut self, expr: &'a Expr, path: &'a Path) -> Type {
        let found = self.lookup(path);
        let Some(&id) = found.first() else {
            return Type::Unknown;
        };
        self.typed.set_reference(expr.id, id);
        self.type_of_reference(id, path)
    }

    fn type_of_reference(&mut self, id: DeclId, path: &'a Path) -> Type {
        let recorded = self.typed.decl_type(id).cloned();
        match self.typed.node(id) {
            Some(Node::Param(_) | Node::LoopVariable(..)) => recorded.unwrap_or(Type::Unknown),
            Some(Node::Member(_, owner))
                if matches!(
                    self.typed.decl(owner).map(|decl| &decl.kind),
                    Some(DeclKind::MatchKind(_))
                ) =>
            {
                Type::MatchKind
            }
            Some(Node::Member(_, owner))
                if matches!(
                    self.typed.decl(owner).map(|decl| &decl.kind),
                    Some(DeclKind::Enum(_))
                ) =>
            {
                Type::Enum(owner)
            }
            Some(Node::TypeParam(_)) => Type::Type(Arc::new(Type::Param(id))),
            Some(Node::Decl(decl)) => match &decl.kind {
                DeclKind::Const(_) | DeclKind::Variable(_) | DeclKind::Instance(_) => {
                    recorded.unwrap_or(Type::Unknown)
                }
                DeclKind::ValueSet(_) => {
                    Type::ValueSet(Arc::new(recorded.unwrap_or(Type::Unknown)))
                }
                DeclKind::Table(_) => Type::Table(id),
                DeclKind::Action(_) | DeclKind::Function(_) | DeclKind::ExternFunction(_) => {
                    Type::Callable
                }
                DeclKind::Error(_) | DeclKind::MatchKind(_) => Type::Unknown,
                _ => {
                    let ty = self.type_of_decl(id, &[], path.name.as_str(), path.span);
                    Type::Type(Arc::new(ty))
                }
            },
            _ => Type::Unknown,
        }
    }

    fn infer_cast(&mut self, expr: &'a Expr, to: &Type, operand: &'a Expr) -> Type {
        let outer = std::mem::replace(&mut self.wraps, to.is_sized());
        let from = self.infer(operand);
        self.wraps = outer;
        // Lists and struct expressions become what the cast names; so do other things that convert by themselves.
        if let (Type::List(_) | Type::Record(_) | Type::InvalidHeader | Type::Tuple(_), _) =
            (&from, to)
        {
            if let Type::Struct(id, arguments) | Type::Header(id, arguments) = to
                && arguments.is_empty()
                && let Some(aggregate) = self.typed.aggregate(*id)
                && !aggregate.type_params.is_empty()
            {
                let fresh: Vec<Type> = aggregate.type_params.iter().map(|_| self.fresh()).collect();
                let to = match to {
                    Type::Struct(id, _) => Type::Struct(*id, fresh.into()),
                    _ => Type::Header(*id, fresh.into()),
                };
                self.coerce(operand, &to);
                return self.resolved(&to);
            }
            return if self.coerce(operand, to) {
                to.clone()
            } else {
                Type::Unknown
            };
        }
        if !self.can_cast(&from, to) {
            let (shown_from, shown_to) = (self.show(&from), self.show(to));
            let hint = match (&from, to) {
                (Type::Bit(a), Type::Int(b)) if a != b => {
                    Some(format!("change the width first: `(int<{b}>)(bit<{b}>)`"))
                }
                (Type::Int(a), Type::Bit(b)) if a != b => {
                    Some(format!("change the width first: `(bit<{b}>)(int<{b}>)`"))
                }
                _ => None,
            };
            self.error(
                codes::BAD_CAST,
                expr.span,
                format!("`{shown_from}` cannot be cast to `{shown_to}`"),
            )
            .hint = hint;
            return Type::Unknown;
        } else if matches!((&from, to), (Type::Bit(_) | Type::Int(_), Type::Integer)) && !self.wraps
        {
            self.constant(operand, "a value cast to `int`");
        } else if from == Type::Integer && to.is_sized() {
            self.modular(operand);
        } else if (&from, to) == (&Type::Integer, &Type::Bool)
            && let Ok(super::Value::Int(value)) = self.typed.eval(operand, &no_environment)
            && value != 0.into()
            && value != 1.into()
        {
            self.error(
                codes::BAD_CAST,
                expr.span,
                format!("{value} cannot be cast to `bool`: only 0 and 1 can"),
            );
        }
        to.clone()
    }

    /// What is cast from `int` to a width is known at compile time, or is computed by operators whose result in that
    /// width needs no more of the operands.
    fn modular(&mut self, operand: &'a Expr) {
        match &operand.kind {
            ExprKind::Cast { .. } => {}
            ExprKind::Binary {
                op: BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul,
                left,
                right,
                ..
            } => {
                self.modular(left);
                self.modular(right);
            }
            _ if self.constructor_free(operand) => {
                self.constant(operand, "a value of type `int`");
            }
            _ => {}
        }
    }
}
