#define BROKEN (1 +
#define CALL(x) x
control c(inout bit<8> x) {
    apply {
        x = BROKEN; //~ ERROR E0205 from macro `BROKEN`
        x = CALL(2 3); //~ ERROR E0202 expected `;` after the statement, found `3`
    }
}
