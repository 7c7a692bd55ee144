//! Answers as tables for people.

use super::duration;
use dpr_protocol::admin::v1::{
    BucketsReply, ComputerStatus, CriteriaReply, DrainProgress, DrainReply, ExplainReply,
    FiveTuple, FlowsReply, HostState, HostStatus, MapStatus, ServiceStatus, ServicesReply,
    StatusReply,
};
use std::time::Duration;

/// Columns as wide as their widest cell, numbers to the right.
fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let widths: Vec<usize> = head
        .iter()
        .enumerate()
        .map(|(column, name)| {
            let cells = rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count());
            cells.max().unwrap_or(0).max(name.chars().count())
        })
        .collect();
    let is_number = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_digit())
            && text.chars().all(|c| c.is_ascii_digit() || ".%".contains(c))
    };
    let numeric: Vec<bool> = (0..head.len())
        .map(|column| {
            !rows.is_empty()
                && rows
                    .iter()
                    .filter_map(|row| row.get(column))
                    .all(|cell| cell.is_empty() || is_number(cell))
        })
        .collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let cells: Vec<String> = cells
            .zip(widths.iter().zip(&numeric))
            .map(|(cell, (width, numeric))| {
                if *numeric {
                    format!("{cell:>width$}")
                } else {
                    format!("{cell:<width$}")
                }
            })
            .collect();
        cells.join("  ").trim_end().to_owned() + "\n"
    };
    let mut text = line(&mut head.iter().copied());
    for row in rows {
        text += &line(&mut row.iter().map(String::as_str));
    }
    text
}

fn percent(share: f64) -> String {
    format!("{:.1}%", share * 100.0)
}

pub fn state(host: &HostStatus) -> &'static str {
    state_name(host.state())
}

fn state_name(state: HostState) -> &'static str {
    match state {
        HostState::Unspecified => "?",
        HostState::Out => "out",
        HostState::Joining => "joining",
        HostState::Serving => "serving",
        HostState::Draining => "draining",
        HostState::Drained => "drained",
        HostState::Held => "held",
        HostState::Blind => "blind",
        HostState::Dead => "dead",
    }
}

fn service_name(service: &ServiceStatus) -> String {
    let ports = if service.port_low == service.port_high {
        service.port_low.to_string()
    } else {
        format!("{}-{}", service.port_low, service.port_high)
    };
    format!("{}:{ports}/{}", service.address, service.protocol)
}

pub fn services(reply: &ServicesReply) -> String {
    let rows: Vec<Vec<String>> = reply
        .services
        .iter()
        .map(|service| {
            vec![
                service_name(service),
                service.map.to_string(),
                service.affinity.clone(),
                service.connections.to_string(),
                list(&service.hosts, "nobody"),
                list(&service.without_data, "-"),
            ]
        })
        .collect();
    let mut text = table(
        &[
            "service",
            "map",
            "affinity",
            "connections",
            "hosts",
            "without data",
        ],
        &rows,
    );
    if !reply.computers.is_empty() {
        text += "\n";
        text += &computers(&reply.computers);
    }
    text
}

fn computers(computers: &[ComputerStatus]) -> String {
    let row = |computer: &ComputerStatus| {
        let behind = if computer.several { "all of" } else { "one" };
        let hosts = list(&computer.hosts, "nobody");
        let away = list(&computer.away, "-");
        vec![computer.address.clone(), behind.to_owned(), hosts, away]
    };
    let rows: Vec<_> = computers.iter().map(row).collect();
    table(
        &["computer", "behind", "hosts", "without copies now"],
        &rows,
    )
}

pub fn criteria(reply: &CriteriaReply) -> String {
    let maps: Vec<String> = reply.maps.iter().map(map).collect();
    maps.join("\n")
}

fn map(map: &MapStatus) -> String {
    let services: Vec<String> = map.services.iter().map(service_name).collect();
    let data = map.data.as_ref().map_or_else(
        || "all hosts".to_owned(),
        |data| list(&data.hosts, "nobody"),
    );
    let load = if map.load.is_empty() {
        "off"
    } else {
        &map.load
    };
    let rows: Vec<Vec<String>> = map
        .hosts
        .iter()
        .map(|host| {
            let is_own = map.weights.iter().all(|weight| weight.host != host.host);
            vec![
                host.host.clone(),
                host.weight.to_string(),
                if is_own { "its own" } else { "the map's" }.to_owned(),
                yes(host.holds_data),
                yes(host.data_configured),
                host.data_reported.map_or_else(|| "-".to_owned(), yes),
                format!("{:.2}", host.load_factor),
                host.load_deviation.map_or_else(
                    || "-".to_owned(),
                    |deviation| format!("{:+.0}%", deviation * 100.0),
                ),
                percent(host.target_share),
                percent(host.achieved_share),
                host.buckets.to_string(),
            ]
        })
        .collect();
    let head = [
        "host",
        "weight",
        "whose",
        "data",
        "configured",
        "reported",
        "load factor",
        "load",
        "target",
        "achieved",
        "buckets",
    ];
    let mut clients = String::new();
    if let Some(class) = &map.class {
        clients += &format!(
            "clients of {}: {}\n",
            class.name,
            list(&class.prefixes, "nobody")
        );
    }
    let mut more = String::new();
    for class in &map.qos {
        let hosts = class.hosts.iter();
        let hosts: Vec<String> = hosts
            .map(|host| format!("{}:{}", host.host, host.weight.unwrap_or(1.0)))
            .collect();
        more += &format!("; QoS class {} at {}", class.name, hosts.join(", "));
    }
    if !map.distance.is_empty() {
        more += &format!("; distance: {}", map.distance);
    }
    if map
        .services
        .iter()
        .any(|service| service.affinity == "session")
    {
        let timeout = Duration::from_millis(map.session_timeout_ms);
        more += &format!("; sessions live for {}", duration::show(timeout));
    }
    format!(
        "map {}: {}\n{clients}data at {data}; load: {load}{more}\n{}",
        map.map,
        list(&services, "no service"),
        table(&head, &rows)
    )
}

pub fn status(status: &StatusReply) -> String {
    let mut text = format!(
        "group {}, controller up {} s",
        status.group,
        status.uptime_ms / 1000
    );
    if status.starting {
        text += ", reading the stages";
    }
    text += "\n";
    for service in &status.services {
        text += &format!("service {}, map {}\n", service_name(service), service.map);
    }
    if let Some(router) = status.router.as_ref().filter(|router| router.configured) {
        let link = if router.connected {
            "connected"
        } else {
            "away"
        };
        text += &format!(
            "front router {link}, sprays to {}\n",
            list(&router.members, "nobody")
        );
    }
    let rows: Vec<Vec<String>> = status
        .hosts
        .iter()
        .map(|host| {
            vec![
                host.name.clone(),
                state(host).to_owned(),
                format!("{}", host.weight),
                percent(host.target_share),
                percent(host.achieved_share),
                host.buckets.to_string(),
                host.connections.to_string(),
            ]
        })
        .collect();
    text += &format!(
        "\n{}",
        table(
            &[
                "host",
                "state",
                "weight",
                "target",
                "achieved",
                "buckets",
                "connections"
            ],
            &rows
        )
    );
    if let Some(moves) = &status.moves {
        text += &format!(
            "\nmoves: {} completed, {} in progress, {} waiting, {} ended by a host's death\n",
            moves.completed, moves.in_progress, moves.waiting, moves.aborted
        );
    }
    if !status.change.is_empty() {
        text += &format!("maps or affinities change: step {}\n", status.change);
    }
    if let Some(flow_state) = &status.flow_state {
        text += &format!(
            "flow state: {} connections, {} entries (installed {}, removed {}); installed within {:.1} ms (median), {:.1} ms (99%)\n",
            flow_state.connections,
            flow_state.remaining,
            flow_state.installed,
            flow_state.removed,
            flow_state.install_ms_p50,
            flow_state.install_ms_p99
        );
    }
    text
}

fn list(names: &[String], none: &str) -> String {
    if names.is_empty() {
        none.to_owned()
    } else {
        names.join(", ")
    }
}

fn yes(yes: bool) -> String {
    if yes { "yes" } else { "no" }.to_owned()
}

pub fn hosts(hosts: &[HostStatus]) -> String {
    let rows: Vec<Vec<String>> = hosts
        .iter()
        .map(|host| {
            let stage = match (host.stage_connected, host.stage_ready) {
                (false, _) => "away",
                (true, false) => "filling",
                (true, true) => "ready",
            };
            vec![
                host.id.to_string(),
                host.name.clone(),
                state(host).to_owned(),
                host.address.clone(),
                host.stage_mac.clone(),
                if host.shim_connected {
                    "connected"
                } else {
                    "away"
                }
                .to_owned(),
                stage.to_owned(),
                yes(host.in_router),
                host.connections.to_string(),
                host.flow_entries.to_string(),
                format!("{:.1}%", f64::from(host.cpu_permille) / 10.0),
                format!("{} of {}", host.probes_missed_by, host.probers),
            ]
        })
        .collect();
    let head = [
        "id",
        "host",
        "state",
        "address",
        "stage MAC",
        "shim",
        "stage",
        "sprayed",
        "connections",
        "entries",
        "CPU",
        "missed by",
    ];
    table(&head, &rows)
}

fn five_tuple(five_tuple: Option<&FiveTuple>) -> String {
    five_tuple.map_or_else(String::new, |flow| {
        let (src, dst) = (bracketed(&flow.src), bracketed(&flow.dst));
        let (src_port, dst_port) = (flow.src_port, flow.dst_port);
        format!("{src}:{src_port} -> {dst}:{dst_port}/{}", flow.protocol)
    })
}

/// An address as it stands before a port (RFC 3986, section 3.2.2).
fn bracketed(address: &str) -> String {
    match address.contains(':') {
        true => format!("[{address}]"),
        false => address.to_owned(),
    }
}

pub fn flows(reply: &FlowsReply) -> String {
    let rows: Vec<Vec<String>> = reply
        .flows
        .iter()
        .map(|flow| {
            vec![
                five_tuple(flow.five_tuple.as_ref()),
                flow.server.clone(),
                flow.owner.clone(),
                format!("{}/{}", flow.map, flow.bucket),
                list(&flow.entries_at, "-"),
                if flow.closing {
                    "closing".to_owned()
                } else {
                    format!("{} s", flow.age_ms / 1000)
                },
            ]
        })
        .collect();
    let mut text = table(
        &[
            "connection",
            "server",
            "owner",
            "bucket",
            "entries at",
            "age",
        ],
        &rows,
    );
    if reply.total > reply.flows.len() as u64 {
        text += &format!("and {} more\n", reply.total - reply.flows.len() as u64);
    }
    text
}

pub fn buckets(reply: &BucketsReply) -> String {
    let rows: Vec<Vec<String>> = reply
        .buckets
        .iter()
        .map(|bucket| {
            vec![
                bucket.map.to_string(),
                bucket.bucket.to_string(),
                bucket.owner.clone(),
                bucket.target.clone(),
                bucket.step.clone(),
                bucket.flows.to_string(),
            ]
        })
        .collect();
    table(
        &["map", "bucket", "owner", "goes to", "step", "connections"],
        &rows,
    )
}

pub fn drain(host: &str, reply: &DrainReply) -> String {
    format!(
        "{host} drains: {} buckets move, {} connections go on until they end",
        reply.moves, reply.connections
    )
}

pub fn progress(host: &str, progress: &DrainProgress) -> String {
    format!(
        "{host} {}: {} buckets, {} connections",
        state_name(progress.state()),
        progress.buckets,
        progress.connections
    )
}

pub fn explain(reply: &ExplainReply) -> String {
    let mut text = format!(
        "{}\n\nhash {:#010x}, bucket {} of map {}, owned by {}\n",
        reply.summary, reply.hash, reply.bucket, reply.map, reply.owner
    );
    match &reply.known {
        Some(flow) => {
            let life = if flow.closing { "closing" } else { "live" };
            text += &format!(
                "{}: {life}, held by {}, entries at {}\n",
                five_tuple(flow.five_tuple.as_ref()),
                flow.server,
                list(&flow.entries_at, "no stage")
            );
        }
        None => text += "no host has reported such a connection\n",
    }
    for path in &reply.paths {
        let from = path.hops.first().map_or("", |hop| hop.stage.as_str());
        let served = if path.served_by.is_empty() {
            "nobody".to_owned()
        } else {
            path.served_by.clone()
        };
        text += &format!("\nfrom the front router to {from}: served by {served}\n");
        for (number, hop) in path.hops.iter().enumerate() {
            text += &format!(
                "  {}. {} ({}): {}\n",
                number + 1,
                hop.stage,
                hop.arrival,
                hop.decision
            );
            for entry in &hop.entries {
                text += &format!("       {entry}\n");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_they_must_be_and_numbers_stand_on_the_right() {
        let rows = [
            vec!["h1".to_owned(), "7".to_owned(), "50.0%".to_owned()],
            vec!["long".to_owned(), "1234".to_owned(), "5.0%".to_owned()],
        ];
        assert_eq!(
            table(&["host", "n", "share"], &rows),
            "host     n  share\nh1       7  50.0%\nlong  1234   5.0%\n"
        );
    }

    #[test]
    fn other_computers_stand_below_the_services() {
        let computer = |address: &str, several, hosts: &[&str], away: &[&str]| ComputerStatus {
            address: address.to_owned(),
            several,
            hosts: hosts.iter().map(|name| (*name).to_owned()).collect(),
            away: away.iter().map(|name| (*name).to_owned()).collect(),
        };
        let reply = ServicesReply {
            services: Vec::new(),
            computers: vec![
                computer("192.0.2.80", false, &["h2"], &[]),
                computer("239.1.2.3", true, &["h2", "h3"], &["h3"]),
            ],
        };
        let text = services(&reply);
        let (_, text) = text.split_once("\n\n").expect("two tables");
        let rows: Vec<Vec<&str>> = text
            .lines()
            .map(|line| {
                line.split("  ")
                    .map(str::trim)
                    .filter(|it| !it.is_empty())
                    .collect()
            })
            .collect();
        let expected = [
            vec!["computer", "behind", "hosts", "without copies now"],
            vec!["192.0.2.80", "one", "h2", "-"],
            vec!["239.1.2.3", "all of", "h2, h3", "h3"],
        ];
        assert_eq!(rows, expected);
    }

    #[test]
    fn a_status_says_what_a_host_owns_and_should_own() {
        let host = HostStatus {
            name: "h1".to_owned(),
            state: HostState::Serving.into(),
            weight: 2.0,
            target_share: 0.5,
            achieved_share: 0.25,
            buckets: 16,
            connections: 3,
            ..HostStatus::default()
        };
        let text = status(&StatusReply {
            group: "shop".to_owned(),
            hosts: vec![host],
            ..StatusReply::default()
        });
        assert!(
            text.starts_with("group shop, controller up 0 s\n"),
            "{text}"
        );
        assert!(
            text.contains("h1    serving       2   50.0%     25.0%       16            3\n"),
            "{text}"
        );
    }
}
