// Casts that are not defined.
struct s_t { bit<8> x; }
enum Color { red, green }
enum bit<8> Kind { one = 1 }
type bit<8> port_t;

control C(inout bit<8> a, inout int<8> b, inout bool c, inout s_t s, inout Kind kind, inout port_t port) {
    apply {
        a = (bit<8>)b;
        a = (bit<8>)(int<16>)b; //~ ERROR E0409 `int<16>` cannot be cast to `bit<8>`
        b = (int<8>)(bit<16>)a; //~ ERROR E0409 `bit<16>` cannot be cast to `int<8>`
        b = (int<8>)16w1; //~ ERROR E0409 `bit<16>` cannot be cast to `int<8>`
        c = (bool)a; //~ ERROR E0409 `bit<8>` cannot be cast to `bool`
        c = (bool)a[0:0];
        a = (bit<8>)Color.red; //~ ERROR E0409 `Color` cannot be cast to `bit<8>`
        kind = (Kind)a;
        kind = (Kind)16w1;
        s = (s_t)a; //~ ERROR E0409 `bit<8>` cannot be cast to `s_t`
        a = (bit<8>)s; //~ ERROR E0409 `s_t` cannot be cast to `bit<8>`
        port = (port_t)a;
        port = a; //~ ERROR E0401 expected `port_t`, but this is `bit<8>`
        a = port; //~ ERROR E0401 expected `bit<8>`, but this is `port_t`
    }
}
