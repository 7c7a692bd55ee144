// Words that mean something only in some places are names everywhere else, and values hide types.

struct key { bit<8> actions; bit<8> type; bit<8> state; }
header entries { bit<8> apply; }
const bit<8> priority = 3;

parser list(in key state)(bit<8> pragma) {
    state start {
        bit<8> apply = state.type;
        transition select(apply, priority) {
            (priority, _): state;
            default: accept;
        }
    }
    state state { transition accept; }
}

control type_user(inout key key) {
    action actions() { key.type = priority; }
    table table_of_actions {
        key = { key.actions : exact; }
        actions = { actions; }
        entries = { priority : actions(); }
    }
    apply {
        entries entries;
        entries.apply = 1;
        bit<8> type = entries.apply;
        bool less = type < key.state && type > (1);
        table_of_actions.apply();
    }
}
