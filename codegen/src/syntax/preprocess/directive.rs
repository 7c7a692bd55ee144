//! Directives.

use std::rc::Rc;

use super::macros::Macro;
use super::{Preprocessor, Token, TokenKind, codes};
use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// An `#if` with what follows until its `#endif`.
pub(super) struct Conditional {
    /// The directive that opened it.
    pub(super) span: Span,
    /// Whether the text is read now.
    pub(super) active: bool,
    /// Whether text around it is read.
    outer_active: bool,
    /// Whether one of its branches has been read.
    taken: bool,
    /// Whether its `#else` has come.
    else_seen: bool,
}

impl Preprocessor<'_> {
    /// Obeys the directive that begins with the `#` at `hash`.
    pub(super) fn directive(&mut self, hash: Span, skipping: bool) {
        let line = self.rest_of_line();
        let Some(name) = line.first() else {
            return;
        };
        let span = hash.to(name.span);
        let arguments = &line[1..];
        match &*name.text {
            "if" => self.open_conditional(span, skipping, |this| this.condition(span, arguments)),
            "ifdef" => {
                self.open_conditional(span, skipping, |this| this.is_defined(span, arguments));
            }
            "ifndef" => {
                self.open_conditional(span, skipping, |this| !this.is_defined(span, arguments));
            }
            "elif" => self.next_branch(span, Some(arguments)),
            "else" => self.next_branch(span, None),
            "endif" => {
                let closed = self
                    .files
                    .last_mut()
                    .and_then(|file| file.conditionals.pop());
                if closed.is_none() {
                    self.error(codes::CONDITIONAL, span, "`#endif` without `#if`");
                }
            }
            _ if skipping => {}
            "define" => self.define(span, arguments),
            "undef" => {
                if let Some(name) = self.macro_name(span, arguments) {
                    self.macros.remove(&name.text);
                }
            }
            "include" => self.include(name.span, arguments),
            "error" => {
                let text = self.text_of(arguments);
                self.error(codes::USER_ERROR, span, format!("#error {text}"));
            }
            "pragma" => {
                if arguments.first().is_some_and(|word| &*word.text == "once")
                    && let Some(file) = self.files.last()
                {
                    self.once.insert(file.file);
                }
            }
            // Line markers of another preprocessor say where the text was once; ours is where it is.
            "line" | "warning" => {}
            _ if name.kind == TokenKind::Integer => {}
            other => {
                let message = format!("there is no directive `#{other}`");
                self.error(codes::DIRECTIVE, span, message);
            }
        }
    }

    /// Takes the tokens up to the end of the line.
    fn rest_of_line(&mut self) -> Vec<Token> {
        let Some(file) = self.files.last_mut() else {
            return Vec::new();
        };
        let rest = &file.tokens[file.at..];
        let length = rest
            .iter()
            .take_while(|token| token.kind != TokenKind::Newline)
            .count();
        let line = rest[..length].to_vec();
        file.at += length;
        self.work += length;
        line
    }

    /// The source text that tokens of one line span.
    pub(super) fn text_of(&self, tokens: &[Token]) -> String {
        match (tokens.first(), tokens.last()) {
            (Some(first), Some(last)) => self.sources.text(first.span.to(last.span)).to_owned(),
            _ => String::new(),
        }
    }

    fn macro_name<'t>(&mut self, span: Span, arguments: &'t [Token]) -> Option<&'t Token> {
        match arguments.first() {
            Some(name) if name.kind == TokenKind::Word => Some(name),
            other => {
                let span = other.map_or(span.after(), |token| token.span);
                self.error(codes::DIRECTIVE, span, "expected the name of a macro");
                None
            }
        }
    }

    fn is_defined(&mut self, span: Span, arguments: &[Token]) -> bool {
        self.macro_name(span, arguments)
            .is_some_and(|name| self.knows_macro(&name.text))
    }

    pub(super) fn knows_macro(&self, name: &str) -> bool {
        self.macros.contains_key(name) || matches!(name, "__LINE__" | "__FILE__")
    }

    fn open_conditional(
        &mut self,
        span: Span,
        skipping: bool,
        decide: impl FnOnce(&mut Self) -> bool,
    ) {
        let active = !skipping && decide(self);
        if let Some(file) = self.files.last_mut() {
            file.conditionals.push(Conditional {
                span,
                active,
                outer_active: !skipping,
                taken: active,
                else_seen: false,
            });
        }
    }

    /// Goes on to an `#elif` with its condition or to an `#else`.
    fn next_branch(&mut self, span: Span, condition: Option<&[Token]>) {
        let name = if condition.is_some() {
            "#elif"
        } else {
            "#else"
        };
        let Some(part) = self.files.last().and_then(|file| file.conditionals.last()) else {
            self.error(codes::CONDITIONAL, span, format!("`{name}` without `#if`"));
            return;
        };
        if part.else_seen {
            let error =
                Diagnostic::error(codes::CONDITIONAL, span, format!("`{name}` after `#else`"));
            let opened = part.span;
            self.report(error.with_label(opened, "the conditional begins here"));
        }
        let Some(part) = self.files.last().and_then(|file| file.conditionals.last()) else {
            return;
        };
        let open = part.outer_active && !part.taken;
        let active = open
            && match condition {
                Some(condition) => self.condition(span, condition),
                None => true,
            };
        if let Some(part) = self
            .files
            .last_mut()
            .and_then(|file| file.conditionals.last_mut())
        {
            part.active = active;
            part.taken |= active;
            part.else_seen |= condition.is_none();
        }
    }

    fn define(&mut self, span: Span, arguments: &[Token]) {
        let Some(name) = self.macro_name(span, arguments) else {
            return;
        };
        if matches!(&*name.text, "defined" | "__LINE__" | "__FILE__") {
            let message = format!("`{}` cannot be defined", name.text);
            self.error(codes::DIRECTIVE, name.span, message);
            return;
        }
        let mut body = &arguments[1..];
        let mut parameters = None;
        if let Some(paren) = body.first()
            && paren.kind == TokenKind::LeftParen
            && !paren.spaced
        {
            let Some(close) = body
                .iter()
                .position(|token| token.kind == TokenKind::RightParen)
            else {
                let message = "the parameters of the macro have no `)`";
                self.error(codes::DIRECTIVE, paren.span, message);
                return;
            };
            match self.macro_parameters(&body[1..close]) {
                Some(names) => parameters = Some(names),
                None => return,
            }
            body = &body[close + 1..];
        }
        let new = Macro::new(parameters, body, name.span);
        let new = match new {
            Ok(new) => Rc::new(new),
            Err((span, message)) => {
                self.error(codes::DIRECTIVE, span, message);
                return;
            }
        };
        let old = self.macros.insert(name.text.clone(), new.clone());
        if let Some(old) = old
            && !old.same_as(&new)
        {
            let message = format!("`{}` is defined again, differently", name.text);
            self.report(
                Diagnostic::warning(codes::MACRO_REDEFINED, name.span, message)
                    .with_label(old.definition, "defined first here")
                    .with_hint(format!("`#undef {}` before", name.text)),
            );
        }
    }

    /// The names between the parentheses of a definition. A last `...` becomes `__VA_ARGS__`, which takes the rest.
    fn macro_parameters(&mut self, tokens: &[Token]) -> Option<Vec<Token>> {
        let mut names: Vec<Token> = Vec::new();
        if tokens.is_empty() {
            return Some(names);
        }
        let parts: Vec<&[Token]> = tokens
            .split(|token| token.kind == TokenKind::Comma)
            .collect();
        let last = parts.len() - 1;
        for (at, part) in parts.into_iter().enumerate() {
            match part {
                [name] if name.kind == TokenKind::Word => {
                    if names.iter().any(|other| other.text == name.text) {
                        let message = format!("two parameters are named `{}`", name.text);
                        self.error(codes::DIRECTIVE, name.span, message);
                        return None;
                    }
                    names.push(name.clone());
                }
                [dots] if dots.kind == TokenKind::Ellipsis && at == last => names.push(Token {
                    kind: TokenKind::Ellipsis,
                    text: self.interner.intern("__VA_ARGS__"),
                    ..dots.clone()
                }),
                _ => {
                    let span = part.first().unwrap_or(&tokens[0]).span;
                    self.error(codes::DIRECTIVE, span, "expected the name of a parameter");
                    return None;
                }
            }
        }
        Some(names)
    }
}
