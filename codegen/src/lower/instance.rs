//! Instantiates parsers, controls and extern objects.

use std::sync::Arc;

use num_traits::ToPrimitive;

use super::Lowerer;
use super::operand::Operand;
use crate::ast::{self, Decl, DeclId, DeclKind, Expr, ExprId, ExprKind};
use crate::check::{self, Bound, Type};
use crate::ir;
use crate::source::Span;

/// What a name means.
#[derive(Clone, Debug)]
pub(super) enum Binding {
    /// Storage, or a value that stays as it is.
    Operand(Operand),
    /// A value that is known at compile time.
    Constant(check::Value),
    /// A parser or control, in [`Lowerer::instances`].
    Instance(usize),
    /// A value set.
    ValueSet(ir::ValueSetId),
}

/// An extern object.
#[derive(Clone, Debug)]
pub(super) enum Object {
    /// `packet_in`, `packet_out`
    Packet,
    Counter(ir::CounterId),
    DirectCounter(ir::CounterId),
    Meter(ir::MeterId),
    DirectMeter(ir::MeterId),
    Register(ir::RegisterId),
    ActionProfile(ir::ActionProfileId),
    /// Of a type that the architecture does not have.
    Unknown {
        /// The type's name.
        ty: Arc<str>,
        /// The object's name.
        name: String,
    },
}

/// An instance of a parser or control.
#[derive(Debug)]
pub(super) struct Instance<'a> {
    /// The parser or control.
    pub(super) decl: &'a Decl,
    /// Path in the control plane's names.
    pub(super) path: String,
    /// Path in the names of variables; empty for the blocks of the package.
    pub(super) local_path: String,
    /// Constructor parameters and locals.
    pub(super) bindings: Vec<(DeclId, Binding)>,
    /// Type arguments.
    pub(super) types: Vec<(DeclId, Type)>,
    /// Comes before the positions of its tables and actions in the source.
    pub(super) order: u32,
    /// Storage of the parameters, if it is applied more than once.
    pub(super) parameters: Vec<(DeclId, Operand)>,
}

impl<'a> Lowerer<'a, '_> {
    /// Makes an instance of a parser or control; its parts are instantiated in the order of the source.
    pub(super) fn instantiate(
        &mut self,
        decl: &'a Decl,
        path: String,
        local_path: String,
        call: Option<&check::Call<'a>>,
        types: &[Type],
    ) -> Option<usize> {
        let (ty, params, locals) = match &decl.kind {
            DeclKind::Parser(parser) => (&parser.ty, &parser.constructor_params, &parser.locals),
            DeclKind::Control(control) => {
                (&control.ty, &control.constructor_params, &control.locals)
            }
            _ => {
                self.internal(decl.span, "an instance of something that has no body");
                return None;
            }
        };
        let at = self.instances.len();
        let types: Vec<(DeclId, Type)> = ty
            .type_params
            .iter()
            .zip(types)
            .map(|(param, ty)| (param.id, self.concrete(ty)))
            .collect();
        self.instances.push(Instance {
            decl,
            path,
            local_path,
            bindings: Vec::new(),
            types: types.clone(),
            order: self.next_order(),
            parameters: Vec::new(),
        });
        self.types.extend(types);
        // Arguments are evaluated where the call stands, before any parameter gets its meaning.
        let mut given = Vec::new();
        for (position, param) in params.iter().enumerate() {
            let argument = match call.and_then(|call| call.arguments.get(position)) {
                Some(bound) => bound.value(),
                None => param.default.as_ref(),
            };
            if let Some(argument) = argument
                && let Some(binding) = self.constructor_argument(argument, at, param.name.as_str())
            {
                given.push((param.id, binding));
            }
        }
        for (id, binding) in given {
            self.bind(at, id, binding);
        }
        for local in locals {
            self.instantiate_local(local, at);
        }
        Some(at)
    }

    /// A position after all that are given.
    fn next_order(&self) -> u32 {
        (self.order.len() as u32 + 1) * 2
    }

    fn bind(&mut self, instance: usize, id: DeclId, binding: Binding) {
        self.bindings.insert(id, binding.clone());
        self.instances[instance].bindings.push((id, binding));
    }

    fn constructor_argument(
        &mut self,
        argument: &'a Expr,
        instance: usize,
        name: &str,
    ) -> Option<Binding> {
        if let Ok(value) = self.eval(argument) {
            return Some(Binding::Constant(value));
        }
        match &argument.kind {
            ExprKind::Path(_) => {
                let id = self.typed.reference(argument.id)?;
                self.bindings.get(&id).cloned()
            }
            ExprKind::Construct { .. } => {
                let path = self.instances[instance].path.clone();
                let local_path = self.instances[instance].local_path.clone();
                let ty = self.own_type(argument);
                self.construct(
                    argument.id,
                    &ty,
                    &path,
                    &local_path,
                    name,
                    &[],
                    None,
                    argument.span,
                )
            }
            _ => {
                self.error(
                    check::codes::NOT_CONSTANT,
                    argument.span,
                    "an argument for a parameter without direction must be known at compile time",
                );
                None
            }
        }
    }

    fn instantiate_local(&mut self, local: &'a Decl, instance: usize) {
        let key = (Some(instance), local.id);
        match &local.kind {
            DeclKind::Const(constant) if self.typed.constant(local.id).is_none() => {
                match self.eval(&constant.value) {
                    Ok(value) => self.bind(instance, local.id, Binding::Constant(value)),
                    Err(_) => {
                        self.error(
                            check::codes::NOT_CONSTANT,
                            constant.value.span,
                            "the value of a constant must be known at compile time",
                        );
                    }
                }
            }
            DeclKind::Variable(variable) => {
                let ty = self.declared_type(local.id);
                let name = self.local_name(instance, variable.name.as_str());
                let operand = self.local(&ty, &name, local.span);
                self.bind(instance, local.id, Binding::Operand(operand));
            }
            DeclKind::Instance(declared) => {
                let path = self.instances[instance].path.clone();
                let local_path = self.instances[instance].local_path.clone();
                let ty = self.declared_type(local.id);
                let binding = self.construct(
                    declared.id,
                    &ty,
                    &path,
                    &local_path,
                    declared.name.as_str(),
                    &local.annotations,
                    Some(local),
                    local.span,
                );
                if let Some(binding) = binding {
                    self.bind(instance, local.id, binding);
                }
            }
            DeclKind::ValueSet(set) => {
                if let Some(id) = self.value_set(local, set, instance) {
                    self.bind(instance, local.id, Binding::ValueSet(id));
                }
            }
            DeclKind::Action(_) | DeclKind::Table(_) => {
                let position = self.next_order() + 1;
                self.order.insert(key, position);
            }
            _ => {}
        }
    }

    /// The type of a declared variable, parameter or instance.
    pub(super) fn declared_type(&self, id: DeclId) -> Type {
        self.concrete(self.typed.decl_type(id).unwrap_or(&Type::Unknown))
    }

    /// The name of a local in names of variables.
    pub(super) fn local_name(&self, instance: usize, name: &str) -> String {
        match self.instances.get(instance) {
            Some(instance) if !instance.local_path.is_empty() => {
                format!("{}.{name}", instance.local_path)
            }
            _ => name.to_owned(),
        }
    }

    /// Makes what a constructor call constructs.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn construct(
        &mut self,
        call: ExprId,
        ty: &Type,
        path: &str,
        local_path: &str,
        name: &str,
        annotations: &'a [ast::Annotation],
        decl: Option<&'a Decl>,
        span: Span,
    ) -> Option<Binding> {
        let call = self.typed.call(call).cloned();
        match ty {
            Type::Parser(id, types) | Type::Control(id, types) => {
                let block = self.typed.decl(*id)?;
                let path = self.qualified(path, name, annotations);
                let local_path = if local_path.is_empty() {
                    name.to_owned()
                } else {
                    format!("{local_path}.{name}")
                };
                let at = self.instantiate(block, path, local_path, call.as_ref(), types)?;
                Some(Binding::Instance(at))
            }
            Type::Extern(id, types) => {
                let mut control = match decl {
                    Some(decl) => self.control_name(path, decl),
                    None => ir::ControlName {
                        name: self.qualified(path, name, annotations),
                        local: name.to_owned(),
                        annotations: self.annotations(annotations),
                        ..ir::ControlName::default()
                    },
                };
                // The reference compiler tells nothing of an object whose generic type goes by a typedef.
                if !types.is_empty()
                    && let Some(DeclKind::Instance(declared)) = decl.map(|decl| &decl.kind)
                    && !matches!(declared.ty.kind, ast::TypeKind::Specialized { .. })
                {
                    control.hidden = true;
                }
                let object = self.object(*id, types, call.as_ref(), control, span)?;
                Some(Binding::Operand(Operand::Object(object)))
            }
            _ => None,
        }
    }

    fn constructor_number(
        &mut self,
        call: Option<&check::Call<'a>>,
        at: usize,
        what: &str,
        span: Span,
    ) -> u64 {
        match call.and_then(|call| call.arguments.get(at)) {
            Some(Bound::Value(argument)) => self.eval_number(argument, what).unwrap_or(0),
            _ => {
                self.internal(span, "a constructor argument is missing");
                0
            }
        }
    }

    /// The name of an enumeration's member that is an argument of a constructor.
    fn constructor_member(&self, call: Option<&check::Call<'a>>, at: usize) -> &'a str {
        match call.and_then(|call| call.arguments.get(at)) {
            Some(Bound::Value(argument)) => match self.eval(argument) {
                Ok(check::Value::Member(id)) => self.typed.name(id),
                _ => "",
            },
            _ => "",
        }
    }

    fn object(
        &mut self,
        id: DeclId,
        types: &[Type],
        call: Option<&check::Call<'a>>,
        control: ir::ControlName,
        span: Span,
    ) -> Option<Object> {
        let unit = |name: &str| match name {
            "bytes" => ir::CounterUnit::Bytes,
            "packets_and_bytes" => ir::CounterUnit::Both,
            _ => ir::CounterUnit::Packets,
        };
        Some(match self.typed.name(id) {
            name @ ("counter" | "direct_counter") => {
                let is_direct = name == "direct_counter";
                let at = usize::from(!is_direct);
                let size = (!is_direct)
                    .then(|| self.constructor_number(call, 0, "the size of a counter", span));
                let counter = ir::Counter {
                    control,
                    size,
                    unit: unit(self.constructor_member(call, at)),
                    span,
                };
                let id = ir::CounterId(self.program.counters.len() as u32);
                self.program.counters.push(counter);
                if is_direct {
                    Object::DirectCounter(id)
                } else {
                    Object::Counter(id)
                }
            }
            name @ ("meter" | "direct_meter") => {
                let is_direct = name == "direct_meter";
                let at = usize::from(!is_direct);
                let size = (!is_direct)
                    .then(|| self.constructor_number(call, 0, "the size of a meter", span));
                let meter = ir::Meter {
                    control,
                    size,
                    unit: unit(self.constructor_member(call, at)),
                    span,
                };
                let id = ir::MeterId(self.program.meters.len() as u32);
                self.program.meters.push(meter);
                if is_direct {
                    Object::DirectMeter(id)
                } else {
                    Object::Meter(id)
                }
            }
            "register" => {
                let size = self.constructor_number(call, 0, "the size of a register", span);
                let ty = types.first().map_or(Type::Unknown, |ty| self.concrete(ty));
                let Some(scalar) = self.cell(&ty) else {
                    let what = format!("a register of `{}`", self.typed.show(&ty));
                    self.unsupported(span, &what);
                    return None;
                };
                let type_spec = self.told(&ty);
                let id = ir::RegisterId(self.program.registers.len() as u32);
                self.program.registers.push(ir::Register {
                    control,
                    size,
                    scalar,
                    type_spec,
                    span,
                });
                Object::Register(id)
            }
            name @ ("action_profile" | "action_selector") => {
                let is_selector = name == "action_selector";
                let selector = if is_selector {
                    let algorithm = super::externs::algorithm(self.constructor_member(call, 0));
                    let width =
                        self.constructor_number(call, 2, "the width of a selector's hash", span);
                    algorithm.map(|algorithm| (algorithm, width.to_u32().unwrap_or(0)))
                } else {
                    None
                };
                let size = self.constructor_number(
                    call,
                    usize::from(is_selector),
                    "the size of an action profile",
                    span,
                );
                let id = ir::ActionProfileId(self.program.action_profiles.len() as u32);
                self.program.action_profiles.push(ir::ActionProfile {
                    control,
                    size,
                    selector,
                    span,
                });
                Object::ActionProfile(id)
            }
            "packet_in" | "packet_out" => Object::Packet,
            other => Object::Unknown {
                ty: other.into(),
                name: control.name,
            },
        })
    }

    /// What a cell of a register holds: all bits of a struct or the like, the first field's at the top.
    fn cell(&self, ty: &Type) -> Option<ir::Scalar> {
        if let Some(scalar) = self.scalar(ty) {
            return Some(scalar);
        }
        let is_flat = matches!(ty, Type::Struct(..) | Type::Tuple(_));
        match self.typed.size_in_bits(ty) {
            Some((least, most)) if is_flat && least == most => {
                Some(ir::Scalar::Bits(u32::try_from(least).ok()?))
            }
            _ => None,
        }
    }

    fn value_set(
        &mut self,
        decl: &'a Decl,
        set: &'a ast::ValueSet,
        instance: usize,
    ) -> Option<ir::ValueSetId> {
        let path = self.instances[instance].path.clone();
        let element = self.declared_type(decl.id);
        let mut fields = Vec::new();
        match self.scalar(&element) {
            Some(scalar) => fields.push((String::new(), scalar, ir::MatchKind::Exact)),
            None => {
                let aggregate = match &element {
                    Type::Struct(id, _) => self.typed.aggregate(*id),
                    _ => None,
                };
                for (at, (name, ty)) in self
                    .typed
                    .fields(&element)
                    .unwrap_or_default()
                    .iter()
                    .enumerate()
                {
                    let kind = aggregate
                        .and_then(|aggregate| aggregate.fields.get(at))
                        .and_then(|field| {
                            field
                                .annotations
                                .iter()
                                .find(|annotation| annotation.name.as_str() == "match")
                        })
                        .and_then(|annotation| match &annotation.body {
                            ast::AnnotationBody::Unstructured(tokens) => {
                                super::table::match_kind(&tokens.first()?.text)
                            }
                            _ => None,
                        })
                        .unwrap_or(ir::MatchKind::Exact);
                    let mut flat = Vec::new();
                    self.flat_fields(&self.concrete(ty), name, &mut flat);
                    fields.extend(flat.into_iter().map(|(name, scalar)| (name, scalar, kind)));
                }
            }
        }
        let size = self.eval_number(&set.size, "the size of a value set")?;
        let id = ir::ValueSetId(self.program.value_sets.len() as u32);
        let control = self.control_name(&path, decl);
        self.program.value_sets.push(ir::ValueSet {
            control,
            fields,
            size,
            span: decl.span,
        });
        Some(id)
    }
}
