//! Between the messages of P4Runtime and the entry model of `dpr-runtime`. To a message needs no schema; from one, the program's
//! schema says how wide each value may be, and the errors name the table and the field.

mod digest;
mod error;
mod from_proto;
mod objects;
mod to_proto;

pub use digest::digest_to_proto;
pub use error::ConvertError;
pub use from_proto::{
    action_call, counter_value, entity, field_match, matches, table_entry, table_key, update,
};
pub use to_proto::{
    entity_to_proto, field_match_to_proto, query_to_proto, table_entry_to_proto, update_to_proto,
};

#[cfg(test)]
mod round_trips;
#[cfg(test)]
mod tests;
