//! States of parsers: those that nothing leads to, those that lead nowhere, and cases that cannot match.

use std::collections::HashSet;

use crate::ast::{DeclKind, ExprKind, Parser, State, TransitionKind};
use crate::check::Typed;
use crate::diagnostic::{Diagnostics, WarningKind};

pub(super) fn states(typed: &Typed<'_>, found: &mut Diagnostics) {
    for decl in &typed.program.declarations {
        if let DeclKind::Parser(parser) = &decl.kind {
            of_parser(parser, found);
        }
    }
}

/// Where a state can go.
pub(super) fn targets(state: &State) -> Vec<&str> {
    match state.transition.as_ref().map(|transition| &transition.kind) {
        None => Vec::new(),
        Some(TransitionKind::Direct(target)) => vec![target.as_str()],
        Some(TransitionKind::Select { cases, .. }) => {
            cases.iter().map(|case| case.state.as_str()).collect()
        }
    }
}

fn of_parser(parser: &Parser, found: &mut Diagnostics) {
    let mut reached: HashSet<&str> = HashSet::new();
    let mut open = vec!["start"];
    while let Some(name) = open.pop() {
        if reached.insert(name)
            && let Some(state) = parser
                .states
                .iter()
                .find(|state| state.name.as_str() == name)
        {
            open.extend(targets(state));
        }
    }
    if !reached.contains("accept") {
        found
            .warning(
                WarningKind::Unreachable.code(),
                parser.ty.name.span,
                format!("the parser `{}` never accepts a packet", parser.ty.name),
            )
            .hint = Some("no way through its states leads to `accept`".to_owned());
    }
    for state in &parser.states {
        let name = &state.name;
        if !reached.contains(name.as_str()) {
            found.warning(
                WarningKind::Unreachable.code(),
                name.span,
                format!("no way leads to the state `{name}`"),
            );
        }
        match &state.transition {
            None => {
                found
                    .warning(
                        WarningKind::ParserTransition.code(),
                        name.span,
                        format!("the state `{name}` has no transition, so it goes to `reject`"),
                    )
                    .hint = Some("write `transition reject;` if that is meant".to_owned());
            }
            Some(transition) => {
                if let TransitionKind::Select { subjects, cases } = &transition.kind {
                    let all = cases.iter().position(|case| {
                        matches!(case.keys.kind, ExprKind::Default | ExprKind::DontCare)
                    });
                    for case in all.iter().flat_map(|at| &cases[at + 1..]) {
                        found.warning(
                            WarningKind::ParserTransition.code(),
                            case.keys.span,
                            "a case before this one matches everything",
                        );
                    }
                    if let (Some(0), Some(case), Some(subject)) =
                        (all, cases.first(), subjects.first())
                    {
                        found
                            .warning(
                                WarningKind::ParserTransition.code(),
                                subject.span,
                                "whatever this is, the next state is the same",
                            )
                            .hint = Some(format!("write `transition {};`", case.state));
                    }
                }
            }
        }
    }
}
