//! Statements.

use super::scope::NameKind;
use super::{Parsed, Parser, TokenKind, codes};
use crate::ast::{
    BinaryOp, Block, ExprKind, ForIn, LoopVariable, Stmt, StmtKind, Switch, SwitchCase,
};
use crate::diagnostic::Diagnostic;
use crate::source::Span;

impl Parser<'_> {
    /// A statement, or a declaration of a constant, variable or instance.
    pub(super) fn statement(&mut self) -> Parsed<Stmt> {
        self.nested(|this| {
            let start = this.peek().span;
            let mut annotations = this.annotations()?;
            let kind = match this.kind() {
                TokenKind::Semicolon => {
                    this.bump();
                    StmtKind::Empty
                }
                TokenKind::LeftBrace => {
                    let mut block = this.block("the block")?;
                    block.annotations = std::mem::take(&mut annotations);
                    StmtKind::Block(block)
                }
                TokenKind::If => this.conditional()?,
                TokenKind::Return => {
                    this.bump();
                    let value = if this.at(TokenKind::Semicolon) {
                        None
                    } else {
                        Some(this.expression()?)
                    };
                    this.semicolon("`return`")?;
                    StmtKind::Return(value)
                }
                TokenKind::Exit => this.word_statement(StmtKind::Exit, "`exit`")?,
                TokenKind::Break => this.word_statement(StmtKind::Break, "`break`")?,
                TokenKind::Continue => this.word_statement(StmtKind::Continue, "`continue`")?,
                TokenKind::Switch => this.switch()?,
                TokenKind::For => this.for_loop()?,
                TokenKind::Const => StmtKind::Decl(Box::new(
                    this.constant(std::mem::take(&mut annotations), start)?,
                )),
                TokenKind::Table | TokenKind::Action | TokenKind::ValueSet => {
                    let word = this.peek();
                    let message = format!("a `{}` cannot be declared among statements", word.text);
                    let error = Diagnostic::error(codes::STATEMENT, word.span, message);
                    return Err(this.fail(error.with_hint("declare it before the `apply` block")));
                }
                _ if this.at_local_declaration() => StmtKind::Decl(Box::new(
                    this.variable_or_instance(std::mem::take(&mut annotations), start)?,
                )),
                _ => {
                    let kind = this.assignment_or_call()?;
                    this.semicolon("the statement")?;
                    kind
                }
            };
            Ok(Stmt {
                annotations,
                kind,
                span: start.to(this.last_span()),
            })
        })
    }

    fn word_statement(&mut self, kind: StmtKind, what: &str) -> Parsed<StmtKind> {
        self.bump();
        self.semicolon(what)?;
        Ok(kind)
    }

    /// `{ statements }` with a scope of its own; `what` names it in errors.
    pub(super) fn block(&mut self, what: &str) -> Parsed<Block> {
        let annotations = self.annotations()?;
        let open = self.expect(TokenKind::LeftBrace, "{", &format!("before {what}"))?;
        self.scopes.enter();
        let (statements, end) = self.items(open, Parser::statement);
        self.scopes.leave();
        Ok(Block {
            annotations,
            statements,
            span: open.to(end),
        })
    }

    /// The body of a branch or loop, which is no declaration.
    fn body(&mut self) -> Parsed<Box<Stmt>> {
        self.scopes.enter();
        let body = self.statement();
        self.scopes.leave();
        let body = body?;
        if let StmtKind::Decl(_) = body.kind {
            let message = "a declaration needs a block around it here";
            let error = Diagnostic::error(codes::STATEMENT, body.span, message);
            self.diagnostics
                .push(error.with_hint("put it in `{` and `}`"));
        }
        Ok(Box::new(body))
    }

    fn conditional(&mut self) -> Parsed<StmtKind> {
        self.bump();
        let open = self.expect(TokenKind::LeftParen, "(", "after `if`")?;
        let condition = self.expression()?;
        self.close(TokenKind::RightParen, ")", open)?;
        let then = self.body()?;
        let otherwise = match self.eat(TokenKind::Else) {
            Some(_) => Some(self.body()?),
            None => None,
        };
        Ok(StmtKind::If {
            condition,
            then,
            otherwise,
        })
    }

    fn switch(&mut self) -> Parsed<StmtKind> {
        self.bump();
        let open = self.expect(TokenKind::LeftParen, "(", "after `switch`")?;
        let subject = self.expression()?;
        self.close(TokenKind::RightParen, ")", open)?;
        let open = self.expect(TokenKind::LeftBrace, "{", "before the cases")?;
        let (cases, _) = self.items(open, Parser::switch_case);
        Ok(StmtKind::Switch(Switch { subject, cases }))
    }

    fn switch_case(&mut self) -> Parsed<SwitchCase> {
        let start = self.peek().span;
        let label = match self.eat(TokenKind::Default) {
            Some(span) => self.expr(ExprKind::Default, span)?,
            None => self.expression()?,
        };
        self.expect(TokenKind::Colon, ":", "after the label of the case")?;
        let annotations = self.annotations()?;
        let body = if self.at(TokenKind::LeftBrace) {
            let mut block = self.block("the case")?;
            block.annotations = annotations;
            Some(block)
        } else {
            None
        };
        Ok(SwitchCase {
            label,
            body,
            span: start.to(self.last_span()),
        })
    }

    fn for_loop(&mut self) -> Parsed<StmtKind> {
        self.bump();
        let open = self.expect(TokenKind::LeftParen, "(", "after `for`")?;
        self.scopes.enter();
        let kind = self.rest_of_for(open);
        self.scopes.leave();
        kind
    }

    fn rest_of_for(&mut self, open: Span) -> Parsed<StmtKind> {
        let start = self.peek().span;
        let annotations = self.annotations()?;
        if self.at(TokenKind::Word) && self.nth(1).kind == TokenKind::In {
            let variable = LoopVariable::Existing(self.postfix()?);
            return self.rest_of_for_in(variable, open);
        }
        let mut init = Vec::new();
        if self.at_local_declaration() {
            let ty = self.ty()?;
            if self.nth(1).kind == TokenKind::In {
                let name = self.name("the variable of the loop")?;
                self.scopes.declare(&name, NameKind::Value);
                let variable = LoopVariable::Declared {
                    id: self.decl_id(),
                    annotations,
                    ty,
                    name,
                };
                return self.rest_of_for_in(variable, open);
            }
            let declaration = self.variable(annotations, start, ty)?;
            init.push(Stmt {
                annotations: Vec::new(),
                kind: StmtKind::Decl(Box::new(declaration)),
                span: start.to(self.last_span()),
            });
            if self.eat(TokenKind::Comma).is_some() {
                init.extend(self.comma_separated(TokenKind::Semicolon, Parser::for_statement)?);
            }
        } else {
            init = self.comma_separated(TokenKind::Semicolon, Parser::for_statement)?;
        }
        self.expect(
            TokenKind::Semicolon,
            ";",
            "before the condition of the loop",
        )?;
        let condition = self.expression()?;
        self.expect(TokenKind::Semicolon, ";", "after the condition of the loop")?;
        let update = self.comma_separated(TokenKind::RightParen, Parser::for_statement)?;
        self.close(TokenKind::RightParen, ")", open)?;
        Ok(StmtKind::For {
            init,
            condition,
            update,
            body: self.body()?,
        })
    }

    fn rest_of_for_in(&mut self, variable: LoopVariable, open: Span) -> Parsed<StmtKind> {
        self.expect(TokenKind::In, "in", "after the variable of the loop")?;
        let low = self.expression()?;
        let domain = self.range_from(low)?;
        self.close(TokenKind::RightParen, ")", open)?;
        let body = *self.body()?;
        Ok(StmtKind::ForIn(Box::new(ForIn {
            variable,
            domain,
            body,
        })))
    }

    /// A declaration, assignment or call in the head of a loop.
    fn for_statement(&mut self) -> Parsed<Stmt> {
        let start = self.peek().span;
        let annotations = self.annotations()?;
        let kind = if self.at_local_declaration() {
            let ty = self.ty()?;
            StmtKind::Decl(Box::new(self.variable(annotations, start, ty)?))
        } else {
            self.assignment_or_call()?
        };
        Ok(Stmt {
            annotations: Vec::new(),
            kind,
            span: start.to(self.last_span()),
        })
    }

    fn assignment_or_call(&mut self) -> Parsed<StmtKind> {
        if !matches!(
            self.kind(),
            TokenKind::Word | TokenKind::Dot | TokenKind::This | TokenKind::LeftParen
        ) {
            return Err(self.unexpected(codes::STATEMENT, "a statement"));
        }
        let target = self.postfix()?;
        if let Some((op, length)) = self.assignment_operator() {
            self.at += length;
            let value = self.initializer()?;
            return Ok(StmtKind::Assign { target, op, value });
        }
        match target.kind {
            ExprKind::Call { .. } => Ok(StmtKind::Call(target)),
            ExprKind::Construct { .. } => {
                let message = "this constructs an object and drops it";
                let error = Diagnostic::error(codes::STATEMENT, target.span, message);
                Err(self.fail(error.with_hint("give it a name: `Type(arguments) name;`")))
            }
            _ => {
                let mut expected = "`=` or a call";
                if self.at(TokenKind::Word) {
                    expected = "a statement";
                    self.at -= 1;
                }
                Err(self.unexpected(codes::STATEMENT, expected))
            }
        }
    }

    /// The assignment operator that comes next, and how many tokens it is.
    fn assignment_operator(&self) -> Option<(Option<BinaryOp>, usize)> {
        let op = match self.kind() {
            TokenKind::Assign => return Some((None, 1)),
            TokenKind::AddAssign => BinaryOp::Add,
            TokenKind::SubAssign => BinaryOp::Sub,
            TokenKind::MulAssign => BinaryOp::Mul,
            TokenKind::DivAssign => BinaryOp::Div,
            TokenKind::ModAssign => BinaryOp::Mod,
            TokenKind::AndAssign => BinaryOp::BitAnd,
            TokenKind::OrAssign => BinaryOp::BitOr,
            TokenKind::XorAssign => BinaryOp::BitXor,
            TokenKind::ShiftLeftAssign => BinaryOp::Shl,
            TokenKind::AddSatAssign => BinaryOp::AddSat,
            TokenKind::SubSatAssign => BinaryOp::SubSat,
            TokenKind::Greater => {
                let next = self.nth(1);
                let is_shift = !next.spaced && next.kind == TokenKind::GreaterEqual;
                return is_shift.then_some((Some(BinaryOp::Shr), 2));
            }
            _ => return None,
        };
        Some((Some(op), 1))
    }
}
