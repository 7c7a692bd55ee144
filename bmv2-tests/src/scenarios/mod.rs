//! What every target has to do with the two programs. Each scenario is a function that takes the command that runs a target and
//! panics if the target does something else. They are listed once, in [`each_scenario!`](crate::each_scenario); the tests of the
//! `dpr` package, which knows where the command is, run them all.

mod arp_and_own_traffic;
mod decision;
mod router;
mod router_drops;
mod routes;
mod stage;
mod stage_drops;
mod switch;

use std::path::Path;

/// Hands the names of all scenarios to a macro, as `module { name name … } module { … }`.
#[macro_export]
macro_rules! each_scenario {
    ($take:ident) => {
        $take! {
            decision {
                step_1_a_final_arrival_is_served
                step_2_flow_state_here_serves
                step_2_flow_state_elsewhere_reroutes_as_final
                step_3_the_previous_owner_serves_what_it_saw_begin
                step_3_the_previous_owner_serves_what_it_owns_again
                step_3_the_previous_owner_passes_on_what_it_does_not_know
                step_4_what_another_owns_goes_to_it_as_peer
                step_4_a_peer_arrival_is_taken_only_if_accepted
                step_5_the_new_owner_asks_the_previous_one
                step_6_the_owner_serves
                datagrams_are_remembered_like_set_ups
                a_bucket_is_chosen_by_the_flows_hash
                services_are_port_ranges
                a_changed_entry_holds_for_the_next_packet
            }
            arp_and_own_traffic {
                arp_for_the_host_passes_and_for_a_published_address_does_not
                echo_requests_to_a_published_address_are_answered_here
                the_hosts_own_packets_pass_both_ways
                probes_are_counted_by_prober
            }
            stage_drops {
                packets_to_nothing_here_are_dropped
                what_tables_do_not_know_is_dropped
                a_reroute_ends_when_the_ttl_does
                fragments_of_services_are_dropped
                malformed_packets_are_dropped
                truncated_packets_are_dropped
                an_empty_stage_serves_nothing
            }
            routes {
                a_random_spray_reaches_all_members
                a_spray_by_flow_keeps_each_flow_on_its_member
                a_member_set_changes_at_once
                the_longest_prefix_wins
                the_router_answers_arp_for_its_gateways
                options_are_kept_and_summed
            }
            router_drops {
                packets_that_are_not_routed_are_dropped
                tunnels_come_from_inside_only
                malformed_packets_are_dropped
                truncated_packets_are_dropped
            }
            switch {
                another_program_is_refused
                entries_are_read_as_written
                a_push_clears
                a_backup_takes_over
                the_process_ends_well
            }
        }
    };
}

macro_rules! list {
    ($($module:ident { $($name:ident)* })*) => {
        &[$($((concat!(stringify!($module), "::", stringify!($name)), $module::$name as Scenario),)*)*]
    };
}

/// A scenario, which takes the command that runs a target.
pub type Scenario = fn(&Path);

/// All scenarios by `module::name`.
pub const SCENARIOS: &[(&str, Scenario)] = each_scenario!(list);

/// Runs the scenario with this name on what the command starts.
pub fn run(name: &str, binary: &Path) {
    let found = SCENARIOS.iter().find(|(other, _)| *other == name);
    let (_, scenario) = found.unwrap_or_else(|| panic!("there is no scenario {name}"));
    scenario(binary);
}
