//! What expressions become: scalars, headers, and trees of these. Most can be written as well as read.

use std::rc::Rc;
use std::sync::Arc;

use super::Lowerer;
use super::instance::Object;
use crate::check::{self, Type};
use crate::ir::{self, ExprKind, HeaderId, HeaderRef, Place, StmtKind, VariableId};
use crate::source::Span;

/// A value, or a place that holds one.
#[derive(Clone, Debug)]
pub(super) enum Operand {
    /// A number or truth value; a place if it is a variable, a field, or a slice of these.
    Scalar(ir::Expr),
    /// A header.
    Header(HeaderRef, ir::HeaderTypeId),
    /// A valid header with these values.
    NewHeader(ir::HeaderTypeId, Vec<ir::Expr>),
    /// An invalid header or union of whatever type is wanted.
    Invalid,
    /// A struct, tuple or list.
    Struct(Rc<[(Arc<str>, Operand)]>),
    /// A header stack.
    Stack(ir::StackId),
    /// A header union.
    Union(ir::UnionId),
    /// An element of an array whose index is computed.
    Choice(super::choice::Choice),
    /// `...`: the default of whatever type is wanted.
    Default,
    /// An extern object.
    Object(Object),
    /// No value; also after an error that has been reported.
    Nothing,
}

/// The smallest parts of storage, to see what overlaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaf {
    Variable(VariableId),
    Header(HeaderId),
    Field(HeaderId, u32),
}

impl Leaf {
    pub(super) fn overlaps(self, other: Leaf) -> bool {
        match (self, other) {
            (Leaf::Header(a), Leaf::Field(b, _)) | (Leaf::Field(a, _), Leaf::Header(b)) => a == b,
            (a, b) => a == b,
        }
    }
}

/// The place that an expression names, if it names one.
pub(super) fn place(expr: &ir::Expr) -> Option<Place> {
    match &expr.kind {
        ExprKind::Variable(id) => Some(Place::Variable(*id)),
        ExprKind::Field(header, at) => Some(Place::Field(header.clone(), *at)),
        ExprKind::Slice(base, high, low) => Some(Place::Slice(Box::new(place(base)?), *high, *low)),
        _ => None,
    }
}

/// A statement.
pub(super) fn stmt(kind: StmtKind, span: Span) -> ir::Stmt {
    ir::Stmt { kind, span }
}

impl<'a> Lowerer<'a, '_> {
    /// A constant of a type as an operand.
    pub(super) fn constant(&mut self, value: &check::Value, ty: &Type, span: Span) -> Operand {
        if let Some(scalar) = self.scalar(ty) {
            if matches!(value, check::Value::Default) {
                return self.constant(&self.typed.default_value(ty), ty, span);
            }
            return match self.bits(value, scalar) {
                Some(bits) => Operand::Scalar(ir::Expr {
                    kind: ExprKind::Constant(bits),
                    scalar,
                    span,
                }),
                None => {
                    self.internal(span, "a constant is not of its type");
                    Operand::Nothing
                }
            };
        }
        match (value, ty) {
            (check::Value::String(_), _) => Operand::Nothing,
            (check::Value::InvalidHeader, _) => Operand::Invalid,
            (check::Value::Default, _) => Operand::Default,
            (check::Value::Int(value), Type::Integer) => {
                // Without a width of its own: as wide as it needs to be.
                let width = u32::try_from(value.bits()).unwrap_or(u32::MAX).max(1);
                Operand::Scalar(ir::Expr {
                    kind: ExprKind::Constant(check::to_bits(value, width)),
                    scalar: ir::Scalar::Bits(width),
                    span,
                })
            }
            (check::Value::List(values), Type::Header(..)) => {
                let fields = self.typed.fields(ty).unwrap_or_default();
                let header_type = self.header_type(ty);
                let mut parts = Vec::new();
                for (value, (_, ty)) in values.iter().zip(&fields) {
                    let operand = self.constant(value, ty, span);
                    self.flatten(&operand, &mut parts);
                }
                Operand::NewHeader(header_type, parts)
            }
            (check::Value::List(values), _) => {
                let fields = match ty {
                    Type::ListOf(element) | Type::Stack(element, _) => (0..values.len())
                        .map(|at| (Arc::from(at.to_string()), (**element).clone()))
                        .collect(),
                    _ => self.typed.fields(ty).unwrap_or_default(),
                };
                let parts: Vec<_> = values
                    .iter()
                    .zip(&fields)
                    .map(|(value, (name, ty))| (name.clone(), self.constant(value, ty, span)))
                    .collect();
                Operand::Struct(parts.into())
            }
            (check::Value::Record(values), _) => {
                let fields = self.typed.fields(ty).unwrap_or_default();
                let parts: Vec<_> = values
                    .iter()
                    .map(|(name, value)| {
                        let ty = fields
                            .iter()
                            .find(|(other, _)| other == name)
                            .map_or(Type::Unknown, |(_, ty)| ty.clone());
                        (name.clone(), self.constant(value, &ty, span))
                    })
                    .collect();
                Operand::Struct(parts.into())
            }
            (check::Value::Member(_), _) => Operand::Nothing,
            _ => {
                self.internal(span, "a constant is not of its type");
                Operand::Nothing
            }
        }
    }

    /// The scalars of an operand in order; a header gives its fields.
    pub(super) fn flatten(&self, operand: &Operand, parts: &mut Vec<ir::Expr>) {
        match operand {
            Operand::Scalar(expr) => parts.push(expr.clone()),
            Operand::NewHeader(_, fields) => parts.extend(fields.iter().cloned()),
            Operand::Struct(fields) => {
                for (_, field) in fields.iter() {
                    self.flatten(field, parts);
                }
            }
            Operand::Header(header, header_type) => {
                let fields = &self.program.header_types[header_type.index()].fields;
                for (at, field) in fields.iter().enumerate() {
                    parts.push(ir::Expr {
                        kind: ExprKind::Field(header.clone(), at as u32),
                        scalar: field.scalar,
                        span: field.span,
                    });
                }
            }
            Operand::Stack(stack) => {
                let stack = &self.program.stacks[stack.index()];
                for element in &stack.elements {
                    let header = Operand::Header(HeaderRef::Instance(*element), stack.header_type);
                    self.flatten(&header, parts);
                }
            }
            Operand::Union(union) => {
                for member in &self.program.unions[union.index()].members {
                    let header_type = self.program.headers[member.index()].header_type;
                    self.flatten(
                        &Operand::Header(HeaderRef::Instance(*member), header_type),
                        parts,
                    );
                }
            }
            Operand::Choice(_)
            | Operand::Invalid
            | Operand::Default
            | Operand::Object(_)
            | Operand::Nothing => {}
        }
    }

    /// The storage that an operand is, if all of it is storage whose place does not change while something is inlined.
    pub(super) fn leaves(&self, operand: &Operand, leaves: &mut Vec<Leaf>) -> bool {
        match operand {
            Operand::Scalar(expr) => self.expr_leaves(expr, leaves),
            Operand::Header(HeaderRef::Instance(id), _) => {
                leaves.push(Leaf::Header(*id));
                true
            }
            Operand::Struct(fields) => fields.iter().all(|(_, field)| self.leaves(field, leaves)),
            Operand::Stack(id) => {
                let elements = &self.program.stacks[id.index()].elements;
                leaves.extend(elements.iter().map(|&id| Leaf::Header(id)));
                true
            }
            Operand::Union(id) => {
                let members = &self.program.unions[id.index()].members;
                leaves.extend(members.iter().map(|&id| Leaf::Header(id)));
                true
            }
            Operand::Object(_) => true,
            _ => false,
        }
    }

    fn expr_leaves(&self, expr: &ir::Expr, leaves: &mut Vec<Leaf>) -> bool {
        match &expr.kind {
            ExprKind::Variable(id) => leaves.push(Leaf::Variable(*id)),
            ExprKind::Field(HeaderRef::Instance(id), at) => leaves.push(Leaf::Field(*id, *at)),
            ExprKind::Slice(base, ..) => return self.expr_leaves(base, leaves),
            ExprKind::Constant(_) | ExprKind::ActionParameter(_) => {}
            _ => return false,
        }
        true
    }

    /// `to = from`, part by part.
    pub(super) fn assign(&mut self, to: &Operand, from: &Operand, span: Span, out: &mut ir::Block) {
        match (to, from) {
            (Operand::Choice(choice), _) => {
                self.for_choice(&choice.clone(), span, out, |lowerer, to, block| {
                    lowerer.assign(to, from, span, block);
                });
            }
            (_, Operand::Choice(choice)) => {
                let value = self.chosen(&choice.clone(), span, out);
                self.assign(to, &value, span, out);
            }
            (Operand::Scalar(to), Operand::Scalar(from)) => match place(to) {
                Some(place) => {
                    let value = self.resize(from.clone(), to.scalar);
                    out.push(stmt(StmtKind::Assign(place, value), span));
                }
                None => self.internal(span, "assignment to a value"),
            },
            (Operand::Header(to, _), Operand::Header(from, _)) => {
                let kind = StmtKind::CopyHeader {
                    to: to.clone(),
                    from: from.clone(),
                };
                out.push(stmt(kind, span));
                // A member of a union that becomes valid makes the others invalid.
                let mut siblings = Vec::new();
                self.invalidate_siblings(to, span, &mut siblings);
                if !siblings.is_empty() {
                    let valid = self.is_valid(to, span);
                    out.push(stmt(StmtKind::If(valid, siblings, Vec::new()), span));
                }
            }
            (Operand::Header(to, header_type), Operand::NewHeader(_, values)) => {
                self.set_validity(to, true, span, out);
                let scalars: Vec<ir::Scalar> = self.program.header_types[header_type.index()]
                    .fields
                    .iter()
                    .map(|field| field.scalar)
                    .collect();
                for (at, (value, scalar)) in values.iter().zip(scalars).enumerate() {
                    let value = self.resize(value.clone(), scalar);
                    out.push(stmt(
                        StmtKind::Assign(Place::Field(to.clone(), at as u32), value),
                        span,
                    ));
                }
            }
            (Operand::Header(to, _), Operand::Invalid | Operand::Default) => {
                out.push(stmt(StmtKind::SetInvalid(to.clone()), span));
            }
            (Operand::Struct(to), Operand::Struct(from)) => {
                for (at, (name, to)) in to.iter().enumerate() {
                    let part = from
                        .iter()
                        .find(|(other, _)| other == name)
                        .or_else(|| from.get(at))
                        .map_or(Operand::Default, |(_, part)| part.clone());
                    self.assign(to, &part, span, out);
                }
            }
            (Operand::Struct(to), Operand::Default) => {
                for (_, to) in to.iter() {
                    self.assign(to, &Operand::Default, span, out);
                }
            }
            (Operand::Scalar(to), Operand::Default) => {
                let zero = ir::Expr {
                    kind: ExprKind::Constant(0u8.into()),
                    scalar: to.scalar,
                    span,
                };
                self.assign(
                    &Operand::Scalar(to.clone()),
                    &Operand::Scalar(zero),
                    span,
                    out,
                );
            }
            (Operand::Stack(to), Operand::Stack(from)) => {
                let pairs: Vec<(HeaderId, HeaderId)> = self.program.stacks[to.index()]
                    .elements
                    .iter()
                    .copied()
                    .zip(self.program.stacks[from.index()].elements.iter().copied())
                    .collect();
                self.copy_headers(pairs, span, out);
            }
            (Operand::Stack(to), Operand::Struct(from)) => {
                let stack = self.program.stacks[to.index()].clone();
                for (at, element) in stack.elements.iter().enumerate() {
                    let part = from
                        .get(at)
                        .map_or(Operand::Invalid, |(_, part)| part.clone());
                    let to = Operand::Header(HeaderRef::Instance(*element), stack.header_type);
                    self.assign(&to, &part, span, out);
                }
            }
            (Operand::Union(to), Operand::Union(from)) => {
                let pairs: Vec<(HeaderId, HeaderId)> = self.program.unions[to.index()]
                    .members
                    .iter()
                    .copied()
                    .zip(self.program.unions[from.index()].members.iter().copied())
                    .collect();
                self.copy_headers(pairs, span, out);
            }
            (Operand::Union(to), Operand::Invalid | Operand::Default) => {
                for member in self.program.unions[to.index()].members.clone() {
                    out.push(stmt(
                        StmtKind::SetInvalid(HeaderRef::Instance(member)),
                        span,
                    ));
                }
            }
            (Operand::Stack(to), Operand::Invalid | Operand::Default) => {
                for element in self.program.stacks[to.index()].elements.clone() {
                    out.push(stmt(
                        StmtKind::SetInvalid(HeaderRef::Instance(element)),
                        span,
                    ));
                }
            }
            (Operand::Nothing, _) | (_, Operand::Nothing) => {}
            _ => self.internal(span, "assignment of parts that do not fit"),
        }
    }

    fn copy_headers(&mut self, pairs: Vec<(HeaderId, HeaderId)>, span: Span, out: &mut ir::Block) {
        for (to, from) in pairs {
            out.push(stmt(
                StmtKind::CopyHeader {
                    to: HeaderRef::Instance(to),
                    from: HeaderRef::Instance(from),
                },
                span,
            ));
        }
    }

    /// An expression as a scalar of another type; unchanged if it has that type.
    pub(super) fn resize(&mut self, expr: ir::Expr, scalar: ir::Scalar) -> ir::Expr {
        if expr.scalar == scalar {
            return expr;
        }
        let span = expr.span;
        if let ExprKind::Constant(value) = &expr.kind
            && !matches!(expr.scalar, ir::Scalar::Int(_))
        {
            let mask = (num_bigint::BigUint::from(1u8) << scalar.width()) - 1u8;
            return ir::Expr {
                kind: ExprKind::Constant(value & mask),
                scalar,
                span,
            };
        }
        ir::Expr {
            kind: ExprKind::Cast(Box::new(expr)),
            scalar,
            span,
        }
    }
}
