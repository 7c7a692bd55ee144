//! Declarations that nothing refers to, and uses of what is deprecated.

use std::collections::HashSet;

use super::walk::Visit;
use crate::ast::{AnnotationBody, Decl, DeclId, DeclKind, ExprId};
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
    let top: HashSet<DeclId> = typed
        .program
        .declarations
        .iter()
        .map(|decl| decl.id)
        .collect();
    let root = sources.files().first().map(|file| file.path.as_path());
    for index in 0..typed.program.decl_count {
        let id = DeclId(index);
        let Some(Node::Decl(decl)) = typed.node(id) else {
            continue;
        };
        let Some(name) = decl.name() else { continue };
        if uses.used.contains(&id) || name.as_str() == "main" || name.as_str().starts_with('_') {
            continue;
        }
        let what = match &decl.kind {
            DeclKind::Variable(_) => "variable",
            DeclKind::Action(_) => "action",
            DeclKind::Table(_) => "table",
            DeclKind::Instance(_) => "instance",
            DeclKind::ValueSet(_) => "value set",
            DeclKind::Const(_) => "constant",
            DeclKind::Function(_) => "function",
            DeclKind::Control(_) => "control",
            DeclKind::Parser(_) => "parser",
            _ => continue,
        };
        // What an included file offers at the top level need not all be used, nor what there is in a program
        // without `main`.
        let is_top = top.contains(&id);
        // Definitions of abstract methods are for the architecture to call.
        if !is_top && matches!(decl.kind, DeclKind::Function(_)) {
            continue;
        }
        if is_top {
            let path = sources
                .files()
                .get(name.span.file.index())
                .map(|file| file.path.as_path());
            if path != root || !has_main(typed) || matches!(decl.kind, DeclKind::Const(_)) {
                continue;
            }
        }
        found.warning(
            WarningKind::Unused.code(),
            name.span,
            format!("the {what} `{name}` is unused"),
        );
    }
}

fn has_main(typed: &Typed<'_>) -> bool {
    typed
        .program
        .declarations
        .iter()
        .any(|decl| decl.name().is_some_and(|name| name.as_str() == "main"))
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
