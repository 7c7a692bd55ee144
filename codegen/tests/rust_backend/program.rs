//! A program in the compiler's intermediate form, put together by hand: VLAN tags are counted, rewritten or taken off.

use dpr_codegen::ir::*;
use dpr_codegen::source::{NoFiles, SourceMap, Span};
use num_bigint::{BigInt, BigUint};

const ETHERNET: HeaderId = HeaderId(0);
const TAG: HeaderId = HeaderId(1);
const OPTIONS: HeaderId = HeaderId(2);
const PORT: VariableId = VariableId(0);
const SPEC: VariableId = VariableId(1);
const SEEN: VariableId = VariableId(2);
const SIGNED: VariableId = VariableId(3);
const PARSER_ERROR: VariableId = VariableId(4);
const WIDE: VariableId = VariableId(5);
const HASH: VariableId = VariableId(6);

fn span() -> Span {
    Span::new(SourceMap::new(NoFiles).add("tags.p4", ""), 0..0)
}

fn expr(kind: ExprKind, scalar: Scalar) -> Expr {
    Expr {
        kind,
        scalar,
        span: span(),
    }
}

fn bits(value: u64, width: u32) -> Expr {
    expr(
        ExprKind::Constant(BigUint::from(value)),
        Scalar::Bits(width),
    )
}

fn field(header: HeaderId, index: u32, width: u32) -> Expr {
    expr(
        ExprKind::Field(HeaderRef::Instance(header), index),
        Scalar::Bits(width),
    )
}

fn variable(id: VariableId, scalar: Scalar) -> Expr {
    expr(ExprKind::Variable(id), scalar)
}

fn parameter(index: u32, width: u32) -> Expr {
    expr(ExprKind::ActionParameter(index), Scalar::Bits(width))
}

fn binary(op: BinaryOp, left: Expr, right: Expr, scalar: Scalar) -> Expr {
    expr(
        ExprKind::Binary(op, Box::new(left), Box::new(right)),
        scalar,
    )
}

fn cast(value: Expr, scalar: Scalar) -> Expr {
    expr(ExprKind::Cast(Box::new(value)), scalar)
}

fn stmt(kind: StmtKind) -> Stmt {
    Stmt { kind, span: span() }
}

fn assign(place: Place, value: Expr) -> Stmt {
    stmt(StmtKind::Assign(place, value))
}

fn place(header: HeaderId, index: u32) -> Place {
    Place::Field(HeaderRef::Instance(header), index)
}

fn call(call: ExternCall) -> Stmt {
    stmt(StmtKind::Extern(call))
}

fn if_(condition: Expr, then: Block, otherwise: Block) -> Stmt {
    stmt(StmtKind::If(condition, then, otherwise))
}

fn control(name: &str) -> ControlName {
    let local = name.rsplit('.').next().unwrap().to_owned();
    ControlName {
        name: name.to_owned(),
        local,
        ..ControlName::default()
    }
}

fn header_type(name: &str, fields: &[(&str, Scalar)]) -> HeaderType {
    let fields = fields.iter().map(|(name, scalar)| Field {
        name: (*name).to_owned(),
        scalar: *scalar,
        enum_name: None,
        type_name: None,
        annotations: Vec::new(),
        span: span(),
    });
    HeaderType {
        name: name.to_owned(),
        fields: fields.collect(),
        annotations: Vec::new(),
        span: span(),
    }
}

fn header(name: &str, header_type: u32) -> Header {
    Header {
        name: name.to_owned(),
        header_type: HeaderTypeId(header_type),
        is_metadata: false,
        span: span(),
    }
}

fn scalar(name: &str, scalar: Scalar, scope: Scope) -> Variable {
    Variable {
        name: name.to_owned(),
        scalar,
        scope,
        enum_name: None,
        annotations: Vec::new(),
        span: span(),
    }
}

fn action(name: &str, parameters: &[(&str, u32)], body: Block) -> Action {
    let parameters = parameters.iter().map(|(name, width)| Parameter {
        name: (*name).to_owned(),
        scalar: Scalar::Bits(*width),
        type_name: None,
        annotations: Vec::new(),
        span: span(),
    });
    Action {
        control: control(name),
        parameters: parameters.collect(),
        body,
        span: span(),
    }
}

fn state(name: &str, body: Block, transition: Transition) -> State {
    State {
        name: name.to_owned(),
        body,
        transition,
        span: span(),
    }
}

fn case(pattern: Pattern, target: Target) -> SelectCase {
    SelectCase {
        patterns: vec![pattern],
        target,
        span: span(),
    }
}

fn value(value: u64) -> Pattern {
    Pattern::Value(BigUint::from(value))
}

fn named(name: &str) -> Named {
    Named {
        name: name.to_owned(),
        span: span(),
    }
}

/// Ethernet, then perhaps a tag of (priority 3, drop 1, id 12, type 16), then perhaps options of up to eight bytes.
fn parser() -> Parser {
    let at_type = Transition::Select {
        keys: vec![field(ETHERNET, 2, 16)],
        cases: vec![
            case(value(0x8100), Target::State(StateId(1))),
            case(value(0x88b5), Target::State(StateId(2))),
            case(Pattern::Any, Target::Accept),
        ],
    };
    let at_tag = Transition::Select {
        keys: vec![field(TAG, 3, 16)],
        cases: vec![
            case(value(0x88b5), Target::State(StateId(2))),
            case(
                Pattern::Mask(BigUint::from(0u8), BigUint::from(0xff00u32)),
                Target::Reject,
            ),
            case(Pattern::Any, Target::Accept),
        ],
    };
    let is_id = binary(
        BinaryOp::NotEqual,
        field(TAG, 2, 12),
        bits(0, 12),
        Scalar::Bool,
    );
    let lookahead = expr(ExprKind::Lookahead(0), Scalar::Bits(8));
    let length = binary(
        BinaryOp::ShiftLeft,
        cast(variable(SEEN, Scalar::Bits(8)), Scalar::Bits(32)),
        bits(3, 3),
        Scalar::Bits(32),
    );
    Parser {
        states: vec![
            state(
                "start",
                vec![stmt(StmtKind::Extract(HeaderRef::Instance(ETHERNET)))],
                at_type,
            ),
            state(
                "parse_tag",
                vec![
                    stmt(StmtKind::Extract(HeaderRef::Instance(TAG))),
                    stmt(StmtKind::Verify(is_id, bits(4, 32))),
                ],
                at_tag,
            ),
            state(
                "parse_options",
                vec![
                    stmt(StmtKind::RequireLookahead(8)),
                    assign(Place::Variable(SEEN), lookahead),
                    stmt(StmtKind::ExtractVarbit(
                        HeaderRef::Instance(OPTIONS),
                        length,
                    )),
                ],
                Transition::Goto(Target::Accept),
            ),
        ],
    }
}

/// A table by the tag's id, with one entry of the source, and one by Ethernet source prefix and port range.
fn tables() -> Vec<Table> {
    let key = |expr: Expr, match_kind, name: &str| Key {
        expr,
        match_kind,
        name: name.to_owned(),
        type_name: None,
        annotations: Vec::new(),
        span: span(),
    };
    let reference = |action, default_only| TableAction {
        action: ActionId(action),
        default_only,
        table_only: false,
        annotations: Vec::new(),
    };
    let run = |action, arguments: &[u32]| ActionCall {
        action: ActionId(action),
        arguments: arguments
            .iter()
            .map(|argument| BigUint::from(*argument))
            .collect(),
    };
    let table = Table {
        control: control("Tags.tags"),
        keys: vec![key(field(TAG, 2, 12), MatchKind::Exact, "headers.tag.id")],
        actions: vec![reference(0, false), reference(1, false), reference(2, true)],
        default_action: run(2, &[]),
        const_default_action: true,
        entries: vec![TableEntry {
            matches: vec![EntryMatch::Exact(BigUint::from(7u8))],
            action: run(0, &[9, 70]),
            priority: 0,
            is_const: false,
            span: span(),
        }],
        const_entries: false,
        size: 64,
        counter: Some(CounterId(1)),
        meter: None,
        implementation: None,
        support_timeout: false,
        largest_priority_wins: true,
        span: span(),
    };
    let ports = Table {
        control: control("Tags.ports"),
        keys: vec![
            key(
                field(ETHERNET, 1, 48),
                MatchKind::Ternary,
                "headers.ethernet.src",
            ),
            key(variable(PORT, Scalar::Bits(9)), MatchKind::Range, "port"),
        ],
        actions: vec![reference(3, false), reference(2, false)],
        default_action: run(3, &[2]),
        const_default_action: false,
        entries: Vec::new(),
        counter: None,
        ..table.clone()
    };
    vec![table, ports]
}

fn ingress() -> Block {
    let standard = Scalar::Bits(9);
    let seen = Scalar::Bits(8);
    let is_tagged = expr(ExprKind::IsValid(HeaderRef::Instance(TAG)), Scalar::Bool);
    let failed = binary(
        BinaryOp::NotEqual,
        variable(PARSER_ERROR, Scalar::ERROR),
        bits(0, 32),
        Scalar::Bool,
    );
    let signed = Scalar::Int(5);
    let minus_three = expr(ExprKind::Constant(BigUint::from(29u8)), signed);
    let is_negative = binary(
        BinaryOp::Less,
        variable(SIGNED, signed),
        expr(ExprKind::Constant(BigUint::from(0u8)), signed),
        Scalar::Bool,
    );
    let halved = binary(
        BinaryOp::ShiftRight,
        variable(SIGNED, signed),
        bits(1, 8),
        signed,
    );
    let index = cast(field(TAG, 2, 12), Scalar::Bits(32));
    let wide = expr(
        ExprKind::Concat(
            Box::new(field(ETHERNET, 0, 48)),
            Box::new(field(ETHERNET, 1, 48)),
        ),
        Scalar::Bits(96),
    );
    let low = expr(
        ExprKind::Slice(Box::new(variable(WIDE, Scalar::Bits(96))), 15, 8),
        Scalar::Bits(8),
    );
    let hash = ExternCall::Hash {
        result: Place::Variable(HASH),
        algorithm: HashAlgorithm::Crc16,
        base: bits(1, 16),
        data: vec![
            Data::Expr(variable(WIDE, Scalar::Bits(96))),
            Data::Expr(field(ETHERNET, 2, 16)),
        ],
        max: bits(10, 16),
    };
    vec![
        if_(
            failed,
            vec![call(ExternCall::MarkToDrop), stmt(StmtKind::Exit)],
            Vec::new(),
        ),
        assign(Place::Variable(WIDE), wide),
        call(hash),
        stmt(StmtKind::Apply(TableId(1), ApplyBranch::None)),
        stmt(StmtKind::Scope(vec![
            if_(
                expr(
                    ExprKind::Unary(UnaryOp::Not, Box::new(is_tagged)),
                    Scalar::Bool,
                ),
                vec![stmt(StmtKind::Leave)],
                vec![],
            ),
            call(ExternCall::RegisterRead {
                register: RegisterId(0),
                result: Place::Variable(SEEN),
                index: index.clone(),
            }),
            assign(
                Place::Variable(SEEN),
                binary(
                    BinaryOp::SaturatingAdd,
                    variable(SEEN, seen),
                    bits(1, 8),
                    seen,
                ),
            ),
            call(ExternCall::RegisterWrite {
                register: RegisterId(0),
                index: index.clone(),
                value: variable(SEEN, seen),
            }),
            stmt(StmtKind::Apply(
                TableId(0),
                ApplyBranch::Hit {
                    hit: vec![call(ExternCall::CounterCount {
                        counter: CounterId(0),
                        index,
                    })],
                    miss: Vec::new(),
                },
            )),
        ])),
        assign(Place::Variable(SIGNED), minus_three),
        assign(Place::Variable(SIGNED), halved),
        if_(
            is_negative,
            vec![assign(
                Place::Slice(Box::new(place(ETHERNET, 0)), 7, 0),
                binary(
                    BinaryOp::BitXor,
                    low,
                    cast(variable(HASH, Scalar::Bits(16)), Scalar::Bits(8)),
                    Scalar::Bits(8),
                ),
            )],
            vec![assign(Place::Variable(SPEC), bits(511, 9))],
        ),
        stmt(StmtKind::Switch(
            variable(SPEC, standard),
            vec![(
                vec![BigUint::from(100u8), BigUint::from(101u8)],
                vec![assign(Place::Variable(SPEC), bits(1, 9))],
            )],
            Vec::new(),
        )),
    ]
}

/// The whole program.
pub fn tags() -> Program {
    let control_name = |name: &str| control(name);
    let mac = Scalar::Bits(48);
    Program {
        name: "tags".to_owned(),
        errors: [
            "NoError",
            "PacketTooShort",
            "NoMatch",
            "HeaderTooShort",
            "NoTag",
            "ParserInvalidArgument",
        ]
        .map(named)
        .to_vec(),
        enums: vec![Enum {
            name: "kind_t".to_owned(),
            width: Some(4),
            members: vec![
                ("plain".to_owned(), BigInt::from(0)),
                ("with_tag".to_owned(), BigInt::from(9)),
            ],
            span: span(),
        }],
        constants: vec![
            Constant {
                name: "MOST".to_owned(),
                scalar: Scalar::Bits(12),
                value: BigInt::from(4095),
                span: span(),
            },
            Constant {
                name: "LEAST".to_owned(),
                scalar: Scalar::Int(9),
                value: BigInt::from(-5),
                span: span(),
            },
        ],
        header_types: vec![
            header_type(
                "ethernet_t",
                &[("dst", mac), ("src", mac), ("type", Scalar::Bits(16))],
            ),
            header_type(
                "tag_t",
                &[
                    ("priority", Scalar::Bits(3)),
                    ("drop", Scalar::Bool),
                    ("id", Scalar::Bits(12)),
                    ("type", Scalar::Bits(16)),
                ],
            ),
            header_type(
                "options_t",
                &[("length", Scalar::Bits(8)), ("options", Scalar::Varbit(64))],
            ),
        ],
        headers: vec![
            header("headers.ethernet", 0),
            header("headers.tag", 1),
            header("headers.options", 2),
        ],
        variables: vec![
            scalar(
                "standard.ingress_port",
                Scalar::Bits(9),
                Scope::Standard(StandardField::IngressPort),
            ),
            scalar(
                "standard.egress_spec",
                Scalar::Bits(9),
                Scope::Standard(StandardField::EgressSpec),
            ),
            scalar("meta.seen", Scalar::Bits(8), Scope::Metadata),
            scalar(
                "signed",
                Scalar::Int(5),
                Scope::Control(ControlKind::Ingress),
            ),
            scalar(
                "standard.parser_error",
                Scalar::ERROR,
                Scope::Standard(StandardField::ParserError),
            ),
            scalar(
                "wide",
                Scalar::Bits(96),
                Scope::Control(ControlKind::Ingress),
            ),
            scalar(
                "hash",
                Scalar::Bits(16),
                Scope::Control(ControlKind::Ingress),
            ),
        ],
        actions: vec![
            action(
                "Tags.rewrite",
                &[("port", 9), ("id", 12)],
                vec![
                    assign(Place::Variable(SPEC), parameter(0, 9)),
                    assign(place(TAG, 2), parameter(1, 12)),
                ],
            ),
            action(
                "Tags.strip",
                &[],
                vec![
                    assign(place(ETHERNET, 2), field(TAG, 3, 16)),
                    stmt(StmtKind::SetInvalid(HeaderRef::Instance(TAG))),
                ],
            ),
            action("Tags.drop", &[], vec![call(ExternCall::MarkToDrop)]),
            action(
                "Tags.send",
                &[("port", 9)],
                vec![assign(Place::Variable(SPEC), parameter(0, 9))],
            ),
        ],
        tables: tables(),
        counters: vec![
            Counter {
                control: control_name("Tags.by_id"),
                size: Some(128),
                unit: CounterUnit::Both,
                span: span(),
            },
            Counter {
                control: control_name("Tags.per_entry"),
                size: None,
                unit: CounterUnit::Packets,
                span: span(),
            },
        ],
        registers: vec![Register {
            control: control_name("Tags.seen"),
            size: 16,
            scalar: Scalar::Bits(8),
            type_spec: TypeSpec::Scalar(Scalar::Bits(8)),
            span: span(),
        }],
        parser: parser(),
        ingress: ingress(),
        deparser: [ETHERNET, TAG, OPTIONS]
            .map(|header| stmt(StmtKind::Emit(HeaderRef::Instance(header))))
            .to_vec(),
        ..Program::default()
    }
}
