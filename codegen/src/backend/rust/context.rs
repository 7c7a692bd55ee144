//! What all parts of the generator share while it writes one function.

use super::members::Names;
use super::names::Locals;
use super::usage::Usage;
use crate::backend::p4info::Symbols;
use crate::diagnostic::{Code, Diagnostics};
use crate::ir::{HeaderId, HeaderType, Program, StandardField, VariableId};
use crate::source::Span;
use proc_macro2::TokenStream;
use quote::quote;
use std::cell::{Cell, RefCell};

/// A part of the language that this back end cannot do.
pub const UNSUPPORTED: Code = Code("E0760");

/// The program and what is known of it.
pub(super) struct Context<'a> {
    pub(super) program: &'a Program,
    pub(super) symbols: &'a Symbols,
    pub(super) usage: &'a Usage,
    pub(super) locals: &'a Locals,
    pub(super) names: Names,
    diagnostics: RefCell<Diagnostics>,
    labels: Cell<u32>,
}

impl<'a> Context<'a> {
    pub(super) fn new(
        program: &'a Program,
        symbols: &'a Symbols,
        usage: &'a Usage,
        locals: &'a Locals,
    ) -> Self {
        Context {
            program,
            symbols,
            usage,
            locals,
            names: Names::new(symbols),
            diagnostics: RefCell::new(Diagnostics::new()),
            labels: Cell::new(0),
        }
    }

    /// Reports what this back end cannot do; what is generated instead never runs.
    pub(super) fn unsupported(&self, span: Span, what: &str) -> TokenStream {
        let message = format!("{what} is not supported by the Rust back end");
        self.diagnostics
            .borrow_mut()
            .error(UNSUPPORTED, span, message);
        quote!(Default::default())
    }

    /// What was reported.
    pub(super) fn into_diagnostics(self) -> Diagnostics {
        self.diagnostics.into_inner()
    }

    /// A number that no other label has.
    pub(super) fn fresh_label(&self) -> u32 {
        self.labels.set(self.labels.get() + 1);
        self.labels.get()
    }

    /// A header's type.
    pub(super) fn header_type(&self, header: HeaderId) -> &'a HeaderType {
        let header = &self.program.headers[header.index()];
        &self.program.header_types[header.header_type.index()]
    }

    /// The variable that is a field of the standard metadata, if the program uses it.
    pub(super) fn standard(&self, field: StandardField) -> Option<VariableId> {
        let scope = crate::ir::Scope::Standard(field);
        let found = self
            .program
            .variables
            .iter()
            .position(|variable| variable.scope == scope);
        let id = VariableId(found? as u32);
        self.usage.variables.contains(&id).then_some(id)
    }

    /// The value of an error by name; 0 if there is none of that name.
    pub(super) fn error(&self, name: &str) -> u32 {
        (self.program.errors.iter())
            .position(|error| error.name == name)
            .unwrap_or(0) as u32
    }
}

/// What surrounds the statement or expression that is written.
#[derive(Clone, Copy)]
pub(super) struct Frame<'a> {
    /// The locals that hold the action's arguments.
    pub(super) arguments: &'a [TokenStream],
    /// What `exit` leaves.
    pub(super) exit: &'a str,
    /// What `return` leaves.
    pub(super) scope: Option<&'a str>,
    /// The number in the labels of the innermost loop.
    pub(super) looping: Option<u32>,
}

impl Context<'_> {
    /// Whether generated code must remember where a header was found: its written fields are written back there.
    pub(super) fn needs_offset(&self, header: HeaderId) -> bool {
        let in_place = self.usage.deparse == super::usage::Deparse::InPlace || self.notes_moves();
        in_place && self.is_written(header)
    }

    /// Whether generated code must remember the bytes of a header as they were found.
    pub(super) fn needs_bytes(&self, header: HeaderId) -> bool {
        let has_any = self.header_type(header).fixed_width() > 0;
        super::data::reads_bytes(self, header) || has_any && self.usage.kept.contains(&header)
    }

    /// A field where it was found, if it is read there.
    pub(super) fn lazy(&self, header: HeaderId, field: usize) -> Option<super::code::Code> {
        if !self.usage.is_lazy(header, field) {
            return None;
        }
        let places = super::layout::places(self.header_type(header));
        let place = places.into_iter().find(|place| place.field == field)?;
        super::layout::load(&self.locals.header(header).bytes, place)
    }

    /// Whether generated code must remember that a header has become valid or invalid.
    pub(super) fn notes_moves(&self) -> bool {
        self.usage.deparse == super::usage::Deparse::Rebuild { until_moved: true }
            && !self.usage.queues()
    }

    /// Whether a field of the header is written otherwise than by extraction.
    pub(super) fn is_written(&self, header: HeaderId) -> bool {
        self.usage
            .written
            .range((header, 0)..=(header, usize::MAX))
            .next()
            .is_some()
    }
}
