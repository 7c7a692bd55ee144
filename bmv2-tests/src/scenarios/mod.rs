//! What every target has to do with the two programs. Each scenario is a function that takes what runs a target and
//! panics if the target does something else. They are listed once, in [`SCENARIOS`]; the tests of the `dpr` package, which knows
//! where the command is, run them all on every kind of target.

mod arp_and_own_traffic;
mod decision;
#[allow(dead_code)]
mod group;
mod router;
mod router_drops;
mod routes;
#[allow(dead_code)]
mod stage;
mod stage_drops;
mod switch;

use crate::target::{Capability, Platform, TargetKind};

/// What a target has to do.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// `module::name`.
    pub name: &'static str,
    /// What it asks of the target beyond what all do.
    needs: Option<Capability>,
    run: fn(Platform<'_>),
}

impl Scenario {
    /// Why a kind of target is left out; nothing if it is not.
    pub fn leaves_out(&self, kind: TargetKind) -> Option<&'static str> {
        self.needs.and_then(|capability| kind.lacks(capability))
    }

    /// Runs it; panics if the target does something else.
    pub fn run(&self, platform: Platform<'_>) {
        (self.run)(platform);
    }
}

macro_rules! scenarios {
    ($($module:ident { $($name:ident $(($needs:ident))?)* })*) => {
        &[$($(Scenario {
            name: concat!(stringify!($module), "::", stringify!($name)),
            needs: scenarios!(@ $($needs)?),
            run: $module::$name,
        },)*)*]
    };
    (@) => { None };
    (@ $needs:ident) => { Some(Capability::$needs) };
}

/// All scenarios, with what they need in parentheses.
pub const SCENARIOS: &[Scenario] = scenarios! {
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
        a_client_keeps_to_one_bucket_of_the_map_that_services_share
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
        another_program_is_refused (FixedProgram)
        another_program_replaces_it (AnyProgram)
        entries_are_read_as_written
        a_push_clears
        a_backup_takes_over
        the_process_ends_well (EndsOnSignal)
    }
};
