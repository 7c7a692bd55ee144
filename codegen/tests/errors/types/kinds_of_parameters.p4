// Types that parameters, results and methods cannot have.
#include <core.p4>

control Shape(inout bit<8> x);
parser Reader(packet_in packet);
control Real(inout bit<8> x) { apply { } }

extern Holder {
    Holder(Shape inside); //~ ERROR E0408 this parameter cannot have type `Shape`
    void Holder(); //~ ERROR E0408 a constructor returns nothing, not even `void`
    nothing(in bit<8> x); //~ ERROR E0408 the method `nothing` has no type to return
    abstract int whole(); //~ ERROR E0408 `whole` cannot return `int`
    void twice(in bit<8> a);
    void twice(in bit<8> a); //~ ERROR E0302 `twice` is declared twice with the same parameters
    void twice(in bit<8> b);
}
parser Applied(packet_in packet, Reader inner) { //~ ERROR E0408 this parameter cannot have type `Reader`
    state start { transition accept; }
}
control WithShape()(Shape s) { apply { } }
control WithReal()(Real s) { apply { } } //~ ERROR E0408 this parameter cannot have type `Real`
control WithReader()(Reader s) { apply { } } //~ ERROR E0408 this parameter cannot have type `Reader`

bit<8> left_out(@optional in bit<8> x) { return x; } //~ ERROR E0602 `x` cannot be optional: what it is a parameter of has a body
bit<8> plain(in bit<8> x) { return x; }
bit<8> computed(in bit<8> x = plain(1)) { return x; } //~ ERROR E0501 the default of a parameter must be known at compile time

action act(in bit<8> x) { }
action act(in bit<8> y, in bit<8> z) { } //~ ERROR E0302 `act` is declared twice

control Shadows(inout bit<8> x) {
    bit<8> y = x;
    apply {
        bit<8> x = 1; //~ ERROR E0309 `x` hides a parameter of this name
        bit<8> y = 2;
    }
}
