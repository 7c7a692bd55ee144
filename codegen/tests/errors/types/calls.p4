// Arguments that do not fit.
#include <core.p4>

extern box { box(bit<8> size); bit<8> get(in bit<8> index); void put(in bit<8> index, out bit<8> old); }
extern bit<8> increment(in bit<8> value);
header h_t { bit<8> a; }
control Inner(inout bit<8> x)(bit<8> size) { apply { } }

control c(inout bit<8> x, in bit<8> fixed, inout bit<16> w, inout h_t h) {
    box(8) good;
    box() none; //~ ERROR E0405 arguments of `box` are missing: `size`
    box(8, 9) more; //~ ERROR E0405 `box` takes 1 arguments, but 2 are given
    box(true) wrong; //~ ERROR E0401 expected `bit<8>`, but this is `bool`
    Inner(4) inner;
    action set(inout bit<8> target, bit<8> value) { target = value; }
    action change() { fixed = 1; } //~ ERROR E0404 this cannot be assigned to: `fixed` is an `in` parameter
    apply {
        x = good.get(); //~ ERROR E0405 arguments of `get` are missing: `index`
        x = good.get(x, x); //~ ERROR E0405 `get` takes 1 arguments, but 2 are given
        x = good.get(w); //~ ERROR E0401 expected `bit<8>`, but this is `bit<16>`
        good.put(1, 2); //~ ERROR E0401 expected `bit<8>`, but this is `int` (nothing converts for `out`)
        good.put(1, fixed); //~ ERROR E0404 an argument for an `out` parameter must be something that can be written: `fixed` is an `in` parameter
        x = increment(valu = 1); //~ ERROR E0308 `increment` has no parameter `valu`
        x = increment(value = 1, value = 2); //~ ERROR E0405 the parameter `value` is given twice
        w = increment(1); //~ ERROR E0401 expected `bit<16>`, but this is `bit<8>`
        set(x, w); //~ ERROR E0401 expected `bit<8>`, but this is `bit<16>`
        set(x); //~ ERROR E0405 arguments of `set` are missing: `value`
        inner.apply(w); //~ ERROR E0401 expected `bit<8>`, but this is `bit<16>` (nothing converts for `inout`)
        inner.apply(fixed); //~ ERROR E0404 an argument for an `inout` parameter must be something that can be written: `fixed` is an `in` parameter
        x = good; //~ ERROR E0401 expected `bit<8>`, but this is `box`
        x(1); //~ ERROR E0406 `x` cannot be called
        fixed = 2; //~ ERROR E0404 this cannot be assigned to: `fixed` is an `in` parameter
        h.setValid(1); //~ ERROR E0405 0 arguments are expected, but 1 are given
        bit<8> nothing = good.put(1, x); //~ ERROR E0401 expected `bit<8>`, but this is `void`
        return 1; //~ ERROR E0413 nothing can be returned here
    }
}

bit<8> no_value(in bit<8> x) { return; } //~ ERROR E0413 a value of type `bit<8>` must be returned
bit<8> wrong_value(in bit<8> x) { return true; } //~ ERROR E0401 expected `bit<8>`, but this is `bool`
