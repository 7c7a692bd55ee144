//! Annotations whose bodies the language or the control plane gives a meaning.

use super::Checker;
use super::codes;
use super::nodes::Node;
use super::typed::Value;
use super::types::Type;
use crate::ast::{Annotation, AnnotationBody, AnnotationTokenKind, Expr};

impl<'a> Checker<'a> {
    /// Checks the annotations of one thing.
    pub(super) fn annotations(&mut self, annotations: &'a [Annotation]) {
        for (at, annotation) in annotations.iter().enumerate() {
            let before = annotations[..at].iter().find(|other| {
                other.name.name == annotation.name.name
                    && (is_structured(other) || is_structured(annotation))
            });
            if let Some(before) = before {
                self.error(
                    codes::DUPLICATE_NAME,
                    annotation.span,
                    format!("`@{}` is given twice", annotation.name),
                )
                .note(before.span, "first given here");
            }
            match &annotation.body {
                AnnotationBody::List(values) => {
                    for value in values {
                        self.annotation_value(value);
                    }
                }
                AnnotationBody::Map(values) => {
                    for value in values {
                        self.annotation_value(&value.value);
                    }
                }
                AnnotationBody::Empty | AnnotationBody::Unstructured(_) => self.known(annotation),
            }
        }
    }

    /// A value in brackets: a number, text or truth value that is known at compile time.
    fn annotation_value(&mut self, value: &'a Expr) {
        let ty = self.infer(value);
        match self.constant(value, "a value of an annotation") {
            Some(Value::Int(_) | Value::String(_) | Value::Bool(_)) | None => {}
            Some(_) if ty == Type::Unknown => {}
            Some(_) => {
                let shown = self.show(&ty);
                self.error(
                    codes::BAD_ANNOTATION,
                    value.span,
                    format!(
                        "a value of an annotation is a number, `string` or `bool`, not `{shown}`"
                    ),
                );
            }
        }
    }

    /// Annotations in parentheses that have a meaning.
    fn known(&mut self, annotation: &'a Annotation) {
        let tokens = match &annotation.body {
            AnnotationBody::Unstructured(tokens) => &tokens[..],
            _ => &[],
        };
        let name = annotation.name.as_str();
        let wanted = match name {
            // Texts may be put together.
            "name" | "deprecated" | "noWarn"
                if tokens.is_empty()
                    || tokens.iter().any(|token| {
                        token.kind != AnnotationTokenKind::String && &*token.text != "++"
                    }) =>
            {
                "a text in quotes"
            }
            "p4runtime_translation" => match tokens {
                [uri, comma, kind, rest @ ..]
                    if uri.kind == AnnotationTokenKind::String && &*comma.text == "," =>
                {
                    let texts: Vec<&str> = rest.iter().map(|token| &*token.text).collect();
                    let fits = match (kind.kind, &*kind.text, texts.as_slice()) {
                        (AnnotationTokenKind::Integer, _, [])
                        | (AnnotationTokenKind::Word, "string", []) => true,
                        (AnnotationTokenKind::Word, "bit", ["<", _, ">"]) => rest
                            .get(1)
                            .is_some_and(|width| width.kind == AnnotationTokenKind::Integer),
                        _ => false,
                    };
                    if fits {
                        return;
                    }
                    "a text in quotes, and `bit<W>`, `string` or a number"
                }
                _ => "a text in quotes, and `bit<W>`, `string` or a number",
            },
            "match" => match tokens {
                [kind] if kind.kind == AnnotationTokenKind::Word => return,
                _ => "the name of a match kind",
            },
            _ => return,
        };
        self.error(
            codes::BAD_ANNOTATION,
            annotation.span,
            format!("`@{name}` takes {wanted}"),
        );
    }

    /// Annotations of what has no declaration checked by itself: fields, members, states.
    pub(super) fn annotations_of_parts(&mut self) {
        for index in 0..self.typed.program.decl_count {
            let annotations: &'a [Annotation] = match self.typed.node(crate::ast::DeclId(index)) {
                Some(Node::Field(field)) => &field.annotations,
                Some(Node::State(state, _)) => &state.annotations,
                Some(Node::Method(method, _)) => &method.annotations,
                _ => continue,
            };
            self.annotations(annotations);
        }
    }
}

fn is_structured(annotation: &Annotation) -> bool {
    matches!(
        annotation.body,
        AnnotationBody::List(_) | AnnotationBody::Map(_)
    )
}
