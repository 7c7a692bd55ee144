//! The packet pipelines of dpr, and the types that their control planes use: generated from the P4 programs beside this crate's
//! manifest each time it is built.

pub mod address;
pub mod by_hand;
pub mod probe;

/// `host_stage.p4`: serves a packet at its own host or reroutes it to the host that should.
pub mod host_stage {
    include!(concat!(env!("OUT_DIR"), "/host_stage.rs"));

    /// The same program for BMv2, and for whatever else runs its JSON.
    pub const BMV2_JSON: &str = include_str!(concat!(env!("OUT_DIR"), "/host_stage.json"));
}

/// `front_router.p4`: sprays packets over the hosts' stages and routes the rest.
pub mod front_router {
    include!(concat!(env!("OUT_DIR"), "/front_router.rs"));

    /// The same program for BMv2, and for whatever else runs its JSON.
    pub const BMV2_JSON: &str = include_str!(concat!(env!("OUT_DIR"), "/front_router.json"));
}
