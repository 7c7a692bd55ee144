// Calls with the wrong arguments.
#include <core.p4>

extern void one(in bit<8> value);
extern void named(in bit<8> left, in bit<8> right);
extern T same<T>(in T left, in T right);
extern T made<T>();

bit<8> twice(in bit<8> x) {
    return x + x;
}

control C(inout bit<8> a, inout bit<16> b) {
    action act(bit<8> x) { a = x; }
    apply {
        one(); //~ ERROR E0405 arguments of `one` are missing: `value`
        one(1, 2); //~ ERROR E0405 `one` takes 1 arguments, but 2 are given
        one(b); //~ ERROR E0401 expected `bit<8>`, but this is `bit<16>`
        named(left = 1, right = 2);
        named(left = 1, rigth = 2); //~ ERROR E0308 `named` has no parameter `rigth`
        named(left = 1, left = 2); //~ ERROR E0405 the parameter `left` is given twice
        named(1); //~ ERROR E0405 arguments of `named` are missing: `right`
        a = twice(a, a); //~ ERROR E0405 `twice` takes 1 arguments, but 2 are given
        a = twice(b); //~ ERROR E0401 expected `bit<8>`, but this is `bit<16>`
        b = twice(a); //~ ERROR E0401 expected `bit<16>`, but this is `bit<8>`
        a = same(a, a);
        a = same(a, b); //~ ERROR E0401 expected `bit<8>`, but this is `bit<16>`
        a = made(); //~ ERROR E0407 the type argument `T` of `made` cannot be inferred
        a = made<bit<8>>();
        a = made<bit<8>, bit<8>>(); //~ ERROR E0407 `made` has 1 type parameters, but 2 are given
        a(1); //~ ERROR E0406 `a` cannot be called
        act(); //~ ERROR E0405 arguments of `act` are missing: `x`
        one.apply(); //~ ERROR E0305 `something to call` has no member `apply`
    }
}
