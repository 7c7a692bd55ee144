// Types that cannot be where they are.
#include <core.p4>

struct inner_t { bit<8> x; }
header h_t {
    bit<8> fine;
    string text; //~ ERROR E0408 a header cannot have a field of type `string`
    h_t nested; //~ ERROR E0303 `h_t` is used before its declaration
}
header nested_t {
    inner_t inner;
    int number; //~ ERROR E0408 a header cannot have a field of type `int`
    varbit<8> one;
    varbit<8> two;
}
header_union u_t {
    inner_t not_a_header; //~ ERROR E0408 a header union cannot have a field of type `inner_t`
}
struct s_t {
    void nothing; //~ ERROR E0408 a field cannot have type `void`
    varbit<8>[4] numbers; //~ ERROR E0408 an array cannot hold values of type `varbit<8>`
    bit<-1> negative; //~ ERROR E0503 -1 is no width or size: it must be at least 0
    int<0> none; //~ ERROR E0503 0 is no width or size: it must be at least 1
    bit<(1 / 0)> bad; //~ ERROR E0502 division by zero
}
enum bool Flag { no = 0 } //~ ERROR E0408 an enumeration is represented as `bit<W>` or `int<W>`, not as `bool`
type inner_t wrapped_t; //~ ERROR E0408 `type` makes a new type of a number or another such type, not of `inner_t`

control C(
    in packet_in packet, //~ ERROR E0408 a parameter of type `packet_in` has no direction
    out string text, //~ ERROR E0408 a parameter of type `string`, which exists at compile time only, has no direction
    inout int number) //~ ERROR E0408 a parameter of type `int`, which exists at compile time only, has no direction
{
    action act(
        int size, //~ ERROR E0408 a parameter of an action cannot have type `int`
        packet_in source) //~ ERROR E0408 a parameter of an action cannot have type `packet_in`
    {}
    int local; //~ ERROR E0408 a variable cannot have type `int`, which exists at compile time only
    void nothing; //~ ERROR E0408 a variable cannot have type `void`
    apply {}
}
