//! Names and types: finds what every name refers to and which type every expression has, and reports what is wrong.

mod annotation;
mod argument;
mod builtin;
mod call;
pub mod codes;
mod coerce;
mod decl;
mod entries;
mod eval;
mod expr;
mod instance;
mod member;
mod nodes;
mod operator;
mod resolve;
mod same;
pub(crate) mod scope;
mod select;
mod signature;
mod stmt;
mod table;
mod typed;
mod types;
mod well_formed;

pub use eval::{Environment, NoValue, no_environment, to_bits, wrap};
pub use nodes::Node;
pub use typed::{Bound, Builtin, Call, Callee, Typed, Value};
pub use types::{Type, Types, instantiate};

use num_bigint::BigInt;

use crate::ast::{self, DeclId, Expr, Ident};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::Span;
use scope::Scopes;

/// Checks a program. What is returned is complete only if there are no errors.
pub fn check(program: &ast::Program) -> (Typed<'_>, Diagnostics) {
    let mut checker = Checker {
        typed: Typed::new(program),
        diagnostics: Diagnostics::new(),
        scopes: Scopes::default(),
        variables: Vec::new(),
        context: Context::default(),
        constructor_params: 0,
        open_extern: None,
        in_instance: false,
        subject_of_switch: false,
        wraps: false,
    };
    checker.program();
    (checker.typed, checker.diagnostics)
}

/// Where statements stand, for what is allowed there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Site {
    /// No statements at all.
    #[default]
    Declarations,
    /// A state of a parser.
    Parser,
    /// The `apply` block of a control.
    Apply,
    /// An action.
    Action,
    /// A function or method with a body.
    Function,
}

/// What surrounds the statements that are being checked.
#[derive(Clone, Debug, Default)]
struct Context {
    site: Site,
    /// What `return` must give; `None` where it gives nothing.
    result: Option<Type>,
    loops: u32,
}

struct Checker<'a> {
    typed: Typed<'a>,
    diagnostics: Diagnostics,
    scopes: Scopes,
    /// Type arguments that are being inferred.
    variables: Vec<Option<Type>>,
    context: Context,
    /// How many constructor parameters may be seen; their values are not known here.
    constructor_params: usize,
    /// The extern whose methods are being checked: they do not name its type.
    open_extern: Option<DeclId>,
    /// Whether the body of an instance is being checked, where `this` has a meaning.
    in_instance: bool,
    /// Whether the expression is the subject of a `switch`, where `action_run` has a meaning.
    subject_of_switch: bool,
    /// Whether the expression is cast to a number of some width, so that values of type `int` in it need not be known.
    wraps: bool,
}

impl<'a> Checker<'a> {
    fn error(&mut self, code: Code, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.diagnostics.error(code, span, message)
    }

    fn show(&self, ty: &Type) -> String {
        self.typed.show(&self.resolved(ty))
    }

    /// Declares a name in the innermost scope, and reports it if it is there already.
    fn declare(&mut self, ident: &Ident, id: DeclId) {
        self.no_shadowed_parameter(ident, id);
        let Some(previous) = self.scopes.declare(&ident.name, id) else {
            return;
        };
        if self.is_function(id) && self.is_function(previous) {
            return;
        }
        if self.differ_in_construction(id, previous) {
            return;
        }
        let before = self.typed.node(previous).and_then(|node| node.ident());
        let diagnostic = self.diagnostics.error(
            codes::DUPLICATE_NAME,
            ident.span,
            format!("`{ident}` is declared twice"),
        );
        if let Some(before) = before {
            diagnostic.labels.push(crate::diagnostic::Label {
                span: before.span,
                message: "first declared here".to_owned(),
            });
        }
    }

    /// A variable, constant or object must not hide a parameter of what it is declared in.
    fn no_shadowed_parameter(&mut self, ident: &Ident, id: DeclId) {
        let hides = self.typed.decl(id).is_some_and(|decl| {
            matches!(
                decl.kind,
                ast::DeclKind::Variable(_) | ast::DeclKind::Const(_) | ast::DeclKind::Instance(_)
            )
        });
        let hidden = self.scopes.find(ident.as_str(), false).first().copied();
        let hides = hides && self.context.site != Site::Declarations;
        let Some(Node::Param(param)) = hidden.filter(|_| hides).and_then(|id| self.typed.node(id))
        else {
            return;
        };
        let span = param.name.span;
        self.error(
            codes::SHADOWED_PARAMETER,
            ident.span,
            format!("`{ident}` hides a parameter of this name"),
        )
        .note(span, "the parameter");
    }

    /// Whether two parsers or two controls are told apart by the names of their constructor parameters.
    fn differ_in_construction(&self, a: DeclId, b: DeclId) -> bool {
        let names = |params: &'a [ast::Param]| params.iter().map(|param| &param.name.name);
        match (self.constructor_params_of(a), self.constructor_params_of(b)) {
            (Some(a), Some(b)) => !names(a).eq(names(b)),
            _ => false,
        }
    }

    /// The constructor parameters of a parser, control or package.
    fn constructor_params_of(&self, id: DeclId) -> Option<&'a [ast::Param]> {
        match &self.typed.decl(id)?.kind {
            ast::DeclKind::Parser(parser) => Some(&parser.constructor_params),
            ast::DeclKind::Control(control) => Some(&control.constructor_params),
            ast::DeclKind::Package(package) => Some(&package.params),
            _ => None,
        }
    }

    fn is_function(&self, id: DeclId) -> bool {
        self.typed.decl(id).is_some_and(|decl| {
            matches!(
                decl.kind,
                ast::DeclKind::ExternFunction(_)
                    | ast::DeclKind::Function(_)
                    | ast::DeclKind::Extern(_)
                    | ast::DeclKind::Package(_)
            )
        })
    }

    /// Declarations that a name refers to; reports a name that nothing has.
    fn lookup(&mut self, path: &ast::Path) -> Vec<DeclId> {
        let found = self.scopes.find(path.name.as_str(), path.absolute);
        if !found.is_empty() {
            return found.to_vec();
        }
        let name = path.name.as_str();
        if let Some(&kind) = self.typed.match_kinds.get(name) {
            return vec![kind];
        }
        // At the top level everything is known by name in the end: what is not in scope yet comes later.
        let later = self
            .typed
            .program
            .declarations
            .iter()
            .find(|decl| decl.name().is_some_and(|other| other.as_str() == name));
        if let Some(later) = later {
            let span = later.name().map_or(later.span, |ident| ident.span);
            self.error(
                codes::USED_TOO_EARLY,
                path.span,
                format!("`{name}` is used before its declaration"),
            )
            .note(span, "declared here");
            return Vec::new();
        }
        let near = scope::nearest(name, self.scopes.visible()).map(str::to_owned);
        let diagnostic = self.error(
            codes::UNKNOWN_NAME,
            path.span,
            format!("nothing is named `{name}` here"),
        );
        diagnostic.hint = near.map(|near| format!("did you mean `{near}`?"));
        Vec::new()
    }

    /// The value of an expression that must be an integer known at compile time; reports it otherwise.
    fn constant_int(&mut self, expr: &Expr, what: &str) -> Option<BigInt> {
        match self.constant(expr, what)? {
            Value::Int(value) => Some(value),
            _ => {
                let ty = self.show(&self.typed.ty(expr).clone());
                if *self.typed.ty(expr) != Type::Unknown {
                    self.error(
                        codes::TYPE_MISMATCH,
                        expr.span,
                        format!("{what} must be an integer, but this has type `{ty}`"),
                    );
                }
                None
            }
        }
    }

    /// The value of an expression that must be known at compile time; reports it otherwise.
    fn constant(&mut self, expr: &Expr, what: &str) -> Option<Value> {
        match self.typed.eval(expr, &no_environment) {
            Ok(value) => Some(value),
            Err(reason) => {
                self.report_no_value(reason, what);
                None
            }
        }
    }

    fn report_no_value(&mut self, reason: NoValue, what: &str) {
        match reason {
            NoValue::NotConstant(span) => self.error(
                codes::NOT_CONSTANT,
                span,
                format!("{what} must be known at compile time"),
            ),
            NoValue::DivisionByZero(span) => {
                self.error(codes::DIVISION_BY_ZERO, span, "division by zero")
            }
            NoValue::NegativeDivision(span) => self.error(
                codes::NEGATIVE,
                span,
                "division is not defined for negative numbers",
            ),
            NoValue::NegativeShift(span) => {
                self.error(codes::NEGATIVE, span, "a shift by a negative number")
            }
            NoValue::TooLarge(span) => {
                self.error(codes::TOO_LARGE, span, "the number is too large")
            }
            NoValue::Reported => return,
        };
    }
}
