//! Flattens types into variables, headers, stacks and unions.

use std::rc::Rc;
use std::sync::Arc;

use super::Lowerer;
use super::operand::Operand;
use crate::ast::{Annotation, DeclId};
use crate::check::Type;
use crate::ir::{self, ExprKind, HeaderRef};
use crate::source::Span;

/// What a piece of storage is for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Storage {
    /// What its variables are part of.
    pub(super) scope: ir::Scope,
    /// Whether its headers are metadata or locals rather than part of the packet.
    pub(super) is_metadata: bool,
}

impl<'a> Lowerer<'a, '_> {
    /// The type in the program that a header type is; adds it if it is an instance of a generic one.
    pub(super) fn header_type(&mut self, ty: &Type) -> ir::HeaderTypeId {
        if let Some(&id) = self.header_types.get(ty) {
            return id;
        }
        let (name, annotations, span) = match ty {
            Type::Header(id, arguments) => match self.typed.decl(*id) {
                Some(decl) => {
                    let name = if arguments.is_empty() {
                        self.typed.name(*id).to_owned()
                    } else {
                        self.typed.show(ty)
                    };
                    (name, self.annotations(&decl.annotations), decl.span)
                }
                None => return ir::HeaderTypeId(0),
            },
            _ => return ir::HeaderTypeId(0),
        };
        let told = annotations
            .iter()
            .any(|annotation: &ir::Annotation| annotation.name == "controller_header");
        let mut fields = Vec::new();
        self.header_fields(ty, "", told, &mut fields, span);
        let id = ir::HeaderTypeId(self.program.header_types.len() as u32);
        self.program.header_types.push(ir::HeaderType {
            name,
            fields,
            annotations,
            span,
        });
        self.header_types.insert(ty.clone(), id);
        id
    }

    /// The fields of a header or of a struct in one. `told`: the control plane meets them.
    fn header_fields(
        &mut self,
        ty: &Type,
        prefix: &str,
        told: bool,
        fields: &mut Vec<ir::Field>,
        span: Span,
    ) {
        for (at, (name, field_type)) in self.parts_of(ty).into_iter().enumerate() {
            let name = format!("{prefix}{name}");
            let field_type = self.concrete(&field_type);
            let (annotations, span) = self.field_annotations(ty, at).unwrap_or((&[], span));
            match self.scalar(&field_type) {
                Some(scalar) => {
                    let type_name = match told {
                        true => self.told_type_name(&field_type, false),
                        false => None,
                    };
                    fields.push(ir::Field {
                        name,
                        scalar,
                        enum_name: self.enum_name(&field_type),
                        type_name,
                        annotations: self.annotations(annotations),
                        span,
                    });
                }
                None => self.header_fields(&field_type, &format!("{name}."), told, fields, span),
            }
        }
    }

    fn field_annotations(&self, ty: &Type, at: usize) -> Option<(&'a [Annotation], Span)> {
        let id: DeclId = match ty {
            Type::Struct(id, _) | Type::Header(id, _) | Type::Union(id, _) => *id,
            _ => return None,
        };
        let field = self.typed.aggregate(id)?.fields.get(at)?;
        Some((&field.annotations, field.span))
    }

    /// The enumeration that a type is, by name.
    pub(super) fn enum_name(&self, ty: &Type) -> Option<String> {
        match ty {
            Type::Enum(id) => Some(self.typed.name(*id).to_owned()),
            _ => None,
        }
    }

    /// Makes storage for a value of a type.
    pub(super) fn allocate(
        &mut self,
        ty: &Type,
        name: &str,
        storage: Storage,
        annotations: &[Annotation],
        span: Span,
    ) -> Operand {
        let ty = self.concrete(ty);
        if let Some(scalar) = self.scalar(&ty) {
            return Operand::Scalar(self.variable(
                scalar,
                name,
                storage.scope,
                &ty,
                annotations,
                span,
            ));
        }
        match &ty {
            Type::Header(..) => {
                let header_type = self.header_type(&ty);
                let id = self.header(header_type, name, storage, span);
                Operand::Header(HeaderRef::Instance(id), header_type)
            }
            Type::Struct(..) | Type::Tuple(_) | Type::List(_) => {
                let fields = self.typed.fields(&ty).unwrap_or_default();
                let parts: Vec<(Arc<str>, Operand)> = fields
                    .into_iter()
                    .enumerate()
                    .map(|(at, (field, field_type))| {
                        let (annotations, span) =
                            self.field_annotations(&ty, at).unwrap_or((&[], span));
                        let name = format!("{name}.{field}");
                        let part = self.allocate(&field_type, &name, storage, annotations, span);
                        (field, part)
                    })
                    .collect();
                Operand::Struct(Rc::from(parts))
            }
            Type::Stack(element, size) if matches!(**element, Type::Header(..)) => {
                let header_type = self.header_type(element);
                let name = self.unique(name);
                let elements = (0..*size)
                    .map(|at| self.header(header_type, &format!("{name}[{at}]"), storage, span))
                    .collect();
                let id = ir::StackId(self.program.stacks.len() as u32);
                self.program.stacks.push(ir::HeaderStack {
                    name,
                    elements,
                    header_type,
                    span,
                });
                Operand::Stack(id)
            }
            // Of unions, structs and numbers: one by one.
            Type::Stack(element, size) => {
                let parts: Vec<(Arc<str>, Operand)> = (0..*size)
                    .map(|at| {
                        let name = format!("{name}[{at}]");
                        let part = self.allocate(element, &name, storage, &[], span);
                        (at.to_string().into(), part)
                    })
                    .collect();
                Operand::Struct(parts.into())
            }
            Type::Union(..) => {
                let name = self.unique(name);
                let fields = self.typed.fields(&ty).unwrap_or_default();
                let members = fields
                    .iter()
                    .map(|(field, field_type)| {
                        let header_type = self.header_type(field_type);
                        self.header(header_type, &format!("{name}.{field}"), storage, span)
                    })
                    .collect();
                let id = ir::UnionId(self.program.unions.len() as u32);
                self.program.unions.push(ir::HeaderUnion {
                    name,
                    members,
                    span,
                });
                Operand::Union(id)
            }
            Type::Unknown | Type::Void => Operand::Nothing,
            other => {
                let what = format!("a variable of type `{}`", self.typed.show(other));
                self.unsupported(span, &what);
                Operand::Nothing
            }
        }
    }

    /// A header among the locals.
    pub(super) fn new_header(
        &mut self,
        header_type: ir::HeaderTypeId,
        name: &str,
        span: Span,
    ) -> ir::HeaderId {
        let storage = Storage {
            scope: self.scope,
            is_metadata: true,
        };
        self.header(header_type, name, storage, span)
    }

    fn header(
        &mut self,
        header_type: ir::HeaderTypeId,
        name: &str,
        storage: Storage,
        span: Span,
    ) -> ir::HeaderId {
        let id = ir::HeaderId(self.program.headers.len() as u32);
        let name = self.unique(name);
        self.program.headers.push(ir::Header {
            name,
            header_type,
            is_metadata: storage.is_metadata,
            span,
        });
        id
    }

    fn variable(
        &mut self,
        scalar: ir::Scalar,
        name: &str,
        scope: ir::Scope,
        ty: &Type,
        annotations: &[Annotation],
        span: Span,
    ) -> ir::Expr {
        let id = ir::VariableId(self.program.variables.len() as u32);
        let name = self.unique(name);
        let variable = ir::Variable {
            name,
            scalar,
            scope,
            enum_name: self.enum_name(ty),
            annotations: self.annotations(annotations),
            span,
        };
        self.program.variables.push(variable);
        ir::Expr {
            kind: ExprKind::Variable(id),
            scalar,
            span,
        }
    }

    /// Storage for a local of the block that is being lowered.
    pub(super) fn local(&mut self, ty: &Type, name: &str, span: Span) -> Operand {
        let storage = Storage {
            scope: self.scope,
            is_metadata: true,
        };
        self.allocate(ty, name, storage, &[], span)
    }

    /// A new scalar variable for a value that must not change until it is used.
    pub(super) fn temporary(&mut self, scalar: ir::Scalar, name: &str, span: Span) -> ir::Expr {
        self.variable(scalar, name, self.scope, &Type::Unknown, &[], span)
    }

    /// The part of a header or of a struct in a header that a name selects.
    pub(super) fn header_field(
        &mut self,
        header: &HeaderRef,
        header_type: ir::HeaderTypeId,
        name: &str,
        ty: &Type,
        span: Span,
    ) -> Operand {
        let fields = &self.program.header_types[header_type.index()].fields;
        if let Some(at) = fields.iter().position(|field| field.name == name) {
            return Operand::Scalar(ir::Expr {
                kind: ExprKind::Field(header.clone(), at as u32),
                scalar: fields[at].scalar,
                span,
            });
        }
        let parts: Vec<(Arc<str>, Operand)> = self
            .parts_of(ty)
            .into_iter()
            .map(|(field, field_type)| {
                let path = format!("{name}.{field}");
                let field_type = self.concrete(&field_type);
                let part = self.header_field(header, header_type, &path, &field_type, span);
                (field, part)
            })
            .collect();
        Operand::Struct(parts.into())
    }
}
