//! The functions and objects of core.p4 and v1model.p4.

use super::Lowerer;
use super::instance::Object;
use super::operand::{Operand, place, stmt};
use super::package::is_written;
use crate::ast::{DeclId, DeclKind, Expr, ExprKind, MethodKind, Signature};
use crate::check::{self, Type};
use crate::ir::{self, Data, ExternCall, ForeignArgument, HashAlgorithm, HeaderRef, StmtKind};
use crate::source::Span;

/// The algorithm with a name of v1model's `HashAlgorithm`.
pub(super) fn algorithm(name: &str) -> Option<HashAlgorithm> {
    Some(match name {
        "crc32" => HashAlgorithm::Crc32,
        "crc32_custom" => HashAlgorithm::Crc32Custom,
        "crc16" => HashAlgorithm::Crc16,
        "crc16_custom" => HashAlgorithm::Crc16Custom,
        "random" => HashAlgorithm::Random,
        "identity" => HashAlgorithm::Identity,
        "csum16" => HashAlgorithm::Csum16,
        "xor16" => HashAlgorithm::Xor16,
        _ => return None,
    })
}

/// The arguments of a call, by position, as they are needed.
struct Arguments<'c, 'a> {
    call: &'c check::Call<'a>,
    span: Span,
}

impl<'a> Lowerer<'a, '_> {
    fn argument(&mut self, arguments: &Arguments<'_, 'a>, at: usize) -> Option<&'a Expr> {
        arguments.call.arguments.get(at)?.value()
    }

    fn value(&mut self, arguments: &Arguments<'_, 'a>, at: usize, out: &mut ir::Block) -> ir::Expr {
        match self.argument(arguments, at) {
            Some(expr) => self.scalar_expr(expr, out),
            None => self.zero(ir::Scalar::Bits(1), arguments.span),
        }
    }

    /// A scalar that is written. `_` gets a variable that nobody reads.
    fn target(
        &mut self,
        arguments: &Arguments<'_, 'a>,
        at: usize,
        ty: &Type,
        out: &mut ir::Block,
    ) -> Option<ir::Place> {
        let operand = match self.argument(arguments, at) {
            Some(expr) => self.expr(expr, out),
            None => self.local(ty, "unused", arguments.span),
        };
        match operand {
            Operand::Scalar(expr) => place(&expr),
            Operand::Nothing => None,
            _ => {
                self.unsupported(arguments.span, "a result that is not a number");
                None
            }
        }
    }

    fn data(&mut self, arguments: &Arguments<'_, 'a>, at: usize, out: &mut ir::Block) -> Vec<Data> {
        let mut data = Vec::new();
        if let Some(expr) = self.argument(arguments, at) {
            let operand = self.expr(expr, out);
            self.collect_data(&operand, expr, &mut data);
        }
        data
    }

    fn collect_data(&mut self, operand: &Operand, expr: &'a Expr, data: &mut Vec<Data>) {
        match operand {
            Operand::Header(HeaderRef::Instance(id), _) => data.push(Data::Header(*id)),
            Operand::Struct(parts) => {
                let elements = match &expr.kind {
                    ExprKind::List(elements) => Some(elements),
                    _ => None,
                };
                for (at, (_, part)) in parts.iter().enumerate() {
                    let element = elements
                        .and_then(|elements| elements.get(at))
                        .unwrap_or(expr);
                    // A number without width has no place in a sequence of bits.
                    if matches!(part, Operand::Scalar(_))
                        && elements.is_some()
                        && *self.typed.final_type(element) == Type::Integer
                    {
                        self.error(
                            check::codes::NEEDS_WIDTH,
                            element.span,
                            "this integer needs a width here",
                        );
                    }
                    self.collect_data(part, element, data);
                }
            }
            other => {
                let mut parts = Vec::new();
                self.flatten(other, &mut parts);
                data.extend(parts.into_iter().map(Data::Expr));
            }
        }
    }

    /// The member of an enumeration that an argument is.
    fn member_argument(&mut self, arguments: &Arguments<'_, 'a>, at: usize) -> Option<&'a str> {
        let expr = self.argument(arguments, at)?;
        match self.eval(expr) {
            Ok(check::Value::Member(id)) => Some(self.typed.name(id)),
            _ => {
                self.error(
                    check::codes::NOT_CONSTANT,
                    expr.span,
                    "this must be known at compile time",
                );
                None
            }
        }
    }

    fn algorithm(&mut self, arguments: &Arguments<'_, 'a>, at: usize) -> HashAlgorithm {
        self.member_argument(arguments, at)
            .and_then(algorithm)
            .unwrap_or(HashAlgorithm::Crc32)
    }

    fn number(&mut self, arguments: &Arguments<'_, 'a>, at: usize) -> u32 {
        match self.argument(arguments, at) {
            Some(expr) => self.eval_number(expr, "this argument").unwrap_or(0),
            None => 0,
        }
    }

    pub(super) fn extern_function(
        &mut self,
        id: DeclId,
        call: &check::Call<'a>,
        span: Span,
        out: &mut ir::Block,
    ) -> Operand {
        let arguments = &Arguments { call, span };
        let unknown = Type::Unknown;
        let ty = call.type_arguments.first().unwrap_or(&unknown).clone();
        let ty = self.concrete(&ty);
        let lowered = match self.typed.name(id) {
            "verify" => {
                let condition = self.value(arguments, 0, out);
                let error = self.value(arguments, 1, out);
                out.push(stmt(StmtKind::Verify(condition, error), span));
                return Operand::Nothing;
            }
            "mark_to_drop" => ExternCall::MarkToDrop,
            "random" => {
                let Some(result) = self.target(arguments, 0, &ty, out) else {
                    return Operand::Nothing;
                };
                let low = self.value(arguments, 1, out);
                let high = self.value(arguments, 2, out);
                ExternCall::Random { result, low, high }
            }
            "hash" => {
                let Some(result) = self.target(arguments, 0, &ty, out) else {
                    return Operand::Nothing;
                };
                let algorithm = self.algorithm(arguments, 1);
                let base = self.value(arguments, 2, out);
                let data = self.data(arguments, 3, out);
                let max = self.value(arguments, 4, out);
                ExternCall::Hash {
                    result,
                    algorithm,
                    base,
                    data,
                    max,
                }
            }
            name @ ("verify_checksum" | "verify_checksum_with_payload") => {
                let condition = self.value(arguments, 0, out);
                let data = self.data(arguments, 1, out);
                let checksum = self.value(arguments, 2, out);
                let algorithm = self.algorithm(arguments, 3);
                ExternCall::VerifyChecksum {
                    condition,
                    data,
                    checksum,
                    algorithm,
                    with_payload: name.ends_with("payload"),
                }
            }
            name @ ("update_checksum" | "update_checksum_with_payload") => {
                let condition = self.value(arguments, 0, out);
                let data = self.data(arguments, 1, out);
                let Some(checksum) = self.target(arguments, 2, &ty, out) else {
                    return Operand::Nothing;
                };
                let algorithm = self.algorithm(arguments, 3);
                ExternCall::UpdateChecksum {
                    condition,
                    data,
                    checksum,
                    algorithm,
                    with_payload: name.ends_with("payload"),
                }
            }
            "digest" => {
                let data = self.digest_data(arguments, &ty, out);
                let digest = self.digest(&ty, span);
                ExternCall::Digest { digest, data }
            }
            name @ ("clone" | "clone3" | "clone_preserving_field_list") => {
                let egress = self.member_argument(arguments, 0) == Some("E2E");
                let session = self.value(arguments, 1, out);
                let field_list =
                    (name == "clone_preserving_field_list").then(|| self.number(arguments, 2));
                ExternCall::Clone {
                    egress,
                    session,
                    field_list,
                }
            }
            "resubmit_preserving_field_list" => ExternCall::Resubmit {
                field_list: self.number(arguments, 0),
            },
            "recirculate_preserving_field_list" => ExternCall::Recirculate {
                field_list: self.number(arguments, 0),
            },
            "truncate" => ExternCall::Truncate {
                length: self.value(arguments, 0, out),
            },
            "assert" => ExternCall::Assert {
                condition: self.value(arguments, 0, out),
            },
            "assume" => ExternCall::Assume {
                condition: self.value(arguments, 0, out),
            },
            "log_msg" => {
                let format = match self.argument(arguments, 0).map(|expr| self.eval(expr)) {
                    Some(Ok(check::Value::String(text))) => text.to_string(),
                    _ => String::new(),
                };
                ExternCall::LogMessage {
                    format,
                    data: self.data(arguments, 1, out),
                }
            }
            "static_assert" => {
                return Operand::Scalar(self.bool_constant(true, span));
            }
            other => {
                let Some(DeclKind::ExternFunction(signature)) =
                    self.typed.decl(id).map(|decl| &decl.kind)
                else {
                    return Operand::Nothing;
                };
                let ty = self.declared_type(id);
                return self.foreign(other.to_owned(), None, (signature, &ty), arguments, out);
            }
        };
        out.push(stmt(StmtKind::Extern(lowered), span));
        Operand::Nothing
    }

    /// A call of an extern that the architecture does not have.
    fn foreign(
        &mut self,
        name: String,
        object: Option<String>,
        (signature, result): (&'a Signature, &Type),
        arguments: &Arguments<'_, 'a>,
        out: &mut ir::Block,
    ) -> Operand {
        let span = arguments.span;
        self.pass_types(&signature.type_params, &arguments.call.type_arguments);
        let mut given = Vec::new();
        for (at, param) in signature.params.iter().enumerate() {
            let Some(expr) = self.argument(arguments, at) else {
                continue;
            };
            let operand = self.expr(expr, out);
            let mut parts = Vec::new();
            self.flatten(&operand, &mut parts);
            given.extend(parts.into_iter().map(|part| match place(&part) {
                Some(place) if is_written(param.direction) => ForeignArgument::Place(place),
                _ => ForeignArgument::Value(part),
            }));
        }
        let result = self.concrete(result);
        let to = match result {
            Type::Void | Type::Unknown => Operand::Nothing,
            ref ty => self.local(ty, "result", span),
        };
        let call = ExternCall::Foreign {
            name,
            object,
            arguments: given,
            result: match &to {
                Operand::Scalar(expr) => place(expr),
                _ => None,
            },
        };
        out.push(stmt(StmtKind::Extern(call), span));
        to
    }

    /// The digest of a call. One for each struct that is sent; what is sent without a name of its own is told by a number.
    fn digest(&mut self, ty: &Type, span: Span) -> ir::DigestId {
        let type_spec = self.told(ty);
        let name = match &type_spec {
            ir::TypeSpec::Struct(name) | ir::TypeSpec::Header(name) => name.clone(),
            _ => {
                let digests = self.program.digests.iter();
                let unnamed = digests
                    .filter(|digest| matches!(digest.type_spec, ir::TypeSpec::Tuple(_)))
                    .count();
                format!("digest_{unnamed}")
            }
        };
        let mut digests = self.program.digests.iter();
        if let Some(at) = digests.position(|digest| digest.control.name == name) {
            return ir::DigestId(at as u32);
        }
        let mut fields = Vec::new();
        self.flat_fields(ty, "", &mut fields);
        let id = ir::DigestId(self.program.digests.len() as u32);
        self.program.digests.push(ir::Digest {
            control: ir::ControlName {
                local: name.clone(),
                name,
                ..ir::ControlName::default()
            },
            fields,
            type_spec,
            span,
        });
        id
    }

    /// The scalars of a type with the paths to them.
    pub(super) fn flat_fields(
        &self,
        ty: &Type,
        path: &str,
        fields: &mut Vec<(String, ir::Scalar)>,
    ) {
        if let Some(scalar) = self.scalar(ty) {
            fields.push((path.to_owned(), scalar));
            return;
        }
        for (name, ty) in self.parts_of(ty) {
            let path = match path {
                "" => name.to_string(),
                path => format!("{path}.{name}"),
            };
            self.flat_fields(&self.concrete(&ty), &path, fields);
        }
    }

    /// What is sent in a digest, scalar by scalar.
    fn digest_data(
        &mut self,
        arguments: &Arguments<'_, 'a>,
        ty: &Type,
        out: &mut ir::Block,
    ) -> Vec<Data> {
        let Some(expr) = self.argument(arguments, 1) else {
            return Vec::new();
        };
        let operand = self.expr(expr, out);
        let operand = self.convert(operand, ty, expr.span);
        let mut parts = Vec::new();
        self.flatten(&operand, &mut parts);
        parts.into_iter().map(Data::Expr).collect()
    }

    fn is_struct_cell(&self, register: ir::RegisterId) -> bool {
        matches!(
            self.program.registers[register.index()].type_spec,
            ir::TypeSpec::Struct(_) | ir::TypeSpec::Tuple(_)
        )
    }

    /// `register.read` of a struct or the like: the cell, taken apart.
    fn read_cell(
        &mut self,
        register: ir::RegisterId,
        arguments: &Arguments<'_, 'a>,
        out: &mut ir::Block,
    ) {
        let span = arguments.span;
        let scalar = self.program.registers[register.index()].scalar;
        let to = match self.argument(arguments, 0) {
            Some(expr) => self.expr(expr, out),
            None => return,
        };
        let index = self.value(arguments, 1, out);
        let cell = self.temporary(scalar, "cell", span);
        if let Some(result) = place(&cell) {
            let call = ExternCall::RegisterRead {
                register,
                result,
                index,
            };
            out.push(stmt(StmtKind::Extern(call), span));
        }
        let mut parts = Vec::new();
        self.flatten(&to, &mut parts);
        let mut top = scalar.width();
        for part in parts {
            let low = top.saturating_sub(part.scalar.width());
            if top > low {
                let value = super::expr::slice(cell.clone(), top - 1, low, span);
                self.assign(&Operand::Scalar(part), &Operand::Scalar(value), span, out);
            }
            top = low;
        }
    }

    /// What `register.write` writes: the parts of a struct or the like as one number.
    fn cell_value(
        &mut self,
        register: ir::RegisterId,
        arguments: &Arguments<'_, 'a>,
        ty: &Type,
        out: &mut ir::Block,
    ) -> ir::Expr {
        let span = arguments.span;
        let scalar = self.program.registers[register.index()].scalar;
        let Some(expr) = self.argument(arguments, 1) else {
            return self.zero(scalar, span);
        };
        let operand = self.expr(expr, out);
        let operand = self.convert(operand, ty, span);
        let mut parts = Vec::new();
        self.flatten(&operand, &mut parts);
        let bits = parts.into_iter().map(|part| {
            let bits = ir::Scalar::Bits(part.scalar.width());
            self.resize(part, bits)
        });
        let bits: Vec<ir::Expr> = bits.collect();
        let value = bits.into_iter().reduce(|left, right| ir::Expr {
            scalar: ir::Scalar::Bits(left.scalar.width() + right.scalar.width()),
            span,
            kind: ir::ExprKind::Concat(Box::new(left), Box::new(right)),
        });
        match value {
            Some(value) => self.resize(value, scalar),
            None => self.zero(scalar, span),
        }
    }

    pub(super) fn extern_method(
        &mut self,
        id: DeclId,
        callee: &'a Expr,
        call: &check::Call<'a>,
        expr: &'a Expr,
        out: &mut ir::Block,
    ) -> Operand {
        let span = expr.span;
        let ExprKind::Member { base, .. } = &callee.kind else {
            return Operand::Nothing;
        };
        let object = match self.expr(base, out) {
            Operand::Object(object) => object,
            _ => return Operand::Nothing,
        };
        let receiver_type = match self.own_type(base) {
            Type::Extern(_, types) => types.first().map_or(Type::Unknown, |ty| self.concrete(ty)),
            _ => Type::Unknown,
        };
        let arguments = &Arguments { call, span };
        let unknown = Type::Unknown;
        let ty = call.type_arguments.first().unwrap_or(&unknown).clone();
        let ty = self.concrete(&ty);
        let lowered = match (object, self.typed.name(id)) {
            (Object::Packet, name) => return self.packet(name, arguments, &ty, expr, out),
            (Object::Counter(counter), "count") => ExternCall::CounterCount {
                counter,
                index: self.value(arguments, 0, out),
            },
            (Object::DirectCounter(counter), "count") => ExternCall::DirectCounterCount { counter },
            (Object::Meter(meter), "execute_meter") => {
                let index = self.value(arguments, 0, out);
                let Some(result) = self.target(arguments, 1, &ty, out) else {
                    return Operand::Nothing;
                };
                ExternCall::MeterExecute {
                    meter,
                    index,
                    result,
                }
            }
            (Object::DirectMeter(meter), "read") => {
                let Some(result) = self.target(arguments, 0, &ty, out) else {
                    return Operand::Nothing;
                };
                ExternCall::DirectMeterRead { meter, result }
            }
            (Object::Register(register), "read") if self.is_struct_cell(register) => {
                self.read_cell(register, arguments, out);
                return Operand::Nothing;
            }
            (Object::Register(register), "read") => {
                let Some(result) = self.target(arguments, 0, &ty, out) else {
                    return Operand::Nothing;
                };
                ExternCall::RegisterRead {
                    register,
                    result,
                    index: self.value(arguments, 1, out),
                }
            }
            (Object::Register(register), "write") if self.is_struct_cell(register) => {
                let index = self.value(arguments, 0, out);
                let value = self.cell_value(register, arguments, &receiver_type, out);
                ExternCall::RegisterWrite {
                    register,
                    index,
                    value,
                }
            }
            (Object::Register(register), "write") => ExternCall::RegisterWrite {
                register,
                index: self.value(arguments, 0, out),
                value: self.value(arguments, 1, out),
            },
            (Object::Unknown { ty, name }, method) => {
                let Some(check::Node::Method(declared, _)) = self.typed.node(id) else {
                    return Operand::Nothing;
                };
                let MethodKind::Method { signature, .. } = &declared.kind else {
                    return Operand::Nothing;
                };
                let result = self.own_type(expr);
                let called = format!("{ty}.{method}");
                return self.foreign(called, Some(name), (signature, &result), arguments, out);
            }
            (_, method) => {
                self.unsupported(span, &format!("the method `{method}` here"));
                return Operand::Nothing;
            }
        };
        out.push(stmt(StmtKind::Extern(lowered), span));
        Operand::Nothing
    }

    fn packet(
        &mut self,
        name: &str,
        arguments: &Arguments<'_, 'a>,
        ty: &Type,
        expr: &'a Expr,
        out: &mut ir::Block,
    ) -> Operand {
        let span = arguments.span;
        match name {
            "extract" => {
                let operand = match self.argument(arguments, 0) {
                    Some(expr) => self.place_of(expr, out),
                    None => self.local(ty, "skipped", span),
                };
                if let Operand::Choice(choice) = operand {
                    let after = match self.argument(arguments, 0) {
                        Some(expr) => self.extract_next(expr, &choice, out),
                        None => None,
                    };
                    let size = self.argument(arguments, 1);
                    let size = size.map(|size| self.scalar_expr(size, out));
                    self.for_choice(&choice, span, out, |lowerer, alternative, block| {
                        if let Operand::Header(header, _) = alternative {
                            lowerer.extract(header, size.clone(), span, block);
                        }
                    });
                    out.extend(after);
                    return Operand::Nothing;
                }
                let Operand::Header(header, _) = operand else {
                    if !matches!(operand, Operand::Nothing) {
                        self.error(
                            check::codes::TYPE_MISMATCH,
                            span,
                            "only headers can be extracted",
                        );
                    }
                    return Operand::Nothing;
                };
                let size = self.argument(arguments, 1);
                let size = size.map(|size| self.scalar_expr(size, out));
                self.extract(&header, size, span, out);
                Operand::Nothing
            }
            "emit" => {
                if let Some(expr) = self.argument(arguments, 0) {
                    let operand = self.expr(expr, out);
                    self.emit(&operand, expr.span, out);
                }
                Operand::Nothing
            }
            "advance" => {
                let bits = self.value(arguments, 0, out);
                out.push(stmt(StmtKind::Advance(bits), span));
                Operand::Nothing
            }
            "length" => Operand::Scalar(ir::Expr {
                kind: ir::ExprKind::PacketLength,
                scalar: ir::Scalar::Bits(32),
                span,
            }),
            "lookahead" => {
                let ty = self.own_type(expr);
                let width = match self.typed.size_in_bits(&ty) {
                    Some((least, most)) if least == most => u32::try_from(least).ok(),
                    _ => None,
                };
                let Some(width) = width else {
                    self.unsupported(span, "looking ahead at a type without fixed size");
                    return Operand::Nothing;
                };
                out.push(stmt(StmtKind::RequireLookahead(width), span));
                let mut offset = 0;
                // What is seen stays seen when the packet is read on.
                let seen = self.lookahead(&ty, &mut offset, span);
                self.save(seen, out)
            }
            other => {
                self.unsupported(span, &format!("the method `{other}` of a packet"));
                Operand::Nothing
            }
        }
    }

    /// `packet.extract` of a header, with the size of its varbit field.
    fn extract(
        &mut self,
        header: &HeaderRef,
        size: Option<ir::Expr>,
        span: Span,
        out: &mut ir::Block,
    ) {
        self.invalidate_siblings(header, span, out);
        let kind = match size {
            Some(size) => StmtKind::ExtractVarbit(header.clone(), size),
            None => StmtKind::Extract(header.clone()),
        };
        out.push(stmt(kind, span));
    }

    fn lookahead(&mut self, ty: &Type, offset: &mut u32, span: Span) -> Operand {
        if let Some(scalar) = self.scalar(ty) {
            let at = *offset;
            *offset += scalar.width();
            return Operand::Scalar(ir::Expr {
                kind: ir::ExprKind::Lookahead(at),
                scalar,
                span,
            });
        }
        let fields = self.parts_of(ty);
        let parts: Vec<_> = fields
            .into_iter()
            .map(|(name, ty)| {
                let ty = self.concrete(&ty);
                (name, self.lookahead(&ty, offset, span))
            })
            .collect();
        let parts = Operand::Struct(parts.into());
        if let Type::Header(..) = ty {
            let header_type = self.header_type(ty);
            let mut values = Vec::new();
            self.flatten(&parts, &mut values);
            return Operand::NewHeader(header_type, values);
        }
        parts
    }

    fn emit(&mut self, operand: &Operand, span: Span, out: &mut ir::Block) {
        match operand {
            Operand::Header(header, _) => out.push(stmt(StmtKind::Emit(header.clone()), span)),
            Operand::Struct(parts) => {
                for (_, part) in parts.iter() {
                    self.emit(part, span, out);
                }
            }
            Operand::Stack(stack) => {
                for element in self.program.stacks[stack.index()].elements.clone() {
                    out.push(stmt(StmtKind::Emit(HeaderRef::Instance(element)), span));
                }
            }
            Operand::Union(union) => {
                for member in self.program.unions[union.index()].members.clone() {
                    out.push(stmt(StmtKind::Emit(HeaderRef::Instance(member)), span));
                }
            }
            Operand::NewHeader(header_type, _) => {
                let header_type = *header_type;
                let name = self.program.header_types[header_type.index()].name.clone();
                let ty = self
                    .header_types
                    .iter()
                    .find(|(_, id)| **id == header_type)
                    .map(|(ty, _)| ty.clone());
                if let Some(ty) = ty {
                    let copy = self.local(&ty, &format!("emitted_{name}"), span);
                    self.assign(&copy, operand, span, out);
                    self.emit(&copy, span, out);
                }
            }
            Operand::Scalar(_) => {
                self.error(
                    check::codes::TYPE_MISMATCH,
                    span,
                    "only headers, and structs and stacks of headers, can be emitted",
                );
            }
            _ => {}
        }
    }
}
