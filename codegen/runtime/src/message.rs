//! What programs say to the people who run them: `log_msg`, and assertions that do not hold.

use std::fmt::Display;

/// Whether anybody listens to `log_msg`: then its arguments are worth computing.
#[inline]
pub fn is_heard() -> bool {
    tracing::enabled!(target: "program", tracing::Level::INFO)
}

/// Says `format`, in which each `{}` stands for the next value.
#[cold]
pub fn say(format: &str, values: &[&dyn Display]) {
    let message = filled(format, values);
    tracing::info!(target: "program", "{message}");
}

fn filled(format: &str, values: &[&dyn Display]) -> String {
    let mut values = values.iter();
    let mut parts = format.split("{}");
    let mut message = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match values.next() {
            Some(value) => message.push_str(&value.to_string()),
            None => message.push_str("{}"),
        }
        message.push_str(part);
    }
    message
}

/// Says that a condition of the program does not hold, for which its packet is dropped; `place` is where the program demands it.
#[cold]
pub fn assertion_failed(place: &str) {
    tracing::error!(target: "program", "an assertion does not hold in {place}: the packet is dropped");
}

#[cfg(test)]
mod tests {
    use super::filled;

    #[test]
    fn values_stand_where_the_format_says() {
        assert_eq!(filled("a {} b {}.", &[&1, &-2]), "a 1 b -2.");
        assert_eq!(filled("{} {}", &[&"{}"]), "{} {}");
        assert_eq!(filled("nothing", &[&1]), "nothing");
    }
}
