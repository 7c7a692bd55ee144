//! A table's actions as words.

use crate::layout::ACTION_BITS;
use crate::{
    ActionCall, Integer, List, Place, TableActionSchema, TableSchema, action_places, get_integer,
    get_word_bits, put_integer, put_word_bits,
};

/// Where the actions of a table and their parameters lie in its words.
#[derive(Debug)]
pub(crate) struct ActionWords {
    actions: List<TableActionSchema>,
    params: Vec<Vec<Place>>,
}

const POSITION: Place = Place {
    start: 0,
    bits: ACTION_BITS,
};

impl ActionWords {
    pub(crate) fn new(schema: &TableSchema) -> Self {
        let widths = |position: usize| {
            let entry = schema.actions.get(position);
            let params = entry.map_or(&[][..], |entry| &entry.action.params);
            params.iter().map(|param| param.bits)
        };
        ActionWords {
            actions: schema.actions.clone(),
            params: (0..schema.actions.len())
                .map(|position| action_places(widths(position)))
                .collect(),
        }
    }

    /// Words that hold any of the actions.
    pub(crate) fn len(&self) -> usize {
        let ends = self.params.iter().flatten().map(|place| place.end());
        ends.max().unwrap_or(1).div_ceil(64) as usize
    }

    /// Puts an action by its position into zeroed words.
    pub(crate) fn pack(&self, position: usize, arguments: &[Integer], words: &mut [u64]) {
        put_word_bits(words, POSITION, position as u128);
        let places = self.params.get(position).into_iter().flatten();
        for (place, value) in places.zip(arguments) {
            put_integer(words, *place, value);
        }
    }

    /// Puts an action that has been checked into zeroed words.
    pub(crate) fn pack_call(&self, call: &ActionCall, words: &mut [u64]) {
        let position = (self.actions.iter())
            .position(|entry| entry.action.id == call.action)
            .unwrap_or(0);
        let entry = self.actions.get(position);
        let params = entry.map_or(&[][..], |entry| &entry.action.params);
        let value = |id| {
            let given = call.arguments.iter().find(|(param, _)| *param == id);
            given.map_or(Integer::ZERO, |(_, value)| value.clone())
        };
        let arguments: Vec<Integer> = params.iter().map(|param| value(param.id)).collect();
        self.pack(position, &arguments, words);
    }

    /// The action that words hold.
    pub(crate) fn unpack(&self, words: &[u64]) -> ActionCall {
        let position = get_word_bits(words, POSITION) as usize;
        let Some(entry) = self.actions.get(position) else {
            return ActionCall {
                action: 0,
                arguments: Vec::new(),
            };
        };
        let places = self.params.get(position).into_iter().flatten();
        let params = entry.action.params.iter().zip(places);
        ActionCall {
            action: entry.action.id,
            arguments: params
                .map(|(param, place)| (param.id, get_integer(words, *place)))
                .collect(),
        }
    }
}
