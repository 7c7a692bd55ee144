//! Tokens, and how text is cut into them.

use std::collections::HashSet;
use std::sync::Arc;

use logos::Logos;

use crate::source::{FileId, Span};

/// Kinds of tokens. Keywords are words until [`TokenKind::of_word`] tells them apart, since macros may be named like
/// keywords.
#[derive(Logos, Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[logos(skip r"[ \t\r\x0b\x0c]+")]
#[logos(skip(r"//[^\n]*", allow_greedy = true))]
#[logos(skip r"\\\r?\n")]
pub(crate) enum TokenKind {
    #[token("\n")]
    Newline,
    #[regex(r"[A-Za-z_][A-Za-z0-9_]*")]
    Word,
    #[regex(r"[0-9][A-Za-z0-9_]*")]
    Integer,
    #[regex(r#""([^"\\]|\\[^\n]|\\\n)*""#)]
    String,
    /// A comment between `/*` and `*/`; never leaves the lexer.
    #[regex(r"/\*([^*]|\*+[^*/])*\*+/")]
    Comment,
    /// `/*` without an end.
    #[token("/*")]
    UnterminatedComment,
    #[token("#")]
    Hash,
    #[token("##")]
    HashHash,
    #[token("@")]
    At,
    #[token("(")]
    LeftParen,
    #[token(")")]
    RightParen,
    #[token("[")]
    LeftBracket,
    #[token("]")]
    RightBracket,
    #[token("{")]
    LeftBrace,
    #[token("}")]
    RightBrace,
    #[token("<")]
    Less,
    #[token(">")]
    Greater,
    #[token("<=")]
    LessEqual,
    #[token(">=")]
    GreaterEqual,
    #[token("==")]
    EqualEqual,
    #[token("!=")]
    NotEqual,
    #[token("<<")]
    ShiftLeft,
    #[token("&&")]
    AndAnd,
    #[token("||")]
    OrOr,
    #[token("&&&")]
    Mask,
    #[token("..")]
    DotDot,
    #[token("...")]
    Ellipsis,
    #[token("++")]
    PlusPlus,
    #[token("+:")]
    PlusColon,
    #[token("|+|")]
    PlusSat,
    #[token("|-|")]
    MinusSat,
    #[token("+")]
    Plus,
    #[token("-")]
    Minus,
    #[token("*")]
    Star,
    #[token("/")]
    Slash,
    #[token("%")]
    Percent,
    #[token("&")]
    And,
    #[token("|")]
    Or,
    #[token("^")]
    Caret,
    #[token("~")]
    Tilde,
    #[token("!")]
    Bang,
    #[token("?")]
    Question,
    #[token(":")]
    Colon,
    #[token(";")]
    Semicolon,
    #[token(",")]
    Comma,
    #[token(".")]
    Dot,
    #[token("=")]
    Assign,
    #[token("+=")]
    AddAssign,
    #[token("-=")]
    SubAssign,
    #[token("*=")]
    MulAssign,
    #[token("/=")]
    DivAssign,
    #[token("%=")]
    ModAssign,
    #[token("&=")]
    AndAssign,
    #[token("|=")]
    OrAssign,
    #[token("^=")]
    XorAssign,
    #[token("<<=")]
    ShiftLeftAssign,
    #[token("|+|=")]
    AddSatAssign,
    #[token("|-|=")]
    SubSatAssign,
    /// `_`
    Underscore,
    /// What begins no token.
    Unknown,
    /// Comes last, once.
    EndOfFile,

    Abstract,
    Action,
    Bit,
    Bool,
    Break,
    Const,
    Continue,
    Control,
    Default,
    Else,
    Enum,
    Error,
    Exit,
    Extern,
    False,
    For,
    Header,
    HeaderUnion,
    If,
    In,
    InOut,
    Int,
    MatchKind,
    Out,
    Package,
    Parser,
    Return,
    Select,
    StringType,
    Struct,
    Switch,
    Table,
    This,
    Transition,
    True,
    Tuple,
    Typedef,
    ValueSet,
    Varbit,
    Void,
}

/// All keywords. `apply`, `key`, `actions`, `entries`, `state`, `type`, `list`, `priority` and `pragma` are names that
/// mean something in their places only.
const KEYWORDS: &[(&str, TokenKind)] = &[
    ("_", TokenKind::Underscore),
    ("abstract", TokenKind::Abstract),
    ("action", TokenKind::Action),
    ("bit", TokenKind::Bit),
    ("bool", TokenKind::Bool),
    ("break", TokenKind::Break),
    ("const", TokenKind::Const),
    ("continue", TokenKind::Continue),
    ("control", TokenKind::Control),
    ("default", TokenKind::Default),
    ("else", TokenKind::Else),
    ("enum", TokenKind::Enum),
    ("error", TokenKind::Error),
    ("exit", TokenKind::Exit),
    ("extern", TokenKind::Extern),
    ("false", TokenKind::False),
    ("for", TokenKind::For),
    ("header", TokenKind::Header),
    ("header_union", TokenKind::HeaderUnion),
    ("if", TokenKind::If),
    ("in", TokenKind::In),
    ("inout", TokenKind::InOut),
    ("int", TokenKind::Int),
    ("match_kind", TokenKind::MatchKind),
    ("out", TokenKind::Out),
    ("package", TokenKind::Package),
    ("parser", TokenKind::Parser),
    ("return", TokenKind::Return),
    ("select", TokenKind::Select),
    ("string", TokenKind::StringType),
    ("struct", TokenKind::Struct),
    ("switch", TokenKind::Switch),
    ("table", TokenKind::Table),
    ("this", TokenKind::This),
    ("transition", TokenKind::Transition),
    ("true", TokenKind::True),
    ("tuple", TokenKind::Tuple),
    ("typedef", TokenKind::Typedef),
    ("value_set", TokenKind::ValueSet),
    ("varbit", TokenKind::Varbit),
    ("void", TokenKind::Void),
];

impl TokenKind {
    /// The keyword that a word is, or [`TokenKind::Word`].
    pub(crate) fn of_word(text: &str) -> TokenKind {
        KEYWORDS
            .binary_search_by_key(&text, |&(keyword, _)| keyword)
            .map_or(TokenKind::Word, |at| KEYWORDS[at].1)
    }

    /// Whether it is a keyword.
    pub(crate) fn is_keyword(self) -> bool {
        self != TokenKind::Underscore && KEYWORDS.iter().any(|&(_, kind)| kind == self)
    }
}

/// The keyword nearest to a word that was probably meant as one.
pub(crate) fn keyword_like(word: &str) -> Option<&'static str> {
    const CONTEXTUAL: [&str; 6] = ["apply", "key", "actions", "entries", "state", "type"];
    if word.len() < 3 {
        return None;
    }
    KEYWORDS
        .iter()
        .map(|&(keyword, _)| keyword)
        .chain(CONTEXTUAL)
        .filter(|keyword| *keyword != word && keyword.len().abs_diff(word.len()) <= 1)
        .filter(|keyword| within_one_edit(word, keyword))
        .min()
}

/// Whether one insertion, deletion, replacement or swap of neighbours turns `a` into `b`, regardless of case.
fn within_one_edit(a: &str, b: &str) -> bool {
    let a: Vec<u8> = a.bytes().map(|byte| byte.to_ascii_lowercase()).collect();
    let b = b.as_bytes();
    let prefix = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[prefix..], &b[prefix..]);
    let suffix = a
        .iter()
        .rev()
        .zip(b.iter().rev())
        .take_while(|(x, y)| x == y)
        .count();
    let (a, b) = (&a[..a.len() - suffix], &b[..b.len() - suffix]);
    match (a, b) {
        (a, b) if a.len() <= 1 && b.len() <= 1 => true,
        ([x, y], [v, w]) => x == w && y == v,
        _ => false,
    }
}

/// A token.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub kind: TokenKind,
    /// Its text, as it is written.
    pub text: Arc<str>,
    /// Where it is written, or the use of the macro that it comes from.
    pub span: Span,
    /// Whether white space or a comment is before it.
    pub spaced: bool,
    /// Whether it is the first of its line.
    pub line_start: bool,
    /// Whether it is the name of a macro that must not be expanded (again) here.
    pub painted: bool,
}

/// Makes equal texts share their memory.
#[derive(Default)]
pub(crate) struct Interner {
    texts: HashSet<Arc<str>>,
}

impl Interner {
    pub(crate) fn intern(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return known.clone();
        }
        let text: Arc<str> = text.into();
        self.texts.insert(text.clone());
        text
    }
}

/// Cuts a text into tokens, [`TokenKind::Newline`] among them. What begins no token becomes [`TokenKind::Unknown`]:
/// it may stand in a part that is skipped. Begins at offset `from`, the start of a line.
pub(crate) fn tokenize(
    text: &str,
    from: usize,
    file: FileId,
    interner: &mut Interner,
) -> Vec<Token> {
    let mut tokens = Vec::with_capacity((text.len() - from) / 4);
    let mut line_start = true;
    let mut end_of_last = from;
    let mut lexer = TokenKind::lexer(text);
    lexer.bump(from);
    while let Some(result) = lexer.next() {
        let range = lexer.span();
        let kind = match result {
            Ok(TokenKind::Comment) => continue,
            Ok(kind) => kind,
            Err(()) => TokenKind::Unknown,
        };
        // Whatever follows a comment or string without an end is part of it.
        let opening = match kind {
            TokenKind::UnterminatedComment => Some(2),
            TokenKind::Unknown if text[range.clone()].starts_with('"') => Some(1),
            _ => None,
        };
        let range = match opening {
            Some(length) => {
                lexer.bump(lexer.remainder().len());
                range.start..range.start + length
            }
            None => range,
        };
        tokens.push(Token {
            kind,
            text: interner.intern(&text[range.clone()]),
            span: Span::new(file, range.clone()),
            spaced: range.start > end_of_last,
            line_start,
            painted: false,
        });
        line_start = kind == TokenKind::Newline;
        end_of_last = range.end;
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{NoFiles, SourceMap};

    fn texts(text: &str) -> Vec<String> {
        let file = SourceMap::new(NoFiles).add("a.p4", text);
        tokenize(text, 0, file, &mut Interner::default())
            .iter()
            .map(|token| token.text.to_string())
            .collect()
    }

    #[test]
    fn the_longest_operator_wins() {
        assert_eq!(
            texts("a&&&b |+|= ..3...x[1+:2]>>"),
            [
                "a", "&&&", "b", "|+|=", "..", "3", "...", "x", "[", "1", "+:", "2", "]", ">", ">"
            ]
        );
    }

    #[test]
    fn comments_and_continued_lines_are_white_space() {
        assert_eq!(texts("a /* x\n*y **/ b // c\n\\\nd"), ["a", "b", "\n", "d"]);
        assert_eq!(texts("a /* b"), ["a", "/*"]);
    }

    #[test]
    fn strings_hold_escaped_quotes() {
        assert_eq!(texts(r#""a\"b" "c\\" x"#), [r#""a\"b""#, r#""c\\""#, "x"]);
        assert_eq!(texts("\"open\nx"), ["\""]);
    }

    #[test]
    fn keywords_are_sorted_for_the_search() {
        assert!(KEYWORDS.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert_eq!(TokenKind::of_word("header_union"), TokenKind::HeaderUnion);
        assert_eq!(TokenKind::of_word("apply"), TokenKind::Word);
    }

    #[test]
    fn misspelled_keywords_are_recognized() {
        assert_eq!(keyword_like("heade"), Some("header"));
        assert_eq!(keyword_like("tabel"), Some("table"));
        assert_eq!(keyword_like("Struct"), Some("struct"));
        assert_eq!(keyword_like("ethernet"), None);
    }
}
