// A program that puts nothing together.
#include <core.p4>
#include <v1model.p4>

struct s_t { bit<8> x; } //~ ERROR E0703 the program has no `main`
