//! Annotations.

use super::super::literal;
use super::{Parsed, Parser, Token, TokenKind};
use crate::ast::{Annotation, AnnotationBody, AnnotationToken, AnnotationTokenKind, NamedExpr};

impl Parser<'_> {
    /// As many annotations as there are.
    pub(super) fn annotations(&mut self) -> Parsed<Vec<Annotation>> {
        let mut annotations = Vec::new();
        while self.at(TokenKind::At) {
            annotations.push(self.annotation()?);
        }
        Ok(annotations)
    }

    fn annotation(&mut self) -> Parsed<Annotation> {
        let start = self.bump().span;
        if self.at_word("pragma") && !self.nth(1).line_start {
            self.bump();
            let name = self.name("a pragma")?;
            let mut tokens = Vec::new();
            while !self.peek().line_start && !self.at(TokenKind::EndOfFile) {
                tokens.push(annotation_token(self.bump()));
            }
            return Ok(Annotation {
                name,
                body: AnnotationBody::Unstructured(tokens),
                span: start.to(self.last_span()),
            });
        }
        let name = self.name("an annotation")?;
        let body = match self.kind() {
            TokenKind::LeftParen => self.unstructured()?,
            TokenKind::LeftBracket => self.structured()?,
            _ => AnnotationBody::Empty,
        };
        Ok(Annotation {
            name,
            body,
            span: start.to(self.last_span()),
        })
    }

    /// Any tokens in parentheses.
    fn unstructured(&mut self) -> Parsed<AnnotationBody> {
        let open = self.bump().span;
        let mut tokens = Vec::new();
        let mut depth = 0usize;
        loop {
            match self.kind() {
                TokenKind::LeftParen => depth += 1,
                TokenKind::RightParen if depth == 0 => break,
                TokenKind::RightParen => depth -= 1,
                TokenKind::EndOfFile => break,
                _ => {}
            }
            tokens.push(annotation_token(self.bump()));
        }
        self.close(TokenKind::RightParen, ")", open)?;
        Ok(AnnotationBody::Unstructured(tokens))
    }

    /// Expressions or named expressions in brackets.
    fn structured(&mut self) -> Parsed<AnnotationBody> {
        let open = self.bump().span;
        let named = self.at(TokenKind::Word) && self.nth(1).kind == TokenKind::Assign;
        let body = if named {
            AnnotationBody::Map(
                self.comma_separated(TokenKind::RightBracket, Parser::named_expression)?,
            )
        } else {
            AnnotationBody::List(self.comma_separated(TokenKind::RightBracket, Parser::expression)?)
        };
        self.close(TokenKind::RightBracket, "]", open)?;
        Ok(body)
    }

    /// `name = value`, where the value may be `...`.
    pub(super) fn named_expression(&mut self) -> Parsed<NamedExpr> {
        let name = self.name("a field")?;
        self.expect(TokenKind::Assign, "=", "after the name of the field")?;
        let value = self.initializer()?;
        Ok(NamedExpr {
            span: name.span.to(value.span),
            name,
            value,
        })
    }
}

fn annotation_token(token: &Token) -> AnnotationToken {
    let (kind, text) = match token.kind {
        TokenKind::Integer => (AnnotationTokenKind::Integer, token.text.clone()),
        TokenKind::String => (AnnotationTokenKind::String, literal::string(&token.text)),
        TokenKind::Word => (AnnotationTokenKind::Word, token.text.clone()),
        kind if kind.is_keyword() => (AnnotationTokenKind::Word, token.text.clone()),
        _ => (AnnotationTokenKind::Punctuation, token.text.clone()),
    };
    AnnotationToken {
        kind,
        text,
        span: token.span,
    }
}
