// Returns that do not fit.
bit<8> nothing(in bit<8> x) { //~ ERROR E0608 `nothing` may end without returning a value
}

bit<8> sometimes(in bit<8> x) { //~ ERROR E0608 `sometimes` may end without returning a value
    if (x == 1) {
        return 2;
    }
}

bit<8> always(in bit<8> x) {
    if (x == 1) {
        return 2;
    } else {
        return 3;
    }
}

bit<8> wrong(in bit<8> x) {
    return true; //~ ERROR E0401 expected `bit<8>`, but this is `bool`
}

void none(in bit<8> x) {
    return x; //~ ERROR E0413 nothing can be returned here
}

bit<8> empty(in bit<8> x) {
    return; //~ ERROR E0413 a value of type `bit<8>` must be returned
}

bit<8> endless(in bit<8> x) {
    return endless(x); //~ ERROR E0303 `endless` is used before its declaration
}

bit<8> leaves(in bit<8> x) {
    exit; //~ ERROR E0602 `exit` is allowed in controls and actions only
    return 1;
}

control C(inout bit<8> x) {
    apply {
        return x; //~ ERROR E0413 nothing can be returned here
    }
}
