//! Expressions with operators, arguments and key sets.

use super::{Parsed, Parser, TokenKind, codes};
use crate::ast::{Argument, BinaryOp, Expr, ExprKind, UnaryOp};
use crate::source::Span;

impl Parser<'_> {
    pub(super) fn expression(&mut self) -> Parsed<Expr> {
        self.nested(|this| {
            let condition = this.binary(0)?;
            if this.eat(TokenKind::Question).is_none() {
                return Ok(condition);
            }
            let then = this.expression()?;
            this.expect(TokenKind::Colon, ":", "between the two values of `?`")?;
            let otherwise = this.expression()?;
            let span = condition.span.to(otherwise.span);
            let kind = ExprKind::Ternary {
                condition: Box::new(condition),
                then: Box::new(then),
                otherwise: Box::new(otherwise),
            };
            this.expr(kind, span)
        })
    }

    /// An expression, or `...` for the default value.
    pub(super) fn initializer(&mut self) -> Parsed<Expr> {
        match self.eat(TokenKind::Ellipsis) {
            Some(span) => self.expr(ExprKind::Default, span),
            None => self.expression(),
        }
    }

    /// An expression in which `>`, outside of brackets, is no operator.
    pub(super) fn width_expression(&mut self) -> Parsed<Expr> {
        let outer = std::mem::replace(&mut self.in_width, true);
        let width = self.expression();
        self.in_width = outer;
        width
    }

    /// Runs a part of the parser in brackets, where `>` is an operator again.
    pub(super) fn bracketed<T>(&mut self, inner: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        let outer = std::mem::replace(&mut self.in_width, false);
        let result = inner(self);
        self.in_width = outer;
        result
    }

    /// Operands with operators of at least this precedence between them.
    fn binary(&mut self, least: u8) -> Parsed<Expr> {
        let mut left = self.unary()?;
        while let Some((op, precedence, length)) = self.operator() {
            if precedence < least {
                break;
            }
            let start = self.peek().span;
            let op_span = start.to(self.nth(length - 1).span);
            self.at += length;
            let right = self.binary(precedence + 1)?;
            let span = left.span.to(right.span);
            let kind = ExprKind::Binary {
                op,
                op_span,
                left: Box::new(left),
                right: Box::new(right),
            };
            left = self.expr(kind, span)?;
        }
        Ok(left)
    }

    /// The operator that comes next, its precedence and how many tokens it is.
    fn operator(&self) -> Option<(BinaryOp, u8, usize)> {
        let (op, precedence) = match self.kind() {
            TokenKind::OrOr => (BinaryOp::Or, 0),
            TokenKind::AndAnd => (BinaryOp::And, 1),
            TokenKind::EqualEqual => (BinaryOp::Eq, 2),
            TokenKind::NotEqual => (BinaryOp::Ne, 2),
            TokenKind::Less => (BinaryOp::Lt, 3),
            TokenKind::LessEqual => (BinaryOp::Le, 3),
            TokenKind::Greater | TokenKind::GreaterEqual if self.in_width => return None,
            TokenKind::GreaterEqual => (BinaryOp::Ge, 3),
            TokenKind::Greater => {
                let next = self.nth(1);
                if !next.spaced && next.kind == TokenKind::Greater {
                    return Some((BinaryOp::Shr, 7, 2));
                }
                (BinaryOp::Gt, 3)
            }
            TokenKind::Or => (BinaryOp::BitOr, 4),
            TokenKind::Caret => (BinaryOp::BitXor, 5),
            TokenKind::And => (BinaryOp::BitAnd, 6),
            TokenKind::ShiftLeft => (BinaryOp::Shl, 7),
            TokenKind::Plus => (BinaryOp::Add, 8),
            TokenKind::Minus => (BinaryOp::Sub, 8),
            TokenKind::PlusSat => (BinaryOp::AddSat, 8),
            TokenKind::MinusSat => (BinaryOp::SubSat, 8),
            TokenKind::PlusPlus => (BinaryOp::Concat, 8),
            TokenKind::Star => (BinaryOp::Mul, 9),
            TokenKind::Slash => (BinaryOp::Div, 9),
            TokenKind::Percent => (BinaryOp::Mod, 9),
            _ => return None,
        };
        Some((op, precedence, 1))
    }

    pub(super) fn unary(&mut self) -> Parsed<Expr> {
        let op = match self.kind() {
            TokenKind::Bang => UnaryOp::Not,
            TokenKind::Tilde => UnaryOp::Complement,
            TokenKind::Minus => UnaryOp::Negate,
            TokenKind::Plus => UnaryOp::Plus,
            TokenKind::LeftParen if self.at_cast() => return self.nested(Parser::cast),
            _ => return self.postfix(),
        };
        self.nested(|this| {
            let start = this.bump().span;
            let operand = this.unary()?;
            let span = start.to(operand.span);
            let operand = Box::new(operand);
            this.expr(ExprKind::Unary { op, operand }, span)
        })
    }

    fn cast(&mut self) -> Parsed<Expr> {
        let open = self.bump().span;
        let ty = self.ty()?;
        self.close(TokenKind::RightParen, ")", open)?;
        let operand = self.unary()?;
        let span = open.to(operand.span);
        let kind = ExprKind::Cast {
            ty: Box::new(ty),
            operand: Box::new(operand),
        };
        self.expr(kind, span)
    }

    /// A value with members, indices and calls after it.
    pub(super) fn postfix(&mut self) -> Parsed<Expr> {
        let base = self.primary()?;
        self.suffixes(base)
    }

    pub(super) fn suffixes(&mut self, mut base: Expr) -> Parsed<Expr> {
        loop {
            base = match self.kind() {
                TokenKind::Dot => {
                    self.bump();
                    let member = self.name("a member")?;
                    let span = base.span.to(member.span);
                    let base = Box::new(base);
                    self.expr(ExprKind::Member { base, member }, span)?
                }
                TokenKind::LeftBracket => self.bracketed(|this| this.subscript(base))?,
                TokenKind::LeftParen => self.call(base, Vec::new())?,
                TokenKind::Less if self.at_call_type_arguments() => {
                    let type_arguments = self.type_arguments()?;
                    self.call(base, type_arguments)?
                }
                _ => return Ok(base),
            };
        }
    }

    fn call(&mut self, callee: Expr, type_arguments: Vec<crate::ast::Type>) -> Parsed<Expr> {
        let (arguments, end) = self.arguments()?;
        let span = callee.span.to(end);
        let kind = ExprKind::Call {
            callee: Box::new(callee),
            type_arguments,
            arguments,
        };
        self.expr(kind, span)
    }

    /// `[index]`, `[high:low]`, `[low+:width]`
    fn subscript(&mut self, base: Expr) -> Parsed<Expr> {
        let open = self.bump().span;
        let first = self.expression()?;
        let (base, first) = (Box::new(base), Box::new(first));
        let kind = if self.eat(TokenKind::Colon).is_some() {
            ExprKind::Slice {
                base,
                high: first,
                low: Box::new(self.expression()?),
            }
        } else if self.eat(TokenKind::PlusColon).is_some() {
            ExprKind::PartSelect {
                base,
                low: first,
                width: Box::new(self.expression()?),
            }
        } else {
            ExprKind::Index { base, index: first }
        };
        let end = self.close(TokenKind::RightBracket, "]", open)?;
        let span = match &kind {
            ExprKind::Slice { base, .. }
            | ExprKind::PartSelect { base, .. }
            | ExprKind::Index { base, .. } => base.span.to(end),
            _ => end,
        };
        self.expr(kind, span)
    }

    /// `(arguments)`, and where the closing parenthesis is.
    pub(super) fn arguments(&mut self) -> Parsed<(Vec<Argument>, Span)> {
        let open = self.expect(TokenKind::LeftParen, "(", "before the arguments")?;
        self.bracketed(|this| {
            let arguments = this.comma_separated(TokenKind::RightParen, Parser::argument)?;
            let end = this.close(TokenKind::RightParen, ")", open)?;
            Ok((arguments, end))
        })
    }

    fn argument(&mut self) -> Parsed<Argument> {
        let start = self.peek().span;
        let name = if self.at(TokenKind::Word) && self.nth(1).kind == TokenKind::Assign {
            let name = self.name("a parameter")?;
            self.bump();
            Some(name)
        } else {
            None
        };
        let value = match self.eat(TokenKind::Underscore) {
            Some(span) => self.expr(ExprKind::DontCare, span)?,
            None => self.initializer()?,
        };
        Ok(Argument {
            span: start.to(value.span),
            name,
            value,
        })
    }

    /// What a select case or table entry is compared with: one key set, or several in parentheses.
    pub(super) fn key_sets(&mut self) -> Parsed<Expr> {
        if !self.at_tuple_key_set() {
            return self.key_set();
        }
        self.nested(|this| {
            let open = this.bump().span;
            let mut sets = this.comma_separated(TokenKind::RightParen, Parser::key_set)?;
            let end = this.close(TokenKind::RightParen, ")", open)?;
            let span = open.to(end);
            if sets.len() == 1
                && let Some(only) = sets.pop()
            {
                return Ok(Expr { span, ..only });
            }
            this.expr(ExprKind::Tuple(sets), span)
        })
    }

    fn key_set(&mut self) -> Parsed<Expr> {
        if let Some(span) = self.eat(TokenKind::Default) {
            return self.expr(ExprKind::Default, span);
        }
        if let Some(span) = self.eat(TokenKind::Underscore) {
            return self.expr(ExprKind::DontCare, span);
        }
        let first = self.expression()?;
        if self.eat(TokenKind::Mask).is_some() {
            let mask = self.expression()?;
            let span = first.span.to(mask.span);
            let kind = ExprKind::Mask {
                value: Box::new(first),
                mask: Box::new(mask),
            };
            return self.expr(kind, span);
        }
        self.range_from(first)
    }

    /// `low .. high`, or the expression alone.
    pub(super) fn range_from(&mut self, low: Expr) -> Parsed<Expr> {
        if self.eat(TokenKind::DotDot).is_none() {
            return Ok(low);
        }
        let high = self.expression()?;
        let span = low.span.to(high.span);
        let kind = ExprKind::Range {
            low: Box::new(low),
            high: Box::new(high),
        };
        self.expr(kind, span)
    }

    /// The error for what cannot begin an expression.
    pub(super) fn no_expression(&mut self) -> super::Failed {
        self.unexpected(codes::EXPRESSION, "an expression")
    }
}
