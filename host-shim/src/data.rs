//! Which data the host holds: of each map what its checks say, each of which counts only after it has said the same thing several
//! times. Pure; who carries the checks out is [`crate::service`].

use std::collections::BTreeSet;
use std::path::PathBuf;

use hyper::Uri;

/// One thing that tells whether the host holds the data of a map's services. Where a map has several, all must say so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataCheck {
    /// The map.
    pub map: u16,
    /// What is looked at.
    pub evidence: Evidence,
    /// From one look to the next, in microseconds.
    pub interval_us: u64,
    /// A look that takes longer than this, in microseconds, finds nothing.
    pub timeout_us: u64,
    /// So many looks in a row must find it until the host holds the data again.
    pub rise: u32,
    /// So many in a row must not until the host does not hold it any more.
    pub fall: u32,
}

/// What says that data is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// A file or directory that exists.
    Path(PathBuf),
    /// A server that accepts a TCP connection, as `192.0.2.11:80`.
    Tcp(String),
    /// A server that answers a GET of a URI with a status: this one, or one from 200 to 399.
    Http(Uri, Option<u16>),
}

/// What the checks have said so far.
#[derive(Debug)]
pub(crate) struct DataWatch {
    checks: Vec<Check>,
}

#[derive(Debug)]
struct Check {
    map: u16,
    rise: u32,
    fall: u32,
    /// Not known before the first look, which counts at once.
    is_held: Option<bool>,
    /// Looks in a row that said otherwise.
    against: u32,
}

impl DataWatch {
    pub(crate) fn new(checks: &[DataCheck]) -> Self {
        let checks = checks.iter().map(|check| Check {
            map: check.map,
            rise: check.rise,
            fall: check.fall,
            is_held: None,
            against: 0,
        });
        DataWatch {
            checks: checks.collect(),
        }
    }

    /// All maps that have a check, in order.
    pub(crate) fn maps(&self) -> impl Iterator<Item = u16> {
        let maps: BTreeSet<u16> = self.checks.iter().map(|check| check.map).collect();
        maps.into_iter()
    }

    /// The maps whose checks all say that the host holds their data; nothing before all checks have said something, or without any.
    pub(crate) fn held(&self) -> Option<impl Iterator<Item = u16>> {
        let is_known =
            !self.checks.is_empty() && self.checks.iter().all(|check| check.is_held.is_some());
        is_known.then(|| self.maps().filter(|map| self.holds(*map)))
    }

    fn holds(&self, map: u16) -> bool {
        let mut checks = self.checks.iter().filter(|check| check.map == map);
        checks.all(|check| check.is_held == Some(true))
    }

    /// A look of one check. Says whether what the host holds may be another than before.
    pub(crate) fn handle_check(&mut self, index: usize, is_held: bool) -> bool {
        let Some(check) = self.checks.get_mut(index) else {
            return false;
        };
        let enough = if is_held { check.rise } else { check.fall };
        match check.is_held {
            Some(before) if before == is_held => {
                check.against = 0;
                return false;
            }
            Some(_) if check.against + 1 < enough => {
                check.against += 1;
                return false;
            }
            Some(_) | None => {}
        }
        check.is_held = Some(is_held);
        check.against = 0;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(map: u16, rise: u32, fall: u32) -> DataCheck {
        DataCheck {
            map,
            evidence: Evidence::Path(PathBuf::new()),
            interval_us: 1,
            timeout_us: 1,
            rise,
            fall,
        }
    }

    fn held(watch: &DataWatch) -> Option<Vec<u16>> {
        watch.held().map(Iterator::collect)
    }

    #[test]
    fn a_check_must_say_the_same_several_times_but_at_first() {
        let mut watch = DataWatch::new(&[check(7, 2, 3)]);
        assert_eq!((watch.maps().collect(), held(&watch)), (vec![7], None));
        assert!(watch.handle_check(0, true));
        for (is_held, changes) in [
            (false, false),
            (false, false),
            // From the beginning again.
            (true, false),
            (false, false),
            (false, false),
            (false, true),
            (true, false),
            (false, false),
            (true, false),
            (true, true),
        ] {
            assert_eq!(watch.handle_check(0, is_held), changes, "{watch:?}");
        }
        assert_eq!(held(&watch), Some(vec![7]));
        assert!(!watch.handle_check(9, false), "there is no such check");
    }

    #[test]
    fn all_checks_of_a_map_must_say_that_it_is_held() {
        let mut watch = DataWatch::new(&[check(1, 1, 1), check(2, 1, 1), check(1, 1, 1)]);
        watch.handle_check(0, true);
        watch.handle_check(1, true);
        assert_eq!(held(&watch), None, "one has said nothing yet");
        watch.handle_check(2, false);
        assert_eq!(held(&watch), Some(vec![2]));
        watch.handle_check(2, true);
        assert_eq!(held(&watch), Some(vec![1, 2]));
        assert_eq!(held(&DataWatch::new(&[])), None, "nothing is watched");
    }
}
