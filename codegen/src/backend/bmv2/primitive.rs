//! Statements that do not branch, as primitives.

use super::emitter::Emitter;
use super::expr::{binary, number, ones, operand_argument};
use super::json::{Json, object};
use super::layout::{FieldRef, is_signed};
use crate::ir::{
    Expr, ExprKind, ExternCall, HeaderRef, HeaderTypeId, Place, Scalar, Stmt, StmtKind,
};
use crate::source::Span;
use num_bigint::BigUint;

/// A call of a primitive.
pub(super) fn primitive(op: &'static str, parameters: Vec<Json>, span: Span) -> Json {
    object! { "op": op, "parameters": parameters, "source_info": Json::Place(span) }
}

/// Whether a statement neither branches nor ends anything.
pub(super) fn is_straight(stmt: &Stmt) -> bool {
    matches!(
        stmt.kind,
        StmtKind::Assign(..)
            | StmtKind::SetValid(_)
            | StmtKind::SetInvalid(_)
            | StmtKind::CopyHeader { .. }
            | StmtKind::PushFront(..)
            | StmtKind::PopFront(..)
            | StmtKind::Extern(_)
    )
}

impl<'a> Emitter<'a> {
    /// The primitives of a statement that [`is_straight`].
    pub(super) fn primitives(&mut self, stmt: &Stmt, out: &mut Vec<Json>) {
        let span = stmt.span;
        match &stmt.kind {
            StmtKind::Assign(place, value) => self.assign(place, value, span, out),
            StmtKind::SetValid(header) => self.on_header("add_header", header, span, out),
            StmtKind::SetInvalid(header) => self.on_header("remove_header", header, span, out),
            StmtKind::CopyHeader { to, from } => {
                let to = operand_argument(self.header(to));
                let from = operand_argument(self.header(from));
                out.push(primitive("assign_header", vec![to, from], span));
            }
            StmtKind::PushFront(stack, count) => {
                let parameters = vec![self.stack(*stack), number(*count, 32)];
                out.push(primitive("push", parameters, span));
            }
            StmtKind::PopFront(stack, count) => {
                let parameters = vec![self.stack(*stack), number(*count, 32)];
                out.push(primitive("pop", parameters, span));
            }
            StmtKind::Extern(call) => self.extern_call(call, span, out),
            _ => self.unsupported(span, "this statement here"),
        }
    }

    fn on_header(&mut self, op: &'static str, header: &HeaderRef, span: Span, out: &mut Vec<Json>) {
        let header = operand_argument(self.header(header));
        out.push(primitive(op, vec![header], span));
    }

    /// The type of the field or variable that a place is part of.
    pub(super) fn place_scalar(&self, place: &Place) -> Scalar {
        match place {
            Place::Variable(id) => self.program.variables[id.index()].scalar,
            Place::Field(header, field) => {
                let header_type = self.header_type(header);
                let fields = &self.program.header_types[header_type.index()].fields;
                fields[*field as usize].scalar
            }
            Place::Slice(base, ..) => self.place_scalar(base),
        }
    }

    fn header_type(&self, header: &HeaderRef) -> HeaderTypeId {
        match header {
            HeaderRef::Instance(id) => self.program.headers[id.index()].header_type,
            HeaderRef::Element(id, _) | HeaderRef::Next(id) | HeaderRef::Last(id) => {
                self.program.stacks[id.index()].header_type
            }
        }
    }

    /// The field that a place is, if the program says which.
    pub(super) fn place_field(&mut self, place: &Place) -> Option<FieldRef> {
        match place {
            Place::Variable(id) => Some(self.layout.variable(*id)),
            Place::Field(HeaderRef::Instance(id), field) => Some(self.layout.field(*id, *field)),
            _ => None,
        }
    }

    /// What a place that is not a slice is written through.
    fn target(&mut self, place: &Place) -> Json {
        match place {
            Place::Variable(id) => self.layout.variable(*id).operand(),
            Place::Field(HeaderRef::Instance(id), field) => {
                self.layout.field(*id, *field).operand()
            }
            Place::Field(HeaderRef::Last(stack), field) => self.last_field(*stack, *field),
            Place::Field(header, field) => operand_argument(self.access(header, *field)),
            Place::Slice(base, ..) => self.target(base),
        }
    }

    fn assign(&mut self, place: &Place, value: &Expr, span: Span, out: &mut Vec<Json>) {
        let scalar = self.place_scalar(place);
        if let Scalar::Varbit(_) = scalar {
            let parameters = vec![self.target(place), self.argument(value)];
            out.push(primitive("assign_VL", parameters, span));
            return;
        }
        let value = match place {
            Place::Slice(..) => {
                let bits = self.data(value);
                operand_argument(self.spliced(place, bits))
            }
            // The field cuts off what is beyond its width.
            _ if !is_signed(scalar) && matches!(value.kind, ExprKind::Binary(..)) => {
                operand_argument(self.unbounded(value))
            }
            _ => self.argument(value),
        };
        let target = self.target(place);
        out.push(primitive("assign", vec![target, value], span));
    }

    /// What the whole of a sliced place holds after its slice was given a value.
    fn spliced(&mut self, place: &Place, value: Json) -> Json {
        let mut base = place;
        let mut low = 0;
        let mut width = None;
        while let Place::Slice(inner, high, from) = base {
            width.get_or_insert(high - from + 1);
            low += from;
            base = inner;
        }
        let scalar = self.place_scalar(base);
        let whole = scalar.width();
        let hole: BigUint = ones(width.unwrap_or(whole)) << low;
        let old = match base {
            Place::Variable(id) => self.layout.variable(*id).operand(),
            Place::Field(header, field) => self.field_value(header, *field, scalar),
            Place::Slice(..) => return value,
        };
        let kept = binary("&", old, number(ones(whole) ^ &hole, whole));
        let shifted = match low {
            0 => value,
            _ => binary("<<", value, number(low, 32)),
        };
        let placed = binary("&", shifted, number(hole, whole));
        let spliced = binary("|", kept, placed);
        match is_signed(scalar) {
            true => binary("two_comp_mod", spliced, number(whole, 32)),
            false => spliced,
        }
    }

    /// Has a primitive write a place: through a field of its own where the place is not a field or would keep a number that its
    /// type does not have.
    pub(super) fn written(
        &mut self,
        place: &Place,
        span: Span,
        out: &mut Vec<Json>,
        call: impl FnOnce(&mut Self, Json) -> Json,
    ) {
        let scalar = match place {
            Place::Slice(_, high, low) => Scalar::Bits(high - low + 1),
            _ => self.place_scalar(place),
        };
        if let (Some(field), false) = (self.place_field(place), is_signed(scalar)) {
            let call = call(self, field.operand());
            out.push(call);
            return;
        }
        let field = self
            .layout
            .temporary("result", Scalar::Bits(scalar.width()));
        let call = call(self, field.operand());
        out.push(call);
        let value = match place {
            Place::Slice(..) => self.spliced(place, field.operand()),
            _ if is_signed(scalar) => {
                binary("two_comp_mod", field.operand(), number(scalar.width(), 32))
            }
            _ => field.operand(),
        };
        let target = self.target(place);
        let parameters = vec![target, operand_argument(value)];
        out.push(primitive("assign", parameters, span));
    }

    /// The field that holds an expression's value: its own, or a new one that is given the value here.
    pub(super) fn held(&mut self, expr: &Expr, name: &str, out: &mut Vec<Json>) -> FieldRef {
        match &expr.kind {
            ExprKind::Variable(id) => self.layout.variable(*id),
            ExprKind::Field(HeaderRef::Instance(id), field) => self.layout.field(*id, *field),
            ExprKind::IsValid(HeaderRef::Instance(id)) => self.layout.valid(*id),
            _ => self.copied(expr, name, out),
        }
    }

    /// A new field that is given an expression's value here.
    pub(super) fn copied(&mut self, expr: &Expr, name: &str, out: &mut Vec<Json>) -> FieldRef {
        let field = self.layout.temporary(name, expr.scalar);
        let parameters = vec![field.operand(), self.argument(expr)];
        out.push(primitive("assign", parameters, expr.span));
        field
    }

    /// What must hold for a statement to have an effect: that indexes which are computed are those of elements.
    pub(super) fn bounds(&mut self, stmt: &Stmt) -> Option<Json> {
        let headers: Vec<&HeaderRef> = match &stmt.kind {
            StmtKind::Assign(place, _) => place_header(place).into_iter().collect(),
            StmtKind::SetValid(header) | StmtKind::SetInvalid(header) => vec![header],
            StmtKind::CopyHeader { to, from } => vec![to, from],
            StmtKind::Extern(call) => result(call).and_then(place_header).into_iter().collect(),
            _ => Vec::new(),
        };
        headers
            .into_iter()
            .filter_map(|header| match header {
                HeaderRef::Element(stack, index) => self.in_bounds(*stack, index),
                _ => None,
            })
            .reduce(|all, condition| binary("and", all, condition))
    }
}

fn place_header(place: &Place) -> Option<&HeaderRef> {
    match place {
        Place::Variable(_) => None,
        Place::Field(header, _) => Some(header),
        Place::Slice(base, ..) => place_header(base),
    }
}

/// The place that an extern writes.
fn result(call: &ExternCall) -> Option<&Place> {
    match call {
        ExternCall::MeterExecute { result, .. }
        | ExternCall::DirectMeterRead { result, .. }
        | ExternCall::RegisterRead { result, .. }
        | ExternCall::Random { result, .. }
        | ExternCall::Hash { result, .. } => Some(result),
        _ => None,
    }
}
