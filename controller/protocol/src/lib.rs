//! What shims and operators say to the controller: the messages and the gRPC clients and servers of `dpr.shim.v1` and
//! `dpr.admin.v1`.

/// Between a host's shim and the controller. The rules (sequence numbers, acknowledgements, snapshots, flush markers) are in the
/// comments of `proto/dpr/shim/v1/shim.proto`.
pub mod shim {
    /// Version 1.
    #[allow(missing_docs, unused_qualifications)]
    pub mod v1 {
        tonic::include_proto!("dpr.shim.v1");
    }
}

/// Between an operator and the controller.
pub mod admin {
    /// Version 1.
    #[allow(missing_docs, unused_qualifications)]
    pub mod v1 {
        tonic::include_proto!("dpr.admin.v1");
    }
}

pub mod address;
mod shorthand;
