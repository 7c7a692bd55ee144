//! What the program declares beside its control flow: counters, meters, registers, errors, enums, lists of fields.

use super::emitter::Emitter;
use super::json::{Json, array, object};
use super::layout::standard;
use crate::ir::{CounterId, CounterUnit, MeterId, StandardField, Table, TableId, Variable};

/// The numbers of the lists that a variable is in.
pub(super) fn field_list_numbers(variable: &Variable) -> Vec<u32> {
    let lists = (variable.annotations.iter()).filter(|annotation| annotation.name == "field_list");
    let numbers = lists.flat_map(|annotation| annotation.integers());
    numbers.flat_map(u32::try_from).collect()
}

/// Names that BMv2 knows fields of the metadata by.
const ALIASES: [(&str, StandardField); 9] = [
    (
        "queueing_metadata.enq_timestamp",
        StandardField::EnqTimestamp,
    ),
    ("queueing_metadata.enq_qdepth", StandardField::EnqQdepth),
    (
        "queueing_metadata.deq_timedelta",
        StandardField::DeqTimedelta,
    ),
    ("queueing_metadata.deq_qdepth", StandardField::DeqQdepth),
    (
        "intrinsic_metadata.ingress_global_timestamp",
        StandardField::IngressGlobalTimestamp,
    ),
    (
        "intrinsic_metadata.egress_global_timestamp",
        StandardField::EgressGlobalTimestamp,
    ),
    ("intrinsic_metadata.mcast_grp", StandardField::McastGrp),
    ("intrinsic_metadata.egress_rid", StandardField::EgressRid),
    ("intrinsic_metadata.priority", StandardField::Priority),
];

impl<'a> Emitter<'a> {
    /// `field_aliases`.
    pub(super) fn field_aliases(&self) -> Json {
        let aliases = ALIASES.iter();
        let aliases = aliases.map(|(alias, field)| array![*alias, standard(*field).pair()]);
        Json::Array(aliases.collect())
    }

    /// `errors`.
    pub(super) fn errors(&self) -> Json {
        let errors = self.program.errors.iter().enumerate();
        Json::Array(
            errors
                .map(|(value, error)| array![error.name.clone(), value])
                .collect(),
        )
    }

    /// `enums`: those without a representation, whose values are their positions.
    pub(super) fn enums(&self) -> Json {
        let enums = (self.program.enums.iter()).filter(|listed| listed.width.is_none());
        let enums = enums.map(|listed| {
            let members = listed.members.iter().enumerate();
            let entries = members.map(|(value, (name, _))| array![name.clone(), value]);
            object! { "name": listed.name.clone(), "entries": Json::Array(entries.collect()) }
        });
        Json::Array(enums.collect())
    }

    /// `parse_vsets`.
    pub(super) fn value_sets(&self) -> Json {
        let sets = self.program.value_sets.iter().enumerate();
        let sets = sets.map(|(id, set)| {
            let width: u32 = set.fields.iter().map(|(_, scalar, _)| scalar.width()).sum();
            object! {
                "name": set.control.name.clone(),
                "id": id,
                "compressed_bitwidth": width,
                "max_size": set.size as i64,
                "source_info": Json::Place(set.span),
            }
        });
        Json::Array(sets.collect())
    }

    fn bound_table(&self, binds: impl Fn(&Table) -> bool) -> Option<&'a Table> {
        self.program.tables.iter().find(|table| binds(table))
    }

    /// `counter_arrays`. A direct counter of no table counts nothing and is left out.
    pub(super) fn counters(&self) -> Json {
        let mut arrays = Vec::new();
        for (id, counter) in self.program.counters.iter().enumerate() {
            let name = counter.control.name.clone();
            let place = Json::Place(counter.span);
            match counter.size {
                Some(size) => arrays.push(object! {
                    "name": name,
                    "id": id,
                    "source_info": place,
                    "size": size as i64,
                    "is_direct": false,
                }),
                None => {
                    let bound = Some(CounterId(id as u32));
                    if let Some(table) = self.bound_table(|table| table.counter == bound) {
                        arrays.push(object! {
                            "name": name,
                            "id": id,
                            "source_info": place,
                            "is_direct": true,
                            "binding": table.control.name.clone(),
                        });
                    }
                }
            }
        }
        arrays.into()
    }

    /// `meter_arrays`, when all statements have been written. A direct meter of no table is left out.
    pub(super) fn meters(&mut self) -> Json {
        let mut arrays = Vec::new();
        for (id, meter) in self.program.meters.iter().enumerate() {
            let unit = match meter.unit {
                CounterUnit::Bytes => "bytes",
                _ => "packets",
            };
            let name = meter.control.name.clone();
            let place = Json::Place(meter.span);
            if let Some(size) = meter.size {
                arrays.push(object! {
                    "name": name,
                    "id": id,
                    "source_info": place,
                    "is_direct": false,
                    "size": size as i64,
                    "rate_count": 2u32,
                    "type": unit,
                });
                continue;
            }
            let meter_id = MeterId(id as u32);
            if let Some(table) = self.bound_table(|table| table.meter == Some(meter_id)) {
                let colour = self.colour(meter_id);
                arrays.push(object! {
                    "name": name,
                    "id": id,
                    "source_info": place,
                    "is_direct": true,
                    "rate_count": 2u32,
                    "type": unit,
                    "size": table.size as i64,
                    "binding": table.control.name.clone(),
                    "result_target": colour.pair(),
                });
            }
        }
        arrays.into()
    }

    /// `register_arrays`.
    pub(super) fn registers(&mut self) -> Json {
        let mut arrays = Vec::new();
        for (id, register) in self.program.registers.iter().enumerate() {
            if register.size == 0 {
                self.unsupported(register.span, "a register without cells");
            }
            arrays.push(object! {
                "name": register.control.name.clone(),
                "id": id,
                "source_info": Json::Place(register.span),
                "size": register.size as i64,
                "bitwidth": register.scalar.width(),
            });
        }
        arrays.into()
    }

    /// `field_lists`, when all statements have been written.
    pub(super) fn field_list_arrays(&mut self) -> Json {
        let layout = &mut self.layout;
        let lists = self.field_lists.iter().map(|(name, id, variables)| {
            let fields = variables.iter().map(|id| layout.variable(*id).operand());
            object! { "id": id, "name": name, "elements": Json::Array(fields.collect()) }
        });
        Json::Array(lists.collect())
    }

    /// `learn_lists`, when all statements have been written.
    pub(super) fn learn_lists(&self) -> Json {
        let lists = self
            .digests
            .iter()
            .enumerate()
            .map(|(at, (digest, fields))| {
                let fields = fields.iter().map(|field| field.operand());
                let digest = &self.program.digests[digest.index()];
                object! {
                    "id": at + 1,
                    "name": digest.control.name.clone(),
                    "source_info": Json::Place(digest.span),
                    "elements": Json::Array(fields.collect()),
                }
            });
        Json::Array(lists.collect())
    }

    /// `extern_instances`, when all statements have been written.
    pub(super) fn extern_instances(&self) -> Json {
        let externs = self.externs.iter().enumerate();
        let externs = externs.map(|(id, (name, extern_type))| {
            object! {
                "name": name.clone(),
                "id": id,
                "type": extern_type.clone(),
                "attribute_values": array![],
            }
        });
        Json::Array(externs.collect())
    }

    /// The name of a table.
    pub(super) fn table_name(&self, table: TableId) -> String {
        self.program.tables[table.index()].control.name.clone()
    }
}
