//! A configuration that changed while the controller runs: all of a change is carried out, or nothing.

use super::{
    Command, CommandError, Core, Host, Membership, Reconfiguration, plan::check_weight,
    rules::service_key,
};

impl Core {
    pub(super) fn reconfigure(&mut self, changes: Reconfiguration) -> Result<(), CommandError> {
        for (host, weight) in &changes.weights {
            if !self.hosts.contains_key(host) {
                return Err(CommandError::UnknownHost(*host));
            }
            check_weight(*weight)?;
        }
        for host in &changes.hosts {
            self.check_join(host)?;
        }
        let services = changes.services.as_ref().unwrap_or(&self.group.services);
        for (map, criteria) in &changes.criteria {
            self.check_criteria(*map, criteria, &changes.hosts, services)?;
        }
        if let Some(rate) = changes.moves_per_second {
            self.group.protocol.moves_per_second = rate;
        }
        if let Some(interval) = changes.load_interval {
            self.group.protocol.load_interval = interval;
        }
        for (id, weight) in changes.weights {
            if let Some(host) = self.hosts.get_mut(&id) {
                host.spec.weight = weight;
            }
        }
        for host in changes.hosts {
            if host.joined {
                self.bring_in(host);
            } else {
                self.hosts.insert(host.id, Host::new(host, Membership::Out));
            }
        }
        if let Some(rules) = changes.rules {
            for service in rules.services {
                let mut known = self.group.services.iter_mut();
                if let Some(known) = known.find(|known| service_key(known) == service_key(&service))
                {
                    *known = service;
                }
            }
            self.group.classes = rules.classes;
            self.group.regions = rules.regions;
        }
        for (map, criteria) in changes.criteria {
            self.set_criteria(map, criteria);
        }
        if let Some(computers) = changes.computers {
            self.set_computers(computers);
        }
        let at_home_changes = !changes.at_home.is_empty();
        for (id, addresses) in changes.at_home {
            if let Some(host) = self.hosts.get_mut(&id) {
                host.spec.location.at_home = addresses;
            }
        }
        if let Some(mut services) = changes.services {
            for service in &mut services {
                // What operators have changed otherwise stays.
                let mut known = self.group.services.iter();
                let known = known.find(|known| service_key(known) == service_key(service));
                *service = known.copied().unwrap_or(*service);
            }
            self.set_services(services);
        } else if at_home_changes {
            // It stands in the entries of the published addresses.
            self.set_services(self.group.services.clone());
        }
        self.changed()
    }
}

impl From<Reconfiguration> for Command {
    fn from(changes: Reconfiguration) -> Command {
        Command::Reconfigure(Box::new(changes))
    }
}
