//! STF, the text format in which P4 programs are tested: packets that go in, packets that must come out, and what a control
//! plane does between them. [`Script::parse`] reads it, [`run()`] plays it against any [`dpr_runtime::Pipeline`], in virtual time
//! and with ports in memory. The commands of its control plane make a language of their own: a [`Session`] carries them out on
//! whatever can be written to and read, such as a switch elsewhere, and [`show()`] says in it what was read there.

mod command;
mod compare;
mod number;
mod parse;
pub mod process;
mod run;
mod show;

pub use command::{
    Call, Cell, Command, Comparison, CounterPart, Deletion, Entry, EntryAction, Expectation, Match,
    MatchText, Nibble, Rate, Spanned,
};
pub use number::{Base, Number};
pub use parse::{Place, SyntaxError};
pub use run::names;
pub use run::{Control, Dialect, Failure, Problem, Refusal, Session, Summary, run};
pub use show::show;

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
