//! STF, the text format in which P4 programs are tested: packets that go in, packets that must come out, and what a control
//! plane does between them. [`Script::parse`] reads it, [`run()`] plays it against any [`dpr_runtime::Pipeline`], in virtual time
//! and with ports in memory.

mod command;
mod compare;
mod number;
mod parse;
pub mod process;
mod run;

pub use command::{
    Call, Cell, Command, Comparison, CounterPart, Entry, EntryAction, Expectation, Match,
    MatchText, Nibble, Rate, Spanned,
};
pub use number::{Base, Number};
pub use parse::{Place, SyntaxError};
pub use run::{Failure, Summary, run};

/// A test: commands in the order of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// What the commands are, and where.
    pub commands: Vec<Spanned<Command>>,
}

impl Script {
    /// Reads a text.
    ///
    /// # Errors
    /// The first line that is none of the format's.
    pub fn parse(text: &str) -> Result<Script, SyntaxError> {
        parse::script(text)
    }
}
