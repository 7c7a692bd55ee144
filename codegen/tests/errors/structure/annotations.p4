// Annotations whose bodies are wrong.
@name(4) //~ ERROR E0611 `@name` takes a text in quotes
header a_t { bit<8> x; }
@deprecated("too " ++ "old")
header b_t { bit<8> x; }
@deprecated(1 + 2) //~ ERROR E0611 `@deprecated` takes a text in quotes
header c_t { bit<8> x; }
@list[1, "two", true]
header d_t { bit<8> x; }
@list[{ 1, 2 }] //~ ERROR E0611 a value of an annotation is a number, `string` or `bool`, not `{int, int}`
header e_t { bit<8> x; }
@twice[] @twice[] //~ ERROR E0302 `@twice` is given twice
header f_t { bit<8> x; }
@p4runtime_translation("example.org/port", bit<32>)
type bit<9> port_t;
@p4runtime_translation("example.org/other", bool) //~ ERROR E0611 `@p4runtime_translation` takes a text in quotes, and `bit<W>`, `string` or a number
type bit<9> other_t;
header g_t {
    @match(exact) bit<8> x;
    @match(1 + 1) bit<8> y; //~ ERROR E0611 `@match` takes the name of a match kind
}
const bit<8> LIMIT = 3;
@list[LIMIT]
header i_t { bit<8> x; }
