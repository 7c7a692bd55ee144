//! A client's session: what is shown of a program's entities is what makes them.

use dpr_runtime::{
    ActionCall, ActionSchema, ActionScope, CounterSchema, CounterUnit, CounterValue, DefaultAction,
    Entity, EntryFilter, FieldMatch, FieldSchema, Integer, MatchKind, MatchValue, MeterConfig,
    MeterSchema, Operation, ParamSchema, ProfileSchema, ProgramInfo, Query, Replica,
    TableActionRef, TableActionSchema, TableEntry, TableSchema, Update, ValueSetSchema,
};
use dpr_stf::{Control, Dialect, Refusal, Script, Session, show};
use std::borrow::Cow;
use std::cell::RefCell;

const TABLE: u32 = 0x0200_0001;
const CONSTANT: u32 = 0x0200_0002;
const FORWARD: u32 = 0x0100_0001;
const PROFILE: u32 = 0x1100_0001;
const SET: u32 = 0x0300_0001;
const COUNTER: u32 = 0x1200_0001;
const METER: u32 = 0x1400_0001;

fn program() -> ProgramInfo {
    let field = |id, name: &'static str, bits, kind| FieldSchema {
        id,
        name: name.into(),
        bits,
        kind,
    };
    let forward = ActionSchema {
        id: FORWARD,
        name: "ingress.forward".into(),
        alias: "forward".into(),
        params: Cow::Owned(vec![ParamSchema {
            id: 1,
            name: "port".into(),
            bits: 9,
        }]),
    };
    let table = |id, name: &'static str, const_entries| TableSchema {
        id,
        name: name.into(),
        alias: name.into(),
        size: 16,
        fields: Cow::Owned(vec![
            field(1, "hdr.tags[1].id", 16, MatchKind::Exact),
            field(2, "hdr.ip.dst", 32, MatchKind::Lpm),
            field(3, "hdr.ip.isValid()", 1, MatchKind::Ternary),
            field(4, "meta.length", 16, MatchKind::Range),
        ]),
        actions: Cow::Owned(vec![TableActionSchema {
            action: Cow::Owned(forward.clone()),
            scope: ActionScope::Any,
        }]),
        default_action: DefaultAction {
            action: 0,
            arguments: Cow::Owned(vec![Integer::ZERO]),
        },
        const_default: const_entries,
        entries: Cow::Borrowed(&[]),
        const_entries,
        direct_counter: None,
        direct_meter: None,
        implementation: Some(PROFILE),
        has_idle_timeout: false,
    };
    ProgramInfo {
        name: "sample".into(),
        p4info: Cow::Borrowed(&[]),
        p4info_text: "".into(),
        digest: [0; 32],
        tables: Cow::Owned(vec![
            table(TABLE, "ingress.t", false),
            table(CONSTANT, "ingress.fixed", true),
        ]),
        actions: Cow::Owned(vec![forward.clone()]),
        counters: Cow::Owned(vec![CounterSchema {
            id: COUNTER,
            name: "ingress.seen".into(),
            alias: "seen".into(),
            size: 8,
            unit: CounterUnit::Both,
        }]),
        registers: Cow::Borrowed(&[]),
        meters: Cow::Owned(vec![MeterSchema {
            id: METER,
            name: "ingress.rate".into(),
            alias: "rate".into(),
            size: 8,
            unit: CounterUnit::Bytes,
        }]),
        profiles: Cow::Owned(vec![ProfileSchema {
            id: PROFILE,
            name: "ingress.next_hops".into(),
            alias: "next_hops".into(),
            size: 8,
            has_groups: true,
            max_group_size: 0,
        }]),
        digests: Cow::Borrowed(&[]),
        value_sets: Cow::Owned(vec![ValueSetSchema {
            id: SET,
            name: "parser.types".into(),
            alias: "types".into(),
            size: 4,
            fields: Cow::Owned(vec![field(1, "type", 16, MatchKind::Exact)]),
        }]),
    }
}

/// Takes everything but what it is told to hold already, and answers each read with all that it holds.
struct Recorder<'r> {
    program: &'r ProgramInfo,
    held: Vec<Entity>,
    written: &'r RefCell<Vec<Update>>,
}

impl Control for Recorder<'_> {
    fn program(&self) -> &ProgramInfo {
        self.program
    }

    fn write(&self, update: &Update) -> Result<(), Refusal> {
        if update.operation == Operation::Insert && self.held.contains(&update.entity) {
            return Err(Refusal::AlreadyExists);
        }
        self.written.borrow_mut().push(update.clone());
        Ok(())
    }

    fn read(&self, query: &Query) -> Result<Vec<Entity>, Refusal> {
        let all = Query::Tables {
            table: None,
            filter: EntryFilter::All,
        };
        assert_eq!(*query, all);
        Ok(self.held.clone())
    }
}

/// What a text writes to a target that holds something.
fn written(text: &str, held: &[Entity]) -> Result<Vec<Update>, String> {
    let program = program();
    let written = RefCell::default();
    let recorder = Recorder {
        program: &program,
        held: held.to_vec(),
        written: &written,
    };
    let script = Script::parse(text).map_err(|error| error.to_string())?;
    let mut session = Session::new(recorder, Dialect::Client);
    for command in &script.commands {
        session
            .execute(&command.node)
            .map_err(|problem| problem.to_string())?;
    }
    drop(session);
    Ok(written.into_inner())
}

fn entry(action: TableActionRef) -> TableEntry {
    let field = |field, kind| FieldMatch { field, kind };
    TableEntry {
        table: TABLE,
        matches: vec![
            field(1, MatchValue::Exact(Integer::new(7))),
            field(
                2,
                MatchValue::Lpm {
                    value: Integer::new(0x0a00_0000),
                    prefix: 8,
                },
            ),
            field(
                3,
                MatchValue::Ternary {
                    value: Integer::new(1),
                    mask: Integer::new(1),
                },
            ),
            field(
                4,
                MatchValue::Range {
                    low: Integer::new(64),
                    high: Integer::new(1500),
                },
            ),
        ],
        priority: 10,
        action: Some(action),
        ..TableEntry::default()
    }
}

fn forward(port: u128) -> ActionCall {
    ActionCall {
        action: FORWARD,
        arguments: vec![(1, port.into())],
    }
}

/// One of each kind that a command makes.
fn entities() -> Vec<Entity> {
    let replica = |port, instance| Replica { port, instance };
    vec![
        Entity::Table(entry(forward(3).into())),
        Entity::Table(entry(TableActionRef::Member(4))),
        Entity::Table(entry(TableActionRef::Group(5))),
        Entity::Member {
            profile: PROFILE,
            id: 4,
            action: Some(forward(511)),
        },
        Entity::Group {
            profile: PROFILE,
            id: 5,
            max_size: 0,
            members: vec![(4, 1), (6, 3)],
        },
        Entity::MulticastGroup {
            id: 9,
            replicas: vec![replica(1, 0), replica(2, 77)],
        },
        Entity::CloneSession {
            id: 12,
            replicas: vec![replica(300, 0)],
            class_of_service: 0,
            packet_length_bytes: 0,
        },
    ]
}

#[test]
fn what_is_shown_makes_the_same_again() {
    let program = program();
    for entity in entities() {
        let text = show(&program, &entity);
        let update = Update {
            operation: Operation::Insert,
            entity,
        };
        assert_eq!(written(&text, &[]), Ok(vec![update]), "{text}");
    }
    let modified = [
        Entity::ValueSet {
            id: SET,
            members: vec![
                vec![MatchValue::Exact(Integer::new(0x800))],
                vec![MatchValue::Exact(Integer::new(0x806))],
            ],
        },
        Entity::Counter {
            counter: COUNTER,
            index: 3,
            value: CounterValue {
                packets: 5,
                bytes: 600,
            },
        },
        Entity::Meter {
            meter: METER,
            index: 2,
            config: Some(MeterConfig {
                cir: 1_500_000,
                cburst: 10,
                pir: 20,
                pburst: 30,
            }),
        },
        Entity::Table(TableEntry {
            table: TABLE,
            action: Some(forward(1).into()),
            is_default: true,
            ..TableEntry::default()
        }),
    ];
    for entity in modified {
        let text = show(&program, &entity);
        let update = Update {
            operation: Operation::Modify,
            entity,
        };
        assert_eq!(written(&text, &[]), Ok(vec![update]), "{text}");
    }
}

#[test]
fn what_is_the_programs_own_is_a_comment() {
    let entry = TableEntry {
        table: CONSTANT,
        ..entry(forward(3).into())
    };
    let text = show(&program(), &Entity::Table(entry));
    assert!(
        text.starts_with("# the program's own: add ingress.fixed 10"),
        "{text}"
    );
    assert_eq!(written(&text, &[]), Ok(Vec::new()));
}

#[test]
fn members_groups_and_copies_are_made_or_changed() {
    for entity in entities().split_off(3) {
        let text = show(&program(), &entity);
        let update = Update {
            operation: Operation::Modify,
            entity: entity.clone(),
        };
        assert_eq!(written(&text, &[entity]), Ok(vec![update]), "{text}");
    }
}

#[test]
fn a_client_removes_every_entry_but_the_programs_own() {
    let own = Entity::Table(TableEntry {
        table: CONSTANT,
        ..entry(forward(3).into())
    });
    let held = Entity::Table(entry(forward(3).into()));
    let update = Update {
        operation: Operation::Delete,
        entity: held.clone(),
    };
    assert_eq!(written("remove all", &[own, held]), Ok(vec![update]));
}

#[test]
fn deletions_name_what_goes() {
    let deleted = |text| {
        let updates = written(text, &[]).unwrap();
        assert!(
            matches!(
                &*updates,
                [Update {
                    operation: Operation::Delete,
                    ..
                }]
            ),
            "{text}"
        );
        updates.into_iter().next().map(|update| update.entity)
    };
    assert_eq!(
        deleted("delete member next_hops 4"),
        Some(Entity::Member {
            profile: PROFILE,
            id: 4,
            action: None
        })
    );
    assert_eq!(
        deleted("delete multicast 9"),
        Some(Entity::MulticastGroup {
            id: 9,
            replicas: Vec::new()
        })
    );
    assert!(matches!(
        deleted("delete group next_hops 5"),
        Some(Entity::Group { id: 5, .. })
    ));
    assert!(matches!(
        deleted("delete clone_session 12"),
        Some(Entity::CloneSession { id: 12, .. })
    ));
    let error = written("delete packet 3", &[]).unwrap_err();
    assert!(error.contains("expected `member`, `group`"), "{error}");
}

#[test]
fn addresses_and_changes_are_as_a_client_writes_them() {
    let updates = written(
        "modify t 10 hdr.tags[1].id:7 hdr.ip.dst:10.0.0.0/8 \"hdr.ip.isValid()\":1 meta.length:64->1500 forward(port:3)",
        &[],
    );
    let update = Update {
        operation: Operation::Modify,
        entity: Entity::Table(entry(forward(3).into())),
    };
    assert_eq!(updates, Ok(vec![update]));
    let error = written("packet 1 00", &[]).unwrap_err();
    assert!(error.contains("only a test"), "{error}");
}
