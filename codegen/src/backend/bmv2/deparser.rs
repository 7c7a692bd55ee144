//! The deparser: to BMv2 an order of headers, of which it emits those that are valid.

use super::emitter::Emitter;
use super::json::{Json, array, object};
use crate::ir::{Block, HeaderRef, StmtKind};

impl<'a> Emitter<'a> {
    /// `deparsers`.
    pub(super) fn deparser(&mut self) -> Json {
        let program = self.program;
        let mut order = Vec::new();
        let mut primitives = Vec::new();
        self.emits(&program.deparser, &mut order, &mut primitives);
        array![object! {
            "name": "deparser",
            "id": 0u32,
            "order": order,
            "primitives": primitives,
        }]
    }

    /// Any other statement has been moved to egress.
    fn emits(&mut self, block: &Block, order: &mut Vec<Json>, primitives: &mut Vec<Json>) {
        for stmt in block {
            match &stmt.kind {
                StmtKind::Emit(HeaderRef::Instance(id)) => {
                    order.push(self.layout.header(*id).into());
                }
                StmtKind::Scope(block) => self.emits(block, order, primitives),
                StmtKind::Extern(call) => self.extern_call(call, stmt.span, primitives),
                _ => self.unsupported(stmt.span, "this statement in a deparser"),
            }
        }
    }
}
