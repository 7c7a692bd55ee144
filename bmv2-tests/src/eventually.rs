use std::fmt::Debug;
use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take that a test waits for.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Looks until `look` shows what is `wanted`, and panics with the last look when its patience ends.
pub fn eventually<T: PartialEq + Debug>(what: &str, wanted: T, look: impl FnMut() -> T) {
    eventually_within(PATIENCE, what, wanted, look);
}

/// [`eventually`], for what takes longer.
pub fn eventually_within<T: PartialEq + Debug>(
    limit: Duration,
    what: &str,
    wanted: T,
    mut look: impl FnMut() -> T,
) {
    let deadline = Instant::now() + limit;
    loop {
        let seen = look();
        if seen == wanted {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "{what}: {seen:?} after {limit:?}, not {wanted:?}"
        );
        thread::sleep(Duration::from_millis(1));
    }
}
