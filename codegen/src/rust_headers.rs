//! What a Rust structure says as a P4 header: shared by the preprocessor, which includes `.rs` files, and the macros.

use quote::ToTokens;
use syn::spanned::Spanned;

/// The width in bits of an integer type that a header field can have.
pub fn integer_bits(ty: &syn::Type) -> Option<u32> {
    let syn::Type::Path(path) = ty else {
        return None;
    };
    let name = path.path.get_ident()?.to_string();
    match name.as_str() {
        "u8" => Some(8),
        "u16" => Some(16),
        "u32" => Some(32),
        "u64" => Some(64),
        "u128" => Some(128),
        _ => None,
    }
}

/// The width of a field: of its type, or what `#[p4(bits = 7)]` says.
pub fn field_bits(field: &syn::Field) -> syn::Result<u32> {
    let Some(of_type) = integer_bits(&field.ty) else {
        let message = format!(
            "`{}` is not a type of a header field; those are u8, u16, u32, u64 and u128",
            field.ty.to_token_stream()
        );
        return Err(syn::Error::new(field.ty.span(), message));
    };
    let mut bits = of_type;
    for attribute in &field.attrs {
        if !attribute.path().is_ident("p4") {
            continue;
        }
        attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("bits") {
                return Err(meta.error("expected `bits = ..`"));
            }
            bits = meta.value()?.parse::<syn::LitInt>()?.base10_parse()?;
            Ok(())
        })?;
        if bits == 0 || bits > of_type {
            let message = format!("{bits} bits do not fit into this field's {of_type}");
            return Err(syn::Error::new(attribute.span(), message));
        }
    }
    Ok(bits)
}

/// The name of the P4 header that a Rust structure becomes: `PathProbe` is `path_probe_t`.
pub fn p4_name(ident: &syn::Ident) -> String {
    let mut name = String::new();
    for (at, c) in ident.to_string().char_indices() {
        if c.is_uppercase() && at > 0 {
            name.push('_');
        }
        name.extend(c.to_lowercase());
    }
    name + "_t"
}
