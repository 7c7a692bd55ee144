//! Answers as JSON for programs.

use super::print::state;
use dpr_protocol::admin::v1::{
    BucketsReply, CriteriaReply, ExplainReply, FiveTuple, Flow, FlowsReply, HostStatus, HostWeight,
    JoinReply, MapHost, ServiceStatus, ServicesReply, StatusReply,
};
use serde_json::{Value, json};

fn text(value: &Value) -> String {
    format!("{value:#}")
}

fn host(host: &HostStatus) -> Value {
    json!({
        "id": host.id,
        "name": host.name,
        "state": state(host),
        "address": host.address,
        "stage_mac": host.stage_mac,
        "weight": host.weight,
        "target_share": host.target_share,
        "achieved_share": host.achieved_share,
        "buckets": host.buckets,
        "connections": host.connections,
        "reported_connections": host.reported_connections,
        "cpu_permille": host.cpu_permille,
        "shim_connected": host.shim_connected,
        "stage_connected": host.stage_connected,
        "stage_ready": host.stage_ready,
        "in_router": host.in_router,
        "flow_entries": host.flow_entries,
        "probes_missed_by": host.probes_missed_by,
        "probers": host.probers,
    })
}

pub fn hosts(hosts: &[HostStatus]) -> String {
    text(&json!({ "hosts": hosts.iter().map(host).collect::<Vec<_>>() }))
}

fn service(service: &ServiceStatus) -> Value {
    json!({
        "address": service.address,
        "protocol": service.protocol,
        "ports": [service.port_low, service.port_high],
        "map": service.map,
        "affinity": service.affinity,
    })
}

pub fn status(status: &StatusReply) -> String {
    let moves = status.moves.unwrap_or_default();
    let flow_state = status.flow_state.unwrap_or_default();
    let router = status.router.clone().unwrap_or_default();
    let services: Vec<Value> = status.services.iter().map(service).collect();
    text(&json!({
        "group": status.group,
        "uptime_ms": status.uptime_ms,
        "starting": status.starting,
        "services": services,
        "hosts": status.hosts.iter().map(host).collect::<Vec<_>>(),
        "placed_permille": status.placed_permille,
        "moves": {
            "completed": moves.completed,
            "in_progress": moves.in_progress,
            "waiting": moves.waiting,
            "aborted": moves.aborted,
        },
        "change": some(&status.change),
        "changes_completed": status.changes_completed,
        "sessions": status.sessions,
        "flow_state": {
            "connections": flow_state.connections,
            "installed": flow_state.installed,
            "removed": flow_state.removed,
            "remaining": flow_state.remaining,
            "install_ms": { "p50": flow_state.install_ms_p50, "p99": flow_state.install_ms_p99 },
        },
        "router": { "configured": router.configured, "connected": router.connected, "members": router.members },
    }))
}

fn five_tuple(flow: Option<&FiveTuple>) -> Value {
    flow.map_or(Value::Null, |flow| {
        json!({
            "src": flow.src,
            "src_port": flow.src_port,
            "dst": flow.dst,
            "dst_port": flow.dst_port,
            "protocol": flow.protocol,
        })
    })
}

fn flow(flow: &Flow) -> Value {
    json!({
        "five_tuple": five_tuple(flow.five_tuple.as_ref()),
        "server": flow.server,
        "owner": flow.owner,
        "map": flow.map,
        "bucket": flow.bucket,
        "entries_at": flow.entries_at,
        "age_ms": flow.age_ms,
        "closing": flow.closing,
    })
}

pub fn flows(reply: &FlowsReply) -> String {
    text(
        &json!({ "flows": reply.flows.iter().map(flow).collect::<Vec<_>>(), "total": reply.total }),
    )
}

pub fn buckets(reply: &BucketsReply) -> String {
    let buckets: Vec<Value> = reply
        .buckets
        .iter()
        .map(|bucket| {
            json!({
                "map": bucket.map,
                "bucket": bucket.bucket,
                "owner": bucket.owner,
                "target": if bucket.target.is_empty() { &bucket.owner } else { &bucket.target },
                "step": if bucket.step.is_empty() { Value::Null } else { bucket.step.clone().into() },
                "connections": bucket.flows,
            })
        })
        .collect();
    text(&json!({ "buckets": buckets }))
}

pub fn drain(moves: u64, connections: u64) -> String {
    text(&json!({ "moves": moves, "connections": connections }))
}

pub fn moves(moves: u64) -> String {
    text(&json!({ "moves": moves }))
}

pub fn hold(connections: u64) -> String {
    text(&json!({ "connections": connections }))
}

pub fn release(host: &str) -> String {
    text(&json!({ "host": host }))
}

pub fn remove(connections: u64) -> String {
    text(&json!({ "connections": connections }))
}

pub fn reload(changes: &[String]) -> String {
    text(&json!({ "changes": changes }))
}

pub fn services(reply: &ServicesReply) -> String {
    let services: Vec<Value> = reply
        .services
        .iter()
        .map(|status| {
            let mut value = service(status);
            value["connections"] = status.connections.into();
            value["hosts"] = status.hosts.clone().into();
            value["without_data"] = status.without_data.clone().into();
            value
        })
        .collect();
    let computers = reply.computers.iter().map(|computer| {
        json!({
            "address": computer.address,
            "several": computer.several,
            "hosts": computer.hosts,
            "away": computer.away,
        })
    });
    let computers: Vec<Value> = computers.collect();
    text(&json!({ "services": services, "computers": computers }))
}

fn map_host(host: &MapHost) -> Value {
    json!({
        "host": host.host,
        "weight": host.weight,
        "holds_data": host.holds_data,
        "data_configured": host.data_configured,
        "data_reported": host.data_reported,
        "load_factor": host.load_factor,
        "load_deviation": host.load_deviation,
        "target_share": host.target_share,
        "achieved_share": host.achieved_share,
        "buckets": host.buckets,
    })
}

/// A text that is there, if any.
fn some(text: &str) -> Value {
    if text.is_empty() {
        Value::Null
    } else {
        text.into()
    }
}

fn host_weights(weights: &[HostWeight]) -> Value {
    let weights = weights.iter();
    weights
        .map(|weight| (weight.host.clone(), json!(weight.weight)))
        .collect::<serde_json::Map<String, Value>>()
        .into()
}

pub fn criteria(reply: &CriteriaReply) -> String {
    let maps: Vec<Value> = reply
        .maps
        .iter()
        .map(|map| {
            let qos: serde_json::Map<String, Value> = map
                .qos
                .iter()
                .map(|class| (class.name.clone(), host_weights(&class.hosts)))
                .collect();
            let class = map.class.as_ref().map(|class| {
                json!({
                    "class": class.class,
                    "name": class.name,
                    "prefixes": class.prefixes,
                    "qos": some(&class.qos),
                    "region": some(&class.region),
                })
            });
            json!({
                "map": map.map,
                "base": map.base,
                "class": class,
                "services": map.services.iter().map(service).collect::<Vec<_>>(),
                "weights": host_weights(&map.weights),
                "data": map.data.as_ref().map(|data| &data.hosts),
                "load": some(&map.load),
                "qos": qos,
                "distance": some(&map.distance),
                "session_timeout_ms": map.session_timeout_ms,
                "hosts": map.hosts.iter().map(map_host).collect::<Vec<_>>(),
            })
        })
        .collect();
    text(&json!({ "maps": maps }))
}

pub fn join(reply: &JoinReply) -> String {
    text(&json!({ "id": reply.id }))
}

pub fn explain(reply: &ExplainReply) -> String {
    let paths: Vec<Value> = reply
        .paths
        .iter()
        .map(|path| {
            let hops: Vec<Value> = path
                .hops
                .iter()
                .map(|hop| json!({ "stage": hop.stage, "arrival": hop.arrival, "entries": hop.entries, "decision": hop.decision }))
                .collect();
            json!({
                "hops": hops,
                "served_by": if path.served_by.is_empty() { Value::Null } else { path.served_by.clone().into() },
            })
        })
        .collect();
    text(&json!({
        "summary": reply.summary,
        "hash": reply.hash,
        "map": reply.map,
        "bucket": reply.bucket,
        "owner": reply.owner,
        "known": reply.known.as_ref().map_or(Value::Null, flow),
        "paths": paths,
    }))
}
