// Generic types that need arguments or get impossible ones.
#include <core.p4>

struct pair_t<T> { T first; T second; }
header wire_t<T> { T field; }
header_union either_t<T> { T one; }
extern Store<T> {
    Store();
    void put(in T value);
}
extern Selfish {
    void take(in Selfish other); //~ ERROR E0408 methods of `Selfish` cannot name `Selfish` itself
}
control Plain(in bit<8> x) { apply { } }

typedef pair_t alone_t; //~ ERROR E0407 `pair_t` needs 1 type argument
typedef pair_t<pair_t<bit<8>>> nested_t; //~ ERROR E0408 `pair_t` contains itself as a type argument
typedef wire_t<error> no_wire_t; //~ ERROR E0408 the field `field` of `wire_t<error>` cannot have type `error`
typedef either_t<bit<8>> no_union_t; //~ ERROR E0408 the field `one` of `either_t<bit<8>>` cannot have type `bit<8>`
typedef pair_t<Plain> of_control_t; //~ ERROR E0408 a struct cannot have the type argument `Plain`
struct holder_t { tuple<Plain, bit<8>> both; wire_t<bit<8>> fine; } //~ ERROR E0408 an element of a tuple cannot have type `Plain`

extern void pass<T>(in T value);
extern T keep<T>(T value);
extern int count(); //~ ERROR E0408 `count` cannot return `int`

bool same<T>(in T a, in T b) {
    return a == b; //~ ERROR E0402 `==` is not defined for `T`
}

control C(inout bit<8> x) {
    Store<_>() open;
    Store<bit<8>>() closed;
    Plain() plain;
    apply {
        open.put(x); //~ ERROR E0407 `put` needs a type that the object is not given
        closed.put(x);
        pass(5); //~ ERROR E0414 nothing says how wide this integer is
        pass(8w5);
        pass(x);
        pass({ a = x, b = x }); //~ ERROR E0407 nothing says which struct or header this is
        pass({ x, x });
        keep(plain); //~ ERROR E0414 this cannot be passed
        x = keep(255); //~ ERROR E0414 nothing says how wide this integer is
        if ({ a = x } == { a = x }) { x = 1; } //~ ERROR E0402 nothing says which struct or header these are
        pair_t<bit<8>> p = { 1, 2 };
        tuple<bit<8>, bit<8>> t = { 1, 2 };
        p = t; //~ ERROR E0401 expected `pair_t<bit<8>>`, but this is `tuple<bit<8>, bit<8>>`
        p = { 3, 4 };
    }
}
