// Entries with one priority, and entries that are not in the order of their priorities.
match_kind { ternary }
control C(inout bit<8> x) {
    action set(bit<8> value) { x = value; }
    table falling {
        key = { x: ternary; }
        actions = { set; }
        default_action = set(0);
        entries = {
            priority = 20: 1: set(1);
            2: set(1);
            priority = 19: 3: set(1); //~ WARNING W0411 another entry has the priority 19 too
            priority = 30: 4: set(1); //~ WARNING W0412 this entry comes before the one above it: its priority is 30
        }
    }
    table rising {
        key = { x: ternary; }
        actions = { set; }
        default_action = set(0);
        largest_priority_wins = false;
        entries = {
            priority = 20: 1: set(1);
            priority = 10: 2: set(1); //~ WARNING W0412 this entry comes before the one above it: its priority is 10
        }
    }
    apply {
        falling.apply();
        rising.apply();
    }
}
