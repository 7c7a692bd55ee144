//! `host.toml`: what a shim must be told about its host.

use std::fmt;
use std::net::Ipv4Addr;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use serde::de::{self, Deserializer};
use toml::Spanned;

use crate::service::{Settings, random_session};
use crate::{DataCheck, Evidence, OutboxConfig, SessionConfig, TrackerConfig};
use hyper::Uri;

/// The configuration of one host's shim.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The host's number in the group, from 1.
    host: Spanned<u16>,
    /// The host's name, as in the controller's configuration.
    name: String,
    /// The controller's URI.
    controller: Spanned<String>,
    /// The network interface that leads to the stage.
    pub interface: String,
    /// The host's own address.
    address: Ipv4Addr,
    /// The host's own MAC.
    mac: Mac,
    #[serde(default)]
    tracking: Tracking,
    #[serde(default)]
    reporting: Reporting,
    #[serde(default)]
    data: Vec<Spanned<DataConfig>>,
}

/// How connections are tracked.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tracking {
    /// Idle limits in seconds.
    tcp_idle_s: Option<Spanned<u64>>,
    tcp_closing_idle_s: Option<Spanned<u64>>,
    udp_idle_s: Option<Spanned<u64>>,
    /// Bound of the half-open connections.
    max_half_open: Option<Spanned<usize>>,
}

/// How events are sent to the controller.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reporting {
    batch_events: Option<Spanned<usize>>,
    batch_age_ms: Option<u64>,
    backoff_max_ms: Option<Spanned<u64>>,
}

/// One thing that tells whether the host holds the data of a map's services.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DataConfig {
    map: u16,
    path: Option<PathBuf>,
    tcp: Option<Spanned<String>>,
    http: Option<Spanned<String>>,
    /// Of `http`; 200 to 399 unless it is given.
    status: Option<Spanned<u16>>,
    interval_ms: Option<Spanned<u64>>,
    timeout_ms: Option<Spanned<u64>>,
    rise: Option<Spanned<u32>>,
    fall: Option<Spanned<u32>>,
}

/// Six bytes, as `02:00:00:00:01:01`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mac(u64);

impl<'de> Deserialize<'de> for Mac {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes: Option<Vec<u64>> = text
            .split(':')
            .map(|byte| {
                if byte.len() == 2 {
                    u64::from_str_radix(byte, 16).ok()
                } else {
                    None
                }
            })
            .collect();
        match bytes.as_deref() {
            Some(bytes @ [_, _, _, _, _, _]) => {
                Ok(Mac(bytes.iter().fold(0, |mac, byte| mac << 8 | byte)))
            }
            _ => Err(de::Error::custom(format!(
                "`{text}` is not a MAC like 02:00:00:00:01:01"
            ))),
        }
    }
}

/// Why a configuration is of no use. `line` counts from 1.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: {source}", file.display())]
    Read {
        /// Which file.
        file: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A field is missing, unknown, or wrong.
    #[error("{}:{line}: {}{message}", file.display(), FieldPrefix(field))]
    Field {
        /// Which file.
        file: PathBuf,
        /// Which line.
        line: usize,
        /// The field's name, when the line has one.
        field: Option<String>,
        /// What is wrong.
        message: String,
    },
}

struct FieldPrefix<'a>(&'a Option<String>);

impl fmt::Display for FieldPrefix<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .as_ref()
            .map_or(Ok(()), |field| write!(f, "`{field}`: "))
    }
}

impl Config {
    /// Reads a file.
    pub fn read(file: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(file).map_err(|source| ConfigError::Read {
            file: file.to_owned(),
            source,
        })?;
        Config::parse(file, &text)
    }

    /// Reads a text; `file` is for the errors.
    pub fn parse(file: &Path, text: &str) -> Result<Self, ConfigError> {
        let wrong = |span: Range<usize>, message: String| {
            let before = text.get(..span.start).unwrap_or(text);
            let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
            let line = text
                .get(line_start..)
                .and_then(|rest| rest.lines().next())
                .unwrap_or("");
            ConfigError::Field {
                file: file.to_owned(),
                line: before.matches('\n').count() + 1,
                field: line
                    .split_once('=')
                    .map(|(field, _)| field.trim().to_owned()),
                message,
            }
        };
        let config: Config = toml::from_str(text)
            .map_err(|error| wrong(error.span().unwrap_or(0..0), error.message().to_owned()))?;
        if *config.host.get_ref() == 0 {
            return Err(wrong(
                config.host.span(),
                "hosts are numbered from 1".to_owned(),
            ));
        }
        if let Err(error) =
            tonic::transport::Endpoint::from_shared(config.controller.get_ref().clone())
        {
            return Err(wrong(
                config.controller.span(),
                format!("not a URI of a controller: {error}"),
            ));
        }
        // RFC 5382, REQ-5: shorter ones would take connections for closed that are not.
        let tracking = &config.tracking;
        let at_least = [
            (&tracking.tcp_idle_s, 7_440),
            (&tracking.tcp_closing_idle_s, 240),
            (&tracking.udp_idle_s, 1),
        ];
        for (field, least) in at_least {
            if let Some(field) = field
                .as_ref()
                .filter(|field| !(least..=86_400_000).contains(field.get_ref()))
            {
                return Err(wrong(
                    field.span(),
                    format!("must be at least {least} seconds, and at most 86400000"),
                ));
            }
        }
        let counts = [&tracking.max_half_open, &config.reporting.batch_events];
        if let Some(field) = counts
            .into_iter()
            .flatten()
            .find(|field| *field.get_ref() == 0)
        {
            return Err(wrong(field.span(), "must be at least 1".to_owned()));
        }
        if let Some(field) = config
            .reporting
            .backoff_max_ms
            .as_ref()
            .filter(|field| *field.get_ref() == 0)
        {
            return Err(wrong(field.span(), "must be at least 1".to_owned()));
        }
        for check in &config.data {
            data_check(check).map_err(|(span, message)| wrong(span, message))?;
        }
        Ok(config)
    }

    /// What a shim of this configuration is run with.
    pub fn settings(&self) -> Settings {
        let seconds = |field: &Option<Spanned<u64>>, usual: u64| {
            field
                .as_ref()
                .map_or(usual, |field| field.get_ref() * 1_000_000)
        };
        let count = |field: &Option<Spanned<usize>>, usual: usize| {
            field.as_ref().map_or(usual, |field| *field.get_ref())
        };
        let tracker = TrackerConfig::default();
        let outbox = OutboxConfig::default();
        let session = SessionConfig {
            // A process of its own may have been started again.
            started_with_host: false,
            tracker: TrackerConfig {
                tcp_idle_us: seconds(&self.tracking.tcp_idle_s, tracker.tcp_idle_us),
                tcp_closing_idle_us: seconds(
                    &self.tracking.tcp_closing_idle_s,
                    tracker.tcp_closing_idle_us,
                ),
                udp_idle_us: seconds(&self.tracking.udp_idle_s, tracker.udp_idle_us),
                max_half_open: count(&self.tracking.max_half_open, tracker.max_half_open),
                ..tracker
            },
            outbox: OutboxConfig {
                batch_events: count(&self.reporting.batch_events, outbox.batch_events),
                batch_age_us: self
                    .reporting
                    .batch_age_ms
                    .map_or(outbox.batch_age_us, |age_ms| age_ms.min(60_000) * 1_000),
                ..outbox
            },
            // Checked when the configuration was read.
            data: self.data.iter().flat_map(data_check).collect(),
            ..SessionConfig::new(
                *self.host.get_ref(),
                self.name.clone(),
                self.mac.0,
                self.address.to_bits(),
                random_session(),
            )
        };
        let mut settings = Settings::new(session, self.controller.get_ref().clone());
        if let Some(backoff_max_ms) = &self.reporting.backoff_max_ms {
            settings.backoff_max = Duration::from_millis(*backoff_max_ms.get_ref());
        }
        settings
    }
}

/// The longest time between two looks for data, or that one may take.
const MAX_LOOK_MS: u64 = 3_600_000;

/// What is to be looked at; else where a mistake is, and which.
fn data_check(spanned: &Spanned<DataConfig>) -> Result<DataCheck, (Range<usize>, String)> {
    let check = spanned.get_ref();
    let evidence = match (&check.path, &check.tcp, &check.http) {
        (Some(path), None, None) => Evidence::Path(path.clone()),
        (None, Some(tcp), None) => {
            let address = tcp.get_ref();
            let has_port = address
                .rsplit_once(':')
                .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
            if !has_port {
                let message =
                    format!("`{address}` is not an address with a port, like 127.0.0.1:80");
                return Err((tcp.span(), message));
            }
            Evidence::Tcp(address.clone())
        }
        (None, None, Some(http)) => {
            let uri = http.get_ref().parse::<Uri>().ok();
            let uri = uri
                .filter(|uri| uri.scheme_str() == Some("http") && uri.authority().is_some())
                .ok_or_else(|| {
                    let message = format!(
                        "`{}` is not a URI like http://127.0.0.1:8080/ready",
                        http.get_ref()
                    );
                    (http.span(), message)
                })?;
            Evidence::Http(uri, check.status.as_ref().map(|status| *status.get_ref()))
        }
        _ => {
            let message = "say one of `path`, `tcp` and `http`".to_owned();
            return Err((spanned.span(), message));
        }
    };
    if let Some(status) = &check.status
        && (check.http.is_none() || !(100..600).contains(status.get_ref()))
    {
        let message = "is for `http`, and from 100 to 599".to_owned();
        return Err((status.span(), message));
    }
    let time = |field: &Option<Spanned<u64>>, usual_ms: u64| match field {
        None => Ok(usual_ms * 1_000),
        Some(ms) if (1..=MAX_LOOK_MS).contains(ms.get_ref()) => Ok(ms.get_ref() * 1_000),
        Some(ms) => Err((ms.span(), format!("must be 1 to {MAX_LOOK_MS}"))),
    };
    let count = |field: &Option<Spanned<u32>>, usual: u32| match field {
        None => Ok(usual),
        Some(count) if *count.get_ref() > 0 => Ok(*count.get_ref()),
        Some(count) => Err((count.span(), "must be at least 1".to_owned())),
    };
    Ok(DataCheck {
        map: check.map,
        evidence,
        interval_us: time(&check.interval_ms, 2_000)?,
        timeout_us: time(&check.timeout_ms, 1_000)?,
        rise: count(&check.rise, 2)?,
        fall: count(&check.fall, 3)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
host = 3
name = "h3"
controller = "http://192.0.2.1:9000"
interface = "eth1"
address = "192.0.2.13"
mac = "02:00:00:00:03:01"

[tracking]
udp_idle_s = 60

[[data]]
map = 1
path = "/srv/films"

[[data]]
map = 2
tcp = "127.0.0.1:80"
fall = 1

[[data]]
map = 2
http = "http://127.0.0.1:8080/ready"
status = 204
"#;

    fn error(text: &str) -> String {
        Config::parse(Path::new("host.toml"), text)
            .map_or_else(|error| error.to_string(), |_| "accepted".to_owned())
    }

    #[test]
    fn a_host_is_described() {
        let settings = Config::parse(Path::new("host.toml"), GOOD).map(|config| config.settings());
        let Ok(settings) = settings else {
            panic!("{settings:?}")
        };
        let session = settings.session;
        assert_eq!(
            (
                session.host,
                session.name.as_str(),
                settings.controller.as_str()
            ),
            (3, "h3", "http://192.0.2.1:9000")
        );
        assert_eq!(
            (session.host_mac, session.address),
            (0x0200_0000_0301, 0xc000_020d)
        );
        let [film, port, ready] = &session.data[..] else {
            panic!("{:?}", session.data)
        };
        assert_eq!(film.evidence, Evidence::Path("/srv/films".into()));
        let numbers = |check: &DataCheck| (check.map, check.interval_us, check.rise, check.fall);
        assert_eq!(numbers(film), (1, 2_000_000, 2, 3));
        assert_eq!(numbers(port), (2, 2_000_000, 2, 1));
        let uri = Uri::from_static("http://127.0.0.1:8080/ready");
        assert_eq!(ready.evidence, Evidence::Http(uri, Some(204)));
        assert_eq!(
            session.tracker,
            TrackerConfig {
                udp_idle_us: 60_000_000,
                ..TrackerConfig::default()
            }
        );
    }

    #[test]
    fn errors_name_file_line_and_field() {
        let wrong = [
            ("host = 3", "host = 0"),
            ("host = 3", "host = 70000"),
            ("host = 3", "host = \"three\""),
            ("name = \"h3\"", ""),
            ("http://192.0.2.1:9000", "http://not a host"),
            ("192.0.2.13", "192.0.2.256"),
            ("02:00:00:00:03:01", "02:00:00:00:03"),
            ("udp_idle_s", "udp_idle"),
            ("udp_idle_s", "tcp_idle_s"),
            ("[tracking]", "[tracking"),
            ("path = \"/srv/films\"", ""),
            (
                "path = \"/srv/films\"",
                "path = \"/srv\"\ntcp = \"127.0.0.1:80\"",
            ),
            ("127.0.0.1:80\"", "127.0.0.1\""),
            ("http://127", "https://127"),
            ("status = 204", "status = 20"),
            ("http = \"http://127.0.0.1:8080/ready\"", "path = \"/srv\""),
            ("fall = 1", "fall = 0"),
            ("fall = 1", "interval_ms = 0"),
            ("fall = 1", "file = \"/srv\""),
        ];
        let errors: Vec<String> = wrong
            .iter()
            .map(|(good, bad)| error(&GOOD.replace(good, bad)))
            .collect();
        insta::assert_snapshot!(errors.join("\n"));
    }
}
