// A program without a `main`.
#include <core.p4>
#include <v1model.p4>

struct headers_t { }
control c(inout headers_t headers) { apply { } } //~ WARNING W0401 the control `c` is unused //~ ERROR E0703 the program has no `main`
