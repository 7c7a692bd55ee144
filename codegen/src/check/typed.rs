//! What the checker learns of a program, in tables beside the tree.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use num_bigint::BigInt;

use super::nodes::{self, Node};
use super::types::Type;
use crate::ast::{self, DeclId, Expr, ExprId};

/// A value that is known at compile time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Of an integer type or a serializable enumeration.
    Int(BigInt),
    /// Of `bool`.
    Bool(bool),
    /// Of `string`.
    String(Arc<str>),
    /// Of an enumeration without representation, of `error` or of `match_kind`: the member.
    Member(DeclId),
    /// Of a tuple, list, struct or header, by position.
    List(Vec<Value>),
    /// Of `{x = a}` before it becomes a struct or header.
    Record(Vec<(Arc<str>, Value)>),
    /// `{#}`
    InvalidHeader,
    /// `...`: the default of whatever type is wanted.
    Default,
}

/// What a call calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callee {
    /// A function with a body.
    Function(DeclId),
    /// An extern function.
    ExternFunction(DeclId),
    /// A method of an extern object; the receiver is left of the dot.
    Method(DeclId),
    /// An action.
    Action(DeclId),
    /// `table.apply()`
    Table(DeclId),
    /// `apply` of an instance of a parser or control, which is left of the dot; the declaration is that of its type.
    Block(DeclId),
    /// `Type.apply()` of a parser or control without parameters of its constructor.
    DirectBlock(DeclId),
    /// A method that the language itself defines.
    Builtin(Builtin),
}

/// Methods that the language itself defines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Builtin {
    /// `header.isValid()`, `union.isValid()`
    IsValid,
    /// `header.setValid()`
    SetValid,
    /// `header.setInvalid()`
    SetInvalid,
    /// `stack.push_front(count)`
    PushFront,
    /// `stack.pop_front(count)`
    PopFront,
    /// `x.minSizeInBits()` and its three relatives: a constant.
    Size {
        /// In bytes, rounded up, rather than bits.
        bytes: bool,
        /// The largest rather than the smallest.
        max: bool,
    },
}

/// What is given for a parameter.
#[derive(Clone, Copy, Debug)]
pub enum Bound<'a> {
    /// An argument, or the parameter's default.
    Value(&'a Expr),
    /// `_` for an `out` parameter, or an optional parameter that is left out.
    Nothing,
}

impl<'a> Bound<'a> {
    /// The argument, or the parameter's default.
    pub fn value(&self) -> Option<&'a Expr> {
        match self {
            Bound::Value(value) => Some(value),
            Bound::Nothing => None,
        }
    }
}

/// A call or constructor call.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// What is called; `None` for a constructor.
    pub callee: Option<Callee>,
    /// For a constructor of an extern: which one.
    pub constructor: Option<DeclId>,
    /// Type arguments, given or inferred.
    pub type_arguments: Vec<Type>,
    /// What is given for each parameter, in the order of the parameters.
    pub arguments: Vec<Bound<'a>>,
}

/// A program and what the checker learnt of it.
#[derive(Debug)]
pub struct Typed<'a> {
    /// The program.
    pub program: &'a ast::Program,
    nodes: Vec<Option<Node<'a>>>,
    types: Vec<Type>,
    coerced: Vec<Option<Type>>,
    references: Vec<Option<DeclId>>,
    decl_types: Vec<Option<Type>>,
    constants: Vec<Option<Value>>,
    calls: HashMap<ExprId, Call<'a>>,
    used_types: BTreeSet<DeclId>,
    /// Members of `error` in the order of declaration.
    pub errors: Vec<DeclId>,
    /// Members of `match_kind` by name.
    pub match_kinds: HashMap<Arc<str>, DeclId>,
}

impl<'a> Typed<'a> {
    /// Nothing known yet.
    pub(super) fn new(program: &'a ast::Program) -> Self {
        let (exprs, decls) = (program.expr_count as usize, program.decl_count as usize);
        Typed {
            program,
            nodes: nodes::index(program),
            types: vec![Type::Unknown; exprs],
            coerced: vec![None; exprs],
            references: vec![None; exprs],
            decl_types: vec![None; decls],
            constants: vec![None; decls],
            calls: HashMap::new(),
            used_types: BTreeSet::new(),
            errors: Vec::new(),
            match_kinds: HashMap::new(),
        }
    }

    /// What an id names.
    pub fn node(&self, id: DeclId) -> Option<Node<'a>> {
        self.nodes.get(id.index()).copied().flatten()
    }

    /// The declaration with an id, if it is one.
    pub fn decl(&self, id: DeclId) -> Option<&'a ast::Decl> {
        match self.node(id) {
            Some(Node::Decl(decl)) => Some(decl),
            _ => None,
        }
    }

    /// The name of what an id names; empty where there is none.
    pub fn name(&self, id: DeclId) -> &'a str {
        self.node(id)
            .and_then(|node| node.ident())
            .map_or("", |ident| ident.as_str())
    }

    /// The type of an expression before any implicit conversion.
    pub fn ty(&self, expr: &Expr) -> &Type {
        self.types.get(expr.id.index()).unwrap_or(&Type::Unknown)
    }

    /// The type of the expression with an id, before any implicit conversion.
    pub fn type_of(&self, id: ExprId) -> &Type {
        self.types.get(id.index()).unwrap_or(&Type::Unknown)
    }

    /// The type of an expression where it stands: after the implicit conversion.
    pub fn final_type(&self, expr: &Expr) -> &Type {
        match self.coerced.get(expr.id.index()) {
            Some(Some(ty)) => ty,
            _ => self.ty(expr),
        }
    }

    /// What an expression converts to, if it does.
    pub fn coercion(&self, expr: &Expr) -> Option<&Type> {
        self.coerced.get(expr.id.index())?.as_ref()
    }

    /// What a path, action reference or member of an enumeration refers to.
    pub fn reference(&self, id: ExprId) -> Option<DeclId> {
        self.references.get(id.index()).copied().flatten()
    }

    /// The type of a variable, constant, parameter, field, instance, or element of a value set; the result of a function
    /// or method; the target of a typedef or type; the representation of an enumeration.
    pub fn decl_type(&self, id: DeclId) -> Option<&Type> {
        self.decl_types.get(id.index())?.as_ref()
    }

    /// The value of a constant or of a member of a serializable enumeration.
    pub fn constant(&self, id: DeclId) -> Option<&Value> {
        self.constants.get(id.index())?.as_ref()
    }

    /// A call, or a constructor call (of a [`ast::Instance`] by its id).
    pub fn call(&self, id: ExprId) -> Option<&Call<'a>> {
        self.calls.get(&id)
    }

    /// What is named anywhere: by expressions, and where types stand.
    pub fn referred(&self) -> impl Iterator<Item = DeclId> {
        let in_expressions = self.references.iter().copied().flatten();
        in_expressions.chain(self.used_types.iter().copied())
    }

    pub(super) fn set_used_type(&mut self, id: DeclId) {
        self.used_types.insert(id);
    }

    pub(super) fn set_type(&mut self, id: ExprId, ty: Type) {
        if let Some(slot) = self.types.get_mut(id.index()) {
            *slot = ty;
        }
    }

    pub(super) fn set_coercion(&mut self, id: ExprId, ty: Type) {
        if let Some(slot) = self.coerced.get_mut(id.index()) {
            *slot = Some(ty);
        }
    }

    pub(super) fn set_reference(&mut self, id: ExprId, decl: DeclId) {
        if let Some(slot) = self.references.get_mut(id.index()) {
            *slot = Some(decl);
        }
    }

    pub(super) fn set_decl_type(&mut self, id: DeclId, ty: Type) {
        if let Some(slot) = self.decl_types.get_mut(id.index()) {
            *slot = Some(ty);
        }
    }

    pub(super) fn set_constant(&mut self, id: DeclId, value: Value) {
        if let Some(slot) = self.constants.get_mut(id.index()) {
            *slot = Some(value);
        }
    }

    pub(super) fn set_call(&mut self, id: ExprId, call: Call<'a>) {
        self.calls.insert(id, call);
    }
}
