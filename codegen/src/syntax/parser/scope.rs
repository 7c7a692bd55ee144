//! Which names are types, where the parser is.

use std::collections::HashMap;
use std::sync::Arc;

use crate::ast::Ident;

/// What a name stands for, as far as the grammar cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NameKind {
    Type,
    Value,
}

/// Nested scopes of names.
#[derive(Default)]
pub(super) struct Scopes {
    /// For each name what it stands for, the innermost last, with the depth of its scope.
    names: HashMap<Arc<str>, Vec<(usize, NameKind)>>,
    /// The names declared in each open scope but the outermost.
    open: Vec<Vec<Arc<str>>>,
}

impl Scopes {
    pub(super) fn enter(&mut self) {
        self.open.push(Vec::new());
    }

    pub(super) fn leave(&mut self) {
        for name in self.open.pop().unwrap_or_default() {
            if let Some(kinds) = self.names.get_mut(&name) {
                kinds.pop();
            }
        }
    }

    pub(super) fn declare(&mut self, name: &Ident, kind: NameKind) {
        let depth = self.open.len();
        let kinds = self.names.entry(name.name.clone()).or_default();
        match kinds.last_mut() {
            Some(innermost) if innermost.0 == depth => innermost.1 = kind,
            _ => {
                kinds.push((depth, kind));
                if let Some(scope) = self.open.last_mut() {
                    scope.push(name.name.clone());
                }
            }
        }
    }

    /// What a name stands for here.
    pub(super) fn kind(&self, name: &str) -> Option<NameKind> {
        Some(self.names.get(name)?.last()?.1)
    }

    /// What a name stands for at the top level.
    pub(super) fn global_kind(&self, name: &str) -> Option<NameKind> {
        match self.names.get(name)?.first()? {
            (0, kind) => Some(*kind),
            _ => None,
        }
    }
}
