//! The kinds of errors of lowering. A code is never given another meaning.

use crate::diagnostic::Code;

/// P4 that this compiler cannot lower.
pub const UNSUPPORTED: Code = Code("E0701");
/// A mistake of the compiler.
pub const INTERNAL: Code = Code("E0702");
/// The program has no `main`, or it is not a `V1Switch`.
pub const NO_MAIN: Code = Code("E0703");
/// The block of the package has other parameters than the architecture gives.
pub const BAD_BLOCK: Code = Code("E0706");
/// A key whose expression gives it no name.
pub const KEY_NEEDS_NAME: Code = Code("E0707");
/// Two things of one kind with one name of the control plane.
pub const SAME_CONTROL_NAME: Code = Code("E0708");
