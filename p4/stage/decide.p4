// The decision rule: for a packet to a service, whether this host serves it, or which other host is to see it and as what.

#ifndef DPR_STAGE_DECIDE_P4
#define DPR_STAGE_DECIDE_P4

const bit<32> FLOW_STATE_SIZE = 1048576;
const bit<32> BUCKETS_SIZE = 262144;
const bit<32> CLIENTS_SIZE = 65536;
const bit<32> SESSIONS_SIZE = 262144;

// Slots of the register that remembers delivered SYNs, and for how long (60 s, in ticks of 1,024 microseconds).
const bit<32> RECENT_SLOTS = 131072;
const bit<32> RECENT_TTL = 58594;

// Whether all of a client's flows have one bucket.
bool is_by_client(in Affinity affinity) {
    return affinity == Affinity.client || affinity == Affinity.session;
}

control Decide(inout headers_t headers, inout metadata_t meta, inout ARCH_METADATA standard) {
    // SYNs delivered here: fingerprint (upper half; never 0) and time (lower half), by hash. Read when this stage is asked as a
    // bucket's previous owner.
    ARCH_REGISTER(bit<64>, recent, RECENT_SLOTS);

    Affinity affinity = Affinity.connection;
    bit<16> session_map = 0;
    bit<16> bucket = 0;
    bit<16> former_bucket = 0;
    bit<32> flow_hash = 0;
    bit<32> client_hash = 0;
    bool is_recent = false;
    bool has_server = false;
    bool asks_session = false;
    host_id_t server = NO_HOST;
    host_id_t owner = NO_HOST;
    host_id_t previous = NO_HOST;
    host_id_t former_owner = NO_HOST;
    bool accept_as_peer = false;

    action serve_at(host_id_t host) {
        server = host;
    }

    // The servers that QUIC connection ids name. The controller has an entry for every host that lives.
    table server_ids {
        key = {
            meta.id_config: exact @name("config");
            meta.id_server: exact @name("server");
        }
        actions = {
            serve_at;
            @defaultonly NoAction;
        }
        const default_action = NoAction();
        size = 8 * MAX_HOSTS;
    }

    // The host that holds a connection. Each live connection has an entry at its server, and one at its bucket's owner
    // if that is another host; the controller writes them from the shims' reports.
    table flow_state {
        key = {
            meta.flow.src[31:0]: exact @name("src");
            meta.flow.dst[31:0]: exact @name("dst");
            meta.flow.protocol: exact @name("protocol");
            meta.flow.src_port: exact @name("src_port");
            meta.flow.dst_port: exact @name("dst_port");
        }
        actions = {
            serve_at;
            @defaultonly NoAction;
        }
        const default_action = NoAction();
        size = FLOW_STATE_SIZE;
    }

    // The same for IPv6.
    table flow_state6 {
        key = {
            meta.flow.src: exact @name("src");
            meta.flow.dst: exact @name("dst");
            meta.flow.protocol: exact @name("protocol");
            meta.flow.src_port: exact @name("src_port");
            meta.flow.dst_port: exact @name("dst_port");
        }
        actions = {
            serve_at;
            @defaultonly NoAction;
        }
        const default_action = NoAction();
        size = FLOW_STATE_SIZE;
    }

    // A session that ends: what its host saw begin is still its own.
    action ask(host_id_t host) {
        server = host;
        asks_session = true;
    }

    // Where a client's session on the services of a map (its own, not the client class's) is. As with connections, it has an
    // entry at its host, and one at its bucket's owner if that is another.
    table sessions {
        key = {
            session_map: exact @name("map");
            meta.flow.src: exact @name("client");
        }
        actions = {
            serve_at;
            ask;
            @defaultonly NoAction;
        }
        const default_action = NoAction();
        size = SESSIONS_SIZE;
    }

    // If the service's affinity changes, the buckets before and after are of this map.
    action in_class_map(bit<16> map_id) {
        meta.map = map_id;
        meta.former_map = map_id;
    }

    // As `changes_map` of services.
    action changes_class_map(bit<16> map_id, bit<16> former_map_id, bit<1> committed) {
        meta.map = map_id;
        meta.is_changing = true;
        meta.is_committed = committed == 1;
        meta.former_map = former_map_id;
        meta.former_affinity = meta.affinity;
    }

    // The maps of clients' classes, in place of the service's.
    table clients {
        key = {
            meta.map: exact @name("map");
            meta.flow.src: lpm @name("client");
        }
        actions = {
            in_class_map;
            changes_class_map;
            @defaultonly NoAction;
        }
        const default_action = NoAction();
        size = CLIENTS_SIZE;
    }

    action owned_by(host_id_t owner_id, host_id_t previous_id, bit<1> accept) {
        owner = owner_id;
        previous = previous_id;
        accept_as_peer = accept == 1;
    }

    action no_bucket() {
        drop_because(meta, DropReason.no_bucket);
    }

    // Where a flow without state goes. The controller changes it by moves only, in the order that the protocol prescribes.
    table buckets {
        key = {
            meta.map: exact @name("map");
            bucket: exact @name("bucket");
        }
        actions = {
            owned_by;
            @defaultonly no_bucket;
        }
        const default_action = no_bucket();
        size = BUCKETS_SIZE;
    }

    action formerly_owned_by(host_id_t owner_id) {
        former_owner = owner_id;
    }

    // Who owned the buckets of the former maps, while flows change from one map or affinity to another.
    table former_buckets {
        key = {
            meta.former_map: exact @name("map");
            former_bucket: exact @name("bucket");
        }
        actions = {
            formerly_owned_by;
            @defaultonly NoAction;
        }
        const default_action = NoAction();
        size = BUCKETS_SIZE;
    }

    // What changes is asked for as in a move: until the commit the former owner counts, and what comes from it by then is
    // taken in; afterwards it is asked.
    action weigh_former_owner() {
        previous = former_owner == meta.self ? NO_HOST : former_owner;
        accept_as_peer = !meta.is_committed && owner == meta.self;
        owner = meta.is_committed ? owner : former_owner;
    }

    // The slot of a flow: the low bits of its hash choose its bucket and say little here.
    action recall() {
        bit<32> fingerprint;
        bit<64> slot;
        ARCH_FINGERPRINT_FIVE_TUPLE(fingerprint, meta.flow);
        ARCH_REGISTER_READ(recent, slot, (bit<32>)flow_hash[31:15]);
        is_recent = slot[63:32] == (fingerprint | 1) && ARCH_NOW(standard) - slot[31:0] < RECENT_TTL;
    }

    action remember() {
        bit<32> fingerprint;
        ARCH_FINGERPRINT_FIVE_TUPLE(fingerprint, meta.flow);
        ARCH_REGISTER_WRITE(recent, (bit<32>)flow_hash[31:15], (fingerprint | 1) ++ ARCH_NOW(standard));
    }

    apply {
        bool is_ipv4 = headers.ip.ipv4.isValid();
        bool is_by_id = false;
        if (is_ipv4) {
            ARCH_HASH_FIVE_TUPLE(flow_hash, meta.flow);
        } else {
            ARCH_HASH_FIVE_TUPLE6(flow_hash, meta.flow);
        }
        if (meta.arrival == Arrival.final) {
            deliver(meta, Outcome.served_final);
        } else {
            affinity = meta.affinity;
            if (meta.is_changing && !meta.is_committed) {
                affinity = meta.former_affinity;
            }
            if (affinity == Affinity.connection_id && meta.has_connection_id) {
                has_server = server_ids.apply().hit;
                is_by_id = has_server;
            }
            if (!has_server) {
                if (is_ipv4) {
                    has_server = flow_state.apply().hit;
                } else {
                    has_server = flow_state6.apply().hit;
                }
            }
            if (has_server) {
                if (server == meta.self) {
                    deliver(meta, is_by_id ? Outcome.served_by_id : Outcome.served_by_state);
                } else {
                    reroute_to(meta, server, Arrival.final, is_by_id ? Outcome.rerouted_by_id : Outcome.rerouted_by_state);
                }
            } else {
                session_map = meta.map;
                if (meta.by_class) {
                    clients.apply();
                }
                bucket = flow_hash[15:0] & meta.bucket_mask;
                former_bucket = bucket;
                if (is_by_client(meta.affinity) || meta.is_changing && is_by_client(meta.former_affinity)) {
                    if (is_ipv4) {
                        ARCH_HASH_CLIENT(client_hash, meta.flow);
                    } else {
                        ARCH_HASH_CLIENT6(client_hash, meta.flow);
                    }
                    if (is_by_client(meta.affinity)) {
                        bucket = client_hash[15:0] & meta.bucket_mask;
                    }
                    if (is_by_client(meta.former_affinity)) {
                        former_bucket = client_hash[15:0] & meta.bucket_mask;
                    }
                }
                if (buckets.apply().hit) {
                    if (meta.is_changing && former_buckets.apply().hit) {
                        weigh_former_owner();
                    }
                    bool decides = true;
                    bool had_sessions = meta.is_changing && meta.former_affinity == Affinity.session
                        && former_owner == meta.self;
                    if (meta.arrival == Arrival.chain) {
                        recall();
                    } else if (owner != meta.self && !(meta.arrival == Arrival.peer && accept_as_peer)) {
                        decides = false;
                        reroute_to(meta, owner, Arrival.peer, Outcome.rerouted_to_owner);
                    } else if (previous != NO_HOST) {
                        decides = false;
                        reroute_to(meta, previous, Arrival.chain, Outcome.rerouted_to_previous);
                    } else if (affinity == Affinity.session || had_sessions) {
                        recall();
                    }
                    // Who decides looks at the client's session, but for what was begun here. Others leave that to him: he
                    // knows the connections that live elsewhere. A former owner of a service that had sessions asks there.
                    bool has_session = false;
                    if (decides && !is_recent && (affinity == Affinity.session || had_sessions)) {
                        has_session = sessions.apply().hit;
                        asks_session = asks_session || affinity != Affinity.session;
                    }
                    if (has_session && server != meta.self) {
                        reroute_to(meta, server, asks_session ? Arrival.chain : Arrival.final, Outcome.rerouted_by_session);
                    } else if (has_session && !asks_session) {
                        deliver(meta, Outcome.served_by_session);
                    } else if (meta.arrival != Arrival.chain) {
                        if (decides) {
                            deliver(meta, Outcome.served_as_owner);
                        }
                    } else if (is_recent || owner == meta.self) {
                        deliver(meta, Outcome.served_by_chain);
                    } else {
                        reroute_to(meta, owner, Arrival.final, Outcome.rerouted_by_chain);
                    }
                }
            }
        }
        // A SYN is remembered wherever it is delivered. Without a handshake, every packet that the hash decides counts as one.
        // An ICMP error begins nothing.
        if (meta.verdict == Verdict.deliver) {
            if (headers.ip.tcp.isValid()) {
                if ((headers.ip.tcp.flags & (TCP_FLAG_SYN | TCP_FLAG_ACK)) == TCP_FLAG_SYN) {
                    remember();
                }
            } else if (!headers.ip.icmp.isValid()
                    && (meta.outcome == Outcome.served_by_chain || meta.outcome == Outcome.served_as_owner
                        || meta.affinity == Affinity.session && meta.outcome != Outcome.served_by_state)) {
                remember();
            }
        }
    }
}

#endif
