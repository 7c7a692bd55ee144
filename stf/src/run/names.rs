//! Finds tables, actions, fields and the rest by the names that tests call them.

/// Why a name finds nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing is called so.
    #[error("there is no {kind} `{name}`{}", known(.names))]
    Unknown {
        /// Table, action, field and so on.
        kind: &'static str,
        /// As given.
        name: String,
        /// What there is.
        names: Vec<String>,
    },
    /// Several things end so.
    #[error("the {kind} `{name}` can be {}", .names.join(" or "))]
    Ambiguous {
        /// Table, action, field and so on.
        kind: &'static str,
        /// As given.
        name: String,
        /// Which.
        names: Vec<String>,
    },
}

fn known(names: &[String]) -> String {
    match names.is_empty() {
        true => String::new(),
        false => format!("; there is {}", names.join(", ")),
    }
}

/// Finds the thing of a name: the whole name, else the one whose name ends so after a dot, else the one whose name ends so.
pub fn find<'t, T>(
    kind: &'static str,
    things: impl IntoIterator<Item = &'t T> + Clone,
    name_of: impl Fn(&T) -> &str,
    name: &str,
) -> Result<&'t T, NameError> {
    let endings: [&dyn Fn(&str) -> bool; 3] = [
        &|full| full == name,
        &|full| {
            full.strip_suffix(name)
                .is_some_and(|start| start.ends_with('.'))
        },
        &|full| full.ends_with(name),
    ];
    for fits in endings {
        let mut found = things
            .clone()
            .into_iter()
            .filter(|thing| fits(name_of(thing)));
        if let Some(first) = found.next() {
            let others: Vec<_> = found.collect();
            if others.is_empty() {
                return Ok(first);
            }
            let names = std::iter::once(first).chain(others);
            return Err(NameError::Ambiguous {
                kind,
                name: name.to_owned(),
                names: names.map(|thing| name_of(thing).to_owned()).collect(),
            });
        }
    }
    Err(NameError::Unknown {
        kind,
        name: name.to_owned(),
        names: things
            .into_iter()
            .map(|thing| name_of(thing).to_owned())
            .collect(),
    })
}

/// The ways in which a key field may be meant: `tags$1` for `tags[1]`, and `valid` or a header for its validity.
pub(super) fn field_spellings(name: &str) -> Vec<String> {
    let mut name = name.to_owned();
    if let Some(at) = name.find('$') {
        let digits: String = name
            .chars()
            .skip(at + 1)
            .take_while(char::is_ascii_digit)
            .collect();
        if !digits.is_empty() {
            name.replace_range(at..at + 1 + digits.len(), &format!("[{digits}]"));
        }
    }
    let mut spellings = vec![name.clone()];
    let header = ["valid", "$valid$", "isValid"]
        .iter()
        .find_map(|ending| name.strip_suffix(ending));
    match header {
        Some(header) => {
            spellings.push(format!("{header}$valid$"));
            spellings.push(format!("{header}isValid()"));
        }
        None => {
            spellings.push(format!("{name}.$valid$"));
            spellings.push(format!("{name}.isValid()"));
        }
    }
    spellings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_names_come_before_endings() {
        let names = ["c.t".to_owned(), "d.c.t".to_owned(), "c.hot".to_owned()];
        let find = |name| find("table", &names, |name| name, name).map(String::as_str);
        assert_eq!(find("c.t"), Ok("c.t"));
        assert_eq!(find("d.c.t"), Ok("d.c.t"));
        assert_eq!(find("ot"), Ok("c.hot"));
        assert_eq!(
            find("t").map_err(|error| error.to_string()),
            Err("the table `t` can be c.t or d.c.t".to_owned())
        );
        assert_eq!(
            find("u").map_err(|error| error.to_string()),
            Err("there is no table `u`; there is c.t, d.c.t, c.hot".to_owned())
        );
    }

    #[test]
    fn fields_have_several_spellings() {
        assert_eq!(field_spellings("extra$10.h")[0], "extra[10].h");
        assert_eq!(field_spellings("h.valid")[1], "h.$valid$");
        assert_eq!(field_spellings("h")[1], "h.$valid$");
    }
}
