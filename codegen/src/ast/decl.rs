//! Declarations.

use super::{
    Annotation, Argument, Block, DeclId, Expr, ExprId, Ident, Stmt, Table, Type, TypeParam,
};
use crate::source::Span;

/// A declaration.
#[derive(Clone, Debug)]
pub struct Decl {
    /// Identity.
    pub id: DeclId,
    /// Annotations.
    pub annotations: Vec<Annotation>,
    /// Which declaration.
    pub kind: DeclKind,
    /// Where it is written, with annotations and the final semicolon or brace.
    pub span: Span,
}

/// The forms of declarations.
#[derive(Clone, Debug)]
pub enum DeclKind {
    /// `const type name = value;`
    Const(Const),
    /// `type name;`, `type name = value;`
    Variable(Variable),
    /// `Type(arguments) name;`, with an optional body.
    Instance(Instance),
    /// A function with a body.
    Function(Function),
    /// `extern` function.
    ExternFunction(Signature),
    /// `extern` object type.
    Extern(Extern),
    /// `action`
    Action(Action),
    /// `parser` with a body.
    Parser(Parser),
    /// `parser` type, without a body.
    ParserType(BlockType),
    /// `control` with a body.
    Control(Control),
    /// `control` type, without a body.
    ControlType(BlockType),
    /// `package` type.
    Package(BlockType),
    /// `struct`
    Struct(Aggregate),
    /// `header`
    Header(Aggregate),
    /// `header_union`
    HeaderUnion(Aggregate),
    /// `enum`, with or without an underlying type.
    Enum(Enum),
    /// `error { .. }`: adds to the one type `error`.
    Error(Vec<Member>),
    /// `match_kind { .. }`: adds to the one type `match_kind`.
    MatchKind(Vec<Member>),
    /// `typedef`: another name for a type.
    Typedef(TypeAlias),
    /// `type`: a new type that is represented as another.
    NewType(TypeAlias),
    /// `value_set`
    ValueSet(ValueSet),
    /// `table`
    Table(Table),
}

impl Decl {
    /// The name that is declared; `error` and `match_kind` declare none.
    pub fn name(&self) -> Option<&Ident> {
        Some(match &self.kind {
            DeclKind::Const(decl) => &decl.name,
            DeclKind::Variable(decl) => &decl.name,
            DeclKind::Instance(decl) => &decl.name,
            DeclKind::Function(decl) => &decl.signature.name,
            DeclKind::ExternFunction(signature) => &signature.name,
            DeclKind::Extern(decl) => &decl.name,
            DeclKind::Action(decl) => &decl.name,
            DeclKind::Parser(decl) => &decl.ty.name,
            DeclKind::Control(decl) => &decl.ty.name,
            DeclKind::ParserType(ty) | DeclKind::ControlType(ty) | DeclKind::Package(ty) => {
                &ty.name
            }
            DeclKind::Struct(decl) | DeclKind::Header(decl) | DeclKind::HeaderUnion(decl) => {
                &decl.name
            }
            DeclKind::Enum(decl) => &decl.name,
            DeclKind::Typedef(decl) | DeclKind::NewType(decl) => &decl.name,
            DeclKind::ValueSet(decl) => &decl.name,
            DeclKind::Table(decl) => &decl.name,
            DeclKind::Error(_) | DeclKind::MatchKind(_) => return None,
        })
    }

    /// The first annotation with this name.
    pub fn annotation(&self, name: &str) -> Option<&Annotation> {
        self.annotations
            .iter()
            .find(|annotation| annotation.name.as_str() == name)
    }
}

/// A constant.
#[derive(Clone, Debug)]
pub struct Const {
    /// Type.
    pub ty: Type,
    /// Name.
    pub name: Ident,
    /// Value.
    pub value: Expr,
}

/// A variable.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Type.
    pub ty: Type,
    /// Name.
    pub name: Ident,
    /// Initial value.
    pub value: Option<Expr>,
}

/// An instance of an extern, control, parser or package.
#[derive(Clone, Debug)]
pub struct Instance {
    /// Identity of the constructor call as an expression.
    pub id: ExprId,
    /// What it is an instance of; a stack where the name is followed by a size: `Type(arguments) name[4];`.
    pub ty: Type,
    /// Arguments of the constructor.
    pub arguments: Vec<Argument>,
    /// Name.
    pub name: Ident,
    /// `= { .. }`: abstract methods and instances ([`DeclKind::Function`], [`DeclKind::Instance`]).
    pub body: Option<Vec<Decl>>,
}

/// How a value passes between a caller and what it calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Not written: known at compile time, or given by the control plane.
    None,
    /// `in`
    In,
    /// `out`
    Out,
    /// `inout`
    InOut,
}

/// A parameter.
#[derive(Clone, Debug)]
pub struct Param {
    /// Identity.
    pub id: DeclId,
    /// Annotations (`@optional`).
    pub annotations: Vec<Annotation>,
    /// Direction.
    pub direction: Direction,
    /// Type.
    pub ty: Type,
    /// Name.
    pub name: Ident,
    /// The value where no argument is given.
    pub default: Option<Expr>,
    /// The whole.
    pub span: Span,
}

/// What is known of a function or method without its body.
#[derive(Clone, Debug)]
pub struct Signature {
    /// Type of the result; [`TypeKind::Void`](super::TypeKind::Void) for none.
    pub result: Type,
    /// Name.
    pub name: Ident,
    /// Type parameters.
    pub type_params: Vec<TypeParam>,
    /// Parameters.
    pub params: Vec<Param>,
}

/// A function with a body.
#[derive(Clone, Debug)]
pub struct Function {
    /// Name, parameters and result.
    pub signature: Signature,
    /// What it does.
    pub body: Block,
}

/// An extern object type.
#[derive(Clone, Debug)]
pub struct Extern {
    /// Name.
    pub name: Ident,
    /// Type parameters.
    pub type_params: Vec<TypeParam>,
    /// Methods and constructors.
    pub methods: Vec<Method>,
}

/// A method or constructor of an extern object type.
#[derive(Clone, Debug)]
pub struct Method {
    /// Identity.
    pub id: DeclId,
    /// Annotations.
    pub annotations: Vec<Annotation>,
    /// Which of the two.
    pub kind: MethodKind,
    /// The whole.
    pub span: Span,
}

/// Constructors and methods.
#[derive(Clone, Debug)]
pub enum MethodKind {
    /// `Name(parameters);`
    Constructor {
        /// The name, equal to that of the extern.
        name: Ident,
        /// Parameters.
        params: Vec<Param>,
    },
    /// A method.
    Method {
        /// Whether the instance has to define it.
        is_abstract: bool,
        /// Name, parameters and result.
        signature: Signature,
    },
}

/// An action.
#[derive(Clone, Debug)]
pub struct Action {
    /// Name.
    pub name: Ident,
    /// Parameters; those without direction come from the control plane.
    pub params: Vec<Param>,
    /// What it does.
    pub body: Block,
}

/// The type of a parser, control or package.
#[derive(Clone, Debug)]
pub struct BlockType {
    /// Name.
    pub name: Ident,
    /// Type parameters.
    pub type_params: Vec<TypeParam>,
    /// Parameters: of `apply`, or of the constructor of a package.
    pub params: Vec<Param>,
}

/// A parser with its states.
#[derive(Clone, Debug)]
pub struct Parser {
    /// Name, type parameters and parameters.
    pub ty: BlockType,
    /// Constructor parameters.
    pub constructor_params: Vec<Param>,
    /// Constants, variables, instances and value sets.
    pub locals: Vec<Decl>,
    /// States.
    pub states: Vec<State>,
}

/// A state of a parser.
#[derive(Clone, Debug)]
pub struct State {
    /// Identity.
    pub id: DeclId,
    /// Annotations.
    pub annotations: Vec<Annotation>,
    /// Name.
    pub name: Ident,
    /// What it does.
    pub statements: Vec<Stmt>,
    /// Where it goes; without one to `reject`.
    pub transition: Option<Transition>,
    /// The whole.
    pub span: Span,
}

/// Where a state goes.
#[derive(Clone, Debug)]
pub struct Transition {
    /// The decision.
    pub kind: TransitionKind,
    /// The whole, from `transition` on.
    pub span: Span,
}

/// How a state decides where to go.
#[derive(Clone, Debug)]
pub enum TransitionKind {
    /// `transition name;` Names are of states, `accept` and `reject`.
    Direct(Ident),
    /// `transition select(..) { .. }`
    Select {
        /// What is looked at.
        subjects: Vec<Expr>,
        /// The cases in order; the first that matches is taken.
        cases: Vec<SelectCase>,
    },
}

/// A case of a `select`.
#[derive(Clone, Debug)]
pub struct SelectCase {
    /// The values; [`ExprKind::Tuple`](super::ExprKind::Tuple) for several subjects.
    pub keys: Expr,
    /// The state to go to.
    pub state: Ident,
    /// The whole.
    pub span: Span,
}

/// A control with its locals.
#[derive(Clone, Debug)]
pub struct Control {
    /// Name, type parameters and parameters.
    pub ty: BlockType,
    /// Constructor parameters.
    pub constructor_params: Vec<Param>,
    /// Constants, variables, instances, actions and tables.
    pub locals: Vec<Decl>,
    /// The `apply` block.
    pub apply: Block,
}

/// A struct, header or header union.
#[derive(Clone, Debug)]
pub struct Aggregate {
    /// Name.
    pub name: Ident,
    /// Type parameters.
    pub type_params: Vec<TypeParam>,
    /// Fields.
    pub fields: Vec<Field>,
}

/// A field of a struct, header or header union.
#[derive(Clone, Debug)]
pub struct Field {
    /// Identity.
    pub id: DeclId,
    /// Annotations.
    pub annotations: Vec<Annotation>,
    /// Type.
    pub ty: Type,
    /// Name.
    pub name: Ident,
    /// The whole.
    pub span: Span,
}

/// An enumeration.
#[derive(Clone, Debug)]
pub struct Enum {
    /// The type of the members' values, of a serializable enumeration.
    pub underlying: Option<Type>,
    /// Name.
    pub name: Ident,
    /// Members.
    pub members: Vec<Member>,
}

/// A member of an enumeration, of `error` or of `match_kind`.
#[derive(Clone, Debug)]
pub struct Member {
    /// Identity.
    pub id: DeclId,
    /// Name.
    pub name: Ident,
    /// Value, of a serializable enumeration.
    pub value: Option<Expr>,
}

/// `typedef` and `type`.
#[derive(Clone, Debug)]
pub struct TypeAlias {
    /// What it stands for.
    pub target: AliasTarget,
    /// The new name.
    pub name: Ident,
}

/// What a `typedef` or `type` stands for.
#[derive(Clone, Debug)]
pub enum AliasTarget {
    /// A type.
    Type(Type),
    /// A struct, header, union or enumeration that is declared in place.
    Decl(Box<Decl>),
}

/// A `value_set`: values for a parser that the control plane gives.
#[derive(Clone, Debug)]
pub struct ValueSet {
    /// Type of the elements.
    pub element: Type,
    /// How many it can hold.
    pub size: Expr,
    /// Name.
    pub name: Ident,
}
