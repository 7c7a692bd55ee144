//! The kinds of errors of names, types, constants and structure. A code is never given another meaning.

use crate::diagnostic::Code;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)*) => {
        $($(#[$doc])* pub const $name: Code = Code($code);)*
    };
}

codes! {
    /// Nothing has this name.
    UNKNOWN_NAME = "E0301",
    /// The name is declared twice in one scope.
    DUPLICATE_NAME = "E0302",
    /// The name is used before its declaration.
    USED_TOO_EARLY = "E0303",
    /// A value stands where a type should, or a type where a value should.
    WRONG_KIND_OF_NAME = "E0304",
    /// A struct, header, enumeration or object has no such member.
    UNKNOWN_MEMBER = "E0305",
    /// No such state in the parser.
    UNKNOWN_STATE = "E0306",
    /// No such match kind.
    UNKNOWN_MATCH_KIND = "E0307",
    /// No such parameter for a named argument.
    UNKNOWN_PARAMETER = "E0308",
    /// A declaration hides a parameter of what it stands in.
    SHADOWED_PARAMETER = "E0309",

    /// A value has another type than its place wants.
    TYPE_MISMATCH = "E0401",
    /// An operator does not apply to its operands.
    BAD_OPERANDS = "E0402",
    /// Operands have different types or widths.
    DIFFERENT_OPERANDS = "E0403",
    /// What is assigned to, or given for `out` or `inout`, is no place that can be written.
    NOT_WRITABLE = "E0404",
    /// The number of arguments is wrong, or one is given twice.
    WRONG_ARGUMENTS = "E0405",
    /// This cannot be called.
    NOT_CALLABLE = "E0406",
    /// Type arguments are missing, too many, or cannot be inferred.
    WRONG_TYPE_ARGUMENTS = "E0407",
    /// This type is not allowed here.
    BAD_TYPE = "E0408",
    /// This cast is not defined.
    BAD_CAST = "E0409",
    /// A list or struct expression has too few or too many values, or a field twice.
    WRONG_FIELDS = "E0410",
    /// A slice is out of range or the wrong way round.
    BAD_SLICE = "E0411",
    /// An index is out of range.
    BAD_INDEX = "E0412",
    /// A return does not fit the function.
    BAD_RETURN = "E0413",
    /// An integer without width where one is needed.
    NEEDS_WIDTH = "E0414",

    /// This must be known at compile time.
    NOT_CONSTANT = "E0501",
    /// Division by 0 at compile time.
    DIVISION_BY_ZERO = "E0502",
    /// A negative number where none can be.
    NEGATIVE = "E0503",
    /// A number is too large.
    TOO_LARGE = "E0504",
    /// Two members of an enumeration or two labels have one value.
    DUPLICATE_VALUE = "E0505",
    /// A static assertion does not hold.
    ASSERTION_FAILED = "E0506",

    /// A parser without a state `start`.
    NO_START_STATE = "E0601",
    /// A statement or call that is not allowed in this kind of block.
    NOT_ALLOWED_HERE = "E0602",
    /// A table without actions.
    NO_ACTIONS = "E0603",
    /// An action that is not in the table's list.
    ACTION_NOT_IN_TABLE = "E0604",
    /// A table property twice.
    DUPLICATE_PROPERTY = "E0605",
    /// A table entry or select case with the wrong number of values.
    WRONG_KEY_COUNT = "E0606",
    /// `break` or `continue` outside a loop.
    OUTSIDE_LOOP = "E0607",
    /// A function may end without returning its value.
    MISSING_RETURN = "E0608",
    /// Recursion, which P4 does not have.
    RECURSION = "E0609",
    /// Something after `default`, or two defaults.
    BAD_DEFAULT = "E0610",
    /// An annotation whose body has the wrong form.
    BAD_ANNOTATION = "E0611",
    /// The instance does not define the abstract methods of its type as they are declared.
    ABSTRACT_METHOD = "E0612",
    /// Entries whose priorities are missing, not wanted, or out of range.
    BAD_PRIORITY = "E0613",
    /// Arguments of an action differ from those in the table's list of actions.
    DIFFERENT_ARGUMENTS = "E0614",
    /// A parser that never ends.
    ENDLESS_PARSER = "E0615",
}
