//! Rust names for what a P4 program names.

use crate::ir::{HeaderId, Program, StackId, VariableId};
use proc_macro2::{Ident, Span};
use quote::format_ident;
use std::collections::{BTreeMap, BTreeSet};

/// Names that the generated function itself uses, and names that mean something else in a pattern or a path.
const RESERVED: [&str; 46] = [
    "at",
    "base",
    "bit",
    "bits",
    "bytes",
    "cell",
    "clone_to",
    "computed",
    "copy",
    "data",
    "emitted",
    "end",
    "error",
    "field_list",
    "first",
    "found",
    "group",
    "head",
    "holds",
    "ingress",
    "kept",
    "leave_by",
    "length",
    "list",
    "measured",
    "message",
    "most",
    "now",
    "original",
    "packet",
    "pass",
    "port",
    "preserved",
    "queue",
    "recirculate_with",
    "replica",
    "rest",
    "resubmit_with",
    "session",
    "stage",
    "start",
    "state",
    "value",
    "variable",
    "worker",
    "writer",
];

/// What the locals for an action's arguments begin with.
const ARGUMENT: &str = "argument_";

/// What the names begin with that patterns of a select give its keys.
const KEY: &str = "key_";

/// The name of a select's key in its patterns.
pub(super) fn key(index: usize) -> Ident {
    format_ident!("{KEY}{index}")
}

/// The local for an action's argument, by the parameter's name.
pub(super) fn argument(name: &str) -> String {
    format!("{ARGUMENT}{}", snake(name))
}

/// Types and their variants that generated code calls by these names; nothing of a program may hide them.
const STANDARD: [&str; 18] = [
    "Action", "AsMut", "AsRef", "Default", "Entry", "Err", "FnMut", "Key", "None", "Ok", "Option",
    "Pass", "Result", "Some", "Stage", "State", "TryFrom", "Vec",
];

/// Gives names out once each.
pub(super) struct Unique {
    taken: BTreeSet<String>,
    /// What stands before a number.
    separator: &'static str,
}

impl Unique {
    /// Of things that are no types, beside names that are taken.
    pub(super) fn beside(taken: &[&str]) -> Self {
        Unique {
            taken: taken.iter().map(|&name| name.to_owned()).collect(),
            separator: "_",
        }
    }

    /// Of types.
    pub(super) fn types() -> Self {
        Unique {
            separator: "",
            ..Unique::beside(&STANDARD)
        }
    }

    /// Of an enum's variants.
    pub(super) fn variants() -> Self {
        Unique {
            separator: "",
            ..Unique::beside(&[])
        }
    }

    /// The wanted name; where that is taken, with `suffix` behind it, else with a number.
    pub(super) fn of(&mut self, wanted: &str, suffix: &str) -> Ident {
        let separator = self.separator;
        let numbered = (2..).map(|number| format!("{wanted}{suffix}{separator}{number}"));
        let other = format!("{wanted}{suffix}");
        let mut names = [wanted.to_owned(), other].into_iter().chain(numbered);
        let free = names.find(|name| !self.taken.contains(name));
        let name = free.unwrap_or_default();
        let named = ident(&name);
        self.taken.insert(name);
        named
    }
}

/// The name of a program's pipeline.
pub(super) fn pipeline(program: &str) -> Ident {
    Unique::types().of(&camel(program), "Pipeline")
}

/// `snake_case` of a P4 name; anything that is not a letter or a digit becomes `_`.
pub(super) fn snake(name: &str) -> String {
    let mut snake = String::new();
    let mut previous_is_lower = false;
    for character in name.chars() {
        if character.is_ascii_alphanumeric() {
            if character.is_ascii_uppercase() && previous_is_lower {
                snake.push('_');
            }
            previous_is_lower = character.is_ascii_lowercase() || character.is_ascii_digit();
            snake.push(character.to_ascii_lowercase());
        } else {
            previous_is_lower = false;
            if !snake.is_empty() && !snake.ends_with('_') {
                snake.push('_');
            }
        }
    }
    let snake = snake.trim_end_matches('_').to_owned();
    match snake.chars().next() {
        None => "unnamed".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("n{snake}"),
        Some(_) => snake,
    }
}

/// `CamelCase` of a P4 name.
pub(super) fn camel(name: &str) -> String {
    let capitalised = |word: &str| {
        let mut characters = word.chars();
        characters.next().map_or(String::new(), |first| {
            first.to_ascii_uppercase().to_string() + characters.as_str()
        })
    };
    let camel: String = snake(name).split('_').map(capitalised).collect();
    match camel.chars().next() {
        Some(first) if first.is_ascii_alphabetic() => camel,
        _ => format!("N{camel}"),
    }
}

/// `SCREAMING_CASE` of a P4 name.
pub(super) fn screaming(name: &str) -> String {
    snake(name).to_ascii_uppercase()
}

/// An identifier, raw or with `_` behind it where Rust has the word for itself.
pub(super) fn ident(name: &str) -> Ident {
    if syn::parse_str::<Ident>(name).is_ok() {
        return Ident::new(name, Span::call_site());
    }
    match name {
        "self" | "Self" | "super" | "crate" | "_" => format_ident!("{name}_"),
        _ => Ident::new_raw(name, Span::call_site()),
    }
}

/// A header type's name without what marks it as a type.
pub(super) fn without_type_suffix(name: &str) -> &str {
    name.strip_suffix("_t")
        .or_else(|| name.strip_suffix("_h"))
        .unwrap_or(name)
}

/// The locals of the generated function.
pub(super) struct Locals {
    variables: Vec<Ident>,
    headers: Vec<HeaderLocals>,
    stacks: Vec<Ident>,
}

/// The locals of one header instance.
pub(super) struct HeaderLocals {
    /// Whether it is valid.
    pub(super) valid: Ident,
    /// Where in the packet it was found.
    pub(super) offset: Ident,
    /// Its bytes as they came.
    pub(super) bytes: Ident,
    /// One per field; for a varbit field the range of bytes in the packet.
    pub(super) fields: Vec<Ident>,
}

impl Locals {
    /// Names everything that `program` keeps in locals, by the shortest suffixes of their paths that tell them apart.
    pub(super) fn new(program: &Program) -> Self {
        let mut taken: BTreeSet<String> = RESERVED.iter().map(|&name| name.to_owned()).collect();
        let header_names = short_names(program.headers.iter().map(|header| header.name.as_str()));
        let variable_names = short_names(
            program
                .variables
                .iter()
                .map(|variable| variable.name.as_str()),
        );
        let mut unique = |name: String| {
            let is_free = syn::parse_str::<Ident>(&name).is_ok()
                && ![ARGUMENT, KEY]
                    .iter()
                    .any(|prefix| name.starts_with(prefix));
            let name = if is_free { name } else { format!("own_{name}") };
            let mut candidate = name.clone();
            let mut count = 2;
            while taken.contains(&candidate) {
                candidate = format!("{name}_{count}");
                count += 1;
            }
            taken.insert(candidate.clone());
            Ident::new(&candidate, Span::call_site())
        };
        let headers = (program.headers.iter().zip(&header_names))
            .map(|(header, name)| HeaderLocals {
                valid: unique(format!("{name}_is_valid")),
                offset: unique(format!("{name}_at")),
                bytes: unique(format!("{name}_bytes")),
                fields: (program.header_types[header.header_type.index()]
                    .fields
                    .iter())
                .map(|field| unique(format!("{name}_{}", snake(&field.name))))
                .collect(),
            })
            .collect();
        let variables = variable_names.into_iter().map(&mut unique).collect();
        let stack_names = short_names(program.stacks.iter().map(|stack| stack.name.as_str()));
        let stacks = stack_names
            .into_iter()
            .map(|name| unique(format!("{name}_next")));
        let stacks = stacks.collect();
        Locals {
            variables,
            headers,
            stacks,
        }
    }

    /// A variable's local.
    pub(super) fn variable(&self, id: VariableId) -> &Ident {
        &self.variables[id.index()]
    }

    /// The number of the element of a stack that is extracted next.
    pub(super) fn next(&self, id: StackId) -> &Ident {
        &self.stacks[id.index()]
    }

    /// A header's locals.
    pub(super) fn header(&self, id: HeaderId) -> &HeaderLocals {
        &self.headers[id.index()]
    }
}

/// For each path the shortest suffix, in whole components, that no other path has.
fn short_names<'a>(paths: impl Iterator<Item = &'a str> + Clone) -> Vec<String> {
    let suffixes = |path: &'a str| {
        path.rmatch_indices('.')
            .map(move |(at, _)| &path[at + 1..])
            .chain([path])
    };
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for path in paths.clone() {
        for suffix in suffixes(path) {
            *counts.entry(suffix).or_default() += 1;
        }
    }
    paths
        .map(|path| {
            snake(
                suffixes(path)
                    .find(|suffix| counts.get(suffix) == Some(&1))
                    .unwrap_or(path),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases() {
        assert_eq!(snake("ParserInvalidArgument"), "parser_invalid_argument");
        assert_eq!(snake("headers.ip.ipv4[0]"), "headers_ip_ipv4_0");
        assert_eq!(snake("0x"), "n0x");
        assert_eq!(camel("served_by_state"), "ServedByState");
        assert_eq!(camel("in_map"), "InMap");
        assert_eq!(camel("IPv4"), "Ipv4");
        assert_eq!(screaming("PROBE_T_BYTES"), "PROBE_T_BYTES");
        assert_eq!(ident("type").to_string(), "r#type");
        assert_eq!(ident("self").to_string(), "self_");
    }

    #[test]
    fn names_are_given_out_once() {
        let mut types = Unique::types();
        let given = ["Option", "Option", "Tag", "Tag"].map(|name| types.of(name, "Header"));
        assert_eq!(
            given.map(|name| name.to_string()),
            ["OptionHeader", "OptionHeader2", "Tag", "TagHeader"]
        );
        let mut fields = Unique::beside(&[]);
        let given = ["a_b", "a_b", "type", "self"].map(|name| fields.of(name, ""));
        assert_eq!(
            given.map(|name| name.to_string()),
            ["a_b", "a_b_2", "r#type", "self_"]
        );
        assert_eq!(pipeline("result").to_string(), "ResultPipeline");
    }

    #[test]
    fn short_names_tell_paths_apart() {
        let names = short_names(["meta.flow.src", "meta.arp.src", "meta.port"].into_iter());
        assert_eq!(names, ["flow_src", "arp_src", "port"]);
    }
}
