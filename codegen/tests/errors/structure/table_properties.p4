// Tables with wrong properties.
#include <core.p4>

struct s_t { bit<8> a; bit<16> b; bool c; }

control C(inout s_t s, inout bit<8> result) {
    action set(bit<8> value) { result = value; }
    action keep() {}
    action directed(in bit<8> value, bit<8> data) { result = value + data; }

    table no_actions { //~ ERROR E0603 the table `no_actions` has no actions
        key = { s.a: exact; }
    }
    table wrong_keys {
        key = {
            s: exact; //~ ERROR E0408 a value of type `s_t` cannot be a key
            s.a: exactly; //~ ERROR E0307 there is no match kind `exactly`
            s.x: exact; //~ ERROR E0305 `s_t` has no member `x`
            5: exact; //~ ERROR E0414 this integer needs a width here
        }
        actions = { keep; }
    }
    table wrong_actions {
        actions = {
            keep;
            missing; //~ ERROR E0301 nothing is named `missing` here
            s; //~ ERROR E0304 `s` is not an action
            keep; //~ ERROR E0505 the action `keep` is listed twice
            set(1); //~ ERROR E0405 `set` takes 0 arguments, but 1 are given
            directed; //~ ERROR E0405 arguments of `directed` are missing: `value`
        }
    }
    table bound {
        actions = {
            directed(s.a);
        }
        default_action = directed(s.a, 1);
    }
    table wrong_default {
        actions = { keep; set; }
        default_action = directed(1, 2); //~ ERROR E0604 `directed` is not in the list of actions of the table `wrong_default`
    }
    table wrong_data {
        actions = { keep; set; }
        default_action = set(); //~ ERROR E0405 arguments of `set` are missing: `value`
    }
    table wider_data {
        actions = { set; }
        default_action = set(s.b); //~ ERROR E0401 expected `bit<8>`, but this is `bit<16>`
    }
    table variable_data {
        actions = { set; }
        default_action = set(s.a); //~ ERROR E0501 data of an action must be known at compile time
    }
    table twice {
        actions = { keep; }
        size = 10;
        size = 20; //~ ERROR E0605 the property `size` is given twice
    }
    table wrong_size {
        actions = { keep; }
        size = true; //~ ERROR E0401 `size` is a number, but this is `bool`
    }
    table variable_size {
        actions = { keep; }
        size = s.a; //~ ERROR E0501 `size` must be known at compile time
    }
    apply {
        no_actions.apply();
    }
}
