// Calls that more than one method takes, and results that no call can have.
control Shape(inout bit<8> x);

extern Store {
    Store();
    void put(in bit<8> key);
    void put(in bit<16> value);
    void set(in bit<8> one, in bit<8> two);
    void set(in bit<8> one);
    Shape inside();
    void take(Shape shape);
}

control C(inout bit<8> x) {
    Store() store;
    apply {
        store.put(x); //~ ERROR E0405 more than one method `put` takes these arguments
        store.put(key = x);
        store.set(x);
        store.set(x, x);
        store.inside(); //~ ERROR E0408 `inside` returns `Shape`, which no call can give
    }
}
