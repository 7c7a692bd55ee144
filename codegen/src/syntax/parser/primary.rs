//! Expressions without operators.

use super::super::literal;
use super::{Parsed, Parser, TokenKind, codes};
use crate::ast::{Expr, ExprKind, Type, TypeKind};
use crate::diagnostic::Diagnostic;

impl Parser<'_> {
    /// A literal, name, constructor call, or what is in parentheses or braces.
    pub(super) fn primary(&mut self) -> Parsed<Expr> {
        let token = self.peek();
        let span = token.span;
        let kind = match token.kind {
            TokenKind::Integer => {
                let value = match literal::integer(&token.text) {
                    Ok(value) => ExprKind::Int(value),
                    Err(message) => {
                        self.fail(Diagnostic::error(codes::INTEGER, span, message));
                        ExprKind::Invalid
                    }
                };
                self.bump();
                value
            }
            TokenKind::String => {
                self.bump();
                ExprKind::String(literal::string(&token.text))
            }
            TokenKind::True => {
                self.bump();
                ExprKind::Bool(true)
            }
            TokenKind::False => {
                self.bump();
                ExprKind::Bool(false)
            }
            TokenKind::This => {
                self.bump();
                ExprKind::This
            }
            TokenKind::Word | TokenKind::Dot => return self.name_or_construction(),
            TokenKind::Error => {
                self.bump();
                if !self.at(TokenKind::Dot) {
                    return Err(self.unexpected(codes::UNEXPECTED, "`.` after `error`"));
                }
                let kind = TypeKind::Error;
                ExprKind::Type(Box::new(Type { kind, span }))
            }
            TokenKind::LeftParen => {
                return self.nested(|this| this.bracketed(Parser::parenthesized));
            }
            TokenKind::LeftBrace => return self.nested(|this| this.bracketed(Parser::braced)),
            _ => return Err(self.no_expression()),
        };
        self.expr(kind, span)
    }

    fn name_or_construction(&mut self) -> Parsed<Expr> {
        if !self.at_type_name() {
            let path = self.path("a value")?;
            let span = path.span;
            return self.expr(ExprKind::Path(path), span);
        }
        let name_length = if self.at(TokenKind::Dot) { 2 } else { 1 };
        match self.nth(name_length).kind {
            TokenKind::LeftParen => self.construction(),
            TokenKind::Less
                if self
                    .after_type_arguments(self.at + name_length, 0)
                    .is_some() =>
            {
                self.construction()
            }
            _ => {
                let path = self.path("a type")?;
                let span = path.span;
                self.expr(ExprKind::Path(path), span)
            }
        }
    }

    /// A type with constructor arguments, or before a dot.
    fn construction(&mut self) -> Parsed<Expr> {
        let ty = self.ty()?;
        if self.at(TokenKind::Dot) {
            let span = ty.span;
            return self.expr(ExprKind::Type(Box::new(ty)), span);
        }
        let (arguments, end) = self.arguments()?;
        let span = ty.span.to(end);
        let ty = Box::new(ty);
        self.expr(ExprKind::Construct { ty, arguments }, span)
    }

    fn parenthesized(&mut self) -> Parsed<Expr> {
        let open = self.bump().span;
        let inner = self.expression()?;
        let end = self.close(TokenKind::RightParen, ")", open)?;
        Ok(Expr {
            span: open.to(end),
            ..inner
        })
    }

    /// `{..}`: a list, named fields, or an invalid header.
    fn braced(&mut self) -> Parsed<Expr> {
        let open = self.bump().span;
        let kind = if self.eat(TokenKind::Hash).is_some() {
            ExprKind::InvalidHeader
        } else if self.at(TokenKind::Word) && self.nth(1).kind == TokenKind::Assign {
            let mut rest = None;
            let mut fields = Vec::new();
            while !self.at(TokenKind::RightBrace) && rest.is_none() {
                rest = self.eat(TokenKind::Ellipsis);
                if rest.is_none() {
                    fields.push(self.named_expression()?);
                }
                if self.eat(TokenKind::Comma).is_none() {
                    break;
                }
            }
            ExprKind::Struct { fields, rest }
        } else {
            ExprKind::List(self.comma_separated(TokenKind::RightBrace, Parser::initializer)?)
        };
        let end = self.close(TokenKind::RightBrace, "}", open)?;
        self.expr(kind, open.to(end))
    }
}
