//! Times as operators write them: `90s`, `10m`, `1h30m`.

use std::time::Duration;

const UNITS: [(char, u64); 3] = [('h', 3600), ('m', 60), ('s', 1)];

/// From numbers with units, the larger first.
pub fn parse(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a time like 90s, 10m or 1h30m");
    let mut seconds = 0u64;
    let mut rest = text;
    for (unit, length) in UNITS {
        if let Some((number, after)) = rest.split_once(unit) {
            let number: u64 = number.parse().map_err(|_| wrong())?;
            let part = number.checked_mul(length).ok_or_else(wrong)?;
            seconds = seconds.checked_add(part).ok_or_else(wrong)?;
            rest = after;
        }
    }
    // Milliseconds must fit as well.
    let fits = seconds.checked_mul(1000).is_some();
    if text.is_empty() || !rest.is_empty() || !fits {
        return Err(wrong());
    }
    Ok(Duration::from_secs(seconds))
}

/// As [`parse`] takes it, in whole seconds.
pub fn show(duration: Duration) -> String {
    let mut rest = duration.as_secs();
    let mut text = String::new();
    for (unit, length) in UNITS {
        if rest >= length {
            text += &format!("{}{unit}", rest / length);
            rest %= length;
        }
    }
    if text.is_empty() {
        "0s".to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_shown() {
        for (text, seconds) in [
            ("90s", 90),
            ("10m", 600),
            ("1h30m", 5400),
            ("0s", 0),
            ("2h5s", 7205),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!(show(Duration::from_secs(5400)), "1h30m");
        assert_eq!(show(Duration::from_millis(90_500)), "1m30s");
        assert_eq!(show(Duration::ZERO), "0s");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "10",
            "m",
            "10x",
            "5s1m",
            "1m ",
            "-1s",
            "99999999999999999999s",
            "18446744073709551615s",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
