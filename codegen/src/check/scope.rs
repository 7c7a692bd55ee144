//! Scopes: which declaration a name refers to.

use std::collections::HashMap;
use std::sync::Arc;

use crate::ast::DeclId;

/// Nested scopes, the innermost last. Only functions share a name, told apart by their parameters.
#[derive(Debug, Default)]
pub struct Scopes {
    levels: Vec<HashMap<Arc<str>, Vec<DeclId>>>,
}

impl Scopes {
    /// Enters a scope.
    pub fn push(&mut self) {
        self.levels.push(HashMap::new());
    }

    /// Leaves a scope.
    pub fn pop(&mut self) {
        self.levels.pop();
    }

    /// Declares a name in the innermost scope; returns what had it there before.
    pub fn declare(&mut self, name: &Arc<str>, id: DeclId) -> Option<DeclId> {
        let level = self.levels.last_mut()?;
        let ids = level.entry(name.clone()).or_default();
        let previous = ids.last().copied();
        ids.push(id);
        previous
    }

    /// What a name refers to: several only for overloaded functions.
    pub fn find(&self, name: &str, absolute: bool) -> &[DeclId] {
        let levels = if absolute {
            &self.levels[..self.levels.len().min(1)]
        } else {
            &self.levels[..]
        };
        levels
            .iter()
            .rev()
            .find_map(|level| level.get(name))
            .map_or(&[], Vec::as_slice)
    }

    /// Names that can be seen, in no particular order.
    pub fn visible(&self) -> impl Iterator<Item = &str> {
        self.levels
            .iter()
            .flat_map(|level| level.keys().map(|name| &**name))
    }
}

/// The candidate that is nearest to a misspelt name, if one is near.
pub fn nearest<'n>(name: &str, candidates: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let limit = (name.chars().count() / 3).clamp(1, 3);
    candidates
        .filter(|candidate| !candidate.is_empty() && *candidate != name)
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Edits from one word to the other: letters added, removed, replaced, and neighbours swapped.
fn distance(a: &str, b: &str) -> usize {
    let letters = |word: &str| -> Vec<char> { word.to_lowercase().chars().collect() };
    let (a, b) = (letters(a), letters(b));
    // The last two rows of the table of distances between beginnings of the words.
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut least = (row[j] + usize::from(x != y))
                .min(row[j + 1] + 1)
                .min(next[j] + 1);
            let swapped = i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y;
            if swapped {
                least = least.min(before[j - 1] + 1);
            }
            next.push(least);
        }
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_but_not_any_name() {
        let names = ["ethernet", "ipv4", "tcp"];
        assert_eq!(nearest("ethrenet", names.into_iter()), Some("ethernet"));
        assert_eq!(nearest("ipv6", names.into_iter()), Some("ipv4"));
        assert_eq!(nearest("payload", names.into_iter()), None);
        assert_eq!(nearest("tpc", names.into_iter()), Some("tcp"));
    }
}
