//! Where the program's storage is in the JSON: names of headers and fields.

use super::UNSUPPORTED;
use super::json::{Json, array, object};
use crate::diagnostic::Diagnostics;
use crate::ir::{
    HeaderId, HeaderTypeId, Program, Scalar, Scope, StackId, StandardField, VariableId,
};
use indexmap::{IndexMap, IndexSet};
use std::collections::HashSet;

/// The instance and type of the architecture's metadata.
pub(super) const STANDARD: &str = "standard_metadata";
/// The metadata instance that holds the program's scalars.
const SCALARS: &str = "scalars";
const SCALARS_TYPE: &str = "scalars_t";
/// The only field of the header that a `varbit` variable becomes.
const VARBIT_FIELD: &str = "field";
/// The hidden field of every header that is 1 if it is valid.
const VALID: &str = "$valid$";

/// A field: the header's name and the field's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FieldRef {
    pub(super) header: String,
    pub(super) field: String,
}

impl FieldRef {
    /// The pair that JSON refers to it by.
    pub(super) fn pair(&self) -> Json {
        array![self.header.clone(), self.field.clone()]
    }

    /// As an operand of an expression or a parameter of a primitive.
    pub(super) fn operand(&self) -> Json {
        object! { "type": "field", "value": self.pair() }
    }
}

/// Names that are taken.
#[derive(Default)]
pub(super) struct Taken(HashSet<String>);

impl Taken {
    /// The name, or it with the first number that makes it new.
    pub(super) fn unique(&mut self, name: &str) -> String {
        let mut unique = name.to_owned();
        let mut number = 0;
        while !self.0.insert(unique.clone()) {
            unique = format!("{name}_{number}");
            number += 1;
        }
        unique
    }
}

/// The names of all storage.
pub(super) struct Layout<'a> {
    program: &'a Program,
    header_types: Vec<String>,
    headers: Vec<String>,
    stacks: Vec<String>,
    /// Variables that something refers to, in the order of the first reference.
    used: IndexSet<VariableId>,
    /// Storage of this back end's own.
    temporaries: IndexMap<String, Scalar>,
}

impl<'a> Layout<'a> {
    pub(super) fn new(program: &'a Program) -> Self {
        let mut types = Taken::default();
        types.unique(STANDARD);
        types.unique(SCALARS_TYPE);
        let header_types = (program.header_types.iter())
            .map(|header_type| types.unique(&header_type.name))
            .collect();
        let mut names = Taken::default();
        names.unique(STANDARD);
        names.unique(SCALARS);
        let short = |name: &str, is_metadata: bool| match name.split_once('.') {
            Some((_, rest)) if !is_metadata => rest.to_owned(),
            _ => name.to_owned(),
        };
        let headers = (program.headers.iter())
            .map(|header| names.unique(&short(&header.name, header.is_metadata)))
            .collect();
        let mut stack_names = Taken::default();
        let stacks = (program.stacks.iter())
            .map(|stack| {
                let first = stack.elements.first();
                let is_metadata = first.is_some_and(|id| program.headers[id.index()].is_metadata);
                stack_names.unique(&short(&stack.name, is_metadata))
            })
            .collect();
        Layout {
            program,
            header_types,
            headers,
            stacks,
            used: IndexSet::new(),
            temporaries: IndexMap::new(),
        }
    }

    /// The name of a header.
    pub(super) fn header(&self, id: HeaderId) -> String {
        self.headers[id.index()].clone()
    }

    /// The name of a stack.
    pub(super) fn stack(&self, id: StackId) -> String {
        self.stacks[id.index()].clone()
    }

    /// A field of a header.
    pub(super) fn field(&self, header: HeaderId, field: u32) -> FieldRef {
        let header_type = self.program.headers[header.index()].header_type;
        FieldRef {
            header: self.header(header),
            field: self.field_name(header_type, field),
        }
    }

    /// The name of a field of a type.
    pub(super) fn field_name(&self, header_type: HeaderTypeId, field: u32) -> String {
        let fields = &self.program.header_types[header_type.index()].fields;
        fields[field as usize].name.clone()
    }

    /// The field that says whether a header is valid.
    pub(super) fn valid(&self, header: HeaderId) -> FieldRef {
        FieldRef {
            header: self.header(header),
            field: VALID.to_owned(),
        }
    }

    /// The field that holds a variable.
    pub(super) fn variable(&mut self, id: VariableId) -> FieldRef {
        let variable = &self.program.variables[id.index()];
        if let Scope::Standard(field) = variable.scope {
            return standard(field);
        }
        self.used.insert(id);
        match variable.scalar {
            Scalar::Varbit(_) => FieldRef {
                header: variable.name.clone(),
                field: VARBIT_FIELD.to_owned(),
            },
            _ => scalar(variable.name.clone()),
        }
    }

    /// A new field of this back end's own. The name says what it is for.
    pub(super) fn temporary(&mut self, name: &str, scalar_type: Scalar) -> FieldRef {
        // No name in the source has a `$`.
        let mut unique = format!("${name}");
        let mut number = 0;
        while self.temporaries.contains_key(&unique) {
            number += 1;
            unique = format!("${name}_{number}");
        }
        self.temporaries.insert(unique.clone(), scalar_type);
        scalar(unique)
    }

    /// `header_types` and `headers`, to be asked for when everything has been named.
    pub(super) fn declare(&self, diagnostics: &mut Diagnostics) -> (Json, Json) {
        let mut types = vec![
            type_json(0, SCALARS_TYPE, self.scalar_fields(), None),
            type_json(1, STANDARD, standard_fields(), None),
        ];
        let mut headers = vec![
            header_json(0, SCALARS, SCALARS_TYPE, true),
            header_json(1, STANDARD, STANDARD, true),
        ];
        for at in 0..self.program.header_types.len() {
            self.header_type(HeaderTypeId(at as u32), &mut types, diagnostics);
        }
        for (at, header) in self.program.headers.iter().enumerate() {
            let id = self.header_number(HeaderId(at as u32));
            let header_type = self.header_types[header.header_type.index()].clone();
            headers.push(header_json(
                id,
                self.headers[at].clone(),
                header_type,
                false,
            ));
        }
        for id in &self.used {
            let variable = &self.program.variables[id.index()];
            if let Scalar::Varbit(width) = variable.scalar {
                let name = format!("$varbit_{}", types.len());
                let fields = vec![array![VARBIT_FIELD, "*"]];
                types.push(type_json(types.len(), name.clone(), fields, Some(width)));
                headers.push(header_json(
                    headers.len(),
                    variable.name.clone(),
                    name,
                    true,
                ));
            }
        }
        (types.into(), headers.into())
    }

    /// The number of a header in `headers`.
    pub(super) fn header_number(&self, id: HeaderId) -> usize {
        id.index() + 2
    }

    fn scalar_fields(&self) -> Vec<Json> {
        let variables = self.used.iter().map(|id| {
            let variable = &self.program.variables[id.index()];
            (&variable.name, variable.scalar)
        });
        let temporaries = self.temporaries.iter().map(|(name, ty)| (name, *ty));
        let scalars: Vec<_> = variables
            .chain(temporaries)
            .filter(|(_, ty)| !matches!(ty, Scalar::Varbit(_)))
            .collect();
        let width = scalars.iter().map(|(_, ty)| ty.width()).sum();
        let fields = scalars
            .into_iter()
            .map(|(name, ty)| field_json(name.clone(), ty));
        padded(fields.collect(), width)
    }

    fn header_type(&self, id: HeaderTypeId, types: &mut Vec<Json>, diagnostics: &mut Diagnostics) {
        let header_type = &self.program.header_types[id.index()];
        let mut instances = self.program.headers.iter();
        let fixed = header_type.fixed_width();
        let is_packet = instances.any(|header| header.header_type == id && !header.is_metadata);
        if !fixed.is_multiple_of(8) && is_packet {
            let message = format!(
                "a header of {fixed} bits is not supported by BMv2, which takes whole bytes only"
            );
            diagnostics.error(UNSUPPORTED, header_type.span, message);
        }
        let mut fields = Vec::new();
        let mut longest = None;
        for field in &header_type.fields {
            if let Scalar::Varbit(width) = field.scalar {
                if longest.replace(width + fixed).is_some() {
                    let message = "a header with several `varbit` fields is not supported by BMv2";
                    diagnostics.error(UNSUPPORTED, field.span, message);
                }
                fields.push(array![field.name.clone(), "*"]);
            } else {
                fields.push(field_json(field.name.clone(), field.scalar));
            }
        }
        let name = self.header_types[id.index()].clone();
        let fields = padded(fields, fixed);
        types.push(type_json(types.len(), name, fields, longest));
    }

    /// `header_stacks`.
    pub(super) fn stacks(&self) -> Json {
        let stacks = self.program.stacks.iter().enumerate().map(|(id, stack)| {
            object! {
                "name": self.stacks[id].clone(),
                "id": id,
                "header_type": self.header_types[stack.header_type.index()].clone(),
                "size": stack.elements.len(),
                "header_ids": self.numbers(&stack.elements),
            }
        });
        Json::Array(stacks.collect())
    }

    fn numbers(&self, headers: &[HeaderId]) -> Json {
        let numbers = headers.iter().map(|id| self.header_number(*id).into());
        Json::Array(numbers.collect())
    }

    /// `header_union_types` and `header_unions`. Types are told apart by their members.
    pub(super) fn unions(&self) -> (Json, Json) {
        let mut types: IndexMap<Vec<(String, String)>, String> = IndexMap::new();
        let mut unions = Vec::new();
        for (id, union) in self.program.unions.iter().enumerate() {
            let members: Vec<(String, String)> = (union.members.iter())
                .map(|member| {
                    let header = &self.program.headers[member.index()];
                    let name = header.name.rsplit('.').next().unwrap_or_default();
                    let header_type = &self.header_types[header.header_type.index()];
                    (name.to_owned(), header_type.clone())
                })
                .collect();
            let union_type = types
                .entry(members)
                .or_insert_with(|| format!("{}_t", union.name))
                .clone();
            unions.push(object! {
                "name": union.name.clone(),
                "id": id,
                "union_type": union_type,
                "header_ids": self.numbers(&union.members),
                "pi_omit": true,
            });
        }
        let types = types.into_iter().enumerate().map(|(id, (members, name))| {
            let members = members
                .into_iter()
                .map(|(name, header_type)| array![name, header_type]);
            object! { "name": name, "id": id, "headers": Json::Array(members.collect()) }
        });
        (Json::Array(types.collect()), unions.into())
    }
}

/// A field of the architecture's metadata.
pub(super) fn standard(field: StandardField) -> FieldRef {
    FieldRef {
        header: STANDARD.to_owned(),
        field: field.name().to_owned(),
    }
}

fn scalar(field: String) -> FieldRef {
    FieldRef {
        header: SCALARS.to_owned(),
        field,
    }
}

fn standard_fields() -> Vec<Json> {
    let fields = StandardField::ALL.iter();
    let width = fields.clone().map(|field| field.width()).sum();
    let fields = fields.map(|field| field_json(field.name(), Scalar::Bits(field.width())));
    padded(fields.collect(), width)
}

/// Signed fields of one bit do not exist in BMv2; those are read through the sign's conversion.
pub(super) fn is_signed(scalar: Scalar) -> bool {
    matches!(scalar, Scalar::Int(width) if width > 1)
}

fn field_json(name: impl Into<Json>, scalar: Scalar) -> Json {
    array![name, scalar.width(), is_signed(scalar)]
}

/// Headers are whole bytes.
fn padded(mut fields: Vec<Json>, width: u32) -> Vec<Json> {
    if !width.is_multiple_of(8) {
        fields.push(field_json("_padding", Scalar::Bits(8 - width % 8)));
    }
    fields
}

fn type_json(id: usize, name: impl Into<Json>, fields: Vec<Json>, longest: Option<u32>) -> Json {
    let mut json = object! { "name": name, "id": id, "fields": fields };
    if let (Json::Object(members), Some(width)) = (&mut json, longest) {
        members.push(("max_length".into(), width.div_ceil(8).into()));
    }
    json
}

fn header_json(
    id: usize,
    name: impl Into<Json>,
    header_type: impl Into<Json>,
    metadata: bool,
) -> Json {
    object! {
        "name": name,
        "id": id,
        "header_type": header_type,
        "metadata": metadata,
        "pi_omit": true,
    }
}
