//! Declarations.

use super::codes;
use super::eval::{NoValue, no_environment};
use super::nodes::Node;
use super::signature::Place;
use super::types::Type;
use super::{Checker, Context, Site};
use crate::ast::{
    Aggregate, AliasTarget, BlockType, Control, Decl, DeclId, DeclKind, Direction, Enum, ExprKind,
    Extern, Function, Member, MethodKind, Param, Parser, Signature, TypeParam,
};

/// What kind of thing has fields.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Holder {
    Struct,
    Header,
    Union,
}

impl Holder {
    /// What it is called.
    pub(super) fn described(self) -> &'static str {
        match self {
            Holder::Struct => "a struct",
            Holder::Header => "a header",
            Holder::Union => "a header union",
        }
    }
}

impl<'a> Checker<'a> {
    pub(super) fn program(&mut self) {
        self.scopes.push();
        let program = self.typed.program;
        for decl in &program.declarations {
            self.declaration(decl);
            self.top_level(decl);
        }
        self.annotations_of_parts();
        self.scopes.pop();
    }

    /// What stands at the top level: externs and packages can be instantiated there, and `main` is a package.
    fn top_level(&mut self, decl: &'a Decl) {
        let Some(name) = decl.name() else { return };
        let ty = self.typed.decl_type(decl.id).cloned();
        let message = match &decl.kind {
            DeclKind::Instance(_) => match ty {
                Some(Type::Parser(..) | Type::Control(..)) => {
                    format!("`{name}` cannot be instantiated at the top level")
                }
                Some(Type::Package(..) | Type::Unknown) | None => return,
                Some(_) if name.as_str() == "main" => "`main` must be a package".to_owned(),
                Some(_) => return,
            },
            // A function may have any name.
            DeclKind::Function(_) | DeclKind::ExternFunction(_) => return,
            _ if name.as_str() == "main" => "`main` must be an instance of a package".to_owned(),
            _ => return,
        };
        let hint = match ty {
            Some(Type::Parser(..) | Type::Control(..)) => {
                Some("instantiate it in the control or parser that applies it".to_owned())
            }
            _ => None,
        };
        self.error(codes::NOT_ALLOWED_HERE, name.span, message).hint = hint;
    }

    /// Checks a declaration and puts its name in scope. What has a body is not in scope in it: P4 has no recursion.
    pub(super) fn declaration(&mut self, decl: &'a Decl) {
        let name = decl.name();
        self.annotations(&decl.annotations);
        match &decl.kind {
            DeclKind::Const(constant) => {
                let ty = self.resolve_value_type(&constant.ty, "a constant");
                self.typed.set_decl_type(decl.id, ty.clone());
                self.check(&constant.value, &ty);
                match self.typed.eval(&constant.value, &no_environment) {
                    Ok(value) => self.typed.set_constant(decl.id, value),
                    // Constructor parameters have values only when the block is instantiated.
                    Err(NoValue::NotConstant(_)) if self.scope_has_constructor_params() => {}
                    Err(reason) => self.report_no_value(reason, "the value of a constant"),
                }
            }
            DeclKind::Variable(variable) => {
                let ty = self.resolve_value_type(&variable.ty, "a variable");
                if matches!(ty, Type::Integer | Type::String) {
                    let shown = self.show(&ty);
                    self.error(
                        codes::BAD_TYPE,
                        variable.ty.span,
                        format!("a variable cannot have type `{shown}`, which exists at compile time only"),
                    );
                }
                self.typed.set_decl_type(decl.id, ty.clone());
                if let Some(value) = &variable.value {
                    self.check(value, &ty);
                }
            }
            DeclKind::Instance(instance) => self.instance(decl, instance),
            DeclKind::Function(function) => self.function(decl, function),
            DeclKind::ExternFunction(signature) => {
                self.scopes.push();
                let result = self.signature(signature);
                self.result_type(signature, &result, false);
                self.parameter_kinds(&signature.params, Place::Call);
                self.scopes.pop();
                self.typed.set_decl_type(decl.id, result);
            }
            DeclKind::Extern(object) => {
                if let Some(name) = name {
                    self.declare(name, decl.id);
                }
                self.extern_object(decl.id, object);
                return;
            }
            DeclKind::Action(action) => {
                self.scopes.push();
                self.params(&action.params);
                let mut undirected = None;
                for param in &action.params {
                    self.action_data(param);
                    match (param.direction, undirected) {
                        (Direction::None, _) => undirected = Some(param.name.span),
                        (_, Some(span)) => {
                            self.error(
                                codes::NOT_ALLOWED_HERE,
                                param.span,
                                "parameters with a direction come before those of the control plane",
                            )
                            .note(span, "has no direction");
                        }
                        _ => {}
                    }
                }
                let outer = std::mem::replace(
                    &mut self.context,
                    Context {
                        site: Site::Action,
                        ..Context::default()
                    },
                );
                self.block(&action.body);
                self.context = outer;
                self.scopes.pop();
            }
            DeclKind::Parser(parser) => self.parser(parser),
            DeclKind::Control(control) => self.control(control),
            DeclKind::ParserType(ty) | DeclKind::ControlType(ty) => {
                self.scopes.push();
                self.block_type(ty);
                self.parameter_kinds(&ty.params, Place::Call);
                self.scopes.pop();
            }
            DeclKind::Package(ty) => {
                self.scopes.push();
                self.block_type(ty);
                self.scopes.pop();
            }
            DeclKind::Struct(aggregate) => self.aggregate(aggregate, Holder::Struct),
            DeclKind::Header(aggregate) => self.aggregate(aggregate, Holder::Header),
            DeclKind::HeaderUnion(aggregate) => self.aggregate(aggregate, Holder::Union),
            DeclKind::Enum(enumeration) => self.enumeration(decl, enumeration),
            DeclKind::Error(members) => self.error_members(members),
            DeclKind::MatchKind(members) => {
                for member in members {
                    let known = self
                        .typed
                        .match_kinds
                        .insert(member.name.name.clone(), member.id);
                    if known.is_some() {
                        self.error(
                            codes::DUPLICATE_NAME,
                            member.name.span,
                            format!("the match kind `{}` is declared twice", member.name),
                        );
                    }
                }
            }
            DeclKind::Typedef(alias) | DeclKind::NewType(alias) => {
                let is_new = matches!(decl.kind, DeclKind::NewType(_));
                let ty = match &alias.target {
                    AliasTarget::Type(ty) => self.resolve(ty),
                    AliasTarget::Decl(inner) => {
                        self.declaration(inner);
                        self.type_of_decl(inner.id, &[], alias.name.as_str(), decl.span)
                    }
                };
                if is_new
                    && !matches!(
                        ty,
                        Type::Bit(_)
                            | Type::Int(_)
                            | Type::Bool
                            | Type::NewType(_)
                            | Type::Enum(_)
                            | Type::Unknown
                            | Type::Varbit(_)
                            | Type::Error
                    )
                {
                    let shown = self.show(&ty);
                    self.error(
                        codes::BAD_TYPE,
                        decl.span,
                        format!("`type` makes a new type of a number or another such type, not of `{shown}`"),
                    );
                }
                self.typed.set_decl_type(decl.id, ty);
            }
            DeclKind::ValueSet(set) => {
                let mut ty = self.resolve_value_type(&set.element, "an element of a value set");
                if matches!(ty, Type::Integer | Type::String) {
                    let shown = self.show(&ty);
                    self.error(
                        codes::BAD_TYPE,
                        set.element.span,
                        format!("a value set cannot have elements of type `{shown}`"),
                    );
                    ty = Type::Unknown;
                }
                self.typed.set_decl_type(decl.id, ty);
                self.check(&set.size, &Type::Integer);
                if self.constructor_free(&set.size) {
                    self.constant(&set.size, "the size of a value set");
                }
            }
            DeclKind::Table(table) => self.table(decl, table),
        }
        if let Some(name) = name {
            self.declare(name, decl.id);
        }
    }

    /// Checks the type of an action's parameter.
    fn action_data(&mut self, param: &'a Param) {
        let ty = self
            .typed
            .decl_type(param.id)
            .cloned()
            .unwrap_or(Type::Unknown);
        if matches!(
            ty,
            Type::Integer
                | Type::String
                | Type::Extern(..)
                | Type::Parser(..)
                | Type::Control(..)
                | Type::Package(..)
        ) {
            let shown = self.show(&ty);
            self.error(
                codes::BAD_TYPE,
                param.ty.span,
                format!("a parameter of an action cannot have type `{shown}`"),
            );
        }
    }

    /// Whether names of constructor parameters may be seen here.
    fn scope_has_constructor_params(&self) -> bool {
        self.constructor_params > 0
    }

    /// Whether an expression is to be constant already: in a block without constructor parameters.
    pub(super) fn constructor_free(&self, expr: &'a crate::ast::Expr) -> bool {
        !self.scope_has_constructor_params() || self.typed.eval(expr, &no_environment).is_ok()
    }

    fn type_params(&mut self, params: &'a [TypeParam]) {
        for param in params {
            self.declare(&param.name, param.id);
        }
    }

    fn params(&mut self, params: &'a [Param]) {
        for param in params {
            let ty = self.resolve(&param.ty);
            if matches!(ty, Type::Void) {
                self.error(
                    codes::BAD_TYPE,
                    param.ty.span,
                    "a parameter cannot have type `void`",
                );
            }
            if matches!(
                ty,
                Type::Extern(..) | Type::Parser(..) | Type::Control(..) | Type::Package(..)
            ) && param.direction != Direction::None
            {
                let shown = self.show(&ty);
                self.error(
                    codes::BAD_TYPE,
                    param.span,
                    format!("a parameter of type `{shown}` has no direction"),
                );
            }
            if matches!(ty, Type::Integer | Type::String) && param.direction != Direction::None {
                let shown = self.show(&ty);
                self.error(
                    codes::BAD_TYPE,
                    param.span,
                    format!("a parameter of type `{shown}`, which exists at compile time only, has no direction"),
                );
            }
            self.typed.set_decl_type(param.id, ty.clone());
            if let Some(default) = &param.default {
                let is_object = matches!(
                    ty,
                    Type::Extern(..) | Type::Parser(..) | Type::Control(..) | Type::Package(..)
                );
                // An object that is the default of a generic parameter says what the type arguments are.
                let wanted = match is_object {
                    true => ty.substitute(&|_| Some(Type::Anything)),
                    false => ty.clone(),
                };
                self.check(default, &wanted);
                if !is_object
                    && !matches!(default.kind, ExprKind::Default)
                    && self.constructor_free(default)
                {
                    self.constant(default, "the default of a parameter");
                }
                if matches!(param.direction, Direction::Out | Direction::InOut) {
                    self.error(
                        codes::NOT_ALLOWED_HERE,
                        default.span,
                        "an `out` or `inout` parameter has no default",
                    );
                }
            }
            self.declare(&param.name, param.id);
        }
    }

    fn signature(&mut self, signature: &'a Signature) -> Type {
        self.type_params(&signature.type_params);
        let result = self.resolve(&signature.result);
        self.params(&signature.params);
        result
    }

    fn block_type(&mut self, ty: &'a BlockType) {
        self.type_params(&ty.type_params);
        self.params(&ty.params);
    }

    fn function(&mut self, decl: &'a Decl, function: &'a Function) {
        self.scopes.push();
        let result = self.signature(&function.signature);
        self.result_type(&function.signature, &result, false);
        self.parameter_kinds(&function.signature.params, Place::Call);
        self.no_optional(&function.signature.params);
        self.typed.set_decl_type(decl.id, result.clone());
        let outer = std::mem::replace(
            &mut self.context,
            Context {
                site: Site::Function,
                result: (result != Type::Void).then(|| result.clone()),
                loops: 0,
            },
        );
        self.block(&function.body);
        self.context = outer;
        self.scopes.pop();
        if !matches!(result, Type::Void | Type::Unknown)
            && !super::stmt::always_returns(&function.body)
        {
            self.error(
                codes::MISSING_RETURN,
                function.signature.name.span,
                format!(
                    "`{}` may end without returning a value",
                    function.signature.name
                ),
            );
        }
    }

    fn extern_object(&mut self, id: DeclId, object: &'a Extern) {
        self.open_extern = Some(id);
        self.scopes.push();
        self.type_params(&object.type_params);
        for method in &object.methods {
            self.scopes.push();
            match &method.kind {
                MethodKind::Constructor { name, params } => {
                    if *name.name != *object.name.name {
                        self.error(
                            codes::BAD_TYPE,
                            name.span,
                            format!("the method `{name}` has no type to return"),
                        )
                        .hint = Some(format!(
                            "write `void {name}(..)`; only a constructor, which has the name of the extern, has no type"
                        ));
                    }
                    self.params(params);
                    self.parameter_kinds(params, Place::ExternConstructor);
                }
                MethodKind::Method { signature, .. } => {
                    if signature.name.name == object.name.name {
                        self.error(
                            codes::BAD_TYPE,
                            signature.result.span.to(signature.name.span),
                            "a constructor returns nothing, not even `void`",
                        );
                    }
                    let result = self.signature(signature);
                    self.result_type(signature, &result, true);
                    self.typed.set_decl_type(method.id, result);
                }
            }
            self.scopes.pop();
        }
        self.scopes.pop();
        self.open_extern = None;
        self.same_methods(object);
    }

    fn parser(&mut self, parser: &'a Parser) {
        self.scopes.push();
        self.block_type(&parser.ty);
        self.params(&parser.constructor_params);
        self.parameter_kinds(&parser.ty.params, Place::Call);
        self.parameter_kinds(&parser.constructor_params, Place::ParserConstructor);
        self.no_optional(&parser.constructor_params);
        self.constructor_params += parser.constructor_params.len();
        self.scopes.push();
        for local in &parser.locals {
            self.declaration(local);
        }
        self.states(parser);
        self.constructor_params -= parser.constructor_params.len();
        self.scopes.pop();
        self.scopes.pop();
    }

    fn control(&mut self, control: &'a Control) {
        self.scopes.push();
        self.block_type(&control.ty);
        self.params(&control.constructor_params);
        self.parameter_kinds(&control.ty.params, Place::Call);
        self.parameter_kinds(&control.constructor_params, Place::ControlConstructor);
        self.no_optional(&control.constructor_params);
        self.constructor_params += control.constructor_params.len();
        self.scopes.push();
        for local in &control.locals {
            self.declaration(local);
        }
        self.context = Context {
            site: Site::Apply,
            ..Context::default()
        };
        self.block(&control.apply);
        self.context = Context::default();
        self.constructor_params -= control.constructor_params.len();
        self.scopes.pop();
        self.scopes.pop();
    }

    fn aggregate(&mut self, aggregate: &'a Aggregate, holder: Holder) {
        self.scopes.push();
        self.type_params(&aggregate.type_params);
        for (at, field) in aggregate.fields.iter().enumerate() {
            let ty = self.resolve_value_type(&field.ty, "a field");
            let fits = self.fits_in(holder, &ty);
            if !fits {
                let shown = self.show(&ty);
                let what = holder.described();
                self.error(
                    codes::BAD_TYPE,
                    field.ty.span,
                    format!("{what} cannot have a field of type `{shown}`"),
                );
            }
            self.typed.set_decl_type(field.id, ty);
            if let Some(before) = aggregate.fields[..at]
                .iter()
                .find(|other| other.name.name == field.name.name)
            {
                self.error(
                    codes::DUPLICATE_NAME,
                    field.name.span,
                    format!("the field `{}` is declared twice", field.name),
                )
                .note(before.name.span, "first declared here");
            }
        }
        self.scopes.pop();
    }

    /// Whether a field of something can have a type.
    pub(super) fn fits_in(&self, holder: Holder, ty: &Type) -> bool {
        match holder {
            Holder::Struct => !matches!(ty, Type::Integer),
            Holder::Header => self.fits_in_header(ty),
            Holder::Union => matches!(ty, Type::Header(..) | Type::Unknown | Type::Param(_)),
        }
    }

    fn fits_in_header(&self, ty: &Type) -> bool {
        match ty {
            Type::Bit(_)
            | Type::Int(_)
            | Type::Varbit(_)
            | Type::Bool
            | Type::Param(_)
            | Type::Unknown => true,
            Type::Enum(_) => self.typed.representation(ty).is_some(),
            Type::NewType(_) => self.fits_in_header(&self.typed.strip_new_types(ty)),
            Type::Stack(element, _) => {
                !matches!(**element, Type::Header(..) | Type::Union(..))
                    && self.fits_in_header(element)
            }
            Type::Struct(..) => self
                .typed
                .fields(ty)
                .unwrap_or_default()
                .iter()
                .all(|(_, ty)| self.fits_in_header(ty)),
            _ => false,
        }
    }

    fn enumeration(&mut self, decl: &'a Decl, enumeration: &'a Enum) {
        let underlying = enumeration.underlying.as_ref().map(|underlying| {
            let ty = self.resolve(underlying);
            if !ty.is_sized() && ty != Type::Unknown {
                let shown = self.show(&ty);
                self.error(
                    codes::BAD_TYPE,
                    underlying.span,
                    format!(
                        "an enumeration is represented as `bit<W>` or `int<W>`, not as `{shown}`"
                    ),
                );
                return Type::Unknown;
            }
            ty
        });
        if let Some(underlying) = &underlying {
            self.typed.set_decl_type(decl.id, underlying.clone());
        }
        // The values of members may name members before them.
        self.scopes.push();
        for (at, member) in enumeration.members.iter().enumerate() {
            if enumeration.members[..at]
                .iter()
                .any(|other| other.name.name == member.name.name)
            {
                self.error(
                    codes::DUPLICATE_NAME,
                    member.name.span,
                    format!("the member `{}` is declared twice", member.name),
                );
            }
            match (&underlying, &member.value) {
                (Some(ty), Some(value)) => {
                    self.check(value, ty);
                    if let Some(value) = self.constant(value, "the value of a member") {
                        self.typed.set_constant(member.id, value);
                    }
                }
                (Some(_), None) => {
                    self.error(
                        codes::WRONG_FIELDS,
                        member.name.span,
                        format!("the member `{}` needs a value", member.name),
                    );
                }
                (None, Some(value)) => {
                    self.error(
                        codes::WRONG_FIELDS,
                        value.span,
                        "members have values only where the enumeration has a type",
                    )
                    .hint = Some("write `enum bit<8> Name { .. }`".to_owned());
                }
                (None, None) => {}
            }
            self.scopes.declare(&member.name.name, member.id);
        }
        self.scopes.pop();
    }

    fn error_members(&mut self, members: &'a [Member]) {
        for member in members {
            let known = self
                .typed
                .errors
                .iter()
                .find(|&&id| self.typed.name(id) == member.name.as_str())
                .copied();
            match known.and_then(|id| self.typed.node(id)) {
                Some(Node::Member(before, _)) => {
                    self.error(
                        codes::DUPLICATE_NAME,
                        member.name.span,
                        format!("the error `{}` is declared twice", member.name),
                    )
                    .note(before.name.span, "first declared here");
                }
                _ => self.typed.errors.push(member.id),
            }
        }
    }
}
