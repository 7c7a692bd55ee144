// Generated from tags.p4.

/// The constant `MOST`.
pub const MOST: u16 = 4095;
/// The constant `LEAST`.
pub const LEAST: i16 = -5;
/// The enum `kind_t`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
#[allow(clippy::enum_variant_names)]
pub enum Kind {
    /// `plain`.
    Plain = 0,
    /// `with_tag`.
    WithTag = 9,
}
impl Kind {
    /// All members in source order.
    pub const ALL: &'static [Kind] = &[Kind::Plain, Kind::WithTag];
    /// The name in the P4 source.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Plain => "plain",
            Kind::WithTag => "with_tag",
        }
    }
}
impl TryFrom<u8> for Kind {
    type Error = u8;
    fn try_from(value: u8) -> Result<Self, u8> {
        match value {
            0 => Ok(Kind::Plain),
            9 => Ok(Kind::WithTag),
            _ => Err(value),
        }
    }
}
/// The header types of the source. Fields are integers in the host's order.
pub mod headers {
    /// The header `ethernet_t`.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Ethernet {
        /// `dst`: 48 bits.
        pub dst: u64,
        /// `src`: 48 bits.
        pub src: u64,
        /// `type`: 16 bits.
        pub r#type: u16,
    }
    impl Ethernet {
        /// Length in bytes.
        pub const LEN: usize = 14;
        /// The header at the start of some bytes, and what follows it.
        pub fn parse(bytes: &[u8]) -> Option<(Self, &[u8])> {
            let (head, rest) = bytes.split_first_chunk::<14>()?;
            Some((
                Ethernet {
                    dst: dpr_runtime::get_bits(head, 0, 48) as u64,
                    src: dpr_runtime::get_bits(head, 48, 48) as u64,
                    r#type: dpr_runtime::get_bits(head, 96, 16) as u16,
                },
                rest,
            ))
        }
        /// Writes the header to the start of some bytes; what does not fit is lost.
        pub fn emit(&self, bytes: &mut [u8]) {
            dpr_runtime::put_bits(bytes, 0, 48, self.dst.into());
            dpr_runtime::put_bits(bytes, 48, 48, self.src.into());
            dpr_runtime::put_bits(bytes, 96, 16, self.r#type.into());
        }
    }
    /// The fields of `ethernet_t` in bytes that hold at least all of them.
    #[derive(Clone, Copy, Debug)]
    pub struct EthernetView<T>(T);
    impl<T: AsRef<[u8]>> EthernetView<T> {
        /// Checks the length once.
        ///
        /// # Errors
        /// Fewer bytes than the header has.
        pub fn new_checked(bytes: T) -> Result<Self, dpr_runtime::Truncated> {
            let available = bytes.as_ref().len();
            if available < 14 {
                return Err(dpr_runtime::Truncated {
                    needed: 14,
                    available,
                });
            }
            Ok(EthernetView(bytes))
        }
        /// `dst`: 48 bits.
        pub fn dst(&self) -> u64 {
            dpr_runtime::get_bits(self.0.as_ref(), 0, 48) as u64
        }
        /// `src`: 48 bits.
        pub fn src(&self) -> u64 {
            dpr_runtime::get_bits(self.0.as_ref(), 48, 48) as u64
        }
        /// `type`: 16 bits.
        pub fn r#type(&self) -> u16 {
            dpr_runtime::get_bits(self.0.as_ref(), 96, 16) as u16
        }
    }
    impl<T: AsMut<[u8]>> EthernetView<T> {
        /// Sets `dst`: 48 bits.
        pub fn set_dst(&mut self, value: u64) {
            dpr_runtime::put_bits(self.0.as_mut(), 0, 48, value.into());
        }
        /// Sets `src`: 48 bits.
        pub fn set_src(&mut self, value: u64) {
            dpr_runtime::put_bits(self.0.as_mut(), 48, 48, value.into());
        }
        /// Sets `type`: 16 bits.
        pub fn set_type(&mut self, value: u16) {
            dpr_runtime::put_bits(self.0.as_mut(), 96, 16, value.into());
        }
    }
    /// The header `tag_t`.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Tag {
        /// `priority`: 3 bits.
        pub priority: u8,
        /// `drop`: 1 bit.
        pub drop: bool,
        /// `id`: 12 bits.
        pub id: u16,
        /// `type`: 16 bits.
        pub r#type: u16,
    }
    impl Tag {
        /// Length in bytes.
        pub const LEN: usize = 4;
        /// The header at the start of some bytes, and what follows it.
        pub fn parse(bytes: &[u8]) -> Option<(Self, &[u8])> {
            let (head, rest) = bytes.split_first_chunk::<4>()?;
            Some((
                Tag {
                    priority: dpr_runtime::get_bits(head, 0, 3) as u8,
                    drop: dpr_runtime::get_bits(head, 3, 1) != 0,
                    id: dpr_runtime::get_bits(head, 4, 12) as u16,
                    r#type: dpr_runtime::get_bits(head, 16, 16) as u16,
                },
                rest,
            ))
        }
        /// Writes the header to the start of some bytes; what does not fit is lost.
        pub fn emit(&self, bytes: &mut [u8]) {
            dpr_runtime::put_bits(bytes, 0, 3, self.priority.into());
            dpr_runtime::put_bits(bytes, 3, 1, self.drop.into());
            dpr_runtime::put_bits(bytes, 4, 12, self.id.into());
            dpr_runtime::put_bits(bytes, 16, 16, self.r#type.into());
        }
    }
    /// The fields of `tag_t` in bytes that hold at least all of them.
    #[derive(Clone, Copy, Debug)]
    pub struct TagView<T>(T);
    impl<T: AsRef<[u8]>> TagView<T> {
        /// Checks the length once.
        ///
        /// # Errors
        /// Fewer bytes than the header has.
        pub fn new_checked(bytes: T) -> Result<Self, dpr_runtime::Truncated> {
            let available = bytes.as_ref().len();
            if available < 4 {
                return Err(dpr_runtime::Truncated {
                    needed: 4,
                    available,
                });
            }
            Ok(TagView(bytes))
        }
        /// `priority`: 3 bits.
        pub fn priority(&self) -> u8 {
            dpr_runtime::get_bits(self.0.as_ref(), 0, 3) as u8
        }
        /// `drop`: 1 bit.
        pub fn drop(&self) -> bool {
            dpr_runtime::get_bits(self.0.as_ref(), 3, 1) != 0
        }
        /// `id`: 12 bits.
        pub fn id(&self) -> u16 {
            dpr_runtime::get_bits(self.0.as_ref(), 4, 12) as u16
        }
        /// `type`: 16 bits.
        pub fn r#type(&self) -> u16 {
            dpr_runtime::get_bits(self.0.as_ref(), 16, 16) as u16
        }
    }
    impl<T: AsMut<[u8]>> TagView<T> {
        /// Sets `priority`: 3 bits.
        pub fn set_priority(&mut self, value: u8) {
            dpr_runtime::put_bits(self.0.as_mut(), 0, 3, value.into());
        }
        /// Sets `drop`: 1 bit.
        pub fn set_drop(&mut self, value: bool) {
            dpr_runtime::put_bits(self.0.as_mut(), 3, 1, value.into());
        }
        /// Sets `id`: 12 bits.
        pub fn set_id(&mut self, value: u16) {
            dpr_runtime::put_bits(self.0.as_mut(), 4, 12, value.into());
        }
        /// Sets `type`: 16 bits.
        pub fn set_type(&mut self, value: u16) {
            dpr_runtime::put_bits(self.0.as_mut(), 16, 16, value.into());
        }
    }
    /// The header `options_t`, without its field of variable length.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Options {
        /// `length`: 8 bits.
        pub length: u8,
    }
    impl Options {
        /// Length in bytes.
        pub const LEN: usize = 1;
        /// The header at the start of some bytes, and what follows it.
        pub fn parse(bytes: &[u8]) -> Option<(Self, &[u8])> {
            let (head, rest) = bytes.split_first_chunk::<1>()?;
            Some((
                Options {
                    length: dpr_runtime::get_bits(head, 0, 8) as u8,
                },
                rest,
            ))
        }
        /// Writes the header to the start of some bytes; what does not fit is lost.
        pub fn emit(&self, bytes: &mut [u8]) {
            dpr_runtime::put_bits(bytes, 0, 8, self.length.into());
        }
    }
    /// The fields of `options_t` in bytes that hold at least all of them, without its field of variable length.
    #[derive(Clone, Copy, Debug)]
    pub struct OptionsView<T>(T);
    impl<T: AsRef<[u8]>> OptionsView<T> {
        /// Checks the length once.
        ///
        /// # Errors
        /// Fewer bytes than the header has.
        pub fn new_checked(bytes: T) -> Result<Self, dpr_runtime::Truncated> {
            let available = bytes.as_ref().len();
            if available < 1 {
                return Err(dpr_runtime::Truncated {
                    needed: 1,
                    available,
                });
            }
            Ok(OptionsView(bytes))
        }
        /// `length`: 8 bits.
        pub fn length(&self) -> u8 {
            dpr_runtime::get_bits(self.0.as_ref(), 0, 8) as u8
        }
    }
    impl<T: AsMut<[u8]>> OptionsView<T> {
        /// Sets `length`: 8 bits.
        pub fn set_length(&mut self, value: u8) {
            dpr_runtime::put_bits(self.0.as_mut(), 0, 8, value.into());
        }
    }
}
/// The table `Tags.tags`.
pub mod tags {
    /// Marks the table.
    #[derive(Clone, Copy, Debug)]
    pub struct Tags;
    impl dpr_runtime::Table for Tags {
        type Key = Key;
        type Action = Action;
        const ID: u32 = ID;
        const NAME: &'static str = NAME;
    }
    /// P4Info id.
    pub const ID: u32 = 0x02b0ab91;
    /// Fully qualified name.
    pub const NAME: &str = "Tags.tags";
    /// What entries match.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct Key {
        /// `headers.tag.id`: exact, 12 bits.
        pub id: u16,
    }
    impl dpr_runtime::TableKey for Key {
        fn matches(&self) -> Vec<dpr_runtime::FieldMatch> {
            [dpr_runtime::KeyField::to_match(&self.id, 1, 12)]
                .into_iter()
                .flatten()
                .collect()
        }
        fn from_matches(
            matches: &[dpr_runtime::FieldMatch],
        ) -> Result<Self, dpr_runtime::DecodeError> {
            Ok(Key {
                id: dpr_runtime::field(matches, 1, 12)?,
            })
        }
    }
    /// What entries run.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    #[allow(clippy::enum_variant_names)]
    pub enum Action {
        /// `Tags.rewrite`.
        Rewrite {
            /// `port`: 9 bits.
            port: u16,
            /// `id`: 12 bits.
            id: u16,
        },
        /// `Tags.strip`.
        Strip,
        /// `Tags.drop`.
        Drop,
    }
    impl dpr_runtime::TableAction for Action {
        fn call(&self) -> dpr_runtime::ActionCall {
            match *self {
                Action::Rewrite { port, id } => {
                    dpr_runtime::ActionCall {
                        action: 0x01afd44b,
                        arguments: vec![(1, port.into()), (2, id.into())],
                    }
                }
                Action::Strip => {
                    dpr_runtime::ActionCall {
                        action: 0x010a1eed,
                        arguments: Vec::new(),
                    }
                }
                Action::Drop => {
                    dpr_runtime::ActionCall {
                        action: 0x0153afbc,
                        arguments: Vec::new(),
                    }
                }
            }
        }
        fn from_call(
            call: &dpr_runtime::ActionCall,
        ) -> Result<Self, dpr_runtime::DecodeError> {
            match call.action {
                0x01afd44b => {
                    Ok(Action::Rewrite {
                        port: dpr_runtime::argument(call, 1)?,
                        id: dpr_runtime::argument(call, 2)?,
                    })
                }
                0x010a1eed => Ok(Action::Strip),
                0x0153afbc => Ok(Action::Drop),
                other => Err(dpr_runtime::DecodeError::UnknownAction(other)),
            }
        }
    }
    /// An entry.
    pub type Entry = dpr_runtime::Entry<Tags>;
}
/// The table `Tags.ports`.
pub mod ports {
    /// Marks the table.
    #[derive(Clone, Copy, Debug)]
    pub struct Ports;
    impl dpr_runtime::Table for Ports {
        type Key = Key;
        type Action = Action;
        const ID: u32 = ID;
        const NAME: &'static str = NAME;
    }
    /// P4Info id.
    pub const ID: u32 = 0x02bb56eb;
    /// Fully qualified name.
    pub const NAME: &str = "Tags.ports";
    /// What entries match.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub struct Key {
        /// `headers.ethernet.src`: ternary, 48 bits.
        pub src: dpr_runtime::Ternary<u64>,
        /// `port`: range, 9 bits.
        pub port: dpr_runtime::Range<u16>,
    }
    impl dpr_runtime::TableKey for Key {
        fn matches(&self) -> Vec<dpr_runtime::FieldMatch> {
            [
                dpr_runtime::KeyField::to_match(&self.src, 1, 48),
                dpr_runtime::KeyField::to_match(&self.port, 2, 9),
            ]
                .into_iter()
                .flatten()
                .collect()
        }
        fn from_matches(
            matches: &[dpr_runtime::FieldMatch],
        ) -> Result<Self, dpr_runtime::DecodeError> {
            Ok(Key {
                src: dpr_runtime::field(matches, 1, 48)?,
                port: dpr_runtime::field(matches, 2, 9)?,
            })
        }
    }
    /// What entries run.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    #[allow(clippy::enum_variant_names)]
    pub enum Action {
        /// `Tags.send`.
        Send {
            /// `port`: 9 bits.
            port: u16,
        },
        /// `Tags.drop`.
        Drop,
    }
    impl dpr_runtime::TableAction for Action {
        fn call(&self) -> dpr_runtime::ActionCall {
            match *self {
                Action::Send { port } => {
                    dpr_runtime::ActionCall {
                        action: 0x0127da28,
                        arguments: vec![(1, port.into())],
                    }
                }
                Action::Drop => {
                    dpr_runtime::ActionCall {
                        action: 0x0153afbc,
                        arguments: Vec::new(),
                    }
                }
            }
        }
        fn from_call(
            call: &dpr_runtime::ActionCall,
        ) -> Result<Self, dpr_runtime::DecodeError> {
            match call.action {
                0x0127da28 => {
                    Ok(Action::Send {
                        port: dpr_runtime::argument(call, 1)?,
                    })
                }
                0x0153afbc => Ok(Action::Drop),
                other => Err(dpr_runtime::DecodeError::UnknownAction(other)),
            }
        }
    }
    /// An entry.
    pub type Entry = dpr_runtime::Entry<Ports>;
}
/// The counter `Tags.by_id`.
pub mod by_id {
    /// P4Info id.
    pub const ID: u32 = 0x12189105;
    /// Fully qualified name.
    pub const NAME: &str = "Tags.by_id";
    /// Number of cells.
    pub const SIZE: u64 = 128;
}
/// The register `Tags.seen`.
pub mod seen {
    /// P4Info id.
    pub const ID: u32 = 0x16927880;
    /// Fully qualified name.
    pub const NAME: &str = "Tags.seen";
    /// Number of cells.
    pub const SIZE: u64 = 16;
}
/// The packet pipeline of `tags.p4`.
pub struct Tags {
    tags: dpr_runtime::ExactTable<1, 2>,
    ports: dpr_runtime::TernaryTable<1, 1>,
    by_id: dpr_runtime::Counters,
    seen: dpr_runtime::Registers,
    replication: dpr_runtime::replication::Replication,
}
impl Default for Tags {
    fn default() -> Self {
        Tags::new()
    }
}
impl Tags {
    /// A pipeline as the program says: its own entries and default actions, counters and registers 0.
    pub fn new() -> Self {
        Tags {
            tags: dpr_runtime::ExactTable::new(&schema::TABLES[0]),
            ports: dpr_runtime::TernaryTable::new(&schema::TABLES[1]),
            by_id: dpr_runtime::Counters::new(by_id::SIZE),
            seen: dpr_runtime::Registers::new(seen::SIZE, 8),
            replication: dpr_runtime::replication::Replication::new(),
        }
    }
}
impl dpr_runtime::Pipeline for Tags {
    fn program(&self) -> &dpr_runtime::ProgramInfo {
        &PROGRAM
    }
    #[allow(
        clippy::all,
        unreachable_code,
        unreachable_patterns,
        unused_assignments,
        unused_labels,
        unused_mut,
        unused_parens,
        unused_variables
    )]
    fn process(
        &self,
        worker: &mut dpr_runtime::Worker,
        ingress: dpr_runtime::Ingress,
        packet: &mut dpr_runtime::Packet,
    ) -> dpr_runtime::Verdict {
        /// The egress port that drops.
        const DROP_PORT: u16 = 511;
        let now = ingress.now_us & 0xffff_ffff_ffff;
        let length = packet.len();
        let data = packet.bytes();
        let mut at = 0usize;
        let mut error = 0u32;
        let mut ethernet_bytes = &[0u8; 14];
        let mut tag_bytes = &[0u8; 4];
        let mut options_bytes = &[0u8; 1];
        let mut ingress_port: u16 = ingress.port & 0x1ff;
        let mut egress_spec: u16 = 0;
        let mut seen: u8 = 0;
        let mut parser_error: u32 = 0;
        let mut ethernet_is_valid = false;
        let mut ethernet_at = 0usize;
        let mut ethernet_dst: u64 = 0;
        let mut ethernet_type: u16 = 0;
        let mut tag_is_valid = false;
        let mut tag_at = 0usize;
        let mut tag_priority: u8 = 0;
        let mut tag_drop: bool = false;
        let mut tag_id: u16 = 0;
        let mut options_is_valid = false;
        let mut options_options: dpr_runtime::Varbits = dpr_runtime::Varbits::EMPTY;
        let mut moved = false;
        'parser: {
            'parse_options_2: {
                let Some(bytes) = data
                    .get(at..)
                    .and_then(|rest| rest.first_chunk::<14>()) else {
                    error = 1;
                    break 'parser;
                };
                ethernet_dst = u64::from_be_bytes([
                    0,
                    0,
                    bytes[0],
                    bytes[1],
                    bytes[2],
                    bytes[3],
                    bytes[4],
                    bytes[5],
                ]);
                ethernet_type = u16::from_be_bytes([bytes[12], bytes[13]]);
                ethernet_bytes = bytes;
                ethernet_at = at;
                at += 14;
                ethernet_is_valid = true;
                match ethernet_type {
                    0x8100u16 => {
                        let Some(bytes) = data
                            .get(at..)
                            .and_then(|rest| rest.first_chunk::<4>()) else {
                            error = 1;
                            break 'parser;
                        };
                        tag_priority = bytes[0] >> 5;
                        tag_drop = ((bytes[0] >> 4) & 1) != 0;
                        tag_id = u16::from_be_bytes([bytes[0], bytes[1]]) & 4095;
                        tag_bytes = bytes;
                        tag_at = at;
                        at += 4;
                        tag_is_valid = true;
                        if tag_id == 0u16 {
                            error = 4u32;
                            break 'parser;
                        }
                        match u16::from_be_bytes([tag_bytes[2], tag_bytes[3]]) {
                            0x88b5u16 => {
                                break 'parse_options_2;
                            }
                            key_0 if key_0 & 0xff00 == 0 => {
                                break 'parser;
                            }
                            _ => {
                                break 'parser;
                            }
                        }
                    }
                    0x88b5u16 => {
                        break 'parse_options_2;
                    }
                    _ => {
                        break 'parser;
                    }
                }
            }
            if data.len() - at < 1 {
                error = 1;
                break 'parser;
            }
            seen = dpr_runtime::get_bits(data, at * 8 + 0, 8) as u8;
            let bits = u32::from(seen) << 3;
            if bits % 8 != 0 {
                error = 5;
                break 'parser;
            }
            let variable = (bits / 8) as usize;
            let end = at + 1 + variable;
            if data.len() < end {
                error = 1;
                break 'parser;
            }
            if bits > 64 {
                error = 3;
                break 'parser;
            }
            let Some(bytes) = data.get(at..).and_then(|rest| rest.first_chunk::<1>())
            else {
                error = 1;
                break 'parser;
            };
            options_bytes = bytes;
            options_options = dpr_runtime::Varbits::new((at + 1) * 8, variable);
            at = end;
            options_is_valid = true;
            break 'parser;
        }
        parser_error = error;
        'ingress: {
            let mut signed: u8 = 0;
            let mut wide: u128 = 0;
            let mut hash: u16 = 0;
            if parser_error != 0u32 {
                egress_spec = DROP_PORT;
                break 'ingress;
            }
            wide = (u128::from(ethernet_dst) << 48)
                | u128::from(
                    u64::from_be_bytes([
                        0,
                        0,
                        ethernet_bytes[6],
                        ethernet_bytes[7],
                        ethernet_bytes[8],
                        ethernet_bytes[9],
                        ethernet_bytes[10],
                        ethernet_bytes[11],
                    ]),
                );
            hash = dpr_runtime::hash::scale(
                u64::from(1u16),
                u64::from(
                    dpr_runtime::hash::crc16(
                        &((wide << 32) | (u128::from(ethernet_type) << 16))
                            .to_be_bytes()[..14],
                    ),
                ),
                u64::from(10u16),
            ) as u16;
            let found = self
                .ports
                .lookup(
                    &[
                        u64::from_be_bytes([
                            0,
                            0,
                            ethernet_bytes[6],
                            ethernet_bytes[7],
                            ethernet_bytes[8],
                            ethernet_bytes[9],
                            ethernet_bytes[10],
                            ethernet_bytes[11],
                        ]) | (u64::from(ingress_port) << 48),
                    ],
                );
            match found.action() {
                0 => {
                    let argument_port: u16 = ((found.words[0] >> 16) & 511) as u16;
                    egress_spec = argument_port;
                }
                1 => {
                    egress_spec = DROP_PORT;
                }
                _ => {}
            }
            'scope_1: {
                if !tag_is_valid {
                    break 'scope_1;
                }
                {
                    let cell = u64::from(tag_id);
                    if cell < self.seen.size() {
                        seen = self.seen.read(cell) as u8;
                    }
                }
                seen = seen.saturating_add(1u8);
                self.seen.write(u64::from(tag_id), u64::from(seen));
                let found = self.tags.lookup(&[u64::from(tag_id)]);
                self.tags.count(&found, length);
                match found.action() {
                    0 => {
                        let argument_port: u16 = ((found.words[0] >> 16) & 511) as u16;
                        let argument_id: u16 = ((found.words[0] >> 25) & 4095) as u16;
                        egress_spec = argument_port;
                        tag_id = argument_id;
                    }
                    1 => {
                        ethernet_type = u16::from_be_bytes([tag_bytes[2], tag_bytes[3]]);
                        if tag_is_valid {
                            moved = true;
                        }
                        tag_priority = 0;
                        tag_drop = false;
                        tag_id = 0;
                        tag_bytes = &[0u8; 4];
                        tag_is_valid = false;
                    }
                    2 => {
                        egress_spec = DROP_PORT;
                    }
                    _ => {}
                }
                if found.hit {
                    self.by_id.count(u64::from(tag_id), length);
                }
            }
            signed = 29u8;
            signed = (((((signed << 3) as i8) >> 3) >> 1) as u8) & 31;
            if (((signed << 3) as i8) >> 3) < (((0u8 << 3) as i8) >> 3) {
                ethernet_dst = (ethernet_dst & 0xffffffffff00)
                    | u64::from(((wide >> 8) as u8) ^ (hash as u8));
            } else {
                egress_spec = 511u16;
            }
            match egress_spec {
                100u16 | 101u16 => {
                    egress_spec = 1u16;
                }
                _ => {}
            }
        }
        if egress_spec == DROP_PORT {
            return dpr_runtime::Verdict::Drop;
        }
        if moved {
            let mut emitted = [0u8; 27];
            let mut end = 0usize;
            'deparser: {
                if ethernet_is_valid {
                    if let Some(head) = emitted
                        .get_mut(end..)
                        .and_then(|rest| rest.first_chunk_mut::<14>())
                    {
                        *head = *ethernet_bytes;
                        [_, _, head[0], head[1], head[2], head[3], head[4], head[5]] = ethernet_dst
                            .to_be_bytes();
                        [head[12], head[13]] = ethernet_type.to_be_bytes();
                        end += 14;
                    }
                }
                if tag_is_valid {
                    if let Some(head) = emitted
                        .get_mut(end..)
                        .and_then(|rest| rest.first_chunk_mut::<4>())
                    {
                        *head = *tag_bytes;
                        [head[0], head[1]] = ((u16::from(tag_priority) << 13)
                            | (u16::from(u8::from(tag_drop)) << 12) | tag_id)
                            .to_be_bytes();
                        end += 4;
                    }
                }
                if options_is_valid {
                    if let Some(head) = emitted
                        .get_mut(end..)
                        .and_then(|rest| rest.first_chunk_mut::<1>())
                    {
                        *head = *options_bytes;
                        end += 1;
                    }
                    end = options_options.emit(data, &mut emitted, end * 8) / 8;
                }
            }
            packet.replace_head(at, emitted.get(..end).unwrap_or_default());
        } else {
            {
                let data = packet.bytes_mut();
                if ethernet_is_valid
                    && let Some(head) = data
                        .get_mut(ethernet_at..)
                        .and_then(|rest| rest.first_chunk_mut::<14>())
                {
                    [_, _, head[0], head[1], head[2], head[3], head[4], head[5]] = ethernet_dst
                        .to_be_bytes();
                    [head[12], head[13]] = ethernet_type.to_be_bytes();
                }
                if tag_is_valid
                    && let Some(head) = data
                        .get_mut(tag_at..)
                        .and_then(|rest| rest.first_chunk_mut::<4>())
                {
                    [head[0], head[1]] = ((u16::from(tag_priority) << 13)
                        | (u16::from(u8::from(tag_drop)) << 12) | tag_id)
                        .to_be_bytes();
                }
            }
        }
        dpr_runtime::Verdict::Send {
            port: egress_spec,
        }
    }
    #[allow(unused_variables)]
    fn write(
        &self,
        update: &dpr_runtime::Update,
    ) -> Result<(), dpr_runtime::WriteError> {
        use dpr_runtime::{Entity, WriteError};
        match &update.entity {
            Entity::Table(entry) => {
                match entry.table {
                    tags::ID => self.tags.write(update.operation, entry),
                    ports::ID => self.ports.write(update.operation, entry),
                    id => {
                        Err(WriteError::UnknownId {
                            kind: "table",
                            id,
                        })
                    }
                }
            }
            Entity::Counter { counter, index, value } => {
                match *counter {
                    by_id::ID => self.by_id.modify(update.operation, *index, *value),
                    id => {
                        Err(WriteError::UnknownId {
                            kind: "counter",
                            id,
                        })
                    }
                }
            }
            Entity::Register { register, index, value } => {
                match *register {
                    seen::ID => self.seen.modify(update.operation, *index, value),
                    id => {
                        Err(WriteError::UnknownId {
                            kind: "register",
                            id,
                        })
                    }
                }
            }
            entity => self.replication.write(update.operation, entity),
        }
    }
    #[allow(unused_variables)]
    fn read(
        &self,
        query: &dpr_runtime::Query,
        visit: &mut dyn FnMut(dpr_runtime::Entity),
    ) {
        self.tags.answer(query, visit);
        self.ports.answer(query, visit);
        self.by_id.answer(by_id::ID, query, visit);
        self.seen.answer(seen::ID, query, visit);
        self.replication.answer(query, visit);
    }
    fn clear(&self) {
        self.tags.clear();
        self.ports.clear();
        self.by_id.clear();
        self.seen.clear();
        self.replication.clear();
    }
}
/// What the program looks like to a control plane.
pub static PROGRAM: dpr_runtime::ProgramInfo = dpr_runtime::ProgramInfo {
    name: std::borrow::Cow::Borrowed("tags"),
    p4info: std::borrow::Cow::Borrowed(schema::P4INFO),
    p4info_text: std::borrow::Cow::Borrowed(schema::P4INFO_TEXT),
    digest: [
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0,
    ],
    tables: std::borrow::Cow::Borrowed(&schema::TABLES),
    actions: std::borrow::Cow::Borrowed(&schema::ACTIONS),
    counters: std::borrow::Cow::Borrowed(&schema::COUNTERS),
    registers: std::borrow::Cow::Borrowed(&schema::REGISTERS),
    meters: std::borrow::Cow::Borrowed(&schema::METERS),
    profiles: std::borrow::Cow::Borrowed(&schema::PROFILES),
    digests: std::borrow::Cow::Borrowed(&schema::DIGESTS),
    value_sets: std::borrow::Cow::Borrowed(&schema::VALUE_SETS),
};
mod schema {
    use std::borrow::Cow::Borrowed;
    pub(super) static ACTIONS: [dpr_runtime::ActionSchema; 4usize] = [
        dpr_runtime::ActionSchema {
            id: 0x010a1eed,
            name: Borrowed("Tags.strip"),
            alias: Borrowed("strip"),
            params: Borrowed(&[]),
        },
        dpr_runtime::ActionSchema {
            id: 0x0127da28,
            name: Borrowed("Tags.send"),
            alias: Borrowed("send"),
            params: Borrowed(
                &[
                    dpr_runtime::ParamSchema {
                        id: 1,
                        name: Borrowed("port"),
                        bits: 9,
                    },
                ],
            ),
        },
        dpr_runtime::ActionSchema {
            id: 0x0153afbc,
            name: Borrowed("Tags.drop"),
            alias: Borrowed("drop"),
            params: Borrowed(&[]),
        },
        dpr_runtime::ActionSchema {
            id: 0x01afd44b,
            name: Borrowed("Tags.rewrite"),
            alias: Borrowed("rewrite"),
            params: Borrowed(
                &[
                    dpr_runtime::ParamSchema {
                        id: 1,
                        name: Borrowed("port"),
                        bits: 9,
                    },
                    dpr_runtime::ParamSchema {
                        id: 2,
                        name: Borrowed("id"),
                        bits: 12,
                    },
                ],
            ),
        },
    ];
    pub(super) static TABLES: [dpr_runtime::TableSchema; 2usize] = [
        dpr_runtime::TableSchema {
            id: 0x02b0ab91,
            name: Borrowed("Tags.tags"),
            alias: Borrowed("tags"),
            size: 64,
            fields: Borrowed(
                &[
                    dpr_runtime::FieldSchema {
                        id: 1,
                        name: Borrowed("headers.tag.id"),
                        bits: 12,
                        kind: dpr_runtime::MatchKind::Exact,
                    },
                ],
            ),
            actions: Borrowed(
                &[
                    dpr_runtime::TableActionSchema {
                        action: Borrowed(&ACTIONS[3]),
                        scope: dpr_runtime::ActionScope::Any,
                    },
                    dpr_runtime::TableActionSchema {
                        action: Borrowed(&ACTIONS[0]),
                        scope: dpr_runtime::ActionScope::Any,
                    },
                    dpr_runtime::TableActionSchema {
                        action: Borrowed(&ACTIONS[2]),
                        scope: dpr_runtime::ActionScope::DefaultOnly,
                    },
                ],
            ),
            default_action: dpr_runtime::DefaultAction {
                action: 2,
                arguments: Borrowed(&[]),
            },
            const_default: true,
            entries: Borrowed(
                &[
                    dpr_runtime::InitialEntry {
                        matches: Borrowed(const {
                            &[
                                dpr_runtime::FieldMatch {
                                    field: 1,
                                    kind: dpr_runtime::MatchValue::Exact(
                                        dpr_runtime::Integer::new(7),
                                    ),
                                },
                            ]
                        }),
                        priority: 0,
                        action: 0,
                        arguments: Borrowed(const {
                            &[
                                dpr_runtime::Integer::new(9),
                                dpr_runtime::Integer::new(70),
                            ]
                        }),
                    },
                ],
            ),
            const_entries: false,
            direct_counter: Some(0x135be240),
            direct_meter: None,
            implementation: None,
            has_idle_timeout: false,
        },
        dpr_runtime::TableSchema {
            id: 0x02bb56eb,
            name: Borrowed("Tags.ports"),
            alias: Borrowed("ports"),
            size: 64,
            fields: Borrowed(
                &[
                    dpr_runtime::FieldSchema {
                        id: 1,
                        name: Borrowed("headers.ethernet.src"),
                        bits: 48,
                        kind: dpr_runtime::MatchKind::Ternary,
                    },
                    dpr_runtime::FieldSchema {
                        id: 2,
                        name: Borrowed("port"),
                        bits: 9,
                        kind: dpr_runtime::MatchKind::Range,
                    },
                ],
            ),
            actions: Borrowed(
                &[
                    dpr_runtime::TableActionSchema {
                        action: Borrowed(&ACTIONS[1]),
                        scope: dpr_runtime::ActionScope::Any,
                    },
                    dpr_runtime::TableActionSchema {
                        action: Borrowed(&ACTIONS[2]),
                        scope: dpr_runtime::ActionScope::Any,
                    },
                ],
            ),
            default_action: dpr_runtime::DefaultAction {
                action: 0,
                arguments: Borrowed(const { &[dpr_runtime::Integer::new(2)] }),
            },
            const_default: false,
            entries: Borrowed(&[]),
            const_entries: false,
            direct_counter: None,
            direct_meter: None,
            implementation: None,
            has_idle_timeout: false,
        },
    ];
    pub(super) static COUNTERS: [dpr_runtime::CounterSchema; 1usize] = [
        dpr_runtime::CounterSchema {
            id: 0x12189105,
            name: Borrowed("Tags.by_id"),
            alias: Borrowed("by_id"),
            size: 128,
            unit: dpr_runtime::CounterUnit::Both,
        },
    ];
    pub(super) static REGISTERS: [dpr_runtime::RegisterSchema; 1usize] = [
        dpr_runtime::RegisterSchema {
            id: 0x16927880,
            name: Borrowed("Tags.seen"),
            alias: Borrowed("seen"),
            size: 16,
            bits: 8,
        },
    ];
    pub(super) static METERS: [dpr_runtime::MeterSchema; 0usize] = [];
    pub(super) static PROFILES: [dpr_runtime::ProfileSchema; 0usize] = [];
    pub(super) static DIGESTS: [dpr_runtime::DigestSchema; 0usize] = [];
    pub(super) static VALUE_SETS: [dpr_runtime::ValueSetSchema; 0usize] = [];
    pub(super) const P4INFO: &[u8] = b"\n\t*\x07v1model\x12]\n\x16\x08\x91\xD7\xC2\x15\x12\tTags.tags\x1A\x04tags\x12\x16\x08\x01\x12\x0Eheaders.tag.id \x0C(\x02\x1A\x05\x08\xCB\xA8\xBF\r\x1A\x05\x08\xED\xBD\xA8\x08\x1A\x07\x08\xBC\xDF\xCE\n\x18\x02 \xBC\xDF\xCE\n*\x05\x08\xBC\xDF\xCE\n8\xC0\xC4\xEF\x9A\x01@@X\x01\x12e\n\x18\x08\xEB\xAD\xED\x15\x12\nTags.ports\x1A\x05ports\x12\x1C\x08\x01\x12\x14headers.ethernet.src 0(\x04\x12\x0C\x08\x02\x12\x04port \t(\x05\x1A\x05\x08\xA8\xB4\x9F\t\x1A\x05\x08\xBC\xDF\xCE\n*\r\x08\xA8\xB4\x9F\t\"\x06\x10\x01\x1A\x02\0\x02@@\x1A4\n\x1C\x08\xCB\xA8\xBF\r\x12\x0CTags.rewrite\x1A\x07rewrite\x12\n\x08\x01\x12\x04port \t\x12\x08\x08\x02\x12\x02id \x0C\x1A\x1A\n\x18\x08\xED\xBD\xA8\x08\x12\nTags.strip\x1A\x05strip\x1A\x18\n\x16\x08\xBC\xDF\xCE\n\x12\tTags.drop\x1A\x04drop\x1A$\n\x16\x08\xA8\xB4\x9F\t\x12\tTags.send\x1A\x04send\x12\n\x08\x01\x12\x04port \t*\"\n\x19\x08\x85\xA2\xE2\x90\x01\x12\nTags.by_id\x1A\x05by_id\x12\x02\x08\x03\x18\x80\x012,\n!\x08\xC0\xC4\xEF\x9A\x01\x12\x0ETags.per_entry\x1A\tper_entry\x12\x02\x08\x02\x18\x91\xD7\xC2\x15Z#\n\x17\x08\x80\xF1\xC9\xB4\x01\x12\tTags.seen\x1A\x04seen\x12\x06\n\x04\n\x02\x08\x08\x18\x10\xC2\x0C\0";
    pub(super) const P4INFO_TEXT: &str = "# proto-file: p4/config/v1/p4info.proto\n# proto-message: p4.config.v1.P4Info\n\npkg_info {\n  arch: \"v1model\"\n}\ntables {\n  preamble {\n    id: 45132689\n    name: \"Tags.tags\"\n    alias: \"tags\"\n  }\n  match_fields {\n    id: 1\n    name: \"headers.tag.id\"\n    bitwidth: 12\n    match_type: EXACT\n  }\n  action_refs {\n    id: 28300363\n  }\n  action_refs {\n    id: 17440493\n  }\n  action_refs {\n    id: 22261692\n    scope: DEFAULT_ONLY\n  }\n  const_default_action_id: 22261692\n  initial_default_action {\n    action_id: 22261692\n  }\n  direct_resource_ids: 324788800\n  size: 64\n  has_initial_entries: true\n}\ntables {\n  preamble {\n    id: 45831915\n    name: \"Tags.ports\"\n    alias: \"ports\"\n  }\n  match_fields {\n    id: 1\n    name: \"headers.ethernet.src\"\n    bitwidth: 48\n    match_type: TERNARY\n  }\n  match_fields {\n    id: 2\n    name: \"port\"\n    bitwidth: 9\n    match_type: RANGE\n  }\n  action_refs {\n    id: 19388968\n  }\n  action_refs {\n    id: 22261692\n  }\n  initial_default_action {\n    action_id: 19388968\n    arguments {\n      param_id: 1\n      value: \"\\000\\002\"\n    }\n  }\n  size: 64\n}\nactions {\n  preamble {\n    id: 28300363\n    name: \"Tags.rewrite\"\n    alias: \"rewrite\"\n  }\n  params {\n    id: 1\n    name: \"port\"\n    bitwidth: 9\n  }\n  params {\n    id: 2\n    name: \"id\"\n    bitwidth: 12\n  }\n}\nactions {\n  preamble {\n    id: 17440493\n    name: \"Tags.strip\"\n    alias: \"strip\"\n  }\n}\nactions {\n  preamble {\n    id: 22261692\n    name: \"Tags.drop\"\n    alias: \"drop\"\n  }\n}\nactions {\n  preamble {\n    id: 19388968\n    name: \"Tags.send\"\n    alias: \"send\"\n  }\n  params {\n    id: 1\n    name: \"port\"\n    bitwidth: 9\n  }\n}\ncounters {\n  preamble {\n    id: 303599877\n    name: \"Tags.by_id\"\n    alias: \"by_id\"\n  }\n  spec {\n    unit: BOTH\n  }\n  size: 128\n}\ndirect_counters {\n  preamble {\n    id: 324788800\n    name: \"Tags.per_entry\"\n    alias: \"per_entry\"\n  }\n  spec {\n    unit: PACKETS\n  }\n  direct_table_id: 45132689\n}\nregisters {\n  preamble {\n    id: 378697856\n    name: \"Tags.seen\"\n    alias: \"seen\"\n  }\n  type_spec {\n    bitstring {\n      bit {\n        bitwidth: 8\n      }\n    }\n  }\n  size: 16\n}\ntype_info {\n}\n";
}
