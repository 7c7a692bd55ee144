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

/// `google.rpc`: the rich status of an RPC.
pub use generated::google::rpc;
/// `p4.config.v1`: P4Info.
pub use generated::p4::config::v1 as config;
/// `p4.v1`: the P4Runtime service and its messages.
pub use generated::p4::v1;
