//! Warnings: what can be compiled but is probably not what was meant. Runs over programs without errors.

mod calls;
mod flow;
mod numbers;
mod shadow;
mod states;
mod tables;
mod unused;
mod walk;

use crate::ast::{Annotation, DeclId};
use crate::check::{Node, Typed};
use crate::diagnostic::{Diagnostics, WarningKind};
use crate::source::{SourceMap, Span};

/// The warnings of a program, without those of built-in files and those that `@noWarn` switches off.
pub fn lint(typed: &Typed<'_>, sources: &SourceMap) -> Diagnostics {
    let mut found = Diagnostics::new();
    let quiet = quiet_places(typed, &mut found);
    unused::unused(typed, sources, &mut found);
    states::states(typed, &mut found);
    shadow::shadow(typed, &mut found);
    numbers::numbers(typed, &mut found);
    tables::tables(typed, &mut found);
    calls::calls(typed, &mut found);
    flow::flow(typed, &mut found);
    let is_embedded = |span: Span| {
        let file = sources.files().get(span.file.index());
        file.is_none_or(|file| file.embedded)
    };
    let mut kept = Diagnostics::new();
    for diagnostic in found {
        let is_quiet = quiet.iter().any(|(place, kind)| {
            Some(*kind) == WarningKind::of(diagnostic.code) && covers(*place, diagnostic.span)
        });
        if !is_quiet && !is_embedded(diagnostic.span) {
            kept.push(diagnostic);
        }
    }
    kept
}

fn covers(outer: Span, inner: Span) -> bool {
    outer.file == inner.file && outer.start <= inner.start && inner.end <= outer.end
}

/// What is annotated with `@noWarn("kind")`.
fn quiet_places(typed: &Typed<'_>, found: &mut Diagnostics) -> Vec<(Span, WarningKind)> {
    let mut places = Vec::new();
    for index in 0..typed.program.decl_count {
        let (annotations, span): (&[Annotation], Span) = match typed.node(DeclId(index)) {
            Some(Node::Decl(decl)) => (&decl.annotations, decl.span),
            Some(Node::Param(param)) => (&param.annotations, param.span),
            Some(Node::State(state, _)) => (&state.annotations, state.span),
            Some(Node::Field(field)) => (&field.annotations, field.span),
            Some(Node::Method(method, _)) => (&method.annotations, method.span),
            _ => continue,
        };
        for annotation in annotations {
            if annotation.name.as_str() != "noWarn" {
                continue;
            }
            let Some(name) = annotation.string() else {
                continue;
            };
            match WarningKind::from_name(name) {
                Some(kind) => places.push((span, kind)),
                None => {
                    found.warning(
                        WarningKind::Unknown.code(),
                        annotation.span,
                        format!("there are no warnings of the kind `{name}`"),
                    );
                }
            }
        }
    }
    places
}
