//! What becomes of a packet: parser, ingress, what follows it, egress, deparser, in the order of `simple_switch` (behavioral-model,
//! `docs/simple_switch.md`, "Pseudocode for what happens at the end of ingress and egress processing").

use super::action::{self, Action, DROP_PORT, Machine};
use super::engine::{Engine, Extras, RunTable, Thread};
use super::expr::{Scope, Word};
use super::layout::FieldRef;
use super::parser;
use super::program::{Control, KeySource, Node};
use super::state::{Marks, Scratch, State};
use super::table::MAX_WORDS;
use dpr_runtime::replication::MAX_PASSES;
use dpr_runtime::{Digest, Ingress, Integer, Output, Packet, Replica, Verdict, Worker};
use std::collections::VecDeque;

/// Nodes that one control may pass; a program without loops has fewer.
const MOST_NODES: usize = 1 << 14;

/// What `standard_metadata.instance_type` says of a packet.
mod instance {
    pub const NORMAL: u64 = 0;
    pub const INGRESS_CLONE: u64 = 1;
    pub const EGRESS_CLONE: u64 = 2;
    pub const RECIRCULATED: u64 = 4;
    pub const REPLICATION: u64 = 5;
    pub const RESUBMITTED: u64 = 6;
}

/// What follows ingress.
enum AfterIngress {
    Drop,
    Resubmit(u16),
    Multicast(u32),
    Unicast(u16),
}

/// What follows egress.
enum AfterEgress {
    Drop,
    Recirculate(u16),
    Send(u16),
}

/// A packet that is still to pass ingress, or egress towards a port.
struct Job {
    egress: Option<u16>,
    state: State,
    packet: Packet,
}

/// Jobs of one arrival.
#[derive(Default)]
struct Jobs {
    queue: VecDeque<Job>,
    passes: u32,
}

impl Engine {
    /// Sends one packet, and all that becomes of it, through.
    pub(super) fn arrival(
        &self,
        worker: &mut Worker,
        thread: &mut Thread,
        ingress: Ingress,
        packet: &mut Packet,
    ) -> Verdict {
        let Thread { state, scratch } = thread;
        let standard = &self.program.standard;
        state.reset(&self.program.initial, packet.len(), ingress.now_us);
        state.set(standard.ingress_port, ingress.port.into());
        state.set(standard.packet_length, packet.len() as u64);
        state.set(standard.ingress_timestamp, ingress.now_us);
        let mut jobs = Jobs::default();
        let first = self.ingress_pass(worker, scratch, state, packet, &mut jobs);
        let sent = worker.outputs.len();
        match first {
            AfterIngress::Unicast(port) if jobs.queue.is_empty() => {
                match self.egress_pass(worker, scratch, state, packet, port, &mut jobs) {
                    AfterEgress::Send(port) if jobs.queue.is_empty() => {
                        return Verdict::Send { port };
                    }
                    AfterEgress::Drop if jobs.queue.is_empty() => return Verdict::Drop,
                    after => {
                        self.after_egress(worker, after, state.clone(), packet.clone(), &mut jobs)
                    }
                }
            }
            AfterIngress::Drop if jobs.queue.is_empty() => return Verdict::Drop,
            after => self.after_ingress(after, state.clone(), packet.clone(), &mut jobs),
        }
        while let Some(job) = jobs.queue.pop_front() {
            jobs.passes += 1;
            if jobs.passes > MAX_PASSES {
                tracing::debug!("a packet that comes back for ever is dropped");
                break;
            }
            let (mut state, mut packet) = (job.state, job.packet);
            match job.egress {
                None => {
                    let after = self.ingress_pass(worker, scratch, &mut state, &packet, &mut jobs);
                    self.after_ingress(after, state, packet, &mut jobs);
                }
                Some(port) => {
                    let after =
                        self.egress_pass(worker, scratch, &mut state, &mut packet, port, &mut jobs);
                    self.after_egress(worker, after, state, packet, &mut jobs);
                }
            }
        }
        if worker.outputs.len() == sent {
            Verdict::Drop
        } else {
            Verdict::Several
        }
    }

    fn after_ingress(
        &self,
        after: AfterIngress,
        mut state: State,
        packet: Packet,
        jobs: &mut Jobs,
    ) {
        match after {
            AfterIngress::Drop => {}
            AfterIngress::Unicast(port) => jobs.queue.push_back(Job {
                egress: Some(port),
                state,
                packet,
            }),
            AfterIngress::Multicast(group) => {
                let standard = &self.program.standard;
                state.set(standard.instance_type, instance::REPLICATION);
                if let Some(replicas) = self.replication.group(group).get() {
                    self.replicate(replicas, &state, &packet, jobs);
                }
            }
            AfterIngress::Resubmit(list) => {
                let length = state.ingress_length as usize;
                let mut again = self.again(&state, length, list, instance::RESUBMITTED);
                // What ingress took from the packet is parsed again.
                again.most_bytes = None;
                jobs.queue.push_back(Job {
                    egress: None,
                    state: again,
                    packet,
                });
            }
        }
    }

    fn after_egress(
        &self,
        worker: &mut Worker,
        after: AfterEgress,
        state: State,
        packet: Packet,
        jobs: &mut Jobs,
    ) {
        match after {
            AfterEgress::Drop => {}
            AfterEgress::Send(port) => worker.outputs.push(Output { port, packet }),
            AfterEgress::Recirculate(list) => {
                let state = self.again(&state, packet.len(), list, instance::RECIRCULATED);
                jobs.queue.push_back(Job {
                    egress: None,
                    state,
                    packet,
                });
            }
        }
    }

    /// A packet that starts again, with the fields of a list as they were.
    fn again(&self, before: &State, length: usize, list: u16, kind: u64) -> State {
        let mut state = State::default();
        let standard = &self.program.standard;
        state.reset(&self.program.initial, length, before.now_us);
        state.set(standard.ingress_port, before.get(standard.ingress_port));
        state.set(standard.ingress_timestamp, before.now_us);
        self.preserve(before, &mut state, list);
        state.set(standard.instance_type, kind);
        state.set(standard.packet_length, length as u64);
        state
    }

    /// Copies the fields of a list.
    fn preserve(&self, from: &State, to: &mut State, list: u16) {
        for field in self.program.field_lists.get(&list).into_iter().flatten() {
            let words = field.words();
            to.slice_mut(field.slot, words)
                .copy_from_slice(from.slice(field.slot, words));
        }
    }

    /// A copy for each replica, which starts with egress.
    fn replicate(&self, replicas: &[Replica], state: &State, packet: &Packet, jobs: &mut Jobs) {
        for replica in replicas {
            let mut state = state.clone();
            state.marks = Marks::default();
            state.set(self.program.standard.egress_rid, replica.instance.into());
            jobs.queue.push_back(Job {
                egress: Some(replica.port),
                state,
                packet: packet.clone(),
            });
        }
    }

    fn ingress_pass(
        &self,
        worker: &mut Worker,
        scratch: &mut Scratch,
        state: &mut State,
        packet: &Packet,
        jobs: &mut Jobs,
    ) -> AfterIngress {
        let standard = &self.program.standard;
        let mut machine = self.machine(worker, scratch, packet.bytes());
        self.parse(state, &mut machine);
        self.run(&self.program.ingress, state, &mut machine);
        state.marks.exit = false;
        if state.marks.failed {
            return AfterIngress::Drop;
        }
        if let Some((session, list)) = state.marks.clone.take() {
            let found = self.replication.session(session.into());
            if let Some(session) = found.get() {
                let mut copy = State::default();
                let length = packet.len();
                copy.reset(&self.program.initial, length, state.now_us);
                copy.set(standard.ingress_port, state.get(standard.ingress_port));
                parser::run(
                    &self.program.parser,
                    &self.program.value_sets,
                    &mut copy,
                    &mut machine,
                );
                self.reset_metadata(&mut copy);
                self.preserve(state, &mut copy, list);
                copy.set(standard.instance_type, instance::INGRESS_CLONE);
                copy.most_bytes = limit(session.packet_length_bytes);
                self.replicate(&session.replicas, &copy, packet, jobs);
            }
        }
        if let Some(list) = state.marks.learn.take() {
            self.learn(list, state, worker);
        }
        if let Some(list) = state.marks.resubmit.take() {
            return AfterIngress::Resubmit(list);
        }
        let group = state.get(standard.mcast_grp);
        if group != 0 {
            return AfterIngress::Multicast(group as u32);
        }
        let port = state.get(standard.egress_spec);
        if port == DROP_PORT {
            return AfterIngress::Drop;
        }
        state.set(standard.instance_type, instance::NORMAL);
        AfterIngress::Unicast(port as u16)
    }

    fn egress_pass(
        &self,
        worker: &mut Worker,
        scratch: &mut Scratch,
        state: &mut State,
        packet: &mut Packet,
        port: u16,
        jobs: &mut Jobs,
    ) -> AfterEgress {
        let standard = &self.program.standard;
        state.set(standard.enqueue_timestamp, state.now_us);
        state.set(standard.egress_timestamp, state.now_us);
        state.set(standard.egress_port, port.into());
        // Anything but the port of dropped packets.
        state.set(standard.egress_spec, DROP_PORT + 1);
        state.set(standard.packet_length, state.length);
        let mut machine = self.machine(worker, scratch, packet.bytes());
        self.run(&self.program.egress, state, &mut machine);
        state.marks.exit = false;
        if let Some((session, list)) = state.marks.clone.take() {
            let found = self.replication.session(session.into());
            if let Some(session) = found.get() {
                let mut copy = state.clone();
                self.reset_metadata(&mut copy);
                self.preserve(state, &mut copy, list);
                copy.set(standard.instance_type, instance::EGRESS_CLONE);
                copy.most_bytes = limit(session.packet_length_bytes);
                self.replicate(&session.replicas, &copy, packet, jobs);
            }
        }
        if state.marks.failed || state.get(standard.egress_spec) == DROP_PORT {
            return AfterEgress::Drop;
        }
        self.deparse(worker, scratch, state, packet);
        match state.marks.recirculate.take() {
            Some(list) => AfterEgress::Recirculate(list),
            None => AfterEgress::Send(port),
        }
    }

    fn machine<'m>(
        &'m self,
        worker: &'m mut Worker,
        scratch: &'m mut Scratch,
        packet: &'m [u8],
    ) -> Machine<'m> {
        Machine {
            packet,
            worker,
            scratch,
            registers: &self.registers,
            counters: &self.counters,
            meters: &self.meters,
            calculations: &self.program.calculations,
        }
    }

    fn reset_metadata(&self, state: &mut State) {
        let count = self.program.metadata_words;
        if let Some((to, from)) = state
            .words
            .get_mut(..count)
            .zip(self.program.initial.get(..count))
        {
            to.copy_from_slice(from);
        }
    }

    fn parse(&self, state: &mut State, machine: &mut Machine<'_>) {
        let program = &self.program;
        parser::run(&program.parser, &program.value_sets, state, machine);
        for checksum in program.checksums.iter().filter(|checksum| checksum.verify) {
            if state.word(checksum.target.valid) != 0
                && holds(checksum.condition.as_ref(), state, machine)
                && let Some(calculation) = program.calculations.get(checksum.calculation)
            {
                let value = calculation.output(state, machine.packet, &mut machine.scratch.input);
                state.checksum_error |= value != state.word(checksum.target.slot);
            }
        }
        state.set(program.standard.parser_error, state.parser_error);
        state.set(program.standard.checksum_error, state.checksum_error.into());
    }

    fn deparse(
        &self,
        worker: &mut Worker,
        scratch: &mut Scratch,
        state: &mut State,
        packet: &mut Packet,
    ) {
        let program = &self.program;
        let mut machine = self.machine(worker, scratch, packet.bytes());
        for checksum in program.checksums.iter().filter(|checksum| checksum.update) {
            if holds(checksum.condition.as_ref(), state, &machine)
                && let Some(calculation) = program.calculations.get(checksum.calculation)
            {
                let value = calculation.output(state, machine.packet, &mut machine.scratch.input);
                state.set(Some(checksum.target), value);
            }
        }
        action::run(&program.deparser_primitives, &[], state, &mut machine);
        let head = &mut scratch.head;
        head.clear();
        for fields in &program.deparser {
            fields.push(state, head);
        }
        packet.replace_head(state.parsed, head.bytes());
        if let Some(most) = state.most_bytes
            && most < packet.len()
        {
            packet.truncate(most);
        }
    }

    fn learn(&self, list: u16, state: &State, worker: &mut Worker) {
        let found = self.program.learn_lists.get(&list);
        if let Some((list, id)) = found.zip(self.digests.get(&list)) {
            let fields = list.fields.iter().map(|field| value(state, *field));
            worker.digests.push(Digest {
                id: *id,
                fields: fields.collect(),
            });
        }
    }

    fn run(&self, control: &Control, state: &mut State, machine: &mut Machine<'_>) {
        let mut at = control.start;
        for _ in 0..MOST_NODES {
            let Some(node) = control.nodes.get(at as usize) else {
                return;
            };
            if state.marks.exit {
                return;
            }
            at = match node {
                Node::Table(table) => self.apply(*table, state, machine),
                Node::If(condition, on_true, on_false) => {
                    let scope = Scope {
                        words: &state.words,
                        arguments: &[],
                        registers: machine.registers,
                    };
                    if condition.is_true(&scope) {
                        *on_true
                    } else {
                        *on_false
                    }
                }
                Node::Call(action, next) => {
                    self.call(Some(action), &[], state, machine);
                    *next
                }
            };
        }
    }

    fn call(
        &self,
        action: Option<&usize>,
        words: &[u64],
        state: &mut State,
        machine: &mut Machine<'_>,
    ) {
        let action: Option<&Action> =
            action.and_then(|position| self.program.actions.get(*position));
        if let Some(action) = action {
            action::run(&action.primitives, words, state, machine);
        }
    }

    /// Applies a table; where control goes on.
    fn apply(&self, position: usize, state: &mut State, machine: &mut Machine<'_>) -> u32 {
        let Some((table, program)) = self
            .tables
            .get(position)
            .zip(self.program.tables.get(position))
        else {
            return super::program::END;
        };
        let mut words = [0; MAX_WORDS];
        let hit = if program.key.is_empty() {
            table.any.default_action(&mut words);
            false
        } else {
            let key = self.key(table, program, state);
            table.any.lookup(&key, &mut words)
        };
        if hit && table.counted {
            table.any.count(&words, state.ingress_length as usize);
        }
        if hit && let Some(extras) = &table.extras {
            self.hit(table, extras, &mut words, state, machine);
        }
        let action = usize::from(words[0] as u16);
        self.call(program.actions.get(action), &words, state, machine);
        self.next(position, hit, action)
    }

    /// What few tables do when an entry is hit.
    fn hit(
        &self,
        table: &RunTable,
        extras: &Extras,
        words: &mut [u64; MAX_WORDS],
        state: &mut State,
        machine: &mut Machine<'_>,
    ) {
        if extras.ages {
            table.any.touch(words);
        }
        if let Some(meter) = extras.meter {
            let amount = if meter.bytes { state.ingress_length } else { 1 };
            let color = table.any.meter(words, amount as usize, state.now_us);
            state.set(Some(meter.target), color.into());
        }
        if let Some(profile) = extras.profile.and_then(|it| self.program.profiles.get(it)) {
            let selector = profile.selector.as_ref();
            let hash = selector.map_or(0, |selector| {
                selector.output(state, machine.packet, &mut machine.scratch.input)
            });
            table.any.select(words, hash);
        }
    }

    #[inline]
    fn key(
        &self,
        table: &RunTable,
        program: &super::program::TableProgram,
        state: &State,
    ) -> [u64; MAX_WORDS] {
        let mut key = [0; MAX_WORDS];
        for (part, place) in program.key.iter().zip(&table.key) {
            let (first, shift) = ((place.start / 64) as usize, place.start % 64);
            let (slot, count) = match &part.source {
                KeySource::Valid(slot) => (*slot, 1),
                KeySource::Field(field)
                    if state.word(field.valid) != 0 || field.slot == field.valid =>
                {
                    (field.slot, field.words())
                }
                KeySource::Field(_) => continue,
            };
            let masks = part.mask.as_deref();
            for word in 0..count {
                let mask = masks.and_then(|masks| masks.get(word as usize)).copied();
                let value = state.word(slot + word) & mask.unwrap_or(u64::MAX);
                if let Some(target) = key.get_mut(first + word as usize) {
                    *target |= value << shift;
                }
            }
        }
        key
    }
}

fn limit(bytes: u32) -> Option<usize> {
    (bytes != 0).then_some(bytes as usize)
}

fn value(state: &State, field: FieldRef) -> Integer {
    Integer::from_words(state.slice(field.slot, field.words()))
}

fn holds(condition: Option<&Word>, state: &State, machine: &Machine<'_>) -> bool {
    let scope = Scope {
        words: &state.words,
        arguments: &[],
        registers: machine.registers,
    };
    condition.is_none_or(|condition| condition.is_true(&scope))
}
