//! The codes of the diagnostics of preprocessor, lexer and parser.

use crate::diagnostic::Code;

/// A file cannot be read.
pub(crate) const FILE: Code = Code("E0101");
/// Files include one another without end.
pub(crate) const INCLUDE_DEPTH: Code = Code("E0102");
/// A directive that does not exist or is badly formed.
pub(crate) const DIRECTIVE: Code = Code("E0103");
/// `#if` without `#endif`, or the reverse.
pub(crate) const CONDITIONAL: Code = Code("E0104");
/// The expression of an `#if` is badly formed.
pub(crate) const CONDITION: Code = Code("E0105");
/// An `#error` directive.
pub(crate) const USER_ERROR: Code = Code("E0106");
/// The use of a macro does not fit its definition.
pub(crate) const MACRO_USE: Code = Code("E0107");
/// The program grows without bounds while macros and includes are expanded.
pub(crate) const EXPANSION_LIMIT: Code = Code("E0108");
/// A macro is defined twice, differently.
pub(crate) const MACRO_REDEFINED: Code = Code("W0109");
/// A Rust file that cannot be turned into P4 declarations.
pub(crate) const RUST_INCLUDE: Code = Code("E0110");
/// A character that begins no token.
pub(crate) const CHARACTER: Code = Code("E0120");
/// A comment or string without an end.
pub(crate) const UNTERMINATED: Code = Code("E0121");
/// An integer literal that is badly formed.
pub(crate) const INTEGER: Code = Code("E0122");

/// A token other than the one that has to be here.
pub(crate) const UNEXPECTED: Code = Code("E0201");
/// A semicolon is missing.
pub(crate) const SEMICOLON: Code = Code("E0202");
/// An opening bracket without its closing one.
pub(crate) const UNCLOSED: Code = Code("E0203");
/// A name is missing.
pub(crate) const NAME: Code = Code("E0204");
/// An expression is missing.
pub(crate) const EXPRESSION: Code = Code("E0205");
/// A type is missing.
pub(crate) const TYPE: Code = Code("E0206");
/// A declaration is missing, or may not be here.
pub(crate) const DECLARATION: Code = Code("E0207");
/// A statement is missing, or may not be here.
pub(crate) const STATEMENT: Code = Code("E0208");
/// Something that has to be part of a declaration is missing or there twice.
pub(crate) const PART: Code = Code("E0209");
/// Nesting is too deep.
pub(crate) const NESTING: Code = Code("E0210");
/// There are so many errors that the rest is not looked at.
pub(crate) const TOO_MANY: Code = Code("E0211");
