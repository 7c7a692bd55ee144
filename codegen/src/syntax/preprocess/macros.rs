//! Macros and their expansion.

use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use super::super::token::tokenize;
use super::{Preprocessor, Token, TokenKind, codes};
use crate::diagnostic::Diagnostic;
use crate::source::{Expansion, Span};

/// Depth of macro calls in arguments of macro calls.
const MAX_NESTING: usize = 64;
/// Length of a token that `#` or `##` make.
const MAX_TEXT: usize = 1 << 16;

/// A macro.
pub(super) struct Macro {
    /// Names of the parameters of a function-like macro.
    parameters: Option<Vec<Arc<str>>>,
    /// Whether the last parameter takes all arguments that are left.
    variadic: bool,
    body: Vec<Token>,
    /// Its name in its `#define`.
    pub(super) definition: Span,
}

/// Tokens of an expansion that are still to be looked at.
pub(super) struct Frame {
    tokens: VecDeque<Token>,
    /// The macro, which is not expanded again in its own expansion.
    name: Option<Arc<str>>,
}

impl Macro {
    pub(super) fn new(
        parameters: Option<Vec<Token>>,
        body: &[Token],
        definition: Span,
    ) -> Result<Self, (Span, &'static str)> {
        for end in [body.first(), body.last()].into_iter().flatten() {
            if end.kind == TokenKind::HashHash {
                return Err((end.span, "`##` needs a token on both sides"));
            }
        }
        let variadic = parameters
            .as_ref()
            .and_then(|names| names.last())
            .is_some_and(|last| last.kind == TokenKind::Ellipsis);
        Ok(Macro {
            parameters: parameters.map(|names| names.into_iter().map(|name| name.text).collect()),
            variadic,
            body: body.to_vec(),
            definition,
        })
    }

    pub(super) fn same_as(&self, other: &Macro) -> bool {
        self.parameters == other.parameters
            && self.variadic == other.variadic
            && self.body.len() == other.body.len()
            && self
                .body
                .iter()
                .zip(&other.body)
                .all(|(a, b)| a.text == b.text)
    }

    fn parameter(&self, token: &Token) -> Option<usize> {
        self.parameters
            .as_ref()?
            .iter()
            .position(|name| *name == token.text)
    }
}

/// An argument of a macro call: as it is written, and expanded once that is needed.
struct Argument {
    raw: Vec<Token>,
    expanded: Option<Vec<Token>>,
}

impl Preprocessor<'_> {
    /// The next token that is no macro call any more.
    pub(super) fn next_expanded(&mut self) -> Option<Token> {
        loop {
            let token = self.next_raw()?;
            if token.kind != TokenKind::Word || token.painted {
                return Some(token);
            }
            if let Some(token) = self.expand(token) {
                return Some(token);
            }
        }
    }

    /// Expands macros in tokens that stand alone: an argument, a directive.
    pub(super) fn expand_all(&mut self, tokens: Vec<Token>) -> Vec<Token> {
        let frame = Frame {
            tokens: tokens.into(),
            name: None,
        };
        let outer = std::mem::replace(&mut self.pending, vec![frame]);
        self.isolated += 1;
        let mut expanded = Vec::new();
        while let Some(token) = self.next_expanded() {
            expanded.push(token);
        }
        self.isolated -= 1;
        self.pending = outer;
        expanded
    }

    /// The next token of expansions or files, directives apart.
    fn next_raw(&mut self) -> Option<Token> {
        while let Some(frame) = self.pending.last_mut() {
            if let Some(mut token) = frame.tokens.pop_front() {
                if !self.spend(token.span) {
                    return None;
                }
                if token.kind == TokenKind::Word && self.active.contains_key(&token.text) {
                    token.painted = true;
                }
                return Some(token);
            }
            self.pop_frame();
        }
        if self.isolated > 0 {
            return None;
        }
        self.next_source()
    }

    fn pop_frame(&mut self) {
        let Some(name) = self.pending.pop().and_then(|frame| frame.name) else {
            return;
        };
        if let Some(count) = self.active.get_mut(&name) {
            *count -= 1;
            if *count == 0 {
                self.active.remove(&name);
            }
        }
    }

    /// Puts the expansion of the macro that a word names before what follows, or returns the word if it names none.
    fn expand(&mut self, word: Token) -> Option<Token> {
        let Some(definition) = self.macros.get(&word.text).cloned() else {
            return self.builtin(word);
        };
        let (tokens, span) = if definition.parameters.is_some() {
            if !self.parenthesis_follows() {
                return Some(word);
            }
            let Some((arguments, end)) = self.arguments(&word, &definition) else {
                return Some(word);
            };
            let span = word.span.to(end);
            (self.substitute(&definition, arguments, span), span)
        } else {
            (
                self.substitute(&definition, Vec::new(), word.span),
                word.span,
            )
        };
        self.sources.record_expansion(
            span,
            Expansion {
                name: word.text.clone(),
                definition: Some(definition.definition),
            },
        );
        let mut tokens: VecDeque<Token> = tokens.into();
        if let Some(first) = tokens.front_mut() {
            first.spaced = word.spaced;
            first.line_start = word.line_start;
        }
        *self.active.entry(word.text.clone()).or_default() += 1;
        self.pending.push(Frame {
            tokens,
            name: Some(word.text),
        });
        None
    }

    fn builtin(&mut self, word: Token) -> Option<Token> {
        let (kind, text) = match &*word.text {
            "__LINE__" => {
                let line = self.sources.position(word.span).line;
                (TokenKind::Integer, line.to_string())
            }
            "__FILE__" => {
                let path = self.sources.file(word.span.file).path.display().to_string();
                (TokenKind::String, quoted(&path))
            }
            _ => return Some(word),
        };
        Some(Token {
            kind,
            text: self.interner.intern(&text),
            ..word
        })
    }

    fn parenthesis_follows(&mut self) -> bool {
        while let Some(frame) = self.pending.last() {
            if let Some(token) = frame.tokens.front() {
                return token.kind == TokenKind::LeftParen;
            }
            self.pop_frame();
        }
        if self.isolated > 0 {
            return false;
        }
        let Some(file) = self.files.last() else {
            return false;
        };
        file.tokens[file.at..]
            .iter()
            .find(|token| token.kind != TokenKind::Newline)
            .is_some_and(|token| token.kind == TokenKind::LeftParen)
    }

    /// Takes the arguments of a call with their parentheses; also returns where the closing one is.
    fn arguments(&mut self, name: &Token, definition: &Macro) -> Option<(Vec<Argument>, Span)> {
        let count = definition.parameters.as_ref().map_or(0, Vec::len);
        let mut arguments = vec![Vec::new()];
        let mut depth = 0;
        let was_collecting = std::mem::replace(&mut self.collecting, true);
        let end = loop {
            let Some(token) = self.next_raw() else {
                break None;
            };
            match token.kind {
                TokenKind::LeftParen => {
                    depth += 1;
                    if depth == 1 {
                        continue;
                    }
                }
                TokenKind::RightParen => {
                    depth -= 1;
                    if depth == 0 {
                        break Some(token.span);
                    }
                }
                TokenKind::Comma
                    if depth == 1 && !(definition.variadic && arguments.len() == count) =>
                {
                    arguments.push(Vec::new());
                    continue;
                }
                _ => {}
            }
            if let Some(last) = arguments.last_mut() {
                last.push(token);
            }
        };
        self.collecting = was_collecting;
        let Some(end) = end else {
            let message = format!("the arguments of macro `{}` have no `)`", name.text);
            self.misused(name.span, definition, message);
            return None;
        };
        if count == 0 && matches!(arguments.as_slice(), [only] if only.is_empty()) {
            arguments.clear();
        }
        if definition.variadic && arguments.len() + 1 == count {
            arguments.push(Vec::new());
        }
        if arguments.len() != count {
            let message = format!(
                "macro `{}` takes {count} arguments, not {}",
                name.text,
                arguments.len()
            );
            self.misused(name.span.to(end), definition, message);
            return None;
        }
        let arguments = arguments
            .into_iter()
            .map(|raw| Argument {
                raw,
                expanded: None,
            })
            .collect();
        Some((arguments, end))
    }

    fn misused(&mut self, span: Span, definition: &Macro, message: String) {
        if !self.stopped {
            let error = Diagnostic::error(codes::MACRO_USE, span, message);
            self.report(error.with_label(definition.definition, "defined here"));
        }
    }

    /// The body of a macro with its arguments put in.
    fn substitute(
        &mut self,
        definition: &Rc<Macro>,
        mut arguments: Vec<Argument>,
        span: Span,
    ) -> Vec<Token> {
        let body = &definition.body;
        let mut tokens: Vec<Token> = Vec::new();
        let mut at = 0;
        while at < body.len() && !self.stopped {
            let token = &body[at];
            let pasted = body
                .get(at + 1)
                .is_some_and(|next| next.kind == TokenKind::HashHash);
            if token.kind == TokenKind::HashHash {
                // Both sides of `##` are taken as they are written.
                let right = self.operand(&body[at + 1], definition, &arguments, span);
                self.paste(&mut tokens, right, token.span, span);
                at += 2;
                continue;
            }
            if token.kind == TokenKind::Hash
                && let Some(parameter) =
                    body.get(at + 1).and_then(|name| definition.parameter(name))
            {
                let text = self.stringized(&arguments[parameter].raw, span);
                tokens.push(Token {
                    kind: TokenKind::String,
                    text,
                    span,
                    ..token.clone()
                });
                at += 2;
                continue;
            }
            if pasted {
                let operand = self.operand(token, definition, &arguments, span);
                tokens.extend(operand);
            } else if let Some(parameter) = definition.parameter(token) {
                let argument = &mut arguments[parameter];
                if argument.expanded.is_none() {
                    let raw = argument.raw.clone();
                    argument.expanded = Some(self.expand_argument(raw, span));
                }
                let expanded = arguments[parameter].expanded.as_deref().unwrap_or_default();
                self.work += expanded.len();
                let start = tokens.len();
                tokens.extend_from_slice(expanded);
                if let Some(first) = tokens.get_mut(start) {
                    first.spaced = token.spaced;
                }
            } else {
                tokens.push(Token {
                    span,
                    line_start: false,
                    ..token.clone()
                });
            }
            self.spend(span);
            at += 1;
        }
        tokens
    }

    fn expand_argument(&mut self, raw: Vec<Token>, span: Span) -> Vec<Token> {
        if self.nesting >= MAX_NESTING {
            let message = format!("macro calls are nested more than {MAX_NESTING} deep");
            self.error(codes::MACRO_USE, span, message);
            self.stopped = true;
            return raw;
        }
        self.nesting += 1;
        let expanded = self.expand_all(raw);
        self.nesting -= 1;
        expanded
    }

    /// A side of `##`.
    fn operand(
        &mut self,
        token: &Token,
        definition: &Macro,
        arguments: &[Argument],
        span: Span,
    ) -> Vec<Token> {
        match definition.parameter(token) {
            Some(parameter) => {
                self.work += arguments[parameter].raw.len();
                arguments[parameter].raw.clone()
            }
            None => vec![Token {
                span,
                line_start: false,
                ..token.clone()
            }],
        }
    }

    /// Joins the last of `tokens` with the first of `right` into one token.
    fn paste(&mut self, tokens: &mut Vec<Token>, right: Vec<Token>, operator: Span, span: Span) {
        let mut right = right.into_iter();
        let Some(first) = right.next() else {
            return;
        };
        let Some(last) = tokens.pop() else {
            tokens.push(first);
            tokens.extend(right);
            return;
        };
        let text = format!("{}{}", last.text, first.text);
        let made = if text.len() <= MAX_TEXT {
            tokenize(&text, 0, span.file, &mut self.interner)
        } else {
            Vec::new()
        };
        match made.as_slice() {
            [token] if token.kind != TokenKind::Unknown && *token.text == *text => {
                tokens.push(Token {
                    span,
                    spaced: last.spaced,
                    line_start: last.line_start,
                    ..token.clone()
                });
            }
            _ => {
                let short: String = text.chars().take(40).collect();
                let message = format!("`##` makes `{short}`, which is no token");
                let error = Diagnostic::error(codes::MACRO_USE, span, message);
                self.report(error.with_label(operator, "in this definition"));
                tokens.extend([last, first]);
            }
        }
        tokens.extend(right);
    }

    /// An argument as a string literal.
    fn stringized(&mut self, argument: &[Token], span: Span) -> Arc<str> {
        let mut text = String::new();
        for token in argument {
            if token.spaced && !text.is_empty() {
                text.push(' ');
            }
            if token.kind == TokenKind::String {
                text.extend(escaped(&token.text));
            } else {
                text.push_str(&token.text);
            }
            if text.len() > MAX_TEXT {
                self.error(
                    codes::MACRO_USE,
                    span,
                    "`#` makes a string that is too long",
                );
                break;
            }
        }
        self.interner.intern(&format!("\"{text}\""))
    }
}

fn escaped(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().flat_map(|c| {
        let backslash = matches!(c, '"' | '\\').then_some('\\');
        backslash.into_iter().chain([c])
    })
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    quoted.extend(escaped(text));
    quoted.push('"');
    quoted
}
