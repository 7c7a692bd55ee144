//! An expression of Rust that knows whether it needs parentheses.

use proc_macro2::TokenStream;
use quote::quote;

/// Rust source for a value.
#[derive(Clone, Debug)]
pub(super) struct Code {
    tokens: TokenStream,
    is_atomic: bool,
}

impl Code {
    /// A literal, a name, a call: something that stands anywhere as it is.
    pub(super) fn atom(tokens: TokenStream) -> Self {
        Code {
            tokens,
            is_atomic: true,
        }
    }

    /// Something with an operator of its own.
    pub(super) fn compound(tokens: TokenStream) -> Self {
        Code {
            tokens,
            is_atomic: false,
        }
    }

    /// As it is: for places where any expression can stand.
    pub(super) fn bare(&self) -> &TokenStream {
        &self.tokens
    }

    /// As an operand: in parentheses where it needs them.
    pub(super) fn operand(&self) -> TokenStream {
        let tokens = &self.tokens;
        if self.is_atomic {
            quote!(#tokens)
        } else {
            quote!((#tokens))
        }
    }
}
