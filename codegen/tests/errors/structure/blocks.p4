// Controls and parsers that are applied or instantiated wrongly.
#include <core.p4>

struct s_t { bit<8> x; }

parser Inner(packet_in packet, out s_t s) {
    state start { transition accept; }
}
control Part(inout s_t s)(bit<8> limit) {
    apply {
        if (s.x > limit) { s.x = limit; }
    }
}
control Plain(inout s_t s) {
    apply {}
}
control Type_only(inout s_t s);

control C(packet_in packet, inout s_t s, in s_t fixed) {
    Part(5) part;
    Part() missing; //~ ERROR E0405 arguments of `Part` are missing: `limit`
    Part(s.x) variable; //~ ERROR E0501 an argument for a parameter without direction must be known at compile time
    Part(true) wrong; //~ ERROR E0401 expected `bit<8>`, but this is `bool`
    Plain(1) too_many; //~ ERROR E0405 `Plain` takes 0 arguments, but 1 are given
    Plain() plain;
    Inner() inner;
    Type_only() abstract_one; //~ ERROR E0406 `Type_only` cannot be called
    apply {
        part.apply(s);
        part.apply(); //~ ERROR E0405 arguments of `Part` are missing: `s`
        part.apply(s, s); //~ ERROR E0405 `Part` takes 1 arguments, but 2 are given
        part.apply(fixed); //~ ERROR E0404 an argument for an `inout` parameter must be something that can be written: `fixed` is an `in` parameter
        part.apply(s.x); //~ ERROR E0401 expected `s_t`, but this is `bit<8>` (nothing converts for `inout`)
        plain.run(s); //~ ERROR E0305 `Plain` has no member `run`
        Plain.apply(s);
        inner.apply(packet, s); //~ ERROR E0602 parsers are applied in states of parsers only
        verify(true, error.NoMatch); //~ ERROR E0602 `verify` is called in states of parsers only
        s.x = packet.lookahead<bit<8>>();
        break; //~ ERROR E0607 `break` and `continue` stand in loops only
    }
}
