//! Looking at tokens, taking them, and going on after errors.

use super::super::token::keyword_like;
use super::{Failed, Parsed, Parser, Token, TokenKind, codes};
use crate::ast::Ident;
use crate::diagnostic::Diagnostic;
use crate::source::Span;

impl<'a> Parser<'a> {
    pub(super) fn peek(&self) -> &'a Token {
        self.nth(0)
    }

    pub(super) fn nth(&self, n: usize) -> &'a Token {
        &self.tokens[(self.at + n).min(self.tokens.len() - 1)]
    }

    pub(super) fn kind(&self) -> TokenKind {
        self.peek().kind
    }

    pub(super) fn at(&self, kind: TokenKind) -> bool {
        self.kind() == kind
    }

    /// Whether a word comes that means something only in some places.
    pub(super) fn at_word(&self, word: &str) -> bool {
        self.at(TokenKind::Word) && &*self.peek().text == word
    }

    /// Takes the next token; the end of the file stays.
    pub(super) fn bump(&mut self) -> &'a Token {
        let token = self.peek();
        if token.kind != TokenKind::EndOfFile {
            self.at += 1;
        }
        token
    }

    pub(super) fn eat(&mut self, kind: TokenKind) -> Option<Span> {
        self.at(kind).then(|| self.bump().span)
    }

    /// The place of the token taken last.
    pub(super) fn last_span(&self) -> Span {
        self.tokens[self.at.saturating_sub(1)].span
    }

    /// Takes a token of this kind, which is written `text`; `place` says where: "after the name".
    pub(super) fn expect(&mut self, kind: TokenKind, text: &str, place: &str) -> Parsed<Span> {
        match self.eat(kind) {
            Some(span) => Ok(span),
            None => {
                let token = self.peek();
                let message = format!("expected `{text}` {place}, found {}", described(token));
                Err(self.fail(Diagnostic::error(codes::UNEXPECTED, token.span, message)))
            }
        }
    }

    /// Takes the bracket that closes the one at `open`.
    pub(super) fn close(&mut self, kind: TokenKind, text: &str, open: Span) -> Parsed<Span> {
        match self.eat(kind) {
            Some(span) => Ok(span),
            None => {
                let token = self.peek();
                let (code, message) = if token.kind == TokenKind::EndOfFile || self.at_outer() {
                    let opening = match text {
                        "}" => "{",
                        ")" => "(",
                        "]" => "[",
                        _ => "<",
                    };
                    (codes::UNCLOSED, format!("this `{opening}` has no `{text}`"))
                } else {
                    let message = format!("expected `{text}`, found {}", described(token));
                    (codes::UNEXPECTED, message)
                };
                let error = if code == codes::UNCLOSED {
                    Diagnostic::error(code, open, message)
                        .with_label(token.span, "what comes here cannot be inside")
                } else {
                    Diagnostic::error(code, token.span, message).with_label(open, "opened here")
                };
                Err(self.fail(error))
            }
        }
    }

    /// Takes the semicolon after `what`. Where it is missing at the end of a line, the error is reported and parsing
    /// goes on as if it were there.
    pub(super) fn semicolon(&mut self, what: &str) -> Parsed<Span> {
        if let Some(span) = self.eat(TokenKind::Semicolon) {
            return Ok(span);
        }
        let token = self.peek();
        let after = self.last_span().after();
        if token.line_start || token.kind == TokenKind::RightBrace {
            let error = Diagnostic::error(
                codes::SEMICOLON,
                after,
                format!("expected `;` after {what}"),
            );
            self.fail(error.with_hint("add `;`"));
            return Ok(after);
        }
        let message = format!("expected `;` after {what}, found {}", described(token));
        Err(self.fail(Diagnostic::error(codes::SEMICOLON, token.span, message)))
    }

    /// Takes a name; `what` says of what: "a field".
    pub(super) fn name(&mut self, what: &str) -> Parsed<Ident> {
        let token = self.peek();
        if token.kind == TokenKind::Word {
            self.bump();
            return Ok(Ident {
                name: token.text.clone(),
                span: token.span,
            });
        }
        let message = format!("expected the name of {what}, found {}", described(token));
        let mut error = Diagnostic::error(codes::NAME, token.span, message);
        if token.kind.is_keyword() {
            error = error.with_hint("keywords cannot be names");
        }
        Err(self.fail(error))
    }

    /// Elements with commas between them, and perhaps one at the end, until `end`, which stays.
    pub(super) fn comma_separated<T>(
        &mut self,
        end: TokenKind,
        mut element: impl FnMut(&mut Self) -> Parsed<T>,
    ) -> Parsed<Vec<T>> {
        let mut elements = Vec::new();
        while !self.at(end) {
            elements.push(element(self)?);
            if self.eat(TokenKind::Comma).is_none() {
                break;
            }
        }
        Ok(elements)
    }

    /// An error that says what was expected instead of the next token. A word that resembles a keyword gets a hint.
    pub(super) fn unexpected(&mut self, code: crate::diagnostic::Code, expected: &str) -> Failed {
        let token = self.peek();
        let message = format!("expected {expected}, found {}", described(token));
        let mut error = Diagnostic::error(code, token.span, message);
        if token.kind == TokenKind::Word
            && let Some(keyword) = keyword_like(&token.text)
        {
            error = error.with_hint(format!("did you mean `{keyword}`?"));
        }
        self.fail(error)
    }

    /// Whether a declaration begins that can only be at the top level: inside of braces one of them is not closed.
    pub(super) fn at_outer(&self) -> bool {
        self.peek().line_start
            && matches!(
                self.kind(),
                TokenKind::Header
                    | TokenKind::HeaderUnion
                    | TokenKind::Struct
                    | TokenKind::Control
                    | TokenKind::Parser
                    | TokenKind::Package
                    | TokenKind::Extern
                    | TokenKind::Typedef
                    | TokenKind::Enum
            )
    }

    /// Whether the items in braces end here.
    pub(super) fn at_end_of_items(&self) -> bool {
        matches!(self.kind(), TokenKind::RightBrace | TokenKind::EndOfFile) || self.at_outer()
    }

    /// Items in braces that are open already, until the closing one, which is taken. An item that fails is skipped.
    pub(super) fn items<T>(
        &mut self,
        open: Span,
        mut item: impl FnMut(&mut Self) -> Parsed<T>,
    ) -> (Vec<T>, Span) {
        let mut items = Vec::new();
        while !self.at_end_of_items() {
            let start = self.at;
            match item(self) {
                Ok(item) => items.push(item),
                Err(Failed) => self.skip_item(start),
            }
        }
        let end = self.close(TokenKind::RightBrace, "}", open);
        (items, end.unwrap_or_else(|_| self.last_span()))
    }

    /// Skips the rest of an item in braces that began at `start`: up to its semicolon or closing brace, or to the end of the
    /// items.
    pub(super) fn skip_item(&mut self, start: usize) {
        // The error may have been inside of braces of the item, such as those of a list.
        let open_at_error = self.braces_open_since(start);
        let mut depth = open_at_error;
        loop {
            match self.kind() {
                TokenKind::EndOfFile => return,
                TokenKind::LeftBrace => depth += 1,
                TokenKind::RightBrace if depth == 0 => return,
                TokenKind::RightBrace => {
                    depth -= 1;
                    if depth == 0 {
                        self.bump();
                        self.eat(TokenKind::Semicolon);
                        return;
                    }
                }
                TokenKind::Semicolon if depth <= open_at_error => {
                    self.bump();
                    return;
                }
                TokenKind::Transition if depth == 0 && self.at > start => return,
                _ if self.at > start && self.at_outer() => return,
                _ => {}
            }
            self.bump();
        }
    }

    fn braces_open_since(&self, start: usize) -> usize {
        let mut open = 0usize;
        for token in &self.tokens[start.min(self.at)..self.at] {
            match token.kind {
                TokenKind::LeftBrace => open += 1,
                TokenKind::RightBrace => open = open.saturating_sub(1),
                _ => {}
            }
        }
        open
    }

    /// Skips the rest of a declaration at the top level.
    pub(super) fn skip_declaration(&mut self, start: usize) {
        if self.at > start && self.at_outer() {
            return;
        }
        self.skip_item(start);
        // A brace that closes nothing.
        while self.eat(TokenKind::RightBrace).is_some() {}
    }
}

/// A token as messages name it.
pub(super) fn described(token: &Token) -> String {
    match token.kind {
        TokenKind::EndOfFile => "the end of the file".to_owned(),
        TokenKind::String => "a string".to_owned(),
        kind if kind.is_keyword() => format!("keyword `{}`", token.text),
        _ => {
            let short: String = token.text.chars().take(40).collect();
            format!("`{short}`")
        }
    }
}
