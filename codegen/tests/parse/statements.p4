// Every kind of statement and expression.

#include <core.p4>

struct pair_t { bit<8> a; bit<8> b; }
header small_t { bit<8> a; }
enum bit<8> Kind { one = 1, two = 2 }
extern Box<T> { Box(); T get(); void put(in T value); U as_type<U>(); }
extern bit<8> choose<T>(in T value);
control Inner(inout bit<8> x) { apply @quiet { } }
control Wide<T>(inout T x) { apply { } }

control Main(inout pair_t pair, inout small_t small, inout bit<32> word) {
    Box<bit<8>>() box;
    Inner() inner;
    action one() {}
    action two(bit<8> value) { pair.a = value; }
    table choices { actions = { one; two; } key = { pair.a : exact; } }
    apply {
        ;
        bit<8> x = 1;
        bit<8> y;
        const bit<8> C = 3;
        pair_t p = { 1, 2 };
        pair_t q = { a = 1, b = 2 };
        pair_t r = { a = 1, ... };
        pair_t s = { 1, ... };
        pair_t t = ...;
        tuple<bit<8>, bool> u = { 1, false, };
        small = (small_t){ 1 };
        small = {#};
        x = y + C * 2 - 1 / 1 % 7;
        x = y |+| 1 |-| 2;
        word = 8w1 ++ x ++ 16s3[15:0];
        word = word << 3 >> 2 >> x;
        x = ~x & y | C ^ -y;
        x = +x;
        bool b = !(x < y) && x <= y || x > y && x >= C || x == y && x != C;
        x = b ? x : y == 1 ? y : C;
        x = (bit<8>)word[7:0] + (bit<8>)(bit<16>)word[15:0];
        x = word[8+:8];
        word[7:0] = x;
        (x) = 1;
        tuple<> empty = (tuple<>) { };
        x += 1; x -= 1; x *= 2; x /= 2; x %= 2; x &= 1; x |= 1; x ^= 1;
        x <<= 1; x >>= 1; x |+|= 1; x |-|= 1;
        x = Kind.one;
        b = error.NoError == error.PacketTooShort;
        x = choose<bit<8>>(x) + choose(value = x);
        x = box.as_type<bit<8>>();
        bool less = x < C && C > (y);
        box.put(0b1010_0101 + 0o17 + 0d9 + 0xfF);
        box.put(_);
        inner.apply(x);
        Inner.apply(x);
        Wide<bit<8>>.apply(x);
        if (choices.apply().hit) { x = 1; } else if (x == 2) x = 3; else { }
        switch (choices.apply().action_run) {
            one:
            two: { x = 2; }
            default: { exit; }
        }
        switch (x) {
            1: { return; }
            Kind.two: {}
            (3): {}
        }
        for (bit<8> i = 0, bit<8> j = 9; i < j; i = i + 1, j -= 1) {
            if (i == 3) continue;
            if (j == 4) break;
        }
        for (; x < 4;) x = x + 1;
        @unroll for (bit<8> i in 0 .. 7) { x = i; }
        for (y in 1 .. C) { }
        @marked { bit<8> scoped; { } }
        bit<(1 + 2)> w;
        bit<x < 1 ? 3 : 4> v;
        Box<Box<bit<8>>>() boxes;
    }
}

bool compare(in int<8> left, in int<8> right) {
    if (left > right)
        return true;
    return false;
}
