//! Elements of arrays whose index is computed, and stacks of header unions: what the IR has no stack for.
//!
//! Such an element is a choice among storage that exists. It is read by conditions on the index and written by cases of it.

use std::rc::Rc;
use std::sync::Arc;

use num_bigint::BigUint;

use super::Lowerer;
use super::operand::{Operand, stmt};
use crate::ast::{Expr, ExprKind};
use crate::check::Type;
use crate::ir::{self, HeaderRef, StmtKind};
use crate::source::Span;

/// Index for the elements, and the elements.
pub(super) type Choice = Rc<(ir::Expr, Vec<Operand>)>;

impl<'a> Lowerer<'a, '_> {
    /// A place that is written: what [`Lowerer::expr`] would read, and choices stay choices.
    pub(super) fn place_of(&mut self, expr: &'a Expr, out: &mut ir::Block) -> Operand {
        match &expr.kind {
            ExprKind::Member { .. } | ExprKind::Index { .. } if self.eval(expr).is_err() => {
                self.unconverted(expr, out)
            }
            ExprKind::Slice { base, .. } if self.is_choice(base) => {
                let base = self.place_of(base, out);
                match base {
                    Operand::Choice(choice) => {
                        let alternatives = choice.1.iter().map(|alternative| {
                            self.sliced(alternative, expr).unwrap_or(Operand::Nothing)
                        });
                        let alternatives = alternatives.collect();
                        Operand::Choice(Rc::new((choice.0.clone(), alternatives)))
                    }
                    other => self.sliced(&other, expr).unwrap_or(Operand::Nothing),
                }
            }
            _ => self.expr(expr, out),
        }
    }

    /// A place whose computed indexes stay what they are now.
    pub(super) fn frozen(&mut self, operand: Operand, out: &mut ir::Block) -> Operand {
        match operand {
            Operand::Header(header, header_type) => {
                Operand::Header(self.frozen_header(header, out), header_type)
            }
            Operand::Scalar(expr) => Operand::Scalar(self.frozen_field(expr, out)),
            Operand::Struct(parts) => {
                let parts: Vec<(Arc<str>, Operand)> = parts
                    .iter()
                    .map(|(name, part)| (name.clone(), self.frozen(part.clone(), out)))
                    .collect();
                Operand::Struct(parts.into())
            }
            other => other,
        }
    }

    fn frozen_header(&mut self, header: HeaderRef, out: &mut ir::Block) -> HeaderRef {
        match header {
            HeaderRef::Element(stack, index) => {
                match self.save(Operand::Scalar((*index).clone()), out) {
                    Operand::Scalar(saved) => HeaderRef::Element(stack, Box::new(saved)),
                    _ => HeaderRef::Element(stack, index),
                }
            }
            other => other,
        }
    }

    fn frozen_field(&mut self, expr: ir::Expr, out: &mut ir::Block) -> ir::Expr {
        let kind = match expr.kind {
            ir::ExprKind::Field(header, at) => {
                ir::ExprKind::Field(self.frozen_header(header, out), at)
            }
            ir::ExprKind::Slice(base, high, low) => {
                ir::ExprKind::Slice(Box::new(self.frozen_field(*base, out)), high, low)
            }
            kind => kind,
        };
        ir::Expr { kind, ..expr }
    }

    fn sliced(&mut self, base: &Operand, expr: &'a Expr) -> Option<Operand> {
        let (Operand::Scalar(base), ExprKind::Slice { high, low, .. }) = (base, &expr.kind) else {
            return None;
        };
        let high = self.eval_number(high, "a bound")?;
        let low = self.eval_number(low, "a bound")?;
        let sliced = super::expr::slice(base.clone(), high, low, expr.span);
        Some(Operand::Scalar(sliced))
    }

    /// Whether an expression goes through an element of an array that is no header stack.
    fn is_choice(&self, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Member { base, .. } | ExprKind::Slice { base, .. } => {
                self.is_choice(base)
                    || matches!(self.own_type(base), Type::Stack(element, _) if !matches!(*element, Type::Header(..)))
            }
            ExprKind::Index { base, .. } => {
                self.is_choice(base)
                    || matches!(self.own_type(base), Type::Stack(element, _) if !matches!(*element, Type::Header(..)))
            }
            _ => false,
        }
    }

    /// The element of an array at an index that is computed.
    pub(super) fn element(
        &mut self,
        parts: &[(Arc<str>, Operand)],
        index: ir::Expr,
        out: &mut ir::Block,
    ) -> Operand {
        let index = match self.save(Operand::Scalar(index.clone()), out) {
            Operand::Scalar(saved) => saved,
            _ => index,
        };
        let alternatives = parts.iter().map(|(_, part)| part.clone()).collect();
        Operand::Choice(Rc::new((index, alternatives)))
    }

    /// `next`, `last` and `lastIndex` of a stack of unions.
    pub(super) fn union_stack_member(
        &mut self,
        parts: &[(Arc<str>, Operand)],
        member: &str,
        span: Span,
        out: &mut ir::Block,
    ) -> Operand {
        let Some(next) = self.next_index(parts, span) else {
            return Operand::Nothing;
        };
        let one = ir::Expr {
            kind: ir::ExprKind::Constant(1u8.into()),
            scalar: next.scalar,
            span,
        };
        let last = ir::Expr {
            scalar: next.scalar,
            span,
            kind: ir::ExprKind::Binary(ir::BinaryOp::Sub, Box::new(next.clone()), Box::new(one)),
        };
        match member {
            "lastIndex" => Operand::Scalar(last),
            "last" => self.element(parts, last, out),
            _ => self.element(parts, next, out),
        }
    }

    /// The variable that counts the unions of a stack that are extracted.
    fn next_index(&mut self, parts: &[(Arc<str>, Operand)], span: Span) -> Option<ir::Expr> {
        let (_, Operand::Union(first)) = parts.first()? else {
            return None;
        };
        let scalar = ir::Scalar::Bits(32);
        if let Some(known) = self.next_indexes.get(first) {
            return Some(known.clone());
        }
        let name = format!("{}.next", self.program.unions[first.index()].name);
        let variable = self.temporary(scalar, &name, span);
        self.next_indexes.insert(*first, variable.clone());
        Some(variable)
    }

    /// `packet.extract(stack.next.member)` of a stack of unions: the stack must not be full, and `next` moves on.
    pub(super) fn extract_next(
        &mut self,
        argument: &'a Expr,
        choice: &Choice,
        out: &mut ir::Block,
    ) -> Option<ir::Stmt> {
        let span = argument.span;
        let ExprKind::Member { base, .. } = &argument.kind else {
            return None;
        };
        let ExprKind::Member {
            base: stack,
            member,
        } = &base.kind
        else {
            return None;
        };
        if member.as_str() != "next" {
            return None;
        }
        let Operand::Struct(parts) = self.place_of(stack, out) else {
            return None;
        };
        let next = self.next_index(&parts, span)?;
        let number = |value: usize| ir::Expr {
            kind: ir::ExprKind::Constant(BigUint::from(value)),
            scalar: next.scalar,
            span,
        };
        let errors = &self.program.errors;
        let error = errors
            .iter()
            .position(|error| error.name == "StackOutOfBounds")?;
        let fits = ir::Expr {
            scalar: ir::Scalar::Bool,
            span,
            kind: ir::ExprKind::Binary(
                ir::BinaryOp::Less,
                Box::new(next.clone()),
                Box::new(number(choice.1.len())),
            ),
        };
        let error = ir::Expr {
            scalar: ir::Scalar::ERROR,
            ..number(error)
        };
        out.push(stmt(StmtKind::Verify(fits, error), span));
        let sum = ir::Expr {
            scalar: next.scalar,
            span,
            kind: ir::ExprKind::Binary(
                ir::BinaryOp::Add,
                Box::new(next.clone()),
                Box::new(number(1)),
            ),
        };
        let place = super::operand::place(&next)?;
        Some(stmt(StmtKind::Assign(place, sum), span))
    }

    /// What statements do to one of the alternatives, by the index.
    pub(super) fn for_choice(
        &mut self,
        choice: &Choice,
        span: Span,
        out: &mut ir::Block,
        mut each: impl FnMut(&mut Self, &Operand, &mut ir::Block),
    ) {
        let (index, alternatives) = &**choice;
        let mut cases = Vec::new();
        for (at, alternative) in alternatives.iter().enumerate() {
            let at = BigUint::from(at);
            if at.bits() > u64::from(index.scalar.width()) {
                break;
            }
            let mut block = Vec::new();
            each(self, alternative, &mut block);
            cases.push((vec![at], block));
        }
        let kind = StmtKind::Switch(index.clone(), cases, Vec::new());
        out.push(stmt(kind, span));
    }

    /// A choice as a value.
    pub(super) fn chosen(&mut self, choice: &Choice, span: Span, out: &mut ir::Block) -> Operand {
        let (index, alternatives) = &**choice;
        match alternatives.first() {
            Some(Operand::Scalar(_)) => {
                let mut value: Option<ir::Expr> = None;
                for (at, alternative) in alternatives.iter().enumerate().rev() {
                    let Operand::Scalar(alternative) = alternative else {
                        return Operand::Nothing;
                    };
                    value = Some(match value {
                        None => alternative.clone(),
                        Some(others) => self.if_index(index, at, alternative.clone(), others),
                    });
                }
                value.map_or(Operand::Nothing, Operand::Scalar)
            }
            Some(Operand::Struct(parts)) => {
                let names: Vec<Arc<str>> = parts.iter().map(|(name, _)| name.clone()).collect();
                let parts: Vec<(Arc<str>, Operand)> = names
                    .into_iter()
                    .enumerate()
                    .map(|(part, name)| {
                        let of_each = alternatives.iter().map(|alternative| match alternative {
                            Operand::Struct(parts) => parts
                                .get(part)
                                .map_or(Operand::Nothing, |(_, part)| part.clone()),
                            _ => Operand::Nothing,
                        });
                        let of_each: Choice = Rc::new((index.clone(), of_each.collect()));
                        (name, self.chosen(&of_each, span, out))
                    })
                    .collect();
                Operand::Struct(parts.into())
            }
            Some(first) => {
                let Some(copy) = self.like(&first.clone(), span) else {
                    return Operand::Nothing;
                };
                self.invalidate(&copy, span, out);
                self.for_choice(choice, span, out, |lowerer, alternative, block| {
                    lowerer.assign(&copy, alternative, span, block);
                });
                copy
            }
            None => Operand::Nothing,
        }
    }

    /// New storage of the kind of a header, stack or union.
    pub(super) fn like(&mut self, operand: &Operand, span: Span) -> Option<Operand> {
        let type_of = |lowerer: &Self, id: ir::HeaderTypeId| {
            let mut types = lowerer.header_types.iter();
            types
                .find(|(_, other)| **other == id)
                .map(|(ty, _)| ty.clone())
        };
        match operand {
            Operand::Header(_, id) => {
                let ty = type_of(self, *id)?;
                Some(self.local(&ty, "copy", span))
            }
            Operand::Stack(id) => {
                let stack = &self.program.stacks[id.index()];
                let size = stack.elements.len() as u32;
                let ty = type_of(self, stack.header_type)?;
                Some(self.local(&Type::Stack(Arc::new(ty), size), "copy", span))
            }
            Operand::Union(id) => {
                let name = self.unique("copy");
                let types: Vec<(String, ir::HeaderTypeId)> = self.program.unions[id.index()]
                    .members
                    .iter()
                    .filter_map(|member| self.program.headers.get(member.index()))
                    .map(|header| (header.name.clone(), header.header_type))
                    .collect();
                let members = types.into_iter().map(|(member, ty)| {
                    let member = member.rsplit('.').next().unwrap_or("").to_owned();
                    self.new_header(ty, &format!("{name}.{member}"), span)
                });
                let members = members.collect();
                let id = ir::UnionId(self.program.unions.len() as u32);
                self.program.unions.push(ir::HeaderUnion {
                    name,
                    members,
                    span,
                });
                Some(Operand::Union(id))
            }
            _ => None,
        }
    }

    /// `index == at ? then : otherwise`
    fn if_index(
        &mut self,
        index: &ir::Expr,
        at: usize,
        then: ir::Expr,
        otherwise: ir::Expr,
    ) -> ir::Expr {
        let span = then.span;
        let at = ir::Expr {
            kind: ir::ExprKind::Constant(BigUint::from(at)),
            scalar: index.scalar,
            span,
        };
        if matches!(&at.kind, ir::ExprKind::Constant(bits) if bits.bits() > u64::from(at.scalar.width()))
        {
            return otherwise;
        }
        let equal = ir::Expr {
            kind: ir::ExprKind::Binary(ir::BinaryOp::Equal, Box::new(index.clone()), Box::new(at)),
            scalar: ir::Scalar::Bool,
            span,
        };
        ir::Expr {
            scalar: then.scalar,
            span,
            kind: ir::ExprKind::Mux(Box::new(equal), Box::new(then), Box::new(otherwise)),
        }
    }

    /// `isValid()` of a choice among headers or unions.
    pub(super) fn choice_is_valid(&mut self, choice: &Choice, span: Span) -> ir::Expr {
        let (index, alternatives) = &**choice;
        let mut value = self.bool_constant(false, span);
        for (at, alternative) in alternatives.iter().enumerate().rev() {
            let valid = match alternative {
                Operand::Header(header, _) => self.is_valid(header, span),
                Operand::Union(union) => ir::Expr {
                    kind: ir::ExprKind::IsUnionValid(*union),
                    scalar: ir::Scalar::Bool,
                    span,
                },
                _ => continue,
            };
            value = self.if_index(index, at, valid, value);
        }
        value
    }

    /// `push_front` and `pop_front` of a stack of unions.
    pub(super) fn shift_elements(
        &mut self,
        parts: &[(Arc<str>, Operand)],
        count: usize,
        is_push: bool,
        span: Span,
        out: &mut ir::Block,
    ) {
        let size = parts.len();
        let order: Vec<usize> = match is_push {
            true => (0..size).rev().collect(),
            false => (0..size).collect(),
        };
        for at in order {
            let from = match is_push {
                true => at.checked_sub(count),
                false => at.checked_add(count).filter(|from| *from < size),
            };
            let value = from.map_or(Operand::Invalid, |from| parts[from].1.clone());
            self.assign(&parts[at].1, &value, span, out);
        }
    }

    /// Fields of a struct or the like; elements of an array that is no header stack, by position.
    pub(super) fn parts_of(&self, ty: &Type) -> Vec<(Arc<str>, Type)> {
        match ty {
            Type::Stack(element, size) => (0..*size)
                .map(|at| (at.to_string().into(), (**element).clone()))
                .collect(),
            _ => self.typed.fields(ty).unwrap_or_default(),
        }
    }

    /// Sets a header valid or invalid; a member of a union that becomes valid makes the others invalid.
    pub(super) fn set_validity(
        &mut self,
        header: &HeaderRef,
        is_valid: bool,
        span: Span,
        out: &mut ir::Block,
    ) {
        if !is_valid {
            out.push(stmt(StmtKind::SetInvalid(header.clone()), span));
            return;
        }
        self.invalidate_siblings(header, span, out);
        out.push(stmt(StmtKind::SetValid(header.clone()), span));
    }
}
