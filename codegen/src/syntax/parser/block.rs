//! Parsers, controls and packages.

use super::scope::NameKind;
use super::{Failed, Parsed, Parser, TokenKind, codes};
use crate::ast::{
    Annotation, Block, BlockType, Control, Decl, DeclKind, Parser as ParserDecl, SelectCase, State,
    Transition, TransitionKind, ValueSet,
};
use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// What can stand in the braces of a parser.
enum ParserItem {
    Local(Decl),
    State(State),
}

/// What can stand in the braces of a control.
enum ControlItem {
    Local(Box<Decl>),
    Apply(Block),
}

impl Parser<'_> {
    /// A `parser`, `control` or `package`, with its body if it has one.
    pub(super) fn block_declaration(
        &mut self,
        annotations: Vec<Annotation>,
        start: Span,
    ) -> Parsed<Decl> {
        let word = self.bump();
        let id = self.decl_id();
        let name = self.name(&format!("a {}", word.text))?;
        self.scopes.declare(&name, NameKind::Type);
        self.scopes.enter();
        let kind = self.rest_of_block(word.kind, name);
        self.scopes.leave();
        Ok(Decl {
            id,
            annotations,
            kind: kind?,
            span: start.to(self.last_span()),
        })
    }

    fn rest_of_block(&mut self, word: TokenKind, name: crate::ast::Ident) -> Parsed<DeclKind> {
        let type_params = self.type_params()?;
        let params = self.params()?;
        let ty = BlockType {
            name,
            type_params,
            params,
        };
        if word == TokenKind::Package {
            self.semicolon("the package")?;
            return Ok(DeclKind::Package(ty));
        }
        if self.eat(TokenKind::Semicolon).is_some() {
            return Ok(match word {
                TokenKind::Parser => DeclKind::ParserType(ty),
                _ => DeclKind::ControlType(ty),
            });
        }
        let constructor_params = if self.at(TokenKind::LeftParen) {
            self.params()?
        } else {
            Vec::new()
        };
        let name = &ty.name;
        let place = format!("before the body of `{name}`, or `;`");
        let open = self.expect(TokenKind::LeftBrace, "{", &place)?;
        if word == TokenKind::Parser {
            let (locals, states) = self.parser_body(open);
            if states.is_empty() {
                let message = format!("parser `{name}` has no states");
                let error = Diagnostic::error(codes::PART, name.span, message);
                self.diagnostics
                    .push(error.with_hint("a parser begins in `state start`"));
            }
            return Ok(DeclKind::Parser(ParserDecl {
                ty,
                constructor_params,
                locals,
                states,
            }));
        }
        let (locals, apply) = self.control_body(open);
        let apply = match apply {
            Some(apply) => apply,
            None => {
                let message = format!("control `{name}` has no `apply` block");
                let error = Diagnostic::error(codes::PART, name.span, message);
                self.diagnostics
                    .push(error.with_hint("add `apply { }` at its end"));
                Block {
                    annotations: Vec::new(),
                    statements: Vec::new(),
                    span: self.last_span(),
                }
            }
        };
        Ok(DeclKind::Control(Control {
            ty,
            constructor_params,
            locals,
            apply,
        }))
    }

    fn parser_body(&mut self, open: Span) -> (Vec<Decl>, Vec<State>) {
        let (mut locals, mut states) = (Vec::new(), Vec::new());
        let (items, _) = self.items(open, |this| {
            let start = this.peek().span;
            let annotations = this.annotations()?;
            if this.at_word("state") && this.nth(1).kind == TokenKind::Word {
                return Ok(ParserItem::State(this.state(annotations, start)?));
            }
            Ok(ParserItem::Local(match this.kind() {
                TokenKind::ValueSet => this.value_set(annotations, start)?,
                _ => this.local(annotations, start, "parser")?,
            }))
        });
        for item in items {
            match item {
                ParserItem::Local(local) if states.is_empty() => locals.push(local),
                ParserItem::Local(local) => {
                    let message = "declarations of a parser come before its states";
                    let error = Diagnostic::error(codes::DECLARATION, local.span, message);
                    self.diagnostics.push(error);
                }
                ParserItem::State(state) => states.push(state),
            }
        }
        (locals, states)
    }

    fn control_body(&mut self, open: Span) -> (Vec<Decl>, Option<Block>) {
        let (mut locals, mut apply) = (Vec::new(), None);
        let (items, _) = self.items(open, |this| {
            let start = this.peek().span;
            let annotations = this.annotations()?;
            if this.at_word("apply")
                && matches!(this.nth(1).kind, TokenKind::LeftBrace | TokenKind::At)
            {
                this.bump();
                let mut block = this.block("the statements")?;
                block.annotations.splice(0..0, annotations);
                return Ok(ControlItem::Apply(block));
            }
            Ok(ControlItem::Local(Box::new(match this.kind() {
                TokenKind::Action => this.action(annotations, start)?,
                TokenKind::Table => this.table(annotations, start)?,
                _ => this.local(annotations, start, "control")?,
            })))
        });
        for item in items {
            match item {
                ControlItem::Apply(block) if apply.is_none() => apply = Some(block),
                ControlItem::Apply(block) => {
                    let message = "a control has one `apply` block";
                    let error = Diagnostic::error(codes::PART, block.span, message);
                    self.diagnostics.push(error);
                }
                ControlItem::Local(local) if apply.is_none() => locals.push(*local),
                ControlItem::Local(local) => {
                    let message = "declarations of a control come before its `apply` block";
                    let error = Diagnostic::error(codes::DECLARATION, local.span, message);
                    self.diagnostics.push(error);
                }
            }
        }
        (locals, apply)
    }

    /// A constant, variable or instance in a parser or control.
    fn local(&mut self, annotations: Vec<Annotation>, start: Span, within: &str) -> Parsed<Decl> {
        if self.at(TokenKind::Const) {
            return self.constant(annotations, start);
        }
        let braces_follow =
            self.nth(1).kind == TokenKind::Word && self.nth(2).kind == TokenKind::LeftBrace;
        if self.at_local_declaration() && !braces_follow {
            return self.variable_or_instance(annotations, start);
        }
        if self.at(TokenKind::Word) && self.nth(1).kind == TokenKind::LeftParen {
            return self.variable_or_instance(annotations, start);
        }
        Err(self.unexpected(
            codes::DECLARATION,
            &format!("a declaration in the {within}"),
        ))
    }

    /// `value_set<type>(size) name;`
    fn value_set(&mut self, annotations: Vec<Annotation>, start: Span) -> Parsed<Decl> {
        self.bump();
        let id = self.decl_id();
        let open = self.expect(TokenKind::Less, "<", "after `value_set`")?;
        let element = self.ty()?;
        self.close(TokenKind::Greater, ">", open)?;
        let open = self.expect(TokenKind::LeftParen, "(", "before the size")?;
        let size = self.expression()?;
        self.close(TokenKind::RightParen, ")", open)?;
        let name = self.name("a value set")?;
        self.scopes.declare(&name, NameKind::Value);
        let end = self.semicolon("the value set")?;
        Ok(Decl {
            id,
            annotations,
            kind: DeclKind::ValueSet(ValueSet {
                element,
                size,
                name,
            }),
            span: start.to(end),
        })
    }

    fn state(&mut self, annotations: Vec<Annotation>, start: Span) -> Parsed<State> {
        self.bump();
        let id = self.decl_id();
        let name = self.name("a state")?;
        let open = self.expect(TokenKind::LeftBrace, "{", "after the name of the state")?;
        self.scopes.enter();
        let mut statements = Vec::new();
        while !self.at_end_of_items() && !self.at(TokenKind::Transition) {
            let at = self.at;
            match self.statement() {
                Ok(statement) => statements.push(statement),
                Err(Failed) => self.skip_item(at),
            }
        }
        let mut transition = None;
        if self.at(TokenKind::Transition) {
            let at = self.at;
            match self.transition() {
                Ok(found) => transition = Some(found),
                Err(Failed) => self.skip_item(at),
            }
        }
        if !self.at_end_of_items() {
            let message = "nothing can follow the transition of a state";
            let error = Diagnostic::error(codes::STATEMENT, self.peek().span, message);
            self.fail(error.with_hint("put it before `transition`"));
            while !self.at_end_of_items() {
                let at = self.at;
                self.skip_item(at);
            }
        }
        self.scopes.leave();
        let end = self.close(TokenKind::RightBrace, "}", open)?;
        Ok(State {
            id,
            annotations,
            name,
            statements,
            transition,
            span: start.to(end),
        })
    }

    fn transition(&mut self) -> Parsed<Transition> {
        let start = self.bump().span;
        let kind = if self.eat(TokenKind::Select).is_some() {
            let open = self.expect(TokenKind::LeftParen, "(", "after `select`")?;
            let subjects = self.comma_separated(TokenKind::RightParen, Parser::expression)?;
            self.close(TokenKind::RightParen, ")", open)?;
            let open = self.expect(TokenKind::LeftBrace, "{", "before the cases")?;
            let (cases, _) = self.items(open, Parser::select_case);
            TransitionKind::Select { subjects, cases }
        } else {
            let state = self.name("a state")?;
            self.semicolon("the name of the state")?;
            TransitionKind::Direct(state)
        };
        Ok(Transition {
            kind,
            span: start.to(self.last_span()),
        })
    }

    fn select_case(&mut self) -> Parsed<SelectCase> {
        let keys = self.key_sets()?;
        self.expect(TokenKind::Colon, ":", "after the values of the case")?;
        let state = self.name("a state")?;
        let end = self.semicolon("the name of the state")?;
        Ok(SelectCase {
            span: keys.span.to(end),
            keys,
            state,
        })
    }
}
