//! Visits every statement and expression of a program, in order.

use crate::ir::{
    ApplyBranch, Block, Data, Expr, ExprKind, ExternCall, ForeignArgument, HeaderRef, Place,
    Program, Stmt, StmtKind, Transition,
};

/// What is visited.
pub(super) enum Node<'a> {
    /// A statement, before what is in it.
    Stmt(&'a Stmt),
    /// An expression that is read, before what is in it.
    Expr(&'a Expr),
    /// A place that is written.
    Written(&'a Place),
    /// A piece of checksum or hash data.
    Data(&'a Data),
}

/// Visits a whole program: parser, controls and actions, and the keys of tables.
pub(super) fn program<'a>(program: &'a Program, visit: &mut dyn FnMut(Node<'a>)) {
    parser(program, visit);
    let controls = [
        &program.verify_checksum,
        &program.ingress,
        &program.egress,
        &program.compute_checksum,
        &program.deparser,
    ];
    for control in controls {
        block(control, visit);
    }
    actions_and_keys(program, visit);
}

/// Visits the parser.
pub(super) fn parser<'a>(program: &'a Program, visit: &mut dyn FnMut(Node<'a>)) {
    for state in &program.parser.states {
        block(&state.body, visit);
        if let Transition::Select { keys, cases } = &state.transition {
            keys.iter().for_each(|key| expr(key, visit));
            debug_assert!(cases.iter().all(|case| case.patterns.len() == keys.len()));
        }
    }
}

/// Visits the actions' bodies and the tables' keys.
pub(super) fn actions_and_keys<'a>(program: &'a Program, visit: &mut dyn FnMut(Node<'a>)) {
    for action in &program.actions {
        block(&action.body, visit);
    }
    for key in program.tables.iter().flat_map(|table| &table.keys) {
        expr(&key.expr, visit);
    }
}

/// Visits a block.
pub(super) fn block<'a>(block: &'a Block, visit: &mut dyn FnMut(Node<'a>)) {
    for stmt in block {
        statement(stmt, visit);
    }
}

fn statement<'a>(stmt: &'a Stmt, visit: &mut dyn FnMut(Node<'a>)) {
    visit(Node::Stmt(stmt));
    match &stmt.kind {
        StmtKind::Assign(to, value) => {
            expr(value, visit);
            written(to, visit);
        }
        StmtKind::SetValid(header)
        | StmtKind::SetInvalid(header)
        | StmtKind::Extract(header)
        | StmtKind::Emit(header) => {
            header_ref(header, visit);
        }
        StmtKind::CopyHeader { to, from } => {
            header_ref(to, visit);
            header_ref(from, visit);
        }
        StmtKind::PushFront(..)
        | StmtKind::PopFront(..)
        | StmtKind::Leave
        | StmtKind::Break
        | StmtKind::Continue
        | StmtKind::Exit
        | StmtKind::RequireLookahead(_) => {}
        StmtKind::If(condition, then, otherwise) => {
            expr(condition, visit);
            block(then, visit);
            block(otherwise, visit);
        }
        StmtKind::Switch(value, cases, default) => {
            expr(value, visit);
            cases.iter().for_each(|(_, body)| block(body, visit));
            block(default, visit);
        }
        StmtKind::Apply(_, ApplyBranch::None) => {}
        StmtKind::Apply(_, ApplyBranch::Hit { hit, miss }) => {
            block(hit, visit);
            block(miss, visit);
        }
        StmtKind::Apply(_, ApplyBranch::Action { cases, default }) => {
            cases.iter().for_each(|(_, body)| block(body, visit));
            block(default, visit);
        }
        StmtKind::Scope(body) => block(body, visit),
        StmtKind::Loop { body, update } => {
            block(body, visit);
            block(update, visit);
        }
        StmtKind::Extern(call) => extern_call(call, visit),
        StmtKind::ExtractVarbit(header, bits) => {
            header_ref(header, visit);
            expr(bits, visit);
        }
        StmtKind::Advance(bits) => expr(bits, visit),
        StmtKind::Verify(condition, error) => {
            expr(condition, visit);
            expr(error, visit);
        }
    }
}

fn extern_call<'a>(call: &'a ExternCall, visit: &mut dyn FnMut(Node<'a>)) {
    match call {
        ExternCall::CounterCount { index, .. } => expr(index, visit),
        ExternCall::MeterExecute { index, result, .. } => {
            expr(index, visit);
            written(result, visit);
        }
        ExternCall::DirectMeterRead { result, .. } => written(result, visit),
        ExternCall::RegisterRead { result, index, .. } => {
            expr(index, visit);
            written(result, visit);
        }
        ExternCall::RegisterWrite { index, value, .. } => {
            expr(index, visit);
            expr(value, visit);
        }
        ExternCall::Random { result, low, high } => {
            expr(low, visit);
            expr(high, visit);
            written(result, visit);
        }
        ExternCall::Hash {
            result,
            base,
            data: pieces,
            max,
            ..
        } => {
            expr(base, visit);
            data(pieces, visit);
            expr(max, visit);
            written(result, visit);
        }
        ExternCall::VerifyChecksum {
            condition,
            data: pieces,
            checksum,
            ..
        } => {
            expr(condition, visit);
            data(pieces, visit);
            expr(checksum, visit);
        }
        ExternCall::UpdateChecksum {
            condition,
            data: pieces,
            checksum,
            ..
        } => {
            expr(condition, visit);
            data(pieces, visit);
            written(checksum, visit);
        }
        ExternCall::Digest { data: pieces, .. } | ExternCall::LogMessage { data: pieces, .. } => {
            data(pieces, visit)
        }
        ExternCall::Clone { session, .. } => expr(session, visit),
        ExternCall::Truncate { length } => expr(length, visit),
        ExternCall::Assert { condition } | ExternCall::Assume { condition } => {
            expr(condition, visit)
        }
        ExternCall::DirectCounterCount { .. }
        | ExternCall::MarkToDrop
        | ExternCall::Resubmit { .. }
        | ExternCall::Recirculate { .. }
        | ExternCall::ActionProfileUse { .. } => {}
        ExternCall::Foreign {
            arguments, result, ..
        } => {
            for argument in arguments {
                match argument {
                    ForeignArgument::Value(value) => expr(value, visit),
                    ForeignArgument::Place(place) => written(place, visit),
                }
            }
            if let Some(result) = result {
                written(result, visit);
            }
        }
    }
}

fn data<'a>(pieces: &'a [Data], visit: &mut dyn FnMut(Node<'a>)) {
    for piece in pieces {
        visit(Node::Data(piece));
        if let Data::Expr(value) = piece {
            expr(value, visit);
        }
    }
}

fn written<'a>(place: &'a Place, visit: &mut dyn FnMut(Node<'a>)) {
    visit(Node::Written(place));
    let mut innermost = place;
    while let Place::Slice(base, _, _) = innermost {
        innermost = base;
    }
    if let Place::Field(header, _) = innermost {
        header_ref(header, visit);
    }
}

fn header_ref<'a>(header: &'a HeaderRef, visit: &mut dyn FnMut(Node<'a>)) {
    if let HeaderRef::Element(_, index) = header {
        expr(index, visit);
    }
}

fn expr<'a>(value: &'a Expr, visit: &mut dyn FnMut(Node<'a>)) {
    visit(Node::Expr(value));
    match &value.kind {
        ExprKind::Constant(_)
        | ExprKind::Variable(_)
        | ExprKind::ActionParameter(_)
        | ExprKind::IsUnionValid(_)
        | ExprKind::LastIndex(_)
        | ExprKind::Lookahead(_)
        | ExprKind::PacketLength => {}
        ExprKind::Field(header, _) | ExprKind::IsValid(header) => header_ref(header, visit),
        ExprKind::Unary(_, operand) | ExprKind::Slice(operand, _, _) | ExprKind::Cast(operand) => {
            expr(operand, visit)
        }
        ExprKind::Binary(_, left, right) | ExprKind::Concat(left, right) => {
            expr(left, visit);
            expr(right, visit);
        }
        ExprKind::Mux(condition, then, otherwise) => {
            expr(condition, visit);
            expr(then, visit);
            expr(otherwise, visit);
        }
    }
}
