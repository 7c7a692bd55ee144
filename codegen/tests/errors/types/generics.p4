// Type arguments that are missing or wrong.
#include <core.p4>

extern Box<T> {
    Box(bit<32> size);
    void put(in T value);
    T get();
}
struct pair_t<A, B> { A first; B second; }
header h_t { bit<8> x; }

parser Generic<H>(packet_in packet, out H headers);
package Package<H>(Generic<H> p);

parser Fits(packet_in packet, out h_t h) {
    state start { transition accept; }
}
parser Other(packet_in packet, inout h_t h) {
    state start { transition accept; }
}

control C(inout bit<8> x, inout bit<16> y) {
    Box<bit<8>>(4) box;
    Box<bit<8>, bit<8>>(4) two; //~ ERROR E0407 `Box` has 1 type parameters, but 2 are given
    Box<bit<8>>() none; //~ ERROR E0405 arguments of `Box` are missing: `size`
    Box<bit<8>>(true) wrong; //~ ERROR E0401 expected `bit<32>`, but this is `bool`
    h_t<bit<8>> plain; //~ ERROR E0407 `h_t` has no type parameters
    pair_t<bit<8>, bit<16>> pair;
    apply {
        box.put(x);
        box.put(y); //~ ERROR E0401 expected `bit<8>`, but this is `bit<16>`
        x = box.get();
        y = box.get(); //~ ERROR E0401 expected `bit<16>`, but this is `bit<8>`
        box.take(); //~ ERROR E0305 `Box` has no member `take`
        x = pair.first;
        x = pair.second; //~ ERROR E0401 expected `bit<8>`, but this is `bit<16>`
    }
}

Package(Fits()) fine;
Package(Other()) wrong; //~ ERROR E0401 expected `Generic<_>`, but this is `Other`
