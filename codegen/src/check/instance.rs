//! Instances, and the abstract methods that they define.

use super::Checker;
use super::codes;
use super::scope::nearest;
use super::types::{Type, direction_word, instantiate};
use crate::ast::{
    Annotation, Decl, DeclId, DeclKind, Extern, Function, Ident, Instance, Method, MethodKind,
    Signature,
};

impl<'a> Checker<'a> {
    pub(super) fn instance(&mut self, decl: &'a Decl, instance: &'a Instance) {
        let ty = self.resolve_open(&instance.ty);
        let ty = self.infer_construct(instance.id, instance.ty.span, &ty, &instance.arguments);
        self.typed.set_decl_type(decl.id, ty.clone());
        let Some(body) = &instance.body else {
            self.definitions(instance, &ty);
            return;
        };
        let is_open = match &ty {
            Type::Extern(id, _) => self
                .extern_of(*id)
                .is_some_and(|object| abstract_methods(object).next().is_some()),
            Type::Unknown => true,
            _ => false,
        };
        if !is_open {
            self.definitions(instance, &ty);
            return;
        }
        let errors = self.diagnostics.error_count();
        self.scopes.push();
        let outer = std::mem::replace(&mut self.in_instance, true);
        for inner in body {
            self.declaration(inner);
        }
        self.in_instance = outer;
        self.scopes.pop();
        if let Type::Extern(id, arguments) = &ty
            && let Some(object) = self.extern_of(*id)
        {
            for inner in body {
                if let DeclKind::Function(function) = &inner.kind {
                    self.definition(inner.id, function, object, arguments);
                }
            }
        }
        if self.diagnostics.error_count() == errors {
            self.definitions(instance, &ty);
        }
    }

    fn extern_of(&self, id: DeclId) -> Option<&'a Extern> {
        match &self.typed.decl(id)?.kind {
            DeclKind::Extern(object) => Some(object),
            _ => None,
        }
    }

    /// Whether the body of an instance defines what its type leaves open, and nothing else.
    fn definitions(&mut self, instance: &'a Instance, ty: &Type) {
        let object = match ty {
            Type::Unknown => return,
            Type::Extern(id, _) => self.extern_of(*id),
            _ => None,
        };
        let abstracts: Vec<(&'a Method, &'a Signature)> = object
            .iter()
            .flat_map(|object| abstract_methods(object))
            .collect();
        let name = &instance.name;
        if instance.body.is_some() && abstracts.is_empty() {
            let shown = self.show(ty);
            let message = if object.is_some() {
                format!("`{name}` has a body, but `{shown}` has no abstract methods")
            } else {
                format!("`{name}` has a body, but only instances of externs can have one")
            };
            self.error(codes::ABSTRACT_METHOD, name.span, message);
            return;
        }
        let is_defined = |method: &Ident| {
            instance.body.iter().flatten().any(|decl| {
                matches!(&decl.kind, DeclKind::Function(function)
                    if function.signature.name.name == method.name)
            })
        };
        for (method, signature) in abstracts {
            if !is_optional(&method.annotations) && !is_defined(&signature.name) {
                self.error(
                    codes::ABSTRACT_METHOD,
                    name.span,
                    format!(
                        "`{name}` does not define the abstract method `{}`",
                        signature.name
                    ),
                )
                .note(signature.name.span, "declared here");
            }
        }
    }

    /// Compares the definition of a method with its declaration.
    fn definition(
        &mut self,
        id: DeclId,
        function: &'a Function,
        object: &'a Extern,
        arguments: &[Type],
    ) {
        let name = &function.signature.name;
        let declared = object.methods.iter().find_map(|method| match &method.kind {
            MethodKind::Method {
                is_abstract: true,
                signature,
            } if signature.name.name == name.name => Some((method.id, signature)),
            _ => None,
        });
        let Some((method, signature)) = declared else {
            let names = abstract_methods(object).map(|(_, method)| method.name.as_str());
            let near = nearest(name.as_str(), names).map(|near| format!("did you mean `{near}`?"));
            if abstract_methods(object).next().is_some() {
                self.error(
                    codes::ABSTRACT_METHOD,
                    name.span,
                    format!("`{}` has no abstract method `{name}`", object.name),
                )
                .hint = near;
            }
            return;
        };
        let type_of = |checker: &Self, id: DeclId| {
            let ty = checker.typed.decl_type(id).cloned().unwrap_or(Type::Void);
            instantiate(&ty, &object.type_params, arguments)
        };
        let mut difference = None;
        let (wanted, own) = (type_of(self, method), type_of(self, id));
        if !self.unify(&wanted, &own) {
            difference = Some(format!(
                "it returns `{}` instead of `{}`",
                self.show(&own),
                self.show(&wanted)
            ));
        }
        let (own, wanted) = (&function.signature.params, &signature.params);
        if wanted.iter().any(|param| is_optional(&param.annotations)) {
            return;
        }
        if own.len() != wanted.len() {
            difference = Some(format!(
                "it has {} parameters instead of {}",
                own.len(),
                wanted.len()
            ));
        }
        for (own, wanted) in own.iter().zip(wanted) {
            let (own_type, wanted_type) = (type_of(self, own.id), type_of(self, wanted.id));
            if own.direction != wanted.direction {
                difference = Some(format!(
                    "`{}` is `{}` instead of `{}`",
                    own.name,
                    direction_word(own.direction),
                    direction_word(wanted.direction)
                ));
            } else if !self.unify(&wanted_type, &own_type) {
                difference = Some(format!(
                    "`{}` has type `{}` instead of `{}`",
                    own.name,
                    self.show(&own_type),
                    self.show(&wanted_type)
                ));
            }
        }
        if let Some(difference) = difference {
            self.error(
                codes::ABSTRACT_METHOD,
                name.span,
                format!("`{name}` is not as it is declared: {difference}"),
            )
            .note(signature.name.span, "declared here");
        }
    }

    /// Something whose type has abstract methods is instantiated by a declaration, which defines them.
    pub(super) fn no_abstract_methods(&mut self, id: DeclId, span: crate::source::Span) {
        let Some((_, method)) = self
            .extern_of(id)
            .and_then(|object| abstract_methods(object).next())
        else {
            return;
        };
        let name = self.typed.name(id);
        self.error(
            codes::ABSTRACT_METHOD,
            span,
            format!("`{name}` has abstract methods, which must be defined"),
        )
        .note(method.name.span, "abstract")
        .hint = Some(format!("declare it: `{name}() instance = {{ .. }};`"));
    }
}

fn is_optional(annotations: &[Annotation]) -> bool {
    annotations
        .iter()
        .any(|annotation| annotation.name.as_str() == "optional")
}

fn abstract_methods(object: &Extern) -> impl Iterator<Item = (&Method, &Signature)> {
    object
        .methods
        .iter()
        .filter_map(|method| match &method.kind {
            MethodKind::Method {
                is_abstract: true,
                signature,
            } => Some((method, signature)),
            _ => None,
        })
}
