//! Action profiles and selectors: actions that many entries share, one by one or as groups of which a hash chooses one.

use crate::action_words::ActionWords;
use crate::{
    ActionCall, ActionScope, Entity, Invalid, Lookup, Operation, ProfileSchema, Query,
    TableActionRef, TableSchema, WriteError,
};
use arc_swap::ArcSwap;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

// What an entry's first word says instead of an action's position; its number follows in the other 48 bits.
const MEMBER: u64 = 0xfffe;
const GROUP: u64 = 0xffff;
/// A position that no action has.
const NOTHING: u64 = 0xfffd;

/// Groups of entries' own are numbered from here.
const FIRST_OWN: u64 = 1 << 32;

/// The most weight that a group can have.
const MAX_WEIGHT: u64 = 0xffff;

#[derive(Clone, Debug)]
struct Member {
    call: ActionCall,
    words: Arc<[u64]>,
}

#[derive(Clone, Debug, Default)]
struct Group {
    max_size: u32,
    members: Vec<(u32, u32)>,
    /// An entry's own actions.
    own: Vec<(ActionCall, u32)>,
    /// A member's words for each unit of weight, in the order of the members' ids.
    slots: Vec<Arc<[u64]>>,
}

#[derive(Clone, Debug, Default)]
struct Content {
    members: BTreeMap<u32, Member>,
    groups: BTreeMap<u64, Group>,
}

/// How many entries refer to what, and the number of the next entry's own group.
#[derive(Debug, Default)]
struct Uses {
    count: BTreeMap<u64, usize>,
    own: u64,
}

/// An action profile or selector. Packets read it without a lock; writers take turns.
#[derive(Debug)]
pub struct ActionProfile {
    schema: Cow<'static, ProfileSchema>,
    table: Cow<'static, TableSchema>,
    layout: ActionWords,
    content: ArcSwap<Content>,
    uses: Mutex<Uses>,
}

impl ActionProfile {
    /// An empty one; `table` is one of the tables that use it, which all have the same actions.
    pub fn new(schema: &'static ProfileSchema, table: &'static TableSchema) -> Self {
        ActionProfile::build(Cow::Borrowed(schema), Cow::Borrowed(table))
    }

    /// The same, for a program that is loaded while others run.
    pub fn owned(schema: ProfileSchema, table: TableSchema) -> Self {
        ActionProfile::build(Cow::Owned(schema), Cow::Owned(table))
    }

    fn build(schema: Cow<'static, ProfileSchema>, table: Cow<'static, TableSchema>) -> Self {
        ActionProfile {
            layout: ActionWords::new(&table),
            schema,
            table,
            content: ArcSwap::default(),
            uses: Mutex::default(),
        }
    }

    /// The action behind a reference: the member's, or that of the group's member that a hash chooses. Nothing if the group is empty.
    pub fn resolve<const V: usize>(&self, found: Lookup<V>, hash: u64) -> Lookup<V> {
        let Some(&first) = found.words.first() else {
            return found;
        };
        let content = self.content.load();
        let words = match (first & 0xffff, first >> 16) {
            (MEMBER, id) => (content.members.get(&(id as u32))).map(|member| &member.words),
            (GROUP, id) => content.groups.get(&id).and_then(|group| {
                let slot = hash.checked_rem(group.slots.len() as u64)?;
                group.slots.get(slot as usize)
            }),
            _ => return found,
        };
        let mut resolved = found;
        match words {
            // The last word stays where it is an entry's cell.
            Some(words) => {
                for (to, from) in resolved.words.iter_mut().zip(words.iter()) {
                    *to = *from;
                }
            }
            None => resolved.words[0] = NOTHING,
        }
        resolved
    }

    fn uses(&self) -> MutexGuard<'_, Uses> {
        self.uses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first word of an entry that refers to a member or group, which from now on cannot be removed.
    pub(crate) fn acquire(&self, action: &TableActionRef) -> Result<u64, WriteError> {
        let mut uses = self.uses();
        let content = self.content.load();
        let missing = |what, id| Err(WriteError::Missing { what, id });
        let is_own = matches!(action, TableActionRef::OneShot(_));
        if (uses.count.keys().next()).is_some_and(|word| (word >> 16 >= FIRST_OWN) != is_own) {
            return Err(Invalid::MixedReferences.into());
        }
        let word = match action {
            TableActionRef::Member(id) if !content.members.contains_key(id) => {
                return missing("member", *id);
            }
            TableActionRef::Group(id) if !content.groups.contains_key(&u64::from(*id)) => {
                return missing("group", *id);
            }
            TableActionRef::Member(id) => u64::from(*id) << 16 | MEMBER,
            TableActionRef::Group(id) => u64::from(*id) << 16 | GROUP,
            TableActionRef::OneShot(actions) => {
                let own = actions.clone();
                let mut next = Content::clone(&content);
                let group = Group {
                    own,
                    ..Group::default()
                };
                let id = FIRST_OWN + uses.own;
                uses.own += 1;
                next.groups.insert(id, group);
                self.publish(next)?;
                id << 16 | GROUP
            }
            TableActionRef::Call(_) => return Err(Invalid::DirectAction.into()),
        };
        *uses.count.entry(word).or_default() += 1;
        Ok(word)
    }

    /// An entry with this first word is gone, or refers to something else.
    pub(crate) fn release(&self, word: u64) {
        let mut uses = self.uses();
        let Some(count) = uses.count.get_mut(&word) else {
            return;
        };
        *count -= 1;
        if *count == 0 {
            uses.count.remove(&word);
            if word & 0xffff == GROUP && word >> 16 >= FIRST_OWN {
                let mut next = Content::clone(&self.content.load());
                next.groups.remove(&(word >> 16));
                self.content.store(Arc::new(next));
            }
        }
    }

    /// What an entry with this first word refers to; `None` if it is an action.
    pub(crate) fn reference(&self, word: u64) -> Option<TableActionRef> {
        let id = word >> 16;
        match word & 0xffff {
            MEMBER => Some(TableActionRef::Member(id as u32)),
            GROUP if id < FIRST_OWN => Some(TableActionRef::Group(id as u32)),
            GROUP => {
                let content = self.content.load();
                let own = content.groups.get(&id).map(|group| group.own.clone());
                Some(TableActionRef::OneShot(own.unwrap_or_default()))
            }
            _ => None,
        }
    }

    fn words(&self, call: &ActionCall) -> Arc<[u64]> {
        let mut words = vec![0; self.layout.len()];
        self.layout.pack_call(call, &mut words);
        words.into()
    }

    /// Fills the groups' slots and shows the content to packets.
    fn publish(&self, mut next: Content) -> Result<(), WriteError> {
        for group in next.groups.values_mut() {
            let members = group.members.iter().map(|(id, weight)| {
                let id = *id;
                let found = next.members.get(&id);
                let what = "member";
                let member = found.ok_or(WriteError::Missing { what, id })?;
                Ok((member.words.clone(), *weight))
            });
            let own = group
                .own
                .iter()
                .map(|(call, weight)| Ok((self.words(call), *weight)));
            let all: Vec<(Arc<[u64]>, u32)> =
                members.chain(own).collect::<Result<_, WriteError>>()?;
            let total: u64 = all.iter().map(|(_, weight)| u64::from(*weight)).sum();
            let size = match group.max_size {
                0 => MAX_WEIGHT,
                most => MAX_WEIGHT.min(most.into()),
            };
            if total > size {
                return Err(WriteError::ResourceExhausted { size });
            }
            group.slots = all
                .into_iter()
                .flat_map(|(words, weight)| std::iter::repeat_n(words, weight as usize))
                .collect();
        }
        self.content.store(Arc::new(next));
        Ok(())
    }

    /// Changes a member or a group of this profile.
    pub fn write(&self, operation: Operation, entity: &Entity) -> Result<(), WriteError> {
        let uses = self.uses();
        let mut next = Content::clone(&self.content.load());
        let in_use = |word| uses.count.contains_key(&word);
        match entity {
            Entity::Member { id, action, .. } => {
                check_number("member", *id)?;
                let exists = next.members.contains_key(id);
                check_presence(operation, exists)?;
                if operation == Operation::Delete {
                    let in_group = |group: &Group| group.members.iter().any(|(it, _)| it == id);
                    if in_use(u64::from(*id) << 16 | MEMBER) || next.groups.values().any(in_group) {
                        return Err(WriteError::InUse { what: "the member" });
                    }
                    next.members.remove(id);
                } else {
                    let call = action.as_ref().ok_or(Invalid::MissingAction)?;
                    self.table.check_action(call, ActionScope::DefaultOnly)?;
                    if !exists && next.members.len() as u64 >= self.schema.size {
                        let size = self.schema.size;
                        return Err(WriteError::ResourceExhausted { size });
                    }
                    let words = self.words(call);
                    let call = call.clone();
                    next.members.insert(*id, Member { call, words });
                }
            }
            Entity::Group {
                id,
                max_size,
                members,
                ..
            } => {
                if !self.schema.has_groups {
                    return Err(Invalid::NoSelector.into());
                }
                check_number("group", *id)?;
                let key = u64::from(*id);
                let before = next.groups.get(&key).map(|group| group.max_size);
                check_presence(operation, before.is_some())?;
                if operation == Operation::Delete {
                    if in_use(key << 16 | GROUP) {
                        return Err(WriteError::InUse { what: "the group" });
                    }
                    next.groups.remove(&key);
                } else {
                    let mut members = members.clone();
                    members.sort_unstable();
                    if let Some(twice) = members.windows(2).find(|pair| pair[0].0 == pair[1].0) {
                        return Err(Invalid::DuplicateMember(twice[0].0).into());
                    }
                    if members.iter().any(|(_, weight)| *weight == 0) {
                        return Err(Invalid::BadWeight.into());
                    }
                    self.check_max_size(*max_size, before)?;
                    let group = Group {
                        max_size: *max_size,
                        members,
                        ..Group::default()
                    };
                    next.groups.insert(key, group);
                }
            }
            _ => {
                return Err(WriteError::Unimplemented {
                    what: "this entity of an action profile",
                });
            }
        }
        self.publish(next)
    }

    /// The most that a group may weigh: what the selector allows, and in a change what it was.
    fn check_max_size(&self, given: u32, before: Option<u32>) -> Result<(), Invalid> {
        let most = self.schema.max_group_size;
        let before = before.filter(|before| *before != given);
        let is_allowed = most == 0 || (1..=most).contains(&given);
        match before.is_none() && is_allowed {
            true => Ok(()),
            false => Err(Invalid::BadMaxSize {
                given,
                before,
                most,
            }),
        }
    }

    /// Shows this profile's part of a query, by number.
    pub fn answer(&self, query: &Query, visit: &mut dyn FnMut(Entity)) {
        let own = self.schema.id;
        let content = self.content.load();
        match query {
            Query::Members { profile, id } if profile.is_none_or(|it| it == own) => {
                for (&number, member) in &content.members {
                    if id.is_none_or(|id| id == number) {
                        visit(Entity::Member {
                            profile: own,
                            id: number,
                            action: Some(member.call.clone()),
                        });
                    }
                }
            }
            Query::Groups { profile, id } if profile.is_none_or(|it| it == own) => {
                for (&number, group) in content.groups.range(..FIRST_OWN) {
                    if id.is_none_or(|id| u64::from(id) == number) {
                        visit(Entity::Group {
                            profile: own,
                            id: number as u32,
                            max_size: group.max_size,
                            members: group.members.clone(),
                        });
                    }
                }
            }
            _ => {}
        }
    }

    /// Removes all members and groups. Entries that refer to them must be gone before.
    pub fn clear(&self) {
        let mut uses = self.uses();
        uses.count.clear();
        self.content.store(Arc::default());
    }
}

fn check_number(what: &'static str, id: u32) -> Result<(), Invalid> {
    match id {
        0 => Err(Invalid::BadNumber { what, id: 0 }),
        _ => Ok(()),
    }
}

fn check_presence(operation: Operation, exists: bool) -> Result<(), WriteError> {
    match (operation, exists) {
        (Operation::Insert, true) => Err(WriteError::AlreadyExists),
        (Operation::Modify | Operation::Delete, false) => Err(WriteError::NotFound),
        _ => Ok(()),
    }
}
