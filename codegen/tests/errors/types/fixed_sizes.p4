// Where a value must have a size that is known, and casts through new types.
#include <core.p4>

header varied_t { varbit<16> v; }
header two_t { varbit<8> one; bit<8> between; varbit<8> two; } //~ ERROR E0408 `two_t` has more than one `varbit` field
struct s_t { varied_t v; bit<8> x; }
type bit<8> small_t;

parser P(packet_in packet, out s_t s) {
    value_set<int>(4) numbers; //~ ERROR E0408 a value set cannot have elements of type `int`
    state start {
        packet.lookahead<varied_t>(); //~ ERROR E0408 `lookahead` needs a type of a fixed size, which `varied_t` is not
        packet.lookahead<void>(); //~ ERROR E0408 `lookahead` needs a type of a fixed size, which `void` is not
        packet.extract(s.v, 8);
        two_t two;
        packet.extract(two, 8);
        transition select(s.v.v) { //~ ERROR E0408 `select` is not defined for `varbit<16>`
            _: next;
        }
    }
    state next {
        transition select(s) { //~ ERROR E0408 `select` is not defined for `s_t`
            _: accept;
        }
    }
}
control C(inout bit<32> w, inout bit<8> x) {
    apply {
        x = w[-1+:8]; //~ ERROR E0411 `bit<32>` has no 8 bits from bit -1 on
        x = w[28+:8]; //~ ERROR E0411 `bit<32>` has no 8 bits from bit 28 on
        x = w[24+:8];
        small_t s = (small_t) w; //~ ERROR E0409 `bit<32>` cannot be cast to `small_t`
        s = (small_t) x;
        s = (small_t) 7;
        bool b = (bool) 2; //~ ERROR E0409 2 cannot be cast to `bool`: only 0 and 1 can
        b = (bool) 1;
    }
}
