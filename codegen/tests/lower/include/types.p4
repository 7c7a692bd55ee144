#include <core.p4>
#include <v1model.p4>

header one_t { bit<8> a; bit<16> b; }
header two_t { bit<8> c; }
