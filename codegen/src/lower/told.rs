//! What the control plane is told of types: their names, and what these stand for.

use std::sync::Arc;

use num_bigint::BigInt;

use super::Lowerer;
use crate::ast::{Annotation, AnnotationBody, AnnotationTokenKind, DeclId, DeclKind};
use crate::check::{self, Type};
use crate::ir::{NewType, Scalar, Translation, TypeSpec};

impl<'a> Lowerer<'a, '_> {
    /// A type as the control plane is told of it; what its names stand for is told too.
    pub(super) fn told(&mut self, ty: &Type) -> TypeSpec {
        match ty {
            Type::Error => {
                let names = self.typed.errors.iter();
                let names = names.map(|&id| self.typed.name(id).to_owned());
                self.program.told_types.errors = names.collect();
                TypeSpec::Error
            }
            Type::Enum(id) => self.told_enum(*id, ty),
            Type::NewType(id) => self.told_new_type(*id, ty),
            Type::Struct(id, _) => {
                let name = self.told_name(*id);
                if !self.program.told_types.structs.contains_key(&name) {
                    let fields = self.told_fields(*id, ty);
                    let told = &mut self.program.told_types.structs;
                    told.insert(name.clone(), fields);
                }
                TypeSpec::Struct(name)
            }
            Type::Header(id, _) => {
                let name = self.told_name(*id);
                if !self.program.told_types.headers.contains_key(&name) {
                    let header_type = self.header_type(ty);
                    let fields = &self.program.header_types[header_type.index()].fields;
                    let fields = (fields.iter())
                        .map(|field| (field.name.clone(), field.scalar))
                        .collect();
                    let told = &mut self.program.told_types.headers;
                    told.insert(name.clone(), fields);
                }
                TypeSpec::Header(name)
            }
            Type::Union(id, _) => {
                let name = self.told_name(*id);
                if !self.program.told_types.header_unions.contains_key(&name) {
                    let members = self.told_fields(*id, ty);
                    let members = (members.into_iter())
                        .filter_map(|(member, spec)| match spec {
                            TypeSpec::Header(header) => Some((member, header)),
                            _ => None,
                        })
                        .collect();
                    let told = &mut self.program.told_types.header_unions;
                    told.insert(name.clone(), members);
                }
                TypeSpec::HeaderUnion(name)
            }
            Type::Stack(element, size) => match self.told(element) {
                TypeSpec::Header(name) => TypeSpec::HeaderStack(name, *size),
                TypeSpec::HeaderUnion(name) => TypeSpec::HeaderUnionStack(name, *size),
                other => TypeSpec::Tuple(vec![other; *size as usize]),
            },
            Type::Tuple(types) | Type::List(types) => {
                TypeSpec::Tuple(types.iter().map(|ty| self.told(ty)).collect())
            }
            _ => match self.scalar(ty) {
                Some(scalar) => TypeSpec::Scalar(scalar),
                None => TypeSpec::Tuple(Vec::new()),
            },
        }
    }

    /// The name that P4Info gives the type of a key, of data or of a field: a `type` has one, for data also an enum without
    /// representation.
    pub(super) fn told_type_name(&mut self, ty: &Type, is_data: bool) -> Option<String> {
        match self.told(ty) {
            TypeSpec::NewType(name) => Some(name),
            TypeSpec::Enum(name) if is_data => Some(name),
            _ => None,
        }
    }

    fn told_name(&self, id: DeclId) -> String {
        let annotations = self
            .typed
            .decl(id)
            .map_or(&[][..], |decl| &decl.annotations);
        self.qualified("", self.typed.name(id), annotations)
    }

    fn told_fields(&mut self, id: DeclId, ty: &Type) -> Vec<(String, TypeSpec)> {
        let fields: Vec<(Arc<str>, Type)> = self.typed.fields(ty).unwrap_or_default();
        let aggregate = self.typed.aggregate(id);
        let mut told = Vec::new();
        for (at, (name, ty)) in fields.into_iter().enumerate() {
            let annotations = aggregate
                .and_then(|aggregate| aggregate.fields.get(at))
                .map_or(&[][..], |field| &field.annotations);
            let name = self.qualified("", &name, annotations);
            let ty = self.concrete(&ty);
            told.push((name, self.told(&ty)));
        }
        told
    }

    fn told_enum(&mut self, id: DeclId, ty: &Type) -> TypeSpec {
        let name = self.told_name(id);
        let members = match self.typed.decl(id).map(|decl| &decl.kind) {
            Some(DeclKind::Enum(declared)) => declared.members.as_slice(),
            _ => &[],
        };
        let width = match self.typed.representation(ty) {
            Some(representation) => self.scalar(&representation).map(Scalar::width),
            None => {
                let members = members.iter().map(|member| member.name.as_str().to_owned());
                let told = &mut self.program.told_types.enums;
                told.insert(name.clone(), members.collect());
                return TypeSpec::Enum(name);
            }
        };
        let members = members.iter().map(|member| {
            let value = match self.typed.constant(member.id) {
                Some(check::Value::Int(value)) => value.clone(),
                _ => BigInt::default(),
            };
            (member.name.as_str().to_owned(), value)
        });
        let told = &mut self.program.told_types.serializable_enums;
        told.insert(name.clone(), (width.unwrap_or(0), members.collect()));
        TypeSpec::SerializableEnum(name)
    }

    fn told_new_type(&mut self, id: DeclId, ty: &Type) -> TypeSpec {
        let name = self.told_name(id);
        if !self.program.told_types.new_types.contains_key(&name) {
            let original = self.told(&self.typed.strip_new_types(ty));
            let annotations = self
                .typed
                .decl(id)
                .map_or(&[][..], |decl| &decl.annotations);
            let is_translation =
                |annotation: &&Annotation| annotation.name.as_str() == "p4runtime_translation";
            let translation = annotations
                .iter()
                .find(is_translation)
                .and_then(translation);
            let others: Vec<_> = (self.annotations(annotations).into_iter())
                .filter(|annotation| annotation.name != "p4runtime_translation")
                .collect();
            let new_type = NewType {
                original,
                translation,
                annotations: others,
            };
            let told = &mut self.program.told_types.new_types;
            told.insert(name.clone(), new_type);
        }
        TypeSpec::NewType(name)
    }
}

/// `@p4runtime_translation("uri", string)`, or with a width or `bit<width>` for `string`.
fn translation(annotation: &Annotation) -> Option<Translation> {
    let AnnotationBody::Unstructured(tokens) = &annotation.body else {
        return None;
    };
    let uri = tokens.first()?;
    if uri.kind != AnnotationTokenKind::String {
        return None;
    }
    let mut numbers = tokens.iter().skip(1).filter_map(|token| {
        let digits = token.text.replace('_', "");
        match digits
            .strip_prefix("0x")
            .or_else(|| digits.strip_prefix("0X"))
        {
            Some(digits) => u32::from_str_radix(digits, 16).ok(),
            None => digits.parse().ok(),
        }
    });
    Some(Translation {
        uri: uri.text.to_string(),
        width: numbers.next(),
    })
}
