#include "widths.p4"

typedef bit<48> mac_t;

header frame_t {
    mac_t           dst;
    mac_t           src;
    bit<3>          class;
    bit<LABEL_BITS> label;
    bit<16>         type;
}

header options_t {
    bit<8>      kind;
    varbit<320> data;
}
