//! From the checked tree to the IR: instantiates, inlines, flattens, and makes the order of side effects explicit.
//!
//! P4 has no recursion, so a declaration is never inside itself: one table of bindings, renewed whenever something is
//! inlined, says what every name means at the place that is being lowered.

mod action;
mod apply;
mod arguments;
mod choice;
mod codes;
mod expr;
mod externs;
mod instance;
mod loops;
mod names;
mod operand;
mod operator;
mod package;
mod parser;
mod reorder;
mod stmt;
mod storage;
mod table;
mod told;

use std::collections::{HashMap, HashSet};

use num_bigint::{BigInt, BigUint};

use crate::ast::{DeclId, Expr};
use crate::check::{self, NoValue, Type, Typed};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::ir;
use crate::source::{SourceMap, Span};
use instance::{Binding, Instance};
use operand::Operand;
pub use package::is_v1model;

/// Lowers a checked program; `name` is the file stem of its root source.
///
/// Errors: what the program does that cannot be lowered, and mistakes of the compiler that the verifier finds.
pub fn lower(
    typed: &Typed<'_>,
    sources: &SourceMap,
    name: &str,
) -> Result<ir::Program, Diagnostics> {
    let mut lowerer = Lowerer {
        typed,
        sources,
        diagnostics: Diagnostics::new(),
        program: ir::Program {
            name: name.to_owned(),
            ..ir::Program::default()
        },
        bindings: HashMap::new(),
        types: HashMap::new(),
        instances: Vec::new(),
        instance: None,
        scope: ir::Scope::Parser,
        control: None,
        names: HashSet::new(),
        header_types: HashMap::new(),
        next_indexes: HashMap::new(),
        tables: HashMap::new(),
        actions: HashMap::new(),
        called: Vec::new(),
        action_depth: 0,
        order: HashMap::new(),
        table_order: Vec::new(),
        action_order: Vec::new(),
        action_decls: Vec::new(),
        result: None,
        copy_outs: Vec::new(),
        in_kept_action: false,
        fixed_results: 0,
        loops: Vec::new(),
        parser_states: HashMap::new(),
    };
    lowerer.package();
    if lowerer.diagnostics.has_errors() {
        return Err(lowerer.diagnostics);
    }
    reorder::reorder(
        &mut lowerer.program,
        &lowerer.table_order,
        &lowerer.action_order,
    );
    let found = ir::verify::verify(&lowerer.program);
    if found.has_errors() {
        return Err(found);
    }
    Ok(lowerer.program)
}

/// An action of an instance, and the control of the pipeline if it is that of one alone.
type ActionKey = ((Option<usize>, DeclId), Option<ir::ControlKind>);

struct Lowerer<'a, 's> {
    typed: &'s Typed<'a>,
    sources: &'s SourceMap,
    diagnostics: Diagnostics,
    program: ir::Program,
    /// What names mean at the place that is being lowered.
    bindings: HashMap<DeclId, Binding>,
    /// What type parameters stand for there.
    types: HashMap<DeclId, Type>,
    instances: Vec<Instance<'a>>,
    /// The parser or control whose body is being lowered.
    instance: Option<usize>,
    /// What new variables are part of.
    scope: ir::Scope,
    /// The control of the pipeline that is being lowered; `None` in the parser.
    control: Option<ir::ControlKind>,
    /// Names of variables and headers that are taken.
    names: HashSet<String>,
    header_types: HashMap<Type, ir::HeaderTypeId>,
    /// How many elements of a stack of unions are extracted, by its first element.
    next_indexes: HashMap<ir::UnionId, ir::Expr>,
    /// Tables and actions that are lowered, by the instance that they belong to.
    tables: HashMap<(Option<usize>, DeclId), ir::TableId>,
    /// An action with locals is that of one control of the pipeline.
    actions: HashMap<ActionKey, ir::ActionId>,
    /// Actions that are called outside actions, for the control plane to know their names, and where they stand among the others.
    called: Vec<((Option<usize>, DeclId), u32)>,
    /// How many bodies of actions are around what is being lowered.
    action_depth: u32,
    /// Positions of tables and actions in the source, in the order of instantiation.
    order: HashMap<(Option<usize>, DeclId), u32>,
    table_order: Vec<u32>,
    action_order: Vec<u32>,
    /// Which declaration each action of the program is of.
    action_decls: Vec<DeclId>,
    /// Where the function that is being inlined puts its result.
    result: Option<Operand>,
    /// What has to be copied back before an `exit`, from the outermost inlined body to the innermost.
    copy_outs: Vec<ir::Block>,
    /// Whether the body of an action that tables run is being lowered.
    in_kept_action: bool,
    /// How many controls around it are applied more than once and have results to copy back.
    fixed_results: u32,
    /// The loops around what is being lowered, from the outermost.
    loops: Vec<loops::Looping>,
    /// States of the parser that is being inlined.
    parser_states: HashMap<DeclId, ir::StateId>,
}

impl<'a> Lowerer<'a, '_> {
    fn error(&mut self, code: Code, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.diagnostics.error(code, span, message)
    }

    /// Reports something that P4 has but this compiler cannot lower.
    fn unsupported(&mut self, span: Span, what: &str) {
        self.error(codes::UNSUPPORTED, span, format!("{what} is not supported"));
    }

    /// Reports a mistake of the compiler.
    fn internal(&mut self, span: Span, what: &str) {
        self.error(
            codes::INTERNAL,
            span,
            format!("internal compiler error: {what}"),
        );
    }

    /// A type with what type parameters stand for.
    fn concrete(&self, ty: &Type) -> Type {
        ty.substitute(&|id| self.types.get(&id).cloned())
    }

    /// The type of an expression before it converts.
    fn own_type(&self, expr: &Expr) -> Type {
        self.concrete(self.typed.ty(expr))
    }

    /// The type of an expression where it stands.
    fn final_type(&self, expr: &Expr) -> Type {
        self.concrete(self.typed.final_type(expr))
    }

    /// The value of an expression if it is known at compile time.
    fn eval(&self, expr: &Expr) -> Result<check::Value, NoValue> {
        self.typed.eval(expr, &|id| match self.bindings.get(&id) {
            Some(Binding::Constant(value)) => Some(value.clone()),
            _ => None,
        })
    }

    /// An integer that must be known at compile time, as a size or the like.
    fn eval_number<N: TryFrom<BigInt>>(&mut self, expr: &Expr, what: &str) -> Option<N> {
        match self.eval(expr) {
            Ok(check::Value::Int(value)) => match N::try_from(value) {
                Ok(value) => Some(value),
                Err(_) => {
                    self.error(
                        check::codes::TOO_LARGE,
                        expr.span,
                        format!("{what} is out of range"),
                    );
                    None
                }
            },
            _ => {
                self.error(
                    check::codes::NOT_CONSTANT,
                    expr.span,
                    format!("{what} must be known at compile time"),
                );
                None
            }
        }
    }

    /// The scalar that represents a type, if one does.
    fn scalar(&self, ty: &Type) -> Option<ir::Scalar> {
        Some(match ty {
            Type::Bool => ir::Scalar::Bool,
            Type::Bit(width) => ir::Scalar::Bits(*width),
            Type::Int(width) => ir::Scalar::Int(*width),
            Type::Varbit(width) => ir::Scalar::Varbit(*width),
            Type::Error => ir::Scalar::ERROR,
            Type::Enum(_) => match self.typed.representation(ty) {
                Some(representation) => return self.scalar(&representation),
                None => ir::Scalar::Bits(32),
            },
            Type::NewType(_) => return self.scalar(&self.typed.strip_new_types(ty)),
            _ => return None,
        })
    }

    /// The bits of a value of a scalar type.
    fn bits(&self, value: &check::Value, scalar: ir::Scalar) -> Option<BigUint> {
        Some(match value {
            check::Value::Int(value) => check::to_bits(value, scalar.width()),
            check::Value::Bool(value) => BigUint::from(u8::from(*value)),
            check::Value::Member(id) => BigUint::from(self.member_index(*id)?),
            _ => return None,
        })
    }

    /// The number of a member of `error` or of an enumeration without representation.
    fn member_index(&self, id: DeclId) -> Option<usize> {
        if let Some(at) = self.typed.errors.iter().position(|&error| error == id) {
            return Some(at);
        }
        match self.typed.node(id)? {
            check::Node::Member(_, owner) => match &self.typed.decl(owner)?.kind {
                crate::ast::DeclKind::Enum(enumeration) => enumeration
                    .members
                    .iter()
                    .position(|member| member.id == id),
                _ => None,
            },
            _ => None,
        }
    }

    /// A name for a variable or header that no other has.
    fn unique(&mut self, name: &str) -> String {
        let mut unique = name.to_owned();
        let mut count = 1;
        while !self.names.insert(unique.clone()) {
            count += 1;
            unique = format!("{name}_{count}");
        }
        unique
    }
}
