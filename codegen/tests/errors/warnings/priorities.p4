// Entries with one priority, and entries that are not in the order of their priorities.
match_kind { ternary }
control C(inout bit<8> x) { //~ WARNING W0401 the control `C` is unused
    action set(bit<8> value) { x = value; }
    table falling {
        key = { x: ternary; }
        actions = { set; }
        default_action = set(0);
        entries = {
            priority = 20: 1: set(1);
            2: set(1); //~ WARNING W0411 another entry has the priority 19 too
            priority = 19: 3: set(1); //~ WARNING W0412 the entry below comes before this one, whose priority is 19
            priority = 30: 4: set(1);
        }
    }
    table rising {
        key = { x: ternary; }
        actions = { set; }
        default_action = set(0);
        largest_priority_wins = false;
        entries = {
            priority = 20: 1: set(1); //~ WARNING W0412 the entry below comes before this one, whose priority is 20
            priority = 10: 2: set(1);
        }
    }
    apply {
        falling.apply();
        rising.apply();
    }
}
