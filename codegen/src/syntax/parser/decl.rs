//! Declarations.

use super::scope::NameKind;
use super::{Parsed, Parser, TokenKind, codes};
use crate::ast::{
    Action, Aggregate, AliasTarget, Annotation, Const, Decl, DeclKind, Direction, Enum, Extern,
    Field, Function, Instance, Member, Method, MethodKind, Param, Signature, Type, TypeAlias,
    Variable,
};
use crate::diagnostic::Diagnostic;
use crate::source::Span;

impl Parser<'_> {
    /// A declaration at the top level; none where only a semicolon or a forward declaration is.
    pub(super) fn top_level(&mut self) -> Parsed<Option<Decl>> {
        if self.eat(TokenKind::Semicolon).is_some() {
            return Ok(None);
        }
        let start = self.peek().span;
        let annotations = self.annotations()?;
        let braced = self.nth(1).kind == TokenKind::LeftBrace;
        Ok(Some(match self.kind() {
            TokenKind::Const => self.constant(annotations, start)?,
            TokenKind::Action => self.action(annotations, start)?,
            TokenKind::Parser | TokenKind::Control | TokenKind::Package => {
                self.block_declaration(annotations, start)?
            }
            TokenKind::Header | TokenKind::HeaderUnion | TokenKind::Struct => {
                self.aggregate(annotations, start)?
            }
            TokenKind::Enum => self.enumeration(annotations, start)?,
            TokenKind::Error | TokenKind::MatchKind if braced => {
                self.members_of_one(annotations, start)?
            }
            TokenKind::Typedef => self.alias(annotations, start)?,
            TokenKind::Word if self.at_word("type") && self.nth(1).kind != TokenKind::LeftParen => {
                self.alias(annotations, start)?
            }
            TokenKind::Extern => return self.external(annotations, start),
            TokenKind::Table | TokenKind::ValueSet => {
                let word = self.peek();
                let within = match word.kind {
                    TokenKind::Table => "control",
                    _ => "parser",
                };
                let message = format!("a `{}` is declared in a {within}", word.text);
                return Err(self.fail(Diagnostic::error(codes::DECLARATION, word.span, message)));
            }
            TokenKind::Word | TokenKind::Dot => self.typed(annotations, start)?,
            _ if self.at_type_keyword() => self.typed(annotations, start)?,
            _ => return Err(self.unexpected(codes::DECLARATION, "a declaration")),
        }))
    }

    /// What begins with a type outside of statements: a function or an instance.
    fn typed(&mut self, annotations: Vec<Annotation>, start: Span) -> Parsed<Decl> {
        let before = self.at;
        let ty = self.ty()?;
        if self.at(TokenKind::LeftParen) {
            return self.instance(annotations, start, ty);
        }
        if !self.at(TokenKind::Word) {
            if self.at == before + 1 && self.tokens[before].kind == TokenKind::Word {
                self.at = before;
                return Err(self.unexpected(codes::DECLARATION, "a declaration"));
            }
            return Err(self.unexpected(codes::NAME, "a name after the type"));
        }
        match self.nth(1).kind {
            TokenKind::LeftParen | TokenKind::Less => {
                let id = self.decl_id();
                self.scopes.enter();
                let function = self.signature(ty).and_then(|signature| {
                    let body = self.block("the body of the function")?;
                    Ok(Function { signature, body })
                });
                self.scopes.leave();
                let function = function?;
                self.scopes
                    .declare(&function.signature.name, NameKind::Value);
                Ok(Decl {
                    id,
                    annotations,
                    span: start.to(function.body.span),
                    kind: DeclKind::Function(function),
                })
            }
            TokenKind::Assign | TokenKind::Semicolon => {
                let span = start.to(self.peek().span);
                let message = "a variable cannot be declared at the top level";
                let error = Diagnostic::error(codes::DECLARATION, span, message);
                Err(self
                    .fail(error.with_hint("make it `const`, or declare it in a control or parser")))
            }
            _ => {
                // `heade h {`: the first word was probably meant as a keyword.
                if self.tokens[before].kind == TokenKind::Word {
                    self.at = before;
                    return Err(self.unexpected(codes::DECLARATION, "a declaration"));
                }
                self.bump();
                Err(self.unexpected(codes::UNEXPECTED, "`(` after the name"))
            }
        }
    }

    pub(super) fn constant(&mut self, annotations: Vec<Annotation>, start: Span) -> Parsed<Decl> {
        self.bump();
        let id = self.decl_id();
        let ty = self.ty()?;
        let (ty, name) = self.declarator(ty, "a constant")?;
        let place = format!("and a value after constant `{name}`");
        self.expect(TokenKind::Assign, "=", &place)?;
        let value = self.initializer()?;
        self.scopes.declare(&name, NameKind::Value);
        let end = self.semicolon(&format!("constant `{name}`"))?;
        Ok(Decl {
            id,
            annotations,
            kind: DeclKind::Const(Const { ty, name, value }),
            span: start.to(end),
        })
    }

    /// What begins with a type among statements or in a control or parser.
    pub(super) fn variable_or_instance(
        &mut self,
        annotations: Vec<Annotation>,
        start: Span,
    ) -> Parsed<Decl> {
        let ty = self.ty()?;
        if self.at(TokenKind::LeftParen) {
            return self.instance(annotations, start, ty);
        }
        let mut variable = self.variable(annotations, start, ty)?;
        let what = variable
            .name()
            .map_or_else(String::new, |name| format!("variable `{name}`"));
        let end = self.semicolon(&what)?;
        variable.span = start.to(end);
        Ok(variable)
    }

    /// The name and value of a variable whose type has been parsed, without the semicolon.
    pub(super) fn variable(
        &mut self,
        annotations: Vec<Annotation>,
        start: Span,
        ty: Type,
    ) -> Parsed<Decl> {
        let id = self.decl_id();
        let (ty, name) = self.declarator(ty, "a variable")?;
        let value = match self.eat(TokenKind::Assign) {
            Some(_) => Some(self.initializer()?),
            None => None,
        };
        self.scopes.declare(&name, NameKind::Value);
        Ok(Decl {
            id,
            annotations,
            kind: DeclKind::Variable(Variable { ty, name, value }),
            span: start.to(self.last_span()),
        })
    }

    /// The rest of `Type(arguments) name = { body };`.
    fn instance(&mut self, annotations: Vec<Annotation>, start: Span, ty: Type) -> Parsed<Decl> {
        let id = self.decl_id();
        let (arguments, _) = self.arguments()?;
        let (ty, name) = self.declarator(ty, "the instance")?;
        self.scopes.declare(&name, NameKind::Value);
        let body = match self.eat(TokenKind::Assign) {
            Some(_) => {
                let open = self.expect(TokenKind::LeftBrace, "{", "before the methods")?;
                self.scopes.enter();
                let (items, _) = self.items(open, |this| {
                    let start = this.peek().span;
                    let annotations = this.annotations()?;
                    this.nested(|this| this.typed(annotations, start))
                });
                self.scopes.leave();
                Some(items)
            }
            None => None,
        };
        let end = self.semicolon(&format!("instance `{name}`"))?;
        Ok(Decl {
            id,
            annotations,
            kind: DeclKind::Instance(Instance {
                id: self.expr_id(1),
                ty,
                arguments,
                name,
                body,
            }),
            span: start.to(end),
        })
    }

    pub(super) fn action(&mut self, annotations: Vec<Annotation>, start: Span) -> Parsed<Decl> {
        self.bump();
        let id = self.decl_id();
        let name = self.name("an action")?;
        self.scopes.declare(&name, NameKind::Value);
        self.scopes.enter();
        let rest = self.params().and_then(|params| {
            let body = self.block(&format!("the body of action `{name}`"))?;
            Ok((params, body))
        });
        self.scopes.leave();
        let (params, body) = rest?;
        Ok(Decl {
            id,
            annotations,
            span: start.to(body.span),
            kind: DeclKind::Action(Action { name, params, body }),
        })
    }

    /// `(parameters)`. Their names are values in the innermost scope.
    pub(super) fn params(&mut self) -> Parsed<Vec<Param>> {
        let open = self.expect(TokenKind::LeftParen, "(", "before the parameters")?;
        let params = self.comma_separated(TokenKind::RightParen, Parser::param)?;
        self.close(TokenKind::RightParen, ")", open)?;
        for param in &params {
            self.scopes.declare(&param.name, NameKind::Value);
        }
        Ok(params)
    }

    fn param(&mut self) -> Parsed<Param> {
        let start = self.peek().span;
        let id = self.decl_id();
        let annotations = self.annotations()?;
        let direction = match self.kind() {
            TokenKind::In => Direction::In,
            TokenKind::Out => Direction::Out,
            TokenKind::InOut => Direction::InOut,
            _ => Direction::None,
        };
        if direction != Direction::None {
            self.bump();
        }
        let ty = self.ty()?;
        let (ty, name) = self.declarator(ty, "a parameter")?;
        let default = match self.eat(TokenKind::Assign) {
            Some(_) => Some(self.initializer()?),
            None => None,
        };
        Ok(Param {
            id,
            annotations,
            direction,
            ty,
            name,
            default,
            span: start.to(self.last_span()),
        })
    }

    /// The rest of a function's head, whose result type has been parsed. Declares names in the innermost scope.
    fn signature(&mut self, result: Type) -> Parsed<Signature> {
        let name = self.name("a function")?;
        let type_params = self.type_params()?;
        let params = self.params()?;
        Ok(Signature {
            result,
            name,
            type_params,
            params,
        })
    }

    /// An extern function or object.
    fn external(&mut self, annotations: Vec<Annotation>, start: Span) -> Parsed<Option<Decl>> {
        self.bump();
        let after_name = self.at + 1;
        let after_type_params = self
            .tokens
            .get(after_name..)
            .filter(|rest| {
                rest.first()
                    .is_some_and(|token| token.kind == TokenKind::Less)
            })
            .and_then(|rest| {
                rest.iter()
                    .position(|token| token.kind == TokenKind::Greater)
            })
            .map_or(after_name, |close| after_name + close + 1);
        let follows = self.tokens.get(after_type_params).map(|token| token.kind);
        let id = self.decl_id();
        if self.at(TokenKind::Word) && self.nth(1).kind == TokenKind::Semicolon {
            // A forward declaration: the name is a type from here on.
            let name = self.name("an extern")?;
            self.scopes.declare(&name, NameKind::Type);
            self.bump();
            return Ok(None);
        }
        let kind = if self.at(TokenKind::Word) && follows == Some(TokenKind::LeftBrace) {
            self.extern_object()?
        } else {
            let result = self.ty()?;
            self.scopes.enter();
            let signature = self.signature(result);
            self.scopes.leave();
            let signature = signature?;
            self.scopes.declare(&signature.name, NameKind::Value);
            self.semicolon(&format!("function `{}`", signature.name))?;
            DeclKind::ExternFunction(signature)
        };
        Ok(Some(Decl {
            id,
            annotations,
            kind,
            span: start.to(self.last_span()),
        }))
    }

    fn extern_object(&mut self) -> Parsed<DeclKind> {
        let name = self.name("an extern")?;
        self.scopes.declare(&name, NameKind::Type);
        self.scopes.enter();
        let rest = self.type_params().and_then(|type_params| {
            let open = self.expect(TokenKind::LeftBrace, "{", "before the methods")?;
            let (methods, _) = self.items(open, Parser::method);
            Ok((type_params, methods))
        });
        self.scopes.leave();
        let (type_params, methods) = rest?;
        Ok(DeclKind::Extern(Extern {
            name,
            type_params,
            methods,
        }))
    }

    fn method(&mut self) -> Parsed<Method> {
        let start = self.peek().span;
        let id = self.decl_id();
        let annotations = self.annotations()?;
        let is_abstract = self.eat(TokenKind::Abstract).is_some();
        self.scopes.enter();
        let is_constructor =
            self.at(TokenKind::Word) && self.nth(1).kind == TokenKind::LeftParen && !is_abstract;
        let kind = if is_constructor {
            self.name("a constructor").and_then(|name| {
                let params = self.params()?;
                Ok(MethodKind::Constructor { name, params })
            })
        } else {
            self.ty().and_then(|result| {
                let signature = self.signature(result)?;
                Ok(MethodKind::Method {
                    is_abstract,
                    signature,
                })
            })
        };
        self.scopes.leave();
        let kind = kind?;
        let end = self.semicolon("the method")?;
        Ok(Method {
            id,
            annotations,
            kind,
            span: start.to(end),
        })
    }

    fn aggregate(&mut self, annotations: Vec<Annotation>, start: Span) -> Parsed<Decl> {
        let word = self.bump();
        let id = self.decl_id();
        let name = self.name(&format!("a {}", word.text))?;
        self.scopes.declare(&name, NameKind::Type);
        self.scopes.enter();
        let rest = self.type_params().and_then(|type_params| {
            let place = format!("before the fields of `{name}`");
            let open = self.expect(TokenKind::LeftBrace, "{", &place)?;
            Ok((type_params, self.items(open, Parser::field)))
        });
        self.scopes.leave();
        let (type_params, (fields, end)) = rest?;
        let aggregate = Aggregate {
            name,
            type_params,
            fields,
        };
        Ok(Decl {
            id,
            annotations,
            kind: match word.kind {
                TokenKind::Header => DeclKind::Header(aggregate),
                TokenKind::HeaderUnion => DeclKind::HeaderUnion(aggregate),
                _ => DeclKind::Struct(aggregate),
            },
            span: start.to(end),
        })
    }

    fn field(&mut self) -> Parsed<Field> {
        let start = self.peek().span;
        let id = self.decl_id();
        let annotations = self.annotations()?;
        let ty = self.ty()?;
        let (ty, name) = self.declarator(ty, "a field")?;
        let end = self.semicolon(&format!("field `{name}`"))?;
        Ok(Field {
            id,
            annotations,
            ty,
            name,
            span: start.to(end),
        })
    }

    fn enumeration(&mut self, annotations: Vec<Annotation>, start: Span) -> Parsed<Decl> {
        self.bump();
        let id = self.decl_id();
        let plain = self.nth(1).kind == TokenKind::LeftBrace;
        let underlying = if plain { None } else { Some(self.ty()?) };
        let name = self.name("an enum")?;
        self.scopes.declare(&name, NameKind::Type);
        let (members, end) = self.members(underlying.is_some())?;
        Ok(Decl {
            id,
            annotations,
            kind: DeclKind::Enum(Enum {
                underlying,
                name,
                members,
            }),
            span: start.to(end),
        })
    }

    /// `error {..}`, `match_kind {..}`
    fn members_of_one(&mut self, annotations: Vec<Annotation>, start: Span) -> Parsed<Decl> {
        let word = self.bump();
        let id = self.decl_id();
        let (members, end) = self.members(false)?;
        Ok(Decl {
            id,
            annotations,
            kind: match word.kind {
                TokenKind::Error => DeclKind::Error(members),
                _ => DeclKind::MatchKind(members),
            },
            span: start.to(end),
        })
    }

    fn members(&mut self, with_values: bool) -> Parsed<(Vec<Member>, Span)> {
        let open = self.expect(TokenKind::LeftBrace, "{", "before the members")?;
        let members = self.comma_separated(TokenKind::RightBrace, |this| {
            let id = this.decl_id();
            this.annotations()?;
            let name = this.name("a member")?;
            let value = if with_values {
                this.expect(TokenKind::Assign, "=", "and a value after the member")?;
                Some(this.expression()?)
            } else {
                None
            };
            Ok(Member { id, name, value })
        })?;
        let end = self.close(TokenKind::RightBrace, "}", open)?;
        Ok((members, end))
    }

    /// `typedef` and `type`.
    fn alias(&mut self, annotations: Vec<Annotation>, start: Span) -> Parsed<Decl> {
        let word = self.bump();
        let id = self.decl_id();
        let inner_start = self.peek().span;
        let target = match self.kind() {
            TokenKind::Header | TokenKind::HeaderUnion | TokenKind::Struct => {
                AliasTarget::Decl(Box::new(self.aggregate(Vec::new(), inner_start)?))
            }
            TokenKind::Enum => {
                AliasTarget::Decl(Box::new(self.enumeration(Vec::new(), inner_start)?))
            }
            _ => AliasTarget::Type(self.ty()?),
        };
        let name = self.name("the new type")?;
        self.scopes.declare(&name, NameKind::Type);
        let end = self.semicolon(&format!("`{} {name}`", word.text))?;
        let alias = TypeAlias { target, name };
        Ok(Decl {
            id,
            annotations,
            kind: match word.kind {
                TokenKind::Typedef => DeclKind::Typedef(alias),
                _ => DeclKind::NewType(alias),
            },
            span: start.to(end),
        })
    }
}
