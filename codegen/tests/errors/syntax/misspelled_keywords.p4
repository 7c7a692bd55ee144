heade h_t { bit<8> a; } //~ ERROR E0207 expected a declaration, found `heade`
strut s_t { bit<8> a; } //~ ERROR E0207 did you mean `struct`?
control c() {
    tabel t { } //~ ERROR E0207 did you mean `table`?
    apply { retrun; } //~ ERROR E0208 expected `=` or a call
}
