//! Tables.

use super::scope::NameKind;
use super::{Parsed, Parser, TokenKind, codes};
use crate::ast::{
    ActionRef, Annotation, Decl, DeclKind, Entry, Expr, ExprKind, KeyElement, Table, TableProperty,
    TablePropertyKind,
};
use crate::source::Span;

impl Parser<'_> {
    pub(super) fn table(&mut self, annotations: Vec<Annotation>, start: Span) -> Parsed<Decl> {
        self.bump();
        let id = self.decl_id();
        let name = self.name("a table")?;
        self.scopes.declare(&name, NameKind::Value);
        let open = self.expect(TokenKind::LeftBrace, "{", "after the name of the table")?;
        let (properties, end) = self.items(open, Parser::table_property);
        Ok(Decl {
            id,
            annotations,
            kind: DeclKind::Table(Table { name, properties }),
            span: start.to(end),
        })
    }

    fn table_property(&mut self) -> Parsed<TableProperty> {
        let start = self.peek().span;
        let annotations = self.annotations()?;
        let constant = self.eat(TokenKind::Const).is_some();
        if !self.at(TokenKind::Word) {
            return Err(self.unexpected(codes::NAME, "a property of the table"));
        }
        let name = self.name("a property")?;
        if !self.at(TokenKind::Assign) {
            let place = format!("after property `{name}`");
            self.expect(TokenKind::Assign, "=", &place)?;
        }
        self.bump();
        let list = self.at(TokenKind::LeftBrace);
        let kind = match name.as_str() {
            "key" if list => TablePropertyKind::Key(self.list(Parser::key_element)),
            "actions" if list => TablePropertyKind::Actions(self.list(|this| {
                let action = this.action_ref()?;
                this.semicolon("the action")?;
                Ok(action)
            })),
            "entries" if list => TablePropertyKind::Entries(self.list(Parser::entry)),
            "key" | "actions" | "entries" => {
                let expected = format!("`{{` after `{name} =`");
                return Err(self.unexpected(codes::UNEXPECTED, &expected));
            }
            "default_action" => {
                let action = self.action_ref()?;
                self.semicolon("the default action")?;
                TablePropertyKind::DefaultAction(action)
            }
            _ => {
                let value = self.initializer()?;
                self.semicolon(&format!("property `{name}`"))?;
                TablePropertyKind::Custom(value)
            }
        };
        Ok(TableProperty {
            annotations,
            constant,
            kind,
            name,
            span: start.to(self.last_span()),
        })
    }

    fn list<T>(&mut self, item: impl FnMut(&mut Self) -> Parsed<T>) -> Vec<T> {
        let open = self.bump().span;
        self.items(open, item).0
    }

    fn key_element(&mut self) -> Parsed<KeyElement> {
        let expr = self.expression()?;
        self.expect(TokenKind::Colon, ":", "between the key and its match kind")?;
        let match_kind = self.path("a match kind")?;
        let annotations = self.annotations()?;
        let end = self.semicolon("the match kind")?;
        Ok(KeyElement {
            span: expr.span.to(end),
            expr,
            match_kind,
            annotations,
        })
    }

    /// `name` or `name(arguments)`, with annotations before it.
    fn action_ref(&mut self) -> Parsed<ActionRef> {
        let annotations = self.annotations()?;
        let start = self.peek().span;
        let path = self.path("an action")?;
        let arguments = if self.at(TokenKind::LeftParen) {
            Some(self.arguments()?.0)
        } else {
            None
        };
        Ok(ActionRef {
            id: self.expr_id(1),
            annotations,
            path,
            arguments,
            span: start.to(self.last_span()),
        })
    }

    fn entry(&mut self) -> Parsed<Entry> {
        let start = self.peek().span;
        let mut annotations = self.annotations()?;
        let constant = self.eat(TokenKind::Const).is_some();
        let priority = if self.at_word("priority") && self.nth(1).kind == TokenKind::Assign {
            self.bump();
            self.bump();
            let priority = self.expression()?;
            self.expect(TokenKind::Colon, ":", "after the priority")?;
            Some(priority)
        } else {
            None
        };
        let keys = match self.key_sets()? {
            Expr {
                kind: ExprKind::Tuple(keys),
                ..
            } => keys,
            only => vec![only],
        };
        self.expect(TokenKind::Colon, ":", "after the keys of the entry")?;
        let action = self.action_ref()?;
        annotations.extend(self.annotations()?);
        let end = self.semicolon("the entry")?;
        Ok(Entry {
            constant,
            priority,
            keys,
            action,
            annotations,
            span: start.to(end),
        })
    }
}
