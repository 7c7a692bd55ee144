//! Which digests are told, and when (P4Runtime specification, section "DigestEntry"), without any I/O: digests and times go in, lists
//! for the primary come out.

use dpr_runtime::{Digest, DigestConfig, Integer};
use std::collections::{BTreeMap, HashSet, VecDeque};

/// Messages of one list where its configuration sets no bound.
const LIST: usize = 1024;

/// Messages of one digest that are sent and not acknowledged, or wait to be sent, beyond which the oldest are forgotten.
const MOST_UNACKNOWLEDGED: usize = 1 << 16;

/// What a program told: the values of one message.
type Message = Vec<Integer>;

/// Messages that are to be sent together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    pub digest: u32,
    pub id: u64,
    pub messages: Vec<Message>,
}

/// A list that was sent and not acknowledged.
#[derive(Debug)]
struct Sent {
    id: u64,
    at_ns: u64,
    messages: Vec<Message>,
}

/// A digest that is told.
#[derive(Debug, Default)]
struct Told {
    config: DigestConfig,
    /// Those that wait, and when the first of them came.
    waiting: Vec<Message>,
    since_ns: u64,
    /// In the order in which they were sent.
    sent: VecDeque<Sent>,
    /// All of those.
    known: HashSet<Message>,
}

/// The digests of a device.
#[derive(Debug, Default)]
pub struct Digests {
    told: BTreeMap<u32, Told>,
    lists: u64,
}

impl Digests {
    /// Tells these digests from now on, and no others.
    pub fn configure(&mut self, configs: &BTreeMap<u32, DigestConfig>) {
        self.told.retain(|id, _| configs.contains_key(id));
        for (id, config) in configs {
            self.told.entry(*id).or_default().config = *config;
        }
    }

    /// A program tells something. The list that is full with it, if one is.
    pub fn handle(&mut self, now_ns: u64, digest: Digest) -> Option<List> {
        let told = self.told.get_mut(&digest.id)?;
        told.forget_old(now_ns);
        if !told.known.insert(digest.fields.clone()) {
            return None;
        }
        if told.waiting.is_empty() {
            told.since_ns = now_ns;
        }
        told.waiting.push(digest.fields);
        let most = match told.config.max_list_size {
            0 => LIST,
            most => most as usize,
        };
        if told.waiting.len() < most && told.config.max_timeout_ns > 0 {
            return None;
        }
        self.lists += 1;
        Some(told.send(digest.id, self.lists, now_ns))
    }

    /// It is that late. The lists that have waited long enough.
    pub fn poll(&mut self, now_ns: u64) -> Vec<List> {
        let mut due = Vec::new();
        for (id, told) in &mut self.told {
            told.forget_old(now_ns);
            let waited = now_ns.saturating_sub(told.since_ns);
            if !told.waiting.is_empty() && waited >= told.config.max_timeout_ns {
                self.lists += 1;
                due.push(told.send(*id, self.lists, now_ns));
            }
        }
        due
    }

    /// When [`Digests::poll`] has something to send, as far as is known.
    pub fn deadline(&self) -> Option<u64> {
        let waiting = self.told.values().filter(|told| !told.waiting.is_empty());
        waiting
            .map(|told| told.since_ns.saturating_add(told.config.max_timeout_ns))
            .min()
    }

    /// A client has a list: what is in it is told again if it happens again.
    pub fn acknowledge(&mut self, digest: u32, list: u64) {
        if let Some(told) = self.told.get_mut(&digest) {
            let (acknowledged, kept) = (std::mem::take(&mut told.sent).into_iter())
                .partition(|sent: &Sent| sent.id == list);
            told.sent = kept;
            told.forget(acknowledged);
        }
    }

    /// There is another primary, who knows nothing yet.
    pub fn forget_sent(&mut self) {
        for told in self.told.values_mut() {
            let sent = std::mem::take(&mut told.sent);
            told.forget(sent);
        }
    }
}

impl Told {
    fn send(&mut self, digest: u32, id: u64, now_ns: u64) -> List {
        let messages = std::mem::take(&mut self.waiting);
        self.sent.push_back(Sent {
            id,
            at_ns: now_ns,
            messages: messages.clone(),
        });
        self.forget_old(now_ns);
        List {
            digest,
            id,
            messages,
        }
    }

    /// Nobody waits any longer for the acknowledgement of old lists.
    fn forget_old(&mut self, now_ns: u64) {
        let timeout = self.config.ack_timeout_ns;
        let is_old = |sent: &Sent| now_ns.saturating_sub(sent.at_ns) >= timeout;
        while self.known.len() > MOST_UNACKNOWLEDGED || self.sent.front().is_some_and(is_old) {
            let Some(oldest) = self.sent.pop_front() else {
                return;
            };
            self.forget(VecDeque::from([oldest]));
        }
    }

    fn forget(&mut self, lists: VecDeque<Sent>) {
        for message in lists.into_iter().flat_map(|sent| sent.messages) {
            self.known.remove(&message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: DigestConfig = DigestConfig {
        max_timeout_ns: 100,
        max_list_size: 2,
        ack_timeout_ns: 1_000,
    };

    fn told(config: DigestConfig) -> Digests {
        let mut digests = Digests::default();
        digests.configure(&BTreeMap::from([(7, config)]));
        digests
    }

    fn seen(value: u32) -> Digest {
        Digest {
            id: 7,
            fields: vec![value.into()],
        }
    }

    fn list(id: u64, values: &[u32]) -> List {
        List {
            digest: 7,
            id,
            messages: values.iter().map(|value| vec![(*value).into()]).collect(),
        }
    }

    #[test]
    fn lists_go_out_when_they_are_full_or_have_waited() {
        let mut digests = told(CONFIG);
        assert_eq!(digests.handle(10, seen(1)), None);
        assert_eq!(digests.handle(11, seen(1)), None, "it waits already");
        assert_eq!(digests.handle(12, seen(2)), Some(list(1, &[1, 2])));
        assert_eq!(digests.deadline(), None);
        assert_eq!(digests.handle(20, seen(3)), None);
        assert_eq!(digests.deadline(), Some(120));
        assert_eq!(digests.poll(119), []);
        assert_eq!(digests.poll(120), [list(2, &[3])]);
        let other = Digest { id: 8, ..seen(1) };
        assert_eq!(digests.handle(130, other), None, "nobody asked for it");
    }

    #[test]
    fn what_is_sent_is_not_sent_again_before_it_is_acknowledged_or_old() {
        let mut digests = told(DigestConfig {
            max_list_size: 1,
            ..CONFIG
        });
        assert_eq!(digests.handle(0, seen(1)), Some(list(1, &[1])));
        assert_eq!(digests.handle(5, seen(1)), None);
        digests.acknowledge(7, 9);
        digests.acknowledge(9, 1);
        assert_eq!(digests.handle(6, seen(1)), None, "that was another list");
        digests.acknowledge(7, 1);
        assert_eq!(digests.handle(7, seen(1)), Some(list(2, &[1])));
        assert_eq!(digests.handle(1_006, seen(1)), None);
        assert_eq!(digests.handle(1_007, seen(1)), Some(list(3, &[1])));
        digests.forget_sent();
        assert_eq!(digests.handle(1_008, seen(1)), Some(list(4, &[1])));
    }

    #[test]
    fn without_timeouts_everything_is_sent_at_once() {
        let mut digests = told(DigestConfig::default());
        for id in 1..4 {
            assert_eq!(digests.handle(id, seen(1)), Some(list(id, &[1])));
        }
        digests.configure(&BTreeMap::new());
        assert_eq!(digests.handle(9, seen(1)), None);
    }

    #[test]
    fn a_client_that_never_acknowledges_takes_bounded_memory() {
        let mut digests = told(DigestConfig {
            max_list_size: 1,
            ack_timeout_ns: u64::MAX,
            ..CONFIG
        });
        let most = MOST_UNACKNOWLEDGED as u32;
        for value in 0..=most {
            assert!(digests.handle(1, seen(value)).is_some());
        }
        assert!(digests.handle(2, seen(most)).is_none());
        assert!(
            digests.handle(2, seen(0)).is_some(),
            "the oldest is forgotten"
        );
    }
}
