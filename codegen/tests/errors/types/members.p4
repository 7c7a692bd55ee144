// Members that are not there.
#include <core.p4>

header h_t { bit<8> value; }
header_union u_t { h_t first; }
struct s_t { h_t outer; h_t[2] stack; }
enum Color { red, green }

control C(inout s_t s, inout Color color, inout bit<8> a, in u_t u) {
    apply {
        a = s.outer.valu; //~ ERROR E0305 `h_t` has no member `valu`
        a = s.valid; //~ ERROR E0305 `s_t` has no member `valid`
        a = a.length; //~ ERROR E0305 `bit<8>` has no member `length`
        color = Color.gren; //~ ERROR E0305 `Color` has no member `gren`
        color = Color.red.green; //~ ERROR E0305 `Color` has no member `green`
        if (s.outer.isvalid()) {} //~ ERROR E0305 `h_t` has no member `isvalid`
        s.stack.isValid(); //~ ERROR E0305 `h_t[2]` has no member `isValid`
        s.stack.push_front(1);
        s.stack.push_front(a); //~ ERROR E0501 the number of elements must be known at compile time
        s.stack.push_front(); //~ ERROR E0405 1 arguments are expected, but 0 are given
        s.setValid(); //~ ERROR E0305 `s_t` has no member `setValid`
        a = s.stack.next.value; //~ ERROR E0602 `next` of a stack exists in parsers only
        if (u.isValid()) {}
    }
}
