use super::*;
use crate::Command;
use crate::{Cell, Comparison, CounterPart, EntryAction, Expectation, MatchText, Nibble, Number};

fn one(text: &str) -> Command {
    match script(text) {
        Ok(script) => match <[_; 1]>::try_from(script.commands) {
            Ok([command]) => command.node,
            Err(commands) => panic!("{} commands in {text}", commands.len()),
        },
        Err(error) => panic!("{error}: {text}"),
    }
}

fn error(text: &str) -> String {
    script(text).expect_err(text).to_string()
}

fn number(text: &str) -> Number {
    Number::parse(text).expect("a number")
}

#[test]
fn packets_are_hex_digits_with_any_spacing() {
    assert_eq!(
        one("PACKET 3 0a 0B0 c # and a comment"),
        Command::Packet {
            port: 3,
            bytes: vec![0x0a, 0x0b, 0x0c],
        }
    );
    assert_eq!(
        error("packet 1 0a b"),
        "1:10: 3 hex digits are no whole bytes"
    );
    assert_eq!(
        error("packet 1 **"),
        "1:10: `*` is for expected packets only"
    );
    assert_eq!(
        error("packet 1"),
        "1:9: expected the packet's bytes, found the end of the line"
    );
    assert_eq!(error("\npacket x 00"), "2:8: expected a port, found `x`");
}

#[test]
fn expectations_have_wildcards_and_an_end() {
    assert_eq!(
        one("expect 3 *1 $"),
        Command::Expect {
            port: 3,
            packet: Some(Expectation {
                nibbles: vec![Nibble::Any, Nibble::Is(1)],
                exact_length: true,
            }),
        }
    );
    assert_eq!(
        one("expect 3"),
        Command::Expect {
            port: 3,
            packet: None
        }
    );
    assert_eq!(one("no_packet"), Command::NoPacket { port: None });
    assert_eq!(one("no_packet 4"), Command::NoPacket { port: Some(4) });
    assert_eq!(
        error("expect 3 00 $ 00"),
        "1:15: expected the end of the line, found `00`"
    );
}

#[test]
fn entries_take_every_way_to_write_a_match() {
    let Command::Add {
        entry,
        action,
        name,
    } = one(
        "add ingress.acl 7 hdr.tags[1].id:0x** \"a b\":10/8 c.$valid$:0b1 d : 4&&&0xc e:1->9 \
         set(port:2, tag : 0x1) = rule",
    )
    else {
        panic!("no entry");
    };
    assert_eq!(
        (entry.table.as_str(), entry.priority),
        ("ingress.acl", Some(7))
    );
    let matches: Vec<_> = entry
        .matches
        .iter()
        .map(|given| (given.field.as_str(), given.value.clone()))
        .collect();
    assert_eq!(
        matches,
        [
            ("hdr.tags[1].id", MatchText::Number(number("0x**"))),
            ("a b", MatchText::Prefix(number("10"), 8)),
            ("c.$valid$", MatchText::Number(number("0b1"))),
            ("d", MatchText::Masked(number("4"), number("0xc"))),
            ("e", MatchText::Range(number("1"), number("9"))),
        ]
    );
    let EntryAction::Call(action) = action else {
        panic!("no action");
    };
    assert_eq!(action.action, "set");
    assert_eq!(
        action.arguments,
        [
            ("port".to_owned(), number("2")),
            ("tag".to_owned(), number("0x1"))
        ]
    );
    assert_eq!(name.as_deref(), Some("rule"));
    assert_eq!(
        error("add t a:1"),
        "1:10: expected a name, found the end of the line"
    );
    assert_eq!(
        error("add t a:1 f(x:1"),
        "1:16: expected `,` or `)`, found the end of the line"
    );
}

#[test]
fn profiles_value_sets_and_digests() {
    assert!(matches!(
        one("add t a:1 => group 7"),
        Command::Add {
            action: EntryAction::Group(7),
            ..
        }
    ));
    assert!(matches!(
        one("member p 3 set(port:1)"),
        Command::Member { id: 3, action, .. } if action.action == "set"
    ));
    assert_eq!(
        one("group p 1 2 3"),
        Command::Group {
            profile: "p".to_owned(),
            id: 1,
            members: vec![(2, 1), (3, 1)],
        }
    );
    assert_eq!(
        one("value_set v 1,2/8 3,4"),
        Command::ValueSet {
            set: "v".to_owned(),
            members: vec![
                vec![
                    MatchText::Number(number("1")),
                    MatchText::Prefix(number("2"), 8)
                ],
                vec![
                    MatchText::Number(number("3")),
                    MatchText::Number(number("4"))
                ],
            ],
        }
    );
    assert_eq!(
        one("expect_digest d a:1"),
        Command::ExpectDigest {
            digest: "d".to_owned(),
            fields: vec![("a".to_owned(), number("1"))],
        }
    );
    assert_eq!(one("no_digest"), Command::NoDigest);
    assert_eq!(
        error("add t a:1 => set()"),
        "1:14: expected `member` or `group`, found `set()`"
    );
}

#[test]
fn the_other_commands() {
    assert_eq!(one("remove all"), Command::RemoveAll);
    assert!(matches!(one("remove t 3 a:1"), Command::Remove(entry) if entry.priority == Some(3)));
    assert_eq!(one("wait"), Command::Wait);
    assert_eq!(
        one("check_counter c(10) bytes>=2"),
        Command::CheckCounter {
            counter: "c".to_owned(),
            cell: Cell::Index(10),
            part: CounterPart::Bytes,
            comparison: Comparison::GreaterOrEqual,
            value: 2,
        }
    );
    assert!(matches!(
        one("check_counter c($A)"),
        Command::CheckCounter { cell: Cell::Entry(name), .. } if name == "A"
    ));
    assert_eq!(
        one("register_read r 5 == 0x64"),
        Command::RegisterRead {
            register: "r".to_owned(),
            index: 5,
            check: Some((Comparison::Equal, 100u8.into())),
        }
    );
    assert_eq!(
        one("mc_node_create 400 6 7"),
        Command::NodeCreate {
            rid: 400,
            ports: vec![6, 7],
        }
    );
    assert!(matches!(
        one("meter_array_set_rates m 0.000006:7 0.00008:9"),
        Command::MeterSet { index: None, committed, peak, .. }
            if committed.per_microsecond == 0.000006 && peak.burst == 9
    ));
    assert!(error("  frobnicate 1").starts_with("1:3: `frobnicate` is no command"));
    assert_eq!(
        error("mirroring_add 5 70000"),
        "1:17: 70000 is too large for a port"
    );
}
