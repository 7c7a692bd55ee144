//! Calls of v1model's externs, as simple_switch's primitives.

use super::emitter::Emitter;
use super::expr::{binary, choice, digits, number, operand_argument};
use super::json::{Json, object};
use super::layout::{FieldRef, STANDARD};
use super::primitive::primitive;
use crate::ir::{
    Data, DigestId, Expr, ExprKind, ExternCall, ForeignArgument, HashAlgorithm, HeaderId,
    HeaderRef, Place, Scalar,
};
use crate::source::Span;
use num_bigint::BigUint;

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

/// A constant in the input of a calculation.
fn bits(value: &BigUint, width: u32) -> Json {
    object! { "type": "hexstr", "value": digits(value, width), "bitwidth": width }
}

/// Whether a calculation reads this as it is, without a field of its own that is given the value before.
pub(super) fn is_plain_input(data: &Data) -> bool {
    match data {
        Data::Header(_) => true,
        Data::Expr(expr) => is_plain(expr),
    }
}

fn is_plain(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Constant(_)
        | ExprKind::Variable(_)
        | ExprKind::Field(HeaderRef::Instance(_), _)
        | ExprKind::IsValid(HeaderRef::Instance(_)) => true,
        ExprKind::Concat(left, right) => is_plain(left) && is_plain(right),
        ExprKind::Cast(inner) => is_zero_extension(inner, expr.scalar) && is_plain(inner),
        _ => false,
    }
}

/// Whether a cast to this type puts zeros in front.
fn is_zero_extension(inner: &Expr, to: Scalar) -> bool {
    matches!((inner.scalar, to), (Scalar::Bits(narrow), Scalar::Bits(wide)) if narrow < wide)
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
            // BMv2 has no such algorithm.
            ExternCall::Hash {
                result,
                algorithm: HashAlgorithm::Random,
                base,
                max,
                ..
            } => {
                let (low, size) = (self.data(base), self.data(max));
                let zero = number(0u32, 64);
                let above = binary("-", size.clone(), number(1u32, 64));
                let above = choice(binary("==", size, zero.clone()), zero, above);
                let high = operand_argument(binary("+", low.clone(), above));
                let low = operand_argument(low);
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
                let message = self.log_message(format, data, span);
                out.push(message);
            }
            ExternCall::Foreign {
                name,
                object,
                arguments,
                result,
            } => self.foreign(
                name,
                object.as_deref(),
                arguments,
                result.as_ref(),
                span,
                out,
            ),
            ExternCall::VerifyChecksum {
                condition,
                data,
                checksum,
                algorithm,
                with_payload,
            } => {
                let how = (*algorithm, *with_payload);
                self.verify_now((condition, checksum), data, how, span, out);
            }
            ExternCall::UpdateChecksum {
                condition,
                data,
                checksum,
                algorithm,
                with_payload,
            } => {
                let how = (*algorithm, *with_payload);
                self.update_now((condition, checksum), data, how, span, out);
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
        let mut input = Vec::new();
        for part in data {
            match part {
                Data::Header(id) => {
                    let header = self.layout.header(*id);
                    input.push(object! { "type": "header", "value": header });
                }
                Data::Expr(expr) => self.calculation_part(expr, &mut input, out),
            }
        }
        input
    }

    /// One value of a calculation's input, in pieces where it consists of some.
    fn calculation_part(&mut self, expr: &Expr, input: &mut Vec<Json>, out: &mut Vec<Json>) {
        match (&expr.kind, expr.scalar) {
            (ExprKind::Constant(value), scalar) => input.push(bits(value, scalar.width())),
            (ExprKind::Concat(left, right), _) => {
                self.calculation_part(left, input, out);
                self.calculation_part(right, input, out);
            }
            (ExprKind::Cast(inner), Scalar::Bits(width))
                if is_zero_extension(inner, expr.scalar) =>
            {
                input.push(bits(&BigUint::ZERO, width - inner.scalar.width()));
                self.calculation_part(inner, input, out);
            }
            _ => input.push(self.held(expr, "input", out).operand()),
        }
    }

    /// A message and its values, of which there must be as many as pairs of braces: else BMv2 ends.
    fn log_message(&mut self, format: &str, data: &[Data], span: Span) -> Json {
        // BMv2 overlooks a brace at the very beginning.
        let mut text = String::from(if format.starts_with('{') { " " } else { "" });
        let mut rest = format;
        let mut values = Vec::new();
        for part in data {
            let (before, after) = rest.split_once("{}").unwrap_or((rest, ""));
            text.push_str(before);
            rest = after;
            match part {
                Data::Expr(expr) => {
                    text.push_str("{}");
                    values.push(self.argument(expr));
                }
                Data::Header(id) => {
                    let header_type = self.program.headers[id.index()].header_type;
                    let fields = &self.program.header_types[header_type.index()].fields;
                    let all = self.header_values(*id, span).into_iter().zip(fields);
                    let shown = all.filter(|(_, field)| !matches!(field.scalar, Scalar::Varbit(_)));
                    let mut names = Vec::new();
                    for (value, field) in shown {
                        names.push(format!("{}:{{}}", field.name));
                        values.push(self.argument(&value));
                    }
                    text.push_str(&format!("({})", names.join(",")));
                }
            }
        }
        text.push_str(&rest.replace("{}", "\\{\\}"));
        let format = object! { "type": "string", "value": text };
        let values = object! { "type": "parameters_vector", "value": values };
        primitive("log_msg", vec![format, values], span)
    }

    /// A call of an extern that the program declares, by BMv2's convention for those that are added to it: functions by their
    /// names, methods with the type's name and the object first.
    fn foreign(
        &mut self,
        name: &str,
        object: Option<&str>,
        arguments: &[ForeignArgument],
        result: Option<&Place>,
        span: Span,
        out: &mut Vec<Json>,
    ) {
        let mut parameters = Vec::new();
        let op = match object {
            None => name.to_owned(),
            Some(object) => {
                let extern_type = name.split('.').next().unwrap_or(name);
                self.externs
                    .insert(object.to_owned(), extern_type.to_owned());
                parameters.push(named("extern", object));
                format!("_{}", name.replace('.', "_"))
            }
        };
        let result = result.cloned().map(ForeignArgument::Place);
        for argument in result.iter().chain(arguments) {
            match argument {
                ForeignArgument::Value(value) => parameters.push(self.argument(value)),
                ForeignArgument::Place(place) => match self.place_field(place) {
                    Some(field) => parameters.push(field.operand()),
                    None => self.unsupported(span, "an extern that writes what is no field"),
                },
            }
        }
        out.push(object! {
            "op": op,
            "parameters": parameters,
            "source_info": Json::Place(span),
        });
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
