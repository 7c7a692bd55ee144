//! A P4-16 compiler as a library: source text in, diagnostics and generated code out.
//!
//! But for [`build_script`] the library does no file access of its own: every file comes through the [`source::Loader`]
//! that the caller hands to the [`source::SourceMap`].

pub mod ast;
pub mod backend;
pub mod build_script;
pub mod check;
pub mod diagnostic;
mod driver;
mod header;
pub mod ir;
mod lint;
pub mod lower;
pub mod rust_headers;
pub mod source;
mod syntax;

pub use driver::{Goal, Outcome, Outcomes, compile, compile_for};
pub use header::{Header, HeaderField, HeaderOutcome, header};
pub use syntax::{PreprocessorOptions, parse};
