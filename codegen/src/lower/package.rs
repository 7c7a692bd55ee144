//! The package: finds `main`, makes the blocks of a `V1Switch`, and gives them their storage.

use std::collections::HashMap;

use super::instance::{Binding, Object};
use super::operand::Operand;
use super::storage::Storage;
use super::{Lowerer, codes};
use crate::ast::{
    AnnotationBody, Decl, DeclId, DeclKind, Direction, Expr, Instance, Param, TypeAlias,
};
use crate::check::{self, Bound, Type, Typed};
use crate::diagnostic::Label;
use crate::ir::{self, ControlKind};
use crate::source::Span;

impl<'a> Lowerer<'a, '_> {
    pub(super) fn package(&mut self) {
        self.declarations();
        let Some((decl, main)) = self.main() else {
            return;
        };
        self.package_info(decl);
        let blocks: Vec<&'a Expr> = match self.typed.call(main.id) {
            Some(call) => call.arguments.iter().filter_map(Bound::value).collect(),
            None => Vec::new(),
        };
        let [parser, verify, ingress, egress, compute, deparser] = blocks.as_slice() else {
            self.error(
                codes::NO_MAIN,
                main.name.span,
                "a `V1Switch` has six blocks",
            );
            return;
        };
        let Some((at, params)) = self.block(parser, 4) else {
            return;
        };
        let (headers_param, meta_param, standard_param) = (&params[1], &params[2], &params[3]);
        let headers = self.shared(headers_param, ir::Scope::Metadata, false);
        let meta = self.shared(meta_param, ir::Scope::Metadata, true);
        let standard = self.standard(standard_param);
        let packet = Operand::Object(Object::Packet);
        let arguments = [
            packet.clone(),
            headers.clone(),
            meta.clone(),
            standard.clone(),
        ];
        self.scope = ir::Scope::Parser;
        self.bind_params(params, &arguments);
        self.main_parser(at);

        let both = [headers.clone(), meta.clone()];
        let three = [headers.clone(), meta, standard];
        let out = [packet, headers];
        let controls: [(ControlKind, &'a Expr, &[Operand]); 5] = [
            (ControlKind::VerifyChecksum, verify, &both),
            (ControlKind::Ingress, ingress, &three),
            (ControlKind::Egress, egress, &three),
            (ControlKind::ComputeChecksum, compute, &both),
            (ControlKind::Deparser, deparser, &out),
        ];
        for (kind, expr, arguments) in controls {
            self.scope = ir::Scope::Control(kind);
            self.control = Some(kind);
            let Some((at, params)) = self.block(expr, arguments.len()) else {
                continue;
            };
            self.bind_params(params, arguments);
            let mut body = Vec::new();
            self.inline_control(at, &mut body);
            *match kind {
                ControlKind::VerifyChecksum => &mut self.program.verify_checksum,
                ControlKind::Ingress => &mut self.program.ingress,
                ControlKind::Egress => &mut self.program.egress,
                ControlKind::ComputeChecksum => &mut self.program.compute_checksum,
                ControlKind::Deparser => &mut self.program.deparser,
            } = body;
        }
        self.only_called();
        self.hide_unattached();
        self.distinct_names();
    }

    /// `@pkginfo(key = value, ..)` or `@pkginfo[key = value, ..]`, as often as they stand.
    fn package_info(&mut self, decl: &Decl) {
        let infos = decl.annotations.iter().filter(|annotation| {
            ["pkginfo", "platform_property"].contains(&annotation.name.as_str())
        });
        for annotation in infos {
            if let AnnotationBody::Unstructured(tokens) = &annotation.body {
                for part in tokens.split(|token| &*token.text == ",") {
                    if let [key, is, value] = part
                        && &*is.text == "="
                    {
                        let entry = (key.text.to_string(), value.text.to_string());
                        self.program.package.entries.push(entry);
                    }
                }
            }
            for annotation in self.annotations(std::slice::from_ref(annotation)) {
                for value in annotation.values {
                    if let ir::AnnotationValue::Pair(key, value) = value {
                        let text = match *value {
                            ir::AnnotationValue::String(text) => text,
                            ir::AnnotationValue::Int(value) => value.to_string(),
                            ir::AnnotationValue::Bool(value) => value.to_string(),
                            ir::AnnotationValue::Pair(..) => continue,
                        };
                        self.program.package.entries.push((key, text));
                    }
                }
            }
        }
    }

    /// Direct counters and meters that no table has do not exist for the control plane.
    fn hide_unattached(&mut self) {
        let program = &mut self.program;
        for (at, counter) in program.counters.iter_mut().enumerate() {
            let id = Some(ir::CounterId(at as u32));
            if counter.size.is_none() && !program.tables.iter().any(|table| table.counter == id) {
                counter.control.hidden = true;
            }
        }
        for (at, meter) in program.meters.iter_mut().enumerate() {
            let id = Some(ir::MeterId(at as u32));
            if meter.size.is_none() && !program.tables.iter().any(|table| table.meter == id) {
                meter.control.hidden = true;
            }
        }
    }

    /// Things of one kind must have different names for the control plane; `@name` can give one to two.
    fn distinct_names(&mut self) {
        let program = &self.program;
        let actions = program.actions.iter().zip(&self.action_decls);
        // The same action can be there more than once, with different arguments in the lists of tables.
        let mut actions: Vec<_> = actions
            .map(|(action, id)| (Some(*id), &action.control, action.span))
            .collect();
        actions.dedup_by_key(|(id, ..)| *id);
        type Thing<'a> = (Option<DeclId>, &'a ir::ControlName, Span);
        let kinds: [(&str, Vec<Thing>); 3] = [
            ("actions", actions),
            (
                "tables",
                (program.tables.iter())
                    .map(|table| (None, &table.control, table.span))
                    .collect(),
            ),
            (
                "registers",
                (program.registers.iter())
                    .map(|register| (None, &register.control, register.span))
                    .collect(),
            ),
        ];
        let mut found = Vec::new();
        for (kind, things) in kinds {
            let mut seen: HashMap<&str, (Option<DeclId>, Span)> = HashMap::new();
            for (id, control, span) in things {
                if let Some((before, first)) = seen.insert(&control.name, (id, span))
                    && (id.is_none() || before != id)
                {
                    found.push((kind, control.name.clone(), first, span));
                }
            }
        }
        for (kind, name, first, span) in found {
            self.error(
                codes::SAME_CONTROL_NAME,
                span,
                format!("two {kind} have the name `{name}` for the control plane"),
            )
            .labels
            .push(Label {
                span: first,
                message: "the other one".to_owned(),
            });
        }
    }

    fn main(&mut self) -> Option<(&'a Decl, &'a Instance)> {
        let program = self.typed.program;
        let found = program
            .declarations
            .iter()
            .find_map(|decl| match &decl.kind {
                DeclKind::Instance(instance) if instance.name.as_str() == "main" => {
                    Some((decl, instance))
                }
                _ => None,
            });
        let Some((decl, main)) = found else {
            let span = program.declarations.last().map(|decl| decl.span.after());
            if let Some(span) = span {
                self.error(codes::NO_MAIN, span, "the program has no `main`")
                    .hint = Some("end it with `V1Switch(..) main;`".to_owned());
            }
            return None;
        };
        match self.typed.decl_type(decl.id) {
            Some(Type::Package(id, _)) if self.typed.name(*id) == "V1Switch" => Some((decl, main)),
            other => {
                let shown = other.map_or(String::new(), |ty| self.typed.show(ty));
                self.error(
                    codes::NO_MAIN,
                    main.ty.span,
                    format!("`main` must be a `V1Switch`, but it is a `{shown}`"),
                )
                .hint = Some("v1model is the architecture that is supported".to_owned());
                None
            }
        }
    }

    /// Instantiates a block of the package and gives its parameters.
    fn block(&mut self, expr: &'a Expr, count: usize) -> Option<(usize, &'a [Param])> {
        let at = match self
            .typed
            .reference(expr.id)
            .and_then(|id| self.typed.decl(id))
        {
            // An instance that is declared at the top level.
            Some(Decl {
                kind: DeclKind::Instance(instance),
                id,
                ..
            }) => {
                let ty = self.declared_type(*id);
                self.package_block(&ty, instance.id, Some(instance.name.as_str()))
            }
            _ => {
                let ty = self.own_type(expr);
                self.package_block(&ty, expr.id, None)
            }
        };
        let Some(at) = at else {
            self.error(
                codes::BAD_BLOCK,
                expr.span,
                "a block of the package is a constructor call, such as `MyIngress()`",
            );
            return None;
        };
        let params = match &self.instances[at].decl.kind {
            DeclKind::Parser(parser) => &parser.ty.params,
            DeclKind::Control(control) => &control.ty.params,
            _ => return None,
        };
        if params.len() != count {
            self.error(
                codes::BAD_BLOCK,
                expr.span,
                format!("this block has {} parameters, not {count}", params.len()),
            );
            return None;
        }
        Some((at, params))
    }

    fn package_block(
        &mut self,
        ty: &Type,
        call: crate::ast::ExprId,
        name: Option<&str>,
    ) -> Option<usize> {
        let (Type::Parser(id, types) | Type::Control(id, types)) = ty else {
            return None;
        };
        let decl = self.typed.decl(*id)?;
        if !matches!(decl.kind, DeclKind::Parser(_) | DeclKind::Control(_)) {
            return None;
        }
        let call = self.typed.call(call).cloned();
        let path = name.unwrap_or(self.typed.name(*id)).to_owned();
        self.instantiate(decl, path, String::new(), call.as_ref(), types)
    }

    fn bind_params(&mut self, params: &[Param], arguments: &[Operand]) {
        for (param, argument) in params.iter().zip(arguments) {
            self.bindings
                .insert(param.id, Binding::Operand(argument.clone()));
        }
    }

    /// Storage that all blocks of the pipeline share.
    fn shared(&mut self, param: &'a Param, scope: ir::Scope, is_metadata: bool) -> Operand {
        let ty = self.declared_type(param.id);
        let storage = Storage { scope, is_metadata };
        self.allocate(&ty, param.name.as_str(), storage, &[], param.span)
    }

    fn standard(&mut self, param: &'a Param) -> Operand {
        let ty = self.declared_type(param.id);
        let fields = self.typed.fields(&ty).unwrap_or_default();
        let mut parts = Vec::new();
        for (name, field_type) in fields {
            let Some(field) = ir::StandardField::by_name(&name) else {
                let what = format!("the field `{name}` of `{}`", self.typed.show(&ty));
                self.unsupported(param.span, &what);
                continue;
            };
            let storage = Storage {
                scope: ir::Scope::Standard(field),
                is_metadata: true,
            };
            let path = format!("{}.{name}", param.name);
            let part = self.allocate(&field_type, &path, storage, &[], param.span);
            parts.push((name, part));
        }
        Operand::Struct(parts.into())
    }

    /// What back ends export: errors, enumerations, constants and header types.
    fn declarations(&mut self) {
        for &id in &self.typed.errors {
            let span = self
                .typed
                .node(id)
                .and_then(|node| node.ident())
                .map(|ident| ident.span);
            if let Some(span) = span {
                self.program.errors.push(ir::Named {
                    name: self.typed.name(id).to_owned(),
                    span,
                });
            }
        }
        let program = self.typed.program;
        for decl in &program.declarations {
            self.declaration(decl);
        }
    }

    /// Whether a declaration is of the language's or the architecture's own files. (What a Rust file declares is the program's.)
    fn is_library(&self, span: Span) -> bool {
        self.sources
            .files()
            .get(span.file.index())
            .is_none_or(|file| {
                ["<core.p4>", "<v1model.p4>"]
                    .iter()
                    .any(|library| file.path.as_os_str() == *library)
            })
    }

    fn declaration(&mut self, decl: &'a Decl) {
        match &decl.kind {
            DeclKind::Action(_) => {
                // Those of the top level stand before what belongs to the instance that uses them first.
                self.order.insert((None, decl.id), u32::MAX);
            }
            DeclKind::Header(header) if header.type_params.is_empty() => {
                self.header_type(&Type::Header(decl.id, Type::none()));
            }
            DeclKind::Instance(instance) if instance.name.as_str() != "main" => {
                let ty = self.declared_type(decl.id);
                if let Type::Extern(..) = ty {
                    let binding = self.construct(
                        instance.id,
                        &ty,
                        "",
                        "",
                        instance.name.as_str(),
                        &decl.annotations,
                        Some(decl),
                        decl.span,
                    );
                    if let Some(binding) = binding {
                        self.bindings.insert(decl.id, binding);
                    }
                }
            }
            DeclKind::Typedef(TypeAlias {
                target: crate::ast::AliasTarget::Decl(inner),
                ..
            }) => self.declaration(inner),
            DeclKind::Enum(enumeration) if !self.is_library(decl.span) => {
                let representation = self
                    .typed
                    .representation(&Type::Enum(decl.id))
                    .and_then(|ty| self.scalar(&ty));
                let members = enumeration
                    .members
                    .iter()
                    .enumerate()
                    .map(|(at, member)| {
                        let value = match self.typed.constant(member.id) {
                            Some(check::Value::Int(value)) => value.clone(),
                            _ => at.into(),
                        };
                        (member.name.as_str().to_owned(), value)
                    })
                    .collect();
                self.program.enums.push(ir::Enum {
                    name: enumeration.name.as_str().to_owned(),
                    width: representation.map(|scalar| scalar.width()),
                    members,
                    span: decl.span,
                });
            }
            DeclKind::Const(constant) if !self.is_library(decl.span) => {
                let ty = self.declared_type(decl.id);
                let scalar = match &ty {
                    Type::Bit(_) | Type::Int(_) | Type::NewType(_) => self.scalar(&ty),
                    _ => None,
                };
                if let (Some(scalar), Some(check::Value::Int(value))) =
                    (scalar, self.typed.constant(decl.id))
                {
                    self.program.constants.push(ir::Constant {
                        name: constant.name.as_str().to_owned(),
                        scalar,
                        value: value.clone(),
                        span: decl.span,
                    });
                }
            }
            _ => {}
        }
    }
}

/// Whether a parameter is written by what is called.
pub(super) fn is_written(direction: Direction) -> bool {
    matches!(direction, Direction::Out | Direction::InOut)
}

/// Whether a program is for v1model: its `main` is a `V1Switch` of six blocks. Other architectures have used that name.
pub fn is_v1model(typed: &Typed<'_>) -> bool {
    let has_six_blocks = |id| match typed.decl(id).map(|decl| &decl.kind) {
        Some(DeclKind::Package(package)) => package.params.len() == 6,
        _ => false,
    };
    typed.program.declarations.iter().any(|decl| {
        matches!(typed.decl_type(decl.id), Some(Type::Package(id, _))
            if typed.name(*id) == "V1Switch" && has_six_blocks(*id))
            && decl.name().is_some_and(|name| name.as_str() == "main")
    })
}
