//! Decisions that need more than the next token. Nothing is taken here.

use super::scope::NameKind;
use super::{Parser, TokenKind};

impl Parser<'_> {
    fn kind_at(&self, at: usize) -> TokenKind {
        self.tokens
            .get(at)
            .map_or(TokenKind::EndOfFile, |token| token.kind)
    }

    /// Whether the word at this position is the name of a type; `absolute`: at the top level.
    fn is_type_name(&self, at: usize, absolute: bool) -> bool {
        let Some(token) = self.tokens.get(at) else {
            return false;
        };
        let kind = if absolute {
            self.scopes.global_kind(&token.text)
        } else {
            self.scopes.kind(&token.text)
        };
        token.kind == TokenKind::Word && kind == Some(NameKind::Type)
    }

    /// Whether the next token is a word that is declared as a type, or `.` and one.
    pub(super) fn at_type_name(&self) -> bool {
        match self.kind() {
            TokenKind::Word => self.is_type_name(self.at, false),
            TokenKind::Dot => self.is_type_name(self.at + 1, true),
            _ => false,
        }
    }

    /// Whether the next token is a keyword that begins a type.
    pub(super) fn at_type_keyword(&self) -> bool {
        is_type_keyword(self.kind())
    }

    /// Whether `list<` begins a type here.
    pub(super) fn at_list_type(&self) -> bool {
        self.at_word("list")
            && self.nth(1).kind == TokenKind::Less
            && self.scopes.kind("list").is_none()
    }

    /// The position after the type that begins at `at`, if one does; only names declared as types count.
    fn after_type(&self, at: usize, depth: usize) -> Option<usize> {
        if depth > super::MAX_NESTING {
            return None;
        }
        let mut next = match self.kind_at(at) {
            TokenKind::Bit | TokenKind::Int | TokenKind::Varbit => {
                self.after_width(at + 1).unwrap_or(at + 1)
            }
            TokenKind::Tuple => self.after_type_arguments(at + 1, depth)?,
            kind if is_type_keyword(kind) => at + 1,
            TokenKind::Word if self.is_type_name(at, false) => {
                self.after_type_arguments(at + 1, depth).unwrap_or(at + 1)
            }
            TokenKind::Word if &*self.tokens[at].text == "list" => {
                self.after_type_arguments(at + 1, depth)?
            }
            TokenKind::Dot if self.is_type_name(at + 1, true) => {
                self.after_type_arguments(at + 2, depth).unwrap_or(at + 2)
            }
            _ => return None,
        };
        while self.kind_at(next) == TokenKind::LeftBracket {
            next = self.after_brackets(next)?;
        }
        Some(next)
    }

    /// The position after `<width>` at `at`.
    fn after_width(&self, at: usize) -> Option<usize> {
        if self.kind_at(at) != TokenKind::Less {
            return None;
        }
        let mut next = at + 1;
        loop {
            next = match self.kind_at(next) {
                TokenKind::Greater => return Some(next + 1),
                TokenKind::LeftParen | TokenKind::LeftBracket | TokenKind::LeftBrace => {
                    self.after_brackets(next)?
                }
                TokenKind::RightParen
                | TokenKind::RightBracket
                | TokenKind::RightBrace
                | TokenKind::Semicolon
                | TokenKind::EndOfFile => return None,
                _ => next + 1,
            };
        }
    }

    /// The position after the type arguments in `<` and `>` at `at`.
    pub(super) fn after_type_arguments(&self, at: usize, depth: usize) -> Option<usize> {
        if self.kind_at(at) != TokenKind::Less {
            return None;
        }
        let mut next = at + 1;
        if self.kind_at(next) == TokenKind::Greater {
            return Some(next + 1);
        }
        loop {
            next = match self.kind_at(next) {
                TokenKind::Underscore => next + 1,
                _ => self.after_type(next, depth + 1)?,
            };
            match self.kind_at(next) {
                TokenKind::Comma => next += 1,
                TokenKind::Greater => return Some(next + 1),
                _ => return None,
            }
        }
    }

    /// The position after the bracket that closes the one at `at`.
    pub(super) fn after_brackets(&self, at: usize) -> Option<usize> {
        let mut depth = 0usize;
        for (offset, token) in self.tokens[at..].iter().enumerate() {
            match token.kind {
                TokenKind::LeftParen | TokenKind::LeftBracket | TokenKind::LeftBrace => depth += 1,
                TokenKind::RightParen | TokenKind::RightBracket | TokenKind::RightBrace => {
                    depth = depth.checked_sub(1)?;
                    if depth == 0 {
                        return Some(at + offset + 1);
                    }
                }
                // Neither is part of what is in brackets in any expression or type.
                TokenKind::Semicolon => return None,
                _ => {}
            }
        }
        None
    }

    /// Whether `<` is next and begins the type arguments of a call.
    pub(super) fn at_call_type_arguments(&self) -> bool {
        self.after_type_arguments(self.at, 0)
            .is_some_and(|after| self.kind_at(after) == TokenKind::LeftParen)
    }

    /// Whether `(` is next and begins a cast.
    pub(super) fn at_cast(&self) -> bool {
        let inner = self.at + 1;
        if let Some(after) = self.after_type(inner, 0) {
            return self.kind_at(after) == TokenKind::RightParen;
        }
        // A name that is declared nowhere but before something that only an operand of a cast can be.
        self.kind_at(inner) == TokenKind::Word
            && self.kind_at(inner + 1) == TokenKind::RightParen
            && matches!(
                self.kind_at(inner + 2),
                TokenKind::Word | TokenKind::Integer | TokenKind::LeftBrace
            )
            && self.scopes.kind(&self.tokens[inner].text).is_none()
    }

    /// Whether `(` is next and encloses the key sets of a select case or table entry.
    pub(super) fn at_tuple_key_set(&self) -> bool {
        self.at(TokenKind::LeftParen)
            && self
                .after_brackets(self.at)
                .is_some_and(|after| self.kind_at(after) == TokenKind::Colon)
    }

    /// Whether a declaration of a variable or instance begins here, and no expression.
    pub(super) fn at_local_declaration(&self) -> bool {
        if self.at(TokenKind::Error) {
            return self.nth(1).kind != TokenKind::Dot;
        }
        if self.at_type_keyword() || self.at_list_type() {
            return true;
        }
        let Some(after_name) = (match self.kind() {
            TokenKind::Word => Some(self.at + 1),
            TokenKind::Dot => Some(self.at + 2),
            _ => None,
        }) else {
            return false;
        };
        let next = self.kind_at(after_name);
        if self.at_type_name() {
            if next != TokenKind::Less {
                return next != TokenKind::Dot;
            }
            return match self.after_type_arguments(after_name, 0) {
                Some(after) => self.kind_at(after) != TokenKind::Dot,
                None => true,
            };
        }
        // Probably a type that is declared nowhere.
        next == TokenKind::Word
            || self
                .after_type_arguments(after_name, 0)
                .is_some_and(|after| self.kind_at(after) == TokenKind::Word)
    }
}

fn is_type_keyword(kind: TokenKind) -> bool {
    matches!(
        kind,
        TokenKind::Bool
            | TokenKind::Error
            | TokenKind::MatchKind
            | TokenKind::StringType
            | TokenKind::Int
            | TokenKind::Bit
            | TokenKind::Varbit
            | TokenKind::Void
            | TokenKind::Tuple
    )
}
