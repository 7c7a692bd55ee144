//! Declarations that nothing refers to, and uses of what is deprecated.

use std::collections::HashSet;

use super::walk::Visit;
use crate::ast::{AnnotationBody, Decl, DeclId, DeclKind, ExprId, Ident};
use crate::check::{Callee, Node, Type, Typed};
use crate::diagnostic::{Diagnostics, WarningKind};
use crate::source::{SourceMap, Span};

pub(super) fn unused(typed: &Typed<'_>, sources: &SourceMap, found: &mut Diagnostics) {
    let mut uses = Uses {
        typed,
        used: HashSet::new(),
        places: Vec::new(),
    };
    for decl in &typed.program.declarations {
        uses.collect(decl);
    }
    for (id, span) in &uses.places {
        deprecated(typed, *id, *span, found);
    }
    uses.used.extend(typed.referred());
    let is_top: HashSet<DeclId> = (typed.program.declarations.iter())
        .map(|decl| decl.id)
        .collect();
    let root = sources.files().first().map(|file| file.path.as_path());
    for index in 0..typed.program.decl_count {
        let id = DeclId(index);
        let Some((what, name)) = declared(typed, id, is_top.contains(&id)) else {
            continue;
        };
        if uses.used.contains(&id) || name.as_str() == "main" || name.as_str().starts_with('_') {
            continue;
        }
        // What an included file offers need not all be used.
        let path = (sources.files().get(name.span.file.index())).map(|file| file.path.as_path());
        let is_offered = is_top.contains(&id) || what == "type parameter";
        if is_offered && path != root {
            continue;
        }
        found.warning(
            WarningKind::Unused.code(),
            name.span,
            format!("the {what} `{name}` is unused"),
        );
    }
    unused_data(typed, &uses.used, found);
}

/// What an id names, if it is something that is there to be used.
fn declared<'t>(typed: &Typed<'t>, id: DeclId, is_top: bool) -> Option<(&'static str, &'t Ident)> {
    let node = typed.node(id)?;
    let what = match node {
        Node::TypeParam(_) => "type parameter",
        Node::Decl(decl) => match &decl.kind {
            DeclKind::Variable(_) => "variable",
            DeclKind::Action(_) => "action",
            DeclKind::Table(_) => "table",
            DeclKind::Instance(_) => "instance",
            DeclKind::ValueSet(_) => "value set",
            DeclKind::Const(_) => "constant",
            // Definitions of abstract methods are for the architecture to call.
            DeclKind::Function(_) if is_top => "function",
            DeclKind::Control(_) => "control",
            DeclKind::Parser(_) => "parser",
            DeclKind::Package(_) => "package",
            DeclKind::Typedef(_) => "typedef",
            _ => return None,
        },
        _ => return None,
    };
    Some((what, node.ident()?))
}

/// Parameters of actions that the action does nothing with.
fn unused_data(typed: &Typed<'_>, used: &HashSet<DeclId>, found: &mut Diagnostics) {
    for index in 0..typed.program.decl_count {
        let Some(decl) = typed.decl(DeclId(index)) else {
            continue;
        };
        let DeclKind::Action(action) = &decl.kind else {
            continue;
        };
        for param in &action.params {
            let name = &param.name;
            if !used.contains(&param.id) && !name.as_str().starts_with('_') {
                found
                    .warning(
                        WarningKind::Unused.code(),
                        name.span,
                        format!("the action's parameter `{name}` is unused"),
                    )
                    .hint = Some(format!("name it `_{name}` if that is meant"));
            }
        }
    }
}

struct Uses<'t> {
    typed: &'t Typed<'t>,
    used: HashSet<DeclId>,
    places: Vec<(DeclId, Span)>,
}

impl Uses<'_> {
    fn collect(&mut self, decl: &Decl) {
        let typed = self.typed;
        let mut met: Vec<(ExprId, Span)> = Vec::new();
        let mut listed: Vec<(ExprId, Span)> = Vec::new();
        Visit {
            expr: &mut |expr| met.push((expr.id, expr.span)),
            action: &mut |action| listed.push((action.id, action.span)),
        }
        .decl(decl);
        for (id, span) in met {
            if let Some(decl) = typed.reference(id) {
                self.used(decl, span);
            }
            if let Some(Callee::DirectBlock(block)) = typed.call(id).and_then(|call| call.callee) {
                self.used(block, span);
            }
            self.used_type(typed.type_of(id), span);
        }
        for (id, span) in listed {
            if let Some(action) = typed.reference(id) {
                self.used(action, span);
            }
        }
        self.instances(decl);
    }

    /// What instances are instances of.
    fn instances(&mut self, decl: &Decl) {
        let locals: &[Decl] = match &decl.kind {
            DeclKind::Parser(parser) => &parser.locals,
            DeclKind::Control(control) => &control.locals,
            _ => &[],
        };
        for decl in std::iter::once(decl).chain(locals) {
            if let (DeclKind::Instance(instance), Some(ty)) =
                (&decl.kind, self.typed.decl_type(decl.id))
            {
                self.used_type(&ty.clone(), instance.ty.span);
                if let Type::Extern(id, _) = ty {
                    self.places.push((*id, instance.ty.span));
                }
            }
        }
    }

    fn used(&mut self, id: DeclId, span: Span) {
        self.used.insert(id);
        self.places.push((id, span));
    }

    fn used_type(&mut self, ty: &Type, span: Span) {
        match ty {
            Type::Control(id, _) | Type::Parser(id, _) => self.used(*id, span),
            Type::Stack(inner, _) | Type::Type(inner) => self.used_type(inner, span),
            _ => {}
        }
    }
}

fn deprecated(typed: &Typed<'_>, id: DeclId, span: Span, found: &mut Diagnostics) {
    let annotations = match typed.node(id) {
        Some(Node::Decl(decl)) => &decl.annotations,
        _ => return,
    };
    let Some(annotation) = annotations
        .iter()
        .find(|annotation| annotation.name.as_str() == "deprecated")
    else {
        return;
    };
    let text: String = match &annotation.body {
        AnnotationBody::Unstructured(tokens) => tokens
            .iter()
            .filter(|token| &*token.text != "++")
            .map(|token| &*token.text)
            .collect(),
        _ => String::new(),
    };
    let name = typed.name(id);
    found.warning(
        WarningKind::Deprecated.code(),
        span,
        format!("`{name}` is deprecated: {text}"),
    );
}
