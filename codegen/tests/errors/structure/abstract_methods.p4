// Instances that do not define what their types leave open, or define something else.
extern Open {
    Open();
    abstract bit<8> first(in bit<8> x);
    abstract void second(inout bit<16> y);
    bit<8> third();
}
extern Generic<T> {
    Generic(T value);
    abstract void take(in T value);
}
extern Closed {
    Closed();
    bit<8> get();
}
package Top(Open o);

control Inner() { apply { } }

control C() {
    Open() none; //~ ERROR E0612 `none` does not define the abstract method `first` //~ ERROR E0612 `none` does not define the abstract method `second`
    Open() half = { //~ ERROR E0612 `half` does not define the abstract method `second`
        bit<8> first(in bit<8> x) { return x; }
    };
    Open() whole = {
        bit<8> first(in bit<8> x) { return x; }
        void second(inout bit<16> y) { y = 1; }
    };
    Open() misspelt = {
        bit<8> frist(in bit<8> x) { return x; } //~ ERROR E0612 `Open` has no abstract method `frist`
        void second(inout bit<16> y) { y = 1; }
    };
    Open() other_direction = {
        bit<8> first(inout bit<8> x) { return x; } //~ ERROR E0612 `first` is not as it is declared: `x` is `inout` instead of `in`
        void second(inout bit<16> y) { y = 1; }
    };
    Open() other_result = {
        bit<16> first(in bit<8> x) { return 0; } //~ ERROR E0612 `first` is not as it is declared: it returns `bit<16>` instead of `bit<8>`
        void second(inout bit<16> y) { y = 1; }
    };
    Generic(16w1) fits = {
        void take(in bit<16> value) { }
    };
    Generic(16w1) too_narrow = {
        void take(in bit<8> value) { } //~ ERROR E0612 `take` is not as it is declared: `value` has type `bit<8>` instead of `bit<16>`
    };
    Closed() closed = { //~ ERROR E0612 `closed` has a body, but `Closed` has no abstract methods
        bit<8> get() { return 1; }
    };
    Inner() inner = { }; //~ ERROR E0612 `inner` has a body, but only instances of externs can have one
    apply { }
}

bit<8> outside() {
    return this.third(); //~ ERROR E0602 `this` has a meaning only in the methods of an instance
}

Top(Open()) top; //~ ERROR E0612 `Open` has abstract methods, which must be defined
