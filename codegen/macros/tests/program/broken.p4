// A semicolon is missing.
header broken_t {
  bit<8> kind
}
