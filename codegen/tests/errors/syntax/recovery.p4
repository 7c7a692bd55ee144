// One error for each thing that is wrong, and what is right between is understood.
enum e_t { a b } //~ ERROR E0201 expected `}`, found `b`
struct a_t { bit<8> ; bit<8> fine; } //~ ERROR E0204 expected the name of a field, found `;`
const bit<> W = 1; //~ ERROR E0205 expected an expression, found `>`
control c(inout bit<8> x) {
    action a(bit<8>) { } //~ ERROR E0204 expected the name of a parameter, found `)`
    table t {
        key = { x exact; } //~ ERROR E0201 expected `:` between the key and its match kind
        actions = { a() b; } //~ ERROR E0202 expected `;` after the action, found `b`
        size 12; //~ ERROR E0201 expected `=` after property `size`
        default_action = ; //~ ERROR E0204 expected the name of an action
    }
    apply {
        x = ; //~ ERROR E0205 expected an expression, found `;`
        x = (1 + 2; //~ ERROR E0201 expected `)`, found `;`
        if x == 1 { } //~ ERROR E0201 expected `(` after `if`, found `x`
        switch (x) { 1 { } } //~ ERROR E0201 expected `:` after the label
        t.apply(x y); //~ ERROR E0201 expected `)`, found `y`
        x; //~ ERROR E0208 expected `=` or a call, found `;`
        table u { } //~ ERROR E0208 cannot be declared among statements
        h = { 1, b = 2 }; //~ ERROR E0201 expected `}`, found `=`
        h = { 1, 2; //~ ERROR E0201 expected `}`, found `;`
        x = 1;
    }
}
parser p(inout bit<8> x) {
    state start {
        x = x + ; //~ ERROR E0205 expected an expression
        h = { 1, b = 2 }; //~ ERROR E0201 expected `}`, found `=`
        transition select(x) {
            1 accept; //~ ERROR E0201 expected `:` after the values of the case
            2: accept //~ ERROR E0202 expected `;` after the name of the state
        }
    }
    state next { transition; } //~ ERROR E0204 expected the name of a state
    state after { transition accept; x = 1; } //~ ERROR E0208 nothing can follow the transition
}
