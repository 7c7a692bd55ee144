//! What primitives do.

use super::Primitive;
use crate::bmv2::calculation::Calculation;
use crate::bmv2::expr::{Number, Scope};
use crate::bmv2::state::{Scratch, State};
use dpr_runtime::{Counters, Meters, Registers, Worker, hash};

/// Steps of one action beyond which it is left: jumps backwards may never end.
const MOST_STEPS: usize = 1 << 16;

/// The egress port of dropped packets.
pub const DROP_PORT: u64 = 511;

/// What actions work with beside the packet's state.
pub struct Machine<'m> {
    /// The packet's bytes.
    pub packet: &'m [u8],
    pub worker: &'m mut Worker,
    pub scratch: &'m mut Scratch,
    pub registers: &'m [Registers],
    pub counters: &'m [Counters],
    pub meters: &'m [Meters],
    pub calculations: &'m [Calculation],
}

/// Runs an action's primitives with the words of the entry that called it.
pub fn run(
    primitives: &[Primitive],
    arguments: &[u64],
    state: &mut State,
    machine: &mut Machine<'_>,
) {
    let mut at = 0;
    for _ in 0..MOST_STEPS {
        let Some(primitive) = primitives.get(at) else {
            return;
        };
        at = match primitive {
            Primitive::Jump(to) => eval(to, arguments, state, machine) as usize,
            Primitive::JumpIfZero(condition, to) => {
                match eval(condition, arguments, state, machine) {
                    0 => eval(to, arguments, state, machine) as usize,
                    _ => at + 1,
                }
            }
            other => {
                step(other, arguments, state, machine);
                at + 1
            }
        };
    }
    tracing::debug!("an action did not come to an end");
}

#[inline(always)]
fn eval(
    word: &crate::bmv2::expr::Word,
    arguments: &[u64],
    state: &State,
    machine: &Machine<'_>,
) -> u64 {
    word.eval(&Scope {
        words: &state.words,
        arguments,
        registers: machine.registers,
    })
}

fn step(primitive: &Primitive, arguments: &[u64], state: &mut State, machine: &mut Machine<'_>) {
    let registers = machine.registers;
    match primitive {
        Primitive::Set(slot, mask, word) => {
            let value = eval(word, arguments, state, machine);
            state.put(*slot, value & mask);
        }
        Primitive::Copy(from, to, 1) => {
            let value = state.word(*from);
            state.put(*to, value);
        }
        Primitive::Copy(from, to, count) => state.copy(*from, *to, *count),
        Primitive::Assign(target, number) => target.assign(state, arguments, registers, number),
        Primitive::AssignHeader(to, from) => to.assign(state, arguments, from),
        Primitive::Several(all) => {
            for primitive in all {
                step(primitive, arguments, state, machine);
            }
        }
        Primitive::AddHeader(block) => block.add(state, arguments),
        Primitive::RemoveHeader(block) => block.remove(state, arguments),
        Primitive::Shift(shift, stack, count) => {
            let count = eval(count, arguments, state, machine);
            stack.shift(state, *shift, count);
        }
        Primitive::Count(counter, index) => {
            let index = eval(index, arguments, state, machine);
            if let Some(counter) = machine.counters.get(*counter) {
                counter.count(index, state.ingress_length as usize);
            }
        }
        Primitive::ReadRegister(target, register, index) => {
            let index = eval(index, arguments, state, machine);
            // Beyond the end nothing is read, and the target stays.
            if let Some(register) = registers.get(*register).filter(|it| index < it.size()) {
                target.put_cell(state, arguments, registers, register, index);
            }
        }
        Primitive::WriteRegister(register, index, number) => {
            let index = eval(index, arguments, state, machine);
            if let Some(register) = registers.get(*register) {
                let scope = Scope {
                    words: &state.words,
                    arguments,
                    registers,
                };
                write(register, index, number, &scope);
            }
        }
        Primitive::Meter(meter, index, target) => {
            let index = eval(index, arguments, state, machine);
            // Beyond the end nothing is measured, and the target stays.
            if let Some(meters) = machine.meters.get(*meter).filter(|it| index < it.size()) {
                let color = meters.execute(index, state.ingress_length as usize, state.now_us);
                target.put(state, arguments, registers, color as u64);
            }
        }
        Primitive::Random(target, low, high) => {
            let low = eval(low, arguments, state, machine);
            let high = eval(high, arguments, state, machine);
            let value = machine.worker.random(low, high);
            target.put(state, arguments, registers, value);
        }
        Primitive::Hash(target, base, calculation, size) => {
            let base = eval(base, arguments, state, machine);
            let size = eval(size, arguments, state, machine);
            if let Some(calculation) = machine.calculations.get(*calculation) {
                let value = calculation.output(state, machine.packet, &mut machine.scratch.input);
                target.put(state, arguments, registers, hash::scale(base, value, size));
            }
        }
        Primitive::Digest(list) => {
            state.marks.learn = Some(eval(list, arguments, state, machine) as u16);
        }
        Primitive::Clone(session, list) => {
            let session = eval(session, arguments, state, machine) as u16;
            let list = eval(list, arguments, state, machine) as u16;
            state.marks.clone = Some((session & 0x7fff, list));
        }
        Primitive::Resubmit(list) => {
            let list = eval(list, arguments, state, machine) as u16;
            state.marks.resubmit = Some(list).filter(|list| *list != 0);
        }
        Primitive::Recirculate(list) => {
            let list = eval(list, arguments, state, machine) as u16;
            state.marks.recirculate = Some(list).filter(|list| *list != 0);
        }
        Primitive::Truncate(length) => {
            let length = eval(length, arguments, state, machine) as usize;
            state.most_bytes = Some(state.most_bytes.map_or(length, |most| most.min(length)));
        }
        Primitive::Drop(egress, group) => {
            state.put(*egress, DROP_PORT);
            if let Some(group) = group {
                state.put(*group, 0);
            }
        }
        Primitive::Exit => state.marks.exit = true,
        Primitive::Log(format, numbers) => {
            if dpr_runtime::message::is_heard() {
                log(format, numbers, arguments, state, registers);
            }
        }
        Primitive::Assert(condition) => {
            if eval(condition, arguments, state, machine) == 0 {
                tracing::error!("an assertion of the program does not hold: the packet is dropped");
                state.marks.failed = true;
                state.marks.exit = true;
            }
        }
        Primitive::Nothing | Primitive::Jump(_) | Primitive::JumpIfZero(..) => {}
    }
}

/// Sets a cell to the low bits of a number.
fn write(register: &Registers, index: u64, number: &Number, scope: &Scope<'_>) {
    let (bits, stride) = (register.bits(), register.stride());
    match number {
        Number::Word(word) => {
            let low = word.eval(scope) & crate::bmv2::expr::ones(bits);
            match stride {
                1 => register.write(index, low),
                _ => {
                    let mut words = vec![0; stride];
                    words.first_mut().into_iter().for_each(|word| *word = low);
                    register.copy_from(index, &words);
                }
            }
        }
        Number::Wide(wide) => {
            let mut words = vec![0; stride];
            crate::bmv2::expr::put_wide(&mut words, bits, &wide.eval(scope));
            register.copy_from(index, &words);
        }
    }
}

/// Says a message with its numbers.
fn log(
    format: &str,
    numbers: &[Number],
    arguments: &[u64],
    state: &State,
    registers: &[Registers],
) {
    let scope = Scope {
        words: &state.words,
        arguments,
        registers,
    };
    let shown = numbers.iter().map(|number| match number {
        Number::Word(word) => word.eval(&scope).to_string(),
        Number::Wide(wide) => wide.eval(&scope).to_string(),
    });
    let shown: Vec<String> = shown.collect();
    let shown: Vec<&dyn std::fmt::Display> = shown.iter().map(|it| it as _).collect();
    dpr_runtime::message::say(format, &shown);
}
