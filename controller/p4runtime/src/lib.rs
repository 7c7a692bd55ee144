//! P4Runtime's protobuf messages with client and server, P4Info's text format, and the conversion between the messages and the
//! entry model of `dpr-runtime`.

#[allow(
    missing_docs,
    deprecated,
    unused_qualifications,
    rustdoc::all,
    clippy::all
)]
mod generated {
    pub mod google {
        pub mod rpc {
            tonic::include_proto!("google.rpc");
        }
    }
    pub mod p4 {
        pub mod config {
            pub mod v1 {
                tonic::include_proto!("p4.config.v1");
            }
        }
        pub mod v1 {
            tonic::include_proto!("p4.v1");
        }
    }
}

pub mod bytestring;
pub mod channel;
pub mod convert;
pub mod schema;
pub mod status;
pub mod text;

/// `google.protobuf.Any`.
pub use prost_types::Any;

/// `google.rpc`: the rich status of an RPC.
pub use generated::google::rpc;
/// `p4.config.v1`: P4Info.
pub use generated::p4::config::v1 as config;
/// `p4.v1`: the P4Runtime service and its messages.
pub use generated::p4::v1;

/// The version of the specification that the messages are of.
pub const API_VERSION: &str = "1.5.0";

/// An election id as a number.
pub fn election_id(id: &v1::Uint128) -> u128 {
    u128::from(id.high) << 64 | u128::from(id.low)
}

/// A number as an election id.
pub fn to_uint128(id: u128) -> v1::Uint128 {
    v1::Uint128 {
        high: (id >> 64) as u64,
        low: id as u64,
    }
}
