//! Checksums: BMv2 verifies and updates them by itself, from a list, or primitives do.

use super::emitter::Emitter;
use super::expr::{binary, choice, number, operand_argument};
use super::json::{Json, object};
use super::layout::{FieldRef, standard};
use super::primitive::primitive;
use crate::ir::{
    BinaryOp, Block, Data, Expr, ExprKind, ExternCall, HashAlgorithm, HeaderRef, Place, Scalar,
    StandardField, Stmt, StmtKind, UnaryOp,
};
use crate::source::Span;
use num_traits::Zero;

/// One checksum, whether it is verified or computed.
struct Checksum<'s> {
    condition: &'s Expr,
    data: &'s [Data],
    target: FieldRef,
    algorithm: HashAlgorithm,
    with_payload: bool,
    verify: bool,
}

impl<'a> Emitter<'a> {
    /// Writes the checksums of both controls.
    pub(super) fn checksums(&mut self) {
        let program = self.program;
        self.checksum_block(&program.compute_checksum, None);
        self.checksum_block(&program.verify_checksum, None);
    }

    fn checksum_block(&mut self, block: &Block, condition: Option<&Expr>) {
        for stmt in block {
            self.checksum_stmt(stmt, condition);
        }
    }

    fn checksum_stmt(&mut self, stmt: &Stmt, outer: Option<&Expr>) {
        let span = stmt.span;
        match &stmt.kind {
            StmtKind::If(condition, then, otherwise) => {
                let inner = both(outer, condition.clone());
                self.checksum_block(then, Some(&inner));
                let opposite = Expr {
                    kind: ExprKind::Unary(UnaryOp::Not, Box::new(condition.clone())),
                    ..condition.clone()
                };
                let inner = both(outer, opposite);
                self.checksum_block(otherwise, Some(&inner));
            }
            StmtKind::Scope(block) => self.checksum_block(block, outer),
            StmtKind::Extern(ExternCall::VerifyChecksum {
                condition,
                data,
                checksum,
                algorithm,
                with_payload,
            }) => {
                let Some(target) = self.verified(checksum) else {
                    return self.unsupported(checksum.span, "a checksum that is not a field");
                };
                let condition = &both(outer, condition.clone());
                let checksum = Checksum {
                    condition,
                    data,
                    target,
                    algorithm: *algorithm,
                    with_payload: *with_payload,
                    verify: true,
                };
                self.checksum(&checksum, span);
            }
            StmtKind::Extern(ExternCall::UpdateChecksum {
                condition,
                data,
                checksum,
                algorithm,
                with_payload,
            }) => {
                let Some(target) = self.place_field(checksum) else {
                    return self.unsupported(span, "a checksum that is not a field");
                };
                let condition = &both(outer, condition.clone());
                let checksum = Checksum {
                    condition,
                    data,
                    target,
                    algorithm: *algorithm,
                    with_payload: *with_payload,
                    verify: false,
                };
                self.checksum(&checksum, span);
            }
            _ => self.unsupported(
                span,
                "a statement in a checksum control that is no checksum",
            ),
        }
    }

    /// The field that a checksum is compared with.
    fn verified(&mut self, expr: &Expr) -> Option<FieldRef> {
        let place = match &expr.kind {
            ExprKind::Variable(id) => Place::Variable(*id),
            ExprKind::Field(header @ HeaderRef::Instance(_), field) => {
                Place::Field(header.clone(), *field)
            }
            _ => return None,
        };
        self.place_field(&place)
    }

    fn checksum(&mut self, checksum: &Checksum<'_>, span: Span) {
        let Checksum {
            data, with_payload, ..
        } = *checksum;
        // What BMv2 computes by itself is over fields, so that nothing has to run before it.
        let calculation = self.checksum_calculation(
            checksum.algorithm,
            data,
            with_payload,
            span,
            &mut Vec::new(),
        );
        let condition = self.boolean(checksum.condition);
        let id = self.checksums.len();
        self.checksums.push(object! {
            "name": format!("cksum_{id}"),
            "id": id,
            "source_info": Json::Place(span),
            "target": checksum.target.pair(),
            "type": "generic",
            "calculation": calculation,
            "verify": checksum.verify,
            "update": !checksum.verify,
            "if_cond": condition,
        });
    }
}

impl<'a> Emitter<'a> {
    /// The name of the calculation of a checksum.
    fn checksum_calculation(
        &mut self,
        algorithm: HashAlgorithm,
        data: &[Data],
        with_payload: bool,
        span: Span,
        out: &mut Vec<Json>,
    ) -> String {
        let mut input = self.calculation_input(data, out);
        if with_payload {
            input.push(object! { "type": "payload", "value": Json::Null });
        }
        self.calculation(algorithm, input, span)
    }

    /// A checksum that is computed here, in a field of its own.
    fn computed_checksum(
        &mut self,
        algorithm: HashAlgorithm,
        data: &[Data],
        with_payload: bool,
        span: Span,
        out: &mut Vec<Json>,
    ) -> Json {
        let width = match algorithm {
            HashAlgorithm::Csum16
            | HashAlgorithm::Xor16
            | HashAlgorithm::Crc16
            | HashAlgorithm::Crc16Custom => 16,
            HashAlgorithm::Crc32 | HashAlgorithm::Crc32Custom => 32,
            HashAlgorithm::Identity | HashAlgorithm::Random => 64,
        };
        let field = self.layout.temporary("checksum", Scalar::Bits(width));
        let operand = field.operand();
        if algorithm == HashAlgorithm::Random {
            let (low, high) = (number(0u32, width), number(u64::MAX, width));
            let parameters = vec![operand.clone(), low, high];
            out.push(primitive("modify_field_rng_uniform", parameters, span));
            return operand;
        }
        let calculation = self.checksum_calculation(algorithm, data, with_payload, span, out);
        let calculation = object! { "type": "calculation", "value": calculation };
        // BMv2 takes the remainder of 64 bits.
        let size = match width {
            64 => number(u64::MAX, 64),
            _ => number(1u64 << width, 64),
        };
        let parameters = vec![operand.clone(), number(0u32, 8), calculation, size];
        let op = "modify_field_with_hash_based_offset";
        out.push(primitive(op, parameters, span));
        operand
    }

    /// The primitives that verify a checksum. BMv2 does not look at those in invalid headers.
    pub(super) fn verify_now(
        &mut self,
        (condition, checksum): (&Expr, &Expr),
        data: &[Data],
        (algorithm, with_payload): (HashAlgorithm, bool),
        span: Span,
        out: &mut Vec<Json>,
    ) {
        let computed = self.computed_checksum(algorithm, data, with_payload, span, out);
        let mut wrong = binary("!=", computed, self.data(checksum));
        if let ExprKind::Field(header, _) = &checksum.kind {
            let valid = Expr {
                kind: ExprKind::IsValid(header.clone()),
                scalar: Scalar::Bool,
                span,
            };
            wrong = binary("and", self.boolean(&valid), wrong);
        }
        let wrong = binary("and", self.boolean(condition), wrong);
        let flag = standard(StandardField::ChecksumError).operand();
        let value = choice(wrong, number(1u32, 1), flag.clone());
        let parameters = vec![flag, operand_argument(value)];
        out.push(primitive("assign", parameters, span));
    }

    /// The primitives that update a checksum.
    pub(super) fn update_now(
        &mut self,
        (condition, checksum): (&Expr, &Place),
        data: &[Data],
        (algorithm, with_payload): (HashAlgorithm, bool),
        span: Span,
        out: &mut Vec<Json>,
    ) {
        let computed = self.computed_checksum(algorithm, data, with_payload, span, out);
        let always = matches!(&condition.kind, ExprKind::Constant(value) if !value.is_zero());
        let value = if always {
            computed
        } else {
            let old = self.place_value(checksum, span);
            let old = self.data(&old);
            operand_argument(choice(self.boolean(condition), computed, old))
        };
        self.written(checksum, span, out, |_, field| {
            primitive("assign", vec![field, value], span)
        });
    }

    /// What a place holds.
    fn place_value(&self, place: &Place, span: Span) -> Expr {
        let (kind, scalar) = match place {
            Place::Variable(id) => (ExprKind::Variable(*id), self.place_scalar(place)),
            Place::Field(header, field) => (
                ExprKind::Field(header.clone(), *field),
                self.place_scalar(place),
            ),
            Place::Slice(base, high, low) => {
                let base = Box::new(self.place_value(base, span));
                let scalar = Scalar::Bits(high - low + 1);
                (ExprKind::Slice(base, *high, *low), scalar)
            }
        };
        Expr { kind, scalar, span }
    }
}

/// Both conditions.
fn both(outer: Option<&Expr>, inner: Expr) -> Expr {
    match outer {
        None => inner,
        Some(outer) => Expr {
            span: inner.span,
            scalar: Scalar::Bool,
            kind: ExprKind::Binary(BinaryOp::And, Box::new(outer.clone()), Box::new(inner)),
        },
    }
}
