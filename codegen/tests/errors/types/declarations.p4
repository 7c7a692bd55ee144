// Declarations that make no sense.
#include <core.p4>

header nested_t { bool fine; string text; } //~ ERROR E0408 a header cannot have a field of type `string`
struct fields_t { bit<0> none; bit<(1 - 2)> negative; varbit<8> some; } //~ ERROR E0503 -1 is no width or size: it must be at least 0
header_union union_t { fields_t fields; } //~ ERROR E0408 a header union cannot have a field of type `fields_t`
struct stack_t { varbit<8>[4] stack; } //~ ERROR E0408 an array cannot hold values of type `varbit<8>`
enum bool Truth { yes = 1 } //~ ERROR E0408 an enumeration is represented as `bit<W>` or `int<W>`, not as `bool`
const bit<8> WRONG = true; //~ ERROR E0401 expected `bit<8>`, but this is `bool`
const bit<8> NOT_CONSTANT = increment(1); //~ ERROR E0303 `increment` is used before its declaration //~ ERROR E0501 the value of a constant must be known at compile time
extern bit<8> increment(in bit<8> value);
typedef bit<8> byte_t;
const byte_t FINE = 1;
type bit<8> own_t;
const own_t NEEDS_CAST = FINE; //~ ERROR E0401 expected `own_t`, but this is `bit<8>`
const bit<8> DIVIDED = 1 / 0; //~ ERROR E0502 division by zero
const tuple<bit<8>, bool> PAIR = { 1 }; //~ ERROR E0410 `tuple<bit<8>, bool>` has 2 fields, but 1 values are given
const nested_t HEADER = { true, 1, 2 }; //~ ERROR E0410 `nested_t` has 2 fields, but 3 values are given
