//! Names that a control plane sees, annotations, and comments that document a declaration.

use super::Lowerer;
use crate::ast::{self, AnnotationBody, AnnotationTokenKind, Decl, ExprKind};
use crate::check::{Type, Value};
use crate::ir::{self, AnnotationValue};

impl<'a> Lowerer<'a, '_> {
    /// The name of a declaration under the path of its instance: `@name` replaces its own, and a dot at the front the path.
    pub(super) fn qualified(
        &self,
        path: &str,
        own: &str,
        annotations: &[ast::Annotation],
    ) -> String {
        let given = annotations
            .iter()
            .find(|annotation| annotation.name.as_str() == "name")
            .and_then(ast::Annotation::string)
            .unwrap_or(own);
        match given.strip_prefix('.') {
            Some(absolute) => absolute.to_owned(),
            None if path.is_empty() => given.to_owned(),
            None => format!("{path}.{given}"),
        }
    }

    /// What the control plane knows of a declaration of the instance at a path.
    pub(super) fn control_name(&self, path: &str, decl: &Decl) -> ir::ControlName {
        let local = decl.name().map_or("", |ident| ident.as_str()).to_owned();
        let id = decl
            .annotation("id")
            .and_then(|annotation| self.annotation_number(annotation));
        ir::ControlName {
            name: self.qualified(path, &local, &decl.annotations),
            local,
            id,
            hidden: decl.annotation("hidden").is_some(),
            annotations: self.annotations(&decl.annotations),
            doc: self.comment_above(decl),
        }
    }

    pub(super) fn annotation_number(&self, annotation: &ast::Annotation) -> Option<u32> {
        match self.annotation_values(annotation).as_slice() {
            [AnnotationValue::Int(value)] => u32::try_from(value).ok(),
            [AnnotationValue::String(text)] => {
                let text = text.trim().replace('_', "");
                match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
                    Some(digits) => u32::from_str_radix(digits, 16).ok(),
                    None => text.parse().ok(),
                }
            }
            _ => None,
        }
    }

    pub(super) fn annotations(&self, annotations: &[ast::Annotation]) -> Vec<ir::Annotation> {
        annotations
            .iter()
            .map(|annotation| ir::Annotation {
                name: annotation.name.as_str().to_owned(),
                values: self.annotation_values(annotation),
                text: self.sources.text(annotation.span).to_owned(),
                span: annotation.span,
            })
            .collect()
    }

    fn annotation_values(&self, annotation: &ast::Annotation) -> Vec<AnnotationValue> {
        match &annotation.body {
            AnnotationBody::Empty => Vec::new(),
            AnnotationBody::Unstructured(tokens) => match tokens.as_slice() {
                [] => Vec::new(),
                [token] if token.kind == AnnotationTokenKind::String => {
                    vec![AnnotationValue::String(token.text.to_string())]
                }
                tokens => {
                    let texts: Vec<String> = tokens
                        .iter()
                        .map(|token| match token.kind {
                            AnnotationTokenKind::String => format!("\"{}\"", token.text),
                            _ => token.text.to_string(),
                        })
                        .collect();
                    vec![AnnotationValue::String(texts.join(" "))]
                }
            },
            AnnotationBody::List(values) => values
                .iter()
                .filter_map(|value| self.annotation_value(value))
                .collect(),
            AnnotationBody::Map(pairs) => pairs
                .iter()
                .filter_map(|pair| {
                    let value = self.annotation_value(&pair.value)?;
                    Some(AnnotationValue::Pair(
                        pair.name.as_str().to_owned(),
                        Box::new(value),
                    ))
                })
                .collect(),
        }
    }

    fn annotation_value(&self, expr: &ast::Expr) -> Option<AnnotationValue> {
        Some(match (&expr.kind, self.eval(expr)) {
            (ExprKind::String(text), _) => AnnotationValue::String(text.to_string()),
            (ExprKind::Bool(value), _) => AnnotationValue::Bool(*value),
            (ExprKind::Int(literal), _) => AnnotationValue::Int(literal.value.clone()),
            (_, Ok(Value::Int(value))) => AnnotationValue::Int(value),
            (_, Ok(Value::Bool(value))) => AnnotationValue::Bool(value),
            (_, Ok(Value::String(text))) => AnnotationValue::String(text.to_string()),
            _ => return None,
        })
    }

    /// The comment lines directly above a declaration, joined.
    fn comment_above(&self, decl: &Decl) -> String {
        let Some(file) = self.sources.files().get(decl.span.file.index()) else {
            return String::new();
        };
        let Some(before) = file.text.get(..decl.span.start as usize) else {
            return String::new();
        };
        // What stands before the declaration on its own line is only indentation, or the comment is not its.
        let (above, indentation) = match before.rfind('\n') {
            Some(at) => (&before[..at], &before[at..]),
            None => return String::new(),
        };
        if !indentation.trim().is_empty() {
            return String::new();
        }
        let mut lines: Vec<&str> = above
            .lines()
            .rev()
            .map_while(|line| line.trim().strip_prefix("//"))
            .map(|line| line.trim_start_matches('/').trim())
            .collect();
        lines.reverse();
        lines.join("\n")
    }

    /// The name of a field for the control plane: that of its `@name`, or its own.
    fn field_name(&self, base: &ast::Expr, member: &str) -> String {
        let aggregate = match self.typed.final_type(base) {
            Type::Struct(id, _) | Type::Header(id, _) | Type::Union(id, _) => {
                self.typed.aggregate(*id)
            }
            _ => None,
        };
        aggregate
            .and_then(|aggregate| {
                let mut fields = aggregate.fields.iter();
                fields.find(|field| field.name.as_str() == member)
            })
            .and_then(|field| {
                let mut annotations = field.annotations.iter();
                annotations.find(|annotation| annotation.name.as_str() == "name")
            })
            .and_then(ast::Annotation::string)
            .unwrap_or(member)
            .to_owned()
    }

    /// A key's name where no `@name` gives one: the expression as the reference compiler writes it. `None`: it is none that names
    /// anything.
    pub(super) fn key_name(&self, expr: &ast::Expr) -> Option<String> {
        Some(match &expr.kind {
            ExprKind::Path(path) => path.name.as_str().to_owned(),
            ExprKind::Int(literal) => literal.value.to_string(),
            ExprKind::Bool(value) => value.to_string(),
            ExprKind::Member { base, member } => {
                let own = self.field_name(base, member.as_str());
                match own.strip_prefix('.') {
                    Some(absolute) => absolute.to_owned(),
                    None => format!("{}.{own}", self.key_name(base)?),
                }
            }
            ExprKind::Index { base, index } => match self.eval(index) {
                Ok(Value::Int(at)) => format!("{}[{at}]", self.key_name(base)?),
                _ => format!("{}[{}]", self.key_name(base)?, self.key_name(index)?),
            },
            ExprKind::Slice { base, high, low } => match (self.eval(high), self.eval(low)) {
                (Ok(Value::Int(high)), Ok(Value::Int(low))) => {
                    format!("{}[{high}:{low}]", self.key_name(base)?)
                }
                _ => return None,
            },
            ExprKind::Binary {
                op: ast::BinaryOp::BitAnd,
                left,
                right,
                ..
            } => match self.eval(right) {
                Ok(Value::Int(mask)) => format!("{} & {mask:#x}", self.key_name(left)?),
                _ => return None,
            },
            ExprKind::Call { callee, .. } => match &callee.kind {
                ExprKind::Member { base, member } if member.as_str() == "isValid" => {
                    format!("{}.$valid$", self.key_name(base)?)
                }
                _ => return None,
            },
            _ => return None,
        })
    }
}
