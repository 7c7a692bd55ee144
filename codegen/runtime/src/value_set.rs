//! Parser value sets: what a select matches that the control plane says.

use crate::layout::compare;
use crate::{
    Entity, FieldSchema, Integer, Invalid, MatchValue, Operation, Place, Query, ValueSetSchema,
    WriteError, key_places, put_integer,
};
use arc_swap::ArcSwap;
use std::borrow::Cow;
use std::sync::Arc;

/// A value set. Packets read it without a lock.
#[derive(Debug)]
pub struct ValueSet {
    schema: Cow<'static, ValueSetSchema>,
    places: Vec<Place>,
    members: ArcSwap<Vec<Member>>,
}

/// A member, and the same in words that lie as those of a table's key.
#[derive(Clone, Debug)]
struct Member {
    matches: Vec<MatchValue>,
    value: Vec<u64>,
    mask: Vec<u64>,
    ranges: Vec<Range>,
}

#[derive(Clone, Debug)]
struct Range {
    place: Place,
    low: Vec<u64>,
    high: Vec<u64>,
}

impl ValueSet {
    /// An empty set.
    pub fn new(schema: &'static ValueSetSchema) -> Self {
        ValueSet::build(Cow::Borrowed(schema))
    }

    /// The same, for a program that is loaded while others run.
    pub fn owned(schema: ValueSetSchema) -> Self {
        ValueSet::build(Cow::Owned(schema))
    }

    fn build(schema: Cow<'static, ValueSetSchema>) -> Self {
        ValueSet {
            places: key_places(schema.fields.iter().map(|field| field.bits)),
            schema,
            members: ArcSwap::default(),
        }
    }

    /// Whether some member matches the words of a key, which lie as those of a table's key.
    pub fn contains(&self, key: &[u64]) -> bool {
        self.members.load().iter().any(|member| member.matches(key))
    }

    /// Replaces the members.
    pub fn modify(
        &self,
        operation: Operation,
        members: &[Vec<MatchValue>],
    ) -> Result<(), WriteError> {
        if operation != Operation::Modify {
            return Err(Invalid::ModifyOnly {
                what: "a value set",
            }
            .into());
        }
        self.schema.check(members)?;
        let members = members.iter().map(|matches| self.member(matches));
        self.members.store(Arc::new(members.collect()));
        Ok(())
    }

    fn member(&self, matches: &[MatchValue]) -> Member {
        let words = || {
            vec![
                0;
                self.places
                    .last()
                    .map_or(0, |it| it.end().div_ceil(64) as usize)
            ]
        };
        let mut member = Member {
            matches: matches.to_vec(),
            value: words(),
            mask: words(),
            ranges: Vec::new(),
        };
        let places = self.schema.fields.iter().zip(&self.places);
        for ((FieldSchema { bits, .. }, place), given) in places.zip(matches) {
            let mut masked = |value: &Integer, mask: &Integer| {
                put_integer(&mut member.value, *place, &value.and(mask));
                put_integer(&mut member.mask, *place, mask);
            };
            match given {
                MatchValue::Exact(value) | MatchValue::Optional(value) => {
                    masked(value, &Integer::ones(*bits));
                }
                MatchValue::Lpm { value, prefix } => {
                    masked(value, &Integer::prefix_mask(*bits, *prefix));
                }
                MatchValue::Ternary { value, mask } => masked(value, mask),
                MatchValue::Range { low, high } => {
                    let [mut low_words, mut high_words] = [words(), words()];
                    put_integer(&mut low_words, *place, low);
                    put_integer(&mut high_words, *place, high);
                    member.ranges.push(Range {
                        place: *place,
                        low: low_words,
                        high: high_words,
                    });
                }
            }
        }
        member
    }

    /// Shows this set's part of a query.
    pub fn answer(&self, query: &Query, visit: &mut dyn FnMut(Entity)) {
        if let Query::ValueSets { id } = query
            && id.is_none_or(|id| id == self.schema.id)
        {
            let members = self.members.load();
            visit(Entity::ValueSet {
                id: self.schema.id,
                members: members.iter().map(|it| it.matches.clone()).collect(),
            });
        }
    }

    /// Removes all members.
    pub fn clear(&self) {
        self.members.store(Arc::default());
    }
}

impl Member {
    fn matches(&self, key: &[u64]) -> bool {
        let mut words = key.iter().zip(&self.mask).zip(&self.value);
        let in_range = |range: &Range| {
            compare(&range.low, key, range.place).is_le()
                && compare(key, &range.high, range.place).is_le()
        };
        words.all(|((word, mask), value)| word & mask == *value) && self.ranges.iter().all(in_range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MatchKind;
    use std::borrow::Cow::Borrowed;

    const fn field(id: u32, bits: u32, kind: MatchKind) -> FieldSchema {
        FieldSchema {
            id,
            name: Borrowed("f"),
            bits,
            kind,
        }
    }

    static KINDS: ValueSetSchema = ValueSetSchema {
        id: 0x0300_0001,
        name: Borrowed("kinds"),
        alias: Borrowed("kinds"),
        size: 2,
        fields: Borrowed(
            const {
                &[
                    field(1, 16, MatchKind::Exact),
                    field(2, 8, MatchKind::Range),
                    field(3, 160, MatchKind::Ternary),
                    field(4, 32, MatchKind::Lpm),
                ]
            },
        ),
    };

    fn member(exact: u128, low: u128, high: u128, top: u64, prefix: u32) -> Vec<MatchValue> {
        vec![
            MatchValue::Exact(exact.into()),
            MatchValue::Range {
                low: low.into(),
                high: high.into(),
            },
            MatchValue::Ternary {
                value: Integer::from_words(&[0, 0, top]),
                mask: Integer::prefix_mask(160, 32),
            },
            MatchValue::Lpm {
                value: Integer::prefix_mask(32, prefix),
                prefix,
            },
        ]
    }

    /// Exact and range share the first word, the wide field has three, the prefix follows in what is left of the last.
    fn key(exact: u64, range: u64, wide: [u64; 3], address: u64) -> [u64; 4] {
        [
            exact | range << 16,
            wide[0],
            wide[1],
            wide[2] | address << 32,
        ]
    }

    #[test]
    fn a_member_matches_in_all_its_fields() {
        let set = ValueSet::new(&KINDS);
        let hit = key(7, 10, [5, 6, 0xabc], 0xff00_1234);
        assert!(!set.contains(&hit));
        let members = [member(7, 10, 20, 0xabc, 8), member(1, 0, 255, 1, 32)];
        assert_eq!(set.modify(Operation::Modify, &members), Ok(()));
        assert!(set.contains(&hit));
        for miss in [
            key(8, 10, [5, 6, 0xabc], 0xff00_1234),
            key(7, 9, [5, 6, 0xabc], 0xff00_1234),
            key(7, 21, [5, 6, 0xabc], 0xff00_1234),
            key(7, 10, [5, 6, 0xabd], 0xff00_1234),
            key(7, 10, [5, 6, 0xabc], 0x7f00_1234),
        ] {
            assert!(!set.contains(&miss), "{miss:x?}");
        }
        let mut shown = Vec::new();
        set.answer(&Query::ValueSets { id: None }, &mut |entity| {
            shown.push(entity);
        });
        let id = KINDS.id;
        let members = members.to_vec();
        assert_eq!(shown, [Entity::ValueSet { id, members }]);
        set.clear();
        assert!(!set.contains(&hit));
    }

    #[test]
    fn what_the_set_cannot_hold_is_refused() {
        let set = ValueSet::new(&KINDS);
        let good = member(7, 10, 20, 0xabc, 8);
        let modify = |members: &[Vec<MatchValue>]| set.modify(Operation::Modify, members);
        assert_eq!(
            modify(&[good.clone(), good.clone(), good.clone()]),
            Err(WriteError::ResourceExhausted { size: 2 })
        );
        assert_eq!(
            modify(&[good[..3].to_vec()]),
            Err(Invalid::BadMember.into())
        );
        assert!(matches!(
            modify(&[member(0x1_0000, 10, 20, 0, 8)]),
            Err(WriteError::InvalidArgument(Invalid::TooWide {
                bits: 16,
                ..
            }))
        ));
        assert_eq!(
            set.modify(Operation::Insert, &[good]),
            Err(Invalid::ModifyOnly {
                what: "a value set"
            }
            .into())
        );
    }
}
