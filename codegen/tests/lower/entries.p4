// Entries, profiles, meters, and actions with arguments in the table's list.
#define OWN_INGRESS
#include "include/types.p4"

struct headers_t { one_t x; }
struct meta_t { bit<8> p; bit<16> q; bit<2> color; }
enum bit<8> Kind { one = 1, two = 2 }

control I(inout headers_t h, inout meta_t m, inout standard_metadata_t s) {
    action_profile(64) profile;
    direct_meter<bit<2>>(MeterType.bytes) rate;
    meter(4, MeterType.packets) rates;
    action set(Kind value) { m.p = (bit<8>)value; rate.read(m.color); }
    action add(in bit<8> amount, bit<8> more) { m.p = m.p + amount + more; }
    table prefixes {
        key = { m.q: lpm; }
        actions = { set; }
        const entries = {
            0x0a00 &&& 0xff00: set(Kind.one);
            16w7: set(Kind.two);
            default: set(Kind.one);
        }
        default_action = set(Kind.two);
        meters = rate;
    }
    table ranges {
        key = { m.p: range; m.q: ternary; s.ingress_port: optional; }
        actions = { add(m.p); NoAction; }
        entries = {
            priority = 1: (1 .. 5, 0x10 &&& 0xf0, _): add(m.p, 1);
            const (6, _, 3): add(m.p, 2);
            priority = 100: (_, _, _): NoAction();
        }
        largest_priority_wins = false;
        implementation = profile;
    }
    apply {
        prefixes.apply();
        ranges.apply();
        rates.execute_meter(2, m.color);
    }
}

#include "include/around.p4"
