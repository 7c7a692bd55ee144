//! The expressions of `#if` and `#elif`.

use super::super::literal;
use super::{Preprocessor, Token, TokenKind, codes};
use crate::source::Span;

use num_traits::ToPrimitive;

/// Depth of parentheses and operators.
const MAX_DEPTH: usize = 64;

impl Preprocessor<'_> {
    /// Whether the condition of the directive at `span` holds. One that is badly formed does not.
    pub(super) fn condition(&mut self, span: Span, tokens: &[Token]) -> bool {
        let tokens = self.replace_defined(tokens);
        let tokens = self.expand_all(tokens);
        let mut evaluator = Evaluator {
            tokens: &tokens,
            at: 0,
            end: tokens.last().map_or(span, |token| token.span).after(),
            depth: 0,
        };
        let value = evaluator
            .ternary(true)
            .and_then(|value| match evaluator.peek() {
                None => Ok(value),
                Some(token) => Err((token.span, format!("unexpected `{}`", token.text))),
            });
        match value {
            Ok(value) => value != 0,
            Err((span, message)) => {
                self.error(codes::CONDITION, span, message);
                false
            }
        }
    }

    /// Puts 0 or 1 for `defined NAME` and `defined(NAME)`, before names are expanded.
    fn replace_defined(&mut self, tokens: &[Token]) -> Vec<Token> {
        let mut replaced = Vec::with_capacity(tokens.len());
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let rest = &tokens[at + 1..];
            let operand = match (&*token.text, rest) {
                ("defined", [name, ..]) if name.kind == TokenKind::Word => Some((name, 2)),
                ("defined", [open, name, close, ..])
                    if open.kind == TokenKind::LeftParen
                        && name.kind == TokenKind::Word
                        && close.kind == TokenKind::RightParen =>
                {
                    Some((name, 4))
                }
                _ => None,
            };
            match operand {
                Some((name, length)) => {
                    let value = if self.knows_macro(&name.text) {
                        "1"
                    } else {
                        "0"
                    };
                    replaced.push(Token {
                        kind: TokenKind::Integer,
                        text: self.interner.intern(value),
                        ..token.clone()
                    });
                    at += length;
                }
                None => {
                    replaced.push(token.clone());
                    at += 1;
                }
            }
        }
        replaced
    }
}

type Evaluated = Result<i128, (Span, String)>;

struct Evaluator<'t> {
    tokens: &'t [Token],
    at: usize,
    /// Where the expression ends.
    end: Span,
    depth: usize,
}

impl<'t> Evaluator<'t> {
    fn peek(&self) -> Option<&'t Token> {
        self.tokens.get(self.at)
    }

    fn eat(&mut self, kind: TokenKind) -> bool {
        let found = self.peek().is_some_and(|token| token.kind == kind);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, kind: TokenKind, text: &str) -> Result<(), (Span, String)> {
        if self.eat(kind) {
            return Ok(());
        }
        let span = self.peek().map_or(self.end, |token| token.span);
        Err((span, format!("expected `{text}`")))
    }

    fn deeper<T>(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<T, (Span, String)>,
    ) -> Result<T, (Span, String)> {
        if self.depth >= MAX_DEPTH {
            return Err((self.end, "the condition is nested too deeply".to_owned()));
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    /// `live`: whether the value counts; errors of evaluation in a branch that is not taken do not.
    fn ternary(&mut self, live: bool) -> Evaluated {
        let condition = self.binary(0, live)?;
        if !self.eat(TokenKind::Question) {
            return Ok(condition);
        }
        self.deeper(|this| {
            let then = this.ternary(live && condition != 0)?;
            this.expect(TokenKind::Colon, ":")?;
            let otherwise = this.ternary(live && condition == 0)?;
            Ok(if condition != 0 { then } else { otherwise })
        })
    }

    fn binary(&mut self, least: u8, live: bool) -> Evaluated {
        let mut left = self.unary(live)?;
        while let Some((operator, precedence, length)) = self.operator() {
            if precedence < least {
                break;
            }
            let span = self.peek().map_or(self.end, |token| token.span);
            self.at += length;
            let right_live = live
                && match operator {
                    TokenKind::AndAnd => left != 0,
                    TokenKind::OrOr => left == 0,
                    _ => true,
                };
            let right = self.deeper(|this| this.binary(precedence + 1, right_live))?;
            left = match apply(operator, left, right) {
                Some(value) => value,
                None if !live => 0,
                None => return Err((span, "this cannot be computed".to_owned())),
            };
        }
        Ok(left)
    }

    /// The operator that comes next, its precedence and how many tokens it is.
    fn operator(&self) -> Option<(TokenKind, u8, usize)> {
        let token = self.peek()?;
        if token.kind == TokenKind::Greater
            && let Some(next) = self.tokens.get(self.at + 1)
            && next.kind == TokenKind::Greater
            && !next.spaced
        {
            return Some((TokenKind::ShiftLeftAssign, 7, 2));
        }
        let precedence = match token.kind {
            TokenKind::OrOr => 0,
            TokenKind::AndAnd => 1,
            TokenKind::Or => 2,
            TokenKind::Caret => 3,
            TokenKind::And => 4,
            TokenKind::EqualEqual | TokenKind::NotEqual => 5,
            TokenKind::Less
            | TokenKind::Greater
            | TokenKind::LessEqual
            | TokenKind::GreaterEqual => 6,
            TokenKind::ShiftLeft => 7,
            TokenKind::Plus | TokenKind::Minus => 8,
            TokenKind::Star | TokenKind::Slash | TokenKind::Percent => 9,
            _ => return None,
        };
        Some((token.kind, precedence, 1))
    }

    fn unary(&mut self, live: bool) -> Evaluated {
        let Some(token) = self.peek() else {
            return Err((self.end, "expected a value".to_owned()));
        };
        self.at += 1;
        match token.kind {
            TokenKind::Bang => Ok(i128::from(self.deeper(|this| this.unary(live))? == 0)),
            TokenKind::Tilde => Ok(!self.deeper(|this| this.unary(live))?),
            TokenKind::Minus => Ok(self.deeper(|this| this.unary(live))?.wrapping_neg()),
            TokenKind::Plus => self.deeper(|this| this.unary(live)),
            TokenKind::LeftParen => self.deeper(|this| {
                let value = this.ternary(live)?;
                this.expect(TokenKind::RightParen, ")")?;
                Ok(value)
            }),
            TokenKind::Integer => integer(&token.text)
                .ok_or_else(|| (token.span, format!("`{}` is not an integer", token.text))),
            // Names that are no macros count as 0.
            TokenKind::Word => Ok(0),
            _ => Err((token.span, format!("`{}` is not a value", token.text))),
        }
    }
}

/// An integer as C writes it (with suffixes) or as P4 does.
fn integer(text: &str) -> Option<i128> {
    let without_suffix = text.trim_end_matches(['u', 'U', 'l', 'L']);
    literal::integer(without_suffix).ok()?.value.to_i128()
}

/// The value of an operation, if it has one.
fn apply(operator: TokenKind, left: i128, right: i128) -> Option<i128> {
    let truth = |value: bool| Some(i128::from(value));
    match operator {
        TokenKind::OrOr => truth(left != 0 || right != 0),
        TokenKind::AndAnd => truth(left != 0 && right != 0),
        TokenKind::Or => Some(left | right),
        TokenKind::Caret => Some(left ^ right),
        TokenKind::And => Some(left & right),
        TokenKind::EqualEqual => truth(left == right),
        TokenKind::NotEqual => truth(left != right),
        TokenKind::Less => truth(left < right),
        TokenKind::Greater => truth(left > right),
        TokenKind::LessEqual => truth(left <= right),
        TokenKind::GreaterEqual => truth(left >= right),
        TokenKind::ShiftLeft => left.checked_shl(u32::try_from(right).ok()?),
        // Stands for `>>`, which is two tokens.
        TokenKind::ShiftLeftAssign => left.checked_shr(u32::try_from(right).ok()?),
        TokenKind::Plus => left.checked_add(right),
        TokenKind::Minus => left.checked_sub(right),
        TokenKind::Star => left.checked_mul(right),
        TokenKind::Slash => left.checked_div(right),
        TokenKind::Percent => left.checked_rem(right),
        _ => None,
    }
}
