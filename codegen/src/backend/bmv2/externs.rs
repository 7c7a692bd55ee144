//! Calls of v1model's externs, as simple_switch's primitives.

use super::emitter::Emitter;
use super::expr::number;
use super::json::{Json, object};
use super::layout::{FieldRef, STANDARD};
use super::primitive::primitive;
use crate::ir::{
    Data, DigestId, Expr, ExprKind, ExternCall, HashAlgorithm, HeaderId, HeaderRef, Scalar,
};
use crate::source::Span;

/// The name of an algorithm to BMv2.
pub(super) fn algorithm(algorithm: HashAlgorithm) -> &'static str {
    match algorithm {
        HashAlgorithm::Crc32 => "crc32",
        HashAlgorithm::Crc32Custom => "crc32_custom",
        HashAlgorithm::Crc16 => "crc16",
        HashAlgorithm::Crc16Custom => "crc16_custom",
        HashAlgorithm::Random => "random",
        HashAlgorithm::Identity => "identity",
        HashAlgorithm::Csum16 => "csum16",
        HashAlgorithm::Xor16 => "xor16",
    }
}

fn named(kind: &'static str, name: &str) -> Json {
    object! { "type": kind, "value": name.to_owned() }
}

impl<'a> Emitter<'a> {
    /// The primitives of an extern's call.
    pub(super) fn extern_call(&mut self, call: &ExternCall, span: Span, out: &mut Vec<Json>) {
        let program = self.program;
        match call {
            ExternCall::CounterCount { counter, index } => {
                let counter = &program.counters[counter.index()].control.name;
                let parameters = vec![named("counter_array", counter), self.argument(index)];
                out.push(primitive("count", parameters, span));
            }
            ExternCall::Foreign { name, .. } => {
                self.unsupported(span, &format!("the extern `{name}`"));
            }
            // Counted by the table.
            ExternCall::DirectCounterCount { .. } | ExternCall::ActionProfileUse { .. } => {}
            ExternCall::MeterExecute {
                meter,
                index,
                result,
            } => {
                let meter = named("meter_array", &program.meters[meter.index()].control.name);
                let index = self.argument(index);
                self.written(result, span, out, |_, field| {
                    primitive("execute_meter", vec![meter, index, field], span)
                });
            }
            // The table has left the colour in a field before the action runs.
            ExternCall::DirectMeterRead { meter, result } => {
                let colour = self.colour(*meter).operand();
                self.written(result, span, out, |_, field| {
                    primitive("assign", vec![field, colour], span)
                });
            }
            ExternCall::RegisterRead {
                register,
                result,
                index,
            } => {
                let register = &program.registers[register.index()].control.name;
                let register = named("register_array", register);
                let index = self.argument(index);
                self.written(result, span, out, |_, field| {
                    primitive("register_read", vec![field, register, index], span)
                });
            }
            ExternCall::RegisterWrite {
                register,
                index,
                value,
            } => {
                let register = &program.registers[register.index()].control.name;
                let register = named("register_array", register);
                let parameters = vec![register, self.argument(index), self.argument(value)];
                out.push(primitive("register_write", parameters, span));
            }
            ExternCall::Random { result, low, high } => {
                let (low, high) = (self.argument(low), self.argument(high));
                self.written(result, span, out, |_, field| {
                    primitive("modify_field_rng_uniform", vec![field, low, high], span)
                });
            }
            ExternCall::Hash {
                result,
                algorithm,
                base,
                data,
                max,
            } => {
                let input = self.calculation_input(data, out);
                let calculation = self.calculation(*algorithm, input, span);
                let calculation = object! { "type": "calculation", "value": calculation };
                let (base, max) = (self.argument(base), self.argument(max));
                let op = "modify_field_with_hash_based_offset";
                self.written(result, span, out, |_, field| {
                    primitive(op, vec![field, base, calculation, max], span)
                });
            }
            ExternCall::MarkToDrop => {
                let metadata = object! { "type": "header", "value": STANDARD };
                out.push(primitive("mark_to_drop", vec![metadata], span));
            }
            ExternCall::Digest { digest, data } => self.digest(*digest, data, span, out),
            ExternCall::Clone {
                egress,
                session,
                field_list,
            } => {
                let op = match egress {
                    true => "clone_egress_pkt_to_egress",
                    false => "clone_ingress_pkt_to_egress",
                };
                let parameters = vec![self.argument(session), self.field_list(*field_list)];
                out.push(primitive(op, parameters, span));
            }
            ExternCall::Resubmit { field_list } => {
                let list = self.field_list(Some(*field_list));
                out.push(primitive("resubmit", vec![list], span));
            }
            ExternCall::Recirculate { field_list } => {
                let list = self.field_list(Some(*field_list));
                out.push(primitive("recirculate", vec![list], span));
            }
            ExternCall::Truncate { length } => {
                let length = self.argument(length);
                out.push(primitive("truncate", vec![length], span));
            }
            ExternCall::Assert { condition } => {
                let condition = self.argument(condition);
                out.push(primitive("assert", vec![condition], span));
            }
            ExternCall::Assume { condition } => {
                let condition = self.argument(condition);
                out.push(primitive("assume", vec![condition], span));
            }
            ExternCall::LogMessage { format, data } => {
                let mut values = Vec::new();
                for part in data {
                    match part {
                        Data::Expr(expr) => values.push(self.argument(expr)),
                        Data::Header(_) => self.unsupported(span, "a header in a log message"),
                    }
                }
                let format = object! { "type": "string", "value": format.clone() };
                let values = object! { "type": "parameters_vector", "value": values };
                out.push(primitive("log_msg", vec![format, values], span));
            }
            ExternCall::VerifyChecksum { .. } | ExternCall::UpdateChecksum { .. } => {
                self.unsupported(span, "a checksum outside the controls for checksums");
            }
        }
    }

    fn field_list(&mut self, list: Option<u32>) -> Json {
        number(self.field_lists.number(list), 32)
    }

    /// The field where a direct meter leaves its colour.
    pub(super) fn colour(&mut self, meter: crate::ir::MeterId) -> FieldRef {
        if let Some(field) = self.colours.get(&meter) {
            return field.clone();
        }
        let field = self.layout.temporary("colour", Scalar::Bits(8));
        self.colours.insert(meter, field.clone());
        field
    }

    /// The input of a calculation; what is not a field, a header or a constant is put into a field here.
    pub(super) fn calculation_input(&mut self, data: &[Data], out: &mut Vec<Json>) -> Vec<Json> {
        let input = data.iter().map(|part| match part {
            Data::Header(id) => object! { "type": "header", "value": self.layout.header(*id) },
            Data::Expr(expr) => match &expr.kind {
                ExprKind::Constant(value) => object! {
                    "type": "hexstr",
                    "value": super::expr::digits(value, expr.scalar.width()),
                    "bitwidth": expr.scalar.width(),
                },
                _ => self.held(expr, "input", out).operand(),
            },
        });
        input.collect()
    }

    /// A new calculation's name.
    pub(super) fn calculation(
        &mut self,
        hash: HashAlgorithm,
        input: Vec<Json>,
        span: Span,
    ) -> String {
        let id = self.calculations.len();
        let name = format!("calc_{id}");
        self.calculations.push(object! {
            "name": name.clone(),
            "id": id,
            "source_info": Json::Place(span),
            "algo": algorithm(hash),
            "input": input,
        });
        name
    }

    /// BMv2 reads a digest's fields at the end of ingress: the values of now are put into fields that nothing else writes.
    fn digest(&mut self, digest: DigestId, data: &[Data], span: Span, out: &mut Vec<Json>) {
        let declared = &self.program.digests[digest.index()];
        let values: Vec<Expr> = (data.iter())
            .flat_map(|part| match part {
                Data::Expr(expr) => vec![expr.clone()],
                Data::Header(id) => self.header_values(*id, span),
            })
            .collect();
        let fields = match self.digests.get(&digest) {
            Some(fields) => fields.clone(),
            None => (declared.fields.iter())
                .map(|(name, scalar)| self.layout.temporary(&format!("digest.{name}"), *scalar))
                .collect(),
        };
        if fields.len() != values.len() {
            self.unsupported(span, "a digest of these values");
            return;
        }
        for (field, value) in fields.iter().zip(&values) {
            if matches!(value.scalar, Scalar::Varbit(_)) {
                self.unsupported(value.span, "a `varbit` in a digest");
            }
            let parameters = vec![field.operand(), self.argument(value)];
            out.push(primitive("assign", parameters, value.span));
        }
        self.digests.insert(digest, fields);
        let list = self.digests.get_index_of(&digest).map_or(0, |at| at + 1);
        let parameters = vec![number(1u32, 32), number(list, 32)];
        out.push(primitive("generate_digest", parameters, span));
    }

    fn header_values(&self, id: HeaderId, span: Span) -> Vec<Expr> {
        let header_type = self.program.headers[id.index()].header_type;
        let fields = &self.program.header_types[header_type.index()].fields;
        let values = fields.iter().enumerate().map(|(at, field)| Expr {
            kind: ExprKind::Field(HeaderRef::Instance(id), at as u32),
            scalar: field.scalar,
            span,
        });
        values.collect()
    }
}
