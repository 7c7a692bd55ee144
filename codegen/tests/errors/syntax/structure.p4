bit<8> variable; //~ ERROR E0207 a variable cannot be declared at the top level
table t { } //~ ERROR E0207 a `table` is declared in a control
control no_apply() { } //~ ERROR E0209 control `no_apply` has no `apply` block
parser no_states() { } //~ ERROR E0209 parser `no_states` has no states
control two_applies() {
    apply { }
    apply { } //~ ERROR E0209 a control has one `apply` block
}
control late(inout bit<8> x) {
    apply { }
    bit<8> y; //~ ERROR E0207 declarations of a control come before its `apply` block
}
control bodies(inout bit<8> x) {
    apply {
        if (x == 1) bit<8> y = 2; //~ ERROR E0208 a declaration needs a block around it
    }
}
extern object { object(); }
control dropped() {
    apply {
        object(); //~ ERROR E0204 expected the name of the instance
    }
}
const bit<8> table = 3; //~ ERROR E0204 expected the name of a constant, found keyword `table`
header { bit<8> x; } //~ ERROR E0204 expected the name of a header
package p(bit<8> x) { } //~ ERROR E0202 expected `;` after the package
