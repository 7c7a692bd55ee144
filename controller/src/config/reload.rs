//! A configuration that is read again while the controller runs: what may change, and what only a restart can.

use super::{Config, ConfigError};
use crate::core::{
    ConfiguredRules, Group, HostId, HostSpec, Location, Reconfiguration, Service, service_key,
};
use std::{collections::BTreeMap, ops::Range, path::Path};

impl Config {
    /// Reads a file again: what it says now, and what that asks of a controller that runs with this configuration.
    pub fn reread(&self, file: &Path) -> Result<(Config, Reconfiguration), ConfigError> {
        let text = super::read(file)?;
        let config = Config::parse(file, &text)?;
        let changes = config.changes_since(self, file, &text)?;
        Ok((config, changes))
    }

    /// What a changed file asks of a controller that runs with `before`, in which only what the file says counts: what operators
    /// changed otherwise since stays, unless the file changes it too. `file` and `text` are for the error, which names the
    /// first change that needs a restart.
    pub fn changes_since(
        &self,
        before: &Config,
        file: &Path,
        text: &str,
    ) -> Result<Reconfiguration, ConfigError> {
        let (old, new) = (before.to_group(), self.to_group());
        if let Some((span, field)) = self.fixed(before, &old, &new, text) {
            return Err(ConfigError::at(
                file,
                text,
                span,
                Some(field.to_owned()),
                "cannot change while the controller runs; restart it",
            ));
        }
        let was: BTreeMap<HostId, &HostSpec> =
            old.hosts.iter().map(|host| (host.id, host)).collect();
        let weights = new.hosts.iter().filter_map(|host| {
            let differs = was.get(&host.id)?.weight != host.weight;
            differs.then_some((host.id, host.weight))
        });
        let added = new.hosts.iter().filter(|host| !was.contains_key(&host.id));
        let criteria = new.base_maps().into_iter().filter_map(|map| {
            let asked = |group: &Group| group.criteria.get(&map).cloned().unwrap_or_default();
            (asked(&old) != asked(&new)).then(|| (map, asked(&new)))
        });
        let computers = (old.computers != new.computers).then(|| new.computers.clone());
        let at_home = new.hosts.iter().filter_map(|host| {
            let addresses = &host.location.at_home;
            let differs = was.get(&host.id)?.location.at_home != *addresses;
            differs.then(|| (host.id, addresses.clone()))
        });
        let keys = |group: &Group| group.services.iter().map(service_key).collect::<Vec<_>>();
        let services = (keys(&old) != keys(&new)).then(|| new.services.clone());
        let changed = changed_services(&old, &new);
        let rules = (!changed.is_empty()
            || old.classes != new.classes
            || old.regions != new.regions)
            .then(|| ConfiguredRules {
                services: changed,
                classes: new.classes.clone(),
                regions: new.regions.clone(),
            });
        let (old, protocol) = (&old.protocol, &new.protocol);
        Ok(Reconfiguration {
            services,
            at_home: at_home.collect(),
            weights: weights.collect(),
            hosts: added.cloned().collect(),
            criteria: criteria.collect(),
            rules,
            moves_per_second: (old.moves_per_second != protocol.moves_per_second)
                .then_some(protocol.moves_per_second),
            load_interval: (old.load_interval != protocol.load_interval)
                .then_some(protocol.load_interval),
            computers,
        })
    }

    /// The first thing that differs and must not, and where it stands.
    fn fixed(
        &self,
        before: &Config,
        old: &Group,
        new: &Group,
        text: &str,
    ) -> Option<(Range<usize>, &'static str)> {
        if old.name != new.name {
            return Some((line_of(text, "group"), "group"));
        }
        if old.buckets != new.buckets {
            return Some((self.buckets.span(), "buckets"));
        }
        if before.state_file != self.state_file {
            return Some((line_of(text, "state_file"), "state_file"));
        }
        if before.listen != self.listen {
            return Some((line_of(text, "[listen]"), "listen"));
        }
        if let Some((index, field)) = fixed_service(old, new) {
            let span = self.services.get(index);
            return Some((span.map_or(0..0, toml::Spanned::span), field));
        }
        for host in &old.hosts {
            let Some(spanned) = self
                .hosts
                .iter()
                .find(|spanned| spanned.get_ref().id == host.id)
            else {
                return Some((line_of(text, "[[hosts]]"), "hosts"));
            };
            let now = new.hosts.iter().find(|now| now.id == host.id)?;
            let same = HostSpec {
                weight: host.weight,
                location: Location {
                    at_home: host.location.at_home.clone(),
                    ..now.location.clone()
                },
                ..now.clone()
            };
            if same != *host {
                return Some((spanned.span(), "hosts"));
            }
        }
        if old.ways != new.ways {
            return Some((line_of(text, "[rewriting]"), "rewriting"));
        }
        if old.id_config != new.id_config {
            return Some((
                line_of(text, "connection_id_config"),
                "connection_id_config",
            ));
        }
        if old.router != new.router {
            return Some((line_of(text, "[router]"), "router"));
        }
        let mut protocol = new.protocol.clone();
        protocol.moves_per_second = old.protocol.moves_per_second;
        protocol.load_interval = old.protocol.load_interval;
        (protocol != old.protocol).then(|| (line_of(text, "[protocol]"), "protocol"))
    }
}

/// The services that the file puts on other maps or gives other affinities.
fn changed_services(old: &Group, new: &Group) -> Vec<Service> {
    let is_changed = |service: &&Service| {
        let mut same = old.services.iter();
        let before = same.find(|before| service_key(before) == service_key(service));
        before.is_some_and(|before| before != *service)
    };
    new.services.iter().filter(is_changed).copied().collect()
}

/// By its place: a service that has some ports of another one which was on another map or had another affinity; and one that
/// changes maps while either gives classes of clients maps of their own.
fn fixed_service(old: &Group, new: &Group) -> Option<(usize, &'static str)> {
    let has_classes = |map: u16| {
        let of = |group: &Group| {
            let mut classes = group.classes.iter();
            classes.any(|class| group.map_of_class(map, class).is_some())
        };
        of(old) || of(new)
    };
    for (index, service) in new.services.iter().enumerate() {
        for before in old
            .services
            .iter()
            .filter(|before| before.overlaps(service))
        {
            let is_same = service_key(before) == service_key(service);
            if !is_same && (before.map, before.affinity) != (service.map, service.affinity) {
                return Some((index, "services"));
            }
            let has_classes = has_classes(before.map) || has_classes(service.map);
            if before.map != service.map && has_classes {
                return Some((index, "map"));
            }
        }
    }
    None
}

/// Where a line that begins so is; the beginning, if there is none.
fn line_of(text: &str, begins: &str) -> Range<usize> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if line.trim_start().starts_with(begins) {
            return at..at + line.len();
        }
        at += line.len();
    }
    0..0
}
