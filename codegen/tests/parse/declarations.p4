// Every kind of declaration at the top level.

#include <core.p4>

const bit<8> WIDTH = 8w12;
const int NEGATIVE = -7;
const tuple<bit<8>, bool> PAIR = { 1, true };
const string TEXT = "quoted \"text\"";

error { TooLong, BadVersion }
error { Another, }
match_kind { range }

enum Suit { clubs, hearts, }
enum bit<4> Rank { low = 1, high = 0xF }

typedef bit<32> address_t;
typedef struct inner_t { bit<8> a; } outer_t;
type bit<16> port_t;
typedef tuple<bit<8>, port_t> pair_t;
;

struct generic_t<T, U> {
    T first;
    @name("other") U second;
    tuple<> nothing;
    list<T> many;
}

header fixed_t {
    bit<(4 + 4)> sum;
    int<16> signed;
    bit flag;
    bit<7> rest;
}
header options_t { varbit<320> bytes; }
header_union any_t { fixed_t fixed; options_t options; }
header empty_t {}

struct stacks_t {
    fixed_t[4] stack;
    any_t[2] unions;
    bit<8> cells[16];
    generic_t<bit<8>, generic_t<bit<1>, bool>> nested;
}

bit<8> increment(in bit<8> value) {
    return value + 1;
}
T identity<T>(in T value) { return value; }
void nothing() {}

extern Forward;
extern Cell<T, I> {
    Cell(bit<32> size);
    Cell();
    T get(in I index);
    void put<U>(in I index, in T value, @optional in U more);
    abstract void full(inout T value);
}
extern T convert<T, U>(in U value, out error reason);
extern Cell<bit<8>, bit<4>> shared();

action set(inout bit<8> target, bit<8> value) { target = value; }

parser Source<H>(packet_in packet, out H headers);
control Filter<H>(inout H headers, in bit<8> limit = 3);
package Machine<H>(Source<H> source, Filter<H> filter, @optional bit<8> rest);

@hidden
@description("a parser", with (any "tokens" + 0x10))
@structured[1, 2, 3]
@pairs[a = 1, b = "x"]
parser Reader(packet_in packet, out stacks_t headers)(bit<8> first, bool second) {
    bit<8> count = 0;
    const bit<8> LIMIT = 4;
    value_set<bit<16>>(4) known;
    value_set<pair_t>(4) pairs;
    Cell<bit<8>, bit<4>>(16) cells;

    state start {
        packet.extract(headers.stack.next);
        count = count + headers.stack.last.sum;
        bit<8> kind = packet.lookahead<bit<8>>();
        if (kind == 0) { count = 1; } else count = 2;
        transition select(kind, headers.stack.lastIndex) {
            (1, 2): start;
            (known, _): more;
            (0x10 &&& 0xF0, 1 .. 3): accept;
            (default, default): reject;
        }
    }
    @name("more") state more {
        transition select(kind_of(count)) {
            1: accept;
            2 .. 4: start;
            Rank.high: accept;
            error.NoMatch: reject;
            _: reject;
        }
    }
    state last { transition accept; }
    state falls_off {}
}

control Checker(inout stacks_t headers, in bit<8> limit)(bit<8> size) {
    Cell<bit<8>, bit<4>>(size = 16) cells = {
        void full(inout bit<8> value) { value = 0; }
        Cell<bit<8>, bit<4>>() inner;
    };
    Cell<bit<8>, bit<4>>() several[4];
    action drop() { exit; }
    action forward(port_t port) {}
    table routes {
        key = {
            headers.stack[0].sum : exact @name("sum");
            limit & 0xF : ternary;
            headers.nested.first : lpm;
        }
        actions = { drop; @defaultonly NoAction; forward(); .set(headers.cells[0]); }
        size = 1024;
        const default_action = NoAction();
        const entries = {
            (1, 0x10 &&& 0xF0, _) : drop();
            const priority = 10 : (2, _, 0 .. 3) : forward(7) @comment("late");
            default : NoAction;
        }
        largest_priority_wins = false;
        @custom implementation = Cell<bit<8>, bit<4>>(4);
    }
    apply {
        routes.apply();
    }
}

Machine(Reader(1, true), Checker(4), rest = _) main;
