// Valid programs of which nothing is said: what is rarely written.
#include <core.p4>

enum bit<4> level_t {
    low = 1,
    same = low,
    high = (bit<4>)low + 2
}

struct times_t { bit<8> from; bit<8> to; }
struct data_t { bit<8> a; bit<16> b; level_t level; }

extern Cell<T> {
    Cell();
    T read();
    void write(in T value);
}

extern Typed<T> {
    Typed(T first);
    T get();
}

// The last parameter may be left out of a control of this type.
control Stage<D>(inout D data, in times_t times = {0, 0});
parser Reads(packet_in packet);

control add(inout data_t data)(bit<8> more) { apply { data.a = data.a + more; } }
control add(inout data_t data)(bit<8> less) { apply { data.a = data.a - less; } }

control Nothing(inout data_t data, in times_t times) { apply { data.a = times.from; } }

control Main(inout data_t data) {
    add(less = 2) lower;
    Cell<bit<16>>() cells[4];
    Typed(16w7) typed[2];
    apply {
        lower.apply(data);
        cells[data.a].write(data.b + typed[1].get());
        data.b = (bit<16>)((int)data.b * 3 - 1);
        data.level = level_t.same;
    }
}

parser Select(packet_in packet) {
    state start {
        times_t times = packet.lookahead<times_t>();
        transition select({times.from, times.to}, times.from) {
            ({1, 2}, 3): accept;
            ({times.from, 4}, 5): accept;
            default: reject;
        }
    }
}

package Top<D>(Reads reads, Stage<D> one, Stage<D> other = Nothing());
Top(Select(), Main()) main;
