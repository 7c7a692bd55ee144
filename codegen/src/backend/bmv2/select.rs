//! Transitions of the parser: cases over the bytes of all keys.

use super::emitter::Emitter;
use super::expr::ones;
use super::json::{Json, object};
use super::parser::{Parser, otherwise, when};
use crate::ir::{Expr, Pattern, Scalar, SelectCase};
use crate::source::Span;
use num_bigint::BigUint;
use num_traits::{One, Zero};

/// How many cases one case of the program may become.
const MOST_CASES: usize = 1 << 12;

/// A value and which of its bits matter.
type Masked = (BigUint, BigUint);

impl<'a> Emitter<'a> {
    /// Writes a state with these operations that goes on by the first case that matches.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn select(
        &mut self,
        name: &str,
        ops: Vec<Json>,
        keys: &[Expr],
        keys_json: &[Json],
        cases: &[SelectCase],
        span: Span,
        parser: &mut Parser,
    ) {
        let mut transitions = Vec::new();
        for (at, case) in cases.iter().enumerate() {
            let next = parser.target(case.target);
            if case
                .patterns
                .iter()
                .all(|pattern| matches!(pattern, Pattern::Any))
            {
                transitions.push(otherwise(next));
                parser.push(name, ops, key_of(keys_json, &transitions), transitions);
                return;
            }
            if let Some(set) = self.whole_set(case) {
                transitions.push(object! {
                    "type": "parse_vset",
                    "value": set,
                    "mask": Json::Null,
                    "next_state": next,
                });
                continue;
            }
            if case.patterns.iter().any(is_set) {
                let rest = &cases[at..];
                let first = parser.fresh(name);
                transitions.push(otherwise(Some(first.clone())));
                parser.push(name, ops, key_of(keys_json, &transitions), transitions);
                self.mixed(&first, keys, keys_json, rest, span, parser);
                return;
            }
            let Some(masked) = alternatives(keys, &case.patterns) else {
                self.unsupported(case.span, "a case that needs so many masks");
                continue;
            };
            for values in masked {
                let (value, mask) = concatenated(keys, &values);
                transitions.push(when(value, mask, next.clone()));
            }
        }
        let no_match = self.no_match(parser);
        transitions.push(otherwise(Some(no_match)));
        parser.push(name, ops, key_of(keys_json, &transitions), transitions);
    }

    /// The value set that a case consists of.
    fn whole_set(&self, case: &SelectCase) -> Option<String> {
        let mut patterns = case.patterns.iter();
        let Some(Pattern::ValueSet(first)) = patterns.next() else {
            return None;
        };
        let set = self.program.value_sets.get(first.index())?;
        let is_whole = set.fields.len() == case.patterns.len()
            && patterns.all(|pattern| matches!(pattern, Pattern::ValueSet(id) if id == first));
        is_whole.then(|| set.control.name.clone())
    }

    /// States for a case in which a value set stands beside other patterns, and for those after it. BMv2 matches a value set
    /// with all keys of a state.
    fn mixed(
        &mut self,
        name: &str,
        keys: &[Expr],
        keys_json: &[Json],
        cases: &[SelectCase],
        span: Span,
        parser: &mut Parser,
    ) {
        let Some((case, rest)) = cases.split_first() else {
            return;
        };
        let part = |wanted: bool| {
            let chosen = (case.patterns.iter().enumerate())
                .filter(move |(_, pattern)| is_set(pattern) == wanted);
            let indexes: Vec<usize> = chosen.map(|(at, _)| at).collect();
            let part_keys: Vec<Expr> = indexes.iter().map(|at| keys[*at].clone()).collect();
            let part_json: Vec<Json> = indexes.iter().map(|at| keys_json[*at].clone()).collect();
            let patterns = indexes
                .iter()
                .map(|at| case.patterns[*at].clone())
                .collect();
            let case = SelectCase {
                patterns,
                ..case.clone()
            };
            (part_keys, part_json, case)
        };
        let (_, set_json, set_case) = part(true);
        let (other_keys, other_json, other_case) = part(false);
        let Some(set) = self.whole_set(&set_case) else {
            self.unsupported(case.span, "several value sets in one case");
            return;
        };
        let after = parser.fresh(name);
        let others = parser.fresh(name);
        let matched = object! {
            "type": "parse_vset",
            "value": set,
            "mask": Json::Null,
            "next_state": others.clone(),
        };
        let transitions = vec![matched, otherwise(Some(after.clone()))];
        parser.push(name, Vec::new(), set_json, transitions);
        let mut transitions = Vec::new();
        let next = parser.target(case.target);
        match alternatives(&other_keys, &other_case.patterns) {
            Some(masked) => {
                for values in masked {
                    let (value, mask) = concatenated(&other_keys, &values);
                    transitions.push(when(value, mask, next.clone()));
                }
            }
            None => self.unsupported(case.span, "a case that needs so many masks"),
        }
        transitions.push(otherwise(Some(after.clone())));
        parser.push(&others, Vec::new(), other_json, transitions);
        self.select(&after, Vec::new(), keys, keys_json, rest, span, parser);
    }
}

/// A state whose only case is the default needs no key.
fn key_of(keys: &[Json], transitions: &[Json]) -> Vec<Json> {
    match transitions.len() {
        0 | 1 => Vec::new(),
        _ => keys.to_vec(),
    }
}

fn is_set(pattern: &Pattern) -> bool {
    matches!(pattern, Pattern::ValueSet(_))
}

/// All ways in which the patterns match, each as values and masks; `None` if there are too many.
fn alternatives(keys: &[Expr], patterns: &[Pattern]) -> Option<Vec<Vec<Masked>>> {
    let mut all: Vec<Vec<Masked>> = vec![Vec::new()];
    for (key, pattern) in keys.iter().zip(patterns) {
        let width = key.scalar.width();
        let choices = match pattern {
            Pattern::Any => vec![(BigUint::zero(), BigUint::zero())],
            Pattern::Value(value) => vec![(value.clone(), ones(width))],
            Pattern::Mask(value, mask) => vec![(value & mask, mask.clone())],
            Pattern::Range(low, high) => range(low, high, key.scalar),
            Pattern::ValueSet(_) => return None,
        };
        if all.len() * choices.len() > MOST_CASES {
            return None;
        }
        all = (all.iter())
            .flat_map(|before| {
                choices.iter().map(move |choice| {
                    let mut values = before.clone();
                    values.push(choice.clone());
                    values
                })
            })
            .collect();
    }
    Some(all)
}

/// The masks whose values together are a range. In a signed range that goes over 0 the negative numbers are the upper half.
fn range(low: &BigUint, high: &BigUint, scalar: Scalar) -> Vec<Masked> {
    let width = scalar.width();
    if low > high && matches!(scalar, Scalar::Int(_)) {
        let mut masks = range(low, &ones(width), Scalar::Bits(width));
        masks.extend(range(&BigUint::zero(), high, Scalar::Bits(width)));
        return masks;
    }
    let mut masks = Vec::new();
    let mut from = low.clone();
    while from <= *high {
        // The largest block that begins here and is within the range.
        let mut free = from
            .trailing_zeros()
            .unwrap_or(width.into())
            .min(width.into());
        while &from + (BigUint::one() << free) > high + 1u32 {
            free -= 1;
        }
        let block = BigUint::one() << free;
        masks.push((from.clone(), ones(width) ^ (&block - 1u32)));
        from += block;
    }
    masks
}

/// Values and masks of all keys, each key in whole bytes; no mask where all bits matter.
fn concatenated(keys: &[Expr], values: &[Masked]) -> (String, Option<String>) {
    let mut value = String::from("0x");
    let mut mask = String::from("0x");
    let mut is_exact = true;
    for (key, (bits, matter)) in keys.iter().zip(values) {
        let width = key.scalar.width();
        let digits = (width.max(1).div_ceil(8) * 2) as usize;
        value.push_str(&format!("{bits:0digits$x}"));
        mask.push_str(&format!("{matter:0digits$x}"));
        is_exact &= *matter == ones(width);
    }
    (value, (!is_exact).then_some(mask))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masks(low: u32, high: u32, scalar: Scalar) -> Vec<(u32, u32)> {
        let number = |value: BigUint| value.iter_u32_digits().next().unwrap_or(0);
        range(&low.into(), &high.into(), scalar)
            .into_iter()
            .map(|(value, mask)| (number(value), number(mask)))
            .collect()
    }

    #[test]
    fn the_masks_of_a_range_match_its_values_and_no_others() {
        for scalar in [Scalar::Bits(5), Scalar::Int(5)] {
            for low in 0..32 {
                for high in 0..32 {
                    let wraps = low > high && scalar == Scalar::Int(5);
                    let masks = masks(low, high, scalar);
                    for value in 0..32 {
                        let inside = match wraps {
                            true => value >= low || value <= high,
                            false => low <= value && value <= high,
                        };
                        let matched = masks.iter().any(|(bits, mask)| value & mask == *bits);
                        assert_eq!(matched, inside, "{value} in {low}..{high}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_range_of_all_values_is_one_mask() {
        assert_eq!(masks(0, 255, Scalar::Bits(8)), [(0, 0)]);
    }
}
