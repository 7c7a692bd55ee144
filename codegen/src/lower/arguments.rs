//! How arguments reach what is inlined. Storage stands for itself where nothing can tell the difference from the copies that
//! the language prescribes; else it is copied in and out.

use super::Lowerer;
use super::instance::Binding;
use super::operand::{Leaf, Operand};
use super::package::is_written;
use crate::ast::{Direction, Param};
use crate::check::{self, Bound, Type};
use crate::ir;
use crate::source::Span;

/// What kind of body the arguments go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// Reaches its caller's storage only through its parameters.
    Closed,
    /// An action, which sees all that its control sees.
    Open,
    /// A control that is applied more than once: its tables and actions need the same storage every time.
    Fixed(usize),
}

impl<'a> Lowerer<'a, '_> {
    /// Gives parameters their meaning: evaluates the arguments, copies in what must be, and returns what has to be copied
    /// back after the body.
    pub(super) fn pass(
        &mut self,
        params: &'a [Param],
        arguments: &[Bound<'a>],
        body: Body,
        span: Span,
        out: &mut ir::Block,
    ) -> ir::Block {
        let mut operands = Vec::new();
        let later_effects: Vec<bool> = (0..arguments.len())
            .map(|at| {
                arguments[at + 1..]
                    .iter()
                    .any(|bound| matches!(bound, Bound::Value(expr) if self.has_effects(expr)))
            })
            .collect();
        for ((param, bound), later) in params.iter().zip(arguments).zip(later_effects) {
            let operand = match bound {
                Bound::Nothing => None,
                Bound::Value(expr) => match (is_written(param.direction), self.eval(expr)) {
                    (false, Ok(value)) => {
                        operands.push((param, Err(value)));
                        continue;
                    }
                    _ => {
                        let operand = match is_written(param.direction) {
                            true => {
                                let place = self.place_of(expr, out);
                                self.frozen(place, out)
                            }
                            false => {
                                let value = self.expr(expr, out);
                                if later { self.save(value, out) } else { value }
                            }
                        };
                        Some(operand)
                    }
                },
            };
            operands.push((param, Ok(operand)));
        }

        let mut bindings = Vec::new();
        let mut back = Vec::new();
        // What is only read is copied before anything that it overlaps starts out invalid.
        let mut invalidated = Vec::new();
        for (at, (param, operand)) in operands.iter().enumerate() {
            let ty = self.declared_type(param.id);
            let constant;
            let operand = match operand {
                Err(value) if matches!(body, Body::Fixed(_)) => {
                    constant = Some(self.constant(value, &ty, span));
                    &constant
                }
                Err(value) => {
                    bindings.push((param.id, Binding::Constant(value.clone())));
                    continue;
                }
                Ok(Some(Operand::Object(object))) => {
                    bindings.push((param.id, Binding::Operand(Operand::Object(object.clone()))));
                    continue;
                }
                Ok(operand) => operand,
            };
            let others = operands
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != at);
            if let Some(operand) = operand
                && self.may_stand_for_itself(operand, others, body)
            {
                if param.direction == Direction::Out {
                    self.invalidate(operand, span, &mut invalidated);
                }
                bindings.push((param.id, Binding::Operand(operand.clone())));
                continue;
            }
            let copy = self.argument_copy(param, &ty, body);
            match (operand, param.direction) {
                (Some(operand), Direction::Out) => {
                    self.invalidate(&copy, span, out);
                    self.assign(operand, &copy, span, &mut back);
                }
                (Some(operand), Direction::InOut) => {
                    self.assign(&copy, operand, span, out);
                    self.assign(operand, &copy, span, &mut back);
                }
                (Some(operand), _) => self.assign(&copy, operand, span, out),
                (None, _) => self.invalidate(&copy, span, out),
            }
            bindings.push((param.id, Binding::Operand(copy)));
        }
        out.append(&mut invalidated);
        self.bindings.extend(bindings);
        back
    }

    /// Storage for a copy of an argument.
    fn argument_copy(&mut self, param: &'a Param, ty: &Type, body: Body) -> Operand {
        let name = format!("{}_argument", param.name);
        let Body::Fixed(instance) = body else {
            return self.local(ty, &name, param.span);
        };
        let mut known = self.instances[instance].parameters.iter();
        if let Some((_, copy)) = known.find(|(id, _)| *id == param.id) {
            return copy.clone();
        }
        let copy = self.local(ty, &name, param.span);
        let known = &mut self.instances[instance].parameters;
        known.push((param.id, copy.clone()));
        copy
    }

    #[allow(clippy::type_complexity)]
    fn may_stand_for_itself<'o>(
        &self,
        operand: &Operand,
        others: impl Iterator<
            Item = (
                usize,
                &'o (&'a Param, Result<Option<Operand>, check::Value>),
            ),
        >,
        body: Body,
    ) -> bool
    where
        'a: 'o,
    {
        let mut own = Vec::new();
        if !self.leaves(operand, &mut own) {
            return false;
        }
        if matches!(body, Body::Fixed(_)) {
            return false;
        }
        if body == Body::Open {
            // Constants and the data of an action do not change, whatever the body writes.
            return own.is_empty();
        }
        for (_, (other, operand)) in others {
            // Of two that overlap, one that is only read makes way: it is small where what is written is a whole structure.
            if !is_written(other.direction) {
                continue;
            }
            let mut leaves: Vec<Leaf> = Vec::new();
            if let Ok(Some(operand)) = operand
                && !self.leaves(operand, &mut leaves)
            {
                return false;
            }
            if own
                .iter()
                .any(|own| leaves.iter().any(|leaf| own.overlaps(*leaf)))
            {
                return false;
            }
        }
        true
    }

    /// Headers of an `out` parameter are invalid when the body starts.
    pub(super) fn invalidate(&mut self, operand: &Operand, span: Span, out: &mut ir::Block) {
        match operand {
            Operand::Header(..) | Operand::Stack(_) | Operand::Union(_) => {
                self.assign(operand, &Operand::Invalid, span, out);
            }
            Operand::Struct(parts) => {
                for (_, part) in parts.iter() {
                    self.invalidate(part, span, out);
                }
            }
            _ => {}
        }
    }

    /// Gives the type parameters of a call their meaning.
    pub(super) fn pass_types(&mut self, params: &[crate::ast::TypeParam], arguments: &[Type]) {
        let types: Vec<_> = params
            .iter()
            .zip(arguments)
            .map(|(param, ty)| (param.id, self.concrete(ty)))
            .collect();
        self.types.extend(types);
    }
}
