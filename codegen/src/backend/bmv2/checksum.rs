//! The controls that verify and compute checksums: BMv2 does those itself, from a list.

use super::emitter::Emitter;
use super::graph::{count_places, inner_blocks};
use super::json::{Json, object};
use super::layout::FieldRef;
use crate::ir::{
    BinaryOp, Block, Data, Expr, ExprKind, ExternCall, HashAlgorithm, HeaderRef, Place, Scalar,
    Stmt, StmtKind, UnaryOp,
};
use crate::source::Span;
use indexmap::IndexMap;

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

    /// Whether an action of egress may end it before its end.
    fn egress_exits(&self) -> bool {
        fn exits(block: &[Stmt]) -> bool {
            block.iter().any(|stmt| {
                matches!(stmt.kind, StmtKind::Exit) || inner_blocks(stmt).into_iter().any(exits)
            })
        }
        let program = self.program;
        let mut tables = IndexMap::new();
        count_places(&program.egress, &mut tables);
        let actions = (tables.keys()).flat_map(|table| &program.tables[table.index()].actions);
        let mut bodies = actions.map(|listed| &program.actions[listed.action.index()].body);
        bodies.any(|body| exits(body))
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
        let mut computed = Vec::new();
        let mut input = self.calculation_input(checksum.data, &mut computed);
        // BMv2 computes no expressions for checksums. At the end of egress, when those are updated, everything is as it is there.
        if !computed.is_empty() {
            if checksum.verify || self.egress_exits() {
                self.unsupported(span, "a computation in the data of this checksum");
            }
            let (_, tail) = self.egress_tail.get_or_insert((span, Vec::new()));
            tail.append(&mut computed);
        }
        if checksum.with_payload {
            input.push(object! { "type": "payload", "value": Json::Null });
        }
        let calculation = self.calculation(checksum.algorithm, input, span);
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
