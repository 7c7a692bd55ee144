//! The configuration is read again while the controller runs: all that changed in it is carried out, or nothing.

use super::{admin::Operators, text};
use crate::{
    config::{Config, ConfigError},
    core::{Command, CommandError, Group, Reconfiguration},
};
use std::{
    path::PathBuf,
    sync::{Arc, PoisonError},
};

/// Why nothing changed.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// The controller was not configured by a file.
    #[error("the controller has no configuration file to read again")]
    NoFile,
    /// The file is wrong, or asks for what only a restart can change.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// What it asks for is refused.
    #[error("{}: {error}", file.display())]
    Refused {
        /// Which file.
        file: PathBuf,
        /// Why.
        error: CommandError,
    },
    /// The controller is about to end.
    #[error("the controller is stopping")]
    Stopping,
}

/// What the configuration said when it was last read and carried out.
pub(super) type Configured = Arc<std::sync::Mutex<Group>>;

/// Looks at what the configuration says.
pub(super) fn with_configured<T>(configured: &Configured, look: impl FnOnce(&mut Group) -> T) -> T {
    // A group is replaced as a whole: one that a panic left behind is good.
    look(&mut configured.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Where the configuration is, and what was read there.
pub(super) struct Reloader {
    file: PathBuf,
    current: tokio::sync::Mutex<Config>,
    configured: Configured,
}

impl Reloader {
    pub fn new(file: PathBuf, config: Config, configured: Configured) -> Self {
        Reloader {
            file,
            current: tokio::sync::Mutex::new(config),
            configured,
        }
    }

    /// Reads it again; says what changed, a line each.
    pub async fn reload(&self, operators: &Operators) -> Result<Vec<String>, ReloadError> {
        let mut current = self.current.lock().await;
        let (config, changes) = current.reread(&self.file)?;
        let lines = describe(&changes, &current.to_group(), &config.to_group());
        if !lines.is_empty() {
            let (configured, group) = (self.configured.clone(), config.to_group());
            operators
                .visit(move |core, _, now| {
                    core.command(Command::from(changes), now)?;
                    // What is saved next says what the file said.
                    with_configured(&configured, |configured| *configured = group);
                    Ok(())
                })
                .await
                .map_err(|_| ReloadError::Stopping)?
                .map_err(|error| ReloadError::Refused {
                    file: self.file.clone(),
                    error,
                })?;
        }
        *current = config;
        Ok(lines)
    }
}

fn describe(changes: &Reconfiguration, before: &Group, group: &Group) -> Vec<String> {
    let name = |id| {
        let host = group.hosts.iter().find(|host| host.id == id);
        host.map_or_else(|| format!("host {id}"), |host| host.name.clone())
    };
    let mut lines = Vec::new();
    for (host, weight) in &changes.weights {
        lines.push(format!("{}: weight {weight}", name(*host)));
    }
    for host in &changes.hosts {
        let what = if host.joined { "joins" } else { "is known" };
        lines.push(format!("{} {what}", host.name));
    }
    for (host, addresses) in &changes.at_home {
        let addresses: Vec<String> = addresses.iter().copied().map(text::address).collect();
        lines.push(format!(
            "{}: at home: {}",
            name(*host),
            addresses.join(", ")
        ));
    }
    if let Some(services) = &changes.services {
        for service in services.iter().filter(|new| !before.services.contains(new)) {
            let (name, map) = (text::service(service), service.map);
            lines.push(format!("service {name} comes, on map {map}"));
        }
        for service in before.services.iter().filter(|old| !services.contains(old)) {
            lines.push(format!("service {} goes", text::service(service)));
        }
    }
    for (map, _) in &changes.criteria {
        lines.push(format!("map {map}: other criteria"));
    }
    if changes.rules.is_some() {
        lines.push(
            "other maps, affinities or classes of clients: live connections are kept".to_owned(),
        );
    }
    if let Some(computers) = &changes.computers {
        lines.push(format!("computers: {} now", computers.len()));
    }
    if let Some(rate) = changes.moves_per_second {
        lines.push(format!("moves_per_second {rate}"));
    }
    if let Some(interval) = changes.load_interval {
        lines.push(format!("load_interval_ms {}", interval.as_millis()));
    }
    lines
}
