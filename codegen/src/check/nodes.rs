//! Finds the part of the tree that an id names.

use crate::ast::*;

/// What a [`DeclId`] names.
#[derive(Clone, Copy, Debug)]
pub enum Node<'a> {
    /// A declaration.
    Decl(&'a Decl),
    /// A parameter.
    Param(&'a Param),
    /// A type parameter.
    TypeParam(&'a TypeParam),
    /// A field.
    Field(&'a Field),
    /// A member of the enumeration with this id, or of `error` or `match_kind`.
    Member(&'a Member, DeclId),
    /// A method of the extern with this id.
    Method(&'a Method, DeclId),
    /// A state of the parser with this id.
    State(&'a State, DeclId),
    /// A loop's variable.
    LoopVariable(&'a Ident, &'a Type),
}

impl<'a> Node<'a> {
    /// The name that is declared.
    pub fn ident(&self) -> Option<&'a Ident> {
        match self {
            Node::Decl(decl) => decl.name(),
            Node::Param(param) => Some(&param.name),
            Node::TypeParam(param) => Some(&param.name),
            Node::Field(field) => Some(&field.name),
            Node::Member(member, _) => Some(&member.name),
            Node::Method(method, _) => Some(match &method.kind {
                MethodKind::Constructor { name, .. } => name,
                MethodKind::Method { signature, .. } => &signature.name,
            }),
            Node::State(state, _) => Some(&state.name),
            Node::LoopVariable(name, _) => Some(name),
        }
    }
}

/// All nodes of a program by id.
pub fn index(program: &Program) -> Vec<Option<Node<'_>>> {
    let mut index = Index {
        nodes: vec![None; program.decl_count as usize],
    };
    for decl in &program.declarations {
        index.decl(decl);
    }
    index.nodes
}

struct Index<'a> {
    nodes: Vec<Option<Node<'a>>>,
}

impl<'a> Index<'a> {
    fn set(&mut self, id: DeclId, node: Node<'a>) {
        if let Some(slot) = self.nodes.get_mut(id.index()) {
            *slot = Some(node);
        }
    }

    fn params(&mut self, params: &'a [Param]) {
        for param in params {
            self.set(param.id, Node::Param(param));
        }
    }

    fn type_params(&mut self, params: &'a [TypeParam]) {
        for param in params {
            self.set(param.id, Node::TypeParam(param));
        }
    }

    fn signature(&mut self, signature: &'a Signature) {
        self.type_params(&signature.type_params);
        self.params(&signature.params);
    }

    fn block_type(&mut self, ty: &'a BlockType) {
        self.type_params(&ty.type_params);
        self.params(&ty.params);
    }

    fn members(&mut self, members: &'a [Member], owner: DeclId) {
        for member in members {
            self.set(member.id, Node::Member(member, owner));
        }
    }

    fn decl(&mut self, decl: &'a Decl) {
        self.set(decl.id, Node::Decl(decl));
        match &decl.kind {
            DeclKind::Const(_) | DeclKind::Variable(_) | DeclKind::ValueSet(_) => {}
            DeclKind::Table(_) => {}
            DeclKind::Instance(instance) => {
                for inner in instance.body.iter().flatten() {
                    self.decl(inner);
                }
            }
            DeclKind::Function(function) => {
                self.signature(&function.signature);
                self.block(&function.body);
            }
            DeclKind::ExternFunction(signature) => self.signature(signature),
            DeclKind::Extern(object) => {
                self.type_params(&object.type_params);
                for method in &object.methods {
                    self.set(method.id, Node::Method(method, decl.id));
                    match &method.kind {
                        MethodKind::Constructor { params, .. } => self.params(params),
                        MethodKind::Method { signature, .. } => self.signature(signature),
                    }
                }
            }
            DeclKind::Action(action) => {
                self.params(&action.params);
                self.block(&action.body);
            }
            DeclKind::Parser(parser) => {
                self.block_type(&parser.ty);
                self.params(&parser.constructor_params);
                for local in &parser.locals {
                    self.decl(local);
                }
                for state in &parser.states {
                    self.set(state.id, Node::State(state, decl.id));
                    self.statements(&state.statements);
                }
            }
            DeclKind::Control(control) => {
                self.block_type(&control.ty);
                self.params(&control.constructor_params);
                for local in &control.locals {
                    self.decl(local);
                }
                self.block(&control.apply);
            }
            DeclKind::ParserType(ty) | DeclKind::ControlType(ty) | DeclKind::Package(ty) => {
                self.block_type(ty)
            }
            DeclKind::Struct(aggregate)
            | DeclKind::Header(aggregate)
            | DeclKind::HeaderUnion(aggregate) => {
                self.type_params(&aggregate.type_params);
                for field in &aggregate.fields {
                    self.set(field.id, Node::Field(field));
                }
            }
            DeclKind::Enum(enumeration) => self.members(&enumeration.members, decl.id),
            DeclKind::Error(members) | DeclKind::MatchKind(members) => {
                self.members(members, decl.id)
            }
            DeclKind::Typedef(alias) | DeclKind::NewType(alias) => {
                if let AliasTarget::Decl(inner) = &alias.target {
                    self.decl(inner);
                }
            }
        }
    }

    fn block(&mut self, block: &'a Block) {
        self.statements(&block.statements);
    }

    fn statements(&mut self, statements: &'a [Stmt]) {
        for statement in statements {
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &'a Stmt) {
        match &statement.kind {
            StmtKind::Decl(decl) => self.decl(decl),
            StmtKind::If {
                then, otherwise, ..
            } => {
                self.statement(then);
                if let Some(otherwise) = otherwise {
                    self.statement(otherwise);
                }
            }
            StmtKind::Block(block) => self.block(block),
            StmtKind::Switch(switch) => {
                for case in &switch.cases {
                    if let Some(body) = &case.body {
                        self.block(body);
                    }
                }
            }
            StmtKind::For {
                init, update, body, ..
            } => {
                self.statements(init);
                self.statements(update);
                self.statement(body);
            }
            StmtKind::ForIn(for_in) => {
                if let LoopVariable::Declared { id, ty, name, .. } = &for_in.variable {
                    self.set(*id, Node::LoopVariable(name, ty));
                }
                self.statement(&for_in.body);
            }
            StmtKind::Empty
            | StmtKind::Assign { .. }
            | StmtKind::Call(_)
            | StmtKind::Return(_)
            | StmtKind::Exit
            | StmtKind::Break
            | StmtKind::Continue
            | StmtKind::Invalid => {}
        }
    }
}
