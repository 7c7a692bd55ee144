//! What all parts of the back end share while they write one program.

use super::UNSUPPORTED;
use super::expr::{binary, choice, number, signed, unary};
use super::json::{Json, array, object};
use super::layout::{FieldRef, Layout, Taken};
use crate::diagnostic::Diagnostics;
use crate::ir::{
    DigestId, Expr, HeaderRef, MeterId, Program, Scalar, StackId, TableId, VariableId,
};
use crate::source::Span;
use indexmap::IndexMap;

/// The program and what has been written of it.
pub(super) struct Emitter<'a> {
    pub(super) program: &'a Program,
    pub(super) layout: Layout<'a>,
    diagnostics: Diagnostics,
    /// Names of tables and conditionals.
    pub(super) nodes: Taken,
    pub(super) actions: Vec<Json>,
    /// How many of each there are, for their numbers.
    pub(super) tables: usize,
    pub(super) conditionals: usize,
    pub(super) calculations: Vec<Json>,
    pub(super) checksums: Vec<Json>,
    pub(super) field_lists: FieldLists,
    /// The fields that carry each digest, once it is sent somewhere.
    pub(super) digests: IndexMap<DigestId, Vec<FieldRef>>,
    /// The fields where direct meters leave their colours.
    pub(super) colours: IndexMap<MeterId, FieldRef>,
    /// The fields of keys that are not fields in the program, by table and position.
    pub(super) keys: IndexMap<(TableId, usize), FieldRef>,
    /// For tables that are asked both for hits and for actions: the field where their actions note that they ran.
    pub(super) ran: IndexMap<TableId, FieldRef>,
    /// Objects of extern types that the program declares, and their types.
    pub(super) externs: IndexMap<String, String>,
    /// Where actions note that they ended their control; only if something runs at the end of egress all the same.
    pub(super) exited: Option<FieldRef>,
    /// Operations of the parser's state that is being written.
    pub(super) parser_ops: Option<Vec<Json>>,
}

/// Lists of fields that clones, resubmitted and recirculated packets keep.
#[derive(Default)]
pub(super) struct FieldLists {
    /// By the number in `@field_list`; `None` is the empty list. Numbers in the JSON count from 1: 0 means no list to BMv2.
    lists: IndexMap<Option<u32>, Vec<VariableId>>,
}

impl FieldLists {
    fn of(program: &Program) -> Self {
        let mut lists: IndexMap<Option<u32>, Vec<VariableId>> = IndexMap::new();
        for (at, variable) in program.variables.iter().enumerate() {
            for list in super::objects::field_list_numbers(variable) {
                let id = VariableId(at as u32);
                lists.entry(Some(list)).or_default().push(id);
            }
        }
        lists.sort_unstable_keys();
        FieldLists { lists }
    }

    /// The list's number in the JSON.
    pub(super) fn number(&mut self, list: Option<u32>) -> usize {
        self.lists.entry(list).or_default();
        self.lists.get_index_of(&list).map_or(0, |at| at + 1)
    }

    /// Names, numbers and fields.
    pub(super) fn iter(&self) -> impl Iterator<Item = (String, usize, &[VariableId])> {
        (self.lists.iter().enumerate()).map(|(at, (list, fields))| {
            let name = match list {
                Some(number) => format!("field_list{number}"),
                None => "no_fields".to_owned(),
            };
            (name, at + 1, fields.as_slice())
        })
    }
}

impl<'a> Emitter<'a> {
    pub(super) fn new(program: &'a Program) -> Self {
        let mut nodes = Taken::default();
        for table in &program.tables {
            nodes.unique(&table.control.name);
        }
        Emitter {
            program,
            layout: Layout::new(program),
            diagnostics: Diagnostics::new(),
            nodes,
            actions: Vec::new(),
            tables: 0,
            conditionals: 0,
            calculations: Vec::new(),
            checksums: Vec::new(),
            field_lists: FieldLists::of(program),
            digests: IndexMap::new(),
            colours: IndexMap::new(),
            keys: IndexMap::new(),
            ran: IndexMap::new(),
            externs: IndexMap::new(),
            exited: None,
            parser_ops: None,
        }
    }

    /// Reports what BMv2 cannot do.
    pub(super) fn unsupported(&mut self, span: Span, what: &str) {
        let message = format!("{what} is not supported by BMv2");
        self.diagnostics.error(UNSUPPORTED, span, message);
    }

    /// `header_types` and `headers`, when everything has been named.
    pub(super) fn declare_storage(&mut self) -> (Json, Json) {
        self.layout.declare(&mut self.diagnostics)
    }

    /// What was reported.
    pub(super) fn into_diagnostics(self) -> Diagnostics {
        self.diagnostics
    }

    /// A header as an operand.
    pub(super) fn header(&mut self, header: &HeaderRef) -> Json {
        let (stack, index) = match header {
            HeaderRef::Instance(id) => {
                return object! { "type": "header", "value": self.layout.header(*id) };
            }
            HeaderRef::Element(stack, index) => (*stack, self.data(index)),
            HeaderRef::Last(stack) => (*stack, unary("last_stack_index", self.stack(*stack))),
            HeaderRef::Next(stack) => (*stack, unary("size_stack", self.stack(*stack))),
        };
        binary("dereference_header_stack", self.stack(stack), index)
    }

    /// A stack as an operand.
    pub(super) fn stack(&self, stack: StackId) -> Json {
        object! { "type": "header_stack", "value": self.layout.stack(stack) }
    }

    /// Whether an index is that of an element of the stack; `None` if it always is. BMv2 stops where it is not.
    pub(super) fn in_bounds(&mut self, stack: StackId, index: &Expr) -> Option<Json> {
        let size = self.program.stacks[stack.index()].elements.len();
        super::expr::may_exceed(index, size)
            .then(|| binary("<", self.data(index), number(size, 32)))
    }

    /// A field as an operand.
    pub(super) fn field_value(&mut self, header: &HeaderRef, field: u32, scalar: Scalar) -> Json {
        match header {
            HeaderRef::Instance(id) => signed(self.layout.field(*id, field).operand(), scalar),
            HeaderRef::Last(stack) => self.last_field(*stack, field),
            HeaderRef::Next(_) => self.access(header, field),
            HeaderRef::Element(stack, index) => {
                let access = self.access(header, field);
                match self.in_bounds(*stack, index) {
                    Some(condition) => choice(condition, access, number(0u32, scalar.width())),
                    None => access,
                }
            }
        }
    }

    /// A field of the element that was parsed last.
    pub(super) fn last_field(&mut self, stack: StackId, field: u32) -> Json {
        let header_type = self.program.stacks[stack.index()].header_type;
        let name = self.layout.field_name(header_type, field);
        object! { "type": "stack_field", "value": array![self.layout.stack(stack), name] }
    }

    /// A field of a header that is found while the program runs.
    pub(super) fn access(&mut self, header: &HeaderRef, field: u32) -> Json {
        binary("access_field", self.header(header), field.into())
    }
}
