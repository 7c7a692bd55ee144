//! Expressions.

use super::code::Code;
use super::context::{Context, Frame};
use super::data::bytes_of;
use super::scalar::{
    MAX_WIDTH, constant, container, is_native, is_wide, number, ones, rust_type, signed,
    typed_number, unsigned, zero,
};
use super::stacks;
use crate::ir::{BinaryOp, Expr, ExprKind, HeaderRef, Scalar, UnaryOp};
use proc_macro2::{Literal, TokenStream};
use quote::quote;

/// An expression's value.
pub(super) fn expr(cx: &Context<'_>, frame: Frame<'_>, value: &Expr) -> Code {
    match &value.kind {
        ExprKind::Constant(number) => Code::atom(constant(number, value.scalar)),
        ExprKind::Variable(id) => {
            let local = cx.locals.variable(*id);
            Code::atom(quote!(#local))
        }
        ExprKind::ActionParameter(index) => match frame.arguments.get(*index as usize) {
            Some(argument) => Code::atom(argument.clone()),
            None => Code::atom(cx.unsupported(value.span, "a parameter outside its action")),
        },
        ExprKind::Field(header, field) => {
            let found = match header {
                HeaderRef::Instance(id) => cx.lazy(*id, *field as usize),
                _ => None,
            };
            if let Some(found) = found {
                return found;
            }
            let otherwise = zero(value.scalar);
            stacks::value(cx, frame, header, otherwise, |id| {
                &cx.locals.header(id).fields[*field as usize]
            })
        }
        ExprKind::IsValid(header) => stacks::value(cx, frame, header, quote!(false), |id| {
            &cx.locals.header(id).valid
        }),
        ExprKind::IsUnionValid(id) => {
            let members = cx.program.unions[id.index()]
                .members
                .iter()
                .map(|member| &cx.locals.header(*member).valid);
            Code::compound(quote!(#(#members)||*))
        }
        ExprKind::LastIndex(stack) => {
            let next = cx.locals.next(*stack);
            Code::atom(quote!(#next.wrapping_sub(1)))
        }
        ExprKind::Lookahead(offset) => lookahead(*offset, value.scalar),
        ExprKind::PacketLength => Code::compound(quote!(data.len() as u32)),
        ExprKind::Unary(op, operand) => unary(cx, frame, *op, operand),
        ExprKind::Binary(op, left, right) => binary(cx, frame, *op, left, right),
        ExprKind::Concat(left, right) => {
            let high = widened(&expr(cx, frame, left), left.scalar, value.scalar);
            let low = widened(&expr(cx, frame, right), right.scalar, value.scalar);
            let shift = Literal::u32_unsuffixed(right.scalar.width());
            let (high, low) = (high.operand(), low.operand());
            Code::compound(quote!((#high << #shift) | #low))
        }
        ExprKind::Slice(base, high, low) => slice(&expr(cx, frame, base), base.scalar, *high, *low),
        ExprKind::Cast(operand) => cast(&expr(cx, frame, operand), operand.scalar, value.scalar),
        ExprKind::Mux(condition, then, otherwise) => {
            let condition = expr(cx, frame, condition);
            let then = expr(cx, frame, then);
            let otherwise = expr(cx, frame, otherwise);
            let (condition, then, otherwise) = (condition.bare(), then.bare(), otherwise.bare());
            Code::compound(quote!(if #condition { #then } else { #otherwise }))
        }
    }
}

/// An unsigned value in the integer of a scalar that is at least as wide.
fn widened(value: &Code, from: Scalar, to: Scalar) -> Code {
    let target = unsigned(to.width());
    if is_wide(to.width()) {
        let (bare, operand) = (value.bare(), value.operand());
        return match container(from.width()) {
            same if same == container(to.width()) => value.clone(),
            MAX_WIDTH => Code::atom(quote!(#target::from(#bare))),
            _ if is_wide(from.width()) => {
                let words = Literal::u32_unsuffixed(to.width().div_ceil(64));
                Code::atom(quote!(#operand.resized::<#words>()))
            }
            _ => Code::atom(quote!(#target::from(u128::from(#bare)))),
        };
    }
    match from {
        Scalar::Bool => {
            let value = value.bare();
            Code::atom(quote!(#target::from(#value)))
        }
        _ if container(from.width()) == container(to.width()) => value.clone(),
        _ => {
            let value = value.bare();
            Code::atom(quote!(#target::from(#value)))
        }
    }
}

/// The low bits of a value whose bits beyond the width may be set.
pub(super) fn masked(value: Code, width: u32) -> Code {
    if is_native(width) {
        return value;
    }
    let operand = value.operand();
    if is_wide(width) {
        let width = Literal::u32_unsuffixed(width);
        return Code::atom(quote!(#operand.masked(#width)));
    }
    let mask = number(ones(width));
    Code::compound(quote!(#operand & #mask))
}

/// The low bits of a value in the integer that holds them; what is beyond them in it stays.
fn narrowed(value: Code, from: u32, to: u32) -> Code {
    if container(from) == container(to) {
        return value;
    }
    let operand = value.operand();
    let integer = unsigned(to);
    match (is_wide(from), is_wide(to)) {
        (true, true) => {
            let words = Literal::u32_unsuffixed(to.div_ceil(64));
            Code::atom(quote!(#operand.resized::<#words>()))
        }
        (true, false) if container(to) == MAX_WIDTH => Code::atom(quote!(#operand.low())),
        (true, false) => Code::compound(quote!(#operand.low() as #integer)),
        (false, _) => Code::compound(quote!(#operand as #integer)),
    }
}

/// A value as Rust's signed integer, the sign in its place.
pub(super) fn sign_extended(value: &Code, width: u32) -> Code {
    let operand = value.operand();
    let integer = signed(width);
    match container(width) - width {
        0 => Code::compound(quote!(#operand as #integer)),
        missing => {
            let missing = Literal::u32_unsuffixed(missing);
            Code::compound(quote!(((#operand << #missing) as #integer) >> #missing))
        }
    }
}

/// A signed integer's low bits.
fn from_signed(value: Code, width: u32) -> Code {
    let operand = value.operand();
    let integer = unsigned(width);
    masked(Code::compound(quote!(#operand as #integer)), width)
}

/// `base[high:low]`.
fn slice(base: &Code, scalar: Scalar, high: u32, low: u32) -> Code {
    let width = high - low + 1;
    let mut value = base.clone();
    if low > 0 {
        let operand = value.operand();
        let low = Literal::u32_unsuffixed(low);
        value = Code::compound(quote!(#operand >> #low));
    }
    value = narrowed(value, scalar.width(), width);
    // Where the slice reaches the top, the shift has left nothing above it.
    if high + 1 == scalar.width() {
        value
    } else {
        masked(value, width)
    }
}

/// A value of one scalar as another.
pub(super) fn cast(value: &Code, from: Scalar, to: Scalar) -> Code {
    match (from, to) {
        (Scalar::Bool, Scalar::Bool) => value.clone(),
        (Scalar::Bool, _) if is_wide(to.width()) => widened(value, from, to),
        (Scalar::Bool, _) => {
            let integer = unsigned(to.width());
            let value = value.bare();
            Code::atom(quote!(#integer::from(#value)))
        }
        (_, Scalar::Bool) => {
            let operand = value.operand();
            Code::compound(quote!(#operand != 0))
        }
        (Scalar::Int(sign), _) if sign < to.width() && is_wide(to.width()) => {
            let wide = widened(value, from, to).operand();
            let sign = Literal::u32_unsuffixed(sign);
            masked(Code::atom(quote!(#wide.sign_extended(#sign))), to.width())
        }
        (Scalar::Int(from), _) if from < to.width() => {
            let extended = sign_extended(value, from).operand();
            let wide = signed(to.width());
            from_signed(Code::compound(quote!(#extended as #wide)), to.width())
        }
        _ if to.width() >= from.width() => widened(value, from, to),
        _ => {
            let narrowed = narrowed(value.clone(), from.width(), to.width());
            masked(narrowed, to.width())
        }
    }
}

/// Bits of the packet beyond what the parser has taken. Their presence has been checked.
fn lookahead(offset: u32, scalar: Scalar) -> Code {
    let width = Literal::u32_unsuffixed(scalar.width());
    let offset = Literal::u32_unsuffixed(offset);
    if is_wide(scalar.width()) {
        let integer = rust_type(scalar);
        return Code::atom(quote!(#integer::from_bits(data, at * 8 + #offset, #width)));
    }
    let bits = quote!(dpr_runtime::get_bits(data, at * 8 + #offset, #width));
    match scalar {
        Scalar::Bool => Code::compound(quote!(#bits != 0)),
        _ => {
            let integer = rust_type(scalar);
            Code::compound(quote!(#bits as #integer))
        }
    }
}

fn unary(cx: &Context<'_>, frame: Frame<'_>, op: UnaryOp, operand: &Expr) -> Code {
    let width = operand.scalar.width();
    let value = expr(cx, frame, operand).operand();
    match op {
        UnaryOp::Not => Code::compound(quote!(!#value)),
        UnaryOp::Complement => masked(Code::compound(quote!(!#value)), width),
        UnaryOp::Negate => masked(Code::atom(quote!(#value.wrapping_neg())), width),
    }
}

fn binary(cx: &Context<'_>, frame: Frame<'_>, op: BinaryOp, left: &Expr, right: &Expr) -> Code {
    let scalar = left.scalar;
    let width = scalar.width();
    let a = expr(cx, frame, left);
    if let BinaryOp::ShiftLeft | BinaryOp::ShiftRight = op {
        return shift(cx, frame, op, &a, scalar, right);
    }
    let b = expr(cx, frame, right);
    if let Scalar::Varbit(_) = scalar {
        return equal_varbits(op, &a, &b);
    }
    let is_signed = matches!(scalar, Scalar::Int(_));
    if is_signed
        && is_wide(width)
        && let Some(code) = signed_wide(op, &a, &b, width)
    {
        return code;
    }
    let ordered = |operator: TokenStream| {
        let (a, b) = match is_signed {
            true => (
                sign_extended(&a, width).operand(),
                sign_extended(&b, width).operand(),
            ),
            false => (a.operand(), b.operand()),
        };
        Code::compound(quote!(#a #operator #b))
    };
    let infix = |operator: TokenStream| {
        let (a, b) = (a.operand(), b.operand());
        Code::compound(quote!(#a #operator #b))
    };
    let method = |name: TokenStream| {
        let (a, b) = (a.operand(), b.bare());
        Code::atom(quote!(#a.#name(#b)))
    };
    match op {
        BinaryOp::And => infix(quote!(&&)),
        BinaryOp::Or => infix(quote!(||)),
        BinaryOp::Equal => infix(quote!(==)),
        BinaryOp::NotEqual => infix(quote!(!=)),
        BinaryOp::Less => ordered(quote!(<)),
        BinaryOp::LessEqual => ordered(quote!(<=)),
        BinaryOp::Greater => ordered(quote!(>)),
        BinaryOp::GreaterEqual => ordered(quote!(>=)),
        BinaryOp::BitAnd => infix(quote!(&)),
        BinaryOp::BitOr => infix(quote!(|)),
        BinaryOp::BitXor => infix(quote!(^)),
        BinaryOp::Add => masked(method(quote!(wrapping_add)), width),
        BinaryOp::Sub => masked(method(quote!(wrapping_sub)), width),
        BinaryOp::Mul => masked(method(quote!(wrapping_mul)), width),
        BinaryOp::Div => {
            let call = method(quote!(checked_div));
            let call = call.bare();
            Code::atom(quote!(#call.unwrap_or(0)))
        }
        BinaryOp::Mod => {
            let call = method(quote!(checked_rem));
            let call = call.bare();
            Code::atom(quote!(#call.unwrap_or(0)))
        }
        BinaryOp::SaturatingAdd | BinaryOp::SaturatingSub => {
            let name = if op == BinaryOp::SaturatingAdd {
                quote!(saturating_add)
            } else {
                quote!(saturating_sub)
            };
            if is_wide(width) && op == BinaryOp::SaturatingAdd {
                let (a, b) = (a.operand(), b.bare());
                let width = Literal::u32_unsuffixed(width);
                Code::atom(quote!(#a.saturating_add(#b, #width)))
            } else if is_wide(width) {
                method(name)
            } else if is_signed {
                saturating_signed(&a, &b, width, &name)
            } else {
                saturating_unsigned(&method(name), width)
            }
        }
        BinaryOp::ShiftLeft | BinaryOp::ShiftRight => a,
    }
}

/// Varbits are equal if their bytes are, wherever in the packet these are.
fn equal_varbits(op: BinaryOp, a: &Code, b: &Code) -> Code {
    let (a, b) = (bytes_of(&a.operand()), bytes_of(&b.operand()));
    match op {
        BinaryOp::NotEqual => Code::compound(quote!(#a != #b)),
        _ => Code::compound(quote!(#a == #b)),
    }
}

/// What signed integers of more than 128 bits do differently.
fn signed_wide(op: BinaryOp, a: &Code, b: &Code, width: u32) -> Option<Code> {
    let (a, b) = (a.operand(), b.bare());
    let width = Literal::u32_unsuffixed(width);
    let compared = |outcome: TokenStream| quote!(#a.cmp_signed(#b, #width).#outcome());
    Some(Code::atom(match op {
        BinaryOp::Less => compared(quote!(is_lt)),
        BinaryOp::LessEqual => compared(quote!(is_le)),
        BinaryOp::Greater => compared(quote!(is_gt)),
        BinaryOp::GreaterEqual => compared(quote!(is_ge)),
        BinaryOp::SaturatingAdd => quote!(#a.saturating_signed(#b, #width, false)),
        BinaryOp::SaturatingSub => quote!(#a.saturating_signed(#b, #width, true)),
        _ => return None,
    }))
}

fn saturating_unsigned(call: &Code, width: u32) -> Code {
    if is_native(width) {
        return call.clone();
    }
    let call = call.bare();
    let most = number(ones(width));
    Code::atom(quote!(#call.min(#most)))
}

fn saturating_signed(a: &Code, b: &Code, width: u32, name: &TokenStream) -> Code {
    let (a, b) = (sign_extended(a, width).operand(), sign_extended(b, width));
    let b = b.bare();
    let call = quote!(#a.#name(#b));
    if is_native(width) {
        return from_signed(Code::atom(call), width);
    }
    let most = number(ones(width - 1));
    let least = number(ones(width - 1) + 1);
    from_signed(Code::atom(quote!(#call.clamp(-#least, #most))), width)
}

/// Shifts. By the width or more: 0, or the sign.
fn shift(
    cx: &Context<'_>,
    frame: Frame<'_>,
    op: BinaryOp,
    value: &Code,
    scalar: Scalar,
    amount: &Expr,
) -> Code {
    let width = scalar.width();
    let is_arithmetic = matches!(scalar, Scalar::Int(_)) && op == BinaryOp::ShiftRight;
    if is_wide(width) {
        let amount = shift_amount(cx, frame, amount);
        let operand = value.operand();
        let bits = Literal::u32_unsuffixed(width);
        return match op {
            BinaryOp::ShiftLeft => masked(Code::compound(quote!(#operand << #amount)), width),
            _ if is_arithmetic => Code::atom(quote!(#operand.shr_signed(#amount, #bits))),
            _ => Code::compound(quote!(#operand >> #amount)),
        };
    }
    let operand = if is_arithmetic {
        sign_extended(value, width).operand()
    } else {
        value.operand()
    };
    if let ExprKind::Constant(amount) = &amount.kind {
        let amount = super::scalar::to_u128(amount);
        let amount = match amount >= u128::from(width) {
            false => amount,
            true if is_arithmetic => u128::from(width - 1),
            true => return Code::atom(typed_number(0, width)),
        };
        let amount = Literal::u128_unsuffixed(amount);
        return match op {
            BinaryOp::ShiftLeft => masked(Code::compound(quote!(#operand << #amount)), width),
            _ if is_arithmetic => from_signed(Code::compound(quote!(#operand >> #amount)), width),
            _ => Code::compound(quote!(#operand >> #amount)),
        };
    }
    let amount = shift_amount(cx, frame, amount);
    match op {
        BinaryOp::ShiftLeft => masked(
            Code::atom(quote!(#operand.checked_shl(#amount).unwrap_or(0))),
            width,
        ),
        _ if is_arithmetic => {
            let last = Literal::u32_unsuffixed(container(width) - 1);
            from_signed(
                Code::compound(quote!(#operand >> (#amount).min(#last))),
                width,
            )
        }
        _ => Code::atom(quote!(#operand.checked_shr(#amount).unwrap_or(0))),
    }
}

/// What is shifted by, as a `u32`. An amount that does not fit is as good as the largest that does.
fn shift_amount(cx: &Context<'_>, frame: Frame<'_>, amount: &Expr) -> TokenStream {
    let code = expr(cx, frame, amount);
    match container(amount.scalar.width()) {
        32 => code.bare().clone(),
        8 | 16 => {
            let code = code.bare();
            quote!(u32::from(#code))
        }
        width if is_wide(width) => {
            let code = code.operand();
            quote!(u32::try_from(#code.low()).unwrap_or(u32::MAX))
        }
        _ => {
            let code = code.operand();
            quote!(u32::try_from(#code).unwrap_or(u32::MAX))
        }
    }
}
