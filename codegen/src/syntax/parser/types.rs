//! Types and type parameters.

use super::scope::NameKind;
use super::{Parsed, Parser, TokenKind, codes};
use crate::ast::{Ident, Path, Type, TypeKind, TypeParam};

impl Parser<'_> {
    /// A type. Any name is taken for one, whether it is declared or not.
    pub(super) fn ty(&mut self) -> Parsed<Type> {
        self.nested(|this| {
            let mut ty = this.simple_type()?;
            while this.at(TokenKind::LeftBracket) {
                ty = this.stack_of(ty)?;
            }
            Ok(ty)
        })
    }

    /// The name of a variable, field or parameter; `[size]` after it makes its type a stack.
    pub(super) fn declarator(&mut self, mut ty: Type, what: &str) -> Parsed<(Type, Ident)> {
        let name = self.name(what)?;
        while self.at(TokenKind::LeftBracket) {
            ty = self.stack_of(ty)?;
        }
        Ok((ty, name))
    }

    fn stack_of(&mut self, element: Type) -> Parsed<Type> {
        let open = self.bump().span;
        let size = self.expression()?;
        let end = self.close(TokenKind::RightBracket, "]", open)?;
        let span = element.span.to(end);
        Ok(Type {
            kind: TypeKind::Stack {
                element: Box::new(element),
                size: Box::new(size),
            },
            span,
        })
    }

    fn simple_type(&mut self) -> Parsed<Type> {
        let start = self.peek().span;
        let kind = match self.kind() {
            TokenKind::Bool => self.keyword(TypeKind::Bool),
            TokenKind::Error => self.keyword(TypeKind::Error),
            TokenKind::MatchKind => self.keyword(TypeKind::MatchKind),
            TokenKind::StringType => self.keyword(TypeKind::String),
            TokenKind::Void => self.keyword(TypeKind::Void),
            TokenKind::Underscore => self.keyword(TypeKind::DontCare),
            TokenKind::Bit => {
                self.bump();
                if self.at(TokenKind::Less) {
                    TypeKind::Bit(Some(Box::new(self.width()?)))
                } else {
                    TypeKind::Bit(None)
                }
            }
            TokenKind::Int => {
                self.bump();
                if self.at(TokenKind::Less) {
                    TypeKind::Int(Box::new(self.width()?))
                } else {
                    TypeKind::Integer
                }
            }
            TokenKind::Varbit => {
                self.bump();
                TypeKind::Varbit(Box::new(self.width()?))
            }
            TokenKind::Tuple => {
                self.bump();
                TypeKind::Tuple(self.type_arguments()?)
            }
            TokenKind::Word | TokenKind::Dot => self.named_type()?,
            _ => return Err(self.unexpected(codes::TYPE, "a type")),
        };
        Ok(Type {
            kind,
            span: start.to(self.last_span()),
        })
    }

    fn keyword(&mut self, kind: TypeKind) -> TypeKind {
        self.bump();
        kind
    }

    fn named_type(&mut self) -> Parsed<TypeKind> {
        if self.at_list_type() {
            let word = self.bump().span;
            let mut arguments = self.type_arguments()?;
            return match (arguments.pop(), arguments.is_empty()) {
                (Some(element), true) => Ok(TypeKind::List(Box::new(element))),
                _ => {
                    let message = "`list` has one type argument, the type of its elements";
                    let error = crate::diagnostic::Diagnostic::error(codes::TYPE, word, message);
                    Err(self.fail(error))
                }
            };
        }
        let base = self.path("a type")?;
        if !self.at(TokenKind::Less) {
            return Ok(TypeKind::Name(base));
        }
        let arguments = self.type_arguments()?;
        Ok(if arguments.is_empty() {
            TypeKind::Name(base)
        } else {
            TypeKind::Specialized { base, arguments }
        })
    }

    /// `name` or `.name`
    pub(super) fn path(&mut self, what: &str) -> Parsed<Path> {
        let dot = self.eat(TokenKind::Dot);
        let name = self.name(what)?;
        Ok(Path {
            absolute: dot.is_some(),
            span: dot.map_or(name.span, |dot| dot.to(name.span)),
            name,
        })
    }

    /// `<width>`
    fn width(&mut self) -> Parsed<crate::ast::Expr> {
        let open = self.expect(TokenKind::Less, "<", "before the width")?;
        let width = self.width_expression()?;
        self.close(TokenKind::Greater, ">", open)?;
        Ok(width)
    }

    /// `<types>`
    pub(super) fn type_arguments(&mut self) -> Parsed<Vec<Type>> {
        let open = self.expect(TokenKind::Less, "<", "before the type arguments")?;
        let arguments = self.comma_separated(TokenKind::Greater, Parser::ty)?;
        self.close(TokenKind::Greater, ">", open)?;
        Ok(arguments)
    }

    /// `<names>`, or nothing. The names are types in the innermost scope.
    pub(super) fn type_params(&mut self) -> Parsed<Vec<TypeParam>> {
        let Some(open) = self.eat(TokenKind::Less) else {
            return Ok(Vec::new());
        };
        let names = self.comma_separated(TokenKind::Greater, |this| {
            let name = this.name("a type parameter")?;
            this.scopes.declare(&name, NameKind::Type);
            Ok(TypeParam {
                id: this.decl_id(),
                name,
            })
        })?;
        self.close(TokenKind::Greater, ">", open)?;
        Ok(names)
    }
}
