//! Actions: inlined where they are called, kept where a table can run them.

use super::Lowerer;
use super::arguments::Body;
use super::instance::Binding;
use super::operand::Operand;
use crate::ast::{Action, ActionRef, Decl, DeclId, DeclKind, Direction, Param};
use crate::check::Bound;
use crate::ir::{self, ExprKind};
use crate::source::Span;

impl<'a> Lowerer<'a, '_> {
    fn action_decl(&self, id: DeclId) -> Option<(&'a Decl, &'a Action)> {
        let decl = self.typed.decl(id)?;
        match &decl.kind {
            DeclKind::Action(action) => Some((decl, action)),
            _ => None,
        }
    }

    /// A direct call of an action.
    pub(super) fn inline_action(
        &mut self,
        id: DeclId,
        arguments: &[Bound<'a>],
        span: Span,
        out: &mut ir::Block,
    ) {
        let Some((_, action)) = self.action_decl(id) else {
            return;
        };
        self.note_call(id);
        let back = self.pass(&action.params, arguments, Body::Open, span, out);
        self.action_body(action, back, out);
    }

    /// The control plane is told of an action that is called outside actions.
    pub(super) fn note_call(&mut self, id: DeclId) {
        if self.action_depth > 0 {
            return;
        }
        let owner = self.owner(id);
        let order = self.action_position(owner, id);
        let mut called = self.called.iter_mut();
        match called.find(|(other, ..)| *other == (owner, id)) {
            Some((_, position)) => *position = order.min(*position),
            None => self.called.push(((owner, id), order)),
        }
    }

    /// Where an action stands among the others when it is used here.
    fn action_position(&self, owner: Option<usize>, id: DeclId) -> u32 {
        match (owner, self.instance) {
            (None, Some(at)) => self.instances[at].order,
            _ => self.order.get(&(owner, id)).copied().unwrap_or(u32::MAX),
        }
    }

    fn action_body(&mut self, action: &'a Action, back: ir::Block, out: &mut ir::Block) {
        let outer = self.result.take();
        self.action_depth += 1;
        self.copy_outs.push(back);
        let mut inner = Vec::new();
        self.statements(&action.body.statements, &mut inner);
        self.scoped(inner, action.body.span, out);
        out.append(&mut self.copy_outs.pop().unwrap_or_default());
        self.action_depth -= 1;
        self.result = outer;
    }

    /// The instance that a declaration belongs to where it is used: none for the top level.
    pub(super) fn owner(&self, id: DeclId) -> Option<usize> {
        if self.order.contains_key(&(None, id)) {
            None
        } else {
            self.instance
        }
    }

    /// The action that a reference in a table's list names; lowered when a table first has it.
    pub(super) fn table_action(&mut self, reference: &'a ActionRef) -> Option<ir::ActionId> {
        let id = self.typed.reference(reference.id)?;
        let call = self.typed.call(reference.id).cloned();
        let given: Vec<Bound<'a>> = call.map(|call| call.arguments).unwrap_or_default();
        self.kept_action(id, &given)
    }

    /// `NoAction`, which tables run that say nothing else.
    pub(super) fn no_action(&mut self) -> Option<ir::ActionId> {
        let id = self.typed.program.declarations.iter().find_map(|decl| {
            let is_it = matches!(&decl.kind, DeclKind::Action(action) if action.name.as_str() == "NoAction");
            is_it.then_some(decl.id)
        })?;
        self.kept_action(id, &[])
    }

    fn kept_action(&mut self, id: DeclId, given: &[Bound<'a>]) -> Option<ir::ActionId> {
        let (decl, action) = self.action_decl(id)?;
        let owner = self.owner(id);
        // With arguments in the table's list the action is the table's own.
        let key = (owner, id);
        let own = (key, self.control);
        if given.is_empty()
            && let Some(&known) = (self.actions.get(&(key, None))).or(self.actions.get(&own))
        {
            let order = self.action_position(owner, id);
            let known_order = &mut self.action_order[known.index()];
            *known_order = order.min(*known_order);
            return Some(known);
        }
        let path = owner.map_or(String::new(), |at| self.instances[at].path.clone());
        let locals = (self.program.variables.len(), self.program.headers.len());
        let mut parameters = Vec::new();
        let mut body = Vec::new();
        let directed = action
            .params
            .iter()
            .position(|param| param.direction == Direction::None)
            .unwrap_or(action.params.len());
        let back = self.pass(
            &action.params[..directed],
            given,
            Body::Open,
            decl.span,
            &mut body,
        );
        for param in &action.params[directed..] {
            let parameter = self.action_parameter(param)?;
            let operand = Operand::Scalar(ir::Expr {
                kind: ExprKind::ActionParameter(parameters.len() as u32),
                scalar: parameter.scalar,
                span: param.span,
            });
            self.bindings.insert(param.id, Binding::Operand(operand));
            parameters.push(parameter);
        }
        let outer = std::mem::replace(&mut self.in_kept_action, true);
        self.action_body(action, back, &mut body);
        self.in_kept_action = outer;
        let control = self.control_name(&path, decl);
        let order = self.action_position(owner, id);
        let at = ir::ActionId(self.program.actions.len() as u32);
        self.program.actions.push(ir::Action {
            control,
            parameters,
            body,
            span: decl.span,
        });
        self.action_order.push(order);
        self.action_decls.push(id);
        if given.is_empty() {
            // Locals belong to one control of the pipeline: another one has the action with its own.
            let has_locals = locals != (self.program.variables.len(), self.program.headers.len());
            let control = if has_locals { self.control } else { None };
            self.actions.insert((key, control), at);
        }
        Some(at)
    }

    /// Actions that are only called: no table runs them and their bodies are where the calls are, but the reference compiler
    /// tells the control plane of them too.
    pub(super) fn only_called(&mut self) {
        for ((owner, id), order) in std::mem::take(&mut self.called) {
            let Some((decl, _)) = self.action_decl(id) else {
                continue;
            };
            let path = owner.map_or(String::new(), |at| self.instances[at].path.clone());
            let control = self.control_name(&path, decl);
            let mut actions = self.program.actions.iter();
            if actions.any(|other| other.control.name == control.name) {
                continue;
            }
            self.program.actions.push(ir::Action {
                control,
                parameters: Vec::new(),
                body: Vec::new(),
                span: decl.span,
            });
            self.action_order.push(order);
        }
    }

    fn action_parameter(&mut self, param: &'a Param) -> Option<ir::Parameter> {
        let ty = self.declared_type(param.id);
        let Some(scalar) = self.scalar(&ty) else {
            let what = format!("data of type `{}` for an action", self.typed.show(&ty));
            self.unsupported(param.span, &what);
            return None;
        };
        Some(ir::Parameter {
            name: self.qualified("", param.name.as_str(), &param.annotations),
            scalar,
            type_name: self.told_type_name(&ty, true),
            annotations: self.annotations(&param.annotations),
            span: param.span,
        })
    }
}
