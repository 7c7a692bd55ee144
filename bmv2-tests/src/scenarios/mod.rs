//! What every target has to do with the two programs. Each scenario is a function that takes what runs a target and
//! panics if the target does something else. They are listed once, in [`SCENARIOS`]; the tests of the `dpr` package, which knows
//! where the command is, run them all on every kind of target.

mod agreement;
mod arp_and_own_traffic;
mod changes;
mod classes;
mod computers;
mod decision;
mod fragments;
mod group;
mod homes;
mod icmp_errors;
mod ipv6;
mod multicast;
mod port_reuse;
mod quic;
mod router;
mod router_drops;
mod router_ipv6;
mod routes;
mod sessions;
mod stage;
mod stage_drops;
mod switch;
mod translation;
mod tunnels;
mod vlan;

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
    ipv6 {
        state_decides_before_the_bucket
        a_set_up_is_remembered
        a_bucket_is_chosen_by_the_flows_hash
        a_client_keeps_to_one_bucket
        ports_are_found_behind_extension_headers
        an_echo_request_is_answered_here
        what_is_link_local_is_the_hosts_own
    }
    port_reuse {
        a_set_up_on_a_used_five_tuple_goes_to_the_old_server
        a_flood_of_set_ups_leaves_no_state
        connections_of_both_families_have_their_own_state
    }
    tunnels {
        a_packet_goes_in_a_tunnel_with_its_arrival_and_hops
        a_peers_tunnel_ends_here
        a_tunnels_hops_run_out
        congestion_in_a_tunnel_is_congestion_on_the_way
        tunnels_that_no_peer_sent_stay_closed
        a_client_is_told_what_is_too_big_for_a_tunnel
    }
    translation {
        a_published_address_becomes_the_hosts_own_and_back
        a_udp_checksum_that_comes_out_as_none_is_written_as_ones
        a_peer_is_reached_by_its_own_address
        what_errors_quote_is_translated
        the_stage_answers_echo_requests_itself
        the_hosts_own_traffic_is_not_translated
    }
    icmp_errors {
        errors_go_where_what_they_quote_came_from
        quoted_options_are_passed_over
        a_quoted_first_fragment_has_ports
        an_error_begins_nothing
        an_error_to_another_than_it_concerns_is_dropped
        a_client_is_told_when_its_packet_has_come_too_far
        a_tunnels_too_big_message_is_passed_on_to_the_client
    }
    fragments {
        the_rest_is_served_where_the_first_was
        the_rest_goes_where_the_first_went
        a_rest_without_its_first_is_dropped
        fragments_from_the_router_meet_at_one_stage
        the_hosts_own_fragments_are_its_own
        all_fragments_are_translated
        fragments_to_a_peer_keep_to_its_tunnel
    }
    quic {
        a_connection_id_names_its_server
        without_a_known_id_the_flow_decides
        other_services_have_no_ids
    }
    classes {
        a_client_has_the_map_of_its_longest_prefix
        classes_are_of_one_map
        a_live_connection_stays_whatever_its_class
    }
    changes {
        until_the_commit_the_former_owner_counts
        after_the_commit_the_new_owner_asks_the_former_one
        an_owner_on_both_maps_asks_nobody
        without_a_former_owner_the_new_one_counts
        a_class_of_clients_changes_by_itself
        each_owner_is_found_by_its_own_hash
    }
    sessions {
        a_new_connection_goes_to_its_clients_session
        the_previous_owner_keeps_its_sessions
        the_host_of_a_session_that_ends_is_asked
        what_began_at_the_owner_stays_there
        a_former_owner_passes_the_question_on_to_a_session
        only_who_decides_looks_at_sessions
        a_connections_own_state_comes_first
        services_without_sessions_do_not_look_for_any
        before_a_change_is_committed_the_former_affinity_counts
    }
    computers {
        a_computers_packets_go_to_the_host_that_it_is_behind
        a_computer_keeps_its_address
        a_computer_on_another_lan_is_reached_through_a_tunnel
    }
    multicast {
        each_of_several_gets_a_copy
        members_come_and_go
        groups_are_read_as_written
        copies_go_each_host_its_way
        what_is_final_is_not_copied_again
        frames_to_multicast_macs_are_the_hosts_own
        a_copy_ends_when_the_ttl_does
        a_copy_may_be_too_big_for_its_tunnel
        a_copy_for_nobody_is_counted
    }
    homes {
        the_host_answers_arp_for_what_is_at_home_with_it
        the_host_answers_solicitations_but_for_what_is_elsewhere
        a_hosts_own_address_can_be_a_service
        another_hosts_own_address_can_be_a_service
        a_host_may_have_only_a_published_address
    }
    vlan {
        tags_are_kept
        tags_are_kept_around_tunnels_and_translations
        what_a_stage_says_has_the_tags_of_what_it_is_about
        a_third_tag_is_the_hosts_own_affair
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
        a_multicast_address_is_sprayed
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
    router_ipv6 {
        the_longest_prefix_wins
        a_published_address_is_sprayed
        neighbors_find_the_gateways
        packets_that_are_not_routed_are_dropped
        tunnels_come_from_inside_only
        tags_are_kept
    }
    agreement {
        of_host_stages
        of_front_routers
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
