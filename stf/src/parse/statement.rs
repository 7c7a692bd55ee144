//! One function per kind of command.

use super::{Cursor, Place, SyntaxError};
use crate::{
    Call, Cell, Command, Comparison, CounterPart, Deletion, Entry, EntryAction, Expectation, Match,
    MatchText, Nibble, Number, Rate, Spanned,
};
use dpr_runtime::Replica;

/// Every command's word.
const COMMANDS: [&str; 33] = [
    "add",
    "check_counter",
    "clone_session",
    "counter_read",
    "counter_write",
    "delete",
    "expect",
    "expect_digest",
    "group",
    "mc_mgrp_create",
    "mc_node_associate",
    "mc_node_create",
    "mc_node_update",
    "member",
    "meter_array_set_rates",
    "meter_get_rates",
    "meter_set_rates",
    "mirroring_add",
    "mirroring_add_mc",
    "mirroring_delete",
    "mirroring_get",
    "modify",
    "multicast",
    "no_digest",
    "no_packet",
    "packet",
    "register_read",
    "register_reset",
    "register_write",
    "remove",
    "setdefault",
    "value_set",
    "wait",
];

/// Reads one line; `None` if there is nothing on it.
pub(super) fn statement(cursor: &mut Cursor<'_>) -> Result<Option<Spanned<Command>>, SyntaxError> {
    let place = cursor.place();
    if cursor.peek().is_none() {
        return Ok(None);
    }
    let word = cursor
        .take_while(|character| character.is_ascii_alphanumeric() || character == '_')
        .to_ascii_lowercase();
    let node = command(cursor, place, &word)?;
    cursor.end()?;
    Ok(Some(Spanned { place, node }))
}

fn command(cursor: &mut Cursor<'_>, place: Place, word: &str) -> Result<Command, SyntaxError> {
    Ok(match word {
        "packet" => packet(cursor)?,
        "expect" => expect(cursor)?,
        "no_packet" => Command::NoPacket {
            port: match cursor.peek() {
                Some(_) => Some(port(cursor)?),
                None => None,
            },
        },
        "wait" => Command::Wait,
        "add" => add(cursor)?,
        "modify" => {
            let (entry, action) = entry_with_action(cursor)?;
            Command::Modify { entry, action }
        }
        "setdefault" => Command::SetDefault {
            table: cursor.name()?,
            action: call(cursor)?,
        },
        "member" => Command::Member {
            profile: cursor.name()?,
            id: cursor.integer("a member")?,
            action: call(cursor)?,
        },
        "group" => Command::Group {
            profile: cursor.name()?,
            id: cursor.integer("a group")?,
            members: to_the_end(cursor, weighted_member)?,
        },
        "multicast" => Command::Multicast {
            group: cursor.integer("a multicast group")?,
            replicas: to_the_end(cursor, replica)?,
        },
        "clone_session" => Command::CloneSession {
            session: cursor.integer("a clone session")?,
            replicas: to_the_end(cursor, replica)?,
        },
        "delete" => Command::Delete(deletion(cursor)?),
        "value_set" => Command::ValueSet {
            set: cursor.name()?,
            members: to_the_end(cursor, value_set_member)?,
        },
        "expect_digest" => Command::ExpectDigest {
            digest: cursor.name()?,
            fields: to_the_end(cursor, argument)?,
        },
        "no_digest" => Command::NoDigest,
        "remove" => match cursor.word().eq_ignore_ascii_case("all") {
            true => {
                cursor.name()?;
                Command::RemoveAll
            }
            false => {
                let mut entry = entry(cursor)?;
                matches(cursor, &mut entry)?;
                Command::Remove(entry)
            }
        },
        "check_counter" => check_counter(cursor)?,
        "counter_read" => Command::CounterRead {
            counter: cursor.name()?,
            index: cursor.integer("an index")?,
        },
        "counter_write" => Command::CounterWrite {
            counter: cursor.name()?,
            index: cursor.integer("an index")?,
            packets: cursor.integer("a number of packets")?,
            bytes: cursor.integer("a number of bytes")?,
        },
        "register_read" => Command::RegisterRead {
            register: cursor.name()?,
            index: cursor.integer("an index")?,
            check: match comparison(cursor) {
                Some(comparison) => Some((comparison, cursor.number()?.value)),
                None => None,
            },
        },
        "register_write" => Command::RegisterWrite {
            register: cursor.name()?,
            index: cursor.integer("an index")?,
            value: cursor.number()?.value,
        },
        "register_reset" => Command::RegisterReset {
            register: cursor.name()?,
        },
        "mirroring_add" => Command::MirroringAdd {
            session: cursor.integer("a clone session")?,
            port: port(cursor)?,
        },
        "mirroring_add_mc" => Command::MirroringAddGroup {
            session: cursor.integer("a clone session")?,
            group: cursor.integer("a multicast group")?,
        },
        "mirroring_delete" => Command::MirroringDelete {
            session: cursor.integer("a clone session")?,
        },
        "mirroring_get" => Command::MirroringGet {
            session: cursor.integer("a clone session")?,
        },
        "mc_mgrp_create" => Command::GroupCreate {
            group: cursor.integer("a multicast group")?,
        },
        "mc_node_create" => Command::NodeCreate {
            rid: cursor.integer("a replication id")?,
            ports: ports(cursor)?,
        },
        "mc_node_update" => Command::NodeUpdate {
            node: cursor.integer("a node")?,
            ports: ports(cursor)?,
        },
        "mc_node_associate" => Command::NodeAssociate {
            group: cursor.integer("a multicast group")?,
            node: cursor.integer("a node")?,
        },
        "meter_get_rates" => Command::MeterGet {
            meter: cursor.name()?,
            index: cursor.integer("an index")?,
        },
        "meter_set_rates" => {
            let meter = cursor.name()?;
            let index = cursor.integer("an index")?;
            meter_set(cursor, meter, Some(index))?
        }
        "meter_array_set_rates" => {
            let meter = cursor.name()?;
            meter_set(cursor, meter, None)?
        }
        word => {
            return Err(SyntaxError {
                place,
                message: format!(
                    "`{word}` is no command; the commands are {}",
                    COMMANDS.join(", ")
                ),
            });
        }
    })
}

fn port(cursor: &mut Cursor<'_>) -> Result<u16, SyntaxError> {
    cursor.integer("a port")
}

fn ports(cursor: &mut Cursor<'_>) -> Result<Vec<u16>, SyntaxError> {
    let first = port(cursor)?;
    let mut ports = to_the_end(cursor, port)?;
    ports.insert(0, first);
    Ok(ports)
}

/// As many of something as there are to the end of the line.
fn to_the_end<'t, T>(
    cursor: &mut Cursor<'t>,
    one: impl Fn(&mut Cursor<'t>) -> Result<T, SyntaxError>,
) -> Result<Vec<T>, SyntaxError> {
    let mut all = Vec::new();
    while cursor.peek().is_some() {
        all.push(one(cursor)?);
    }
    Ok(all)
}

/// One match for each field, with commas between them.
fn value_set_member(cursor: &mut Cursor<'_>) -> Result<Vec<MatchText>, SyntaxError> {
    let mut fields = vec![match_text(cursor)?];
    while cursor.take(",") {
        fields.push(match_text(cursor)?);
    }
    Ok(fields)
}

/// `NAME:VALUE`.
fn argument(cursor: &mut Cursor<'_>) -> Result<(String, Number), SyntaxError> {
    let name = cursor.name()?;
    cursor.expect(":")?;
    Ok((name, cursor.number()?))
}

fn packet(cursor: &mut Cursor<'_>) -> Result<Command, SyntaxError> {
    let port = port(cursor)?;
    let place = cursor.place();
    let nibbles = nibbles(cursor)?;
    let values: Option<Vec<u8>> = nibbles
        .iter()
        .map(|nibble| match nibble {
            Nibble::Is(value) => Some(*value),
            Nibble::Any => None,
        })
        .collect();
    let Some(values) = values else {
        return Err(SyntaxError {
            place,
            message: "`*` is for expected packets only".to_owned(),
        });
    };
    if values.is_empty() {
        return cursor.error("the packet's bytes");
    }
    if values.len() % 2 != 0 {
        return Err(SyntaxError {
            place,
            message: format!("{} hex digits are no whole bytes", values.len()),
        });
    }
    let bytes = values
        .chunks(2)
        .map(|pair| pair.iter().fold(0, |byte, nibble| byte << 4 | nibble))
        .collect();
    Ok(Command::Packet { port, bytes })
}

fn expect(cursor: &mut Cursor<'_>) -> Result<Command, SyntaxError> {
    let port = port(cursor)?;
    let nibbles = nibbles(cursor)?;
    let exact_length = cursor.take("$");
    let packet = (exact_length || !nibbles.is_empty()).then_some(Expectation {
        nibbles,
        exact_length,
    });
    Ok(Command::Expect { port, packet })
}

/// Hex digits and `*`, with white space anywhere between them.
fn nibbles(cursor: &mut Cursor<'_>) -> Result<Vec<Nibble>, SyntaxError> {
    let mut nibbles = Vec::new();
    loop {
        let digits = cursor.take_while(|digit| digit.is_ascii_hexdigit() || digit == '*');
        if digits.is_empty() {
            break;
        }
        nibbles.extend(digits.chars().map(|digit| {
            digit
                .to_digit(16)
                .map_or(Nibble::Any, |value| Nibble::Is(value as u8))
        }));
    }
    match cursor.peek() {
        None | Some('$') => Ok(nibbles),
        Some(_) => cursor.error("hex digits"),
    }
}

/// A table and a priority.
fn entry(cursor: &mut Cursor<'_>) -> Result<Entry, SyntaxError> {
    let table = cursor.name()?;
    let priority = match cursor.peek().is_some_and(|first| first.is_ascii_digit()) {
        true => Some(cursor.integer("a priority")?),
        false => None,
    };
    Ok(Entry {
        table,
        priority,
        matches: Vec::new(),
    })
}

/// Matches to the end of the line.
fn matches(cursor: &mut Cursor<'_>, entry: &mut Entry) -> Result<(), SyntaxError> {
    while cursor.peek().is_some() {
        let place = cursor.place();
        let field = cursor.name()?;
        cursor.expect(":")?;
        match_of(cursor, entry, place, field)?;
    }
    Ok(())
}

/// What a field must be.
fn match_of(
    cursor: &mut Cursor<'_>,
    entry: &mut Entry,
    place: Place,
    field: String,
) -> Result<(), SyntaxError> {
    let value = match_text(cursor)?;
    entry.matches.push(Match {
        place,
        field,
        value,
    });
    Ok(())
}

fn add(cursor: &mut Cursor<'_>) -> Result<Command, SyntaxError> {
    let (entry, action) = entry_with_action(cursor)?;
    let name = match cursor.take("=") {
        true => Some(cursor.name()?),
        false => None,
    };
    Ok(Command::Add {
        entry,
        action,
        name,
    })
}

/// A table, a priority, matches, and what runs.
fn entry_with_action(cursor: &mut Cursor<'_>) -> Result<(Entry, EntryAction), SyntaxError> {
    let mut entry = entry(cursor)?;
    let action = loop {
        if cursor.take("=>") {
            break member_or_group(cursor)?;
        }
        let place = cursor.place();
        let name = cursor.name()?;
        if cursor.take("(") {
            break EntryAction::Call(arguments(cursor, place, name)?);
        }
        if !cursor.take(":") {
            return cursor.error("`:` and a match, or `(` and an action's arguments");
        }
        match_of(cursor, &mut entry, place, name)?;
    };
    Ok((entry, action))
}

/// `MEMBER` or `MEMBER/WEIGHT`.
fn weighted_member(cursor: &mut Cursor<'_>) -> Result<(u32, u32), SyntaxError> {
    let member = cursor.integer("a member")?;
    let weight = match cursor.take("/") {
        true => cursor.integer("a weight")?,
        false => 1,
    };
    Ok((member, weight))
}

/// `PORT` or `PORT/INSTANCE`.
fn replica(cursor: &mut Cursor<'_>) -> Result<Replica, SyntaxError> {
    let port = port(cursor)?;
    let instance = match cursor.take("/") {
        true => cursor.integer("an instance")?,
        false => 0,
    };
    Ok(Replica { port, instance })
}

fn deletion(cursor: &mut Cursor<'_>) -> Result<Deletion, SyntaxError> {
    let kind = cursor.word().to_ascii_lowercase();
    if !matches!(&*kind, "member" | "group" | "multicast" | "clone_session") {
        return cursor.error("`member`, `group`, `multicast` or `clone_session`");
    }
    cursor.name()?;
    Ok(match &*kind {
        "member" => Deletion::Member {
            profile: cursor.name()?,
            id: cursor.integer("a member")?,
        },
        "group" => Deletion::Group {
            profile: cursor.name()?,
            id: cursor.integer("a group")?,
        },
        "multicast" => Deletion::Multicast {
            group: cursor.integer("a multicast group")?,
        },
        _ => Deletion::CloneSession {
            session: cursor.integer("a clone session")?,
        },
    })
}

fn member_or_group(cursor: &mut Cursor<'_>) -> Result<EntryAction, SyntaxError> {
    if cursor.take("member") {
        return Ok(EntryAction::Member(cursor.integer("a member")?));
    }
    if cursor.take("group") {
        return Ok(EntryAction::Group(cursor.integer("a group")?));
    }
    cursor.error("`member` or `group`")
}

fn match_text(cursor: &mut Cursor<'_>) -> Result<MatchText, SyntaxError> {
    let first = cursor.wild_number()?;
    Ok(if cursor.take("/") {
        MatchText::Prefix(first, cursor.integer("a prefix length")?)
    } else if cursor.take("&&&") {
        MatchText::Masked(first, cursor.number()?)
    } else if cursor.take("->") || cursor.take("..") {
        MatchText::Range(first, cursor.number()?)
    } else {
        MatchText::Number(first)
    })
}

fn call(cursor: &mut Cursor<'_>) -> Result<Call, SyntaxError> {
    let place = cursor.place();
    let action = cursor.name()?;
    cursor.expect("(")?;
    arguments(cursor, place, action)
}

/// What follows an action's `(`.
fn arguments(cursor: &mut Cursor<'_>, place: Place, action: String) -> Result<Call, SyntaxError> {
    let mut arguments = Vec::new();
    if !cursor.take(")") {
        loop {
            arguments.push(argument(cursor)?);
            if cursor.take(")") {
                break;
            }
            if !cursor.take(",") {
                return cursor.error("`,` or `)`");
            }
        }
    }
    Ok(Call {
        place,
        action,
        arguments,
    })
}

fn comparison(cursor: &mut Cursor<'_>) -> Option<Comparison> {
    Comparison::ALL
        .iter()
        .find(|(sign, _)| cursor.take(sign))
        .map(|(_, comparison)| *comparison)
}

fn check_counter(cursor: &mut Cursor<'_>) -> Result<Command, SyntaxError> {
    let counter = cursor.name()?;
    cursor.expect("(")?;
    let cell = match cursor.peek() {
        Some('$') => Cell::Entry(cursor.name()?.trim_start_matches('$').to_owned()),
        _ => Cell::Index(cursor.integer("an index or `$` and an entry's name")?),
    };
    cursor.expect(")")?;
    let (mut part, mut check) = (CounterPart::Packets, (Comparison::Equal, 0));
    if cursor.peek().is_some() {
        part = match cursor.word().to_ascii_lowercase() {
            word if word.starts_with("packets") => CounterPart::Packets,
            word if word.starts_with("bytes") => CounterPart::Bytes,
            _ => return cursor.error("`packets` or `bytes`"),
        };
        cursor.take_while(|character| character.is_ascii_alphabetic());
        check = match comparison(cursor) {
            Some(comparison) => (comparison, cursor.integer("a number")?),
            None => return cursor.error("a comparison"),
        };
    }
    Ok(Command::CheckCounter {
        counter,
        cell,
        part,
        comparison: check.0,
        value: check.1,
    })
}

fn meter_set(
    cursor: &mut Cursor<'_>,
    meter: String,
    index: Option<u64>,
) -> Result<Command, SyntaxError> {
    Ok(Command::MeterSet {
        meter,
        index,
        committed: rate(cursor)?,
        peak: rate(cursor)?,
    })
}

fn rate(cursor: &mut Cursor<'_>) -> Result<Rate, SyntaxError> {
    let per_microsecond = cursor.decimal("a rate per microsecond")?;
    cursor.expect(":")?;
    Ok(Rate {
        per_microsecond,
        burst: cursor.integer("a burst size")?,
    })
}
